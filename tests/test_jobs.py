"""The queue and its worker process, with a recorder that needs no torch."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import xarray as xr

from distill import direct, jobs, store
from distill.config import SweepConfig
from distill.errors import DistillError

HERE = Path(__file__).parent
SLOW, QUICK = 0.1, 0.001  # seconds a step of the synthetic recorder takes


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DISTILL_STORE", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def shared():
    """One queue for most tests: a worker costs a second or two to start."""
    queue = make()
    yield queue
    queue.close()


@pytest.fixture
def queue(shared, home):
    yield shared
    for job in shared.jobs():
        job.stop()
    until(lambda: not any(job.active for job in shared.jobs()))


def make(record="record"):
    names = {"record": f"synthetic:{record}", "finish": "synthetic:finish_part", "map_beta": "synthetic:map_beta"}
    return jobs.Queue(**names)


def config(seed, steps=5, pace=QUICK):
    return SweepConfig(seed=seed, epochs=steps, learning_rate=pace, betas=(0.0, 0.1, 0.2, 0.3, 0.4))


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def begun(job, snapshots=2):
    until(lambda: job.status != "queued" and job.snapshots >= snapshots)


def log(home):
    return [tuple(line.split(maxsplit=1)) for line in (home / "steps.log").read_text().splitlines()]


def test_a_job_runs_to_its_end_and_its_follow_ups_after_it(queue, home):
    job = queue.submit(config(1))
    run = job.result(60)
    assert (job.status, job.snapshots, job.progress, job.place, job.message) == ("done", 6, 1.0, None, "")
    assert list(run["step"]) == [0, 1, 2, 3, 4, 5] and isinstance(run, xr.Dataset)
    until(lambda: not job.follow_up)
    assert [what for _, what in log(home)][5:] == ["finish 0", "finish 1", *(f"map {i}" for i in range(5))]
    assert {"kept", "probed"} <= {*store.open_run(job.id)}


def test_places_and_order(queue, home):
    first, second, third = (queue.submit(config(seed, steps=20, pace=0.05)) for seed in (1, 2, 3))
    begun(first)
    assert [job.place for job in (first, second, third)] == [0, 1, 2]
    assert queue.jobs()[:3] == [first, second, third] and second.status == "queued" and second.snapshots == 0
    second.stop()
    assert second.status == "stopped" and second.place is None and "taken out" in second.message
    until(lambda: third.place == 1)
    with pytest.raises(DistillError, match="before its first snapshot"):
        second.result(1)
    third.result(60)
    assert second.id not in {name for name, _ in log(home)} and first.status == "done"


def test_an_equal_config_joins_and_a_finished_run_is_not_trained_again(queue, home):
    first = queue.submit(config(4, steps=10, pace=0.05))
    assert queue.submit(config(4, steps=10, pace=0.05)) is first
    begun(first)
    assert queue.submit(config(4, steps=10, pace=0.05)) is first
    first.result(60)
    assert queue.submit(config(4, steps=10, pace=0.05)) is first
    other = make()
    again = other.submit(config(4, steps=10, pace=0.05))
    assert again.status == "done" and again.result(0).sizes["step"] == 11
    until(lambda: not first.follow_up)
    assert sum(what.isdigit() for _, what in log(home)) == 10
    other.close()


def test_a_complete_run_trained_anew_can_be_read_until_the_new_ones_first_snapshot(queue, home):
    old = queue.submit(config(4))
    old.result(60)
    until(lambda: not old.follow_up)
    stamp = store.summary(old.path).stamp
    before = queue.submit(config(5, steps=500, pace=SLOW))
    begun(before)
    called_off = queue.submit(config(4), anew=True)
    assert called_off is not old and called_off.status == "queued" and called_off.progress == 0
    called_off.stop()
    assert store.load_checkpoint(old.path) is not None and queue.submit(config(4)).status == "done"
    again = queue.submit(config(4), anew=True)
    assert queue.submit(config(4), anew=True) is again and queue.submit(config(4)) is again
    assert store.summary(old.path).complete and store.summary(old.path).stamp == stamp
    assert "kept" in store.open_run(old.path)
    before.stop()
    assert again.result(60).attrs["stamp"] != stamp and again.status == "done"
    until(lambda: not again.follow_up)
    assert "kept" in store.open_run(old.path) and store.read_status(old.path)["after"] == jobs.ALL_FOLLOWED
    assert sum(name == old.id and what.isdigit() for name, what in log(home)) == 10


def test_a_run_cut_short_is_begun_anew_where_that_is_asked_for(queue, home):
    job = queue.submit(config(1, steps=30, pace=0.05))
    begun(job, 4)
    job.stop()
    job.result(60)
    again = queue.submit(config(1, steps=30, pace=0.05), anew=True)
    assert again.result(60).sizes["step"] == 31
    assert [what for name, what in log(home) if name == job.id].count("1") == 2


def test_a_new_training_gets_in_between_the_probes_of_another(queue, home):
    first = queue.submit(config(1))
    until(lambda: first.part == 1)
    second = queue.submit(config(2))
    second.result(60)
    until(lambda: not (first.follow_up or second.follow_up))
    lines = log(home)
    own = [what for name, what in lines if name == first.id]
    assert lines.index((second.id, "1")) < lines.index((first.id, "map 0"))
    assert own[5:] == ["finish 0", "finish 1", *(f"map {i}" for i in range(5))]
    last_map = max(i for i, (name, what) in enumerate(lines) if name == first.id)
    assert lines.index((second.id, "finish 1")) < last_map  # the probes of the run that is looked at now


def test_what_is_asked_of_a_queue_that_is_closed_is_answered_too(home):
    queue = make()
    begun(queue.submit(config(1, steps=200, pace=0.05)))
    asked = queue.ask(home / "run", "synthetic:answer")
    queue.close()
    with pytest.raises(DistillError, match="ended before it came to this"):
        asked.result(10)


def test_a_new_training_gets_in_between_the_maps_of_another(queue, home):
    first = queue.submit(config(1))
    until(lambda: first.follow_up.startswith("maps"))
    second = queue.submit(config(2))
    second.result(60)
    until(lambda: not (first.follow_up or second.follow_up))
    lines = log(home)
    assert lines.index((second.id, "1")) < lines.index((first.id, "map 4"))
    assert [what for name, what in lines if name == first.id][-5:] == [f"map {i}" for i in range(5)]


def test_what_is_asked_for_is_answered_before_the_maps_and_after_a_training(queue, home):
    job = queue.submit(config(1, steps=10, pace=0.05))
    begun(job)
    asked = queue.ask(job.path, "synthetic:answer", 7, "x")
    assert not asked.done
    assert asked.result(60) == [str(job.path), 7, "x"]
    done = [what for _, what in log(home)]
    assert done.index("answer") > 9 and "map 4" not in done[: done.index("answer")]


def test_what_cannot_be_answered_is_said_in_a_sentence(queue, home):
    with pytest.raises(DistillError, match="answer meets an item that is not there"):
        queue.ask(home / "run", "synthetic:answer", "fails").result(60)


def test_follow_ups_left_undone_are_taken_up_by_the_next_process(queue, home):
    job = queue.submit(config(1))
    until(lambda: job.follow_up in ("maps 3 of 5", "maps 4 of 5"))
    job.stop()
    until(lambda: not job.active)
    other = make()
    again = other.submit(config(1))
    assert again.status == "done" and again.follow_up.startswith("maps")
    until(lambda: not again.follow_up)
    assert [what for _, what in log(home) if what.startswith("map")][-1] == "map 4"
    assert other.submit(config(1)).follow_up == ""
    other.close()


def test_follow_ups_that_were_stopped_are_taken_up_when_the_run_is_asked_for_again(queue, home):
    job = queue.submit(config(1))
    until(lambda: job.follow_up.startswith("maps 2"))
    job.stop()
    assert job.follow_up == ""
    assert queue.submit(config(1)) is job and job.follow_up.startswith("maps")
    until(lambda: not job.follow_up)
    maps = [what for _, what in log(home) if what.startswith("map")]
    assert maps[-1] == "map 4" and len({*maps}) == 5
    assert queue.submit(config(1)).follow_up == ""


def test_stop_keeps_the_partial_run_and_the_next_submit_continues_it(queue, home):
    job = queue.submit(config(1, steps=30, pace=0.05))
    begun(job, 4)
    job.stop()
    run = job.result(60)
    assert job.status == "stopped" and 4 <= run.sizes["step"] < 31
    assert "press Train to continue" in job.message and f"of {job.steps}" in job.message
    assert store.state(job.path) == "stopped" and 0 < job.progress < 1
    again = queue.submit(config(1, steps=30, pace=0.05))
    assert again is not job and again.result(60).sizes["step"] == 31
    steps = [int(what) for _, what in log(home) if what.isdigit()]
    assert steps == sorted(set(steps)), "a step was trained twice"


def test_pause_and_resume(queue, home):
    job = queue.submit(config(1, steps=30, pace=0.05))
    begun(job, 3)
    job.pause()
    assert job.status == "paused" and job.time_left is None
    until(lambda: store.read_status(job.path)["status"] == "paused")
    held = job.snapshots
    assert store.state(job.path) == "paused" and held < 31
    time.sleep(0.3)
    assert job.snapshots == held
    job.resume()
    assert job.status == "running"
    assert job.result(60).sizes["step"] == 31 and job.status == "done"


def test_a_paused_job_can_be_stopped(queue, home):
    job = queue.submit(config(1, steps=30, pace=0.05))
    begun(job)
    job.pause()
    job.stop()
    assert job.result(60).sizes["step"] < 31 and job.status == "stopped"


def test_a_paused_job_gives_up_the_worker_to_one_that_waits(queue, home):
    paused = queue.submit(config(1, steps=30, pace=0.05))
    begun(paused)
    paused.pause()
    queue.submit(config(2)).result(60)
    assert paused.status == "paused" and paused.place is None and not paused.active
    paused.resume()
    assert paused.result(60).sizes["step"] == 31
    steps = [int(what) for name, what in log(home) if name == paused.id and what.isdigit()]
    assert steps == sorted(set(steps))


def test_a_queued_job_can_be_paused_resumed_and_stopped(queue, home):
    first, second = queue.submit(config(1, steps=20, pace=0.05)), queue.submit(config(2))
    begun(first)
    second.pause()
    first.result(60)
    until(lambda: not first.follow_up)
    assert second.status == "paused" and second.place is None
    second.resume()
    second.result(60)
    third = queue.submit(config(3, steps=500, pace=SLOW))
    third.pause()
    third.stop()
    until(lambda: third.status == "stopped")


def test_progress_and_time_left(queue, home):
    job = queue.submit(config(1, steps=40, pace=0.05))
    begun(job, 5)
    until(lambda: job.time_left is not None)
    assert job.steps == 40 and 0 < job.progress < 1 and 0 < job.step < 40
    assert 0 < job.time_left < 60
    job.stop()


def test_a_killed_worker_is_reported_and_replaced_and_the_queue_goes_on(queue, home):
    job, next_job = queue.submit(config(1, steps=30, pace=SLOW)), queue.submit(config(2))
    begun(job, 4)
    os.kill(store.read_status(job.path)["pid"], signal.SIGKILL)
    with pytest.raises(DistillError, match=r"the worker process died at step \d+ of 30; what was measured"):
        job.result(60)
    assert job.status == "failed" and store.state(job.path) == "failed" and job.snapshots >= 4
    assert next_job.result(60).sizes["step"] == 6
    again = queue.submit(config(1, steps=30, pace=SLOW))
    assert again is not job
    assert again.result(60).sizes["step"] == 31
    assert store.state(job.path) == "done"


def test_a_worker_killed_while_it_had_nothing_to_do_is_replaced_unnoticed(queue, home):
    job = queue.submit(config(1))
    job.result(60)
    until(lambda: not job.follow_up)
    os.kill(store.read_status(job.path)["pid"], signal.SIGKILL)
    assert queue.submit(config(2)).result(60).sizes["step"] == 6


@pytest.mark.parametrize(
    ("record", "sentence"),
    [("broken", "FarawayError: CUDA out of memory"), ("full", "the disk is full"), ("absent", "AttributeError")],
)
def test_errors_in_the_worker_arrive_as_sentences(record, sentence, home):
    queue = make(record)
    job = queue.submit(config(1))
    with pytest.raises(DistillError, match=sentence) as caught:
        job.result(60)
    assert job.status == "failed" and "\n" not in str(caught.value) and caught.value.__cause__ is None
    assert store.read_status(job.path)["message"] == job.message
    queue.close()


def test_a_run_that_another_process_trains_is_left_alone(queue, home):
    job_config = config(1, steps=30, pace=0.05)
    with store.lock(store.place_of(job_config)):
        store.write_status(store.place_of(job_config), status="running")
        with pytest.raises(DistillError, match="already being trained by another process"):
            queue.submit(job_config).result(60)
        assert store.state(store.place_of(job_config)) == "running"


def test_a_store_that_cannot_be_written_is_said_at_once(queue, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DISTILL_STORE", str(tmp_path / "file"))
    with pytest.raises(DistillError, match="DISTILL_STORE"):
        queue.submit(config(1))


def test_a_warm_worker_has_trained_once_and_left_nothing(home, monkeypatch):
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(home))
    queue = make()
    assert not queue.alive
    queue.warm()
    job = queue.submit(config(1))
    assert job.result(60).sizes["step"] == 6 and queue.alive
    assert store.list_runs()[0].id == job.id and not list(home.glob("distill-*"))
    queue.close()
    assert not queue.alive


def test_handles_may_be_used_from_many_threads(queue, home):
    job = queue.submit(config(1, steps=30, pace=0.02))
    wrong = []

    def play(seed):
        try:
            for _ in range(15):
                (job.pause, job.resume)[seed % 2]()
                assert job.snapshots >= 0 and 0 <= job.progress <= 1 and queue.jobs()
                assert queue.submit(config(1, steps=30, pace=0.02)) is job
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=play, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    job.resume()
    assert not wrong and job.result(60).sizes["step"] == 31


# ── callers that go ──────────────────────────────────────────────────────────────────────────────────────────────────

CALLER = """
import sys, time
from test_jobs import make, config, begun
job = make().submit(config(1, steps={steps}, pace=0.1))
begun(job)
print("begun", flush=True)
{then}
"""


def caller(home, steps, then):
    environment = os.environ | {"PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}", "DISTILL_STORE": str(home)}
    code = CALLER.format(steps=steps, then=then)
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    return process


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True


def test_a_worker_whose_caller_was_killed_finishes_its_job_and_exits(home):
    process = caller(home, 20, "time.sleep(600)")
    path = store.place_of(config(1, steps=20, pace=0.1))
    pid = store.read_status(path)["pid"]
    process.kill()
    process.wait(60)
    assert store.summary(path).snapshots < 21
    until(lambda: gone(pid))
    assert store.state(path) == "done" and store.summary(path).snapshots == 21


def test_a_caller_that_ends_stops_its_job_and_does_not_wait_for_it(home):
    process = caller(home, 5000, "")
    path = store.place_of(config(1, steps=5000, pace=0.1))
    assert process.wait(60) == 0
    until(lambda: gone(store.read_status(path)["pid"]))
    assert store.state(path) == "stopped" and store.summary(path).snapshots < 1000


def test_an_interrupt_reaches_the_caller_and_not_the_worker(home):
    environment = os.environ | {"PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}", "DISTILL_STORE": str(home)}
    code = CALLER.format(steps=5000, then="time.sleep(600)")
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "begun\n"
    path = store.place_of(config(1, steps=5000, pace=0.1))
    os.killpg(process.pid, signal.SIGINT)
    errors = process.communicate(timeout=60)[1]
    assert errors.count("KeyboardInterrupt") == 1
    until(lambda: gone(store.read_status(path)["pid"]))
    assert store.state(path) == "stopped"


# ── training here ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def recording(monkeypatch):
    """The synthetic recorder in the place of the real one, which needs torch."""
    import synthetic

    for name in ("distill.recording", "distill.finishing"):
        monkeypatch.setitem(sys.modules, name, synthetic)
        monkeypatch.setattr(name, synthetic, raising=False)


def test_train_is_always_anew(recording, home):
    told = []
    one = direct.train(config(1), progress=lambda step, steps: told.append((step, steps))).load()
    two = direct.train(config(1)).load()
    assert one.attrs["stamp"] != two.attrs["stamp"] and told == [(step, 5) for step in range(6)]
    assert one.drop_attrs().identical(two.drop_attrs()) and "kept" in two
    steps = [what for _, what in log(home) if what.isdigit()]
    assert len(steps) == 10
    assert store.read_status(store.place_of(config(1)))["after"] == 1


def test_train_begins_anew_where_a_partial_run_lies(recording, home):
    import synthetic

    path = home / "elsewhere"
    store.create(path, synthetic.snapshot(0, steps=5))
    store.save_checkpoint(path, {"step": store_step(3), "weight": store_step(0.5)})
    run = direct.train(config(1), path, maps=True)
    assert list(run["step"]) == [0, 1, 2, 3, 4, 5] and len([1 for _, what in log(home) if what.startswith("map")]) == 5
    assert store.read_status(path)["after"] == jobs.ALL_FOLLOWED


def store_step(value):
    import numpy as np

    return np.array([value])


def test_train_leaves_a_run_alone_that_is_being_trained(recording, home, monkeypatch):
    monkeypatch.setattr("distill.sidefiles.LOCK_PATIENCE", 0.05)
    with store.lock(store.place_of(config(1))), pytest.raises(DistillError, match="already being trained"):
        direct.train(config(1))


def test_there_is_one_queue_and_importing_it_is_light():
    code = "import sys, distill.jobs as j; q = j.queue(); assert q is j.queue(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=HERE.parent, capture_output=True, text=True, check=True)
    assert not {"torch", "umap", "sklearn", "distill.recording"} & set(done.stdout.split())


def test_a_cluster_is_used_where_one_is_named(monkeypatch, home):
    monkeypatch.setenv("DISTILL_SCHEDULER", "tcp://nowhere:1")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DistillError, match="distributed is not installed"):
        make().submit(config(1)).result(60)
    from concurrent.futures import ThreadPoolExecutor
    from types import SimpleNamespace

    asked = []
    client = SimpleNamespace(get_executor=lambda: ThreadPoolExecutor(1))
    module = SimpleNamespace(Client=lambda address: asked.append(address) or client)
    monkeypatch.setitem(sys.modules, "distributed", module)
    queue = make()
    assert queue.submit(config(2)).result(60).sizes["step"] == 6 and asked == ["tcp://nowhere:1"]
    queue.close()
