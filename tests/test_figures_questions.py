"""The figures of the Questions page: quality against ratio, error against bits, shape beside relevance."""

import re
from functools import cache

import numpy as np
import pytest
import xarray as xr

from distill import exporting, palette, store
from distill.config import Choice
from distill.figures.ratio import LARGEST, animated_ratio, quality_against_ratio, standing
from distill.figures.reference import KEPT, animated_blindness, shape_and_relevance, shapes
from distill.figures.tradeoff import animated_tradeoff, error_against_bits, lowest, sufficient_bits
from distill.measures.fano import fano_floor

DIGITS, LETTERS, GAUSSIAN, NOISELESS = "2430f1a2ad29", "cbccc051b557", "086fa2732cc0", "8e627b830535"
WEIGHED = "816d11b8a399"
FIGURES = (quality_against_ratio, error_against_bits, shape_and_relevance)
ANIMATIONS = (animated_ratio, animated_tradeoff, animated_blindness)


@cache
def example(name):
    return store.open_run(store.path_of(name)).load()


def traces(figure, name):
    return [each for each in figure.data if each.name == name]


def with_bits(run, bits, relevant):
    """The run with these I(X;Z) and I(Z;Y), (beta,), at every step on both splits."""
    given = {"information_x": bits, "information_y": relevant}
    made = {name: run[name] * 0 + xr.DataArray(values, dims="beta") for name, values in given.items()}
    return run.assign({name: each.transpose(*run[name].dims) for name, each in made.items()})


# --- quality against ratio


def test_ratio_and_quality_are_the_bits_over_the_whole():
    run, betas = example(DIGITS), example(DIGITS).sizes["beta"]
    whole = float(run.entropy_y.sel(split="test")[-1])
    bits = np.linspace(8.0, 0.5, betas)
    found = standing(with_bits(run, bits, np.minimum(bits, whole) / 2))
    np.testing.assert_allclose(found.ratio, np.log2(450) / bits, rtol=1e-6)
    np.testing.assert_allclose(found.quality, np.minimum(bits, whole) / 2 / whole, rtol=1e-6)
    np.testing.assert_allclose(found.best, np.minimum(1, bits / whole), rtol=1e-6)  # THEORY §10: q = min(1, r/H(Y))
    assert found.relevant == pytest.approx(whole) and found.whole == pytest.approx(np.log2(450))


@pytest.mark.parametrize("name", [DIGITS, WEIGHED, LETTERS, GAUSSIAN])
def test_no_learned_code_is_better_than_the_best_of_as_many_bits(name):
    run, found = example(name), standing(example(name))
    at = run.sel(split="test").isel(step=-1)
    errors = np.hypot(at.information_x_error.fillna(0), at.information_y_error.fillna(0)).values / found.relevant
    assert (found.quality <= found.best + 4 * errors + 1e-6).all()


def test_the_limit_that_is_drawn_is_free_down_to_the_labels_own_bits():
    run, found = example(DIGITS), standing(example(DIGITS))
    figure = animated_ratio(run).figure
    limit = traces(figure, "the most that is possible")[0]
    corner = found.whole / found.relevant
    np.testing.assert_allclose(limit.y, np.minimum(1, corner / np.array(limit.x)), atol=1e-9)
    assert traces(figure, "r = H(Y)")[0].x[0] == pytest.approx(corner)
    assert any(f"{corner:.2g}×" in str(each.text) for each in figure.data)


def test_the_exact_curve_is_drawn_where_it_is_known_and_free_is_not_claimed():
    run = example(LETTERS)
    figure, found = animated_ratio(run).figure, standing(run)
    limit = traces(figure, "the most that is possible")[0]
    assert not traces(figure, "r = H(Y)")
    halved = np.interp(2.0, limit.x, limit.y)
    inside = found.ratio < LARGEST
    np.testing.assert_allclose(np.interp(found.ratio[inside], limit.x, limit.y), found.best[inside], atol=2e-3)
    assert halved > 0.5 + 0.05  # concave: half of the bits are worth more than half


def test_between_two_codes_the_line_is_straight_in_bits_and_so_never_out_of_reach():
    run = example(DIGITS)
    figure, found = animated_ratio(run).figure, standing(run)
    path = traces(figure, "learned curve")[0]
    x, y = np.array(path.x, float), np.array(path.y, float)
    inside = np.isfinite(x)
    middle = 6  # half of the way from the first β to the second
    assert found.whole / x[middle] == pytest.approx(found.bits[:2].mean(), rel=1e-6)
    assert y[middle] == pytest.approx(found.quality[:2].mean(), rel=1e-6)
    assert (y[inside] <= np.minimum(1, found.whole / found.relevant / x[inside]) + 0.02).all()


def test_what_is_smaller_than_the_axis_stands_open_at_its_edge():
    run = example(LETTERS)
    found, marks = standing(run), traces(animated_ratio(run).figure, "every β")[0]
    beyond = found.ratio > LARGEST
    assert beyond.any() and (np.array(marks.x)[beyond] == LARGEST).all()
    assert [each == "circle-open" for each in marks.marker.symbol] == beyond.tolist()


# --- error against bits


@pytest.mark.parametrize(("bits", "floor"), [(1.71, 0.252), (3.00, 0.034), (1.01, 0.419)])
def test_the_floor_is_fanos(bits, floor):
    assert lowest(example(DIGITS), np.array([bits]))[0] == pytest.approx(floor, abs=1.5e-3)  # THEORY §8.5


def test_where_the_curve_is_known_the_floor_is_of_what_these_bits_can_tell_at_most():
    run, bits = example(LETTERS), np.linspace(0.1, 4, 9)
    entropy = float(run.entropy_y.sel(split="test")[-1])
    plain = fano_floor(bits, entropy, 27)
    assert (lowest(run, bits) > plain + 0.005).all()  # F(r) < r: fewer bits about Y than bits
    whole = fano_floor(np.array([0.86331]), entropy, 27)[0]
    assert lowest(run, np.array([4.03]))[0] == pytest.approx(whole, abs=1e-4)


@pytest.mark.parametrize("name", [DIGITS, WEIGHED, LETTERS])
def test_no_code_errs_less_often_than_its_floor(name):
    run = example(name)
    at = run.sel(split="test").isel(step=-1)
    error, bits = at.error_one.values, np.maximum(at.information_x.values, 0)
    chance = 4 * np.sqrt(np.maximum(error * (1 - error), 1 / float(at.samples)) / float(at.samples))
    assert (error + ("joint" not in run) * chance >= lowest(run, bits)).all()


def test_the_least_that_keeps_all_is_the_entropy_of_what_tells_y():
    """Two values of x with the same p(y|x) are one in the minimal sufficient statistic."""
    rows = np.array([[0.2, 0.05], [0.4, 0.1], [0.05, 0.2]])
    run = xr.Dataset({"joint": (("value_x", "value_y"), rows)})
    assert sufficient_bits(run) == pytest.approx(-(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25)))
    assert sufficient_bits(example(LETTERS)) == pytest.approx(4.0235, abs=1e-3)  # H(X): no two letters are alike
    assert sufficient_bits(example(DIGITS)) == pytest.approx(float(example(DIGITS).entropy_y.sel(split="test")[-1]))
    assert sufficient_bits(example(GAUSSIAN)) == np.inf


def test_a_continuous_label_has_bits_that_are_lost_above_the_exact_curve():
    run = example(GAUSSIAN)
    figure = animated_tradeoff(run).figure
    floor, marks = traces(figure, "floor")[0], traces(figure, "every β")[0]
    assert floor.y[0] == pytest.approx(1.519892, abs=1e-5)  # THEORY §4: I(X;Y) of ρ = (.9, .6)
    assert (np.array(marks.y) >= np.interp(marks.x, floor.x, floor.y) - 1e-3).all()
    assert not traces(figure, "r_min")
    assert np.interp(3.800849, floor.x, floor.y) == pytest.approx(1.519892 - 1.367889, abs=1e-3)


# --- shape beside relevance


def test_other_labels_move_what_is_kept_and_nothing_else():
    run = example(DIGITS)
    other = with_bits(run, run.information_x.sel(split="test")[-1].values, np.zeros(run.sizes["beta"]))
    before, after = shapes(run), shapes(other.assign(label=run.label[::-1]))
    assert not after[KEPT].any() and before[KEPT][0] > 0.99
    for name in set(before) - {KEPT}:
        np.testing.assert_array_equal(before[name], after[name])


def test_codes_in_one_direction_have_the_least_of_every_shape():
    run = example(DIGITS)
    flat = run.code_mean.copy(data=np.zeros(run.code_mean.shape, np.float32))
    flat[..., 0] = np.float32(3)
    found = shapes(run.assign(code_mean=flat, code_scale=flat * 0 + np.float32(1e-4)))
    latents = run.sizes["latent"]
    assert found["participation"] == pytest.approx(1 / latents, abs=1e-3)
    assert found["RankMe"] == pytest.approx(1 / latents, abs=5e-3)
    assert found["uniformity"] == pytest.approx(0, abs=1e-3)


def test_a_curve_that_a_run_has_not_is_left_out():
    run = example(DIGITS).assign_attrs(code="categorical")
    assert list(shapes(run)) == [KEPT]


# --- all of them


@pytest.mark.parametrize("animation", ANIMATIONS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("name", [DIGITS, LETTERS, GAUSSIAN, NOISELESS])
def test_axes_are_fixed_colours_have_a_dark_partner_and_the_mark_follows_beta(animation, name):
    run = example(name)
    made = animation(run)
    assert made.figure.layout.xaxis.range and made.figure.layout.yaxis.range
    used = {each.lower() for each in re.findall(r"#[0-9a-fA-F]{6}\b", str(made.figure.to_plotly_json()))}
    assert used <= {each.lower() for each in palette.DARK}
    ends = [made.at(run, Choice(beta=index)) for index in (0, run.sizes["beta"] - 1)]
    marks = [[tuple(each.x) for each in end.data if "chosen" in str(each.name)] for end in ends]
    assert run.sizes["beta"] == 1 or marks[0] != marks[1]


def test_a_code_without_noise_is_drawn_open():
    for figure in (quality_against_ratio(example(NOISELESS)), error_against_bits(example(NOISELESS))):
        assert traces(figure, "chosen β")[0].marker.symbol == "circle-open"
        assert np.isfinite(np.array(traces(figure, "chosen β")[0].y, float)).all()


def test_they_are_found_for_export():
    for figure in FIGURES:
        assert exporting.figures()[figure.__name__] is figure
        assert str(example(DIGITS).attrs["id"]) in exporting.to_csv(figure(example(DIGITS)), {"run": DIGITS})
