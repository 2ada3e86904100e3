"""MLP probes: known channels, what only they can read, and nothing where there is nothing."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from distill import store
from distill.measures.codes import sampled_codes
from distill.measures.probing import factor_values, held_out_gain, interval, intervals, shuffled_label
from distill.probes import ceilings, mlp_gain, read

EXAMPLE = Path(__file__).parent.parent / "assets" / "examples" / "2430f1a2ad29"


@pytest.fixture(scope="module")
def shipped():
    """The example run on digits."""
    return store.open_run(EXAMPLE).load()


def signs(rng, count, amplitudes):
    """Binary factors (factors, N) and codes (N, factors): ±a + N(0, 1) each."""
    factors = rng.integers(0, 2, (len(amplitudes), count))
    return factors, ((2 * factors - 1) * np.array(amplitudes)[:, None]).T + rng.standard_normal(
        (count, len(amplitudes))
    )


def exclusive_or(rng, count, noise=0.3):
    bits = rng.integers(0, 2, (count, 2))
    return bits[:, 0] ^ bits[:, 1], 2 * bits - 1 + noise * rng.standard_normal((count, 2))


def test_an_mlp_finds_the_bits_of_gaussian_channels():
    """THEORY 8.2: n = 2000, true .161, .486, .913 in one code; against the true posterior on the very same items."""
    amplitudes, true = (0.5, 1.0, 2.0), (0.161, 0.486, 0.913)
    factors, codes = signs(np.random.default_rng(3), 2000, amplitudes)
    for i, amplitude in enumerate(amplitudes):
        gain = mlp_gain(codes[None], factors[i])[0]
        posterior = 1 - np.log2(1 + np.exp(-2 * amplitude * (2 * factors[i] - 1) * codes[:, i]))
        assert abs((gain - posterior).mean()) < 0.012
        assert gain.mean() == pytest.approx(true[i], abs=0.04)


def test_an_mlp_reads_an_exclusive_or_which_a_logistic_probe_cannot():
    factor, codes = exclusive_or(np.random.default_rng(0), 400)
    assert mlp_gain(codes[None], factor).mean() > 0.95
    assert abs(held_out_gain(codes, factor).mean()) < 0.05


def test_fifty_dimensions_of_noise_read_as_nothing():
    """Where the logistic probe loses a third of a bit, shrinking leaves nothing to lose; and nothing is won."""
    found = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        codes, factor = rng.standard_normal((200, 50)), rng.integers(0, 2, 200)
        gain = mlp_gain(codes[None], factor)[0]
        assert interval(gain)[1] == 0
        found.append(gain.mean())
    assert min(found) > -0.05 and max(found) < 0.02
    assert np.mean(found) < 0.005


def test_an_item_has_no_say_in_the_probe_that_is_asked_about_it():
    """Labels that are a private mark of every item: whatever is read of them was learned from the item itself."""
    rng = np.random.default_rng(0)
    marks = rng.integers(0, 2, 300)
    codes = np.repeat(rng.standard_normal((1, 300, 20)), 2, axis=0)
    assert (mlp_gain(codes, marks).mean(1) < 0.03).all()


def test_a_stack_finds_what_each_code_alone_would_give():
    rng = np.random.default_rng(1)
    (factor,), code = signs(rng, 200, (1.0,))
    code = np.concatenate([code, rng.standard_normal((200, 2))], 1)
    codes = np.stack([code, 40 * code])
    both = mlp_gain(codes, factor)
    assert np.allclose(both[:1], mlp_gain(codes[:1], factor), atol=1e-3)
    assert np.allclose(both[0], both[1], atol=1e-3)  # the unit of a code is nothing to the probe


def test_many_values_rare_ones_and_one_alone():
    rng = np.random.default_rng(2)
    factor = rng.choice(6, 240, p=(0.5, 0.3, 0.1, 0.05, 0.03, 0.02))
    codes = 8 * np.eye(6)[factor][None] + rng.standard_normal((1, 240, 6))
    shares = np.bincount(factor) / 240
    assert mlp_gain(codes, factor).mean() == pytest.approx(-(shares * np.log2(shares)).sum(), abs=0.12)
    alone = np.zeros(240, int)
    alone[0] = 1
    assert np.isfinite(mlp_gain(codes, alone)).all()
    assert not mlp_gain(codes, np.zeros(240, int)).any()
    assert np.isfinite(mlp_gain(np.zeros((1, 240, 3)), factor)).all()  # a code that never varies


def test_a_ceiling_is_what_the_network_reads_after_it_saw_the_training_items():
    """An exclusive or of two columns, beside a mark that no training item has and one that is noise."""
    rng = np.random.default_rng(0)
    factor, columns = exclusive_or(rng, 900)
    inputs = np.concatenate([columns, 0.1 * rng.standard_normal((900, 8))], 1).astype("f4")
    factors = {"xor": factor, "noise": rng.integers(0, 3, 900), "constant": 0 * factor}
    data = SimpleNamespace(inputs=inputs, train=np.arange(600), factors=factors)
    run = xr.Dataset({
        "inputs": (("point", "feature"), inputs[600:]),
        "factors": (("point", "factor"), np.stack([*factors.values()], 1)[600:]),
    }, coords={"factor": list(factors)})  # fmt: skip
    found = ceilings(run, data)
    assert found.sel(factor="xor").item() > 0.95
    assert found.sel(factor="noise").item() < 0.02
    assert found.sel(factor="constant").item() == 0
    assert "10 principal components, fitted to 600 training items" in found.attrs["estimator"]


def test_a_finished_run_holds_both_probes_the_noise_and_the_control(sweep):
    assert sweep.factor_kept_mlp.dims == ("factor", "beta")
    assert sweep.noise_kept.dims == ("probe", "beta")
    assert sweep.probe.values.tolist() == ["logistic", "mlp"]
    for name in ("factor_kept_mlp", "noise_kept", "pca_kept"):
        assert (sweep[f"{name}_low"] <= sweep[name]).all() and (sweep[name] <= sweep[f"{name}_high"]).all()
        assert sweep[name].attrs["units"] == "bits" and "400" in sweep[name].attrs["estimator"]
    kept, entropy = sweep.factor_kept_mlp, sweep.factor_entropy
    assert (kept <= entropy + 1e-9).all()
    assert (kept.isel(beta=-1) < 0.05).all()
    assert (kept.sel(factor=["digit", "parity", "loop"]).isel(beta=1) > 0.75 * entropy).all()
    # parity of ten clusters is no matter of a plane
    assert ((kept - sweep.factor_kept).sel(factor="parity").isel(beta=slice(3)) > 0.04).all()
    assert (sweep.factor_ceiling_mlp > 0.8 * entropy).all()


def test_pure_noise_is_zero_within_its_interval_at_every_strength_of_a_fresh_run(sweep):
    assert (sweep.noise_kept_low == 0).all()
    assert (sweep.noise_kept < 0.03).all()


def test_pure_noise_is_zero_within_its_interval_in_the_example(shipped):
    codes, noise = sampled_codes(shipped)[::4], shuffled_label(shipped)
    assert (intervals(codes, noise[None])[0, :, 1] == 0).all()
    assert (read(codes, noise)[:, 1] == 0).all()


def test_parity_and_loop_outlive_a_tenth_for_a_probe_that_bends(shipped):
    """Their half points by the MLP lie beyond β = .3, where the logistic probe's are at .07 (DATA)."""
    codes, values = sampled_codes(shipped), factor_values(shipped)
    places = [int(np.abs(shipped.beta.values - beta).argmin()) for beta in (0.1, 0.33, 0.69)]
    for name, i in (("parity", 1), ("loop", 2)):
        assert str(shipped.factor.values[i]) == name
        kept = read(codes[places], values[i])[:, 0]
        assert kept[0] > 0.68
        assert kept[1] > 0.5
        assert kept[2] < 0.4
    ink = read(codes[places], values[3])[:, 0]
    assert (ink < 0.06).all()


def test_the_probes_of_a_run_read_sampled_codes(sweep):
    codes = sampled_codes(sweep)
    stored = sweep.factor_kept_mlp.sel(factor="digit").values
    assert stored == pytest.approx(read(codes, factor_values(sweep)[0])[:, 0], abs=2e-3)
    means = sweep.code_mean.isel(code_step=-1).values.astype(float)
    assert mlp_gain(means[3:4], factor_values(sweep)[0]).mean() > stored[3] + 0.5


def test_a_code_without_noise_has_probes_and_no_control(noiseless):
    assert noiseless.pca_kept.isnull().all() and noiseless.pca_bits.isnull().all()
    assert noiseless.factor_kept_mlp.sel(factor="digit").item() > 2
    assert (noiseless.noise_kept_low == 0).all()
