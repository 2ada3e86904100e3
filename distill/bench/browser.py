"""The app as a person meets it, in a real Chromium: opening, dragging, playing, training live."""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from distill.bench import new_table
from distill.bench.serving import ROOT, bare_page, run_to_look_at, served
from distill.config import SweepConfig
from distill.errors import DistillError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright, WebSocket
    from rich.table import Table

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE = 60_000  # ms
SECONDS = 4.0  # of dragging, of playing, of watching a training
QUIET = 0.3  # seconds without a message after which an answer counts as whole
WARMING = 25.0  # seconds that the worker is given to import what it needs
SLIDER = ".stage-slider.first input"
FRAME = "+(document.querySelector('.stage')?.dataset.frame || 0)"
PAINTED = """() => {
  const views = [...document.querySelectorAll(".stage section[role=region]")].slice(0, 3);
  return views.length === 3 && views.every((view) => view.querySelector("svg, canvas"))
    && +document.querySelector(".stage").dataset.frame > 0;
}"""
LOOKED_AT = (SweepConfig(), SweepConfig(dataset="sprites", epochs=10))
WATCH = """() => {
  const steps = (window.benchSteps = new Set());
  const look = () => {
    const stage = document.querySelector(".stage");
    if (stage) steps.add(stage.dataset.stepIndex);
    window.benchTimer = requestAnimationFrame(look);
  };
  look();
}"""


PLAY = """() => new Promise((done) => {
  const button = document.querySelector(".stage-play"), stage = document.querySelector(".stage");
  const began = performance.now(), before = +stage.dataset.frame;
  const look = () => button.getAttribute("aria-label") === "Play"
    ? done((1000 * (+stage.dataset.frame - before)) / (performance.now() - began))
    : requestAnimationFrame(look);
  button.click();
  requestAnimationFrame(look);
})"""


@dataclass
class Wire:
    """What went over the websocket of a page: (time, bytes) of each message."""

    received: list[tuple[float, int]] = field(default_factory=list)
    sent: list[tuple[float, int]] = field(default_factory=list)

    def listen(self, socket_: "WebSocket") -> None:
        """Note the messages of one connection."""
        socket_.on("framereceived", lambda data: self.received.append((time.perf_counter(), len(data))))
        socket_.on("framesent", lambda data: self.sent.append((time.perf_counter(), len(data))))


def tables(given: argparse.Namespace) -> "Iterator[Table]":
    """The tables of this part; DistillError where there is no Chromium or no playwright."""
    if find_spec("playwright") is None:
        raise DistillError("the browser part needs playwright: pip install -r requirements-dev.txt")
    if not Path(CHROMIUM).exists():
        raise DistillError(f"the browser part needs Chromium at {CHROMIUM}: apt-get install chromium")
    from playwright.sync_api import Error, sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        try:
            yield from _visits(play, Path(folder), given.repeats)
        except Error as error:
            raise DistillError(f"the browser gave up: {str(error).splitlines()[0]}") from error


def _visits(play: "Playwright", here: Path, repeats: int) -> "Iterator[Table]":
    environment = os.environ | {"DISTILL_STORE": str(here / "store"), "PYTHONPATH": str(ROOT)}
    for config in LOOKED_AT:
        run_to_look_at(config, environment)

    def launch() -> "Browser":
        return play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))

    with served(bare_page(here), environment) as bare, served(ROOT / "app.py", environment) as app:
        yield _opening(launch, bare, app, repeats)
        browser = launch()
        yield _hands(browser, app)
        yield _asking(browser, app)
        yield _live(browser, app)
        browser.close()


def _opening(launch: "Callable[[], Browser]", bare: str, app: str, repeats: int) -> "Table":
    visits = [_visit(launch, bare, app) for _ in range(repeats + 1)][1:]
    title = f"Opening in a cold browser, median of {repeats} (the server's first visit left out)"
    table = new_table(title, "", "median", "quickest")
    for name, index, unit in (
        ("a bare heading", 0, "s"), ("first paint of the three views", 1, "s"), ("the slider answers", 2, "s"),
        ("received until then", 3, "kB"), ("  largest message, the stage", 4, "kB"),
    ):  # fmt: skip
        values = [each[index] for each in visits]
        table.add_row(name, f"{statistics.median(values):.3g} {unit}", f"{min(values):.3g} {unit}")
    return table


def _visit(launch: "Callable[[], Browser]", bare: str, app: str) -> tuple[float, ...]:
    """Seconds to the bare heading, to first paint and to a slider that answers; kB in all, kB of the largest."""
    browser = launch()
    page, wire = _page(browser)
    began = time.perf_counter()
    page.goto(bare)
    page.wait_for_selector("h1")
    heading = time.perf_counter() - began
    browser.close()
    browser = launch()
    page, wire = _page(browser)
    began = time.perf_counter()
    page.goto(app, wait_until="commit")
    page.wait_for_function(PAINTED)
    painted = time.perf_counter() - began
    _until_it_answers(page)
    answers = time.perf_counter() - began
    sizes = [size / 1000 for _, size in wire.received]
    browser.close()
    return heading, painted, answers, sum(sizes), max(sizes)


def _until_it_answers(page: "Page") -> None:
    """Press an arrow key on the slider until the stage shows another β."""
    place = "document.querySelector('.stage').dataset.betaIndex"
    page.wait_for_selector(SLIDER)
    before = page.evaluate(place)
    while page.evaluate(place) == before:
        page.locator(SLIDER).press("ArrowRight")
        page.wait_for_timeout(20)


def _hands(browser: "Browser", app: str) -> "Table":
    page, wire = _page(browser)
    page.goto(app)
    page.wait_for_selector(".stage.ready")
    page.wait_for_timeout(1500)
    sent = len(wire.sent)
    dragged = _dragged(page)
    reruns = len(wire.sent) - sent
    page.mouse.up()
    answered = _answer(page, wire, sent)
    page.wait_for_timeout(800)
    page.locator(".stage-speed").first.click(click_count=2)  # every frame that the screen has
    played = statistics.median(_played(page) for _ in range(5))
    page.close()
    table = new_table("Moving the slider", "", "")
    table.add_row("dragged by a mouse", f"{dragged:.0f} frames a second")
    table.add_row("under the play button", f"{played:.0f} frames a second")
    table.add_row("messages to the server while dragging", str(reruns))
    table.add_row("let go: the fragment's rerun, there and back", f"{1e3 * answered:.0f} ms")
    return table


def _dragged(page: "Page") -> float:
    """Frames a second while a mouse moves the slider, one β a movement, to and fro; the button stays down."""
    box, last = page.locator(SLIDER).bounding_box(), int(page.locator(SLIDER).get_attribute("max"))
    middle, left, width = box["y"] + box["height"] / 2, box["x"] + 8, box["width"] - 16
    page.mouse.move(left, middle)
    page.mouse.down()

    def sweep() -> None:
        until, place = time.perf_counter() + SECONDS, 0
        while time.perf_counter() < until:
            place = (place + 1) % (2 * last)
            page.mouse.move(left + width * (1 - abs(place / last - 1)), middle)

    return _frames_a_second(page, sweep)


def _played(page: "Page") -> float:
    page.locator(SLIDER).press("Home")
    page.wait_for_timeout(500)
    return page.evaluate(PLAY)


def _frames_a_second(page: "Page", during: Callable[[], object]) -> float:
    began, before = time.perf_counter(), page.evaluate(FRAME)
    during()
    return (page.evaluate(FRAME) - before) / (time.perf_counter() - began)


def _answer(page: "Page", wire: Wire, sent: int) -> float:
    """Seconds from the first message sent after `sent` of them to the last one of the server's answer."""
    for _ in range(100):
        page.wait_for_timeout(50)
        if len(wire.sent) > sent and wire.received and time.perf_counter() - wire.received[-1][0] > QUIET:
            break
    if len(wire.sent) == sent:
        return float("nan")
    return wire.received[-1][0] - wire.sent[sent][0]


def _asking(browser: "Browser", app: str) -> "Table":
    """Ask a run for a second factor with a warm worker: seconds to the first picture of other networks."""
    page, _ = _page(browser)
    table = new_table("What matters: from the question to the first changed picture, the worker warm", "", "")
    page.goto(app)
    page.wait_for_timeout(1000 * WARMING)
    for config, factor in zip(LOOKED_AT, ("ink", "colour"), strict=True):
        page.goto(f"{app}?run={config.id}")
        page.wait_for_selector(".stage.ready")
        page.wait_for_timeout(1500)
        page.get_by_role("button", name="What matters").click()
        page.get_by_role("slider", name=factor).press("End")
        ask = page.get_by_role("button", name="Ask this")
        page.wait_for_timeout(1500)
        last = page.evaluate("+document.querySelector('.stage').dataset.stepIndex")
        began = time.perf_counter()
        ask.click()
        page.wait_for_function(f"((at) => at > 0 && at < {last})(+document.querySelector('.stage')?.dataset.stepIndex)")
        table.add_row(f"{config.dataset}, {factor} too", f"{time.perf_counter() - began:.1f} s")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Stop").click()
        page.wait_for_timeout(1500)
    page.close()
    return table


def _live(browser: "Browser", app: str) -> "Table":
    """Press Train with a warm worker: seconds to the first snapshot on the screen, then pictures a second."""
    page, _ = _page(browser)
    page.goto(app)
    page.wait_for_selector(".stage.ready")
    page.wait_for_timeout(1000 * WARMING)
    last = page.evaluate("+document.querySelector('.stage').dataset.stepIndex")
    began = time.perf_counter()
    page.get_by_role("button", name="Train 33 βs").click()
    page.wait_for_function(f"+(document.querySelector('.stage')?.dataset.stepIndex ?? {last}) < {last}")
    first = time.perf_counter() - began
    page.evaluate(WATCH)
    page.wait_for_timeout(1000 * SECONDS)
    updates = (page.evaluate("window.benchSteps.size") - 1) / SECONDS
    page.get_by_role("button", name="Stop").click()
    page.close()
    table = new_table("Training live, the worker warm", "", "")
    table.add_row("Train to the first snapshot on the screen", f"{first:.1f} s")
    table.add_row("after that", f"{updates:.1f} new pictures a second")
    return table


def _page(browser: "Browser") -> "tuple[Page, Wire]":
    page, wire = browser.new_page(viewport={"width": 1440, "height": 900}), Wire()
    page.set_default_timeout(PATIENCE)
    page.on("websocket", wire.listen)
    return page, wire
