"""The run store: what is written stays readable whatever happens to the writer."""

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from synthetic import MEASURES, snapshot

from distill import sidefiles, store
from distill.config import SweepConfig
from distill.errors import DistillError, InvalidValue, UnknownName

ID = "0123456789ab"
HERE = Path(__file__).parent
FEW = {"betas": 3, "points": 6, "latent": 2}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DISTILL_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture
def path(home):
    home.mkdir()
    return home / ID


def write(path, last, steps=40, first=0):
    for step in range(first, last + 1):
        arrays = snapshot(step, steps=steps, **FEW)
        store.create(path, arrays) if step == 0 else store.append(path, arrays)


def same(one, other):
    xr.testing.assert_identical(*(each.load().assign_attrs(stamp="", created="") for each in (one, other)))


def whole(run):
    """A run as its writer committed it: nothing of a snapshot is missing, and every value belongs to its step."""
    steps = run["step"].values
    assert list(steps) == list(range(len(steps)))
    assert run.attrs["last_step"] == steps[-1]
    assert list(run["code_step"].values) == [step for step in steps if step % 10 == 0]
    for i, name in enumerate(MEASURES):
        assert run[name].shape[0] == len(steps)
        assert np.array_equal(np.floor(run[name].values[:, 0, 0]), steps + i)
    assert (run["samples"].values == steps[:, None]).all()
    assert np.isfinite(run["code_mean"].values).all()
    return len(steps)


# ── appending ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_holds_what_was_appended_with_units_names_and_attributes(path):
    write(path, 12)
    run = store.open_run(ID)
    expected = [snapshot(step, **FEW) for step in range(13)]
    for name in (*MEASURES, "entropy_y", "seconds"):
        together = np.concatenate([each[name].values for each in expected])
        assert np.array_equal(run[name].values, together) and run[name].dims == expected[0][name].dims
        assert run[name].attrs == expected[0][name].attrs
    assert run["code_mean"].dtype == np.float16 and list(run["code_step"]) == [0, 10]
    assert run["loss"].attrs["long_name"] == "the loss" and run["inputs"].attrs["offset"] == 0.5
    assert (run.attrs["steps"], run.attrs["last_step"], run.attrs["input_shape"]) == (40, 12, [2, 3])
    assert run["loss"].sel(split="test", step=3).shape == (3,)
    assert list(run["split"].values) == ["train", "test"] and run["split"].dtype.kind == "U"


def test_plain_xarray_opens_a_run(path):
    write(path, 3)
    run = xr.open_zarr(path)
    assert run["rate"].shape == (4, 3, 2) and run["rate"].attrs["units"] == "bits"
    assert list(run["factor"].values) == ["digit", "ink"]


def test_codes_may_begin_later_than_the_run(path):
    later = ["code_mean", "code_scale", "codes_2d", "code_step"]
    store.create(path, snapshot(0, **FEW).drop_vars(later))
    store.append(path, snapshot(1, **FEW).drop_vars(later))
    store.append(path, snapshot(10, **FEW))
    run = store.open_run(path)
    assert list(run["code_step"]) == [10] and run["code_mean"].shape == (1, 3, 6, 2) and run["rate"].shape[0] == 3


def test_values_that_are_not_a_number_stay_so(path):
    first = snapshot(0, **FEW)
    store.create(path, first.assign(rate=first["rate"] * np.nan))
    second = snapshot(1, **FEW)
    store.append(path, second.assign(rate=second["rate"] * np.nan))
    assert np.isnan(store.open_run(path)["rate"].values).all()


def test_extending_adds_variables_in_one_commit_and_can_be_repeated(path):
    write(path, 2)
    for value in (1.0, 2.0):
        extra = xr.Dataset({"kept": (("factor", "beta"), np.full((2, 3), value), {"units": "bits"})})
        store.extend(path, extra.assign_coords(factor=["digit", "ink"], kind=["a"]))
        run = store.open_run(path)
        assert (run["kept"].values == value).all() and run["kept"].attrs["units"] == "bits"
        assert list(run["kind"].values) == ["a"] and run["rate"].shape[0] == 3
    store.append(path, snapshot(3, **FEW))
    assert store.open_run(path)["kept"].shape == (2, 3)
    with pytest.raises(InvalidValue, match="rate"):
        store.extend(path, snapshot(4, **FEW))


def test_a_snapshot_that_does_not_fit_is_refused_and_changes_nothing(path):
    write(path, 3)
    before = store.open_run(path).load()
    for bad, word in (
        (snapshot(3, **FEW), "step 3 already"),
        (snapshot(4, **FEW).drop_vars("rate"), "lacks rate"),
        (xr.concat([snapshot(4, **FEW), snapshot(5, **FEW)], "step", data_vars="minimal"), "more than one step"),
    ):
        with pytest.raises(InvalidValue, match=word):
            store.append(path, bad)
    same(store.open_run(path), before)


def test_a_complete_run_is_replaced_only_when_asked_and_then_whole(path):
    write(path, 3, steps=3)
    with pytest.raises(InvalidValue, match="complete"):
        store.create(path, snapshot(0, **FEW))
    old = store.summary(path).stamp
    store.create(path, snapshot(0, **FEW), replace=True)
    assert store.summary(path).stamp != old and store.open_run(path).sizes["step"] == 1
    assert [each.name for each in path.parent.iterdir()] == [ID]


def test_the_exchange_has_a_fallback(path, monkeypatch):
    write(path, 3, steps=3)
    monkeypatch.setattr("distill.arrays.exchange", lambda one, other: False)
    store.create(path, snapshot(0, **FEW), replace=True)
    assert store.open_run(path).sizes["step"] == 1 and [each.name for each in path.parent.iterdir()] == [ID]


def test_a_run_never_takes_the_place_of_something_else(tmp_path, home):
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "dear.txt").write_text("…")
    with pytest.raises(InvalidValue, match="no run"):
        store.create(folder, snapshot(0, **FEW), replace=True)
    assert (folder / "dear.txt").exists()


# ── writers that die ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_killed_writer_left_beyond_its_last_commit_is_cut_back(path, tmp_path):
    write(path, 10)
    torn = tmp_path / "torn"
    shutil.copytree(path, torn)
    write(torn, 20, first=11)
    (torn / "zarr.json").write_bytes((path / "zarr.json").read_bytes())  # arrays ten steps longer than the commit
    same(store.open_run(torn), store.open_run(path))
    for each in (path, torn):
        missing = snapshot(11, **FEW)
        store.append(each, missing.assign(rate=missing["rate"] * np.nan))  # no chunk of the torn step may show through
    same(store.open_run(torn), store.open_run(path))
    same(xr.open_zarr(torn, consolidated=False), xr.open_zarr(path, consolidated=False))


def test_a_half_made_array_is_never_taken_in(path):
    write(path, 3)
    content = (path / "zarr.json").read_bytes()
    store.extend(path, xr.Dataset({"kept": (("beta",), np.arange(3.0))}))
    (path / "zarr.json").write_bytes(content)
    store.append(path, snapshot(4, **FEW))
    assert "kept" not in store.open_run(path) and store.open_run(path).sizes["step"] == 5


def start_writer(path, steps):
    environment = os.environ | {"PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}"}
    return subprocess.Popen([sys.executable, str(HERE / "synthetic.py"), str(path), str(steps)], env=environment)


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def longer(path, than):
    return store.exists(path) and store.summary(path).snapshots > than


def test_a_writer_killed_at_any_moment_leaves_a_run_that_opens_and_continues_to_the_same_end(home):
    steps, dice = 60, random.Random(1)
    undisturbed, killed = home / "undisturbed", home / ID
    assert start_writer(undisturbed, steps).wait(120) == 0
    kills = 0
    while not (store.exists(killed) and store.summary(killed).complete):
        before = store.summary(killed).snapshots if store.exists(killed) else 0
        writer = start_writer(killed, steps)
        until(partial(longer, killed, before))
        time.sleep(dice.random() * 0.25)
        writer.send_signal(signal.SIGKILL)
        kills += writer.wait(10) == -signal.SIGKILL
        run = store.open_run(killed).load()
        assert whole(run) > before
        if not store.summary(killed).complete:
            assert store.state(killed) == "stopped"
    assert kills >= 4
    same(store.open_run(killed), store.open_run(undisturbed))
    done = [int(line.split()[1]) for line in (home / "steps.log").read_text().splitlines() if line.startswith(ID)]
    assert len(done) < steps * 2, "it began from the start after each kill"


def test_a_reader_beside_a_writer_always_sees_whole_runs(path):
    write(path, 0)
    environment = os.environ | {"PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}"}
    code = f"import test_store as t; t.write(t.Path({str(path)!r}), 100, first=1)"
    writer = subprocess.Popen([sys.executable, "-c", code], env=environment)
    reads, lengths, follower = 0, [], store.follow(path)
    try:
        while writer.poll() is None:
            lengths.append(whole(store.open_run(path).load()))
            assert whole(follower.refresh()) >= lengths[-1]
            reads += 2
    finally:
        assert writer.wait(60) == 0
    assert whole(store.open_run(path).load()) == 101 and whole(follower.refresh()) == 101
    assert lengths == sorted(lengths) and len(set(lengths)) > 5 and reads > 50


def test_readers_see_one_run_or_the_other_while_it_is_replaced(path):
    write(path, 12, steps=12)
    stop, wrong = threading.Event(), []

    def read():
        follower = store.follow(path)
        while not stop.is_set():
            try:
                whole(follower.refresh())
                store.open_run(path)
            except Exception as error:
                wrong.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(12):
        store.create(path, snapshot(0, **FEW), replace=True)
        write(path, 2, first=1)
    stop.set()
    reader.join(60)
    assert not wrong


# ── following ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_follower_fetches_only_what_is_new(path, monkeypatch):
    follower = store.follow(path)
    assert follower.refresh() is None
    write(path, 5)
    first = follower.refresh()
    assert follower.refresh() is first and first.sizes["step"] == 6
    for step in range(6):
        (path / "rate" / f"c.{step}.0.0").unlink()  # were they read again, they would be NaN
    write(path, 11, first=6)
    second = follower.refresh()
    assert second.sizes["step"] == 12 and np.isfinite(second["rate"]).all() and list(second["code_step"]) == [0, 10]
    assert second["rate"].attrs == first["rate"].attrs and second.attrs["last_step"] == 11
    store.extend(path, xr.Dataset({"kept": (("beta",), np.arange(3.0))}))
    assert list(follower.refresh()["kept"].values) == [0, 1, 2]


def test_a_follower_starts_over_where_a_new_run_was_put(path):
    write(path, 5)
    follower = store.follow(path)
    follower.refresh()
    store.create(path, snapshot(0, **FEW), replace=True)
    assert follower.refresh().sizes["step"] == 1
    store.delete(ID)
    assert follower.refresh() is None


# ── names, places, bad input ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("bad", ["../../etc", "x", "", ID + "0", ID.upper(), f"{ID}/..", "..", f"{ID}\n"])
def test_bad_ids_are_refused_before_a_path_is_touched(bad, home, monkeypatch):
    def touched(*_):
        raise AssertionError("a path was touched")

    for name in ("exists", "is_dir", "stat", "iterdir"):
        monkeypatch.setattr(Path, name, touched)
    for function in (store.check_id, store.path_of, store.delete):
        with pytest.raises(InvalidValue, match="twelve"):
            function(bad)


def test_runs_that_are_not_there(home, tmp_path):
    with pytest.raises(UnknownName, match="there is no run 'ffffffffffff'"):
        store.open_run("ffffffffffff")
    for other in (tmp_path, str(tmp_path / "nothing"), "", "../../etc"):
        with pytest.raises(DistillError, match="neither the id of a run nor a folder"):
            store.open_run(other)
    assert store.state(home / ID) == "none" and store.list_runs() == [
        each for each in store.list_runs() if each.example
    ]


def test_runs_open_by_id_and_by_folder_and_examples_by_id(path, tmp_path, monkeypatch):
    write(path, 1)
    monkeypatch.setattr(sidefiles, "examples", lambda: tmp_path / "shipped")
    shutil.copytree(path, tmp_path / "shipped" / "ffffffffffff")
    for each in (ID, path, str(path), "ffffffffffff"):
        assert store.open_run(each).sizes["step"] == 2


def test_damaged_runs_say_so(path):
    write(path, 3)
    (path / "rate" / "c.2.0.0").write_bytes(b"short")
    with pytest.raises(DistillError, match=f"'{ID}' is damaged"):
        store.follow(path).refresh()
    (path / "zarr.json").write_text(json.dumps({"zarr_format": 3, "attributes": {}}))
    for function in (store.open_run, store.summary):
        with pytest.raises(DistillError, match=f"'{ID}' is damaged"):
            function(path)
    (path / "zarr.json").write_bytes(b'{"half":')
    assert [(run.id, run.status) for run in store.list_runs() if not run.example] == [(ID, "damaged")]
    store.create(path, snapshot(0, **FEW))  # training it anew mends it
    assert store.state(path) == "stopped"


def test_the_list_has_what_the_runs_page_shows(path):
    write(path, 3, steps=3)
    other = path.with_name("aaaaaaaaaaaa")
    write(other, 2, steps=8)
    store.write_status(other, status="failed", message="it broke")
    runs = {run.id: run for run in store.list_runs() if not run.example}
    assert set(runs) == {ID, "aaaaaaaaaaaa"}
    done, failed = runs[ID], runs["aaaaaaaaaaaa"]
    assert (done.status, done.last_step, done.steps, done.snapshots, done.complete) == ("done", 3, 3, 4, True)
    assert (failed.status, failed.message, failed.complete) == ("failed", "it broke", False)
    assert done.size > 1000 and done.config is None and "rate" in done.variables and done.title == "synthetic"
    store.delete("aaaaaaaaaaaa")
    assert not other.exists() and not store.side(other).exists()


def test_a_folder_that_may_not_be_read_is_a_sentence(home, monkeypatch):
    def refused(folder):
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    home.mkdir(exist_ok=True)
    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(DistillError, match=r"cannot be listed \(permission denied\); set DISTILL_STORE"):
        store.list_runs()


def test_a_run_being_written_is_not_deleted_and_has_one_writer(path, monkeypatch):
    monkeypatch.setattr(sidefiles, "LOCK_PATIENCE", 0.05)
    write(path, 1)
    store.write_status(path, status="running")
    with store.lock(path):
        assert store.locked(path) and store.state(path) == "running"
        with pytest.raises(InvalidValue, match="stop it"):
            store.delete(ID)
        with pytest.raises(DistillError, match="already being trained"), store.lock(path):
            pass
    assert not store.locked(path) and store.state(path) == "stopped"


# ── disks ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("allowed", [0, 1, 5, 30])
def test_a_full_disk_keeps_the_last_commit_and_says_so(path, monkeypatch, allowed):
    write(path, 10)
    before, real, left = store.open_run(path).load(), os.replace, [allowed]

    def replace(*names):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*names)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        patch.setattr(Path, "replace", replace)
        with pytest.raises(DistillError, match=r"the disk is full: run '.*' keeps"):
            for step in (11, 12, 13):
                store.append(path, snapshot(step, **FEW))
    length = whole(store.open_run(path).load())
    same(store.open_run(path).isel(step=slice(11)).assign_attrs(last_step=10), before)
    write(path, 14, first=length)
    assert whole(store.open_run(path).load()) == 15


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_disk_that_is_really_full(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no mount here: " + mounted.stderr.decode())
    try:
        with pytest.raises(DistillError, match="the disk is full"):
            write(disk / ID, 200)
        assert whole(store.open_run(disk / ID).load()) > 1
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_store_that_cannot_be_written_gives_a_sentence(tmp_path, home, monkeypatch):
    file = tmp_path / "file"
    file.write_text("")
    for action in (
        lambda: store.make_side(file / ID),
        lambda: store.create(file / ID, snapshot(0, **FEW)),
        lambda: store.write_status(file / ID, status="running"),
        lambda: store.lock(file / ID).__enter__(),
    ):
        with pytest.raises(DistillError, match="DISTILL_STORE"):
            action()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(DistillError, match="no permission"):
        store.make_side(home / ID)


# ── the files beside a run ───────────────────────────────────────────────────────────────────────────────────────────


def test_checkpoints_come_back_bit_for_bit_and_survive_what_is_no_checkpoint(path):
    assert store.load_checkpoint(path) is None
    tensors = {"step": np.array(7), "weight": np.random.default_rng(0).normal(size=(3, 4)).astype("f4").T}
    store.save_checkpoint(path, tensors)
    back = store.load_checkpoint(path)
    assert all(np.array_equal(back[name], value) and back[name].dtype == value.dtype for name, value in tensors.items())
    assert back["step"].shape == ()
    (store.side(path) / "checkpoint.safetensors").write_bytes(b"torn")
    assert store.load_checkpoint(path) is None
    store.drop_checkpoint(path)
    store.drop_checkpoint(path)


def test_requests_and_status(path):
    assert store.requested(path) is None and store.read_status(path) == {}
    for what, heard in (("pause", "pause"), ("resume", None), ("stop", "stop"), (None, None), ("stop", "stop")):
        store.request(path, what)
        assert store.requested(path) == heard and store.requested(path) == heard
    with pytest.raises(InvalidValue, match="pause, resume, stop"):
        store.request(path, "explode")
    store.write_status(path, status="running", step=3)
    store.write_status(path, step=4)
    assert store.read_status(path) == {"status": "running", "step": 4, "updated": store.read_status(path)["updated"]}


def test_asking_for_requests_costs_one_stat(path, monkeypatch):
    store.request(path, "pause")
    store.requested(path)
    calls, real = [], os.stat
    monkeypatch.setattr(os, "stat", lambda *a, **k: calls.append(a) or real(*a, **k))
    monkeypatch.setattr(Path, "read_text", lambda *_: pytest.fail("read although nothing changed"))
    assert [store.requested(path) for _ in range(3)] == ["pause"] * 3 and len(calls) == 3


def test_the_root_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("DISTILL_STORE", "~/here")
    assert store.root() == Path.home() / "here"
    monkeypatch.delenv("DISTILL_STORE")
    assert store.root() == Path.home() / ".local" / "share" / "distill"
    assert store.place_of(SweepConfig()) == store.root() / SweepConfig().id
