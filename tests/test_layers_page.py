"""The Layers page without a browser: what it shows first, its controls, its sentences, what it sends, its link."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import visiting
from streamlit.testing.v1 import AppTest
from test_layers_run import RELU, TANH
from visiting import find, texts

from distill import jobs, layer_recording, store
from distill.config import SweepConfig
from distill.layer_config import LayersConfig
from distill.ui import layers_content
from distill.ui.envelope import pack
from distill.ui.state import State, from_params

HOME = Path(__file__).resolve().parents[1]
MOST = 600_000  # bytes of the stage at mount
DEFAULT = (LayersConfig(), LayersConfig(activation="relu"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    for config in (TANH, RELU):
        layer_recording.record(config, folder / config.id)
    return [store.open_run(folder / config.id).load() for config in (TANH, RELU)]


@pytest.fixture
def cut_short(home):
    """A run that was stopped at its third snapshot."""
    path = store.place_of(TANH)
    layer_recording.record(TANH, path, lambda step, _: store.request(path, "stop") if step > 1 else None)
    store.request(path, None)
    assert not store.summary(path).complete
    return path


opened = partial(visiting.opened, "pages/4_layers.py")


def button(app, key):
    return next(each for each in app.button if each.key == key)


# --- the page


def test_the_shipped_runs_are_shown_when_nothing_else_is_chosen(home):
    app = opened()
    assert not app.exception
    assert app.query_params["layers"] == ",".join(config.id for config in DEFAULT)
    assert "Nothing has been trained" not in texts(app) and "Goldfeld et al. 2019" in texts(app)
    assert button(app, "layers-train").label == "Train 2 × 50 networks"


def test_training_submits_what_there_is_no_run_of(home):
    app = opened()
    find(app.number_input, "seeds").set_value(7).run()
    assert not app.exception and "layers" not in app.query_params
    assert "Nothing has been trained with these settings yet (tanh, ReLU)" in texts(app)
    button(app, "layers-train").click().run()
    assert not app.exception
    assert [job.config for job in jobs.queue().jobs()] == [replace(config, seeds=7) for config in DEFAULT]
    assert {each.key for each in app.button} >= {"layers-pause", "layers-stop"}
    button(app, "layers-pause").click().run()
    assert {job.status for job in jobs.queue().jobs()} == {"paused"}
    assert button(app, "layers-pause").label == "Resume"
    button(app, "layers-stop").click().run()
    assert {job.status for job in jobs.queue().jobs()} == {"stopped"}
    assert button(app, "layers-train").label == "Train 2 × 7 networks"


def test_runs_that_are_complete_are_trained_anew_together(home):
    app = opened()
    button(app, "layers-train").click().run()
    assert [job.id for job in jobs.queue().jobs()] == [config.id for config in DEFAULT]


def test_a_run_can_stand_alone_and_beside_another(home):
    app = opened(layers=DEFAULT[1].id)
    assert not app.exception
    assert (find(app.selectbox, "activation").value, find(app.selectbox, "beside").value) == ("relu", "alone")
    assert button(app, "layers-train").label == "Train 50 networks"
    find(app.selectbox, "beside").set_value("tanh").run()
    assert app.query_params["layers"] == f"{DEFAULT[1].id},{DEFAULT[0].id}"
    find(app.selectbox, "activation").set_value("tanh").run()  # what stood beside it cannot be the same
    assert not app.exception and find(app.selectbox, "beside").value != "tanh"


def test_a_run_cut_short_is_shown_as_far_as_it_goes(cut_short):
    app = opened(layers=TANH.id)
    run = store.summary(cut_short)
    assert not app.exception
    assert f"cut short at step {run.last_step} of {run.steps}" in texts(app)
    assert find(app.text_input, "widths").value == "6, 4, 3" and find(app.number_input, "seeds").value == 3
    button(app, "layers-train").click().run()
    assert [job.id for job in jobs.queue().jobs()] == [TANH.id] and store.exists(cut_short)


def test_a_failed_training_is_one_sentence(cut_short):
    job = jobs.queue().submit(TANH)
    job.end("failed", "the disk is full")
    app = opened(layers=TANH.id)
    assert not app.exception and "Tanh: the disk is full" in texts(app)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("000000000000", "There is no run &#x27;000000000000&#x27;"),
        ("../../etc", "a run id is twelve digits"),
        ("a" * 12 + "," + "b" * 12 + "," + "c" * 12, "Layers names 3 runs"),
    ],
)
def test_a_wrong_link_is_a_sentence(home, link, sentence):
    app = opened(layers=link)
    assert not app.exception and sentence.lower() in texts(app).lower()
    assert app.query_params["layers"] == ",".join(config.id for config in DEFAULT)


def test_a_sweep_is_told_from_a_run_of_layers(home):
    app = opened(layers=SweepConfig().id)
    assert not app.exception and "is no run of layers; it opens on the page Explore" in texts(app)
    app = AppTest.from_file(str(HOME / "app.py"), default_timeout=60)
    app.query_params["run"] = DEFAULT[0].id
    app.run()
    assert not app.exception and "is no sweep over β; it opens on the page Layers" in texts(app)


def test_what_is_no_list_of_widths_is_said_and_left_as_it_was(home):
    app = opened()
    for wrong in ("10; 7", "0", "-3", ""):
        find(app.text_input, "widths").set_value(wrong).run()
        assert not app.exception and any(f"got {wrong!r}" in each.value for each in app.caption)


def test_another_process_is_followed_and_not_joined(cut_short):
    with store.lock(cut_short):
        store.write_status(cut_short, status="running")
        app = opened(layers=TANH.id)
        assert not app.exception and "Another process is training one of these runs" in texts(app)
        assert button(app, "layers-elsewhere").disabled


def test_the_runs_page_lists_a_run_of_layers_and_links_to_this_page(cut_short):
    app = AppTest.from_file(str(HOME / "app.py"), default_timeout=60)
    app.switch_page("pages/8_runs.py")
    app.run()
    assert not app.exception
    row = next(each for each in map(str, (block.proto.body for block in app.get("html"))) if TANH.id in each)
    assert "stopped" in row and "–" in row
    (link,) = [each.proto for each in app.get("page_link") if f"layers={TANH.id}" in each.proto.query_string]
    assert "layers" in link.page and "tanh layers" in link.label.replace("\\", "")


def test_the_epoch_is_in_the_link():
    assert from_params({"epoch": "9.9167", "layers": TANH.id}) == (State(layers=TANH.id, epoch=9.9167), [])
    assert State(epoch=9.9167).to_params() == {"epoch": "9.9167"}
    for wrong in ("-1", "nan", "last"):
        state, (sentence,) = from_params({"epoch": wrong})
        assert state == State() and f"Epoch = {wrong} in the link is no time of a training" in sentence


# --- what it sends


def test_both_runs_are_sent_on_one_slider(trained):
    stage = layers_content.layers_stage(trained, None)
    assert len(stage.views) == 12 and len({view.name for view in stage.views}) == 12
    assert [view.name for view in stage.views[:2]] == ["tanh · binned", "tanh · kernel, σ² = 0.1"]
    assert stage.second.index == len(stage.second.values) - 1 == trained[0].sizes["step"] - 1
    assert stage.second.values[0] == "epoch 0" and stage.second.values[-1] == "epoch 5"
    assert layers_content.layers_stage(trained, 0.1).second.index == 1


def test_the_shipped_runs_are_sent_in_600_kilobytes():
    runs = [store.open_run(store.examples() / config.id).load() for config in DEFAULT]
    assert len(pack(layers_content.layers_stage(runs, None)).block("layers-stage")) <= MOST


def test_the_headline_has_the_numbers_of_the_runs(trained):
    rows = layers_content.headline(trained, layers_content.shared_epochs(trained))
    curve = trained[0].binned_x.values[:, :, 2].mean(1)
    for step, cells in enumerate(rows):
        fallen = curve[: step + 1].max() - curve[step]
        assert cells[0][0] == ("0.0 bits" if fallen < 0.05 else f"−{fallen:.1f} bits")
        assert cells[0][1].startswith("tanh, layer 3") and f"{curve[step]:.2f} bits now" in cells[0][2]
        error = 100 * float(trained[1].error.sel(split="test").mean("seed")[step])
        assert cells[3][0] == f"{error:.1f} %" and cells[3][1] == "ReLU: test error"


def test_a_run_that_has_not_come_so_far_stays_where_it_stands_and_says_so(trained):
    tanh, relu = trained[0], trained[1].isel(step=slice(0, 3)).drop_vars(["binned_x_whole", "binned_y_whole"])
    times = layers_content.shared_epochs([tanh, relu])
    assert len(times) == tanh.sizes["step"]
    assert layers_content.places(relu, times).tolist() == [0, 1, 2, 2, 2]
    cells = layers_content.headline([tanh, relu], times)
    assert "so far to epoch" in cells[-1][2][1] and "so far" not in cells[2][2][1]


def test_a_run_of_fewer_epochs_ends_where_it_ended(trained):
    tanh, relu = trained
    short = relu.assign_attrs(steps=int(relu.step[2])).isel(step=slice(0, 3)).drop_dims("snapshot")
    times = layers_content.shared_epochs([tanh, short])
    assert layers_content.places(short, times).tolist() == [0, 1, 2, -1, -1]
    stage = layers_content.layers_stage([tanh, short], None)
    marks = next(view for view in stage.views if view.name == "ReLU · binned").moving[2]
    assert np.isnan(marks.x[-1]).all() and np.isfinite(marks.x[2]).all()
    pack(stage)
