"""What is given up and when: half points on curves that are known, relevance beside closed forms, and digits' facts."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from distill import store
from distill.errors import InvalidValue, UnknownName
from distill.measures.entropies import entropy_bits
from distill.measures.probing import factors
from distill.measures.retention import (
    at_equal_bits,
    half_points,
    noise_control,
    relevance,
    retained,
    selection,
)

EXAMPLES = Path(__file__).parent.parent / "assets" / "examples"
BETAS = (0.0, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)


@pytest.fixture(scope="module")
def shipped():
    return store.open_run(EXAMPLES / "2430f1a2ad29").load()


@pytest.fixture(scope="module")
def shipped_sprites():
    return store.open_run(EXAMPLES / "9eb5ee876fef").load()


def curves(shares, betas=BETAS, spread=0.0, entropy=2.0):
    """A run whose factors keep these shares of 2 bits, (factor, beta); by the MLP all of it half as much."""
    kept, over = entropy * np.array(shares), ("factor", "beta")
    run = xr.Dataset(coords={"beta": list(betas), "factor": [f"s{i}" for i in range(len(kept))]})
    for name, scale in (("factor_kept", 1.0), ("factor_kept_mlp", 0.5)):
        run[name] = (over, scale * kept)
        run[f"{name}_low"] = (over, (scale * kept - entropy * spread).clip(0))
        run[f"{name}_high"] = (over, scale * kept + entropy * spread)
    run["factor_entropy"] = ("factor", np.full(len(kept), entropy))
    run["factor_ceiling"] = run["factor_ceiling_mlp"] = ("factor", np.full(len(kept), 0.9 * entropy))
    return run


def labelled(factor_columns, label, label_name="s0"):
    run = xr.Dataset(
        {"factors": (("point", "factor"), np.stack(factor_columns, 1)), "label": ("point", label)},
        coords={"factor": [f"s{i}" for i in range(len(factor_columns))]},
    )
    return run.assign_attrs(label_name=label_name)


# --- retention


def test_retention_by_the_logistic_probe_is_that_of_factors(sweep):
    assert retained(sweep).identical(factors(sweep))
    found = retained(sweep, "mlp")
    assert set(found) == set(factors(sweep))
    assert np.array_equal(found.kept, sweep.factor_kept_mlp)
    assert np.array_equal(found.ceiling, sweep.factor_ceiling_mlp)
    assert found.share.values == pytest.approx((sweep.factor_kept_mlp / sweep.factor_entropy).values)
    assert np.array_equal(retained(sweep, "pca").kept_low, sweep.pca_kept_low)


def test_a_run_without_a_probe_says_so(sweep):
    bare = sweep.drop_vars(["factor_kept", "factor_kept_mlp", "noise_kept", "pca_kept"])
    for probe in ("logistic", "mlp", "pca"):
        with pytest.raises(
            InvalidValue, match=r"^this run has no figures of the .*: they are made when a training ends"
        ):
            retained(bare, probe)
    with pytest.raises(InvalidValue, match=r"^this run has no control of pure noise"):
        noise_control(bare)
    with pytest.raises(UnknownName, match=r"^unknown probe 'mpl'; known: logistic, mlp, pca; did you mean 'mlp'\?"):
        retained(sweep, "mpl")
    with pytest.raises(UnknownName, match=r"^unknown probe 'pca'; known: logistic, mlp"):
        noise_control(sweep, "pca")


def test_a_factor_of_one_value_has_a_share_of_nothing():
    run = curves([[0.9] * 6, [0.0] * 6])
    run["factor_entropy"] = ("factor", [2.0, 0.0])
    assert retained(run).share.values.tolist() == [[0.9] * 6, [0.0] * 6]
    assert half_points(run).status.values.tolist() == ["above half to the end", "never above half"]


def test_the_noise_control_is_read_by_its_probe(sweep):
    for probe in ("logistic", "mlp"):
        found = noise_control(sweep, probe)
        assert found.kept.dims == ("beta",)
        assert np.array_equal(found.kept_high, sweep.noise_kept_high.sel(probe=probe))
        assert found.entropy.item() == pytest.approx(entropy_bits(sweep.label.values))


# --- half points


def test_half_points_lie_where_the_line_over_log_beta_crosses_half():
    found = half_points(curves([[1, 1, 0.9, 0.7, 0.3, 0], [1, 0.8, 0.4, 0.2, 0, 0]]))
    assert found.beta.values == pytest.approx([10**-1.5, 10**-3.25])
    assert found.place.values == pytest.approx([3.5, 1.75])
    assert found.order.values.tolist() == [2, 1]  # 1 is given up first
    assert found.status.values.tolist() == ["ranked", "ranked"]
    assert np.array_equal(found.beta, found.beta_first)


def test_what_is_never_above_half_and_what_always_is_are_not_ranked():
    found = half_points(curves([[0.49] * 6, [0.9] * 6, [1, 1, 1, 1, 0.6, 0.1], [0] * 6]))
    assert found.status.values.tolist() == ["never above half", "above half to the end", "ranked", "never above half"]
    assert found.order.values.tolist() == [0, 2, 1, 0]
    assert np.isnan(found.beta.values[[0, 1, 3]]).all()
    exactly = half_points(curves([[1, 1, 1, 0.5, 0.2, 0]]))
    assert exactly.beta.item() == pytest.approx(1e-2)  # half is not below half


def test_from_nothing_to_the_first_strength_the_line_is_over_beta_itself():
    assert half_points(curves([[0.6, 0.4, 0, 0, 0, 0]])).beta.item() == pytest.approx(0.5e-4)


def test_a_dip_that_is_made_good_later_is_the_first_and_not_the_last():
    found = half_points(curves([[1, 0.9, 0.4, 0.8, 0.2, 0]]))
    assert found.beta.item() == pytest.approx(10**-1.5)
    assert found.beta_first.item() == pytest.approx(10**-3.2)
    late = half_points(curves([[0.1, 0.2, 0.6, 0.6, 0.4, 0.1]]))  # what rises first has not been given up there
    assert late.beta.item() == late.beta_first.item() == pytest.approx(10**-1.5)


def test_the_ends_of_the_interval_cross_on_either_side():
    found = half_points(curves([[1, 1, 0.9, 0.7, 0.3, 0]], spread=0.1))
    assert found.beta_low.item() == pytest.approx(10**-1.75)
    assert found.beta_high.item() == pytest.approx(10**-1.25)
    wide = half_points(curves([[0.8, 0.8, 0.8, 0.6, 0.45, 0.45]], spread=0.4))
    assert (wide.beta_low.item(), wide.beta_high.item()) == (0.0, 1.0)  # the ends of the grid


def test_a_knob_that_falls_is_read_along_itself():
    """Bits allowed, from many to few: given up first is what needs the most of them."""
    found = half_points(curves([[1, 0.8, 0.4, 0], [1, 1, 0.6, 0.1]], betas=(8.0, 6.0, 4.0, 2.0)))
    assert found.beta.values == pytest.approx([4.5, 3.6])
    assert found.order.values.tolist() == [1, 2]


def test_a_run_of_one_strength_has_no_half_points():
    found = half_points(curves([[0.9], [0.2]], betas=(0.0,)))
    assert found.status.values.tolist() == ["above half to the end", "never above half"]
    assert np.isnan(found.beta).all()


# --- relevance and selection


def test_relevance_is_the_information_that_a_factor_shares_with_the_label():
    """Y = s0 of four values; s1 its parity; s2 and s3 every combination with it equally often."""
    s0, s2, s3 = (each.ravel() for each in np.indices((4, 3, 20)))
    found = relevance(labelled([s0, s0 % 2, s2, s3], s0))
    assert found.omega.values == pytest.approx([2, 1, 0, 0], abs=1e-9)
    assert found.nuisance.values.tolist() == [False, False, True, True]
    assert found.asked.values.tolist() == [True, False, False, False]
    assert found.bias.values[2] == pytest.approx(3 * 2 / (2 * 240 * np.log(2)))


def test_the_plug_in_of_nothing_is_its_bias_and_read_as_a_nuisance():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 10, 450)
    found = relevance(labelled([label, *rng.integers(0, 3, (40, 450))], label))
    assert found.omega.values[1:].mean() == pytest.approx(found.bias.values[1], rel=0.15)
    assert found.nuisance.values[1:].all()
    assert np.mean(found.omega.values[1:] > found.accident.values[1:]) <= 0.2


def test_what_matters_only_together_reads_as_a_nuisance():
    one, two = (each.ravel() for each in np.indices((2, 200)))
    run = labelled([one, two % 2, one ^ (two % 2)], one ^ (two % 2), label_name="s2")
    assert relevance(run).nuisance.values.tolist() == [True, True, False]


def test_a_factor_that_is_asked_for_is_no_nuisance_whatever_the_items_say():
    one, two = (each.ravel() for each in np.indices((2, 200)))
    run = labelled([one, two % 2], one ^ (two % 2)).assign_attrs(heads='{"s0": 1.0, "s1": 0.5}')
    assert relevance(run).asked.values.tolist() == [True, True]
    assert not relevance(run).nuisance.any()


def test_preservation_leakage_and_selectivity_are_their_definitions():
    """ω = 2, 1, 0, 0 bits of entropies 2, 1, log2 3 and log2 20."""
    s0, s2, s3 = (each.ravel() for each in np.indices((4, 3, 20)))
    run = curves([[1, 0.5], [0.4, 0.1], [0.8, 0], [0.3, 0.2]], betas=(0.1, 1.0)).merge(
        labelled([s0, s0 % 2, s2, s3], s0), combine_attrs="override"
    )
    run = run.assign_attrs(label_name="s0")
    found = selection(run)
    assert found.preservation.values == pytest.approx([(2 * 1 + 1 * 0.4) / 3, (2 * 0.5 + 1 * 0.1) / 3])
    assert found.leakage.values == pytest.approx([0.55, 0.1])
    assert found.selectivity.values == pytest.approx((found.preservation - found.leakage).values)
    assert found.attrs["relevant"] == ["s0", "s1"] and found.attrs["nuisances"] == ["s2", "s3"]
    assert selection(run, "mlp").preservation.values == pytest.approx(found.preservation.values / 2)
    alone = selection(run.isel(factor=[0, 1]))
    assert alone.leakage.isnull().all() and alone.selectivity.isnull().all()
    assert alone.preservation.values == pytest.approx(found.preservation.values)
    assert alone.attrs["reason"].startswith("every factor of this run has to do with its label")


def test_at_equal_bits_another_run_is_read_between_its_strengths(sweep):
    same = at_equal_bits(sweep, sweep)
    assert same.kept.values == pytest.approx(sweep.factor_kept.values, abs=1e-9)
    assert same.bits.values == pytest.approx(sweep.information_x.isel(step=-1).sel(split="test").values.clip(0))
    fewer = at_equal_bits(sweep, sweep.isel(beta=[1, 3]))
    assert fewer.kept.isnull().all("factor").values.tolist() == [True, False, False, False, True]
    between = sweep.factor_kept.isel(beta=[1, 3]).sortby("beta")
    assert ((fewer.kept.isel(beta=2) <= between.max("beta")) & (fewer.kept.isel(beta=2) >= between.min("beta"))).all()


def test_only_runs_of_the_same_items_are_laid_side_by_side(sweep, noiseless):
    with pytest.raises(InvalidValue, match=r"^two runs can be laid side by side where they have stored the same items"):
        at_equal_bits(sweep, sweep.isel(point=slice(50)))
    with pytest.raises(InvalidValue, match=r"^a code without noise has no I"):
        at_equal_bits(noiseless, noiseless)
    with pytest.raises(InvalidValue, match=r"^a code without noise has no I"):
        half_points(noiseless, "pca")


# --- what was found beforehand of digits (DATA, five seeds), on the example run, one seed


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("digit", (0.94, 0.94, 0.88, 0.75, 0.62)),
        ("parity", (0.71, 0.71, 0.51, 0.36, 0.28)),
        ("loop", (0.74, 0.69, 0.45, 0.30, 0.23)),
        ("ink", (0, 0, 0, 0, 0)),
    ],
)
def test_digits_keep_the_shares_that_were_found_beforehand(shipped, name, shares):
    """At β = .001, .01, .1, .27 and .42. At .65 the digit keeps .52 here and kept .33 there; slant below."""
    share = retained(shipped).share.sel(factor=name).values[1:]
    found = np.interp(np.log([0.001, 0.01, 0.1, 0.27, 0.42]), np.log(shipped.beta.values[1:]), share)
    assert found == pytest.approx(shares, abs=0.12)


def test_digits_give_up_parity_and_loop_near_a_tenth_and_the_digit_last(shipped):
    found = half_points(shipped)
    assert found.beta.sel(factor=["parity", "loop"]).values == pytest.approx([0.08, 0.08], abs=0.04)
    assert found.beta.sel(factor="digit").item() > 0.5
    assert found.order.sel(factor="digit").item() == 3
    assert (found.beta_low < found.beta).sel(factor=["digit", "parity", "loop"]).all()


def test_slant_and_ink_are_gone_early_and_never_ranked(shipped):
    """Slant keeps .15 at β = .001 here, and kept .30 in the throwaway; from .01 on they agree."""
    found, share = half_points(shipped), retained(shipped).share
    assert (found.status.sel(factor=["slant", "ink"]) == "never above half").all()
    assert (share.sel(factor="ink") < 0.03).all()
    slant = share.sel(factor="slant")
    assert (slant[1:] < 0.25).all()
    assert np.interp(np.log([0.01, 0.1]), np.log(shipped.beta.values[1:]), slant[1:]) == pytest.approx(
        [0.18, 0.12], abs=0.06
    )
    assert (retained(shipped).ceiling / retained(shipped).entropy).sel(factor=["slant", "ink"]).min() > 0.65


def test_sprites_keep_their_shape_and_nothing_that_was_not_asked_for(shipped_sprites):
    found = selection(shipped_sprites)
    assert found.attrs["relevant"] == ["shape"] and len(found.attrs["nuisances"]) == 6
    at = found.sel(beta=slice(1e-5, 0.01))
    assert (at.preservation > 0.95).all()
    assert (at.leakage < 0.02).all()
    assert found.leakage.sel(beta=0).item() > 0.05  # all but its label goes between β = 0 and the first strength
    points = half_points(shipped_sprites)
    assert points.status.sel(factor="shape").item() == "ranked"
    assert (points.status.drop_sel(factor="shape") == "never above half").all()


def test_the_digits_have_one_nuisance_which_they_lose(shipped):
    """Ink shares .09 bits with the digit, 5 % of its own and less than that beyond the bias: it counts as none."""
    found = relevance(shipped)
    assert found.omega.sel(factor=["digit", "parity", "loop"]).values == pytest.approx([3.32, 1, 1], abs=0.01)
    assert found.nuisance.values.tolist() == [False, False, False, True, False]
    kept = selection(shipped)
    assert (kept.leakage < 0.03).all()
    assert kept.preservation.values[0] > 0.8 > 0.1 > kept.preservation.values[-1]
