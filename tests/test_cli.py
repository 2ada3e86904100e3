"""The command line: what it prints, what it refuses, and a training that Ctrl-C stops and that can be continued."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import plotly.graph_objects as go
import pytest
from synthetic import record, snapshot

import distill
from distill import exporting, flags, store
from distill.__main__ import main
from distill.config import SweepConfig, log_betas

ROOT = Path(__file__).parent.parent
ID = "0123456789ab"
TINY = ["--betas", "0,0.01,0.1", "--hidden", "16", "--snapshots", "4", "--points", "50", "--device", "cpu"]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DISTILL_STORE", str(tmp_path / "store"))
    monkeypatch.setattr("distill.sidefiles.examples", lambda: tmp_path / "examples")
    monkeypatch.setattr("distill.catalogue.examples", lambda: tmp_path / "examples")
    return tmp_path / "store"


@pytest.fixture
def kept(home):
    """A synthetic run of six steps in the store."""
    record(SweepConfig(epochs=5, learning_rate=1e-4), home / ID)
    return home / ID


def said(capsys, *arguments):
    """Exit status, standard output and standard error of a command."""
    try:
        status = main(list(arguments))
    except SystemExit as end:
        status = end.code
    return status, *capsys.readouterr()


def parsed(*arguments):
    given = flags.parser(*[lambda _: 0] * 6).parse_args(["train", *arguments])
    return {each.name: getattr(given, each.name) for each in fields(SweepConfig) if each.name in given}


def test_every_field_has_a_flag_with_help(capsys):
    status, text, _ = said(capsys, "train", "--help")
    assert status == 0
    for each in fields(SweepConfig):
        assert f"--{each.name.replace('_', '-')} " in text
        assert flags.FIELD_HELP[each.name].split()[0] in text
    assert flags.FIELD_HELP.keys() == {each.name for each in fields(SweepConfig)}


@pytest.mark.parametrize("command", ["", "train", "runs", "export", "encode", "decode", "worker"])
def test_help_teaches_by_examples_that_can_be_given(capsys, command):
    status, text, _ = said(capsys, *filter(None, [command]), "--help")
    examples = re.findall(r"^  python -m distill (\w+)(.*)$", text, re.MULTILINE)
    assert status == 0
    assert examples
    for name, rest in examples:
        words = re.split(r" {3,}", rest)[0].split()
        if "--help" not in words:
            given = flags.parser(*[lambda _: 0] * 6).parse_args([name, *words])
            if name == "train":
                SweepConfig(**{key: value for key, value in vars(given).items() if key in flags.FIELD_HELP})


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        (["--betas", "0,0.1,1"], "betas", (0.0, 0.1, 1.0)),
        (["--betas", "1e-4:1:17"], "betas", log_betas(1e-4, 1, 17)),
        (["--hidden", "64,32"], "hidden", (64, 32)),
        (["--hidden", ""], "hidden", ()),
        (["--decoder-hidden", "32"], "decoder_hidden", (32,)),
        (["--dataset-options", "a=1,b=x,c=[2]"], "dataset_options", {"a": 1, "b": "x", "c": [2]}),
        (["--dataset-options", "rho=[0.9,0.6],items=600"], "dataset_options", {"rho": [0.9, 0.6], "items": 600}),
        (["--dataset-options", "p=[[3,1],[1,3]]"], "dataset_options", {"p": [[3, 1], [1, 3]]}),
        (["--learning-rate", "1e-3"], "learning_rate", 1e-3),
        (["--label", "parity"], "label", "parity"),
        (["--threads", "2"], "threads", 2),
    ],
)
def test_flags_become_fields(text, field, value):
    assert parsed(*text) == {field: value}
    SweepConfig(**parsed(*text))


def test_no_flag_means_the_default():
    assert parsed() == {}


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["train", "--dataset", "digts"], 1, ["unknown data set 'digts'", "did you mean 'digits'?"]),
        (["train", "--epochs", "0"], 1, ["epochs must be a whole number from 1 to 100000; got 0"]),
        (["train", "--epochs", "many"], 2, ["--epochs", "'many' is not a whole number", "train --help"]),
        (["train", "--betas", "0,-1"], 1, ["betas", "finite number ≥ 0", "-1"]),
        (["train", "--betas", "1:0:9"], 2, ["--betas", "log_betas needs 0 < low < high"]),
        (["train", "--dataset-options", "x"], 2, ["--dataset-options", "'x' is not of the form NAME=VALUE"]),
        (["train", "--epoch", "3"], 2, ["--epoch 3", "--help"]),
        (["runs", "--delete", "../../etc"], 1, ["a run id is twelve digits", "'../../etc'"]),
        (["runs", "--delete", ID], 1, [f"there is no run '{ID}'"]),
        (["export", ID, "--figure", "information_plane", "--out", "a.svg"], 1, [f"there is no run '{ID}'"]),
        (["export", "x/y", "--figure", "information_plane", "--out", "a.svg"], 1, ["'x/y' is neither the id of a run"]),
        (["export", ID, "--figure", "plan", "--out", "a.svg"], 1, ["unknown figure 'plan'", "information_plane"]),
        (["export", ID, "--figure", "information_plane", "--out", "a.gif"], 1, ["unknown file format 'gif'"]),
        (["fly"], 2, ["'fly'", "train", "--help"]),
        ([], 2, ["COMMAND", "--help"]),
    ],
)
def test_what_is_wrong_is_said_in_one_line(capsys, home, arguments, status, words):
    got, out, err = said(capsys, *arguments)
    assert (got, out) == (status, "")
    assert err.count("\n") == 1
    assert all(word in err for word in words), err


def test_train_leaves_a_folder_alone_that_is_not_a_run(capsys, home, tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("x")
    status, _, err = said(capsys, "train", "--out", str(tmp_path / "letters"), "--anew")
    assert (status, err.count("\n")) == (1, 1)
    assert "holds something that is not a run" in err
    assert (tmp_path / "letters" / "dear.txt").read_text() == "x"


def test_train_leaves_a_run_alone_that_is_of_another_configuration(capsys, kept):
    status, _, err = said(capsys, "train", "--out", str(kept), "--seed", "1")
    assert status == 1
    assert "another configuration" in err
    assert "--anew" in err


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc/version").exists(), reason="needs a folder nobody may write")
def test_a_store_that_cannot_be_written_is_a_sentence(capsys, home, monkeypatch):
    monkeypatch.setenv("DISTILL_STORE", "/proc/nothing")
    status, _, err = said(capsys, "train")
    assert (status, err.count("\n")) == (1, 1)
    assert "set DISTILL_STORE" in err


def test_runs_are_listed_and_deleted(capsys, home):
    status, out, _ = said(capsys, "runs")
    assert status == 0
    assert f"There are no runs in {home} yet" in out
    record(SweepConfig(epochs=5, learning_rate=1e-4), home / ID)
    _, out, _ = said(capsys, "runs")
    assert re.search(rf"{ID} +synthetic +done +5/5 +[\d.]+ kB +20\d\d-\d\d-\d\d \d\d:\d\d", out)
    assert said(capsys, "runs", "--delete", ID) == (0, f"deleted {ID}\n", "")
    assert not store.exists(home / ID)


def test_a_run_cut_short_is_listed_as_stopped(capsys, home):
    store.create(home / ID, snapshot(0))
    _, out, _ = said(capsys, "runs")
    assert re.search(rf"{ID} +synthetic +stopped +0/40", out)


def test_export_takes_the_nearest_beta_and_step_and_says_so(capsys, kept, tmp_path, monkeypatch):
    seen = []

    def plane(run, choice):
        seen.append(choice)
        return go.Figure(go.Scatter(x=run.beta.values, y=run.rate.isel(step=-1, split=0).values))

    monkeypatch.setattr(exporting, "figures", lambda kind=None: {"plane": plane})
    out = tmp_path / "a.csv"
    status, text, err = said(
        capsys, "export", ID, "--figure", "plane", "--beta", "0.45", "--step", "3", "--out", str(out)
    )
    assert (status, text) == (0, f"{out}\n")
    assert "nothing at beta 0.45; the nearest is drawn, 0.5" in err
    assert "step" not in err
    assert (seen[0].beta, seen[0].step) == (2, 3)
    assert "# β: 0.5\n# step: 3\n" in out.read_text()
    assert said(capsys, "export", str(kept), "--figure", "plane", "--out", str(out))[0] == 0
    assert (seen[1].beta, seen[1].step) == (None, None)


def test_a_worker_without_distributed_is_a_sentence(capsys, monkeypatch):
    monkeypatch.setattr("distill.__main__.find_spec", lambda name: None)
    status, _, err = said(capsys, "worker", "tcp://localhost:1")
    assert status == 1
    assert "pip install distributed" in err


def test_version(capsys):
    assert said(capsys, "--version")[:2] == (0, f"distill {distill.__version__}\n")


def start(*arguments):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-m", "distill", *arguments], cwd=ROOT, **pipes)


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_the_same_command_continues(home, tmp_path):
    place = tmp_path / "RUN"
    command = ["train", *TINY, "--epochs", "2000", "--out", str(place)]
    process, deadline = start(*command), time.monotonic() + 120
    while store.read_status(place).get("step", 0) < 50:
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    at = int(re.search(r"Stopped at step (\d+) of \d+; give the same command again to continue it\.", err).group(1))
    stopped = store.summary(place)
    assert 50 <= at == stopped.last_step < stopped.steps
    assert store.state(place) == "stopped"
    assert out.splitlines()[:2] == [f"id    {stopped.attrs['id']}", f"path  {place}"]

    process, deadline = start(*command), time.monotonic() + 120
    while not store.locked(place) or store.read_status(place).get("step", 0) <= at:
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    again = store.summary(place)
    assert again.stamp == stopped.stamp, "the run was continued, not begun anew"
    assert again.last_step > at


@pytest.mark.slow
def test_train_prints_where_the_run_is_and_trains_again_only_when_asked(home, tmp_path):
    place = tmp_path / "RUN"
    command = ["train", *TINY, "--epochs", "2", "--out", str(place)]
    process = start(*command)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    lines = out.splitlines()
    assert lines[:2] == [f"id    {distill.open_run(str(place)).attrs['id']}", f"path  {place}"]
    assert "test split, N = 50, bits" in lines[2]
    assert [line.split()[0] for line in lines[4:]] == ["0", "0.01", "0.1"]
    assert "training 3 βs" in err or "what is kept" in err
    assert "factor_kept" in distill.open_run(str(place))
    first = store.summary(place).stamp
    process = start(*command)
    again, err = process.communicate(timeout=60)
    assert again == out
    assert "already trained; --anew" in err
    assert store.summary(place).stamp == first
