"""Hard clusters against every partition, capacity and rate-distortion against closed forms, hulls."""

import numpy as np
import pytest
from test_exact import P3, bits, entropy, random_joint

from distill import exact
from distill.errors import InvalidValue


def partitions(n, named=0, start=()):
    """Every clustering of n things, once."""
    if len(start) == n:
        yield np.array(start)
        return
    for cluster in range(named + 1):
        yield from partitions(n, max(named, cluster + 1), (*start, cluster))


def binary_entropy(p):
    return entropy([p, 1 - p])


@pytest.mark.parametrize("seed", range(5))
def test_hard_clusters_are_the_best_of_all_partitions(seed):
    p, betas = random_joint(seed, 6, 3, 0.5), np.array([0.02, 0.1, 0.3, 0.6, 0.9])
    found = exact.deterministic_information_bottleneck(p, betas, restarts=4)
    best = np.full(len(betas), np.inf)
    for cluster in partitions(6):
        joint = np.eye(6)[cluster].T @ p
        best = np.minimum(best, betas * entropy(joint.sum(1)) - bits(joint))
    np.testing.assert_allclose(found.lagrangian, best, atol=1e-9)


def test_identities_of_hard_clusters():
    betas = np.array([0.3, 0, 0.05, 1.2, 0.15])
    found = exact.deterministic_information_bottleneck(P3, betas)
    assert set(np.unique(found.encoder)) <= {0.0, 1.0}
    np.testing.assert_array_equal(found.encoder.sum(2), 1)
    np.testing.assert_allclose(found.information_x, found.entropy_t, atol=1e-12)  # H(T|X) = 0
    assert (found.information_y <= found.entropy_t + 1e-12).all()
    for i, encoder in enumerate(found.encoder):
        assert found.entropy_t[i] == pytest.approx(entropy(P3.sum(1) @ encoder))
        assert found.information_y[i] == pytest.approx(bits(encoder.T @ P3))
    assert found.entropy_t[1] == pytest.approx(entropy(P3.sum(1)))
    assert found.entropy_t[3] == 0
    soft = exact.information_bottleneck(P3, betas)
    assert (soft.lagrangian <= found.lagrangian + 1e-12).all()  # hard codes are codes
    assert (np.diff(found.entropy_t[np.argsort(betas)]) <= 1e-12).all()


def test_restarts_are_seeded_and_counted():
    p = random_joint(1, 12, 4)
    one, two = (exact.deterministic_information_bottleneck(p, [0.1, 0.2], 5, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.encoder, two.encoder)
    with pytest.raises(InvalidValue, match="restarts is -1"):
        exact.deterministic_information_bottleneck(p, [0.1], restarts=-1)


@pytest.mark.parametrize("flip", [0.01, 0.1, 0.3, 0.5])
def test_capacity_of_textbook_channels(flip):
    binary, erasure = [[1 - flip, flip], [flip, 1 - flip]], [[1 - flip, flip, 0], [0, flip, 1 - flip]]
    z = [[1, 0], [flip, 1 - flip]]
    assert exact.channel_capacity(binary).bits == pytest.approx(1 - binary_entropy(flip), abs=1e-9)
    assert exact.channel_capacity(erasure).bits == pytest.approx(1 - flip, abs=1e-9)
    assert exact.channel_capacity(z).bits == pytest.approx(
        np.log2(1 + (1 - flip) * flip ** (flip / (1 - flip))), abs=1e-9
    )


def test_capacity_of_the_noisy_typewriter_and_of_a_useless_input():
    typewriter = (np.eye(26) + np.roll(np.eye(26), 1, axis=1)) / 2
    assert exact.channel_capacity(typewriter).bits == pytest.approx(np.log2(13))
    found = exact.channel_capacity([[3, 1], [1, 3], [2, 2]])
    assert found.bits == pytest.approx(1 - binary_entropy(0.25), abs=1e-9)
    assert found.p_x == pytest.approx([0.5, 0.5, 0], abs=1e-3)
    p = random_joint(0, 5, 4)
    rows = p / p.sum(1, keepdims=True)
    best = exact.channel_capacity(rows)
    assert best.bits == pytest.approx(bits(best.p_x[:, None] * rows))
    assert bits(p) <= best.bits


def test_capacity_refuses_what_is_no_channel():
    with pytest.raises(InvalidValue, match="row 1 of p_y_given_x holds only zeros"):
        exact.channel_capacity([[1, 0], [0, 0]])
    with pytest.raises(InvalidValue, match=r"p_y_given_x\[0, 1\] is -1"):
        exact.channel_capacity([[1, -1], [0, 1]])


@pytest.mark.parametrize("p", [0.5, 0.3, 0.05])
def test_rate_distortion_of_a_bit(p):
    slopes = np.array([0.2, 1, 2, 4, 8])
    found = exact.rate_distortion([p, 1 - p], 1 - np.eye(2), slopes)
    closed = [max(0.0, binary_entropy(p) - binary_entropy(d)) for d in found.distortion]
    np.testing.assert_allclose(found.rate, closed, atol=1e-8)
    active = found.distortion < min(p, 1 - p) - 1e-6
    np.testing.assert_allclose(np.log2((1 - found.distortion) / found.distortion)[active], slopes[active], rtol=1e-6)
    for i, channel in enumerate(found.channel):
        joint = np.array([p, 1 - p])[:, None] * channel
        assert found.rate[i] == pytest.approx(bits(joint), abs=1e-9)
        assert found.distortion[i] == pytest.approx(joint[0, 1] + joint[1, 0])


def test_rate_distortion_of_many_equal_symbols_and_of_no_price():
    n = 8
    found = exact.rate_distortion(np.ones(n), 1 - np.eye(n), [0, 3, 6])
    d = found.distortion[1:]
    wanted = [np.log2(n) - binary_entropy(each) - each * np.log2(n - 1) for each in d]
    np.testing.assert_allclose(found.rate[1:], wanted, atol=1e-9)
    assert (found.rate[0], found.distortion[0]) == (0, pytest.approx(1 - 1 / n))


def test_rate_distortion_refuses_what_does_not_fit():
    with pytest.raises(InvalidValue, match="distortion has 3 rows and p_x 2"):
        exact.rate_distortion([0.5, 0.5], np.eye(3), [1])
    with pytest.raises(InvalidValue, match="only zeros"):
        exact.rate_distortion([0, 0], np.eye(2), [1])
    with pytest.raises(InvalidValue, match=r"slopes\[0\] is -1"):
        exact.rate_distortion([1, 1], np.eye(2), [-1])


def test_the_bottleneck_is_rate_distortion_among_its_own_clusters():
    beta = 0.2
    found = exact.information_bottleneck(P3, [beta])
    encoder = found.encoder[0][:, P3.sum(1) @ found.encoder[0] > 0]
    clusters = encoder.T @ P3 / (P3.sum(1) @ encoder)[:, None]
    rows = P3 / P3.sum(1, keepdims=True)
    divergence = (rows[:, None] * np.log2(rows[:, None] / clusters)).sum(-1)
    point = exact.rate_distortion(P3.sum(1), divergence, [1 / beta])
    assert point.rate[0] == pytest.approx(found.information_x[0], abs=1e-6)
    assert bits(P3) - point.distortion[0] == pytest.approx(found.information_y[0], abs=1e-6)


def test_hull_by_hand():
    x, y = exact.hull([3, 1, 2, 2.5, 4], [1.8, 1, 1.2, 1.79, 1.8])
    np.testing.assert_allclose(x, [0, 1, 2.5, 3])
    np.testing.assert_allclose(y, [0, 1, 1.79, 1.8])


def test_hull_of_random_points_is_concave_and_above_them():
    points = np.random.default_rng(0).random((200, 2))
    x, y = exact.hull(*points.T)
    assert (np.diff(np.diff(y) / np.diff(x)) < 0).all()
    assert (np.interp(points[:, 0], x, y) >= points[:, 1] - 1e-12).all()
    corners = set(map(tuple, np.column_stack([x, y])[1:]))
    assert corners <= set(map(tuple, points))
    np.testing.assert_array_equal(np.array(exact.hull([0.0], [0.0])), [[0], [0]])


@pytest.mark.parametrize(("x", "y"), [([1, 2], [1]), ([1, float("nan")], [1, 1]), ([[1]], [[1]])])
def test_hull_refuses_what_are_no_points(x, y):
    with pytest.raises(InvalidValue):
        exact.hull(x, y)
