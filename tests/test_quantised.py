"""The control that knows no task: as many bits as the code has, spent on what the inputs vary most in."""

import math

import numpy as np
import pytest
import xarray as xr

from distill.measures.entropies import entropy_of_rows
from distill.measures.probing import held_out_gain
from distill.measures.quantised import bits_of_items, control, principal, quantised_to


@pytest.fixture(scope="module")
def coordinates():
    """Three components of falling deviation, 3, 1 and 0.1."""
    return np.random.default_rng(0).standard_normal((450, 3)) * np.array([3.0, 1.0, 0.1])


@pytest.mark.parametrize("bits", [0.1, 1.0, 2.5, 4.0, 6.0, 8.0])
def test_the_rows_have_the_entropy_that_was_asked_for(coordinates, bits):
    cells, reached = quantised_to(coordinates, bits)
    assert cells.shape == coordinates.shape
    assert reached == entropy_of_rows(cells)
    assert reached == pytest.approx(bits, abs=0.03)


def test_one_width_for_all_spends_no_bits_on_a_component_that_is_small_beside_it(coordinates):
    """Reverse water-filling: at 2 bits nearly all goes to the largest component, and the smallest waits for many."""
    spent = {
        bits: [entropy_of_rows(each[:, None]) for each in quantised_to(coordinates, bits)[0].T] for bits in (2, 4, 8)
    }
    assert spent[2][0] > 1.6 and spent[2][1] < 0.3 and spent[2][2] == 0
    assert spent[4][1] > 1 and spent[4][2] == 0
    assert spent[4][0] - spent[4][1] == pytest.approx(math.log2(3), abs=0.4)  # log2 of the deviations' ratio
    assert spent[8][0] > spent[4][0]


def test_a_uniform_quantiser_is_a_quarter_of_a_bit_above_the_rate_of_a_gaussian():
    """Entropy ≈ h(x) − log2 Δ at squared error Δ² / 12: ½ log2(2πe/12) = .2546 above R(D) (THEORY 11)."""
    values = np.random.default_rng(1).standard_normal((20_000, 1))
    cells, bits = quantised_to(values, 3.0)
    width = values.std() / cells.std()
    error = np.square(values - cells * width).mean()
    assert bits == pytest.approx(2.0471 - math.log2(width), abs=0.03)
    assert bits - 0.5 * math.log2(values.var() / error) == pytest.approx(0.2546, abs=0.03)


def test_nothing_is_one_cell_and_all_is_the_finest(coordinates):
    for bits in (0.0, -0.01):
        cells, reached = quantised_to(coordinates, bits)
        assert reached == 0 and not cells.any()
    assert quantised_to(coordinates, 9.0)[1] == pytest.approx(math.log2(450))
    assert quantised_to(coordinates, math.log2(450))[1] == pytest.approx(math.log2(450))
    alike = np.repeat(coordinates[:90], 5, axis=0)
    assert quantised_to(alike, 8.0)[1] == pytest.approx(math.log2(90))  # no width tells equal rows apart
    assert quantised_to(0 * coordinates, 3.0)[1] == 0


def test_components_are_those_of_the_training_items():
    rng = np.random.default_rng(0)
    train, held = rng.standard_normal((500, 2)) * [5, 1], rng.standard_normal((100, 2)) * [1, 5]
    axes = principal(train.astype("f4"), 1)
    assert np.abs(np.corrcoef(axes(held)[:, 0], held[:, 0])[0, 1]) > 0.98
    assert principal(train, 9)(held).shape == (100, 2)


def told_run(points=400):
    """A code that says `small` outright and nothing of `large`; of the inputs `large` is most of the variance."""
    rng = np.random.default_rng(4)
    small, large = rng.integers(0, 2, points), rng.integers(0, 3, points)
    inputs = np.stack([6.0 * large, 1.0 * small], 1) + 0.2 * rng.standard_normal((points, 2))
    run = xr.Dataset(
        {
            "code_mean": (("code_step", "beta", "point", "latent"), np.tile((2.0 * small - 1)[:, None], (1, 2, 1, 1))),
            "inputs": (("point", "feature"), inputs.astype("f4")),
            "factors": (("point", "factor"), np.stack([small, large], 1)),
            "information_x": (("step", "beta", "split"), np.full((1, 2, 2), 1.58)),
            "samples": (("step", "split"), [[points, points]]),
        },
        coords={"beta": [0.1, 1.0], "factor": ["small", "large"], "split": ["train", "test"], "point": range(points)},
    )
    return run.assign_attrs(code="gaussian"), inputs.astype("f4")


def test_at_equal_bits_it_keeps_what_varies_most_and_not_what_was_asked_for():
    run, inputs = told_run()
    run.information_x[:, 0] = 2.2
    found = control(run, inputs)
    assert found.pca_bits.values == pytest.approx([2.2, 1.58], abs=0.05)
    kept = found.pca_kept
    assert kept.sel(factor="large").values == pytest.approx([1.58, 1.58], abs=0.2)
    assert kept.sel(factor="small").values[1] < 0.05
    assert (found.pca_kept_low <= kept).all() and (kept <= found.pca_kept_high).all()
    assert "1 principal components of 400 training items" in found.pca_bits.attrs["estimator"]
    direct = held_out_gain(run.code_mean.values[0, 1], run.factors.values[:, 0])
    assert direct.mean() > 0.95  # the code, of as many bits, keeps the other


def test_a_finished_run_has_a_control_of_as_many_bits_as_its_code(sweep):
    bits = sweep.information_x.isel(step=-1).sel(split="test").values
    assert bits_of_items(sweep) == pytest.approx(bits.clip(0))
    assert np.abs(sweep.pca_bits.values - bits.clip(0)).max() < 0.03
    kept = sweep.pca_kept
    assert (kept.isel(beta=-1) < 0.05).all()
    # the task decides: at as many bits the code keeps the digit, and the components what pictures vary in
    assert ((sweep.factor_kept - kept).sel(factor="digit").isel(beta=[1, 2]) > 0.5).all()
    assert (kept.sel(factor="digit") <= sweep.pca_bits + 0.05).all()


def test_bits_of_a_run_measured_on_more_items_than_it_stores_come_from_its_codes(sweep):
    """By the same estimator; other draws of the noise."""
    again = bits_of_items(sweep.assign(samples=sweep.samples + 1))
    own = bits_of_items(sweep)
    assert (again != own).any()
    assert again == pytest.approx(own, abs=0.15)
    short = sweep.isel(point=slice(200))
    assert (bits_of_items(short) <= math.log2(200) + 1e-9).all()


def test_symbols_are_exact_and_a_code_without_noise_has_no_bits(noiseless):
    assert np.isnan(bits_of_items(noiseless)).all()
    run, _ = told_run()
    symbols = run.assign(
        code_mean=(run.code_mean.dims, np.eye(2)[(run.code_mean.values[..., 0] > 0).astype(int)])
    ).assign(samples=run.samples * 2)
    share = float((run.code_mean.values > 0).mean())
    wanted = -share * math.log2(share) - (1 - share) * math.log2(1 - share)
    assert bits_of_items(symbols.assign_attrs(code="categorical")) == pytest.approx([wanted, wanted])
