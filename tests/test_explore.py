"""What the Explore page shows, without a browser: its numbers in words, what it sends, its controls, its sentences."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import PLANAR, SWEEP
from visiting import find, opened, texts

from distill import jobs, recording, store
from distill.config import Choice, SweepConfig
from distill.errors import DistillError
from distill.measures.decoding import kept_levels
from distill.ui import content, explore, settings, stage
from distill.ui.envelope import Packed, pack
from distill.ui.headline import headline

HOME = Path(__file__).resolve().parents[1]
MOST = 600_000  # bytes of the stage at mount


def number(text):
    """The number in a cell of the headline; NaN where there is none."""
    found = re.search(r"\d+(\.\d+)?", text)
    return float(found.group()) if found else np.nan


@pytest.mark.parametrize("split", ["test", "train"])
def test_the_headline_has_the_numbers_of_the_run(sweep, split):
    cells = np.array(headline(sweep, split), dtype=object)
    at = sweep.sel(split=split)
    assert cells.shape == (sweep.sizes["step"], sweep.sizes["beta"], 4, 3)
    kept, relevant, error, ratio = np.vectorize(number)(cells[..., 0]).transpose(2, 0, 1)
    x, total = at.information_x.values, np.log2(at.samples.values)[:, None]
    np.testing.assert_allclose(kept, x.clip(0), atol=0.00501)
    # never more than is kept: the two cross by Monte Carlo error alone
    np.testing.assert_allclose(relevant, np.minimum(at.information_y.values, x).clip(0), atol=0.00501)
    assert (relevant <= kept).all()
    np.testing.assert_allclose(error, 100 * at.error_one.values, atol=0.0501)
    some = x >= 0.05
    np.testing.assert_allclose(ratio[some], (total / x)[some], atol=0.0501)
    assert np.isnan(ratio[~some]).all()
    for step, count in enumerate(at.samples.values):
        assert all(f"N = {count} {split} items" in how for how in cells[step, :, :, 2].ravel())


def test_an_estimate_near_its_ceiling_only_says_at_least(sweep):
    run = sweep.copy(deep=True)
    total = float(np.log2(run.samples.values[-1, 0]))
    run.information_x[-1] = np.array([total, total - 0.99, total - 1.01, 1.0, 0.0])[:, None]
    cells = headline(run, "test")[-1]
    assert [cell[0][0].startswith("≥ ") for cell in cells] == [True, True, False, False, False]
    assert [cell[3][0].startswith("≤ ") for cell in cells] == [True, True, False, False, False]
    assert "saturated" in cells[0][0][2] and "saturated" not in cells[2][0][2]
    assert cells[4][3][:2] == ["—", "nothing is kept"]


def test_a_code_without_noise_has_no_bits_kept(noiseless):
    kept, _, _, ratio = headline(noiseless, "test")[-1][0]
    assert kept[0] == ratio[0] == "–" and "infinite" in kept[2]


@pytest.fixture(scope="module")
def large(sweep):
    """A run as large as the default one: 33 βs, 40 steps, 500 stored items; with codes that no compression helps."""
    config, few = SweepConfig(), {name: sweep.sizes[name] for name in ("step", "beta", "point")}
    sizes = {"step": config.snapshots, "beta": len(config.betas), "point": 500}
    run = sweep.isel({name: np.arange(sizes[name]) % few[name] for name in sizes})
    run = run.assign_coords(step=np.arange(40), beta=list(config.betas), point=np.arange(500)).isel(code_step=[0] * 6)
    random = np.random.default_rng(0)
    run = run.assign_coords(code_step=[0, 8, 16, 24, 32, 39])
    run["codes_2d"] = (run.codes_2d.dims, random.normal(size=run.codes_2d.shape), run.codes_2d.attrs)
    run = run.drop_vars([name for name in run.data_vars if name.startswith("decoder_")])
    run["kept"] = (("beta", "point", "feature"), random.integers(0, 255, (33, 500, 64), dtype=np.uint8))
    return run


def test_a_run_of_default_shape_is_sent_in_600_kilobytes(large):
    assert len(pack(content.explore_stage(large, Choice(beta=18))).block("explore-stage")) <= MOST
    elsewhere = content.explore_stage(large, Choice(beta=18, step=10))  # a link to a step sends that step's map too
    assert len(pack(elsewhere).block("explore-stage")) <= MOST


def of_map(stage):
    return next(view for view in stage.views if view.name == content.MAP)


def test_only_the_last_map_is_sent_at_first_and_the_others_exist(large):
    moving = of_map(content.explore_stage(large, Choice())).moving
    for each in moving:
        assert list(each.x) == [0, 8, 16, 24, 32, 39] and [k for k, v in each.x.items() if v is not None] == [39]
    moving = of_map(content.explore_stage(large, Choice(step=10))).moving
    assert [k for k, v in moving[0].x.items() if v is not None] == [8, 39]


@pytest.fixture
def laid_out(large):
    """The same with a UMAP of the last step, far from every principal plane."""
    ring = np.exp(2j * np.pi * np.arange(500) / 500) * np.ones((33, 1))
    return large.assign(map_umap=(("beta", "point", "axis"), np.stack([ring.real, ring.imag], -1).astype("f4")))


@pytest.mark.parametrize("step", [None, 10])
def test_a_umap_is_shown_at_the_last_step_and_the_steps_before_it_keep_their_own_codes(laid_out, large, step):
    view = of_map(content.explore_stage(laid_out, Choice(step=step)))
    assert "UMAP" in view.subtitle and "PCA" in view.subtitle
    plain = of_map(content.explore_stage(large, Choice(step=10)))
    for each, other in zip(view.moving, plain.moving, strict=True):
        assert list(each.x) == [0, 8, 16, 24, 32, 39]
        far = np.hypot(each.x[39], each.y[39])
        np.testing.assert_allclose(far, far.max(), rtol=0.03)  # the ring, and no principal plane
        if step is not None:
            np.testing.assert_array_equal(each.x[8], other.x[8])


def test_pca_stays_pca_where_it_is_asked_for(laid_out, large):
    chosen, plain = (of_map(content.explore_stage(run, Choice(map="pca"))) for run in (laid_out, large))
    np.testing.assert_array_equal(chosen.moving[0].x[39], plain.moving[0].x[39])
    assert "UMAP" not in chosen.subtitle


def test_an_item_is_sent_as_its_original_its_kept_and_their_difference(sweep):
    shown = content.explore_stage(sweep, Choice(beta=2)).pictures
    original, kept, discarded = (row.values.astype(int) for row in shown.rows)
    about, item = sweep.inputs.attrs, shown.items[3]
    raw = (sweep.inputs.values[item] * about["scale"] + about["offset"] - about["low"]) / (about["high"] - about["low"])
    np.testing.assert_allclose(original[3].ravel(), 255 * raw, atol=0.51)
    np.testing.assert_array_equal(kept[:, 3].reshape(sweep.sizes["beta"], -1), kept_levels(sweep, [item])[:, 0])
    assert np.abs((discarded - 128) * 2 - (original - kept)).max() <= 1
    assert shown.rows[2].signed and len(shown.items) == 8 and len(set(sweep.label.values[shown.items])) == 8
    part = content.item_part(sweep, item)
    assert kept[:, 3].astype(np.uint8).tobytes() in part.body


def test_what_is_computed_after_a_training_is_announced_until_it_is_there(planar):
    bare = planar.drop_vars([name for name in planar.data_vars if name.startswith(("decoder_", "factor_"))])
    running, done = (content.explore_stage(bare, Choice(), finished=finished) for finished in (False, True))
    assert [row.label for row in done.pictures.rows] == ["original"]
    assert "after the training" in running.views[2].subtitle and "when the probes are fitted" in done.views[2].subtitle


@pytest.fixture
def cut_short(home):
    """A run that was stopped at its second snapshot."""
    path = store.place_of(PLANAR)
    recording.record(PLANAR, path, lambda step, _: store.request(path, "stop") if step else None)
    assert not store.summary(path).complete
    return path


def test_a_run_cut_short_is_shown_as_far_as_it_goes_and_offered_for_training(cut_short):
    app = opened(run=PLANAR.id)
    run = store.summary(cut_short)
    assert not app.exception
    assert f"cut short at step {run.last_step} of {run.steps}" in texts(app) and "Press Train" in texts(app)
    next(each for each in app.button if each.key == "explore-train").click().run()
    assert [job.id for job in jobs.queue().jobs()] == [PLANAR.id] and store.exists(cut_short)
    assert {each.key for each in app.button} >= {"explore-pause", "explore-stop"}


def test_a_complete_run_is_trained_anew(home, planar, monkeypatch):
    path = store.place_of(PLANAR)
    store.create(path, planar.isel(step=[0], code_step=[0]).assign_attrs(steps=0))
    assert store.summary(path).complete
    assert explore._start(PLANAR).status == "queued"
    assert store.exists(path)  # until the new one has its first snapshot


def test_the_controls_say_what_the_run_was_trained_with(cut_short):
    app = opened(run=PLANAR.id)
    assert find(app.selectbox, "latent").value == 2 and find(app.number_input, "epochs").value == PLANAR.epochs
    assert find(app.text_input, "hidden").value == "32" and find(app.selectbox, "betas").value == 3
    assert "3 βs" in next(each for each in app.button if each.key == "explore-train").label


def test_other_settings_are_another_run(cut_short):
    app = opened(run=PLANAR.id)
    find(app.selectbox, "latent").set_value(16).run()
    assert not app.exception and "Nothing has been trained with these settings yet" in texts(app)
    assert "run" not in app.query_params and app.query_params["data"] == "digits"
    find(app.selectbox, "latent").set_value(2).run()
    assert app.query_params["run"] == PLANAR.id and "cut short" in texts(app)


def test_another_scale_of_the_slider_begins_at_its_own_place(cut_short):
    app = opened(run=PLANAR.id, beta="0.03")
    find(app.selectbox, "latent").set_value(16).run()
    assert float(app.query_params["beta"]) == 0.03  # the same βs: the same place
    find(app.selectbox, "objective").set_value("budget").run()
    assert not app.exception and "beta" not in app.query_params  # bits allowed are no compression strength


def test_a_choice_has_one_widget_that_follows_the_address(cut_short):
    app = opened(run=PLANAR.id)
    find(app.selectbox, "latent").set_value(16).run()
    assert [each.key for each in app.selectbox].count("latent-dimensions") == 1
    app.query_params["run"] = PLANAR.id  # Back
    app.run()
    assert not app.exception and find(app.selectbox, "latent").value == 2


def test_a_stage_that_begins_at_the_last_step_is_sent_with_the_last_step(monkeypatch):
    """A browser that is busy sees only the second of two messages, and is to stand at its last step all the same."""
    monkeypatch.setattr(stage.st, "session_state", memory := {"key": None})
    packed = Packed(b"", b"", frames=3, steps=2, step=1)
    _, at, serial = stage._beginning(packed, "key")
    assert at == 1 and stage._beginning(replace(packed, steps=5), "key") == (0, 4, serial)
    memory.clear()
    memory["key"] = None
    stage._beginning(replace(packed, steps=5), "key")  # a link to a step stays there
    assert stage._beginning(replace(packed, steps=9), "key")[1] == 1


def test_what_is_no_list_of_widths_is_said_and_left_as_it_was(home):
    app = opened()
    for wrong in ("128; 128", "0", "-3", "wide"):
        find(app.text_input, "hidden").set_value(wrong).run()
        assert not app.exception
        assert any(f"got {wrong!r}" in each.value for each in app.caption)
    find(app.text_input, "hidden").set_value("64 64").run()
    assert find(app.text_input, "hidden").value == "64, 64"


def test_a_sweep_without_compression_has_one_network_and_no_count_of_betas(home):
    app = opened(objective="deterministic")
    assert not app.exception and find(app.selectbox, "betas").disabled
    assert next(each for each in app.button if each.key == "explore-train").label == "Train"


def test_back_to_the_defaults(cut_short):
    app = opened(run=PLANAR.id)
    find(app.button, "defaults").click().run()
    assert not app.exception and find(app.number_input, "epochs").value == SweepConfig().epochs
    assert find(app.selectbox, "latent").value == SweepConfig().latent_dim


def test_a_failed_training_is_one_sentence(cut_short):
    job = jobs.queue().submit(PLANAR)
    job.end("failed", "the disk is full; nothing of what was measured before is lost")
    app = opened(run=PLANAR.id)
    assert not app.exception and "The disk is full; nothing of what was measured before is lost" in texts(app)
    assert any(each.key == "explore-train" for each in app.button)


def test_a_store_that_cannot_be_written_is_one_sentence(home, monkeypatch):
    def refuse(config, anew=False):
        raise DistillError("cannot write in /nowhere; set DISTILL_STORE to a folder that you may write in")

    app = opened(data="sprites")
    monkeypatch.setattr(jobs, "submit", refuse)
    next(each for each in app.button if each.key == "explore-train").click().run()
    assert not app.exception and "Cannot write in /nowhere" in texts(app)


def test_a_damaged_run_is_named_and_the_page_goes_on(cut_short):
    (cut_short / "zarr.json").write_text("{")
    app = opened(run=PLANAR.id)
    assert not app.exception and PLANAR.id in texts(app) and "An example is shown instead" in texts(app)


def test_the_link_says_run_beta_and_step(cut_short):
    app = opened(run=PLANAR.id, beta="0.03")
    link = next(code.value for code in app.code if "?" in code.value)
    assert f"run={PLANAR.id}" in link and "beta=0.03" in link


def test_the_standing_of_a_job_is_in_words(home):
    first, second = (jobs.queue().submit(replace(SWEEP, seed=seed)) for seed in (8, 9))
    assert settings.standing(first) in ("Waiting, place 1 in the queue", "About to start")
    assert settings.standing(second) == "Waiting, place 2 in the queue"


def test_a_run_of_a_label_of_ones_own_is_coloured_by_it(sweep):
    other = sweep.assign_attrs(label_name="parity", heads='{"parity": 1.0}')
    views = [of_map(content.explore_stage(run, Choice(colour="label"))) for run in (sweep, other)]
    assert "by digit" in views[0].subtitle and "by parity" in views[1].subtitle
    assert len(views[0].figure.data) > len(views[1].figure.data)


def test_the_look_is_in_the_link(cut_short):
    app = opened(run=PLANAR.id, colour="ink", map="pca", split="train")
    assert find(app.selectbox, "colour").value == "ink"
    find(app.selectbox, "colour").set_value("label").run()
    assert not app.exception and "colour" not in app.query_params
    assert (app.query_params["map"], app.query_params["split"]) == ("pca", "train")


def test_a_colour_that_the_data_set_does_not_have_is_the_label(cut_short):
    app = opened(run=PLANAR.id, colour="texture")
    assert not app.exception and find(app.selectbox, "colour").value == "label"


def test_a_run_that_another_process_trains_is_followed_and_cannot_be_trained_twice(cut_short):
    with store.lock(cut_short):
        store.write_status(cut_short, status="running")
        app = opened(run=PLANAR.id)
        assert not app.exception and "Another process is training this run" in texts(app)
        assert next(each for each in app.button if each.key == "explore-elsewhere").disabled
    assert "cut short" in texts(opened(run=PLANAR.id))


def test_a_run_of_another_version_is_a_sentence(sweep):
    old = sweep.copy()
    old.attrs = {name: value for name, value in sweep.attrs.items() if name != "knob"}
    with pytest.raises(DistillError, match="has no knob: it was made by another version"):
        content.explore_stage(old, Choice())
