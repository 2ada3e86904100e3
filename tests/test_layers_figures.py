"""Figures of layers: their numbers are the run's, names stand apart, and the shipped runs show what is claimed."""

import re
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest
from test_layers_run import RELU, TANH

from distill import exporting, layer_recording, store
from distill.__main__ import main
from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures import _layers, layers
from distill.layer_config import LayersConfig
from distill.palette import BETA_RAMP, CLASSES, DARK, LAYER_RAMP, PARTS, layer_colours

FIGURES = {name: getattr(layers, name) for name in layers.__all__ if not name.startswith("animated")}
every_figure = pytest.mark.parametrize("name", FIGURES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("drawn")
    for config in (RELU, TANH):
        assert layer_recording.record(config, place / config.id) == "done"
    return place


@pytest.fixture(scope="module")
def relu(folder):
    return store.open_run(folder / RELU.id).load()


@pytest.fixture(scope="module")
def tanh(folder):
    return store.open_run(folder / TANH.id).load()


def trace(figure, name):
    (found,) = [each for each in figure.data if each.name == name]
    return found


def test_the_figures_are_found_and_know_their_kind_of_run():
    assert set(FIGURES) == set(exporting.figures("layers")) and not set(FIGURES) & set(exporting.figures(""))
    assert set(FIGURES) <= set(exporting.figures())


@every_figure
def test_a_figure_is_plain_and_fixed_and_of_the_palette(name, relu, tanh):
    for run in (relu, tanh):
        figures = [FIGURES[name](run, Choice(step=step)) for step in (None, 0, 2)]
        assert all(type(each) is go.Figure for each in figures)
        assert (
            len({each.layout.to_json() if hasattr(each.layout, "to_json") else str(each.layout) for each in figures})
            == 1
        )
        known = {*DARK, "#ffffff"}
        assert {*re.findall(r"#[0-9a-f]{6}\b", figures[0].to_json())} <= known


@every_figure
def test_a_sweep_is_refused_in_a_sentence(name, sweep):
    with pytest.raises(InvalidValue, match="is a sweep over β; figures of layers need a run of layers"):
        FIGURES[name](sweep)


@pytest.mark.parametrize("step", [0, 2, -1])
def test_marks_are_means_over_seeds_and_dots_are_the_seeds(relu, step):
    figure = layers.layer_plane_binned(relu, Choice(step=step))
    x, y = relu.binned_x_whole.values[step], relu.binned_y_whole.values[step]
    marks, seeds = trace(figure, "layers"), trace(figure, "seeds")
    np.testing.assert_allclose(marks.x, x.mean(0), rtol=1e-5)
    np.testing.assert_allclose(marks.y, y.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(seeds.x, x.ravel(), rtol=1e-5)
    np.testing.assert_allclose(seeds.y, y.ravel(), rtol=1e-5, atol=1e-6)
    assert list(marks.marker.color) == layer_colours(4) and list(seeds.marker.color[:4]) == layer_colours(4)
    assert "binned entropy" in figure.layout.xaxis.title.text


@pytest.mark.parametrize(("name", "noise"), [("layer_plane_kernel", 0.1), ("layer_plane_kernel_fine", 1e-3)])
def test_a_bracket_reaches_from_the_lower_to_the_upper_bound(relu, name, noise):
    marks, at = trace(FIGURES[name](relu), "layers"), relu.isel(step=-1).sel(noise=noise)
    np.testing.assert_allclose(marks.x, at.kernel_upper_x.mean("kernel_seed"), rtol=1e-5)
    np.testing.assert_allclose(
        marks.x - marks.error_x.arrayminus, at.kernel_lower_x.mean("kernel_seed"), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(marks.error_x.array, 0, atol=1e-9)
    np.testing.assert_allclose(marks.y, at.kernel_difference_y.mean("kernel_seed"), rtol=1e-5, atol=1e-6)


def test_without_a_second_pass_the_cells_are_those_so_far_and_it_is_said(relu, tanh):
    partial = relu.isel(step=slice(0, 3)).drop_vars(["binned_x_whole", "binned_y_whole"])
    np.testing.assert_array_equal(_layers.seen(partial, "binned").x, partial.binned_x)
    assert _layers.cells_in_words(partial).endswith("range so far")
    # one more snapshot in the second pass than has been committed
    np.testing.assert_array_equal(_layers.seen(relu.isel(step=slice(0, -1)), "binned").x, relu.binned_x[:-1])
    assert _layers.cells_in_words(relu).endswith("whole training’s range")
    assert _layers.cells_in_words(tanh) == "30 cells on [−1, 1]"


def test_curves_go_over_epochs_with_the_start_at_half_a_step(tanh):
    figure = layers.layer_entropy(tanh, Choice(step=1))
    curve = trace(figure, "layer 2")
    np.testing.assert_allclose(curve.x[1:], tanh.epoch[1:], rtol=1e-6)
    assert curve.x[0] == pytest.approx(0.5 / 12)
    np.testing.assert_allclose(curve.y, tanh.binned_x.values[:, :, 1].mean(1), rtol=1e-5)
    assert set(trace(figure, "chosen step").x) == {curve.x[1]}


def test_the_signal_is_averaged_over_networks_that_have_one(tanh):
    holed = tanh.copy(deep=True)
    holed.gradient_signal[2, 0, 1] = np.nan
    shown = trace(layers.layer_gradients(holed), "layer 2").y[2]
    assert shown == pytest.approx(float(np.exp(np.log(tanh.gradient_signal.values[2, 1:, 1]).mean())), rel=1e-5)
    holed.gradient_signal[2, :, 1] = np.nan
    assert np.isnan(trace(layers.layer_gradients(holed), "layer 2").y[2])


def test_errors_are_in_percent(tanh):
    shown = trace(layers.layer_errors(tanh), "test error").y
    np.testing.assert_allclose(shown, 100 * tanh.error.sel(split="test").mean("seed"), rtol=1e-5)


def test_marks_that_touch_share_a_name():
    x, y = np.array([[12.0, 11.9, 11.7, 7.0, 2.0, 1.9]]), np.array([[1.0, 1.0, 1.0, 1.0, 0.9, 0.2]])
    assert _layers.named(x, y, (12.6, 1.24), ["1", "2", "3", "4", "5", "out"]) == [[["1–3", "", "", "4", "5", "out"]]]


def test_names_beside_curves_stand_apart_and_inside():
    found = _layers.spaced(np.array([1.0, 1.0, 1.1, 5.0, 9.9, 10.0]), 0.5, 0.0, 10.0)
    assert np.diff(np.sort(found)).min() >= 0.5 - 1e-9 and found.min() >= 0 and found.max() <= 10
    assert found[3] == 5.0 and np.argsort(found).tolist() == [1, 0, 2, 3, 4, 5]


def test_the_ramp_of_layers_is_its_own_and_rises_in_darkness():
    others = {*PARTS.values(), *BETA_RAMP, *CLASSES}
    assert not others & {*LAYER_RAMP} and {*LAYER_RAMP} <= {*DARK}
    light = [
        sum(w * int(each[i : i + 2], 16) for w, i in ((0.2126, 1), (0.7152, 3), (0.0722, 5))) for each in LAYER_RAMP
    ]
    assert all(a > b + 8 for a, b in pairwise(light))
    assert layer_colours(7) == list(LAYER_RAMP) and len(set(layer_colours(6))) == 6


def test_a_figure_is_exported_with_the_run_it_came_from(folder, tmp_path, capsys):
    file = tmp_path / "plane.csv"
    assert main(["export", str(folder / RELU.id), "--figure", "layer_plane_binned", "--out", str(file)]) == 0
    text = file.read_text()
    assert f"# run: {RELU.id}" in text and "# epoch: 5" in text and "binned entropy" in text
    for wrong in (["--figure", "information_plane"], ["--figure", "layer_entropy", "--beta", "0.1"]):
        assert main(["export", str(folder / RELU.id), *wrong, "--out", str(file)]) == 1
    said = capsys.readouterr().err
    assert "'information_plane' is no figure of such a run; there are layer_entropy" in said and "has no beta" in said


# --- the runs that are shipped


@pytest.fixture(scope="module", params=["tanh", "relu"])
def shipped(request):
    config = LayersConfig(activation=request.param)
    return store.open_run(store.examples() / config.id).load()


def test_the_shipped_runs_show_the_picture_and_the_objection(shipped):
    """THEORY 3: tanh layer 5 rises to its peak and falls by more than 3 bits; ReLU's falls by no more than 0.3."""
    assert shipped.sizes["seed"] == 50 and float(shipped.epoch[-1]) == 1500
    every = _layers.seen(shipped, "binned").x[:, :, 4]
    curve = every.mean(1)
    fallen = curve.max() - curve[-1]
    if shipped.attrs["activation"] == "tanh":
        assert 7.5 < curve.max() < 9 and fallen > 3
        assert ((every.max(0) - every[-1]) > 3).all()  # in every one of the fifty
        assert (_layers.seen(shipped, "binned").x[:, :, :2] > 11.8).all()  # layers 1 and 2 keep to 12 bits
        assert float(shipped.error.sel(split="test").mean("seed")[-1]) < 0.03
    else:
        assert curve[0] < 0.5 and curve[-1] > 4 and fallen <= 0.3
        assert np.diff(curve).min() > -0.1
        assert float(shipped.error.sel(split="test").mean("seed")[-1]) < 0.06


def test_a_shipped_run_says_what_was_left_out(shipped):
    assert "weights" in shipped.attrs["left_out"] and "weights" not in shipped
    assert shipped.binned_x.attrs["rounded"] if "binned_x" in shipped else shipped.binned_x_whole.attrs["rounded"]
    size = sum(file.stat().st_size for file in (store.examples() / shipped.attrs["id"]).rglob("*") if file.is_file())
    assert size < 300_000
