"""Which classes merge as β rises: closed forms, average linkage, the exact bottleneck, and what N items can say."""

import numpy as np
import pytest
import xarray as xr
from confusions import h2, in_pairs, run_with
from scipy.cluster.hierarchy import linkage

from distill.errors import InvalidValue
from distill.exact import information_bottleneck
from distill.measures.merging import (
    _drawn,
    _interval,
    _members,
    _order,
    _strength,
    _tree,
    class_groups,
    decoded_information,
    told_apart,
)

HALF_ERROR = 0.110028  # where 1 − h2(e) = ½


# --- bits


@pytest.mark.parametrize("e", [0.01, HALF_ERROR, 0.3, 0.5])
def test_two_that_are_swapped_with_a_probability_are_told_apart_by_one_minus_its_entropy(e):
    assert told_apart(np.array([1 - e, e]), np.array([e, 1 - e])) == pytest.approx(1 - h2(e), abs=1e-12)
    assert told_apart(np.array([1 - HALF_ERROR, HALF_ERROR]), np.array([HALF_ERROR, 1 - HALF_ERROR])) == pytest.approx(
        0.5, abs=1e-5
    )


def test_what_a_third_answer_takes_away_from_both_is_lost():
    """With probability a both are decoded as a third: an erasure, which leaves 1 − a of a bit."""
    assert told_apart(np.array([0.7, 0, 0.3]), np.array([0, 0.7, 0.3])) == pytest.approx(0.7)
    assert told_apart(np.array([0.2, 0.8]), np.array([0.2, 0.8])) == 0
    assert told_apart(np.array([1.0, 0]), np.array([0, 1.0])) == 1


@pytest.mark.parametrize(("count", "e"), [(2, 0.1), (5, 0.2), (10, 0.36), (10, 0.9)])
def test_the_information_of_a_symmetric_channel(count, e):
    """log2 C − h2(e) − e log2(C − 1), and two of its classes told apart by what falls on either."""
    rows = np.full((count, count), e / (count - 1))
    np.fill_diagonal(rows, 1 - e)
    wanted = np.log2(count) - h2(e) - e * np.log2(count - 1)
    assert decoded_information(rows[None], np.full(count, 1 / count))[0] == pytest.approx(wanted, abs=1e-12)
    either = 1 - e + e / (count - 1)
    assert told_apart(rows[0], rows[1]) == pytest.approx(either * (1 - h2((1 - e) / either)), abs=1e-12)


def test_a_decoder_that_always_says_the_same_tells_one_class_and_one_without_errors_all():
    p = np.array([0.5, 0.25, 0.25])
    constant, perfect = np.eye(3)[[1, 1, 1]], np.eye(3)
    np.testing.assert_allclose(decoded_information(np.stack([constant, perfect]), p), [0, 1.5], atol=1e-12)


# --- the tree


def test_the_tree_of_parallel_curves_is_average_linkage():
    """Bits that fall alike in all pairs cross half a bit at places in step with their distance: UPGMA, by scipy."""
    rng, last = np.random.default_rng(0), 400
    for _ in range(5):
        distance = rng.uniform(0.2, 0.9, (8, 8))
        distance = np.triu(distance, 1) + np.triu(distance, 1).T
        apart = 0.5 + (distance[None] - np.arange(last + 1)[:, None, None] / last)
        known = linkage(distance[np.triu_indices(8, 1)], "average")
        found = _tree(apart)
        np.testing.assert_allclose([each.place for each in found], known[:, 2] * last, atol=1e-6)
        assert [{each.first, each.second} for each in found] == [{int(a), int(b)} for a, b in known[:, :2]]


def random_shares(rng, betas=12, classes=7):
    """A confusion that grows, with dents: it is not monotone."""
    noise = np.sort(rng.random(betas))[:, None, None] ** 2 * 0.7 + 0.2 * rng.random((betas, classes, 1))
    rows = rng.dirichlet(np.full(classes, 0.4), classes)[None]
    return (1 - noise) * np.eye(classes) + noise * rows


def test_places_never_fall_along_the_merges_and_what_is_apart_stays_apart_at_weaker_ones():
    rng = np.random.default_rng(1)
    for _ in range(5):
        shares = random_shares(rng)
        tree = _tree(told_apart(shares[:, :, None], shares[:, None]))
        places = np.array([each.place for each in tree])
        assert (np.diff(places[np.isfinite(places)]) >= 0).all()
        assert (np.sort(places) == places).all()
        assert _members(tree, 7)[-1] == frozenset(range(7))
        group = class_groups(run_with(shares)).group.values
        together = (group[:, :, None] == group[:, None]) & (group >= 0)[:, :, None]
        assert (together[1:] >= together[:-1]).all()


def test_no_branches_cross():
    rng = np.random.default_rng(2)
    shares = random_shares(rng)
    apart = told_apart(shares[:, :, None], shares[:, None])
    tree = _tree(apart)
    order = _order(tree, apart)
    assert sorted(order) == list(range(7))
    for members in _members(tree, 7):
        places = sorted(order.index(each) for each in members)
        assert places == list(range(places[0], places[0] + len(places)))


def test_pairs_merge_where_half_a_bit_is_left_and_then_all_do():
    near, far = np.array([0.01, 0.05, 0.2, 0.3, 0.3, 0.25]), np.array([0, 0, 0, 0.02, 0.15, 0.25])
    run = run_with(in_pairs(near, far), items=5000)
    found = class_groups(run)
    assert [frozenset(np.flatnonzero(each)) for each in found.member.values] == [{0, 1}, {2, 3}, {0, 1, 2, 3}]
    before, after = 1 - h2(0.05), 1 - h2(0.2)
    place = 1 + (before - 0.5) / (before - after)
    np.testing.assert_allclose(found.place.values[:2], place)
    np.testing.assert_allclose(found.strength.values[:2], run.beta.values[1] * (run.beta.values[2] / run.beta.values[1])
                               ** (place - 1))  # fmt: skip
    assert 3 < found.place.values[2] < 4
    np.testing.assert_allclose(found.apart.values[:, 0, 1][:3], 1 - h2(near[:3]))
    assert found.support.values.tolist() == [1, 1, 1]
    groups = [[{0, 1}, {2, 3}] if k in (2, 3) else [] for k in range(6)]
    for k in range(4):
        mine = found.group.values[k]
        assert [set(np.flatnonzero(mine == n)) for n in np.unique(mine[mine >= 0])] == groups[k]
    assert (found.group.values[4:] == 2).all()
    assert abs(found.slot.values[0] - found.slot.values[1]) == abs(found.slot.values[2] - found.slot.values[3]) == 1


def test_a_dip_that_is_undone_is_no_merge():
    near = np.array([0.01, 0.3, 0.02, 0.3, 0.4])
    found = class_groups(run_with(in_pairs(near, 0), items=5000))
    assert (found.place.values > 2).all()
    assert found.sizes["join"] == 2


def test_what_is_one_from_the_start_and_what_never_merges():
    found = class_groups(run_with(in_pairs([0.45, 0.48, 0.5], [0, 0, 0.001]), items=2000))
    assert found.place.values.tolist() == [-np.inf, -np.inf]
    assert np.isnan(found.strength.values).all() and np.isnan(found.place_error.values).all()
    assert (found.group.values >= 0).all()
    apart = class_groups(run_with(in_pairs([0.0, 0.01, 0.02], 0), items=2000))
    assert apart.sizes["join"] == 0
    assert (apart.group.values == -1).all()
    all_one = class_groups(run_with(np.full((3, 4, 4), 0.25), items=2000))
    assert all_one.member.values.all() and all_one.place.values.tolist() == [-np.inf]  # once, not pair by pair
    np.testing.assert_allclose(all_one.effective, 1, atol=1e-9)


def test_two_classes_and_one_beta():
    two = np.array([[[0.9, 0.1], [0.1, 0.9]], [[0.6, 0.4], [0.4, 0.6]]])
    found = class_groups(run_with(two))
    assert found.member.values.tolist() == [[True, True]]
    np.testing.assert_allclose(found.effective, 2 ** (1 - h2(np.array([0.1, 0.4]))))
    assert class_groups(run_with(two[:1], betas=[0.0])).sizes["join"] == 0
    assert class_groups(run_with(two[1:], betas=[0.0])).place.values.tolist() == [-np.inf]


def test_the_knob_between_two_of_its_values():
    rising = _strength(np.array([0.0, 0.01, 0.1, 1.0]), np.array([-np.inf, 0.5, 1.5, 2.0, 3.0]))
    np.testing.assert_allclose(rising, [np.nan, 0.005, np.sqrt(0.001), 0.1, 1])
    np.testing.assert_allclose(_strength(np.array([8.0, 4.0, 0.0]), np.array([0.5, 1.75])), [np.sqrt(32), 1])


def test_a_knob_that_falls_has_the_same_tree():
    near, far = [0.01, 0.2, 0.3, 0.25], [0, 0, 0.05, 0.25]
    rising, falling = (class_groups(run_with(in_pairs(near, far), betas=b)) for b in ([0, 0.1, 1, 2], [8, 4, 2, 1.0]))
    xr.testing.assert_equal(rising.member, falling.member)
    np.testing.assert_array_equal(rising.place, falling.place)
    assert (np.diff(falling.strength.values) <= 0).all() and 4 < falling.strength.values[0] < 8


# --- the exact answer


def exact_shares(p_xy, betas):
    """What is decoded from the exact code as the likeliest y of each cluster, (beta, y, answer)."""
    encoder = information_bottleneck(p_xy, betas).encoder
    p_ty = np.einsum("bxt,xy->bty", encoder, p_xy)
    said = np.eye(p_xy.shape[1])[np.round(p_ty / p_ty.sum(2, keepdims=True).clip(1e-12), 9).argmax(2)]
    return np.einsum("xy,bxt,bta->bya", p_xy / p_xy.sum(0), encoder, said)


def test_the_exact_bottleneck_merges_the_pairs_first_and_all_by_its_critical_beta():
    """Two pairs under weak symmetric noise: ρ² is (a − b)² within a pair and (a + b − 2c)² between the two, exact.

    The trivial code is the best from β = (a + b − 2c)² on, where the first two clusters part as β falls.
    """
    a, b, c = 0.93, 0.05, 0.01
    p_xy = in_pairs([b], [c])[0] / 4
    betas = np.geomspace(0.3, 1, 60)
    found = class_groups(run_with(exact_shares(p_xy, betas), items=4000, betas=betas))
    assert [frozenset(np.flatnonzero(each)) for each in found.member.values] == [{0, 1}, {2, 3}, {0, 1, 2, 3}]
    pairs, whole = found.strength.values[:2], found.strength.values[2]
    assert pairs[0] == pytest.approx(pairs[1], rel=1e-3)
    assert pairs.max() < (a - b) ** 2 < whole <= (a + b - 2 * c) ** 2 * (betas[1] / betas[0])
    above = betas > (a + b - 2 * c) ** 2
    np.testing.assert_allclose(found.effective.values[above], 1, atol=1e-6)
    assert (found.effective.values[betas < 0.9 * (a - b) ** 2] > 2).all()


def test_labels_without_noise_have_no_cascade():
    """Y = f(X): the exact code keeps every class up to β = 1 and then none (Kolchinsky et al. 2019, THEORY §6)."""
    betas = np.array([0.2, 0.6, 0.9, 0.99, 1.01, 1.2])
    found = class_groups(run_with(exact_shares(np.diag([0.4, 0.3, 0.2, 0.1]), betas), items=1000, betas=betas))
    assert found.member.values.tolist() == [[True] * 4]
    assert 3 <= found.place.values[0] <= 4


# --- what N items can say


@pytest.mark.parametrize(("codes", "most"), [(12, 0.5), (1, 0.67)])
def test_classes_confused_alike_have_no_order_that_is_sure(codes, most):
    """A simplex: every error as likely. Some pair has to come first in a sample, and resamples hardly agree on which.

    With one code an item a group is drawn by chance in one sample of three, and never as certain; with twelve in none.
    """
    e = np.linspace(0, 0.89, 12)[:, None, None]
    shares = (1 - e) * np.eye(10) + e / 9 * (1 - np.eye(10))
    for seed in (0, 3, 13):
        sample = _drawn(shares, np.full(10, 45 * codes), np.random.default_rng(seed))
        found = class_groups(run_with(sample, items=45))
        assert found.member.values[-1].all()
        assert (found.support.values[:-1] < most).all()


def test_the_error_of_a_place_falls_with_the_root_of_the_items():
    shares = in_pairs(np.linspace(0.02, 0.4, 15), 0)
    few, many = (class_groups(run_with(shares, items=n)).place_error.values[:2].mean() for n in (100, 1600))
    assert 3 < few / many < 5.5


def test_the_place_is_covered_by_its_interval_as_often_as_is_said():
    """The place of 60 samples is within the interval that each gives itself 54 times, give or take five."""
    shares, rng, inside = in_pairs(np.linspace(0.02, 0.4, 15), 0)[:, :2, :2], np.random.default_rng(5), 0
    shares = shares / shares.sum(2, keepdims=True)
    truth = class_groups(run_with(shares, items=200)).place.values[0]
    for _ in range(60):
        found = class_groups(run_with(_drawn(shares, np.full(2, 200), rng), items=200))
        inside += abs(found.place.values[0] - truth) <= found.place_error.values[0]
    assert 46 <= inside <= 59


def test_a_resample_has_the_shares_in_the_mean_and_an_item_keeps_its_luck():
    shares, rng = in_pairs([0.1, 0.1, 0.3], [0.02, 0.02, 0.1]), np.random.default_rng(4)
    drawn = np.stack([_drawn(shares, np.full(4, 50), rng) for _ in range(800)])
    np.testing.assert_allclose(drawn.sum(3), 1)
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 1])
    np.testing.assert_allclose(drawn.mean(0), shares, atol=5 * 0.5 / np.sqrt(50 * 800))
    spread = np.sqrt(shares * (1 - shares) / 50)
    np.testing.assert_allclose(drawn.std(0), spread, rtol=0.12, atol=1e-9)


def test_the_interval_of_effective_classes_holds_them_and_is_without_the_bias_of_drawing():
    bits = np.array([1.0, 0.0])
    again = np.array([[1.3, 0.1], [1.2, 0.2], [1.4, 0.3]])  # every resample lies above
    low, high = _interval(bits, again)
    np.testing.assert_allclose([low[0], high[0]], [0.91, 1.09])
    assert low[1] == 0 and 0 <= high[1] < 0.1


# --- what cannot be


def test_a_class_of_few_items_is_left_out():
    shares = in_pairs([0.01, 0.2, 0.3], [0, 0, 0.1])
    found = class_groups(run_with(shares, items=[100, 100, 4, 100]))
    assert found["class"].values.tolist() == ["a", "b", "d"]
    assert found.number.values.tolist() == [0, 1, 3]
    assert found["items"].values.tolist() != []
    holes = shares.copy()
    holes[:, 2] = np.nan
    assert class_groups(run_with(holes)).sizes["class"] == 3


def test_what_has_no_classes_says_so():
    run = run_with(in_pairs([0.1, 0.2], 0))
    with pytest.raises(InvalidValue, match=r"^run '000000000000' has no confusion: it is measured after the training"):
        class_groups(run.drop_vars("confusion"))
    with pytest.raises(
        InvalidValue, match=r"no classes to merge: .* has 5 test items or more of 0, and a tree takes 2"
    ):
        class_groups(run_with(in_pairs([0.1, 0.2], 0), items=3))
    with pytest.raises(InvalidValue, match="of 41, and a tree takes 2 to 40"):
        class_groups(run_with(np.eye(41)[None]))
