"""The exact discrete bottleneck: golden numbers, its own optimality, identities, invariances, critical βs, errors."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill import exact
from distill.errors import InvalidValue

P3 = np.array([[0.30, 0.05, 0.02], [0.04, 0.20, 0.03], [0.02, 0.04, 0.18], [0.05, 0.03, 0.04]])
ASYMMETRIC = np.array([[0.95 * 0.97, 0.95 * 0.03], [0.05 * 0.3, 0.05 * 0.7]])


def bits(p):
    """Mutual information of a joint table, bits, written out."""
    return sum(
        p[i, j] * np.log2(p[i, j] / (p[i].sum() * p[:, j].sum()))
        for i in range(p.shape[0])
        for j in range(p.shape[1])
        if p[i, j] > 0
    )


def entropy(p):
    return -sum(each * np.log2(each) for each in p if each > 0)


def random_joint(seed, rows=8, columns=4, concentration=1.0):
    generator = np.random.default_rng(seed)
    return generator.dirichlet(np.full(columns, concentration), rows) * generator.dirichlet(np.ones(rows))[:, None]


def annealed(p, betas, steps=3000):
    """I(X;T), I(T;Y) by the plain updates of Tishby et al., warm-started from the identity along rising β."""
    p_x, rows, encoder, found = p.sum(1), p / p.sum(1, keepdims=True), np.eye(len(p)), []
    for beta in betas:
        for _ in range(steps):
            q_t = p_x @ encoder
            keep = q_t > 1e-12
            encoder, q_t = encoder[:, keep], q_t[keep]
            q_y = (encoder * p_x[:, None]).T @ rows / q_t[:, None]
            divergence = (rows[:, None] * np.log(rows[:, None] / q_y)).sum(-1)
            scores = np.log(q_t) - divergence / beta
            encoder = np.exp(scores - scores.max(1, keepdims=True))
            encoder /= encoder.sum(1, keepdims=True)
        found.append((bits(encoder * p_x[:, None]), bits(encoder.T @ p)))
    return np.array(found)


def test_golden_curve_of_p3():
    found = exact.information_bottleneck(P3, [1 / 10, 1 / 5, 1 / 3, 1 / 2.4, 1 / 2])
    golden = [(1.804716, 0.507905), (1.281508, 0.429547), (0.674806, 0.260921), (0.165896, 0.072481), (0, 0)]
    np.testing.assert_allclose(np.column_stack(found[:2]), golden, atol=1e-6)


def test_numbers_are_those_of_the_encoder():
    betas = np.array([0.05, 0.2, 0.4])
    found = exact.information_bottleneck(P3, betas)
    np.testing.assert_allclose(found.encoder.sum(2), 1, atol=1e-12)
    for i, encoder in enumerate(found.encoder):
        assert found.information_x[i] == pytest.approx(bits(P3.sum(1)[:, None] * encoder), abs=1e-12)
        assert found.information_y[i] == pytest.approx(bits(encoder.T @ P3), abs=1e-12)
    np.testing.assert_allclose(found.lagrangian, betas * found.information_x - found.information_y, atol=1e-15)


@pytest.mark.parametrize("seed", range(4))
def test_not_above_plain_annealing(seed):
    p = random_joint(seed, 6, 3)
    betas = np.array([0.02, 0.05, 0.1, 0.15, 0.2, 0.3])
    found, plain = exact.information_bottleneck(p, betas), annealed(p, betas)
    wanted = np.minimum(betas * plain[:, 0] - plain[:, 1], 0.0)
    np.testing.assert_array_less(found.lagrangian, wanted + 1e-7)
    np.testing.assert_allclose(found.lagrangian, wanted, atol=2e-5)  # annealing itself may be stuck or slow


@pytest.mark.parametrize("seed", range(3))
def test_no_random_code_is_better_and_the_gap_is_closed(seed):
    p, betas = random_joint(seed, 7, 3, 0.3), np.geomspace(0.02, 0.9, 7)
    found = exact.information_bottleneck(p, betas)
    assert (found.gap < 1e-6).all()
    generator = np.random.default_rng(seed)
    for code in generator.dirichlet(np.full(5, 0.2), (200, 7)):
        point = bits(p.sum(1)[:, None] * code), bits(code.T @ p)
        assert (betas * point[0] - point[1] >= found.lagrangian - 1e-9).all()


def test_optimality_condition_on_a_fine_grid_of_clusters():
    """Σ_x p(x) exp(−KL[p(y|x)‖c]/β)/Z(x) ≤ 1 for every c: the sufficient condition for the global optimum."""
    p, side = random_joint(5, 6, 3), np.linspace(1e-4, 1, 120)
    grid = np.array([(a, b, 1 - a - b) for a in side for b in side if a + b < 1 - 1e-5])
    rows, p_x = p / p.sum(1, keepdims=True), p.sum(1)
    for beta in (0.03, 0.1, 0.2):
        encoder = exact.information_bottleneck(p, [beta]).encoder[0]
        q_t = p_x @ encoder
        encoder, q_t = encoder[:, q_t > 0], q_t[q_t > 0]
        clusters = encoder.T @ p / q_t[:, None]
        kernel = np.exp(-(rows[:, None] * np.log(rows[:, None] / clusters)).sum(-1) / beta)
        tried = np.exp(-(rows[:, None] * np.log(rows[:, None] / grid)).sum(-1) / beta)
        assert (p_x / (kernel @ q_t) @ tried).max() < 1 + 1e-6


def test_upward_never_loses():
    p, betas = random_joint(3), np.geomspace(0.02, 0.5, 9)
    plain, both = exact.information_bottleneck(p, betas), exact.information_bottleneck(p, betas, upward=True)
    np.testing.assert_array_less(both.lagrangian, plain.lagrangian + 1e-12)
    np.testing.assert_allclose(both.lagrangian, plain.lagrangian, atol=1e-7)


def test_deterministic_labels_have_one_corner():
    p = np.zeros((6, 3))
    p[np.arange(6), [0, 0, 1, 1, 2, 2]] = [0.2, 0.3, 0.1, 0.1, 0.25, 0.05]
    corner = entropy(p.sum(0))
    found = exact.information_bottleneck(p, [0, 0.1, 0.5, 0.9, 0.99, 1.01, 3])
    np.testing.assert_allclose(found.information_x, [corner] * 5 + [0, 0], atol=1e-9)
    np.testing.assert_allclose(found.information_y, [corner] * 5 + [0, 0], atol=1e-9)


@pytest.mark.parametrize(("noise", "low", "high"), [(0.01, 0.90, 0.98), (0.05, 0.70, 0.90), (0.2, 0.40, 0.64)])
def test_label_noise_opens_the_interior(noise, low, high):
    """THEORY §6: the βs at which 5 … 95 % of I(X;Y) is kept, three classes."""
    p = (np.full((3, 3), noise / 3) + (1 - noise) * np.eye(3)) / 3
    whole = bits(p)
    share = exact.information_bottleneck(p, [low - 0.15, low, high, high + 0.05]).information_y / whole
    assert share[0] > 0.95
    assert share[-1] < 0.05 + 1e-9


def test_no_compression_keeps_the_sufficient_statistic():
    doubled = np.vstack([P3[:2] * 0.25, P3[:2] * 0.75, P3[2:]])
    found = exact.information_bottleneck(doubled, [0.0])
    assert found.information_x[0] == pytest.approx(entropy(P3.sum(1)))
    assert found.information_y[0] == pytest.approx(bits(P3))
    np.testing.assert_array_equal(found.encoder[0, :2], found.encoder[0, 2:4])


def test_curve_is_concave_with_slope_beta():
    betas = np.linspace(0.05, 0.42, 200)
    x, y, _, lagrangian, _ = exact.information_bottleneck(P3, betas)
    assert (np.diff(x) < 1e-6).all()
    slopes = np.diff(y) / np.diff(x)
    assert (slopes > betas[:-1] - 1e-3).all()
    assert (slopes < betas[1:] + 1e-3).all()
    np.testing.assert_allclose(np.gradient(lagrangian, betas)[1:-1], x[1:-1], atol=2e-2)  # dL/dβ = I(X;T)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(2, 5), st.floats(0.1, 3), st.floats(0.01, 1.2))
def test_inequalities_and_invariances(seed, rows, columns, concentration, beta):
    p = random_joint(seed, rows, columns, concentration)
    found = exact.information_bottleneck(p, [beta])
    assert -1e-12 <= found.information_y[0] <= found.information_x[0] + 1e-9  # data processing
    assert found.information_x[0] <= entropy(p.sum(1)) + 1e-9
    assert found.information_y[0] <= bits(p) + 1e-9
    assert found.lagrangian[0] <= min(0.0, beta * entropy(p.sum(1)) - bits(p)) + 1e-9  # trivial code, full code
    generator = np.random.default_rng(seed)
    shuffled = p[generator.permutation(rows)][:, generator.permutation(columns)]
    split = np.vstack([p[:1] * 0.3, p, p[:1] * 0.7, 0 * p[:1]])
    split[1] = 0
    for other in (shuffled, split, np.hstack([p, 0 * p[:, :1]]), p * 1e6):
        assert exact.information_bottleneck(other, [beta]).lagrangian[0] == pytest.approx(found.lagrangian[0], abs=1e-7)


def test_the_order_of_the_betas_does_not_matter():
    one, two = exact.information_bottleneck(P3, [0.3, 0, 0.1]), exact.information_bottleneck(P3, [0.1, 0.3, 0])
    np.testing.assert_allclose(one.lagrangian, two.lagrangian[[1, 2, 0]], atol=1e-12)


def test_counts_tuples_and_empty_rows():
    counts = ((3, 0, 1), (0, 0, 0), (1, 0, 4))
    given_ = np.array(counts)
    before = given_.copy()
    found = exact.information_bottleneck(given_, [0.0, 0.2])
    np.testing.assert_array_equal(given_, before)
    again = exact.information_bottleneck(counts, (0.0, 0.2))
    np.testing.assert_array_equal(found.encoder, again.encoder)
    np.testing.assert_allclose(found.encoder[0, 1], [4 / 9, 5 / 9])  # an x that never occurs is given q(t)
    assert found.information_y[0] == pytest.approx(bits(given_ / 9))


@pytest.mark.parametrize(
    ("p", "said"),
    [
        ([[0.5, -0.1], [0.3, 0.3]], r"p_xy\[0, 1\] is -0.1"),
        ([[0.5, 0.1], [float("nan"), 0.3]], r"p_xy\[1, 0\] is nan"),
        ([[0.5, float("inf")]], r"p_xy\[0, 1\] is inf"),
        ([[0, 0], [0, 0]], "only zeros"),
        ([0.5, 0.5], r"shape \(2,\)"),
        (np.ones((2, 2, 2)), r"shape \(2, 2, 2\)"),
        ([[1, 2], [3]], "rows of one length"),
        ([["a", "b"]], "table of numbers"),
    ],
)
def test_what_is_no_joint_is_refused(p, said):
    for each in (exact.information_bottleneck, exact.deterministic_information_bottleneck):
        with pytest.raises(InvalidValue, match=said):
            each(p, [0.1])
    with pytest.raises(InvalidValue, match=said):
        exact.critical_beta(p)


def test_a_negative_beta_is_refused():
    with pytest.raises(InvalidValue, match=r"betas\[1\] is -0.5"):
        exact.information_bottleneck(P3, [0.1, -0.5])


def test_critical_betas_of_p3():
    found = exact.critical_beta(P3)
    assert found.local == pytest.approx(0.455037, abs=1e-6)
    assert 1 / found.local == pytest.approx(2.197625, abs=1e-5)
    assert found.global_ == pytest.approx(0.455662, abs=1e-6)
    assert exact.critical_betas(P3)[0] == found.local
    assert exact.information_bottleneck(P3, [found.global_ * 1.001]).information_x[0] == 0
    assert exact.information_bottleneck(P3, [found.global_ * 0.999]).information_x[0] > 1e-4


@pytest.mark.parametrize(
    ("p", "local", "global_"),
    [
        (ASYMMETRIC, 1 / 2.7889, 1 / 2.0990),
        ([[0.45, 0.05], [0.05, 0.45]], 1 / 1.5625, 1 / 1.5625),
        (np.eye(4), 1, 1),
        (np.outer([0.2, 0.8], [0.3, 0.7]), 0, 0),
        ([[1, 2, 3]], 0, 0),
    ],
)
def test_critical_beta_of_known_channels(p, local, global_):
    found = exact.critical_beta(p)
    assert found == pytest.approx((local, global_), abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_the_global_critical_beta_is_where_the_best_code_becomes_trivial(seed):
    p = random_joint(seed, 5, 3)
    critical = exact.critical_beta(p)
    assert critical.global_ >= critical.local
    below, above = exact.information_bottleneck(p, [critical.global_ * 0.99, critical.global_ * 1.01]).information_x
    assert below > 0
    assert above == 0


def test_hysteresis_between_the_two():
    critical = exact.critical_beta(ASYMMETRIC)
    betas = [critical.local * 0.995, critical.local * 1.005, 0.4, 0.45, critical.global_ * 1.02]
    found = exact.hysteresis(ASYMMETRIC, betas)
    below, above = found.from_trivial.information_x, found.from_full.information_x
    assert below[0] > 0.2  # a jump
    np.testing.assert_allclose(below[1:], 0, atol=1e-9)
    assert (above[:4] > 0.05).all()
    assert above[4] < 1e-6
    assert (found.from_full.lagrangian[:4] < 0).all()
    assert exact.hysteresis(P3).betas[0] == pytest.approx(0.9 * exact.critical_beta(P3).local)
    with pytest.raises(InvalidValue, match="every β above 0"):
        exact.hysteresis(np.ones((2, 2)))


def test_empty_cells_do_not_hold_the_start_fast():
    """From the identity itself, a cluster without some y never takes in an x that has it: KL is infinite."""
    generator = np.random.default_rng(3)
    p = random_joint(3, 10, 8) * (generator.random((10, 8)) < 0.5)
    p /= p.sum()
    betas = np.array([0.1, 0.3, 0.5])
    found, plain = exact.information_bottleneck(p, betas), annealed((p + 1e-9) / (1 + 8e-8), betas, 2000)
    assert (found.lagrangian <= np.minimum(betas * plain[:, 0] - plain[:, 1], 0) + 1e-6).all()
    assert (found.gap < 1e-6).all()
    assert 0.1 < found.information_x[1] < entropy(p.sum(1)) - 0.1


def test_a_cluster_keeps_its_column_as_compression_grows():
    p = random_joint(2, 12, 5, 0.5)
    encoder = exact.information_bottleneck(p, np.geomspace(1e-3, 0.3, 40)).encoder
    assert encoder.shape[2] <= 12
    for before, after in itertools.pairwise(encoder):
        heaviest = np.argmax(p.sum(1) @ after)
        assert np.argmax((after[:, heaviest] * p.sum(1)) @ before) == heaviest
    assert (np.argmax(encoder[0], axis=1) == np.arange(12)).all()


def test_many_betas_of_a_large_joint_are_optimal_to_a_hair():
    """The shape of the bench: each code is within 1e-4 bits of the best of all, in I(X;T) − I(T;Y)/β."""
    p = random_joint(0, 128, 10, 0.3)
    betas = np.geomspace(1, 0.01, 8) * exact.critical_beta(p).local
    found = exact.information_bottleneck(p, betas)
    assert (found.gap / betas < 3e-4).all()
    assert (np.diff(found.information_x) > 0).all()
    assert (found.lagrangian <= betas * entropy(p.sum(1)) - bits(p)).all()
