"""Figures: for every run and every choice a plain plotly Figure with fixed axes, whose numbers are the run's."""

import inspect
import json
from itertools import product

import numpy as np
import plotly.graph_objects as go
import pytest
from conftest import figure_of

from distill import registry
from distill.config import Choice
from distill.errors import InvalidValue, UnknownName
from distill.figures import _style
from distill.figures._animation import Animation, Moving, chosen
from distill.figures.errors import error_curve
from distill.figures.keeping import kept_and_discarded
from distill.figures.maps import REACH, code_map, map_kind
from distill.figures.plane import animated_plane, information_plane
from distill.measures.ledgers import PARTS, ledger
from distill.measures.probing import factors
from distill.palette import DARK, GROUND, beta_colours

FIGURES = {
    name: each
    for name, each in registry.public("figures").items()
    if inspect.isfunction(each)
    and inspect.signature(each).return_annotation is go.Figure
    and not hasattr(inspect.getmodule(each), "KIND")  # of other runs than sweeps: tests/test_layers_figures.py
}
SHADED = ("explained_map", "fisher_map")  # by amounts, in colours between those of a ramp
RUNS = ("sweep", "planar", "noiseless")
CHOICES = (
    Choice(), Choice(beta=0), Choice(beta=-1), Choice(beta=0, step=0), Choice(beta=-1, step=1, split="train"),
    Choice(beta=0, step=-1, map="pca"), Choice(beta=0, split="train", colour="parity", map="pca"),
)  # fmt: skip
every_figure = pytest.mark.parametrize("name", FIGURES)
every_run = pytest.mark.parametrize("run", RUNS)


@pytest.fixture
def run(request):
    return request.getfixturevalue(request.param)


def numbers(values):
    return np.array([np.nan if value is None else value for value in values], float)


def trace(figure, name):
    """The one trace called `name`."""
    (found,) = [each for each in figure.data if each.name == name]
    return found


def ranges(figure):
    """Every axis's range, by name."""
    plain = figure.to_dict()["layout"]
    return {name: each["range"] for name, each in plain.items() if name[:5] in ("xaxis", "yaxis")}


def test_the_promised_figures_are_there():
    assert set(FIGURES) >= {"information_plane", "code_map", "kept_and_discarded", "error_curve", "kept_pictures"}


@every_figure
@pytest.mark.parametrize("run", RUNS, indirect=True)
def test_every_choice_gives_a_figure_with_the_same_fixed_axes(name, run):
    axes = {}
    for choice in (*CHOICES, *(Choice(beta=0, colour=str(factor)) for factor in run.factor.values)):
        figure = figure_of(FIGURES[name], run, choice)
        assert type(figure) is go.Figure
        assert len(figure.data) > 0
        here = ranges(figure)
        assert {"xaxis", "yaxis"} <= set(here)
        assert all(low != high for low, high in here.values())  # of pictures the upper row is the first
        assert here == axes.setdefault(choice.split, here)
        json.loads(figure.to_json())


@every_figure
@pytest.mark.parametrize("run", RUNS, indirect=True)
def test_one_call_leaves_nothing_behind_for_the_next(name, run):
    before = figure_of(FIGURES[name], run, Choice(beta=0)).to_json()
    FIGURES[name](run, Choice(beta=-1, step=0))
    assert FIGURES[name](run, Choice(beta=0)).to_json() == before
    assert FIGURES[name](run).to_json() == FIGURES[name](run, Choice()).to_json()


@every_figure
@pytest.mark.parametrize("wrong", [Choice(beta=5), Choice(beta=-6), Choice(beta=0, step=6), Choice(beta=0, step=-7)])
def test_an_index_that_the_run_does_not_have_is_refused(name, sweep, wrong):
    figure_of(FIGURES[name], sweep)
    with pytest.raises(InvalidValue, match=r"is not among the run's [56]: 0 to [45]$"):
        FIGURES[name](sweep, wrong)


def test_the_default_choice_fits_a_shorter_sweep(sweep):
    assert chosen(sweep, Choice()) == (5, 1)
    assert chosen(sweep, Choice(beta=-1, step=2)) == (2, 4)


@every_figure
def test_every_colour_has_a_partner_for_the_dark(name, sweep):
    import re

    if name in SHADED:
        pytest.skip("on a stage the browser shades its cells, by a ramp of either theme")
    hexes = set(re.findall(r"#[0-9a-f]{6}\b", figure_of(FIGURES[name], sweep, Choice(beta=1)).to_json()))
    assert hexes <= {*DARK, GROUND}


def bare(run):
    """The run as it is before anything has followed its training."""
    return run.drop_vars(
        [name for name in run.data_vars if str(name).startswith(("factor_", "decoder_")) or name == "map_umap"]
    )


@every_figure
def test_a_figure_without_what_follows_a_training_is_drawn_or_says_what_it_lacks(name, planar):
    try:
        assert type(FIGURES[name](bare(planar), Choice(beta=1, step=1))) is go.Figure
    except InvalidValue as error:
        assert planar.attrs["id"] in str(error)


# --- the information plane


@pytest.mark.parametrize(("beta", "step", "split"), list(product((0, 2, 4), (0, 3, None), ("train", "test"))))
def test_the_dot_stands_at_the_runs_numbers(sweep, beta, step, split):
    figure = information_plane(sweep, Choice(beta=beta, step=step, split=split))
    here = sweep.sel(split=split).isel(beta=beta, step=-1 if step is None else step)
    dot, bracket = trace(figure, "chosen β"), trace(figure, "bracket from measured I(X;Z) to rate")
    assert numbers(dot.x).tolist() == [here.information_x.item()]
    assert numbers(dot.y).tolist() == [here.information_y.item()]
    edge = ranges(figure)["xaxis"][1]
    assert numbers(bracket.x).tolist() == [here.information_x.item(), min(here.rate.item(), edge)]
    assert numbers(bracket.y).tolist() == [here.information_y.item()] * 2


def test_the_learned_curve_the_ceiling_and_the_limit(sweep):
    figure = information_plane(sweep, Choice(beta=1))
    last = sweep.isel(step=-1).sel(split="test")
    for name in ("learned curve", "every β"):
        assert np.array_equal(numbers(trace(figure, name).x), last.information_x)
        assert np.array_equal(numbers(trace(figure, name).y), last.information_y)
    assert list(trace(figure, "every β").marker.color) == beta_colours(5)
    assert set(numbers(trace(figure, "log2 N").x)) == {np.log2(400)}
    limit, entropy = trace(figure, "limit min(I(X;Z), H(Y))"), last.entropy_y.item()
    assert numbers(limit.x)[:2].tolist() == [0, entropy]
    assert numbers(limit.y).tolist() == [0, entropy, entropy]
    assert ranges(figure)["xaxis"][1] > np.log2(400)


def test_the_trails_are_of_snapshots_with_equal_n(sweep):
    figure = information_plane(sweep, Choice(beta=2))
    trail = trace(figure, "trail of the chosen β")
    path = sweep.sel(split="test").isel(beta=2, step=slice(0, 5))  # the last has 400 items, those before it 250
    assert np.array_equal(numbers(trail.x), path.information_x)
    assert np.array_equal(numbers(trail.y), path.information_y)
    every = np.concatenate([numbers(each.x) for each in figure.data if each.name == "trail"])
    assert np.isnan(every).sum() == 5
    assert np.array_equal(
        np.sort(every[~np.isnan(every)]), np.sort(sweep.information_x.sel(split="test")[:5].values.ravel())
    )


def test_a_beta_that_is_still_falling_has_an_open_mark(sweep):
    falling = sweep.copy(deep=True)
    falling.samples[:] = 400
    falling.information_x[:, 1] = np.array([8, 8, 8, 8, 8, 6])[:, None]
    falling.information_x[:, 2] = 4
    marks = trace(information_plane(falling, Choice(beta=0)), "every β")
    assert list(marks.marker.symbol)[1:3] == ["circle-open", "circle"]
    assert "still falling" in marks.hovertext[1]
    assert "still falling" not in marks.hovertext[2]


def test_a_code_without_noise_is_an_open_mark_at_the_ceiling_with_its_reason(noiseless):
    figure = information_plane(noiseless)
    mark, dot = trace(figure, "every β"), trace(figure, "chosen β")
    bound = noiseless.bound_y.isel(step=-1).sel(split="test").values
    for each in (mark, dot):
        assert numbers(each.x).tolist() == [np.log2(400)]
        assert np.array_equal(numbers(each.y), bound)
    assert list(mark.marker.symbol) == ["circle-open"]
    assert "I(X;Z) is not a number" in mark.hovertext[0]


# --- the map


def scaled(points):
    """As the map draws them: centred, 99.5 % of the items within ±1, the rest on that edge."""
    points = points - np.median(points, axis=0)
    return np.clip(points / np.quantile(np.abs(points).max(-1), 0.995), -1, 1)


def drawn(figure, points):
    """The map's items in the run's order, (point, axis)."""
    found = np.full((points, 2), np.nan)
    for each in figure.data:
        if each.customdata is not None:
            found[np.asarray(each.customdata, int)] = np.stack([numbers(each.x), numbers(each.y)], -1)
    return found


@pytest.mark.parametrize("run", ["sweep", "planar"], indirect=True)
@pytest.mark.parametrize(("beta", "step"), [(0, None), (1, 0), (2, 1), (2, None)])
@pytest.mark.parametrize("colour", ["label", "ink"])
def test_the_map_shows_the_sampled_codes(run, beta, step, colour):
    figure = code_map(run, Choice(beta=beta, step=step, colour=colour))
    codes = run.codes_2d.isel(code_step=-1 if step is None else step, beta=beta).values.astype(float)
    found = drawn(figure, 400)
    assert np.allclose(found, scaled(codes), atol=1e-9)
    assert np.abs(found).max() < REACH
    values = run.factors.sel(factor="digit" if colour == "label" else colour).values
    for index, each in enumerate(each for each in figure.data if each.customdata is not None):
        assert (values[np.asarray(each.customdata, int)] == index).all()


def test_digits_are_numerals_and_other_classes_have_their_names_at_their_middles(sweep):
    digits = code_map(sweep, Choice(beta=1))
    assert [each.name for each in digits.data] == list("0123456789")
    assert all(set(each.text) == {each.name} for each in digits.data)
    ink = code_map(sweep, Choice(beta=1, colour="ink"))
    names = trace(ink, "class names")
    assert list(names.text) == ["low", "middle", "high"]
    for index, each in enumerate(ink.data[:3]):
        assert names.x[index] == pytest.approx(np.median(numbers(each.x)))
        assert names.y[index] == pytest.approx(np.median(numbers(each.y)))


def test_a_step_without_codes_shows_the_nearest_that_has_them(sweep):
    few = sweep.isel(code_step=[0, 2, 5])
    shown = [drawn(code_map(few, Choice(beta=1, step=step)), 400) for step in range(6)]
    for step, nearest in zip(range(6), (0, 0, 1, 1, 2, 2), strict=True):
        assert np.allclose(shown[step], scaled(few.codes_2d[nearest, 1].values.astype(float)), atol=1e-9), step


def test_umap_is_shown_where_the_run_has_it_and_at_its_end_only(sweep):
    layouts = np.random.default_rng(0).standard_normal((5, 400, 2)).astype("f4")
    run = sweep.assign(map_umap=(("beta", "point", "axis"), layouts))
    for choice, kind in (
        (Choice(beta=1), "UMAP"), (Choice(beta=1, step=5, map="umap"), "UMAP"), (Choice(beta=1, map="pca"), "PCA"),
        (Choice(beta=1, step=2), "PCA"),
    ):  # fmt: skip
        assert map_kind(run, choice) == kind
        codes = layouts[1] if kind == "UMAP" else run.codes_2d.isel(code_step=choice.step or -1, beta=1).values
        assert np.allclose(drawn(code_map(run, choice), 400), scaled(codes.astype(float)), atol=1e-6)


def test_a_map_that_is_not_there_and_a_colour_that_is_unknown_are_refused(sweep, planar):
    assert map_kind(planar, Choice(beta=0)) == "code"
    with pytest.raises(InvalidValue, match="its UMAP has not been computed"):
        code_map(sweep, Choice(beta=0, map="umap"))
    with pytest.raises(UnknownName, match=r"unknown factor to colour by 'inc'; known: .*; did you mean 'ink'\?"):
        code_map(sweep, Choice(beta=0, colour="inc"))


# --- kept and discarded


@pytest.mark.parametrize(("beta", "split"), list(product(range(5), ("train", "test"))))
def test_the_bars_are_the_ledger_and_sum_to_log2_n(sweep, beta, split):
    figure = kept_and_discarded(sweep, Choice(beta=beta, split=split))
    bars = [each for each in figure.data if each.type == "bar"]
    wanted = ledger(sweep, split).isel(step=-1, beta=beta)
    assert [each.x[0] for each in bars] == pytest.approx([wanted[name].item() for name in PARTS[:4]])
    assert sum(each.x[0] for each in bars) == pytest.approx(np.log2(400), abs=1e-9)
    assert list(ranges(figure)["xaxis"]) == [0, np.log2(400)]
    assert figure.layout.barmode == "stack"


def test_a_bar_measured_on_fewer_items_is_as_long_as_their_bits(sweep):
    bars = [each.x[0] for each in kept_and_discarded(sweep, Choice(beta=2, step=1)).data if each.type == "bar"]
    wanted = ledger(sweep).isel(step=1, beta=2)
    assert bars == pytest.approx([wanted[name].item() for name in PARTS[:4]])
    assert sum(bars) == pytest.approx(np.log2(250), abs=1e-9)


def test_the_rows_are_the_factors_shares_with_their_intervals_and_ceilings(sweep):
    found = factors(sweep)
    for beta in (0, 3):
        figure, here = kept_and_discarded(sweep, Choice(beta=beta)), found.isel(beta=beta)
        kept, entropy = trace(figure, "kept"), here.entropy.values
        assert numbers(kept.x) == pytest.approx(here.share.values)
        assert numbers(kept.x) + numbers(kept.error_x.array) == pytest.approx(here.kept_high.values / entropy)
        assert numbers(kept.x) - numbers(kept.error_x.arrayminus) == pytest.approx(here.kept_low.values / entropy)
        assert (numbers(kept.error_x.array) >= 0).all()
        assert numbers(trace(figure, "raw inputs, linear probe").x) == pytest.approx(found.ceiling.values / entropy)
        words = trace(figure, "bits").text
        assert words[0] == f"{here.kept.values[0]:.1f} of {entropy[0]:.1f} bits"
        assert list(figure.layout.yaxis2.ticktext) == [str(name) for name in sweep.factor.values]


def test_a_run_whose_probes_are_not_fitted_yet_has_its_bar_alone(planar):
    figure = kept_and_discarded(bare(planar), Choice(beta=1))
    assert {each.name for each in figure.data if each.type == "scatter"} == {"colours"}


def test_a_code_without_noise_has_no_bar(noiseless):
    figure = kept_and_discarded(noiseless)
    assert [each for each in figure.data if each.type == "bar"] == [] and not figure.layout.xaxis.visible


# --- the error curve


@pytest.mark.parametrize(("beta", "step", "split"), [(0, None, "test"), (3, 2, "train"), (4, 0, "test")])
def test_the_error_curve_shows_the_runs_errors(sweep, beta, step, split):
    figure = error_curve(sweep, Choice(beta=beta, step=step, split=split))
    at = sweep.isel(step=-1 if step is None else step)
    for name, word in (("error_one", "one code"), ("error_average", "twelve codes averaged")):
        for each in ("train", "test"):
            curve = trace(figure, f"{word}, {each} items")
            assert numbers(curve.x).tolist() == [0, 1, 2, 3, 4]
            assert np.array_equal(numbers(curve.y), at[name].sel(split=each))
        mark = trace(figure, f"chosen β, {word}")
        assert numbers(mark.x).tolist() == [beta]
        assert numbers(mark.y).tolist() == [at[name].sel(split=split).values[beta]]
    assert set(numbers(trace(figure, "chosen β").x)) == {beta}


def test_no_error_of_one_code_lies_below_fanos_floor(sweep):
    floor = numbers(trace(error_curve(sweep, Choice(beta=0)), "Fano's floor for one code").y)
    last = sweep.isel(step=-1).sel(split="test")
    assert (np.diff(floor) >= 0).all()
    assert floor[3] > 0.3
    assert (last.error_one.values >= floor - 0.02).all()
    assert last.error_average.values[3] < last.error_one.values[3] - 0.2


# --- what they share


def furniture(figure):
    return {each.name for each in figure.data if each.meta == _style.FURNITURE}


def test_legends_scales_and_regions_are_marked_as_furniture(sweep):
    assert furniture(information_plane(sweep, Choice(beta=1))) == {"out of reach", "log2 N in words"}
    assert furniture(kept_and_discarded(sweep, Choice(beta=1))) == {"colours", "scale"}
    assert furniture(code_map(sweep, Choice(beta=1, colour="ink"))) == {"class names"}
    assert furniture(error_curve(sweep, Choice(beta=1))) == {"chosen β"}


@every_run
def test_the_knobs_values_are_written_as_a_person_writes_them(run, request):
    run = request.getfixturevalue(run)
    assert _style.knob_values(run) == {
        "sweep": ["0", "0.01", "0.1", "0.6", "2"], "planar": ["0", "0.03", "0.6"], "noiseless": ["0"],
    }[request.node.callspec.params["run"]]  # fmt: skip


def test_ticks_stand_at_the_decades_of_beta(sweep, noiseless):
    assert _style.knob_ticks(sweep) == [(0, "0"), (1, "10⁻²"), (2, "10⁻¹"), (3, "1")]
    assert _style.knob_ticks(noiseless) == [(0, "0")]


def test_the_caption_names_run_settings_estimators_and_n(sweep):
    said = _style.caption(sweep)
    for word in (
        sweep.attrs["id"],
        "Digits",
        "digit",
        "VIB",
        "K = 4",
        "5 βs",
        "20 epochs",
        "seed 0",
        "N = 400",
        "bits",
    ):
        assert word in said


def test_an_animation_moves_what_it_was_told_to_and_nothing_else(sweep):
    figure = go.Figure([go.Scatter(x=[0], y=[0], error_x={"array": [], "arrayminus": []}), go.Scatter(x=[7], y=[7])])
    values = np.arange(30.0).reshape(6, 5, 1)
    moving = Animation(
        figure,
        (
            Moving(
                0, x=values, y=values[0], low=values - 1, high=values + 3, text=[[[letter] for letter in "abcde"]] * 6
            ),
        ),
    )
    found = moving.at(sweep, Choice(beta=3, step=2))
    assert (found.data[0].x[0], found.data[0].y[0]) == (13, 3)
    assert (found.data[0].error_x.array[0], found.data[0].error_x.arrayminus[0]) == (3, 1)
    assert found.data[1].x == (7,)
    assert figure.data[0].x == (0,)


def test_the_stage_and_the_figure_are_one_thing(sweep):
    animation = animated_plane(sweep)
    moved = {motion.trace for motion in animation.motions}
    choices = Choice(beta=1), Choice(beta=2, step=2)
    one, other = (json.loads(animation.at(sweep, choice).to_json()) for choice in choices)
    assert one["layout"] == other["layout"]
    for index, (a, b) in enumerate(zip(one["data"], other["data"], strict=True)):
        assert (a == b) == (index not in moved), a["name"]


@pytest.mark.parametrize("step", [0, 2, None])
def test_the_curve_and_the_ceiling_are_those_of_the_step(sweep, step):
    figure, at = information_plane(sweep, Choice(beta=1, step=step)), sweep.sel(split="test")
    here = at.isel(step=-1 if step is None else step)
    for name in ("learned curve", "every β"):
        assert numbers(trace(figure, name).x) == pytest.approx(here.information_x.values)
        assert numbers(trace(figure, name).y) == pytest.approx(here.information_y.values)
    assert set(numbers(trace(figure, "log2 N").x)) == {np.log2(int(here.samples))}
    assert list(trace(figure, "log2 N in words").text) == [f"log₂ N = {np.log2(int(here.samples)):.1f}"]
