"""The tree of classes, the confusion and the number of classes as figures: what they draw is what is measured."""

import re

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr
from confusions import h2, in_pairs, run_with

from distill import exporting, palette
from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures.confusion import (
    EDGES,
    animated_confusion,
    animated_effective,
    confusion_matrix,
    effective_classes,
    groups_left,
)
from distill.figures.merging import animated_tree, class_tree, group_name, standing
from distill.measures.merging import class_groups

NEAR, FAR = np.array([0.01, 0.05, 0.2, 0.3, 0.3, 0.25]), np.array([0, 0, 0, 0.02, 0.15, 0.25])
FIGURES = (class_tree, confusion_matrix, effective_classes)
ANIMATIONS = (animated_tree, animated_confusion, animated_effective)


@pytest.fixture(scope="module")
def run():
    """Two pairs that merge between the second and the third of six βs, and all of them after the fourth."""
    return run_with(in_pairs(NEAR, FAR), items=3000)


@pytest.fixture(scope="module")
def found(run):
    return class_groups(run)


def named(figure, name):
    return [each for each in figure.data if each.name == name]


def at(animation, run, index):
    return animation.at(run, Choice(beta=index))


# --- the tree


def test_leaves_end_where_the_class_merges_and_groups_begin_there(run, found):
    figure = animated_tree(run, found).figure
    place = found.place.values
    for i, name in enumerate("abcd"):
        leaf = named(figure, name)[0]
        assert leaf.line.color == palette.class_colour(i)
        assert leaf.x[1] == pytest.approx(place[i // 2])
        assert leaf.y[0] == leaf.y[1] == 3 - found.slot.values[i]
    stems = named(figure, "group")
    assert [each.x[-1] for each in stems] == pytest.approx([place[2], place[2], 5.5])
    assert all(each.line.dash == "solid" for each in stems)
    dots = named(figure, "merges")[0]
    np.testing.assert_allclose(dots.x, place)
    np.testing.assert_allclose(dots.error_x.array, found.place_error.values)
    assert dots.text[0].startswith("a b<br>β = ") and dots.text[2].startswith("all<br>")


def test_a_stem_reaches_from_its_first_to_its_last_branch(run, found):
    stems = named(animated_tree(run, found).figure, "group")
    heights = 3 - found.slot.values
    for stem, classes in zip(stems[:2], ([0, 1], [2, 3]), strict=True):
        assert sorted(stem.y[:2]) == sorted(heights[classes])
        assert stem.y[-1] == heights[classes].mean()
    assert sorted(stems[2].y[:2]) == sorted([heights[:2].mean(), heights[2:].mean()])


@pytest.mark.parametrize(("index", "alone", "groups"), [(1, 4, []), (2, 0, ["a b", "c d"]), (5, 0, ["all"])])
def test_at_the_chosen_beta_stand_its_groups_with_their_names(run, found, index, alone, groups):
    figure = at(animated_tree(run, found), run, index)
    assert list(named(figure, "chosen β")[0].x) == [index, index]
    assert np.isfinite(named(figure, "alone at the chosen β")[0].x).sum() == alone
    mine = named(figure, "groups at the chosen β")[0]
    assert sorted(filter(None, mine.text)) == groups
    assert np.isfinite(np.array(mine.x, float)).sum() == len(groups)
    veil = named(figure, "veil")[0]
    assert (min(veil.x), max(veil.x)) == (index, 5.5)
    assert sorted(group_name(found, each) for each in standing(found, index)) == groups


def test_a_long_axis_is_cut_to_where_classes_merge_and_the_chosen_beta_stays_on_it():
    near = np.concatenate([np.full(30, 0.01), np.linspace(0.05, 0.4, 3)])
    run = run_with(in_pairs(near, 0), items=3000)
    animation = animated_tree(run)
    low, high = animation.figure.layout.xaxis.range
    assert (low, high) == (23.5, 32.5)
    assert list(named(at(animation, run, 3), "chosen β")[0].x) == [low, low]
    ticks = animation.figure.layout.xaxis
    assert list(ticks.tickvals) == list(range(24, 33))
    assert 0 < len([*filter(None, ticks.ticktext)]) <= 4 and ticks.ticktext[-1] == "1"


def test_what_is_one_from_the_start_is_one_at_the_left_edge_and_what_is_less_sure_is_dashed():
    run = run_with(in_pairs([0.45, 0.45, 0.48], [0, 0.01, 0.2]), items=30)
    found = class_groups(run)
    figure = animated_tree(run, found).figure
    assert (found.place.values[:2] == -np.inf).all()
    stems = named(figure, "group")
    assert stems[0].x[0] == figure.layout.xaxis.range[0] == named(figure, "a")[0].x[1]
    for stem, support in zip(stems, found.support.values, strict=True):
        assert (stem.line.dash == "solid") == (support >= 0.9)
    text = named(figure, "merges")[0].text[0]
    assert "one from the start" in text
    unsure = found.assign(support=("join", np.full(found.sizes["join"], 0.6)))
    assert named(animated_tree(run, unsure).figure, "group")[0].line.dash != "solid"


def test_a_tree_without_merges_and_of_one_beta():
    for shares in (in_pairs([0.0, 0.01], 0), in_pairs([0.0], 0), in_pairs([0.5], 0)):
        run = run_with(shares, betas=[0.1, 0.5][: len(shares)])
        found = class_groups(run)
        for animation in ANIMATIONS:
            assert type(at(animation(run, found), run, 0)) is go.Figure


def test_a_group_of_combinations_is_called_by_the_values_that_all_of_it_have():
    names = ["heart, red", "heart, blue", "moon, red", "moon, blue", "star, red", "star, blue"]
    found = xr.Dataset({"slot": ("class", np.arange(6))}, coords={"class": names})
    for chosen, name in (
        ([0, 1], "heart"), ([0, 2, 4], "red"), ([0, 1, 2, 3], "heart/moon"), ([0, 2], "heart/moon, red"),
        ([0, 3], "heart, red, moon, blue"), (range(6), "all"),
    ):  # fmt: skip
        assert group_name(found, np.isin(np.arange(6), [*chosen])) == name
    numerals = xr.Dataset({"slot": ("class", [2, 0, 1])}, coords={"class": ["1", "4", "9"]})
    assert group_name(numerals, np.array([True, True, False])) == "1 4"


# --- the confusion


@pytest.mark.parametrize("index", [0, 3, 5])
def test_every_cell_has_the_shade_of_its_share(run, found, index):
    figure = at(animated_confusion(run, found), run, index)
    order = np.argsort(found.slot.values)
    wanted = in_pairs(NEAR, FAR)[index][np.ix_(order, order)]
    shown = np.zeros((4, 4))
    for bars in figure.data:
        if bars.type != "bar":
            continue
        least = int(re.fullmatch(r"at least (\d+) %", bars.name)[1]) / 100
        here = np.isfinite(np.array(bars.x, float))
        for base, y, text in zip(
            np.array(bars.base)[here], np.array(bars.y)[here], np.array(bars.text)[here], strict=True
        ):
            i, j = int(3 - y), round(base + 0.48)
            assert shown[i, j] == 0
            shown[i, j] = least
            names = [str(found["class"].values[k]) for k in order]
            assert text == f"{names[i]} decoded as {names[j]}: {100 * wanted[i, j]:.0f} %"
    np.testing.assert_allclose(shown, np.array([0, *EDGES])[np.searchsorted(EDGES, wanted, side="right")])


def test_frames_are_around_the_groups(run, found):
    for index, squares in ((1, []), (2, [(-0.5, 1.5), (1.5, 3.5)]), (5, [(-0.5, 3.5)])):
        frame = named(at(animated_confusion(run, found), run, index), "groups")[0]
        x, y = (np.array(each, float).reshape(-1, 6)[:, :5] for each in (frame.x, frame.y))
        there = np.isfinite(x[:, 0])
        assert sorted((low, high) for low, high in zip(x[there].min(1), x[there].max(1), strict=True)) == squares
        np.testing.assert_allclose(x[there].min(1) + y[there].max(1), 3)  # about the diagonal
        assert (np.ptp(x[there], axis=1) == np.ptp(y[there], axis=1)).all()


# --- how many


def test_the_curve_is_two_to_the_information_and_the_steps_are_the_groups(run, found):
    figure = animated_effective(run, found).figure
    curve, steps = named(figure, "classes told apart")[0], named(figure, "groups of the tree")[0]
    wanted = [2 - h2(n) if f == 0 else np.nan for n, f in zip(NEAR, FAR, strict=True)]
    np.testing.assert_allclose(np.array(curve.y)[:3], 2 ** np.array(wanted[:3]))
    assert curve.y[-1] == pytest.approx(1)
    assert list(groups_left(found)) == [4, 4, 2, 2, 1, 1]
    for index, count in enumerate(groups_left(found)):
        before = np.flatnonzero(np.array(steps.x) <= index)
        assert steps.y[before[-1]] == count
    assert (steps.x[0], steps.x[-1]) == (-0.5, 5.5)
    band = named(figure, "90 % of resamples")[0]
    assert (np.array(band.y)[:6] >= np.array(curve.y) - 1e-9).all()
    assert (np.array(band.y)[6:12][::-1] <= np.array(curve.y) + 1e-9).all()


# --- all of them


@pytest.mark.parametrize("figure", FIGURES, ids=lambda each: each.__name__)
def test_a_figure_is_found_for_export_has_fixed_ranges_and_colours_for_the_dark(run, figure):
    assert exporting.figures()[figure.__name__] is figure
    drawn = figure(run, Choice(beta=2))
    for axis in (drawn.layout.xaxis, drawn.layout.yaxis):
        assert None not in axis.range
    text = str(drawn.to_plotly_json())
    used = {each.lower() for each in re.findall(r"#[0-9a-fA-F]{6}\b", text)}
    assert used <= {each.lower() for each in palette.DARK}
    assert not used & {each.lower() for each in palette.PARTS.values()}
    assert "merges" in exporting.to_csv(drawn, {}) or figure is not class_tree


@pytest.mark.parametrize("figure", FIGURES, ids=lambda each: each.__name__)
def test_a_run_without_confusion_says_so(run, figure):
    with pytest.raises(InvalidValue, match="has no confusion: it is measured after the training, of classes"):
        figure(run.drop_vars("confusion"))


def test_forty_classes_can_be_drawn():
    shares = np.stack([(1 - e) * np.eye(40) + e / 40 for e in (0.05, 0.6, 1.0)])
    run = run_with(shares, items=8)
    found = class_groups(run)
    for animation in ANIMATIONS:
        assert type(at(animation(run, found), run, 1)) is go.Figure
