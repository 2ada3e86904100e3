"""What tests read off the Explore page as it stands, and what must be there, computed from a run's arrays alone."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
FIRST, SECOND = ".stage-slider.first input", ".stage-slider.second input"
REGIONS = ("Information plane", "Code map", "Kept and discarded")
PARTS = ("kept relevant", "kept irrelevant", "lost relevant", "lost irrelevant")
NUMERAL = 12 * 0.35  # px by which an item's numeral is written below its place

# Everything in one go, so that all of it belongs to one drawn frame; px are turned back into the axes' own numbers.
READ = """() => {
  const root = document.querySelector(".stage"), shape = ":is([data-role=mark], [data-role=bar])";
  const axes = view => root.querySelector(`section[aria-label='${view}'] .stage-plotly`)._fullLayout;
  const data = (axis, px) => axis.p2c(px - axis._offset);
  const marks = (view, name) =>
    [...root.querySelectorAll(`section[aria-label='${view}'] .stage-moving g[data-name='${name}'] ${shape}`)]
      .filter(mark => mark.getAttribute("display") !== "none");
  const number = (mark, name) => +mark.getAttribute(name);
  const plane = axes("Information plane"), map = axes("Code map"), kept = axes("Kept and discarded");
  const dot = marks("Information plane", "chosen β")[0], codes = {};
  for (const { id, px, py } of root.stage.reading()[1].points) codes[id] = [data(map.xaxis, px), data(map.yaxis, py)];
  const written = [...root.querySelectorAll("section[aria-label='Code map'] .stage-moving text[data-point]")];
  return {
    beta: +root.dataset.betaIndex, step: +root.dataset.stepIndex, frame: +root.dataset.frame,
    dot: dot && [data(plane.xaxis, number(dot, "cx")), data(plane.yaxis, number(dot, "cy"))],
    bars: PARTS.map(name => number(marks("Kept and discarded", name)[0], "width")
      / (kept.xaxis.c2p(1) - kept.xaxis.c2p(0))),
    factors: marks("Kept and discarded", "kept").map(mark => data(kept.xaxis2, number(mark, "cx"))),
    headline: [...root.querySelectorAll(".stage-headline dd")].map(cell => cell.textContent),
    codes,
    numerals: written.filter(text => text.getAttribute("display") !== "none").map(text =>
      [text.textContent, data(map.xaxis, number(text, "x")), data(map.yaxis, number(text, "y") - NUMERAL)]),
  };
}""".replace("PARTS", json.dumps(PARTS)).replace("NUMERAL", str(NUMERAL))


def train(store, **fields):
    """The id of a run of digits trained in a process of its own, in the folder `store`; with probes and pictures."""
    settings = {"hidden": (32,), "epochs": 6, "snapshots": 8, "threads": 1, "device": "cpu", "points": 400}
    said = json.dumps(settings | fields)
    script = (
        "import distill, json, sys; given = json.loads(sys.argv[1]); "
        "print(distill.train(distill.SweepConfig(**given | {'betas': distill.log_betas(1e-5, 1, 12)})).attrs['id'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, said], cwd=ROOT, env=environment(store), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-800:]
    return done.stdout.split()[-1]


def environment(store):
    """The environment of a process whose store is the folder `store`."""
    return os.environ | {"DISTILL_STORE": str(store), "OMP_NUM_THREADS": "1"}


def shown(page):
    """Everything that follows the sliders, in the numbers of its axes, of one drawn frame."""
    return page.evaluate(READ)


def ready(page, address):
    """Goes there and waits until plotly stands in every view."""
    page.goto(address)
    page.wait_for_selector(".stage.ready")


def place(page, slider, index, count):
    """Where on the screen the thumb of a slider stands for value `index` of `count`."""
    box = page.locator(slider).bounding_box()
    return box["x"] + 8 + (box["width"] - 16) * index / (count - 1), box["y"] + box["height"] / 2


def sent(page):
    """A list to which every message that the page sends to its server is added; to be called before the page opens."""
    messages = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: messages.append(len(data))))
    return messages


def await_address(page, **wanted):
    """Until the address says all of these."""
    page.wait_for_function(
        """wanted => { const said = new URLSearchParams(location.search);
        return Object.entries(wanted).every(([name, value]) => said.get(name) === value); }""",
        arg=wanted,
    )


def written(beta):
    """A β as the address says it."""
    return f"{beta:.12g}"


def await_index(page, beta=None, step=None):
    """Until the stage shows the β and the step with these numbers."""
    clauses = [f"[data-{name}-index='{at}']" for name, at in (("beta", beta), ("step", step)) if at is not None]
    page.wait_for_selector(".stage" + "".join(clauses))


def assert_map(found, run, layout):
    """Every item stands where `layout` has it, up to one shift and one scale, and is written as its digit there.

    The outermost items may lie on the edge of the frame.
    """
    codes = layout.transpose("point", "axis").values.astype(float)
    there = np.array([found["codes"][str(item)] for item in range(len(codes))])
    inner = np.abs(there).max(1) < 0.98 * np.abs(there).max()
    assert inner.mean() > 0.95
    middles = [each[inner].mean(0) for each in (codes, there)]
    codes, at = codes[inner] - middles[0], there[inner] - middles[1]
    scale = (codes * at).sum() / (codes**2).sum()
    assert scale > 0
    np.testing.assert_allclose(at, codes * scale, atol=0.01 * np.abs(at).max())
    for digit in range(10):
        written = np.array([[x, y] for text, x, y in found["numerals"] if text == str(digit)])
        mine = there[run.label.values == digit]
        assert len(written) == len(mine)
        far = np.abs(mine[:, None] - written[None]).max(-1).min(1)
        assert far.max() < 0.01 * np.abs(there).max(), f"a {digit} is not where its code is"


def lonely(page):
    """The item farthest from all others on the map: its number, and where on the screen it is."""
    return page.evaluate(
        """() => {
          const { plot } = document.querySelector(".stage").stage.views[1], box = plot.getBoundingClientRect();
          const { points } = document.querySelector(".stage").stage.reading()[1];
          const far = one => Math.min(...points.filter(each => each !== one).map(
            each => Math.hypot(each.px - one.px, each.py - one.py)));
          const best = points.reduce((a, b) => far(a) > far(b) ? a : b);
          return { id: best.id, at: [box.left + best.px, box.top + best.py] };
        }"""
    )


def assert_painted(page, run, beta):
    """On a picture of the screen, where an item stands alone there is ink of the colour of its class."""
    from PIL import Image

    from distill.palette import class_colour

    item = lonely(page)
    x, y = item["at"]
    clip = {"x": x - 6, "y": y - 7, "width": 12, "height": 14}
    pixels = np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB"), dtype=int).reshape(-1, 3)
    colour = class_colour(int(run.label.values[item["id"]]))
    want = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])
    assert np.abs(pixels - want).sum(1).min() < 40, f"item {item['id']} is not painted in {colour} at β number {beta}"


def assert_numbers(found, run, beta, step=-1):
    """Dot, bar, rows and headline are those of the run at a β and a step; test items."""
    at = run.sel(split="test").isel(beta=beta, step=step)
    x, y, entropy = float(at.information_x), float(at.information_y), float(at.entropy_y)
    total = np.log2(float(at.samples))
    np.testing.assert_allclose(found["dot"], [x, y], atol=2e-3)
    relevant = min(max(y, 0), entropy)
    irrelevant = min(max(x - relevant, 0), total - entropy)
    bars = np.array([relevant, irrelevant, entropy - relevant, total - entropy - irrelevant])
    np.testing.assert_allclose(found["bars"], bars, atol=5e-3)
    share = (run.factor_kept / run.factor_entropy).isel(beta=beta).values
    np.testing.assert_allclose(found["factors"], share, atol=3e-3)
    assert_headline(found["headline"], x, y, float(at.error_one), total)


def assert_headline(cells, x, y, error, total):
    """Bits kept, of them relevant, error with one code, H(X) / I(X;Z); "at least" within a bit of the ceiling."""
    saturated = x > total - 1
    assert cells[0].startswith("≥") == saturated
    numbers = [float(found.group()) if (found := re.search(r"[\d.]+", cell)) else None for cell in cells]
    np.testing.assert_allclose(numbers[:3], [x, max(y, 0), 100 * error], atol=0.051)
    assert abs(numbers[0] - x) < 0.0051 and abs(numbers[1] - max(y, 0)) < 0.0051
    if x < 0.05:
        assert numbers[3] is None
    else:
        assert abs(numbers[3] - total / x) < 0.051 and cells[3].startswith("≤") == saturated
