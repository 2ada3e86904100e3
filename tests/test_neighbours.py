"""Nearest neighbours by sampled codes: hand-made geometry, and what they share against chance."""

import json

import numpy as np
import pytest
import xarray as xr

from distill.errors import InvalidValue
from distill.measures.codes import evaluation_noise, sampled_codes
from distill.measures.neighbours import agreement, distances, nearest

SEED = 5


def made(codes, scale, factors, code="gaussian"):
    """A run of stand-ins whose sampled codes (beta, point, latent) are `codes` exactly, of noise `scale`."""
    codes, scale = np.asarray(codes, float), np.broadcast_to(np.asarray(scale, float), np.shape(codes))
    noise = evaluation_noise(SEED, 1, *codes.shape[1:])[0]
    mean = codes if code == "categorical" else codes - scale * noise
    over = ("code_step", "beta", "point", "latent")
    return xr.Dataset(
        {
            "code_mean": (over, mean[None]),
            "code_scale": (over, scale[None]),
            "factors": (("point", "factor"), np.stack(list(factors.values()), axis=-1)),
        },
        coords={"factor": list(factors), "beta": np.arange(len(codes)) / 10},
        attrs={"config": json.dumps({"seed": SEED}), "code": code, "id": "made"},
    )


def line(*places):
    return np.array(places, float)[None, :, None]


def test_neighbours_on_a_line_are_those_that_a_ruler_finds():
    run = made(line(0, 1, 3, 7, 15), 1.0, {"side": [0, 0, 0, 1, 1]})
    assert nearest(run, 0, 2).tolist() == [[1, 2], [0, 2], [1, 0], [2, 1], [3, 2]]
    assert nearest(run, 0, 4)[3].tolist() == [2, 1, 0, 4]
    np.testing.assert_allclose(distances(run, 0)[0], np.array([0, 1, 9, 49, 225]), atol=1e-9)


def test_distances_are_in_units_of_each_dimensions_own_noise():
    """Apart by 3 in a dimension of noise 3 is 1 unit; apart by 2 in one of noise 0.5 is 4 units."""
    codes = np.array([[[0, 0], [3, 0], [0, 2]]], float)
    run = made(codes, np.array([3.0, 0.5]), {"one": [0, 0, 0]})
    np.testing.assert_allclose(distances(run, 0), [[0, 1, 16], [1, 0, 17], [16, 17, 0]], atol=1e-9)
    assert nearest(run, 0, 1)[:, 0].tolist() == [1, 0, 0]
    assert np.linalg.norm(codes[0, 1]) > np.linalg.norm(codes[0, 2])  # which a plain distance puts the other way round


def test_the_noise_of_a_dimension_is_the_root_of_its_mean_variance():
    scale = np.array([1.0, 7.0])[None, :, None]
    run = made(line(0, 10), scale, {"one": [0, 0]})
    assert distances(run, 0)[0, 1] == pytest.approx(100 / 25)  # (1 + 49) / 2 = 25


def test_without_noise_a_dimension_counts_by_its_deviation():
    codes = np.array([[[0, 0], [1, 0], [0, 100], [1, 100]]], float)
    run = made(codes, 0.0, {"one": [0, 0, 1, 1]})
    np.testing.assert_allclose(distances(run, 0)[0], [0, 4, 4, 8], atol=1e-9)


def test_items_of_one_symbol_are_nearest_and_their_order_is_drawn_once():
    probabilities = np.eye(3)[[0, 0, 1, 1, 1, 2, 2, 0]][None]
    run = made(probabilities, 0.0, {"symbol": [0, 0, 1, 1, 1, 2, 2, 0]}, code="categorical")
    found = nearest(run, 0, 1)[:, 0]
    assert np.array_equal(sampled_codes(run)[0].argmax(-1), [0, 0, 1, 1, 1, 2, 2, 0])
    assert (run.factors.values[found, 0] == run.factors.values[:, 0]).all()
    assert np.array_equal(nearest(run, 0, 3), nearest(run, 0, 5)[:, :3])


def test_nobody_is_his_own_neighbour_not_even_where_all_codes_are_one():
    run = made(np.zeros((1, 6, 2)), 1.0, {"one": [0] * 6})
    found = nearest(run, 0, 5)
    assert all(sorted(row) == [j for j in range(6) if j != i] for i, row in enumerate(found.tolist()))


def test_what_a_code_tells_apart_its_neighbours_share_and_what_it_does_not_they_share_by_chance():
    """Two groups far apart, a factor that the code ignores, and at the second β a code of noise alone."""
    rng = np.random.default_rng(0)
    group, other = np.repeat([0, 1], 200), rng.integers(0, 4, 400)
    apart = 50.0 * group[:, None] + rng.standard_normal((400, 3))
    run = made(np.stack([apart, rng.standard_normal((400, 3))]), 1.0, {"group": group, "other": other})
    found = agreement(run)
    assert found.share.sel(factor="group").values[0] == 1.0
    counts = np.bincount(other)
    chance = [2 * 200 * 199 / (400 * 399), (counts * (counts - 1)).sum() / (400 * 399)]
    np.testing.assert_allclose(found.chance, chance, rtol=1e-12)
    blind = [found.share.values[0, 1], *found.share.values[1]]
    level = [chance[0], chance[1], chance[1]]
    errors = np.array([(found.high - found.share).values[place] / 1.645 for place in ((0, 1), (1, 0), (1, 1))])
    assert (np.abs(np.array(blind) - level) < 4 * errors).all()
    assert (errors < 0.02).all()


def test_shares_and_their_intervals_of_five_items():
    """By hand: on 0, 1, 3, 7, 15 with values a a b b b the two nearest share ½, ½, 0, ½, 1."""
    run = made(line(0, 1, 3, 7, 15), 1.0, {"value": [0, 0, 1, 1, 1]})
    found = agreement(run, count=2)
    shares = np.array([0.5, 0.5, 0.0, 0.5, 1.0])
    assert found.share.values[0, 0] == pytest.approx(shares.mean())
    assert found.high.values[0, 0] == pytest.approx(shares.mean() + 1.645 * shares.std() / np.sqrt(5))
    assert found.chance.values[0] == pytest.approx((2 + 6) / 20)


@pytest.mark.parametrize("count", [0, 3, 8])
def test_a_count_that_there_are_no_items_for_is_named(count):
    run = made(line(0, 1, 2), 1.0, {"one": [0, 0, 0]})
    said = rf"^count must be from 1 to 2, the run's other stored items; got {count}$"
    with pytest.raises(InvalidValue, match=said):
        nearest(run, 0, count)


def test_a_trained_code_calls_alike_what_has_the_same_label(sweep):
    """Of digits, most at weak compression; at the strongest the neighbours are chance, and at no β below it."""
    found = agreement(sweep)
    digit = found.sel(factor="digit")
    assert digit.share.values[0] > 0.5 > 4 * float(digit.chance)
    assert (found.high >= found.chance - 0.05).all()
    assert digit.share.values[-1] < digit.share.values[0]
