"""Sampled codes, and the bits of a factor that a probe reads from them: held out, beside known channels."""

import json
import math

import numpy as np
import pytest
import xarray as xr

from distill import measures
from distill.measures.codes import evaluation_noise, sampled_codes
from distill.measures.entropies import entropy_bits
from distill.measures.probing import factors, fold_of, held_out_gain, interval, shuffled_label


def test_the_evaluation_noise_is_fixed_standard_normal_and_a_prefix_of_itself():
    noise = evaluation_noise(3, 12, 400, 5)
    assert noise.shape == (12, 400, 5)
    assert abs(noise.mean()) < 0.03
    assert abs(noise.std() - 1) < 0.03
    assert np.array_equal(noise[:4, :100], evaluation_noise(3, 4, 100, 5))
    assert not np.allclose(noise[0], noise[1])
    assert not np.allclose(noise[0], evaluation_noise(4, 1, 400, 5)[0])


def test_sampled_codes_are_mean_plus_scale_times_noise(planar):
    """Draw 0 is the code that the map shows."""
    noise = evaluation_noise(0, 3, 400, 2)
    for step in (0, -1):
        at = planar.isel(code_step=step)
        mean, scale = at.code_mean.values.astype(float), at.code_scale.values.astype(float)
        for draw in (0, 2):
            assert np.allclose(sampled_codes(planar, step, draw), mean + scale * noise[draw], atol=1e-12)
        assert np.allclose(at.codes_2d, mean + scale * noise[0], rtol=2e-3, atol=2e-3)
        assert not np.allclose(at.codes_2d.isel(beta=2), mean[2], atol=0.5)


# --- probes


def binary_channel_bits(amplitude):
    """I(S;Z) of z = ±amplitude + N(0, 1) with equal signs: 1 − E log2(1 + e^(−2az)), by quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(101)
    z = amplitude + nodes
    return 1 - float((weights * np.log2(1 + np.exp(-2 * amplitude * z))).sum() / weights.sum())


@pytest.mark.parametrize(("amplitude", "true"), [(0.5, 0.161), (1.0, 0.486), (2.0, 0.913)])
def test_a_probe_finds_the_bits_of_a_gaussian_channel(amplitude, true):
    """THEORY 8.2: three binary factors of known bits, n = 2000; the probe's family holds the truth."""
    assert binary_channel_bits(amplitude) == pytest.approx(true, abs=6e-3)
    rng = np.random.default_rng(0)
    factor = rng.integers(0, 2, 2000)
    codes = (2 * factor - 1)[:, None] * np.array([amplitude, 0.0]) + rng.standard_normal((2000, 2))
    gain = held_out_gain(codes, factor)
    assert gain.shape == (2000,)
    assert abs(gain.mean() - binary_channel_bits(amplitude)) <= 4 * gain.std() / math.sqrt(2000) + 0.005


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.9, 0.1), (0.2, 0.2, 0.2, 0.2, 0.2), (0.7, 0.2, 0.1)])
def test_a_factor_that_the_codes_say_outright_gives_its_entropy_and_any_other_nothing(shares):
    rng = np.random.default_rng(0)
    factor = rng.choice(len(shares), 2000, p=shares)
    noise = rng.standard_normal((2000, len(shares)))
    assert held_out_gain(30 * np.eye(len(shares))[factor] + noise, factor).mean() == pytest.approx(
        -np.dot(shares, np.log2(shares)), abs=0.05
    )
    assert held_out_gain(noise, factor).mean() == pytest.approx(0, abs=0.03)


def test_a_probe_is_judged_on_items_that_it_has_not_seen():
    """Fifty dimensions of noise, 200 items: judged on its own items the same probe would claim bits."""
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    codes, factor = rng.standard_normal((200, 50)), rng.integers(0, 2, 200)
    own = LogisticRegression().fit(codes, factor).predict_log_proba(codes)[np.arange(200), factor]
    claimed = entropy_bits(factor) + own.mean() / math.log(2)
    assert claimed > 0.2
    assert held_out_gain(codes, factor).mean() <= 0.05


def test_what_a_probe_loses_on_pure_noise_is_never_shown_as_information():
    """THEORY 8.2: unregularised, 50 dimensions of noise at 200 items read as about half a bit below 0."""
    rng = np.random.default_rng(0)
    codes, factor = rng.standard_normal((200, 50)), rng.integers(0, 2, 200)
    gain = held_out_gain(codes, factor, penalty=0.01)
    assert gain.mean() < -0.3
    assert interval(gain) == (0.0, 0.0, 0.0)


def test_every_item_is_held_out_once_and_folds_are_alike_for_all_probes():
    place = fold_of(432)
    assert sorted(np.bincount(place)) == [86, 86, 86, 87, 87]
    assert np.array_equal(place, fold_of(432))


def test_a_shuffled_label_has_as_many_of_each_value_and_nothing_else_in_common(sweep):
    dealt = shuffled_label(sweep)
    assert np.array_equal(np.bincount(dealt), np.bincount(sweep.label.values))
    assert np.mean(dealt == sweep.label.values) < 0.2
    assert np.array_equal(dealt, shuffled_label(sweep))


def test_a_probe_does_without_the_value_that_a_fold_never_showed():
    rng = np.random.default_rng(0)
    for values in (2, 3):
        factor = np.zeros(40, int)
        factor[: values - 1] = range(1, values)
        gain = held_out_gain(rng.standard_normal((40, 3)), factor)
        assert np.isfinite(gain).all()
        # what comes up once among 32 costs what it is worth, log2 of the 33 against its share of 1 in 40
        assert gain[: values - 1] == pytest.approx(np.log2(40 / 33), abs=1e-6)
    assert not held_out_gain(rng.standard_normal((40, 3)), np.zeros(40, int)).any()


def test_entropy_is_the_plug_in():
    assert entropy_bits(np.array([0, 0, 5, 7])) == 1.5
    assert entropy_bits(np.zeros(9, int)) == 0


def channel_run(points=1500, beta=(0.1, 0.5)):
    """Encoders whose means say a bit outright and whose noise hides it at large β; beside it a factor of pure noise."""
    rng = np.random.default_rng(5)
    bit, noise = rng.integers(0, 2, points), rng.integers(0, 3, points)
    mean = np.stack([(2 * bit - 1)[:, None] * np.ones(2)] * len(beta))[None]
    scale = np.ones_like(mean) * np.array([0.2, 2.0])[:, None, None]
    over = ("code_step", "beta", "point", "latent")
    run = xr.Dataset({"code_mean": (over, mean.astype("f2")), "code_scale": (over, scale.astype("f2"))})
    run["inputs"] = (("point", "feature"), np.stack([bit, rng.standard_normal(points)], 1).astype("f4"))
    run["factors"] = (("point", "factor"), np.stack([bit, noise, 0 * bit], 1))
    run = run.assign_coords(beta=list(beta), code_step=[7], factor=["bit", "noise", "constant"])
    return run.assign_attrs(config=json.dumps({"seed": 0}))


def test_factors_are_read_from_sampled_codes():
    """Two latents of signal ±1 and noise 2 are one channel of amplitude 1/√2; their means would say the whole bit."""
    found = factors(channel_run())
    assert found.kept.dims == ("factor", "beta")
    bits = found.sel(factor="bit")
    assert bits.kept.values == pytest.approx([1, binary_channel_bits(math.sqrt(0.5))], abs=0.05)
    assert (bits.kept_low <= bits.kept).all()
    assert (bits.kept <= bits.kept_high).all()
    assert (bits.kept_high - bits.kept_low).values[1] == pytest.approx(2 * 1.645 * 0.7 / math.sqrt(1500), rel=0.5)
    assert bits.share.values == pytest.approx(bits.kept.values / entropy_bits(channel_run().factors[:, 0].values))
    assert bits.ceiling.item() == pytest.approx(1, abs=0.05)


def test_a_factor_of_pure_noise_or_of_one_value_keeps_nothing():
    found = factors(channel_run())
    for name in ("noise", "constant"):
        here = found.sel(factor=name)
        assert (here.kept_low == 0).all()
        assert (here.kept < 0.02).all()
        assert here.ceiling.item() < 0.02
        assert (here.share >= 0).all()


def test_what_a_run_has_stored_is_what_would_be_computed_now(sweep):
    stored = factors(sweep)
    anew = factors(sweep.drop_vars([name for name in sweep if str(name).startswith("factor_")]))
    assert set(stored) == {"kept", "kept_low", "kept_high", "share", "ceiling", "entropy"}
    for name in stored:
        assert np.allclose(stored[name], anew[name], rtol=0, atol=1e-12), name
    spoiled = factors(sweep.assign(factor_kept=sweep.factor_kept + 1))
    assert np.allclose(spoiled.kept, stored.kept + 1)
    assert measures.factors is factors


def test_probes_of_a_run_see_sampled_codes_and_not_their_means(sweep):
    """At β = 0.6 one code says far less than its mean, which the noise has not compressed (THEORY 8.5)."""
    digit = sweep.factors.sel(factor="digit").values
    from_means = held_out_gain(sweep.code_mean.isel(code_step=-1, beta=3).values.astype(float), digit).mean()
    from_codes = held_out_gain(sampled_codes(sweep)[3], digit).mean()
    stored = factors(sweep).kept.sel(factor="digit").values[3]
    assert stored == pytest.approx(from_codes, abs=1e-9)
    assert from_means > stored + 0.8
    one_code = sweep.information_x.isel(step=-1, beta=3).sel(split="test").item()
    assert stored <= one_code + 0.2
    assert from_means > one_code + 0.5  # what means say is more than the code carries


def test_squeezing_loses_the_factors_and_none_is_read_better_than_its_entropy(sweep):
    found = factors(sweep)
    assert (found.kept <= found.entropy + 1e-9).all()
    assert found.kept.sel(factor="digit").values[1] > 2.5
    assert (found.kept.isel(beta=-1) < 0.05).all()
    assert (found.share.max() <= 1) & (found.share.min() >= 0)
