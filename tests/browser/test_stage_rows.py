"""Rows of a stage in a real Chromium: maps of amounts, banks of pictures, lines and words follow the slider."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import rows_harness as made
from stage_reading import take

from distill.palette import AMOUNT_RAMP, DARK

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(serve):
    return serve(Path(made.__file__))


@pytest.fixture(params=["light", "dark"])
def stage(request, browser, address):
    page = browser.new_page(viewport={"width": 1300, "height": 1000}, color_scheme=request.param)
    page.goto(address)
    page.wait_for_selector(".stage.ready", timeout=60_000)
    page.dark = request.param == "dark"
    yield page
    page.close()


def ramp(stage):
    """The 256 colours, computed as the palette says: from the page's ground along the stops."""
    ground = stage.evaluate("() => document.querySelector('.stage').stage.theme.background")
    stops = np.array(
        [
            [int(each[i : i + 2], 16) for i in (1, 3, 5)]
            for each in (ground, *(DARK[each] if stage.dark else each for each in AMOUNT_RAMP))
        ]
    )
    place = np.linspace(0, len(stops) - 1, 256)
    return np.stack([np.interp(place, np.arange(len(stops)), channel) for channel in stops.T], axis=-1)


def to(stage, frame):
    stage.locator(".stage-track input").first.evaluate(
        "(at, value) => { at.value = value; at.dispatchEvent(new Event('input', { bubbles: true })); }", str(frame)
    )
    stage.wait_for_selector(f".stage[data-beta-index='{frame}']")


def painted(stage, row):
    """The colours of a row's canvas, (h, w, 3)."""
    data, width = stage.locator(".stage-strip canvas").nth(row).evaluate(
        "at => [[...at.getContext('2d').getImageData(0, 0, at.width, at.height).data], at.width]"
    )  # fmt: skip
    return np.array(data).reshape(-1, width, 4)[..., :3]


@pytest.mark.parametrize("frame", [0, 2, 4])
def test_a_map_has_the_colours_of_its_amounts_at_every_place_of_the_slider(stage, frame):
    to(stage, frame)
    wanted = ramp(stage)[made.AMOUNT.levels(made.amounts()[frame])]
    np.testing.assert_allclose(painted(stage, 2), wanted, atol=1.01)


def test_a_bank_shows_the_pictures_that_its_places_say(stage):
    for frame in (0, 3):
        to(stage, frame)
        row = painted(stage, 1)
        first, second = made.places()[frame]
        assert (row[:, :4, 0] == made.bank()[first]).all()
        assert (row[:, 5:9, 0] == made.bank()[second]).all()


def test_words_and_lines_follow(stage):
    to(stage, 1)
    lines = stage.locator(".stage-lines li").all_text_contents()
    assert lines == [made.TEXTS[place] for place in made.places()[1] % 3]
    found = stage.locator(".stage-shaded span:not(.stage-bar span)").all()
    colours = [re.findall(r"\d+", each.evaluate("at => at.style.background"))[:3] for each in found]
    levels = made.AMOUNT.levels(made.words()[1])
    shown = [levels[s, w] for s, words in enumerate(made.SENTENCES) for w in range(len(words))]
    np.testing.assert_allclose(np.array(colours, float), ramp(stage)[shown], atol=1.01)


def test_what_is_pointed_at_says_its_amount(stage):
    to(stage, 0)
    box = stage.locator(".stage-large canvas").bounding_box()
    stage.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.1)
    note = stage.locator(".stage-note")
    bits = made.amounts()[0, 0, 3]
    assert bits > 1.9
    assert note.inner_text() == "row 1, column 4: at least 2.00 bits"
    stage.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.9)
    said = float(note.inner_text().split()[-2])
    assert said == pytest.approx(made.amounts()[0, 3, 0], abs=0.01)
    assert stage.locator(".stage-large .stage-bar").inner_text().split() == ["0", "0.5", "2", "bits", "or", "more"]


def test_a_click_on_a_picture_chooses_its_item_and_outlines_it(stage):
    outlined = "() => [...document.querySelectorAll('.stage-chosen')].map(at => at.hidden ? null : at.style.left)"
    assert stage.evaluate(outlined)[:2] == [f"{100 * 5 / 14:.4f}%", None]  # item 9, the second of three
    to(stage, 0)
    box = stage.locator(".stage-strip canvas").nth(1).bounding_box()
    stage.mouse.click(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)  # the second of the bank: item 7
    stage.wait_for_function("() => JSON.parse(document.querySelector('#said').textContent).item === 7")
    stage.wait_for_function(f"() => ({outlined})()[0] === '0%' && ({outlined})()[1] !== null")
    assert json.loads(stage.locator("#said").text_content())["index"] == 0


def test_a_file_has_room_for_the_names_of_rows_and_an_outline_round_each_picture(stage):
    svg = ElementTree.fromstring(take(stage, "Pictures", "svg"))
    (words,) = [each for each in svg.iterfind(".//{*}text") if each.text == made.NAME]
    pictures = [{key: float(each.get(key)) for key in ("x", "y", "width")} for each in svg.iterfind(".//{*}image")]
    assert min(each["x"] for each in pictures) > float(words.get("x")) + 5.5 * len(made.NAME)  # px a letter, at least
    assert max(each["x"] + each["width"] for each in pictures) <= 672
    outlines = [each for each in svg.iterfind(".//{*}rect") if each.get("fill") == "none"]
    placed = [(float(each.get("x")) + 0.25, float(each.get("y")) + 0.25) for each in outlines]
    np.testing.assert_allclose(placed, [(each["x"], each["y"]) for each in pictures], atol=0.011)
