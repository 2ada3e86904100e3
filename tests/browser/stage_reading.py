"""What tests read off a stage that is on the screen, and what of the harness must be there."""

import json
from pathlib import Path

import numpy as np
import stage_harness as made

HARNESS = Path(made.__file__)
SLIDER = ".stage-slider.first input"


def said(page):
    """What Python was told, as it wrote it on the page."""
    return json.loads(page.locator("#at").text_content())


def await_said(page, **wanted):
    clauses = " && ".join(f"said[{json.dumps(key)}] === {json.dumps(value)}" for key, value in wanted.items())
    read = "const said = JSON.parse(document.querySelector('#at')?.textContent || '{}')"
    page.wait_for_function("() => { " + read + f"; return {clauses}; }}")


def state(page):
    return page.eval_on_selector(".stage", "stage => ({...stage.dataset})")


def drawn(page, view, name, what):
    """Attribute `what` of every mark of the trace `name`, as it stands in the document."""
    marks = f"section[aria-label='{view}'] .stage-moving g[data-name='{name}'] [data-point]"
    return page.eval_on_selector_all(marks, f"marks => marks.map(mark => +mark.getAttribute('{what}'))")


def scale(page, view, axis):
    """(px at 0, px a unit) of an axis, from plotly's own figure."""
    return page.evaluate(
        """([view, axis]) => {
          const full = document.querySelector(`section[aria-label='${view}'] .stage-plotly`)._fullLayout[axis];
          return [full._offset + full.c2p(0), full.c2p(1) - full.c2p(0)];
        }""",
        [view, axis],
    )


def ink(page):
    """How many pixels of the code map are painted."""
    return page.evaluate(
        """() => {
          const canvas = document.querySelector("section[aria-label='Code map'] canvas");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let i = 3; i < data.length; i += 4) count += data[i] > 100;
          return count;
        }"""
    )


def assert_map(page, frame, step):
    """Pixels at the places of lonely items have the colours of their classes; empty places have none."""
    codes = made.codes(step)[frame]
    (x0, dx), (y0, dy) = scale(page, "Code map", "xaxis"), scale(page, "Code map", "yaxis")
    px = np.stack([x0 + dx * codes[:, 0], y0 + dy * codes[:, 1]], -1)
    far = np.linalg.norm(px[:, None] - px[None], axis=-1) + 1e9 * np.eye(len(px))
    alone = (np.abs(codes) < 2.8).all(-1) & (far.min(0) > 13)
    items = [int(i) for i in np.flatnonzero(alone)]
    assert items
    found = page.evaluate(
        """points => {
          const canvas = document.querySelector("section[aria-label='Code map'] canvas");
          const brush = canvas.getContext("2d"), ratio = canvas.width / canvas.clientWidth;
          return points.map(([x, y]) => {
            const [left, top, side] = [x - 4, y - 4, 8].map(length => Math.round(length * ratio));
            const { data } = brush.getImageData(left, top, side, side);
            let best = [0, 0, 0, 0];
            for (let i = 0; i < data.length; i += 4) if (data[i + 3] > best[3]) best = [...data.slice(i, i + 4)];
            return best;
          });
        }""",
        px[items].tolist(),
    )  # fmt: skip
    for item, (red, green, blue, alpha) in zip(items, found, strict=True):
        colour = [int(made.CLASSES[item % 10][k : k + 2], 16) for k in (1, 3, 5)]
        assert alpha > 150, f"item {item} is not where it must be"
        np.testing.assert_allclose([red, green, blue], colour, atol=3)


def point_of(page, view, number):
    return page.evaluate(
        """([view, number]) => {
          const { views } = document.querySelector(".stage").stage, found = views.find(each => each.spec.name === view);
          const box = found.plot.getBoundingClientRect(), point = found.find(number);
          return [box.left + point.px, box.top + point.py];
        }""",
        [view, number],
    )


def lonely(frame, step):
    codes = made.codes(step)[frame]
    far = np.linalg.norm(codes[:, None] - codes[None], axis=-1) + 1e9 * np.eye(len(codes))
    return next(int(i) for i in np.argsort(-far.min(0)) if (np.abs(codes[i]) < 2.5).all())


def zoomed(page):
    return page.evaluate(
        "document.querySelector(\"section[aria-label='Code map'] .stage-plotly\")._fullLayout.xaxis.range"
    )


def take(page, view, kind):
    """The bytes of a figure's file."""
    region = page.get_by_role("region", name=view)
    region.get_by_role("button", name="figure").click()
    with page.expect_download() as download:
        region.locator(f"[data-kind={kind}]").click()
    return Path(download.value.path()).read_bytes()
