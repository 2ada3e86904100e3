"""Training from the Explore page in a real Chromium: watched while it grows, stopped, continued, and killed."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from app_reading import FIRST, ROOT, await_address, await_index, place, ready, shown

from distill import store
from distill.config import SweepConfig

pytestmark = pytest.mark.browser
LONG = 3000  # epochs of a training that no test waits for
MOST = 60  # seconds that anything may take before a test gives up
STILL = 1.0  # seconds in which a training that goes on would have taken some hundred steps
HEAVY = {"torch", "umap", "sklearn", "numba"}
# The interpreter imports this of its own accord; asked by a signal, it lists the modules of the process that it is in.
PROBE = """
import os, pathlib, signal, sys
folder = pathlib.Path(os.environ["PROBE"])
def tell(*_):
    (folder / f"{os.getpid()}.new").write_text(" ".join(sys.modules))
    (folder / f"{os.getpid()}.new").rename(folder / f"{os.getpid()}.txt")
signal.signal(signal.SIGUSR1, tell)
if b"streamlit" in pathlib.Path("/proc/self/cmdline").read_bytes():
    (folder / "server").write_text(str(os.getpid()))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The store, empty at first, and in it the folder of the probe."""
    folder = tmp_path_factory.mktemp("live")
    (folder / "probe").mkdir()
    (folder / "probe" / "sitecustomize.py").write_text(PROBE)
    return folder


@pytest.fixture(scope="module")
def app(serve, home):
    """A server with a worker."""
    probe = str(home / "probe")
    return serve(ROOT / "app.py", {"DISTILL_STORE": str(home), "PROBE": probe, "PYTHONPATH": probe})


@pytest.fixture(autouse=True)
def nothing_goes_on(home):
    """A test that failed leaves the worker to the next one."""
    yield
    for path in home.glob("?" * 12):
        store.request(path, "stop")
        until(lambda path=path: not store.locked(path))


def until(true: Callable[[], object], page=None):
    """What `true` says once it is true; the test fails if that takes too long."""
    for _ in range(MOST * 10):
        if found := true():
            return found
        if page:
            page.wait_for_timeout(100)
        else:
            time.sleep(0.1)
    pytest.fail("waited too long")


def train_button(page):
    return page.get_by_role("button", name="Train 33 βs")


def trained(page, app, home, seed):
    """Begins a long training of digits with this seed, by the page's controls; the folder of its run."""
    page.goto(app)
    train_button(page).wait_for()
    page.get_by_role("button", name="More").click()
    config = SweepConfig()
    for name, value in (("epochs", LONG), ("hidden", (32,)), ("seed", seed)):
        field = page.locator(f".st-key-{name}-{config.id} input")
        field.fill(str(value).strip("(,)"))
        field.press("Enter")
        config = replace(config, **{name: value})
        page.locator(f".st-key-{name}-{config.id} input").wait_for()  # the controls now begin with the new settings
    page.keyboard.press("Escape")
    page.get_by_text("Nothing has been trained with these settings yet").wait_for()
    page.wait_for_selector(".stage", state="detached")  # that of the example
    train_button(page).click()
    await_address(page, run=config.id)
    return home / config.id


def steps(page):
    """How many snapshots the second slider has; 0 without a stage."""
    return page.evaluate("document.querySelector('.stage')?.stage.header?.steps ?? 0")


def said(path):
    return store.read_status(path)


def stop(page, path):
    page.locator(".st-key-explore-stop").get_by_role("button").click()  # Streamlit has a Stop of its own in the corner
    until(lambda: said(path)["status"] == "stopped", page)
    page.get_by_text("Stopped at step").wait_for()


def test_a_training_is_watched_dragged_stopped_and_continued(page, app, home):
    path = trained(page, app, home, seed=1)
    until(lambda: steps(page) >= 1, page)
    first = said(path)
    assert first["status"] == "running" and first["step"] < first["steps"]
    assert page.get_by_text("Training · step").is_visible()
    seen = steps(page)
    until(lambda: steps(page) >= seen + 3, page)
    assert said(path)["status"] == "running"

    page.mouse.move(*place(page, FIRST, 20, 33))
    page.mouse.down()
    for beta in (28, 6, 32):
        page.mouse.move(*place(page, FIRST, beta, 33), steps=3)
        await_index(page, beta=beta)
        found = shown(page)
        at = store.open_run(path).sel(split="test").isel(beta=beta, step=found["step"])
        np.testing.assert_allclose(found["dot"], [float(at.information_x), float(at.information_y)], atol=2e-3)
    page.mouse.up()
    seen = steps(page)
    until(lambda: steps(page) > seen, page)
    assert said(path)["status"] == "running" and shown(page)["beta"] == 32

    stop(page, path)
    halted = said(path)["step"]
    page.wait_for_timeout(1000 * STILL)
    assert said(path)["step"] == halted < first["steps"] and not store.locked(path)
    before = store.open_run(path).load()
    until(lambda: steps(page) == before.sizes["step"], page)
    assert np.isfinite(before.information_x).all() and before.step[-1] <= halted

    train_button(page).click()
    until(lambda: said(path)["status"] == "running" and said(path)["step"] > halted, page)
    until(lambda: steps(page) > before.sizes["step"], page)
    after = store.open_run(path)
    np.testing.assert_array_equal(after.step[: before.sizes["step"]], before.step)
    np.testing.assert_array_equal(after.rate[: before.sizes["step"]], before.rate)
    stop(page, path)


def test_a_killed_worker_is_said_and_another_one_goes_on(page, app, home):
    path = trained(page, app, home, seed=2)
    until(lambda: steps(page) >= 3, page)
    os.kill(said(path)["pid"], signal.SIGKILL)
    alert = page.get_by_role("alert").filter(has_text="worker process died")
    alert.wait_for()
    assert "press Train to continue" in alert.inner_text() and alert.inner_text().count("\n") == 0
    until(lambda: steps(page) == store.open_run(path).sizes["step"], page)
    grown = steps(page)
    page.wait_for_timeout(1000 * STILL)
    assert steps(page) == grown == store.open_run(path).sizes["step"] and not store.locked(path)

    page.locator(FIRST).press("End")
    await_index(page, beta=32)
    train_button(page).click()
    until(lambda: said(path)["status"] == "running" and steps(page) > grown, page)
    assert page.get_by_role("alert").count() == 0
    stop(page, path)


def test_the_server_that_served_all_this_has_nothing_heavy_in_it(page, app, home):
    ready(page, f"{app}/?run={next(path.name for path in home.iterdir() if store.exists(path))}")
    pid, probe = int((home / "probe" / "server").read_text()), home / "probe"
    os.kill(pid, signal.SIGUSR1)
    until((probe / f"{pid}.txt").exists)
    modules = {name.split(".")[0] for name in (probe / f"{pid}.txt").read_text().split()}
    assert {"streamlit", "distill", "xarray"} <= modules
    assert not modules & HEAVY
