"""The stage in a real Chromium: what it draws equals what it was given, in the frame that it says it shows."""

import io

import numpy as np
import pytest
import stage_harness as made
from stage_reading import SLIDER, assert_map, await_said, drawn, ink, said, scale, state, take

pytestmark = pytest.mark.browser


def test_first_paint_needs_no_plotly(page, stage_address):
    held = []
    page.route("**/plotly-basic.min.js*", lambda route: held.append(route))
    page.goto(stage_address)
    page.wait_for_selector("section[aria-label='Information plane'] .stage-moving circle")
    assert (
        page.locator("section[aria-label='Information plane'] .stage-light text", has_text="I(X;Z), bits").count() == 1
    )
    assert page.evaluate("typeof window.Plotly") == "undefined"
    assert ink(page) > 500
    page.locator(SLIDER).press("End")
    page.wait_for_selector(".stage[data-beta-index='32']")
    held[0].continue_()
    page.wait_for_selector(".stage.ready")


def test_first_paint_and_plotly_have_the_same_plot_rectangle(stage):
    rectangles = stage.evaluate(
        """() => document.querySelector(".stage").stage.views.map(view => {
          const { margin } = view.layout, { width, height } = view.size, { l, t, w, h } = view.plotly._fullLayout._size;
          return [margin.l - l, margin.t - t, width - margin.r - l - w, height - margin.b - t - h];
        })"""
    )
    assert np.abs(rectangles).max() < 1


def test_plotly_is_the_version_that_was_measured(stage):
    assert stage.evaluate("window.Plotly.version") == "4.1.1"


def test_ten_places_of_a_drag_equal_the_numbers_given(stage):
    box = stage.locator(SLIDER).bounding_box()
    place = lambda frame: box["x"] + 8 + (box["width"] - 16) * frame / (made.FRAMES - 1)  # noqa: E731
    across = scale(stage, "Information plane", "xaxis"), scale(stage, "Information plane", "yaxis")
    bits, shares = scale(stage, "Kept and discarded", "xaxis"), scale(stage, "Kept and discarded", "xaxis2")
    x, y = (values[made.STEPS - 3] for values in made.plane_numbers())
    stage.mouse.move(place(12), box["y"] + box["height"] / 2)
    stage.mouse.down()
    runs = said(stage)["scenes"]
    for frame in (0, 3, 7, 11, 14, 18, 22, 25, 29, 32):
        stage.mouse.move(place(frame), box["y"] + box["height"] / 2, steps=3)
        stage.wait_for_selector(f".stage[data-beta-index='{frame}']")
        here = drawn(stage, "Information plane", "here", "cx") + drawn(stage, "Information plane", "here", "cy")
        want = [across[0][0] + across[0][1] * x[frame], across[1][0] + across[1][1] * y[frame]]
        np.testing.assert_allclose(here, want, atol=0.05)
        wide = [drawn(stage, "Kept and discarded", name, "width")[0] for name in ("kept, relevant", "lost, irrelevant")]
        np.testing.assert_allclose(wide, made.ledger_numbers()[frame, [0, 3]] * bits[1], atol=0.05)
        dots = stage.eval_on_selector_all(
            "g[data-name='share kept'] circle", "marks => marks.map(mark => +mark.getAttribute('cx'))"
        )
        np.testing.assert_allclose(dots, shares[0] + shares[1] * made.factor_numbers()[frame], atol=0.05)
        assert stage.locator(".stage-headline dd").all_text_contents() == [
            value for value, _, _ in made.headline(made.STEPS - 3, frame)
        ]
        assert_map(stage, frame, made.STEPS - 3)
    assert said(stage)["scenes"] == runs  # nothing ran while the thumb was held
    stage.mouse.up()
    await_said(stage, index=32)
    assert said(stage)["scenes"] == runs + 1 and said(stage)["runs"] == 1


def test_keys_and_names(stage):
    slider = stage.get_by_role("slider", name="Compression strength β")
    assert slider.get_attribute("aria-valuetext")
    slider.press("End")
    slider.press("ArrowLeft")
    stage.wait_for_selector(".stage[data-beta-index='31']")
    slider.press("Home")
    stage.wait_for_selector(".stage[data-beta-index='0']")
    await_said(stage, index=0)
    for name in ("Information plane", "Code map", "Kept and discarded"):
        assert stage.get_by_role("region", name=name).count() == 1


def test_plotly_has_the_numbers_at_rest(stage):
    stage.locator(SLIDER).press("End")
    await_said(stage, index=32)
    x, _ = made.plane_numbers()
    stage.wait_for_function(
        """want => { const plot = document.querySelector("section[aria-label='Information plane'] .stage-plotly");
        return Math.abs(plot.data.find(trace => trace.name === "here").x[0] - want) < 1e-5; }""",
        arg=float(x[made.STEPS - 3, 32]),
    )  # fmt: skip


def test_play_runs_to_the_end_and_tells_once(stage):
    scenes = said(stage)["scenes"]
    for _ in range(2):
        stage.locator(".stage-slider.first .stage-speed").click()
    first = int(state(stage)["frame"])
    stage.locator(".stage-slider.first .stage-play").click()
    stage.wait_for_selector(".stage[data-beta-index='32']")
    await_said(stage, index=32, scenes=scenes + 1)
    assert int(state(stage)["frame"]) >= first + 20


def test_colours_follow_the_theme_without_a_run(stage):
    runs = said(stage)["scenes"]
    fill = "document.querySelector(\"g[data-name='kept, relevant'] rect\").getAttribute('fill')"
    assert stage.evaluate(fill) == "#1b4f9c"
    stage.emulate_media(color_scheme="dark")
    stage.wait_for_function(f"() => {fill} === '#6ea3f2'")
    stage.wait_for_function("() => document.querySelector('.stage-plotly')._fullLayout.font.color !== '#31333f'")
    assert said(stage)["scenes"] == runs


def test_a_figure_is_taken_away_as_it_stands(stage):
    from PIL import Image

    stage.locator(SLIDER).press("End")
    await_said(stage, index=32)
    svg = take(stage, "Information plane", "svg").decode()
    assert "<metadata>run 0123456789ab" in svg and "I(X;Z), bits" in svg and "Compression strength β 1" in svg
    assert made.LOST in svg.lower() or "rgb(209, 73, 26)" in svg
    picture = Image.open(io.BytesIO(take(stage, "Kept and discarded", "png")))
    assert picture.size[0] == 2100 and round(picture.info["dpi"][0]) == 300
    lines = take(stage, "Kept and discarded", "csv").decode().splitlines()
    assert lines[0].startswith("# run 0123456789ab")
    cells = [line.split(",") for line in lines[2:] if line.startswith("share kept")]
    np.testing.assert_allclose([float(cell[2]) for cell in cells], made.factor_numbers()[32], atol=1e-6)
    codes = [line.split(",") for line in take(stage, "Code map", "csv").decode().splitlines()[2:]]
    want = made.codes(made.STEPS - 3)[32]
    np.testing.assert_allclose([[float(x), float(y)] for _, _, x, y, *_ in codes], want, atol=3e-4)


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_nothing_overflows(stage, width):
    stage.set_viewport_size({"width": width, "height": 900})
    stage.wait_for_function(
        """() => document.querySelector(".stage").stage.views.every(
          view => view.plotly._fullLayout.width === view.plot.clientWidth)"""
    )
    over = stage.evaluate(
        """() => [...document.querySelectorAll(".stage, .stage *")].filter(each => {
          const box = each.getBoundingClientRect();
          return box.width > 0 && box.right > innerWidth + 1 && !each.closest("svg");
        }).map(each => each.className)"""
    )
    assert over == []
