"""Small trained runs, made once a session in a store of their own; no test ever writes into the user's store."""

import os
import sys
from functools import cache
from pathlib import Path

# one thread in every numerical library of this process and of those it starts: beside another busy process more are
# many times slower, and the tests say themselves where the count matters
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import pytest  # noqa: E402

from distill import datasets, jobs, store, tables  # noqa: E402
from distill.config import SweepConfig  # noqa: E402
from distill.errors import DistillError, InvalidValue  # noqa: E402
from distill.shrink_config import ShrinkConfig  # noqa: E402
from distill.wall_config import WallConfig  # noqa: E402

SMALL = {"hidden": (32,), "batch_size": 64, "points": 400, "device": "cpu", "threads": 1}
SWEEP = SweepConfig(betas=(0.0, 0.01, 0.1, 0.6, 2.0), latent_dim=4, epochs=20, snapshots=6, **SMALL)
PLANAR = SweepConfig(betas=(0.0, 0.03, 0.6), latent_dim=2, epochs=6, snapshots=4, **SMALL)
WALL = WallConfig(
    source="markov", source_options={"count": 3000}, width=8, context=2, steps=20, batch_size=64, snapshots=3,
    device="cpu", threads=1,
)  # fmt: skip
SHRUNK = ShrinkConfig(
    network={**SMALL, "latent_dim": 4, "epochs": 3}, seeds=2, bits=(8, 4, 2), sparsities=(0.0, 0.9), widths=(8, 2),
    tune_epochs=1, student_epochs=2, snapshots=6,
)  # fmt: skip
NOISELESS = SweepConfig(objective="deterministic", betas=(0.0,), latent_dim=3, epochs=4, snapshots=3, **SMALL)


NOT_FOR_EVERY_RUN = (  # what figures say of runs that cannot have them
    "are no pictures",
    "need a run of layers",
    "it is measured after the training, of classes",
    "no classes",
    "has no map of Fisher bits",
    "has no shares of variance explained",
    "has no decoder",
    "its items are no sentences",
    "has no ellipses",
    "has a rate",
    "has no measured motion of its map",
    "has no codec",
    "are no things to be sent",
    "figures of the wall need a run",
    "need a run of compressed models",
    "has no network that learns its source",
)


def figure_of(figure, run, *choice):
    """The figure; skips the test, with the reason, where the run cannot have it."""
    try:
        return figure(run, *choice)
    except InvalidValue as error:
        if not any(words in str(error) for words in NOT_FOR_EVERY_RUN):
            raise
        pytest.skip(str(error))


NEED_FILES = ("fashion",)  # data sets whose items are no part of the program
PENGUINS = Path(__file__).parents[1] / "assets" / "data" / "penguins.csv"


def options_of(name):
    """What a data set cannot be made without: of a table of one's own, the table, brought into the present store."""
    if name != "table":
        return {}
    return {"table": tables.bring_file(PENGUINS), "factors": ["species", "sex", "island", "body_mass_g in thirds"]}


@cache
def loaded(name, label=None):
    """The data set with its default options; skips the test, with what is missing, where its files are not here."""
    try:
        return datasets.load(name, label, **options_of(name))
    except DistillError as error:
        if name not in NEED_FILES:
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session", autouse=True)
def own_store(tmp_path_factory):
    """The folder that DISTILL_STORE names while the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("store")
        patch.setenv("DISTILL_STORE", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def one_thread():
    """A training in this process may have left torch with more, and then whatever comes next is many times slower."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def trained(config, folder, finished=False):
    """The run of `config`, trained by the program's own recorder in `folder`; loaded."""
    from distill import finishing, recording

    path = folder / config.id
    if not store.exists(path):
        assert recording.record(config, path) == "done"
    if finished:
        finishing.finish(path)
    return store.open_run(path).load()


@pytest.fixture(scope="session")
def sweep(own_store):
    """Five βs on digits with four latent dimensions, probes and pictures included."""
    return trained(SWEEP, own_store, finished=True)


@pytest.fixture(scope="session")
def planar(own_store):
    """Three βs with a code of two dimensions, probes and pictures included."""
    return trained(PLANAR, own_store, finished=True)


@pytest.fixture(scope="session")
def noiseless(own_store):
    """The deterministic reference, probes and pictures included."""
    return trained(NOISELESS, own_store, finished=True)


@pytest.fixture(scope="session")
def walled(own_store):
    """A short run of the Shannon wall: a Markov source, every coder that suits it, and a network of twenty steps."""
    from distill.wall import recording

    path = own_store / WALL.id
    if not store.exists(path):
        assert recording.record(WALL, path) == "done"
    return store.open_run(path).load()


@pytest.fixture(scope="session")
def shrunk(own_store):
    """Two small networks on digits, quantised, pruned and tuned, with students of two widths."""
    from distill.shrink import recording

    path = own_store / SHRUNK.id
    if not store.exists(path):
        assert recording.record(SHRUNK, path) == "done"
    return store.open_run(path).load()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty store and a queue from which nobody takes anything."""
    monkeypatch.setenv("DISTILL_STORE", str(tmp_path))
    monkeypatch.setenv("DISTILL_NO_WORKER", "1")
    queue = jobs.Queue()
    monkeypatch.setattr(queue, "_wake", lambda: None)
    monkeypatch.setattr(jobs, "queue", lambda: queue)
    return tmp_path
