"""What the shipped runs show of distillation: what is kept, what goes first, and that the task decides it."""

import numpy as np
import pytest

from distill import store
from distill.config import SweepConfig
from distill.datasets import SHUFFLED
from distill.measures.ledgers import PARTS, ledger
from distill.measures.retention import at_equal_bits, half_points, noise_control, retained, selection

CONFIGS = {
    "digits": SweepConfig(),
    "sprites": SweepConfig(dataset="sprites"),
    "β-VAE": SweepConfig(objective="beta_vae"),
    "shuffled": SweepConfig(label=SHUFFLED),
    "weighted": SweepConfig(dataset="sprites", weights={"shape": 1, "colour": 0.4}),
}
BITS = (15, 20, 24, 28)  # places of β = .0018, .012, .051 and .23
both_probes = pytest.mark.parametrize("probe", ["logistic", "mlp"])


@pytest.fixture(scope="module")
def runs():
    return {name: store.open_run(store.examples() / config.id).load() for name, config in CONFIGS.items()}


def halves(run, probe):
    """Factor → (status, β of its half point)."""
    found = half_points(run, probe)
    return {
        str(name): (str(found.status[i].item()), float(found.beta[i])) for i, name in enumerate(found.factor.values)
    }


# --- what goes first


@both_probes
def test_of_digits_the_superficial_is_never_held_and_the_digit_goes_last(runs, probe):
    found = halves(runs["digits"], probe)
    assert found["ink"][0] == found["slant"][0] == "never above half"
    assert found["digit"][1] == pytest.approx(0.68, abs=0.05)
    assert max(found["parity"][1], found["loop"][1]) < found["digit"][1]
    # DATA: to β ≈ .1 for a linear probe, which cannot say "one of 0, 4, 6, 8, 9"; an MLP can, and finds them far longer
    low, high = {"logistic": (0.05, 0.12), "mlp": (0.3, 0.6)}[probe]
    assert all(low < found[name][1] < high for name in ("parity", "loop"))


def test_of_sprites_the_shape_is_kept_and_all_else_is_gone_at_once(runs):
    share = retained(runs["sprites"], "mlp").share
    assert (share.sel(factor="shape")[:25] > 0.95).all()
    others = share.drop_sel(factor="shape")
    assert (others[:, 1:] < 0.15).all() and (others[:, 10:] < 0.03).all()  # from β = 1e-5, and from 3e-4


def test_two_factors_that_are_asked_for_are_kept_as_long_as_each_is_worth_a_bit(runs):
    """Factors that owe nothing to each other: one of weight w pays for its bits exactly while β < w."""
    run = runs["weighted"]
    share, betas = retained(run, "mlp").share, run.beta.values
    shape, colour = share.sel(factor="shape").values, share.sel(factor="colour").values
    assert (shape[betas < 0.25] > 0.85).all() and (colour[betas < 0.1] > 0.85).all()
    assert (colour[betas > 0.4] < 0.05).all() and (shape[(betas > 0.4) & (betas < 0.6)] > 0.6).all()
    assert halves(run, "mlp")["colour"][1] < 0.4 < halves(run, "mlp")["shape"][1] < 1
    assert (share.drop_sel(factor=["shape", "colour"])[:, 1:] < 0.05).all()


# --- the task decides


def test_shuffled_labels_keep_nothing_though_the_code_tells_the_items_apart(runs):
    """Labels that mean nothing are learned by heart: up to 8 bits of which item it is, and none of what it shows."""
    run = runs["shuffled"]
    told = run.information_x.isel(step=-1).sel(split="test").values
    for probe, most in (("logistic", 0.03), ("mlp", 0.03)):
        share = retained(run, probe).share
        assert (share.sel(factor=SHUFFLED) < 0.01).all()  # of labels dealt blindly to items never seen
        assert (share[:, 15:] < most).all()
    assert told[15] > 8 and told[20] > 7


def test_at_as_many_bits_other_codes_keep_other_things(runs):
    own = retained(runs["digits"]).share
    others = {
        "β-VAE": at_equal_bits(runs["digits"], runs["β-VAE"]).share,
        "PCA": retained(runs["digits"], "pca").share,
        "shuffled": at_equal_bits(runs["digits"], runs["shuffled"]).share,
    }
    for name, share in others.items():
        gain = (own - share).isel(beta=list(BITS)).sel(factor="digit")
        assert (gain > 0.3).all(), name
    slant = others["β-VAE"].isel(beta=list(BITS)).sel(factor="slant")
    assert (slant > 1.5 * own.isel(beta=list(BITS)).sel(factor="slant")).all()
    # what pictures vary most in is not what loops are
    assert (others["PCA"].sel(factor="loop") < 0.6 * own.sel(factor="loop")).isel(beta=list(BITS)).all()


def test_the_quantiser_has_as_many_bits(runs):
    for name in ("digits", "sprites", "weighted"):
        run = runs[name]
        bits = run.information_x.isel(step=-1).sel(split="test").values
        np.testing.assert_allclose(run.pca_bits.values, bits.clip(0), atol=0.03)


@both_probes
@pytest.mark.parametrize("name", CONFIGS)
def test_of_pure_noise_nothing_is_found_anywhere(runs, name, probe):
    found = noise_control(runs[name], probe)
    assert (found.kept_low == 0).all()
    assert (found.kept < 0.01).all()


def test_a_code_of_the_shape_leaks_nothing_and_one_of_the_picture_does(runs):
    shape, picture = selection(runs["sprites"]), selection(runs["digits"])
    assert (shape.leakage[2:] < 0.01).all() and (shape.selectivity[2:25] > 0.9).all()
    assert picture.attrs["nuisances"] == ["ink"]


# --- the ledger


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("split", ["train", "test"])
def test_the_ledger_holds_at_every_strength_and_step(runs, name, split):
    parts, at = ledger(runs[name], split), runs[name].sel(split=split)
    kept = parts.kept_relevant + parts.kept_irrelevant
    # what is not negative by more than chance is shown as it was measured, by a mixture and not by the rate
    np.testing.assert_allclose(parts.kept_relevant, at.information_y, atol=0.02)
    np.testing.assert_allclose(kept, at.information_x, atol=0.03)
    assert (at.bound_y < parts.kept_relevant + 0.05).all() and (kept < at.rate + 0.2).all()
    for part in PARTS:
        assert (parts[part] >= 0).all()
    whole = sum(parts[name] for name in PARTS if name != "label_noise")
    np.testing.assert_allclose(whole, np.log2(runs[name].samples.sel(split=split)).broadcast_like(whole), atol=1e-5)
    np.testing.assert_allclose(parts.label_noise, 0, atol=1e-5)
