"""Figures of compressed models: the front is the front, numbers are the run's, what is to come is left out."""

import json
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr

from distill import exporting
from distill.errors import InvalidValue
from distill.figures import _shrunk, shrinking, shrunk_kept, weights
from distill.figures._shrunk import FAMILIES
from distill.palette import DARK
from distill.shrink_config import ShrinkConfig

CONFIG = ShrinkConfig(bits=(8, 4, 2), sparsities=(0.0, 0.5, 0.9), widths=(16, 4), seeds=3)
FIGURES = exporting.figures("shrink")
PARAMETERS, BINS = 1000, 21
FACTORS, ENTROPY = ["digit", "ink"], [3.2, 1.6]
SPREAD = np.array([-0.01, 0.0, 0.01])  # over the seeds, about each mean: its deviation is 0.01


def over_seeds(means, spread=SPREAD):
    return np.asarray(means, float)[..., None] + spread


def stand_in(config=CONFIG):
    """A run of known numbers: accuracies whose deviation over the seeds is 0.01 wherever it is not told."""
    shapes = {"bits": (len(config.bits),), "sparsity": (2, len(config.sparsities)), "width": (2, len(config.widths))}
    over = {"bits": ("bits",), "sparsity": ("tuned", "sparsity"), "width": ("taught", "width")}
    spread = np.linspace(-0.01, 0.01, config.seeds)
    arrays = {
        "stage": ("step", np.array(["students"], object)),
        "error": (("step", "seed"), np.full((1, config.seeds), 0.1)),
        "epoch": ("step", [120.0]), "seconds": ("step", [9.0]),
        "accuracy_precision": (("precision", "seed"), over_seeds([0.96, 0.96], spread)),
        "bytes_precision": (("precision", "seed"), over_seeds([4000, 2000], 0 * spread)),
        "coded_precision": (("precision", "seed"), over_seeds([3500, 1500], 0 * spread)),
        "kept_precision": (("precision", "factor"), np.full((2, 2), 0.5) * ENTROPY),
        "factor_entropy": ("factor", ENTROPY), "factor_ceiling": ("factor", [2.4, 0.4]),
        "weights_float": ("bin", np.bincount(np.full(10, BINS // 2), minlength=BINS) / 10),
        "parameters_width": ("width", np.linspace(500, 100, len(config.widths)).round()),
    }  # fmt: skip
    for i, (name, shape) in enumerate(shapes.items()):
        fall = np.linspace(0.96, 0.5, shape[-1]) - (0.01 * np.arange(2)[:, None] if len(shape) > 1 else 0)
        size = np.broadcast_to(np.linspace(1000, 250, shape[-1]) / (i + 1), shape)
        kept = fall[..., None] * ENTROPY
        share = np.zeros((*shape, BINS))
        share[..., BINS // 2], share[..., 0] = 0.75, 0.25
        arrays |= {
            f"accuracy_{name}": ((*over[name], "seed"), over_seeds(fall, spread)),
            f"bytes_{name}": ((*over[name], "seed"), over_seeds(size, 0 * spread)),
            f"entropy_{name}": ((*over[name], "seed"), over_seeds(0.9 * size, 0 * spread)),
            f"kept_{name}": ((*over[name], "factor"), kept),
            f"weights_{name}": ((*over[name], "bin"), share),
        }
    coords = {
        "step": [300], "seed": np.arange(config.seeds), "bits": list(config.bits), "width": list(config.widths),
        "sparsity": list(config.sparsities), "precision": ["f32", "f16"], "tuned": ["as pruned", "fine-tuned"],
        "taught": ["with a teacher", "alone"], "factor": FACTORS, "bin": np.linspace(-2, 2, BINS),
    }  # fmt: skip
    attrs = {
        "id": config.id, "kind": "shrink", "config": config.to_json(), "title": "Digits, made smaller", "steps": 300,
        "network": "VIB at β 0.01 on Digits", "parameters": PARAMETERS, "points": 450, "stored_points": 400,
        "label_name": "digit", "knob": json.dumps({"symbol": "β", "label": "β", "unit": "", "default": 0.01}),
        "created": "2026-01-01T00:00:00+00:00", "estimators": "{}",
    }  # fmt: skip
    return xr.Dataset(arrays, coords, attrs)


@pytest.fixture(scope="module")
def run():
    return stand_in()


def trace(figure, name):
    (found,) = [each for each in figure.data if each.name == name]
    return found


every_figure = pytest.mark.parametrize("name", FIGURES)
every_family = pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda each: each.name)


def test_the_figures_are_found_and_know_their_kind_of_run():
    modules = (shrinking, weights, shrunk_kept)
    public = {name for each in modules for name in each.__all__ if not name.startswith("animated")}
    assert set(FIGURES) == public and not public & set(exporting.figures(""))


@every_figure
def test_a_figure_is_plain_and_of_the_palette(name, run):
    figure = FIGURES[name](run)
    assert type(figure) is go.Figure
    assert {*re.findall(r"#[0-9a-f]{6}\b", figure.to_json())} <= {*DARK, "#ffffff"}


@every_figure
def test_a_sweep_is_refused_in_a_sentence(name, sweep):
    with pytest.raises(InvalidValue, match="these figures need a run of compressed models"):
        FIGURES[name](sweep)


@every_figure
def test_what_is_still_to_come_is_left_out(name, run):
    """Nothing but the first snapshot, then the references, then each family as it is found."""
    names = [each for each in run.data_vars if each not in ("stage", "error", "epoch", "seconds")]
    for ends in (("none",), ("precision",), ("precision", "bits"), ("precision", "bits", "sparsity")):
        there = [each for each in names if each.endswith(ends) and not each.startswith(("kept", "factor"))]
        figure = FIGURES[name](run.drop_vars([each for each in names if each not in there]))
        assert type(figure) is go.Figure
        young = "f32, in training" in [each.name for each in figure.data]
        assert young == (name == "model_size" and ends == ("none",))
    half = run.assign(accuracy_sparsity=run.accuracy_sparsity.where(run.tuned == "as pruned"))
    assert "pruned, fine-tuned" not in [each.name for each in shrinking.model_size(half).data]
    assert "as pruned" in [each.name for each in shrinking.model_size(half).data]


# --- the curves


def test_the_front_is_what_nothing_dominates():
    generator = np.random.default_rng(0)
    sizes, right = generator.integers(1, 30, 200).astype(float), generator.integers(1, 30, 200) / 30
    sizes[3], right[7] = np.nan, np.nan
    found = _shrunk.front(sizes, right)
    points = {(a, b) for a, b in zip(sizes, right, strict=True) if np.isfinite(a + b)}
    wanted = {
        (a, b) for a, b in points if not any((c <= a and d >= b) and (c < a or d > b) for c, d in points)
    }  # smaller and no worse, or better and no larger
    assert [*zip(sizes[found], right[found], strict=True)] == sorted(wanted)


def test_curves_are_means_and_deviations_over_seeds(run):
    bits = _shrunk.curve(run, FAMILIES["bits"], "")
    np.testing.assert_allclose(bits.accuracy, [0.96, 0.73, 0.5])
    np.testing.assert_allclose(bits.spread, 0.01)  # of −.01, 0, .01, with one degree of freedom less
    np.testing.assert_allclose(bits.bytes, [1000, 625, 250])
    np.testing.assert_allclose(bits.entropy, 0.9 * bits.bytes)
    pruned = _shrunk.curve(run, FAMILIES["sparsity"], "as pruned")
    np.testing.assert_allclose(pruned.accuracy, run.accuracy_sparsity.sel(tuned="as pruned").mean("seed"))
    one = run.isel(seed=[1])
    assert (_shrunk.curve(one, FAMILIES["bits"], "").spread == 0).all()


def test_a_look_begins_at_the_smallest_network_that_is_as_accurate_as_the_unshrunk_ones(run):
    family = FAMILIES["bits"]
    assert _shrunk.free_place(run, family) == 0 and _shrunk.first_place(run, family) == 0
    holds = run.accuracy_bits.copy(data=over_seeds([0.97, 0.951, 0.949]))  # 0.96 − 0.01 is allowed
    assert _shrunk.free_place(run.assign(accuracy_bits=holds), family) == 1
    worse = run.assign(accuracy_bits=run.accuracy_bits - 0.2)
    assert _shrunk.free_place(worse, family) is None and _shrunk.first_place(worse, family) == 1
    assert _shrunk.free_place(run.drop_vars("accuracy_precision"), family) is None


def test_the_figure_has_the_runs_numbers(run):
    figure = shrinking.model_size(run)
    curve = trace(figure, "fewer bits")
    np.testing.assert_allclose(curve.x, [1000, 625, 250])
    np.testing.assert_allclose(curve.y, [0.04, 0.27, 0.5])  # the error, which the axis reads as accuracy
    np.testing.assert_allclose(curve.error_y.array, 0.01)
    np.testing.assert_allclose(curve.error_y.arrayminus, 0.01)
    assert curve.hovertext[1].startswith("fewer bits: 4 bits") and "73.0 ± 1.0 %" in curve.hovertext[1]
    assert trace(figure, "f32").x[0] == 4000 and trace(figure, "f16").y[0] == pytest.approx(0.04)
    ticks = dict(zip(figure.layout.yaxis.ticktext, figure.layout.yaxis.tickvals, strict=True))
    assert ticks["95%"] == 0.05 and ticks["50%"] == 0.5
    low, high = figure.layout.yaxis.range
    assert low > high  # upside down: few errors above


def test_the_front_is_drawn_as_stairs(run):
    stairs = trace(shrinking.model_size(run), "Pareto front")
    sizes, right, _ = _shrunk.every_point(run)
    best = _shrunk.front(sizes, right)
    np.testing.assert_allclose(stairs.x[::2], sizes[best])
    np.testing.assert_allclose(stairs.y[::2], 1 - right[best])
    assert (np.diff(stairs.x) >= 0).all() and (np.diff(stairs.y) <= 0).all()
    steps = zip(pairwise(stairs.x), pairwise(stairs.y), strict=True)
    assert all(a == b or c == d for (a, b), (c, d) in steps)  # along one axis at a time


@every_family
def test_axes_stay_and_the_marks_follow_the_slider(run, family):
    made = shrinking.animated_model_size(run, family)
    assert made.figure.layout.xaxis == shrinking.model_size(run).layout.xaxis
    assert made.figure.layout.yaxis == shrinking.model_size(run).layout.yaxis
    for motion, variant in zip(made.motions, family.variants, strict=False):
        own = _shrunk.curve(run, family, variant)
        np.testing.assert_allclose(motion.x[:, 0], own.bytes)
        np.testing.assert_allclose(motion.y[:, 0], 1 - own.accuracy)


def test_no_error_at_all_stands_at_its_own_tick_with_room_above(run):
    perfect = run.assign(accuracy_bits=run.accuracy_bits * 0 + 1.0, accuracy_precision=run.accuracy_precision * 0 + 1.0)
    figure = shrinking.model_size(perfect)
    least = 0.5 / (450 * 3)  # half a wrong answer of three networks: one wrong answer stands below
    np.testing.assert_allclose(trace(figure, "fewer bits").y, least)
    np.testing.assert_allclose(trace(figure, "f16").y, least)
    ticks = dict(zip(figure.layout.yaxis.ticktext, figure.layout.yaxis.tickvals, strict=True))
    assert ticks["100%"] == pytest.approx(least) and min(ticks.values()) == least
    bottom, top = figure.layout.yaxis.range
    assert (np.log10(least) - top) / (bottom - top) > 0.07  # of the height
    assert "100%" not in shrinking.model_size(run).layout.yaxis.ticktext


def test_sizes_in_words():
    said = [_shrunk.kilobytes(each) for each in (17, 999.4, 999.6, 1234, 11877, 107_944, 1_234_000)]
    assert said == ["17 bytes", "999 bytes", "1.00 kB", "1.23 kB", "11.9 kB", "108 kB", "1.23 MB"]
    words = [_shrunk.said(FAMILIES[name], value) for name, value in (("bits", 4), ("sparsity", 0.995), ("width", 1))]
    assert words == ["4 bits", "99.5 % zeros", "1 unit"]


# --- weights


@every_family
def test_a_histogram_has_the_runs_shares_from_edge_to_edge(run, family):
    made = weights.animated_weights(run, family)
    x, y = made.motions[1].x[0], made.motions[1].y[0]
    half = 2 / (BINS - 1)
    np.testing.assert_allclose([x[0], x[-1]], [-2 - half, 2 + half])
    floor = 10 ** made.figure.layout.yaxis.range[0]
    assert y[0] == y[-1] == 0.5 / PARAMETERS == pytest.approx(floor)
    shares = _shrunk.found(run, "weights", family, family.variants[0])
    np.testing.assert_allclose(y[1:-1:2], np.maximum(shares[0], floor))
    np.testing.assert_allclose(x[1:-1:2], np.linspace(-2, 2, BINS) - half)
    whole = made.motions[0].y
    assert (whole == whole[0]).all() and whole[0].max() == 1.0  # the network as trained stands


def test_a_histogram_says_what_is_left(run):
    said = [[row[0] for row in weights.animated_weights(run, each).motions[-1].text] for each in FAMILIES.values()]
    assert said == [["255 levels", "15 levels", "3 levels"], ["0 % zeros", "50 % zeros", "90 % zeros"],
                    ["500 parameters", "100 parameters"]]  # fmt: skip


# --- what is kept


@every_family
def test_rows_are_shares_of_each_factors_bits(run, family):
    made = shrunk_kept.animated_shrunk_keeping(run, family)
    name = family.variants[0] or "shrunk"
    dots = next(each for each in made.motions if made.figure.data[each.trace].name == name)
    own = run[f"kept_{family.name}"]
    own = own.sel({family.over: family.variants[0]}) if family.over else own
    np.testing.assert_allclose(dots.x, own.values / ENTROPY)
    np.testing.assert_allclose(trace(made.figure, "as trained").x, 0.5)
    np.testing.assert_allclose(trace(made.figure, "raw inputs, the same probe").x, [0.75, 0.25])
    assert made.motions[-1].text[0][0] == f"{float(own[0, 0]):.1f} of 3.2 bits"


def test_what_is_not_probed_yet_is_said(run):
    figure = shrunk_kept.kept_by_shrunk(run.drop_vars(["kept_bits", "kept_precision"]))
    assert shrunk_kept.LATER in [each.text for each in figure.layout.annotations]


def test_a_figure_is_exported_with_the_run_it_came_from(run, tmp_path):
    file = tmp_path / "size.csv"
    exporting.write(file, shrinking.model_size(run), run)
    text = file.read_text()
    assert f"# run: {CONFIG.id}" in text and "fewer bits" in text and "(log error)" in text


def test_other_settings_have_other_places():
    longer = stand_in(replace(CONFIG, bits=(8, 6, 4, 2), seeds=1))
    assert len(_shrunk.values_of(longer, FAMILIES["bits"])) == 4
    assert shrinking.animated_model_size(longer, FAMILIES["bits"]).motions[0].x.shape == (4, 1)
