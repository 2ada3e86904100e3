"""Pointing, zooming, fetching, new content: what a hand or Python does to a stage, in a real Chromium."""

import base64
import csv
import io
from xml.etree import ElementTree

import numpy as np
import pytest
import stage_harness as made
from PIL import Image
from stage_reading import SLIDER, assert_map, await_said, lonely, point_of, said, take, zoomed

pytestmark = pytest.mark.browser


def test_pointing_at_an_item_turns_everything_to_it(stage):
    item = lonely(12, made.STEPS - 3)
    stage.mouse.move(*point_of(stage, "Code map", item))
    await_said(stage, item=item)
    assert f"item {item}" in stage.locator(".stage-note").inner_text()
    ring = stage.locator("section[aria-label='Code map'] .stage-ring")
    assert ring.get_attribute("display") is None
    kept, _ = made.faded(made.pictures()[item])
    stage.wait_for_function(
        """want => {
          const brush = document.querySelectorAll("canvas.first")[1].getContext("2d");
          return want.every((value, i) => brush.getImageData(i % 8, i >> 3, 1, 1).data[0] === value);
        }""",
        arg=kept[12].ravel().tolist(),
    )


def test_a_click_pins_an_item_and_another_one_does_not_take_its_place(stage):
    item = lonely(12, made.STEPS - 3)
    stage.mouse.click(*point_of(stage, "Code map", item))
    await_said(stage, item=item, pinned=True)
    other = next(i for i in (40, 55, 70) if i != item)
    stage.mouse.move(*point_of(stage, "Code map", other))
    stage.wait_for_timeout(300)
    assert said(stage)["item"] == item


def test_pointing_at_a_mark_previews_its_frame_until_the_pointer_leaves(stage):
    scenes = said(stage)["scenes"]
    stage.mouse.move(*point_of(stage, "Information plane", 30))
    stage.wait_for_selector(".stage[data-beta-index='30']")
    assert stage.locator(".stage-headline dd").first.text_content() == made.headline(made.STEPS - 3, 30)[0][0]
    stage.mouse.move(5, 5)
    stage.wait_for_selector(".stage[data-beta-index='12']")
    assert said(stage)["scenes"] == scenes


def test_a_step_that_is_not_here_is_fetched_once_and_drawn(stage):
    stage.locator(".stage-slider.second input").press("Home")
    stage.wait_for_selector(".stage[data-step-index='0']")
    assert stage.locator(".stage-fetching").is_visible()
    stage.wait_for_selector(".stage-fetching", state="hidden")
    assert_map(stage, 12, 0)


def test_zoom_place_and_node_outlive_releases_and_new_content(stage):
    box = stage.locator("section[aria-label='Code map'] .stage-plot").bounding_box()
    stage.mouse.move(box["x"] + 110, box["y"] + 90)
    stage.mouse.down()
    stage.mouse.move(box["x"] + 240, box["y"] + 210, steps=5)
    stage.mouse.up()
    before = zoomed(stage)
    assert before[1] < 2.9
    node = stage.evaluate_handle("document.querySelector(\"section[aria-label='Code map'] .stage-plotly\")")
    stage.locator(SLIDER).press("ArrowRight")
    await_said(stage, index=13)
    stage.get_by_role("button", name="Grow").click()
    await_said(stage, index=13, runs=2, step=4)  # the last step stays the last
    stage.wait_for_selector(".stage[data-step-index='4'][data-beta-index='13']")
    stage.wait_for_timeout(400)
    assert zoomed(stage) == before
    assert stage.evaluate("node => node.isConnected", node)


def test_python_moves_the_sliders_by_a_revision_and_another_identity_begins_anew(stage):
    stage.locator(SLIDER).press("End")
    await_said(stage, index=32)
    stage.get_by_role("button", name="Move").click()
    stage.wait_for_selector(".stage[data-beta-index='3']")
    await_said(stage, index=3)
    stage.get_by_role("button", name="Other").click()
    stage.wait_for_selector(".stage[data-beta-index='20']")
    await_said(stage, index=20)


def test_leaving_and_coming_back_leaves_nothing_behind(stage):
    for _ in range(2):
        stage.get_by_role("button", name="Leave").click()
        stage.wait_for_selector(".stage", state="detached")
        stage.get_by_role("button", name="Leave").click()
        stage.wait_for_selector(".stage.ready")
    assert stage.locator(".stage").count() == 1
    assert stage.locator(".js-plotly-plot").count() == 3


def test_the_pictures_are_taken_away_as_they_stand(stage):
    stage.locator(SLIDER).press("End")
    await_said(stage, index=32)
    item = lonely(32, made.STEPS - 3)
    stage.mouse.move(*point_of(stage, "Code map", item))
    stage.wait_for_function(f"() => document.querySelector('.stage').stage.parts.has('item {item}')")
    lines = take(stage, "Pictures", "csv").decode().splitlines()
    assert lines[0].startswith("# run 0123456789ab") and "Compression strength β 1 · Training epoch 80" in lines[0]
    found = list(csv.DictReader(lines[1:]))
    original = made.pictures()[[item, *(np.arange(8) * 7 + 1)]]
    kept, lost = made.faded(original)
    for name, want in (("original", original), ("kept", kept[32]), ("discarded", lost[32] - 128.0)):
        rows = [row for row in found if row["row"] == name]
        assert [int(row["item"]) for row in rows[::64]] == [item, *(np.arange(8) * 7 + 1)]
        assert [int(row["value"]) for row in rows] == np.maximum(np.asarray(want, int), -127).ravel().tolist()
        assert [int(row["x"]) for row in rows[:9]] == [*range(8), 0]
    svg = ElementTree.fromstring(take(stage, "Pictures", "svg"))
    assert svg.find("{*}metadata").text == lines[0][2:]
    words = " ".join(each.text for each in svg.iter("{http://www.w3.org/2000/svg}text"))
    assert "Made up and faded" in words and "original" in words and "run 0123456789ab" in words
    drawn = list(svg.iter("{http://www.w3.org/2000/svg}image"))
    assert len(drawn) == 27 and all("pixelated" in each.get("style") for each in drawn)
    small = Image.open(io.BytesIO(base64.b64decode(drawn[9].get("href").split(",")[1])))
    assert np.array_equal(np.asarray(small)[..., 0], kept[32, 0])
    picture = Image.open(io.BytesIO(take(stage, "Pictures", "png")))
    assert picture.size[0] == 2100 and round(picture.info["dpi"][0]) == 300
    assert picture.getpixel((3, 3))[:3] == (255, 255, 255)


@pytest.mark.parametrize("width", [390, 760, 1440])
def test_the_menu_of_the_pictures_covers_none_of_them(stage, width):
    stage.set_viewport_size({"width": width, "height": 900})
    stage.locator(".stage-pictures .stage-take").click()
    covered = stage.evaluate(
        """() => {
          const box = (each) => each.getBoundingClientRect();
          const menu = [...document.querySelectorAll(".stage-pictures :is(.stage-take, .stage-choices)")].map(box);
          return [...document.querySelectorAll(".stage-pictures canvas")].map(box).filter((a) =>
            menu.some((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)).length;
        }"""
    )
    assert covered == 0


def test_furniture_is_not_among_the_numbers(stage):
    names = {line.split(",")[0] for line in take(stage, "Information plane", "csv").decode().splitlines()[2:]}
    assert "marks" in names and "ceiling" not in names
