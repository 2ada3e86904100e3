"""The exact answers that the Exact page draws, and its figures: against identities that only a right answer has."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from distill.figures._animation import Animation
from distill.figures._lit import strength_ticks
from distill.figures.directions import animated_directions, animated_shares
from distill.figures.exact_curve import animated_exact_curve
from distill.figures.splits import animated_encoder, animated_splits, bundles, listed
from distill.palette import class_colour
from distill.ui import answers
from distill.ui.tables import PRESETS

RHO = (0.9, 0.6)


def random_table():
    return np.random.default_rng(3).dirichlet(np.full(4, 0.4), 8) * np.arange(1, 9)[:, None]


@pytest.fixture(scope="module")
def solved():
    """Answers of the tables, by name; "random" has eight x."""
    found = {name: answers.of_table(table.array, table.x, table.y) for name, table in PRESETS.items()}
    return found | {"random": answers.of_table(random_table(), "abcdefgh", "wxyz")}


@pytest.fixture(scope="module")
def gaussian():
    return answers.of_gaussian(RHO)


@pytest.fixture(params=[*PRESETS, "random"])
def answer(request, solved):
    return solved[request.param]


def information(p):
    """I of the last two axes, bits."""
    product = p.sum(-1, keepdims=True) * p.sum(-2, keepdims=True)
    return (p * np.log2(np.where(p > 0, p / np.where(product > 0, product, 1), 1))).sum((-1, -2))


def colours(answer):
    return [class_colour(i) for i in range(answer.sizes["x"])]


def trace(animation, name):
    """(index, motion) of the one trace of that name."""
    (index,) = [i for i, each in enumerate(animation.figure.data) if each.name == name]
    return index, next((each for each in animation.motions if each.trace == index), None)


# --- answers


def test_joined_clusters_keep_the_information_and_are_distinct(answer):
    p_x = answer.p_xy.values.sum(1)
    encoder = answer.encoder.values
    np.testing.assert_allclose(encoder.sum(2), 1, atol=1e-9)
    np.testing.assert_allclose(information(p_x[:, None] * encoder), answer.information_x, atol=2e-3)
    q_ty = np.einsum("xy,bxt->bty", answer.p_xy.values, encoder)
    np.testing.assert_allclose(information(q_ty), answer.information_y, atol=1e-4)
    np.testing.assert_allclose(answer.p_t.sum("t"), 1, atol=1e-9)
    assert ((answer.p_t.values > 0).sum(1) == answer.clusters.values).all()
    for one in q_ty:
        rows = one[one.sum(1) > 0]
        rows = rows / rows.sum(1, keepdims=True)
        far = np.abs(rows[:, None] - rows[None]).sum(-1) + 9 * np.eye(len(rows))
        assert far.min() > 1e-3 or len(rows) == 1


def test_labels_without_noise_have_one_cluster_a_label_until_beta_is_one(solved):
    answer = solved["labels"]
    below, h = answer.beta.values < 1, 1.5128876215181601
    assert (answer.clusters.values[below] == 3).all() and (answer.clusters.values[answer.beta.values > 1] == 1).all()
    for name in ("information_x", "information_y", "entropy_t"):
        np.testing.assert_allclose(answer[name].values[below], h, atol=1e-6)
    assert {frozenset(group) for group in answers.members(answer, 0)} == {*map(frozenset, ("abc", "de", "f"))}
    assert answer.attrs["global"] == answer.attrs["local"] == pytest.approx(1)


def test_every_look_goes_from_almost_all_to_nothing(answer):
    kept = answer.information_y.values
    assert kept[0] > 0.99 * answer.attrs["information"] and kept[-1] < 1e-6
    assert (np.diff(kept) < 1e-6).all() and (np.diff(answer.information_x.values) < 1e-4).all()
    above = answer.beta.values > answer.attrs["global"] * 1.001
    assert above.any() and (answer.clusters.values[above] == 1).all()


def test_what_has_parted_is_apart_at_every_weaker_beta(answer):
    together = answer.of.values[:, :, None] == answer.of.values[:, None, :]
    assert (together[1:] | ~together[:-1]).all()  # together at a weaker β, so together at the next stronger one
    assert together[-1].all()


def test_a_branch_is_one_cluster_at_the_weakest_beta(answer):
    assert (answer.of.values[0] == answer.encoder.values[0].argmax(1)).all()


def test_branches_do_not_cross(answer):
    """Each branch holds neighbouring leaves at every β, and clusters are numbered as their branches lie."""
    order = np.argsort(answer.slot.values)
    assert sorted(answer.slot.values) == list(range(answer.sizes["x"]))
    for of in answer.of.values[:, order]:
        assert (np.diff(of) >= 0).all()


def test_x_without_probability_are_left_out_and_the_table_stays():
    table = np.array([[3, 1], [0, 0], [1, 3]])
    before = table.copy()
    answer = answers.of_table(table, ["a", "b", "c"], ["u", "v"])
    assert list(answer.x.values) == ["a", "c"] and (table == before).all()


def test_a_table_without_information_is_a_sentence():
    with pytest.raises(answers.InvalidValue, match=r"X says nothing about Y: I\(X;Y\) = 0 bits"):
        answers.of_table(np.ones((3, 2)), "abc", "uv")


def test_the_directions_of_a_gaussian_are_those_of_the_closed_form(gaussian):
    rho2, beta = np.square(RHO), gaussian.beta.values[:, None]
    gain = np.where(beta < rho2, (rho2 / beta - 1) / (1 - rho2), 0)
    np.testing.assert_allclose(gaussian.gain, gain, rtol=1e-9)
    for name in ("x", "y"):
        np.testing.assert_allclose(
            gaussian[f"bits_{name}"].sum("direction"), gaussian[f"information_{name}"], atol=1e-9
        )
    assert gaussian.attrs["information"] == pytest.approx(1.519892, abs=1e-6)
    assert (gaussian.clusters.values == (beta < rho2).sum(1)).all()


# --- the curve


def test_the_tangent_has_slope_beta_and_nothing_of_the_curve_is_above_it(answer):
    """max I(T;Y) − β I(X;T) is reached where the line of slope β touches the curve (both βs exact)."""
    animation = animated_exact_curve(answer, [""] * 65)
    _, motion = trace(animation, "slope β")
    x, y = answer.information_x.values, answer.information_y.values
    np.testing.assert_allclose(np.diff(motion.y, axis=1) / np.diff(motion.x, axis=1), answer.beta.values[:, None])
    line = motion.y[:, :1] + answer.beta.values[:, None] * (x[None] - motion.x[:, :1])
    assert (y[None] <= line + 1e-4).all()
    hard = motion.y[:, :1] + answer.beta.values[:, None] * (answer.hard_entropy.values[None] - motion.x[:, :1])
    assert (answer.hard_information.values[None] <= hard + 1e-4).all()


def test_the_mark_is_where_the_numbers_say_and_nothing_is_out_of_reach(answer):
    animation = animated_exact_curve(answer, [""] * 65)
    _, motion = trace(animation, "chosen β")
    np.testing.assert_array_equal(motion.x[:, 0], answer.information_x)
    np.testing.assert_array_equal(motion.y[:, 0], answer.information_y)
    for x, y in ((answer.information_x, answer.information_y), (answer.hard_entropy, answer.hard_information)):
        limit = np.minimum(answer.attrs["global"] * x.values, answer.attrs["information"])
        assert (y.values <= limit + 1e-6).all()
    shape = animation.figure.data[0]
    assert shape.name == "out of reach" and shape.y[2] == answer.attrs["information"]
    assert shape.y[1] / shape.x[1] == pytest.approx(answer.attrs["global"])


def test_a_gaussian_curve_has_no_hard_clusters(gaussian):
    figure = animated_exact_curve(gaussian, [""] * 65).figure
    assert "hard clusters" not in [each.name for each in figure.data]


# --- the tree and the encoder


def test_ribbons_of_a_bundle_touch_and_bundles_do_not_overlap(answer):
    middle, thick = bundles(answer)
    np.testing.assert_allclose(thick / thick.sum(), answer.p_xy.values.sum(1))
    for here, of in zip(middle, answer.of.values, strict=True):
        order = np.argsort(here)
        gap = np.diff(here[order]) - (thick[order][1:] + thick[order][:-1]) / 2
        same = of[order][1:] == of[order][:-1]
        np.testing.assert_allclose(gap[same], 0, atol=1e-9)
        assert (gap[~same] > 0).all()


def test_what_is_weaker_than_the_chosen_beta_is_veiled(answer):
    animation = animated_splits(answer, colours(answer))
    betas, (index, veil) = answer.beta.values, trace(animation, "veil")
    np.testing.assert_array_equal(veil.x.max(1), betas)
    assert (veil.x.min(1) < betas[0]).all()
    ribbons = [i for i, each in enumerate(animation.figure.data) if each.name in answer.x.values]
    assert len(ribbons) == answer.sizes["x"] and max(ribbons) < index
    _, marks = trace(animation, "at the chosen β, left")
    for k in (0, 30, 64):
        assert np.isfinite(marks.y[k]).sum() == len(answers.members(answer, k))
        names = "".join(marks.text[k]).split()
        assert k == 0 or sorted(names) == sorted(" ".join(map(str, answer.x.values)).split())


def test_both_critical_strengths_are_marked_where_they_differ(solved):
    rare, channel = (animated_splits(solved[name], colours(solved[name])).figure for name in ("rare", "channel"))
    names = [each.name for each in rare.data]
    assert {"hysteresis", "critical β", "critical β, local"} <= {*names}
    band = rare.data[names.index("hysteresis")]
    assert min(band.x) == pytest.approx(1 / 2.7889, rel=1e-4) and max(band.x) == pytest.approx(1 / 2.0990, rel=1e-4)
    assert "0.359 local, 0.476 global" in rare.layout.annotations[0].text
    assert "hysteresis" not in [each.name for each in channel.data]
    assert "critical β = 0.64" in channel.layout.annotations[0].text


def test_cells_are_filled_to_the_encoder(answer):
    animation = animated_encoder(answer, colours(answer))
    cells = [each for each in animation.motions if each.low is not None]
    assert len(cells) == answer.sizes["x"]
    p_t, q = answer.p_t.values, answer.encoder.values
    left = np.concatenate([np.zeros((len(p_t), 1)), p_t.cumsum(1)[:, :-1]], 1)
    for k in (0, 20, 45, 64):
        for i, motion in enumerate(cells):
            shown = np.isfinite(motion.low[k])
            columns = [int(np.flatnonzero(np.isclose(left[k], low) & (p_t[k] > 0))[0]) for low in motion.low[k][shown]]
            share = (motion.high[k] - motion.low[k])[shown] / p_t[k][columns]
            np.testing.assert_allclose(share, q[k, i, columns], atol=1e-9)
            assert share.sum() > 0.98
            assert set(motion.y[k][shown]) == {answer.sizes["x"] - 1.0 - answer.slot.values[i]}


@pytest.mark.parametrize(
    ("room", "words"), [(20, "a bc def "), (8, "a bc def "), (7, "a bc +1 "), (4, "a +2 "), (3, ""), (0, "")]
)
def test_names_are_cut_to_the_room_there_is(room, words):
    assert listed(["a", "bc", "def"], room) == words


# --- a Gaussian's directions


def test_bands_add_up_and_parts_are_the_ledger(gaussian):
    bands = animated_directions(gaussian, ["#332288", "#117733"])
    top = np.array(bands.figure.data[2].y[65:])[::-1]  # the upper edge of the second band
    assert bands.figure.data[2].name == "direction 2"
    np.testing.assert_allclose(top, gaussian.information_x, atol=1e-9)
    kept, irrelevant, lost = (each.x for each in animated_shares(gaussian).motions[:3])
    np.testing.assert_allclose(kept.sum(1), gaussian.information_y, atol=1e-9)
    np.testing.assert_allclose((kept + irrelevant).sum(1), gaussian.information_x, atol=1e-9)
    np.testing.assert_allclose((kept + lost).sum(1), gaussian.attrs["information"], atol=1e-9)
    assert (irrelevant > -1e-12).all()


def test_ticks_are_round_and_within():
    assert list(strength_ticks(np.geomspace(0.07, 0.52, 5)).values()) == ["0.07", "0.1", "0.15", "0.2", "0.3", "0.5"]
    assert list(strength_ticks(np.geomspace(0.004, 0.52, 5))) == [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]


def test_every_figure_is_plain_and_has_fixed_axes(solved, gaussian):
    four = solved["four"]
    made = [
        animated_exact_curve(four, [""] * 65), animated_splits(four, colours(four)),
        animated_encoder(four, colours(four)), animated_directions(gaussian, ["#332288", "#117733"]),
        animated_shares(gaussian),
    ]  # fmt: skip
    for each in made:
        assert isinstance(each, Animation) and isinstance(each.figure, go.Figure)
        assert all(each.figure.layout[name].range[0] < each.figure.layout[name].range[1] for name in ("xaxis", "yaxis"))
        json.loads(each.figure.to_json())
