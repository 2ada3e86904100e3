"""The Compressed-models page without a browser: what it shows first, its controls, sentences, link and numbers."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import visiting
from test_figures_shrink import CONFIG, stand_in
from visiting import find, texts

from distill import jobs, store
from distill.config import SweepConfig
from distill.figures._shrunk import FAMILIES, kilobytes
from distill.shrink_config import ShrinkConfig
from distill.ui import compressed_content, compressed_settings
from distill.ui.envelope import pack

DEFAULT = ShrinkConfig()
PARTS = list(compressed_content.OF_PART)
opened = partial(visiting.opened, "pages/7_compressed_models.py")


def stored(config, run=None):
    """A run of known numbers where the page looks for that of `config`."""
    store.create(store.place_of(config), stand_in(config) if run is None else run)
    return store.place_of(config)


@pytest.fixture
def first(home):
    """The run that is shown when nothing else is chosen."""
    return stored(DEFAULT)


def button(app, key):
    return next(each for each in app.button if each.key == key)


def keys(app):
    return {each.key for each in app.button}


# --- the page


def test_the_default_network_is_shown_when_nothing_else_is_chosen(first):
    app = opened()
    assert not app.exception
    assert DEFAULT.id in app.query_params["shrink"]
    assert "at" not in app.query_params
    assert "Free down to 16 bits" in texts(app) and "5 networks are trained anew" in texts(app)
    assert "two different quantities" in texts(app)
    assert find(app.selectbox, "compressed").value == compressed_settings._key(DEFAULT)


@pytest.mark.parametrize("part", PARTS)
def test_every_part_can_be_opened_by_a_link_on_a_fresh_server(first, part):
    value = compressed_content.values_of(stand_in(DEFAULT), compressed_content.OF_PART[part])[2]
    app = opened(shrink=DEFAULT.id, part=part, at=f"{value:g}")
    assert not app.exception
    assert app.query_params["at"] in ([f"{value:g}"], f"{value:g}")
    assert "in the link" not in texts(app)


def test_a_value_that_no_slider_has_is_said(first):
    app = opened(shrink=DEFAULT.id, at="40")
    assert not app.exception
    assert "At = 40 in the link is beyond the slider, which goes from 16 bits to 2 bits" in texts(app)
    assert "It stands at 16 bits." in texts(app)
    app = opened(shrink=DEFAULT.id, part="sparsity", at="-1")
    assert not app.exception and "at = -1 in the link is no place of a slider" in texts(app).replace("At =", "at =")


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("000000000000", "There is no run &#x27;000000000000&#x27;"),
        ("../../etc", "a run id is twelve digits"),
        (SweepConfig().id, "has no compressed models; it opens on the page Explore"),
    ],
)
def test_a_wrong_link_is_a_sentence(first, link, sentence):
    app = opened(shrink=link)
    assert not app.exception and sentence.lower() in texts(app).lower()
    assert DEFAULT.id in app.query_params["shrink"]


def test_training_submits_what_the_controls_say(home):
    app = opened(shrink=stored(CONFIG).name)
    find(app.number_input, "compressed").set_value(4).run()  # of networks
    assert not app.exception and "shrink" not in app.query_params
    assert "has not been made smaller yet. Press Train. 4 networks are trained anew" in texts(app)
    button(app, "compressed-train").click().run()
    assert [job.config for job in jobs.queue().jobs()] == [replace(CONFIG, seeds=4)]
    assert not app.exception and "The first numbers are on their way" in texts(app)
    assert keys(app) >= {"compressed-pause", "compressed-stop"}
    button(app, "compressed-pause").click().run()
    assert {job.status for job in jobs.queue().jobs()} == {"paused"}
    assert button(app, "compressed-pause").label == "Resume"
    button(app, "compressed-stop").click().run()
    assert {job.status for job in jobs.queue().jobs()} == {"stopped"} and "compressed-train" in keys(app)


def test_another_network_is_another_run(first):
    app = opened()
    _, beta = [each for each in app.selectbox if each.key.startswith("compressed")]
    chosen = SweepConfig().betas[20]
    assert beta.value == 0.01 and chosen in [float(each) for each in SweepConfig().betas]
    beta.set_value(chosen).run()
    assert not app.exception and "has not been made smaller yet" in texts(app)
    button(app, "compressed-train").click().run()
    (job,) = jobs.queue().jobs()
    assert job.config == ShrinkConfig.of(SweepConfig(), chosen)


def test_the_sweep_that_the_address_is_about_is_shown_where_it_has_been_made_smaller(first):
    chosen = SweepConfig().betas[20]
    app = opened(run=SweepConfig().id, beta=f"{chosen:g}")
    assert not app.exception and DEFAULT.id in app.query_params["shrink"]
    other = ShrinkConfig.of(SweepConfig(), chosen)
    stored(other)
    app = opened(run=SweepConfig().id, beta=f"{chosen:g}")
    assert not app.exception and other.id in app.query_params["shrink"]


def test_what_is_no_list_of_bits_is_said_and_left_as_it_was(first):
    app = opened()
    for wrong in ("8; 4", "2, 4", "99", ""):
        next(each for each in app.text_input if "bits" in each.key).set_value(wrong).run()
        said = [each.value.replace("\\", "") for each in app.caption]
        assert not app.exception and any(f"got '{wrong}'" in each for each in said), wrong


def test_a_run_cut_short_is_shown_as_far_as_it_goes(home):
    run = stand_in(CONFIG)
    there = [name for name in run.data_vars if not name.endswith(("sparsity", "width")) and "kept" not in name]
    partial_run = run[there].assign_attrs(steps=900)
    stored(CONFIG, partial_run)
    for part in PARTS:
        app = opened(shrink=CONFIG.id, part=part)
        assert not app.exception and "cut short at step 300 of 900" in texts(app)
        assert ("appear as they are found" in texts(app)) == (part != "")


def test_a_failed_training_is_one_sentence(first):
    jobs.queue().submit(DEFAULT, anew=True).end("failed", "the disk is full")
    app = opened(shrink=DEFAULT.id)
    assert not app.exception and "The disk is full" in texts(app)


def test_another_process_is_followed_and_not_joined(home):
    path = stored(CONFIG, stand_in(CONFIG).assign_attrs(steps=900))
    with store.lock(path):
        store.write_status(path, status="running")
        app = opened(shrink=CONFIG.id)
        assert not app.exception and "Another process is training this run" in texts(app)
        assert button(app, "compressed-elsewhere").disabled


# --- what it sends


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_one_slider_and_three_views(part):
    run = stand_in()
    content = compressed_content.shrink_stage(run, part)
    family = compressed_content.OF_PART[part]
    assert [view.name for view in content.views] == ["Size and accuracy", "The weights", "What is still kept"]
    assert len(content.slider.values) == len(content.headline) == len(compressed_content.values_of(run, family))
    assert all(len(row) == len(content.headline[0]) for row in content.headline)
    pack(content)
    empty = run.drop_vars([each for each in run.data_vars if each not in ("stage", "error", "epoch", "seconds")])
    pack(compressed_content.shrink_stage(empty.drop_vars("bin"), part))  # before anything was found


def test_the_slider_stands_at_the_nearest_value():
    run = stand_in()
    assert [compressed_content.place_of(run, "", at) for at in (8, 5, 3.5, 1000, 0)] == [0, 1, 1, 0, 2]
    assert [compressed_content.place_of(run, "sparsity", at) for at in (0, 0.45, 2)] == [0, 1, 2]
    assert compressed_content.place_of(run, "students", None) == 0


def test_the_headline_has_the_numbers_of_the_run():
    run = stand_in()
    cells = compressed_content.headline(run, FAMILIES["bits"])[1]
    size = float(run.bytes_bits.mean("seed")[1])
    assert [cell[0] for cell in cells] == [kilobytes(size), f"{4000 / size:.2f}×", "73.0 ± 1.0 %", "5.00"]
    assert "4.00 kB of f32" in cells[1][1] and "96.0 ± 1.0 %" in cells[2][1] and "of 1,000" in cells[3][1]
    student = compressed_content.headline(run, FAMILIES["width"])[1]
    assert student[3][1].endswith("of 100") and student[4][0] == "49.0 ± 1.0 %"  # trained alone
    np.testing.assert_allclose(float(student[3][0]), 8 * float(run.bytes_width.mean("seed")[0, 1]) / 100, rtol=5e-3)


def test_the_verdict_is_the_smallest_network_that_has_forgotten_nothing():
    run = stand_in()
    said = compressed_content.verdict(run, "")
    assert said.startswith("Free down to 8 bits: 1.00 kB, 4.00× smaller than f32") and "96.0 ± 1.0 %" in said
    worse = run.assign(accuracy_bits=run.accuracy_bits - 0.1)
    said = compressed_content.verdict(worse, "")
    assert "None of these" in said and "86.0 ± 1.0 %" in said
    holes = run.accuracy_bits.copy(data=run.accuracy_bits.values[[1, 0, 2]])  # what is less compressed has failed
    assert compressed_content.verdict(run.assign(accuracy_bits=holes), "").startswith("The smallest that costs nothing")
    taught = compressed_content.verdict(run.assign(accuracy_width=run.accuracy_width - 0.2), "students")
    assert taught.startswith("None of those with a teacher stays") and "; trained alone, " in taught
    assert compressed_content.verdict(run.drop_vars("accuracy_bits"), "") == ""


def test_the_network_of_a_sweep_at_the_strength_that_is_asked_for():
    sweep = SweepConfig()
    assert compressed_settings.network_of(sweep, None) == DEFAULT
    assert compressed_settings.network_of(sweep, 0.3).beta == 0.3
    assert compressed_settings.network_of(sweep, 1e6).beta == max(sweep.betas)
    given = replace(DEFAULT, seeds=3, widths=(8, 4))
    moved = compressed_settings.network_of(replace(sweep, objective="squared"), 0.1, given)
    assert (moved.seeds, moved.widths, moved.network["objective"]) == (3, (8, 4), "squared")
