"""A run of compressed models: what it carries, that its figures agree, that no stop changes what it becomes."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import SMALL
from test_recording import equal

from distill import bench, direct, handle, jobs, measures, store
from distill import recording as sweeps
from distill.config import SweepConfig
from distill.errors import InvalidValue
from distill.measures import probing
from distill.shrink import recording
from distill.shrink.curves import TUNED
from distill.shrink.stages import STAGES, Work
from distill.shrink.students import TAUGHT
from distill.shrink_config import ShrinkConfig

NETWORK = SMALL | {"hidden": (24, 16), "latent_dim": 3, "epochs": 6, "points": 150}
BRIEF = ShrinkConfig(
    NETWORK, seeds=3, bits=(16, 8, 4, 2), sparsities=(0.0, 0.5, 0.9), widths=(8, 3), tune_epochs=1, student_epochs=2,
    snapshots=9,
)  # fmt: skip
CURVES = {
    "precision": ("precision",),
    "bits": ("bits",),
    "sparsity": ("tuned", "sparsity"),
    "width": ("taught", "width"),
}
STEPS = 21 * (6 + 1 + 2)
LATE = "measuring_seconds"


@pytest.fixture(scope="module", autouse=True)
def probes_fitted_once():
    """Most of a small run's time goes into probes; those of a run that went on after a stop are the same."""
    known, fitted = {}, probing.held_out_gain

    def looked_up(codes, factor, **more):
        key = codes.tobytes(), factor.tobytes(), *more.items()
        if key not in known:
            known[key] = fitted(codes, factor, **more)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probing, "held_out_gain", looked_up)
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where a run lies, made by the program's own recorder."""
    path = tmp_path_factory.mktemp("shrink") / BRIEF.id
    assert recording.record(BRIEF, path) == "done"
    return path


@pytest.fixture(scope="module")
def run(place):
    return store.open_run(place).load()


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """The first seed of the same network, among others of a sweep; probes included."""
    from distill.finishing import _probed

    config = SweepConfig(**NETWORK, betas=(0.0, 0.01, 0.3), snapshots=3)
    path = tmp_path_factory.mktemp("sweep") / config.id
    assert sweeps.record(config, path) == "done"
    found = store.open_run(path).load()
    return found.merge(_probed(None, found, None)).sel(beta=0.01)


# --- what it carries


def test_a_run_says_what_it_is_and_what_its_numbers_are(run):
    assert ShrinkConfig.from_json(run.attrs["config"]) == BRIEF and run.attrs["kind"] == "shrink"
    assert run.attrs["network"] == "VIB at β 0.01 on Digits, 64 – 24 – 16 – 3 – 10"
    assert run.attrs["parameters"] == 64 * 24 + 24 + 24 * 16 + 16 + 16 * 6 + 6 + 3 * 10 + 10
    assert run.attrs["tensors"] == 4 and run.attrs["points"] == 150 and run.attrs["label_name"] == "digit"
    assert run.attrs["steps"] == int(run.step[-1]) == STEPS
    for name, each in run.data_vars.items():
        assert {"units", "long_name"} <= set(each.attrs), name
        if each.dtype.kind == "f":
            assert np.isfinite(each).all(), name
    assert set(json.loads(run.attrs[LATE])) == {*CURVES, "kept"}


def test_every_curve_has_its_accuracy_its_bytes_and_what_it_keeps(run):
    for name, dims in CURVES.items():
        assert run[f"accuracy_{name}"].dims == run[f"bytes_{name}"].dims == (*dims, "seed")
        for end in ("", "_low", "_high"):
            assert run[f"kept_{name}{end}"].dims == (*dims, "factor")
        assert (run[f"kept_{name}_low"] <= run[f"kept_{name}"] + 1e-12).all()
        assert run[f"rate_{name}"].dims == (*dims, "seed")
        if name != "precision":
            assert run[f"entropy_{name}"].dims == (*dims, "seed")
            assert run[f"weights_{name}"].dims == (*dims, "bin")
            np.testing.assert_allclose(run[f"weights_{name}"].sum("bin"), 1)
            assert (run[f"bytes_{name}"] > 0.9 * run[f"entropy_{name}"]).all()
    assert run.tuned.values.tolist() == list(TUNED) and run.taught.values.tolist() == list(TAUGHT)
    assert run.weights_float.dims == ("bin",) and run.sizes["bin"] == 61
    assert run.error.dims == ("step", "seed") and list(dict.fromkeys(run.stage.values.tolist())) == list(STAGES)
    assert run.factor_entropy.dims == run.factor_ceiling.dims == ("factor",)


# --- its figures agree


def test_the_networks_are_those_of_a_sweep_and_measured_as_it_is(run, sweep):
    error = float(sweep.error_average.isel(step=-1).sel(split="test"))
    assert float(run.accuracy_precision.sel(precision="f32", seed=0)) == pytest.approx(1 - error, abs=1e-6)
    rate = float(sweep.rate.isel(step=-1).sel(split="test"))
    assert float(run.rate_precision.sel(precision="f32", seed=0)) == pytest.approx(rate, rel=1e-5)
    trained = run.sel(step=126)
    assert trained.stage == "teacher" and trained.epoch == 6
    np.testing.assert_allclose(1 - trained.error, run.accuracy_precision.sel(precision="f32"), atol=1e-12)
    found = measures.factors(sweep.expand_dims("beta"))
    kept = run.kept_precision.sel(precision="f32")
    np.testing.assert_allclose(kept, found.kept.isel(beta=0), atol=0.03)  # a sweep stores its codes as float16
    np.testing.assert_allclose(run.factor_ceiling, sweep.factor_ceiling, atol=1e-9)
    np.testing.assert_allclose(run.factor_entropy, sweep.factor_entropy, atol=1e-12)


def test_sixteen_bits_are_as_good_as_floats_and_two_are_not(run):
    full = run.accuracy_precision.sel(precision="f32")
    for each in (run.accuracy_bits.sel(bits=16), run.accuracy_precision.sel(precision="f16")):
        assert float(abs(each - full).max()) <= 1 / 150 + 1e-9
    assert float(run.accuracy_bits.sel(bits=2).mean()) < float(full.mean()) - 0.1


def test_sizes_are_what_they_must_be(run):
    count = run.attrs["parameters"]
    assert (run.bytes_precision.sel(precision="f32") == 4 * count).all()
    assert (run.bytes_precision.sel(precision="f16") == 2 * count).all()
    assert (run.coded_precision < run.bytes_precision).all()
    for bits in BRIEF.bits:
        assert (run.bytes_bits.sel(bits=bits) <= bits / 8 * count + 2 * 56 + 4 + 36 * 4).all()
    falls = run.bytes_bits.mean("seed").values
    assert (np.diff(falls) < 0).all()
    fewer = run.bytes_sparsity.sel(tuned="fine-tuned").mean("seed").values
    assert (np.diff(fewer) < 0).all()
    assert run.parameters_width.values[0] == 64 * 8 + 8 + 64 + 8 + 8 * 6 + 6 + 3 * 10 + 10


def test_what_is_not_pruned_is_the_network_at_eight_bits(run):
    whole, eight = run.sel(tuned="as pruned", sparsity=0.0), run.sel(bits=8)
    for name in ("accuracy", "rate", "bytes", "entropy", "kept", "weights"):
        assert np.array_equal(whole[f"{name}_sparsity"], eight[f"{name}_bits"]), name


def test_zeros_lie_in_the_middle_bin(run):
    for share in BRIEF.sparsities:
        assert (run.weights_sparsity.sel(sparsity=share).isel(bin=30) >= share - 1 / run.attrs["parameters"]).all()
    assert abs(float(run.bin[30])) < 1e-12 and np.allclose(np.diff(run.bin), float(run.bin[1] - run.bin[0]))
    two = run.weights_bits.sel(bits=2)
    assert float(two.isel(bin=30)) > 0.8 and (two > 0).sum() <= 1 + 2 * run.attrs["tensors"]
    assert float(run.weights_float.isel(bin=[0, 60]).sum()) > 0  # the largest weight is at an end


# --- stopping


def apart_from_clocks(one):
    return one.assign_attrs({LATE: ""})


def stopped_at(path, step, monkeypatch):
    """Records until that step of all, then as if a person had pressed Stop."""
    asked = iter(range(10_000))
    with monkeypatch.context() as patch:
        patch.setattr(recording.Control, "proceed", lambda self, local: next(asked) < step)
        assert recording.record(BRIEF, path) == "stopped"


@pytest.mark.parametrize("step", [126, 135, 170])
def test_a_run_that_was_stopped_goes_on_to_what_it_would_have_been(run, tmp_path, monkeypatch, step):
    path = tmp_path / BRIEF.id
    stopped_at(path, step, monkeypatch)
    left = store.open_run(path).load()
    assert not store.summary(path).complete and step <= int(left.step[-1]) <= step + 1
    assert ("accuracy_bits" in left) == (step >= 126) and "accuracy_width" not in left and "kept_bits" not in left
    if step >= 126:
        assert np.isnan(left.accuracy_sparsity.sel(tuned="fine-tuned")).all() == (step < 147)
        assert np.isfinite(left.accuracy_sparsity.sel(tuned="as pruned")).all()
    assert recording.record(BRIEF, path) == "done"
    found = store.open_run(path).load()
    found = found.isel(step=np.isin(found.step, run.step))  # it was looked at where it stopped, too
    assert equal(apart_from_clocks(found), apart_from_clocks(run))


def test_a_writer_that_dies_leaves_a_run_that_goes_on(run, tmp_path, monkeypatch):
    path, append = tmp_path / BRIEF.id, store.append

    def dies(where, snapshot):
        if int(snapshot.step[0]) == STEPS:
            raise KeyboardInterrupt
        append(where, snapshot)

    with monkeypatch.context() as patch:
        patch.setattr(store, "append", dies)
        with pytest.raises(KeyboardInterrupt):
            recording.record(BRIEF, path)
    left = store.open_run(path)
    assert not store.summary(path).complete and "kept_width" in left  # all is there before the run counts as complete
    assert recording.record(BRIEF, path) == "done"
    assert equal(apart_from_clocks(store.open_run(path).load()), apart_from_clocks(run))


# --- doors


def test_it_goes_through_the_public_door_and_nothing_follows(tmp_path, monkeypatch):
    monkeypatch.setenv("DISTILL_STORE", str(tmp_path))
    brief = replace(
        BRIEF, network=NETWORK | {"epochs": 1}, seeds=1, bits=(4,), sparsities=(0.5,), widths=(2,), tune_epochs=1,
        student_epochs=1, snapshots=2,
    )  # fmt: skip
    seen = []
    found = direct.train(brief, progress=lambda step, steps: seen.append((step, steps)))
    assert found.attrs["id"] == brief.id and store.summary(store.place_of(brief)).config == brief
    assert seen[-1] == (63, 63) and handle.follow_up_of(store.place_of(brief)) is None
    assert jobs.Queue().submit(brief).status == "done"


def test_what_cannot_be_made_smaller_leaves_nothing_behind(tmp_path):
    with pytest.raises(InvalidValue, match="'gaussian' has no held-out accuracy, since its label is continuous"):
        recording.record(ShrinkConfig({"dataset": "gaussian"}), tmp_path / "run")
    assert not any(tmp_path.iterdir())


def test_a_code_of_symbols_is_made_smaller_too(tmp_path):
    small = replace(BRIEF, network=NETWORK | {"objective": "categorical", "epochs": 2, "latent_dim": 6}, seeds=2)
    assert recording.record(small, tmp_path / small.id) == "done"
    found = store.open_run(tmp_path / small.id).load()
    assert np.isfinite(found.accuracy_width).all() and np.isfinite(found.kept_width).all()


def test_a_checkpoint_holds_all_that_continuing_needs():
    work = Work.of(BRIEF, dtype=torch.float64)
    work.advance()
    work.codes["bits"] = np.zeros((2, 4, 150, 3), np.float32)
    again = Work.of(BRIEF, dtype=torch.float64)
    again.restore(work.checkpoint())
    assert (again.stage, again.step, list(again.codes)) == (1, 126, ["bits"])
    for one, other in zip(work.trainer.model.parameters(), again.trainer.model.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.slow
def test_the_bench_says_what_each_stage_takes(capsys):
    before = torch.get_num_threads()
    try:
        assert bench.main(["shrinking", "--epochs", "1"]) == 0
    finally:
        torch.set_num_threads(before)
    printed = capsys.readouterr().out
    assert (
        all(each in printed for each in ("training, students", "probes", "one by one", "in all"))
        and "nan" not in printed
    )
