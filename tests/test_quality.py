"""Measures without a reference against spectra and spheres that are known, and what they cannot see."""

import math

import numpy as np
import pytest
import xarray as xr

from distill.measures.codes import sampled_codes
from distill.measures.quality import (
    effective_rank,
    kl_by_dimension,
    participation_ratio,
    rank_me,
    reference_free,
    spectral_slope,
    sphere_floor,
    uniformity,
)


def with_spectrum(singular_values, items=300, seed=0):
    """Codes (N, K) of exactly these singular values, in random directions."""
    rng, size = np.random.default_rng(seed), len(singular_values)
    left, right = (np.linalg.qr(rng.standard_normal((rows, size)))[0] for rows in (items, size))
    return left * np.array(singular_values) @ right.T


def test_three_effective_ranks_of_one_spectrum_differ():
    """THEORY 9: of 1, ½, ¼ … 3.90, 2.13 and 1.68, found on drawn codes; the exact ones of K = 8 are within .02."""
    codes = with_spectrum(0.5 ** np.arange(8))
    found = rank_me(codes), effective_rank(codes), participation_ratio(codes)
    assert found == pytest.approx((3.90, 2.13, 1.68), abs=0.02)
    assert found == pytest.approx((3.898673, 2.116144, 1.666616), abs=1e-5)


@pytest.mark.parametrize("measure", [rank_me, effective_rank, participation_ratio])
def test_a_rank_is_that_of_equal_singular_values_and_1_of_a_line(measure):
    assert measure(with_spectrum([3.0] * 6)) == pytest.approx(6, abs=1e-4)
    assert measure(with_spectrum([5.0, 5.0, 5.0, 1e-9, 0])) == pytest.approx(3, abs=1e-4)
    assert measure(with_spectrum([2.0, 0, 0])) == pytest.approx(1, abs=1e-4)
    assert math.isnan(measure(np.zeros((20, 3))))
    codes = with_spectrum([4.0, 2.0, 1.0])
    assert measure(codes + 100) < 1.2  # not centred: what all codes share is a direction of its own
    assert measure(7 * codes) == pytest.approx(measure(codes))


def test_the_slope_of_a_power_law_is_its_exponent_and_is_kept_to_many_dimensions():
    spectrum = np.arange(1, 65) ** -0.75  # singular values: eigenvalues fall as i^−1.5
    assert spectral_slope(with_spectrum(spectrum)) == pytest.approx(1.5, abs=1e-6)
    assert math.isnan(spectral_slope(with_spectrum(spectrum[:49])))


@pytest.mark.parametrize(("dimensions", "floor"), [(2, -1.58), (8, -3.08), (32, -3.75)])
def test_the_floor_of_uniformity_is_that_of_an_even_sphere(dimensions, floor):
    """THEORY 9; and codes drawn evenly come to it."""
    assert sphere_floor(dimensions) == pytest.approx(floor, abs=0.006)
    drawn = np.random.default_rng(0).standard_normal((1500, dimensions)) * 3
    assert uniformity(drawn) == pytest.approx(sphere_floor(dimensions), abs=0.01)


def test_uniformity_of_two_ends_of_a_line_of_one_point_and_of_nothing():
    assert sphere_floor(1) == pytest.approx(math.log((1 + math.exp(-8)) / 2))
    line = np.random.default_rng(0).choice([-2.0, 5.0], 3000)[:, None]
    assert uniformity(line) == pytest.approx(sphere_floor(1), abs=0.002)
    assert uniformity(np.ones((50, 4)) * np.linspace(1, 9, 50)[:, None]) == pytest.approx(0)
    assert uniformity(np.array([[1.0, 0], [0, 1]])) == pytest.approx(-4)  # ‖u − v‖² = 2
    assert math.isnan(uniformity(np.zeros((5, 2))))


def gaussian_run(mean, scale, **attributes):
    """A run of these encoders (N, K) at one β; rate and I(X;Z) 5 and 3 bits."""
    over = ("code_step", "beta", "point", "latent")
    run = xr.Dataset(
        {
            "code_mean": (over, mean[None, None]),
            "code_scale": (over, scale[None, None]),
            "rate": (("step", "beta", "split"), [[[9.0, 5.0]]]),
            "information_x": (("step", "beta", "split"), [[[8.0, 3.0]]]),
            "label": ("point", np.arange(len(mean)) % 3),
        },
        coords={"beta": [0.1], "latent": range(mean.shape[1]), "split": ["train", "test"]},
    )
    return run.assign_attrs({"config": '{"seed": 0}', "code": "gaussian"} | attributes)


def test_kl_by_dimension_is_the_closed_form_in_bits():
    mean, scale = np.array([[1.0, 0.0, 0.0]] * 4), np.array([[1.0, 0.5, 1.0]] * 4)
    found = kl_by_dimension(gaussian_run(mean, scale))
    assert found.dims == ("beta", "latent")
    wanted = np.array([0.5, 0.5 * (0.25 - 1) + math.log(2), 0]) / math.log(2)
    assert found.values[0] == pytest.approx(wanted)


def test_kl_by_dimension_sums_to_the_rate_of_the_items(sweep):
    """β > 0: at β = 0 scales vanish in float16."""
    found = kl_by_dimension(sweep).sum("latent").values
    rate = sweep.rate.isel(step=-1).sel(split="test").values
    assert int(sweep.samples.isel(step=-1).sel(split="test")) == sweep.sizes["point"]
    assert found[1:] == pytest.approx(rate[1:], rel=2e-3, abs=1e-4)
    assert (kl_by_dimension(sweep) >= 0).all()


def test_the_two_definitions_of_an_active_dimension_need_not_agree():
    """Dimension 0 moves and is noisy, 1 stands still off the origin, 2 does nothing, 3 does both."""
    rng = np.random.default_rng(0)
    mean = np.stack([0.12 * rng.choice([-1, 1], 500), np.full(500, 0.5), np.zeros(500), rng.standard_normal(500)], 1)
    found = reference_free(gaussian_run(mean, np.array([[1.0, 1, 1, 0.1]] * 500)))
    assert found.active_by_mean.item() == 2  # 0 and 3
    assert found.active_by_rate.item() == 2  # 1 and 3: ½ · 0.0144 nat is too little
    assert found.unused_rate.item() == 2.0


def test_what_is_measured_is_one_sampled_code_an_item(sweep):
    found = reference_free(sweep)
    assert all(each.dims == ("beta",) for each in found.values())
    codes = sampled_codes(sweep)
    assert found.rank_me.values == pytest.approx([rank_me(each) for each in codes])
    assert found.uniformity_share.values[1] == pytest.approx(uniformity(codes[1]) / sphere_floor(4))
    assert found.rank_me_share.values == pytest.approx(found.rank_me.values / 4)
    last = sweep.isel(step=-1).sel(split="test")
    assert found.unused_rate.values == pytest.approx((last.rate - last.information_x).values)
    assert (found.unused_rate >= -0.1).all()
    assert found.unused_rate.attrs["units"] == "bits" and found.rank_me.attrs["units"] == "1"
    assert found.spectral_slope.isnull().all() and found.spectral_slope.attrs["reason"].startswith("a slope over 4")
    assert found.rank_me.attrs["reason"] == ""


def test_a_run_with_seeds_is_measured_by_its_first(sweep):
    twice = xr.concat([sweep.information_x, sweep.information_x + 1], "seed").transpose(..., "seed")
    run = sweep.assign(information_x=twice, rate=xr.concat([sweep.rate, sweep.rate], "seed").transpose(..., "seed"))
    assert reference_free(run).unused_rate.identical(reference_free(sweep).unused_rate)


def test_none_of_them_sees_what_the_task_is(sweep):
    """Other labels for the same items, and nothing changes (THEORY 9)."""
    other = sweep.assign(label=("point", np.random.default_rng(0).permutation(sweep.label.values)))
    assert reference_free(other).identical(reference_free(sweep))


def test_a_code_that_has_collapsed_looks_best(sweep):
    """At β = 2 nothing is kept: the codes are the marginal's noise, of full rank and evenly spread."""
    found, kept = reference_free(sweep).isel(beta=-1), sweep.bound_y.isel(step=-1, beta=-1).sel(split="test")
    assert kept.item() < 0.05
    assert found.rank_me_share.item() > 0.98
    assert found.uniformity_share.item() > 0.98
    assert found.active_by_mean.item() == 0
    assert abs(found.unused_rate.item()) < 0.05


def test_codes_without_noise_and_symbols_say_what_they_lack(noiseless):
    found = reference_free(noiseless)
    assert np.isfinite(found.rank_me).all() and np.isfinite(found.active_by_mean).all()
    for name in ("unused_rate", "active_by_rate"):
        assert found[name].isnull().all() and found[name].attrs["reason"] == "a code without noise has no rate"
    assert kl_by_dimension(noiseless).isnull().all()
    symbols = gaussian_run(np.full((30, 4), 0.25), np.zeros((30, 4)), code="categorical")
    of_symbols = reference_free(symbols)
    assert all(each.isnull().all() and each.attrs["reason"] for each in of_symbols.values())
    assert kl_by_dimension(symbols).attrs["reason"].startswith("a code of symbols is one-hot")
