"""The Latent-space page in a real Chromium: choosing by hand, squeezing what is chosen, turning, going along."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from distill import store
from distill.measures.codes import sampled_codes

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
EXAMPLE = "2430f1a2ad29"
STAGE = "document.querySelector('.st-key-latent-stage .stage').stage"
SLIDER = ".st-key-latent-stage .stage-slider.first input"
MAP = "section[aria-label='Latent map'] .stage-plot"


@pytest.fixture(scope="session")
def app(serve, tmp_path_factory):
    return serve(ROOT / "app.py", {"DISTILL_NO_WORKER": "1", "DISTILL_STORE": str(tmp_path_factory.mktemp("empty"))})


@pytest.fixture
def latent(browser, app):
    """The page on the digits example; it fails on errors of the page."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{app}/latent_space?run={EXAMPLE}&beta=0.001")
    page.wait_for_selector(".st-key-latent-stage .stage.ready")
    yield page
    context.close()
    assert not faults


def places(page):
    """item → its place in the window, of the items that the map draws."""
    found = page.evaluate(f"""() => {{
      const view = {STAGE}.views[0], box = view.plot.getBoundingClientRect();
      return [...view.points()].map((each) => [each.id, box.left + each.px, box.top + each.py]);
    }}""")
    return {int(item): np.array(place) for item, *place in found}


def chosen(page):
    return set(page.evaluate(f"[...({STAGE}.chosen ?? [])]"))


def tool(page, name):
    page.locator("section[aria-label='Latent map']").get_by_role("button", name=name, exact=True).click()


def around(page, middle, radius):
    """Draws a circle with the mouse."""
    page.mouse.move(middle[0] + radius, middle[1])
    page.mouse.down()
    for k in range(1, 33):
        page.mouse.move(middle[0] + radius * math.cos(k * 0.2), middle[1] + radius * math.sin(k * 0.2))
    page.mouse.up()


def pale(page, item):
    """The strongest opacity of the canvas within 4 px of an item."""
    return page.evaluate(
        f"""(item) => {{
          const view = {STAGE}.views[0], point = view.find(item), ratio = view.ratio;
          const box = [point.px - 4, point.py - 4, 8, 8].map((each) => Math.round(each * ratio));
          const data = view.brush.getImageData(...box).data;
          let most = 0;
          for (let i = 3; i < data.length; i += 4) most = Math.max(most, data[i]);
          return most;
        }}""",
        item,
    )


def test_a_lasso_chooses_what_it_surrounds_and_it_stays_chosen_while_beta_moves(latent):
    tool(latent, "Lasso")
    where = places(latent)
    labels = store.open_run(ROOT / "assets/examples" / EXAMPLE).label.values
    middle = np.median([where[item] for item in where if labels[item] == 6], axis=0)
    around(latent, middle, 40)
    wanted = {item for item, place in where.items() if np.hypot(*(place - middle)) < 38}
    edge = {item for item, place in where.items() if 38 <= np.hypot(*(place - middle)) <= 41}
    assert wanted and wanted <= chosen(latent) <= wanted | edge
    before = chosen(latent)
    latent.wait_for_selector(f"text={len(before)} of 450 items chosen")
    latent.locator(SLIDER).press("End")
    latent.wait_for_selector(".stage[data-beta-index='32']")
    assert chosen(latent) == before and "item=" not in latent.url
    moved = places(latent)
    spread = [np.std([each[item] for item in before], axis=0).max() for each in (where, moved)]
    assert spread[1] > 3 * spread[0]  # squeezed to almost nothing, the group has dispersed
    far = {item: min(np.hypot(*(moved[item] - place)) for k, place in moved.items() if k != item) for item in moved}
    one = max(before, key=far.get)
    other = max(set(far) - before, key=far.get)
    assert pale(latent, one) > 150 > 60 > pale(latent, other)


def test_a_box_and_the_legend_choose_and_escape_takes_it_back(latent):
    tool(latent, "Box")
    where = places(latent)
    low, high = np.quantile(np.array(list(where.values())), [0.3, 0.7], axis=0).round()
    latent.mouse.move(*low)
    latent.mouse.down()
    latent.mouse.move(*high, steps=5)
    latent.mouse.up()
    inside = [{k for k, at in where.items() if (low + d < at).all() and (at < high - d).all()} for d in (1, -1)]
    assert inside[0] and inside[0] <= chosen(latent) <= inside[1]
    latent.get_by_role("button", name="7", exact=True).click()
    labels = store.open_run(ROOT / "assets/examples" / EXAMPLE).label.values
    assert chosen(latent) == set(np.flatnonzero(labels == 7).tolist())
    latent.keyboard.press("Escape")
    assert chosen(latent) == set()
    latent.wait_for_selector("text=Take Box or Lasso")


def test_zoom_is_as_before_and_a_lasso_does_not_zoom(latent):
    ranges = f"{STAGE}.views[0].plotly._fullLayout.xaxis.range"
    before = latent.evaluate(ranges)
    tool(latent, "Lasso")
    box = latent.locator(MAP).bounding_box()
    around(latent, (box["x"] + 300, box["y"] + 150), 60)
    assert latent.evaluate(ranges) == before
    tool(latent, "Zoom")
    latent.mouse.move(box["x"] + 200, box["y"] + 60)
    latent.mouse.down()
    latent.mouse.move(box["x"] + 500, box["y"] + 260, steps=5)
    latent.mouse.up()
    latent.wait_for_function(f"{ranges}[1] < {before[1]} - 0.1")


def test_a_drag_or_the_arrow_keys_turn_the_map_of_three_dimensions(latent):
    latent.get_by_role("button", name="5", exact=True).click()
    group = chosen(latent)
    latent.get_by_text("3-D", exact=True).click()
    latent.wait_for_function(f"() => {STAGE}?.views[0].spec.seen && {STAGE}.root.classList.contains('ready')")
    assert chosen(latent) == group and re.search(r"dims=3", latent.url)
    yaw, pitch = latent.evaluate(f"{STAGE}.views[0].angle")
    box, before = latent.locator(MAP).bounding_box(), places(latent)
    latent.mouse.move(box["x"] + 300, box["y"] + 200)
    latent.mouse.down()
    latent.mouse.move(box["x"] + 350, box["y"] + 180, steps=5)
    latent.mouse.up()
    latent.wait_for_timeout(100)
    assert latent.evaluate(f"{STAGE}.views[0].angle") == pytest.approx([yaw + 0.4, pitch - 0.16])
    frames = latent.evaluate("+document.querySelector('.st-key-latent-stage .stage').dataset.frame")
    latent.locator(MAP).press("ArrowLeft")
    latent.wait_for_function(f"+document.querySelector('.st-key-latent-stage .stage').dataset.frame > {frames}")
    assert latent.evaluate(f"{STAGE}.views[0].angle")[0] == pytest.approx(yaw + 0.28)
    after = places(latent)
    assert set(before) == set(after) and max(np.hypot(*(after[item] - before[item])) for item in after) > 10
    marks = f"{STAGE}.views[0].marks.filter((each) => each.depth && each.trace.customdata)"
    norms = latent.evaluate(f"{marks}.flatMap((each) => [...each.depth])")
    assert len(norms) == 450 and max(map(abs, norms)) <= 1.0001
    latent.locator(SLIDER).press("Home")
    latent.wait_for_selector(".stage[data-beta-index='0']")
    assert latent.evaluate(f"{STAGE}.views[0].angle")[0] == pytest.approx(yaw + 0.28)


def test_a_click_on_a_rate_goes_along_that_dimension(latent):
    latent.wait_for_selector("section[aria-label='Rate of each dimension'] .stands")
    box = latent.locator("section[aria-label='Rate of each dimension'] .stage-plot").bounding_box()
    numbers = latent.evaluate(f"{STAGE}.views[1].marks[0].trace.customdata")
    place = latent.evaluate(f"(() => {{ const view = {STAGE}.views[1]; return view.place.scales.x.at(5); }})()")
    latent.mouse.click(box["x"] + place, box["y"] + 60)
    latent.wait_for_url(re.compile(rf"dimension={numbers[5]}\b"))


def test_the_chosen_are_downloaded_with_their_codes(latent):
    latent.get_by_role("button", name="1", exact=True).click()
    with latent.expect_download() as download:
        latent.get_by_role("button", name="CSV of the chosen").click()
    lines = Path(download.value.path()).read_text().splitlines()
    run = store.open_run(ROOT / "assets/examples" / EXAMPLE).load()
    ones = np.flatnonzero(run.label.values == 1)
    assert [int(line.split(",")[0]) for line in lines[2:]] == run.point.values[ones].tolist()
    beta = int(np.argmin(np.abs(np.log(np.maximum(run.beta.values, 1e-9)) - np.log(0.001))))
    first = [float(value) for value in lines[2].split(",")[-run.sizes["latent"] :]]
    assert first == pytest.approx(sampled_codes(run)[beta, ones[0]], rel=1e-4)


def test_the_page_fits_a_telephone(browser, app):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{app}/latent_space?run={EXAMPLE}")
    page.wait_for_selector(".st-key-latent-stage .stage.ready")
    assert page.evaluate("document.documentElement.scrollWidth") <= 392
    page.close()
