"""The Explore page in a real Chromium, on a run that was really trained: what is on the screen is what the run says."""

import re

import numpy as np
import pytest
from app_reading import (
    FIRST,
    REGIONS,
    ROOT,
    SECOND,
    assert_map,
    assert_numbers,
    assert_painted,
    await_address,
    await_index,
    lonely,
    place,
    ready,
    sent,
    shown,
    train,
    written,
)

from distill import store
from distill.config import SweepConfig
from distill.measures.decoding import kept_levels

pytestmark = pytest.mark.browser
QUIET = 400  # ms in which a message that should not be sent would have been


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A store with one run of twelve βs."""
    folder = tmp_path_factory.mktemp("home")
    train(folder)
    return folder


@pytest.fixture(scope="module")
def run(home):
    return store.open_run(next(path for path in home.iterdir() if not path.name.startswith("."))).load()


@pytest.fixture(scope="module")
def fresh(serve, home):
    """fresh() → address of a new server with the same store and without a worker."""
    return lambda: serve(ROOT / "app.py", {"DISTILL_STORE": str(home), "DISTILL_NO_WORKER": "1"})


@pytest.fixture(scope="module")
def app(fresh):
    return fresh()


@pytest.fixture
def explored(page, app, run):
    """The page with the run on it, at rest; `page.messages` are those that it has sent."""
    page.messages = sent(page)
    ready(page, f"{app}/?run={run.attrs['id']}&beta={written(float(run.beta[5]))}")
    await_index(page, beta=5)
    return page


def assert_drawn(page):
    """All three views are visible, and each has marks in it."""
    for name in REGIONS:
        region = page.get_by_role("region", name=name)
        region.wait_for()
        region.locator(".stage-moving [data-point], .stage-moving [data-role=line]").first.wait_for(state="attached")
    assert all(np.isfinite(shown(page)["dot"]))


def test_a_first_visit_shows_an_example(page, app):
    ready(page, app)
    assert_drawn(page)
    found = shown(page)
    assert len(found["codes"]) > 100 and sum(found["bars"]) > 5 and len(found["factors"]) >= 4
    assert page.get_by_role("slider", name=re.compile("^Compression strength β")).count() == 1
    canvas = page.locator(".stage-pictures canvas.all").first
    assert canvas.evaluate("at => at.getContext('2d').getImageData(0, 0, at.width, at.height).data.some(v => v > 200)")

    for part in (*(f"section[aria-label='{name}']" for name in REGIONS), FIRST, SECOND, ".stage-headline"):
        box = page.locator(part).bounding_box()
        assert box["y"] > 0 and box["y"] + box["height"] <= 900, f"{part} is not seen without scrolling"


def test_the_example_has_its_umap_at_the_end_and_its_own_codes_at_every_kept_step(page, app):
    ready(page, app)
    await_address(page, run=SweepConfig().id)
    example, at = store.open_run(store.examples() / SweepConfig().id).load(), shown(page)
    assert_map(at, example, example.map_umap.isel(beta=at["beta"]))
    kept = [int(np.flatnonzero(example.step.values == step)[0]) for step in example.code_step.values]
    for place_of_code in (-2, -4):
        page.mouse.click(*place(page, SECOND, kept[place_of_code], example.sizes["step"]))
        await_index(page, step=kept[place_of_code])
        page.wait_for_selector(".stage-fetching", state="hidden")
        assert_map(shown(page), example, example.codes_2d.isel(code_step=place_of_code, beta=at["beta"]))


def test_the_runs_page_lists_the_run_and_leads_to_it(page, app, run):
    page.goto(f"{app}/runs")
    page.get_by_text(run.attrs["id"], exact=False).first.wait_for()
    page.locator(f".st-key-run-{run.attrs['id']} a").first.click()
    page.wait_for_selector(".stage.ready")
    await_address(page, run=run.attrs["id"])
    assert_drawn(page)


def test_ten_places_of_a_drag_equal_the_run(explored, run):
    page, before, frame = explored, len(explored.messages), 0
    page.mouse.move(*place(page, FIRST, 5, 12))
    page.mouse.down()
    for beta in (4, 0, 7, 11, 9, 10, 3, 1, 2, 8):
        page.mouse.move(*place(page, FIRST, beta, 12), steps=3)
        await_index(page, beta=beta)
        found = shown(page)
        assert found["beta"] == beta and found["frame"] > frame
        assert_numbers(found, run, beta)
        assert_map(found, run, run.codes_2d.isel(code_step=-1, beta=beta))
        assert_painted(page, run, beta)
        frame = found["frame"]
    assert len(page.messages) == before  # nothing ran while the thumb was held
    page.mouse.up()
    await_address(page, beta=written(float(run.beta[8])), run=run.attrs["id"])
    page.wait_for_timeout(QUIET)
    assert len(page.messages) == before + 1
    assert_numbers(shown(page), run, 8)


def test_keys_move_the_slider_and_the_address(explored, run):
    page, slider = explored, explored.get_by_role("slider", name="Compression strength β")
    for key, beta in (("End", 11), ("ArrowLeft", 10), ("ArrowRight", 11), ("Home", 0), ("ArrowRight", 1)):
        slider.press(key)
        await_index(page, beta=beta)
        assert_numbers(shown(page), run, beta)
    await_address(page, beta=written(float(run.beta[1])))


def test_the_play_button_moves_the_slider_to_its_end(explored, run):
    explored.locator(".stage-slider.first .stage-play").click()
    await_index(explored, beta=7)
    await_index(explored, beta=11)
    await_address(explored, beta=written(float(run.beta[11])))
    assert_numbers(shown(explored), run, 11)


def test_the_training_slider_shows_the_networks_of_that_step(explored, run):
    page, slider = explored, explored.locator(SECOND)
    kept = [int(np.flatnonzero(run.step.values == step)[0]) for step in run.code_step.values]
    slider.press("Home")
    await_address(page, step=str(int(run.step[0])))
    for step in range(run.sizes["step"] - 1):
        await_index(page, step=step)
        page.wait_for_selector(".stage-fetching", state="hidden")
        found = shown(page)
        assert_numbers(found, run, 5, step)
        if step in kept:
            assert_map(found, run, run.codes_2d.isel(code_step=kept.index(step), beta=5))
        slider.press("ArrowRight")
    page.wait_for_function("() => !new URLSearchParams(location.search).has('step')")  # the last step is not said


def test_pointing_at_an_item_turns_the_pictures_to_it(explored, run):
    page, item = explored, lonely(explored)
    page.mouse.move(*item["at"])
    for beta in (5, 9):
        kept = kept_levels(run, [item["id"]])[beta, 0]
        page.wait_for_function(
            """want => {
              const brush = document.querySelectorAll(".stage-pictures canvas.first")[1].getContext("2d");
              return want.every((value, i) => brush.getImageData(i % 8, i >> 3, 1, 1).data[0] === value);
            }""",
            arg=kept.ravel().tolist(),
        )
        for _ in range(4):
            page.locator(FIRST).press("ArrowRight")
    assert np.ptp(kept_levels(run, [item["id"]])[:, 0].astype(int), axis=0).max() > 20  # else the test says nothing


def test_back_and_forward_move_the_slider(explored, run):
    page = explored
    for key, beta in (("End", 11), ("Home", 0)):
        page.locator(FIRST).press(key)
        await_address(page, beta=written(float(run.beta[beta])))
    page.go_back()
    await_index(page, beta=11)
    await_address(page, beta=written(float(run.beta[11])))
    page.go_forward()
    await_index(page, beta=0)
    await_address(page, beta=written(float(run.beta[0])))


@pytest.mark.parametrize("first", ["/", "/runs"])
def test_a_link_shows_the_same_on_a_fresh_server(explored, fresh, run, first):
    page, step = explored, run.sizes["step"] - 3
    page.locator(SECOND).press("ArrowLeft")
    page.locator(SECOND).press("ArrowLeft")
    page.locator(FIRST).press("ArrowRight")
    await_address(page, step=str(int(run.step[step])), beta=written(float(run.beta[6])))
    page.wait_for_selector(".stage-fetching", state="hidden")
    before, link = shown(page), page.url.split("?")[1]
    page.goto(f"{fresh()}{first}?{link}")
    if first != "/":
        page.get_by_role("link", name="Explore", exact=True).click()
    page.wait_for_selector(".stage.ready")
    await_index(page, beta=6, step=step)
    page.wait_for_selector(".stage-fetching", state="hidden")
    after = shown(page)
    assert after["headline"] == before["headline"]
    for name in ("dot", "bars", "factors"):
        np.testing.assert_allclose(after[name], before[name], atol=1e-3)
    assert_numbers(after, run, 6, step)


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("data=mnst", "Unknown data set 'mnst'"),
        ("beta=-1", "β = -1"),
        ("beta=abc", "β = abc"),
        ("run=deadbeefdead", "deadbeefdead"),
        ("run=../../etc", "../../etc"),
    ],
)
def test_a_wrong_link_gets_one_sentence_and_the_example(page, app, link, words):
    ready(page, f"{app}/?{link}")
    said = page.locator("p.say")
    assert said.count() == 1 and words in said.inner_text() and said.inner_text().count("\n") == 0
    assert page.locator(".stException").count() == 0
    assert_drawn(page)


def test_the_theme_turns_without_a_rerun(explored):
    page, before = explored, len(explored.messages)
    fill = "document.querySelector(\"g[data-name='kept relevant'] rect\").getAttribute('fill')"
    assert page.evaluate(fill) == "#0b5cad"
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"() => {fill} === '#4d96e8'")
    ground = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    page.wait_for_function(f"() => {ground} === 'rgb(18, 21, 27)'")
    page.wait_for_timeout(QUIET)
    assert len(page.messages) == before


def test_a_narrow_page_has_one_column_and_nothing_beside_it(page, app, run):
    page.set_viewport_size({"width": 390, "height": 844})
    ready(page, f"{app}/?run={run.attrs['id']}")
    boxes = [page.get_by_role("region", name=name).bounding_box() for name in REGIONS]
    assert len({round(box["x"]) for box in boxes}) == 1 and all(box["x"] + box["width"] <= 390 for box in boxes)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    over = page.evaluate(
        """() => [...document.querySelectorAll(".stMain *")].filter(each => {
          const box = each.getBoundingClientRect();
          return box.width > 0 && box.height > 0 && box.right > innerWidth + 1 && !each.closest("svg");
        }).map(each => each.className)"""
    )
    assert over == []
