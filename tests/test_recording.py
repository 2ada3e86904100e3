"""A run from start to end: what it carries, and that neither a kill nor a pause nor a stop changes what it becomes."""

import json
import multiprocessing
import os
import signal
import sys
import threading
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from conftest import SMALL, SWEEP

from distill import finishing, recording, store, training
from distill.config import SweepConfig
from distill.errors import DistillError
from distill.training import snapshot_steps

BRIEF = SweepConfig(betas=(0.0, 0.1, 1.0), latent_dim=3, epochs=2, snapshots=9, **SMALL)  # 42 steps
PLAN = snapshot_steps(42, 9)
BITS = ("rate", "information_x", "information_y", "bound_y", "loss", "information_x_error", "information_y_error")


def equal(one, other):
    """Two runs have the same arrays to the last bit, and the same attributes but for when they were made."""
    names = {*one.variables} - {"seconds"}
    assert names == {*other.variables} - {"seconds"}
    for name in names:
        assert one[name].dims == other[name].dims
        assert one[name].dtype == other[name].dtype
        assert np.array_equal(one[name], other[name], equal_nan=one[name].dtype.kind == "f"), name
    apart = {"stamp", "created", "extended"}
    assert {k: v for k, v in one.attrs.items() if k not in apart} == {
        k: v for k, v in other.attrs.items() if k not in apart
    }
    return True


def opened(path):
    return store.open_run(path).load()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The run of BRIEF that nothing came in the way of."""
    path = tmp_path_factory.mktemp("undisturbed") / BRIEF.id
    assert recording.record(BRIEF, path) == "done"
    return opened(path)


# --- what a run carries


def test_a_run_has_the_dimensions_and_variables_that_everything_else_reads(sweep):
    over = ("step", "beta", "split")
    for name in (*BITS, "error_one", "error_average"):
        assert sweep[name].dims == over
        assert sweep[name].dtype == np.float64
    for name, dims, dtype in (
        ("entropy_y", ("step", "split"), "f8"), ("samples", ("step", "split"), "i8"), ("seconds", ("step",), "f8"),
        ("epoch", ("step",), "f8"), ("code_mean", ("code_step", "beta", "point", "latent"), "f2"),
        ("code_scale", ("code_step", "beta", "point", "latent"), "f2"),
        ("codes_2d", ("code_step", "beta", "point", "axis"), "f4"), ("inputs", ("point", "feature"), "f4"),
        ("label", ("point",), "i8"), ("factors", ("point", "factor"), "i8"),
        ("factor_kept", ("factor", "beta"), "f8"), ("decoder_out", ("beta", "unit", "feature"), "f2"),
    ):  # fmt: skip
        assert sweep[name].dims == dims, name
        assert sweep[name].dtype == dtype, name
    assert all(sweep[name].attrs["units"] == "bits" for name in BITS)
    assert all("long_name" in sweep[name].attrs and "units" in sweep[name].attrs for name in sweep.data_vars)
    # NaN where no prediction has such a confidence, and of a pixel that is always black
    open_ended = ("reliability_confidence", "reliability_accuracy", "r_squared")
    finite = [name for name in sweep.data_vars if sweep[name].dtype.kind == "f" and name not in open_ended]
    assert all(np.isfinite(sweep[name]).all() for name in finite)


def test_a_run_says_what_it_is(sweep):
    attrs = sweep.attrs
    assert SweepConfig.from_json(attrs["config"]) == SWEEP
    assert attrs["id"] == SWEEP.id
    assert (attrs["steps"], attrs["steps_per_epoch"]) == (420, 21)
    assert attrs["classes"] and json.loads(attrs["classes"])["parity"] == ["even", "odd"]
    assert attrs["input_shape"] == [8, 8]
    assert attrs["label_name"] == "digit"
    assert (attrs["device"], attrs["threads"]) == ("cpu", 1)
    assert attrs["points"] == 400
    assert set(json.loads(attrs["versions"])) >= {"torch", "numpy", "python"}
    assert "mixture" in json.loads(attrs["estimators"])["information_x"]
    assert json.loads(attrs["knob"])["symbol"] == "β"


def test_the_axes_of_a_run(sweep):
    assert sweep.step.values.tolist() == list(snapshot_steps(420, 6))
    assert sweep.beta.values.tolist() == list(SWEEP.betas)
    assert sweep.split.values.tolist() == ["train", "test"]
    assert set(sweep.code_step.values) <= set(sweep.step.values)
    assert sweep.code_step.values[-1] == sweep.step.values[-1]
    assert sweep.sizes["code_step"] <= 6
    assert sweep.factor.values.tolist() == ["digit", "parity", "loop", "ink", "slant"]
    assert np.array_equal(sweep.epoch, sweep.step / 21)
    assert (np.diff(sweep.seconds) > 0).all()
    assert sweep.samples.values[:-1].max() == 250
    assert sweep.samples.values[-1].tolist() == [400, 400]


def test_the_same_configuration_gives_the_same_run_to_the_last_bit(undisturbed, tmp_path):
    assert recording.record(BRIEF, tmp_path / BRIEF.id) == "done"
    assert equal(opened(tmp_path / BRIEF.id), undisturbed)


def test_another_seed_gives_another_run(undisturbed, tmp_path):
    recording.record(replace(BRIEF, seed=1), tmp_path / "other")
    other = opened(tmp_path / "other")
    apart = np.abs(other.information_x - undisturbed.information_x).isel(step=-1, beta=1)
    assert apart.min() > 1e-3


def test_probes_and_pictures_do_not_depend_on_when_they_are_made(sweep, own_store):
    finishing.finish(own_store / SWEEP.id)
    assert equal(opened(own_store / SWEEP.id), sweep)


def test_a_run_whose_networks_are_gone_says_so(planar, tmp_path):
    store.create(tmp_path / "bare", planar.isel(step=slice(-1, None), code_step=slice(-1, None)))
    with pytest.raises(DistillError, match=r"^run 'bare' has no checkpoint, so its networks are gone; train it anew$"):
        finishing.finish(tmp_path / "bare")


def test_one_run_has_one_writer(tmp_path, monkeypatch):
    monkeypatch.setattr("distill.sidefiles.LOCK_PATIENCE", 0.05)
    with store.lock(tmp_path / "run"), pytest.raises(DistillError, match="already being trained"):
        recording.record(BRIEF, tmp_path / "run")


def test_what_follows_a_training_is_written_under_the_lock_and_only_to_the_run_it_was_made_of(monkeypatch, tmp_path):
    path = tmp_path / BRIEF.id
    recording.record(BRIEF, path)
    extend, held = store.extend, []
    with monkeypatch.context() as patch:
        patch.setattr(store, "extend", lambda *args: (held.append(store.locked(path)), extend(*args)))
        patch.setattr(finishing, "chained_umap", lambda codes, before, seed: np.zeros((len(codes), 2), "f4"))
        finishing.finish(path)
        assert [finishing.map_beta(path, i) for i in range(3)] == [True, True, False]
    assert held == [True] * (len(finishing.PARTS) + 1)
    assert not store.locked(path)
    monkeypatch.setattr("distill.sidefiles.LOCK_PATIENCE", 0.05)
    with store.lock(path), pytest.raises(DistillError, match="already being trained"):
        finishing.finish(path)
    parts = finishing.PARTS

    def meanwhile(trainer, run, evaluation):
        recording.record(BRIEF, path)
        return parts[0](trainer, run, evaluation)

    monkeypatch.setattr(finishing, "PARTS", (meanwhile,))
    with pytest.raises(DistillError, match="was trained anew meanwhile"):
        finishing.finish(path)
    assert "item_bits" not in opened(path)


def test_threads_that_nobody_asked_for_are_said_to_be_chosen_while_training(tmp_path):
    recording.record(replace(BRIEF, threads=None, epochs=1, snapshots=2), tmp_path / "run")
    assert opened(tmp_path / "run").attrs["threads"] == "chosen while training"


# --- killed


def killed_after(path, log, event):
    """In a process of its own: records until the file system has been changed `event` times, and dies of SIGKILL."""
    count = [0]

    def watch(name, args):
        # every file that is opened for writing, and every rename: the moments between which a kill leaves its traces
        if name in ("os.rename", "os.mkdir") or (name == "open" and args[2] & (os.O_WRONLY | os.O_RDWR)):
            count[0] += 1
            if count[0] == event:
                os.kill(os.getpid(), signal.SIGKILL)

    def advance(self, undisturbed_advance=training._Batches.advance):
        undisturbed_advance(self)
        with open(log, "a") as file:
            file.write(f"{self.trainer.step}\n")

    training._Batches.advance = advance
    sys.addaudithook(watch)
    recording.record(BRIEF, path)


@pytest.fixture(scope="module")
def processes():
    """Starts processes quickly: a server that has imported torch is forked for each."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["distill.recording", "sklearn.datasets", "zarr", "safetensors.numpy", "filelock", "pytest"]
    )
    with pytest.MonkeyPatch.context() as patch:
        # AppTest leaves a page in the main module's place; each new process would run it, and start a worker of its own
        patch.setitem(sys.modules, "__main__", ModuleType("__main__"))
        yield context


def ended(process, limit=120):
    process.start()
    process.join(limit)
    assert process.exitcode is not None, "still running"
    return process.exitcode


def steps_in(log):
    """The optimiser steps that were taken since the last look."""
    steps = [int(line) for line in log.read_text().split()] if log.exists() else []
    log.unlink(missing_ok=True)
    return steps


def test_a_run_that_is_killed_again_and_again_becomes_the_undisturbed_one(processes, undisturbed, tmp_path):
    """Six kills at random moments; a whole training changes the file system some 1100 times."""
    path, log, rng = tmp_path / BRIEF.id, tmp_path / "steps", np.random.default_rng(0)
    for _ in range(6):
        committed = store.summary(path).last_step if store.exists(path) else 0
        event = int(rng.integers(20, 330))
        code = ended(processes.Process(target=killed_after, args=(path, log, event)))
        steps = steps_in(log)
        assert not steps or min(steps) in (committed + 1, 1 + next((s for s in PLAN if s > committed), 42)), (
            "begun anew"
        )
        assert code == -signal.SIGKILL
        if store.exists(path):
            run = store.open_run(path).load()
            assert run.step.values.tolist() == list(PLAN[: run.sizes["step"]])
            assert all(np.isfinite(run[name]).all() for name in BITS)
    assert 0 < store.summary(path).last_step < 42
    assert ended(processes.Process(target=killed_after, args=(path, log, -1))) == 0
    assert len(steps_in(log)) < 42
    assert equal(opened(path), undisturbed)


class Interrupted(BaseException):
    """The moment at which a process would have been killed."""


def interrupt(monkeypatch, name, number):
    """The function `name` of the store is not reached for the `number`-th time."""
    calls, original = [], getattr(store, name)

    def cut(*args, **more):
        calls.append(args)
        if len(calls) == number:
            raise Interrupted
        return original(*args, **more)

    monkeypatch.setattr(store, name, cut)


def left_off(monkeypatch, path, name, number):
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        interrupt(patch, name, number)
        recording.record(BRIEF, path)


@pytest.mark.parametrize(
    ("name", "number", "committed"),
    [
        ("create", 1, None),  # nothing is there yet
        ("save_checkpoint", 1, 0),  # the run is there, its checkpoint is not
        ("append", 1, PLAN[0]),  # the checkpoint is one snapshot ahead of the run
        ("append", 5, PLAN[4]),
        ("append", len(PLAN) - 1, PLAN[-2]),
        ("save_checkpoint", 6, PLAN[4]),
    ],
)
def test_every_gap_between_checkpoint_and_commit_is_closed(monkeypatch, tmp_path, undisturbed, name, number, committed):
    path = tmp_path / BRIEF.id
    left_off(monkeypatch, path, name, number)
    assert store.exists(path) == (committed is not None)
    if committed is not None:
        assert opened(path).step.values[-1] == committed
    assert recording.record(BRIEF, path) == "done"
    assert equal(opened(path), undisturbed)


def test_an_old_checkpoint_does_not_end_the_run_that_takes_its_runs_place(monkeypatch, tmp_path, undisturbed):
    """A finished run is trained anew and killed before its first checkpoint: the finished one's must not count."""
    path = tmp_path / BRIEF.id
    recording.record(BRIEF, path)
    left_off(monkeypatch, path, "save_checkpoint", 1)
    assert opened(path).sizes["step"] == 1
    assert recording.record(BRIEF, path) == "done"
    assert equal(opened(path), undisturbed)


def test_a_finished_run_is_trained_anew_from_its_first_step(tmp_path, undisturbed):
    """Not to do it twice is the queue's business; recording does what it is told, and the run is the same."""
    path, told = tmp_path / BRIEF.id, []
    recording.record(BRIEF, path)
    stamp = opened(path).attrs["stamp"]
    recording.record(BRIEF, path, lambda step, steps: told.append((step, steps)))
    assert told == [(step, 42) for step in PLAN]
    assert opened(path).attrs["stamp"] != stamp
    assert equal(opened(path), undisturbed)


# --- paused and stopped


def test_a_run_that_is_stopped_keeps_what_it_has_and_can_be_continued(tmp_path, undisturbed):
    """Asked right at a passing snapshot: the last one is whole all the same, with all N and with its codes."""
    path, asked_at = tmp_path / BRIEF.id, PLAN[4]
    told = []

    def notify(step, steps):
        told.append(step)
        if step == asked_at:
            store.request(path, "stop")

    assert recording.record(BRIEF, path, notify) == "stopped"
    run = opened(path)
    assert told == run.step.values.tolist() == [*PLAN[:5], asked_at + 1]
    assert run.code_step.values[-1] == asked_at + 1
    assert run.samples.values[-1].tolist() == [400, 400]
    assert store.read_status(path)["status"] == "stopped"
    assert store.read_status(path)["step"] == asked_at + 1
    finishing.finish(path)
    assert "factor_kept" in opened(path)
    store.request(path, None)
    assert recording.record(BRIEF, path) == "done"
    whole = opened(path)
    assert whole.step.values.tolist() == sorted({*PLAN, asked_at + 1})
    for name in BITS:
        assert np.array_equal(whole[name].sel(step=list(PLAN)), undisturbed[name]), name
    assert (np.diff(whole.seconds) > 0).all()
    codes = undisturbed.code_step.values
    assert np.array_equal(whole.code_mean.sel(code_step=codes), undisturbed.code_mean)


def test_a_stop_that_came_before_the_start_is_honoured(tmp_path):
    path = tmp_path / BRIEF.id
    store.request(path, "stop")
    assert recording.record(BRIEF, path) == "stopped"
    assert opened(path).step.values.tolist() == [0, 1]
    assert store.requested(path) == "stop"  # clearing it is the queue's business


@pytest.mark.parametrize("then", ["resume", "stop"])
def test_a_paused_run_takes_no_step_until_it_is_told_to(tmp_path, undisturbed, then):
    path, seen, steps = tmp_path / BRIEF.id, [], []

    def watch():
        for _ in range(500):  # until it says that it is paused
            if store.read_status(path).get("status") == "paused":
                break
            waiting.wait(0.01)
        seen.extend((store.read_status(path)["status"], len(steps)))
        waiting.wait(0.2)
        seen.append(len(steps))
        store.request(path, then)

    waiting, watcher = threading.Event(), threading.Thread(target=watch)

    def notify(step, _):
        if step == PLAN[3]:
            store.request(path, "pause")
            watcher.start()

    with pytest.MonkeyPatch.context() as patch:
        advance = training._Batches.advance
        patch.setattr(training._Batches, "advance", lambda self: (steps.append(1), advance(self)))
        outcome = recording.record(BRIEF, path, notify)
    watcher.join()
    assert seen == ["paused", PLAN[3], PLAN[3]]
    if then == "resume":
        assert outcome == "done"
        assert store.read_status(path)["status"] == "done"
        assert equal(opened(path), undisturbed)
    else:
        assert outcome == "stopped"
        assert opened(path).step.values[-1] == PLAN[3] + 1


def test_the_status_file_tells_where_the_training_is(tmp_path):
    path, seen = tmp_path / BRIEF.id, []
    recording.record(BRIEF, path, lambda step, steps: seen.append((step, steps, store.read_status(path))))
    for step, steps, status in seen:
        assert (status["status"], status["step"], status["steps"]) == ("running", step, steps)
        assert (status["pid"], status["device"]) == (os.getpid(), "cpu")
    assert store.read_status(path)["status"] == "done"
    assert store.summary(path).complete
    assert not store.locked(path)
