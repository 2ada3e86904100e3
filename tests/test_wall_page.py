"""The Shannon wall page without a browser: what it shows first, its sources, its sentences, its link, what it sends."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import visiting
from conftest import WALL
from test_figures_wall import COUNTS, made
from visiting import of, texts

from distill import jobs, sources, store
from distill.config import SweepConfig
from distill.figures import knowledge
from distill.sources import file
from distill.ui import wall, wall_bits_content, wall_knowledge_content, wall_running, wall_settings
from distill.ui.envelope import pack
from distill.wall_config import WallConfig

MOST = 150_000  # bytes of a stage at mount
opened = partial(visiting.opened, "pages/6_shannon_wall.py")
STAGES = (wall_bits_content.bits_stage, wall_knowledge_content.knowledge_stage)
every_stage = pytest.mark.parametrize("build", STAGES, ids=lambda each: each.__name__)


@pytest.fixture
def there(home):
    """A store with a run of made-up coders under the id of WALL."""
    path, run = store.place_of(WALL), made()
    run.attrs |= {"id": WALL.id, "config": WALL.to_json()}
    store.create(path, run.isel(step=[0]))
    for place in (1, 2):
        store.append(path, run.isel(step=[place])[["network_bits", "training_bits", "seconds"]])
    assert store.summary(path).complete
    return path


def button(app, key):
    return next((each for each in app.button if each.key == key), None)


# --- a run of the wall


def test_a_run_is_shown_with_its_answer_and_what_is_sent(there):
    app = opened(wall=WALL.id)
    assert not app.exception and app.query_params["wall"] in (WALL.id, [WALL.id])
    said = texts(app)
    assert "128 bits a picture as it lies there, a byte a pixel." in said
    assert (
        "not trained the best needs 100 (order-1)" in said and "needs 60.0, and 64.0 more for its own weights" in said
    )
    assert "the label alone would take 3.30" in said and "What is sent: 4 × 4 pixels, 4 greys" in said
    assert button(app, "wall-train") is not None


def test_what_is_known_of_the_limit_is_said_as_it_is():
    """100 bits over 16 symbols are 6.25 each; below an entropy rate one gets by luck alone."""
    above = "rate is 96.0: what comes nearest is 4.2 % above it."
    assert above in wall_bits_content.verdict(made(network=110.0, rate=6.0))
    lucky = wall_bits_content.verdict(made(network=110.0, rate=6.3))
    assert "rate is 101: the best is 0.8 % below it, by the luck of these 500 pictures." in lucky


def test_a_source_that_leaves_nothing_to_learn_from_says_so_in_the_numbers():
    run = made().isel(method=slice(0, 3)).drop_vars(["network_bits", "training_bits"])
    run.attrs["network_note"] = "No network: this source has no training part."
    assert [cell[2] for cell in wall_bits_content.headline(run)[-1][1:3]] == [run.attrs["network_note"]] * 2


def test_the_price_of_knowledge_is_said_and_what_was_published_apart(there):
    app = opened(wall=WALL.id, part="knowledge")
    assert not app.exception
    assert "After 800 pictures the network has paid for itself" in texts(app)
    assert "4 times slower" in texts(app)  # 8,000 bytes read in 8 s against 2 s
    assert "Published, not measured here" in texts(app) and "Delétang et al. 2024" in texts(app)


def test_the_place_of_the_slider_is_a_number_of_items(there):
    app = opened(wall=WALL.id, at="52")
    assert not app.exception and app.query_params["at"] in ("50", ["50"])
    app = opened(wall=WALL.id)
    assert "at" not in app.query_params  # all of them is not said


def test_parts_share_the_run(there):
    app = opened(wall=WALL.id)
    parts = of(app.get("button_group"), "wall-part")
    assert parts.options == [*wall.PARTS.values()]
    parts.set_value("knowledge").run()
    assert not app.exception and "has paid for itself" in texts(app)
    assert [app.query_params[name] for name in ("wall", "part")] in ([WALL.id, "knowledge"], [[WALL.id], ["knowledge"]])


# --- training


def test_a_source_without_a_run_is_a_sentence_and_a_button(home):
    wanted = WallConfig(source="markov", steps=77)
    app = opened()
    of(app.selectbox, "wall-source").set_value("markov").run()
    of(app.number_input, "wall-steps").set_value(77).run()
    assert not app.exception
    assert "Nothing has been measured of this source yet" in texts(app) and "wall" not in app.query_params
    button(app, "wall-train").click().run()
    assert not app.exception and [job.config for job in jobs.queue().jobs()] == [wanted]
    assert app.query_params["wall"] in (wanted.id, [wanted.id])
    assert "The first numbers are on their way" in texts(app)
    button(app, "wall-pause").click().run()
    assert {job.status for job in jobs.queue().jobs()} == {"paused"} and button(app, "wall-pause").label == "Resume"
    button(app, "wall-stop").click().run()
    assert {job.status for job in jobs.queue().jobs()} == {"stopped"} and button(app, "wall-train") is not None


def test_sliders_say_the_source_and_its_entropy(home):
    app = opened()
    of(app.selectbox, "wall-source").set_value("markov").run()
    assert any("0.832 bits a symbol" in each.value for each in app.caption)
    of(app.slider, "wall-states").set_value(2).run()
    of(app.slider, "wall-stay").set_value(0.5).run()
    assert not app.exception and any("1.000 bits a symbol" in each.value for each in app.caption)
    button(app, "wall-train").click().run()
    assert jobs.queue().jobs()[0].config == WallConfig(source="markov", source_options={"states": 2, "stay": 0.5})


def test_a_probability_that_is_set_stays_and_the_others_make_room(home):
    app = opened()
    of(app.selectbox, "wall-source").set_value("independent").run()
    assert any("1.319 bits a symbol" in each.value for each in app.caption)  # H(.7, .15, .1, .05)
    of(app.slider, "wall-p0").set_value(10).run()
    button(app, "wall-train").click().run()
    asked = jobs.queue().jobs()[0].config.source_options["probabilities"]
    assert asked == [0.1, 0.45, 0.3, 0.15]  # .15, .1 and .05 are three times what they were, as .9 is of .3
    entropy = sources.load("independent", {"probabilities": asked, "count": 100}).entropy_rate
    assert entropy == pytest.approx(1.7822, abs=1e-3)
    assert [each.value for each in app.slider if "wall-p" in each.key] == [10, 45, 30, 15]


def test_one_probability_is_kept_to_the_percent_and_all_sum_to_one():
    """.7, .15 and .1 shrink to .5 in all, each by .5 / .95: 36.84, 7.89 and 5.26 percent."""
    given = wall_settings.with_one_set((0.7, 0.15, 0.1, 0.05), 3, 0.5)
    assert given == [0.3684, 0.0790, 0.0526, 0.5]  # the largest remainder, 789.47, is rounded up
    assert wall_settings.apportioned(given, 100) == [37, 8, 5, 50]
    for value in range(101):
        p = wall_settings.with_one_set(given, 1, value / 100)
        shown = wall_settings.apportioned(p, 100)
        assert round(10_000 * sum(p)) == 10_000 and math.fsum(p) == pytest.approx(1, abs=1e-15)
        assert p[1] == value / 100 and shown[1] == value and sum(shown) == 100
    assert wall_settings.with_one_set((1.0, 0.0, 0.0), 0, 0.4) == [0.4, 0.3, 0.3]  # nothing to scale: alike


def test_a_file_too_short_for_a_network_is_promised_none(home):
    short, long = (file.bring(bytes(range(250)) * n, f"{n}.bin") for n in (79, 80))
    said = [wall_running.what_it_does(WallConfig(source="file", source_options={"file": id})) for id in (short, long)]
    assert "fewer than 20,000 bytes is too short" in said[0] and "then a small network" not in said[0]
    assert "then a small network learns the source" in said[1]


def test_one_item_is_not_several():
    run = made().isel(count=[0])
    run.attrs |= {"items": 1, "item": "byte"}
    assert wall_knowledge_content._speed_in_words(run).startswith("The one byte, one call")
    assert ": 1 byte of" in wall_bits_content.caption(run)
    assert "only 1 byte was sent, and" in knowledge.price_in_words(run)


def test_a_cut_bar_is_said_to_be_cut():
    """After one picture the weights are 32,000 bits of a picture's 128; one byte of them fits, as all else does."""
    assert wall_bits_content.CUT_WORDS in wall_bits_content.bars_in_words(made())
    assert wall_bits_content.CUT_WORDS in wall_knowledge_content._bars_in_words(made())
    whole = made(1.0).isel(count=slice(2, None))
    assert wall_bits_content.CUT_WORDS not in wall_bits_content.bars_in_words(whole)
    assert wall_bits_content.CUT_WORDS not in wall_knowledge_content._bars_in_words(whole)


def test_a_run_cut_short_goes_on(home, there):
    store.delete(there)
    run = made()
    run.attrs |= {"id": WALL.id, "config": WALL.to_json()}
    store.create(there, run.isel(step=[0]))
    app = opened(wall=WALL.id)
    assert not app.exception and "cut short at step 0 of 100" in texts(app)
    button(app, "wall-train").click().run()
    assert [job.id for job in jobs.queue().jobs()] == [WALL.id]


def test_another_process_is_followed_and_not_joined(there):
    with store.lock(there):
        store.write_status(there, status="running")
        app = opened(wall=WALL.id)
        assert not app.exception and "Another process is training this run" in texts(app)
        assert button(app, "wall-elsewhere").disabled


def test_a_failed_training_is_one_sentence(there):
    jobs.queue().submit(WALL, anew=True).end("failed", "the disk is full")
    app = opened(wall=WALL.id)
    assert not app.exception and "The disk is full" in texts(app)


# --- addresses, files, other parts


@pytest.mark.parametrize(
    ("link", "sentence"),
    [("000000000000", "there is no run &#x27;000000000000&#x27;"), ("../../etc", "a run id is twelve digits")],
)
def test_a_wrong_link_is_a_sentence(home, link, sentence):
    app = opened(wall=link)
    assert not app.exception and sentence in texts(app).lower()


def test_a_sweep_is_told_from_a_run_of_the_wall(home):
    app = opened(wall=SweepConfig().id)
    assert not app.exception and "measures no coders of a source; it opens on the page" in texts(app)


def test_a_file_of_ones_own_is_sent(home):
    id = file.bring(b"to be or not to be, " * 2000, "speech.txt")
    app = opened()
    of(app.selectbox, "wall-source").set_value("own").run()
    assert not app.exception and of(app.selectbox, "wall-source").value == "digits"  # until the file is used
    assert any("first half is for the network" in each.value for each in app.caption)
    button(app, "own-wall-use").click().run()
    assert not app.exception and of(app.selectbox, "wall-source").value == "file"
    assert "speech.txt" in of(app.selectbox, "wall-source").options
    button(app, "wall-train").click().run()
    assert jobs.queue().jobs()[0].config == WallConfig(
        source="file", source_options={"file": id}, **sources.defaults("file")
    )


@pytest.mark.parametrize("part", ["semantic", "retrieval"])
def test_the_parts_about_a_code_look_at_a_sweep(home, part):
    app = opened(part=part)
    assert not app.exception
    assert of(app.selectbox, "wall-run") is not None and of(app.selectbox, "wall-source") is None


# --- what is sent to the browser


@every_stage
def test_a_stage_has_a_place_for_every_number_sent_and_is_light(build, walled):
    for run in (made(), made(written=False), walled):
        content = build(run)
        assert len(content.slider.values) == run.sizes["count"] == len(content.headline or content.slider.values)
        packed = pack(content)
        assert len(packed.header) + len(packed.body) < MOST
    assert len(pack(build(walled)).body) > 0


def test_what_is_said_of_a_place_is_of_that_place():
    said = wall_bits_content.headline(made())
    for place, count in enumerate(COUNTS):
        free, left, counted, holes = said[place]
        assert (free[0], left[0]) == ("100 bits", "60.0 bits")
        assert counted[0] == f"{wall_bits_content.number(60 + 32_000 / count)} bits"
        assert holes[0] == "1 in 10^8"  # 28 bits saved: 2^-27
    run = made()
    run["bytes"][{"method": 1, "count": 0}] = 10.0  # 80 bits for the first picture: then it is the best of these
    first, second = (place[0] for place in wall_bits_content.headline(run)[:2])
    assert first[0] == "80.0 bits" and "slow coder" in first[1] and "order-1" in second[1]
    assert wall_bits_content.headline(made(written=False))[0][1][0] == "≈ 60.0 bits"


def test_a_source_that_leaves_nothing_to_learn_from_has_no_network():
    run = made().drop_vars(["network_bits", "training_bits"]).isel(method=slice(0, 3))
    run = run.assign_attrs(network_note="No network: this source has no training part.")
    assert len(wall_knowledge_content.knowledge_stage(run).views) == 3
    assert wall_knowledge_content.verdict(run) == "No network: this source has no training part."
    assert wall_bits_content.headline(run)[0][1][0] == "–"


def test_what_is_sent_is_shown_as_what_it_is():
    pictures = wall_bits_content.sent_html(made())
    assert "mask-image" in pictures and 'class="pictures"' in pictures
    letters = made().assign_attrs(shape="[]", item_symbols=1, item="letter", letters="abc ")
    assert ">abc abc " in wall_bits_content.sent_html(letters)
    text = made(alphabet=256).assign_attrs(shape="[]", item_symbols=1, item="byte")
    text["shown"] = (("first", "symbol"), np.frombuffer(b"<b>to be</b>", np.uint8)[None])
    assert "&lt;b&gt;to be" in wall_bits_content.sent_html(text)
    noise = made(alphabet=256).assign_attrs(shape="[]", item_symbols=1, item="byte")
    assert 'class="strip"' in wall_bits_content.sent_html(noise)


def test_the_same_run_is_packed_once_more_when_the_network_has_written():
    assert wall_running.version(made()) != wall_running.version(made(written=False))
    assert replace(WALL, steps=21).id != WALL.id
