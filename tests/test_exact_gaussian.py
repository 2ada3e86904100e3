"""The Gaussian bottleneck: golden table, an optimiser that knows nothing of it, degenerate correlations, errors."""

import numpy as np
import pytest
from scipy.optimize import minimize

from distill import exact
from distill.errors import InvalidValue

RHO = np.diag([0.9, 0.6])
EYE = np.eye(2)


def random_covariance(seed, x=4, y=3):
    generator = np.random.default_rng(seed)
    root = generator.normal(size=(x + y, x + y + 2))
    whole = root @ root.T
    return whole[:x, :x], whole[:x, x:], whole[x:, x:]


def read(projection, cov_x, cov_xy, cov_y):
    """I(X;T), I(T;Y) in bits of T = A X + unit noise."""
    conditional = cov_x - cov_xy @ np.linalg.solve(cov_y, cov_xy.T)
    both = [projection @ each @ projection.T + np.eye(len(projection)) for each in (cov_x, conditional)]
    of_x, of_y = np.linalg.slogdet(both)[1]
    return of_x / 2 / np.log(2), (of_x - of_y) / 2 / np.log(2)


def test_golden_table():
    found = exact.gaussian_information_bottleneck(EYE, RHO, EYE, 1 / np.array([1.2, 2, 5, 10, 100]))
    squares = (found.projection**2).sum(2)
    golden = [(0, 0), (3.263158, 0), (16.052632, 1.25), (37.368421, 4.0625), (421.052632, 54.6875)]
    np.testing.assert_allclose(squares, golden, atol=1e-6)
    np.testing.assert_allclose(found.information_x, [0, 1.045961, 2.630924, 3.800849, 7.260280], atol=1e-6)
    np.testing.assert_allclose(found.information_y, [0, 0.697964, 1.197964, 1.367889, 1.505393], atol=1e-6)
    np.testing.assert_allclose(1 / exact.gaussian_critical_betas(EYE, RHO, EYE), [1.234568, 2.777778], atol=1e-6)


def test_no_compression_keeps_everything():
    found = exact.gaussian_information_bottleneck(EYE, RHO, EYE, [0, 1, 2])
    assert np.isinf(found.information_x[0])
    np.testing.assert_allclose(found.information_y, [1.519892, 0, 0], atol=1e-6)
    assert found.lagrangian[0] == -found.information_y[0]


def test_the_second_direction_enters_where_theory_says():
    assert exact.gaussian_information_bottleneck(EYE, RHO, EYE, [0.36]).information_x[0] * np.log(2) == pytest.approx(
        1.012687, abs=1e-6
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_random_covariance_against_a_search_over_projections(seed):
    parts = random_covariance(seed)
    betas = 1 / np.array([1.5, 3, 8, 40])
    found = exact.gaussian_information_bottleneck(*parts, betas)
    for i, beta in enumerate(betas):
        assert read(found.projection[i], *parts) == pytest.approx((found.information_x[i], found.information_y[i]))

        def cost(flat, beta=beta):
            x, y = read(flat.reshape(3, 4), *parts)
            return beta * x - y

        starts = np.random.default_rng(seed).normal(size=(3, 12)) * 0.3
        best = min(minimize(cost, start, options={"gtol": 1e-9}).fun for start in starts)
        assert found.lagrangian[i] == pytest.approx(min(best, 0.0), abs=1e-7)


def test_directions_are_the_eigenvectors_of_chechik():
    cov_x, cov_xy, cov_y = random_covariance(2)
    conditional = cov_x - cov_xy @ np.linalg.solve(cov_y, cov_xy.T)
    values = np.sort(np.linalg.eigvals(conditional @ np.linalg.inv(cov_x)).real)[:3]
    np.testing.assert_allclose(exact.gaussian_critical_betas(cov_x, cov_xy, cov_y), 1 - values, atol=1e-10)
    row = exact.gaussian_information_bottleneck(cov_x, cov_xy, cov_y, [0.01]).projection[0, 0]
    np.testing.assert_allclose(row @ conditional @ np.linalg.inv(cov_x), values[0] * row, atol=1e-8 * abs(row).max())


@pytest.mark.parametrize("rho", [(0.5, 0.5, 0.5), (0.8, 0.8, 0.0), (0.0, 0.0), (0.9,)])
def test_equal_and_absent_correlations(rho):
    eye, cross = np.eye(len(rho)), np.diag(rho)
    betas = np.array([0.05, 0.2, 0.6])
    found = exact.gaussian_information_bottleneck(eye, cross, eye, betas)
    with np.errstate(divide="ignore"):
        squares = np.square(rho)[None]
        on = betas[:, None] < squares
        wanted = (
            np.where(on, np.log2(np.where(on, (1 / betas[:, None] - 1) * squares / (1 - squares), 1)), 0).sum(1) / 2
        )
    np.testing.assert_allclose(found.information_x, wanted, atol=1e-12)
    assert np.isfinite(found.projection).all()


def test_a_correlation_of_one_is_infinite_and_says_no_nan():
    found = exact.gaussian_information_bottleneck(EYE, np.diag([1.0, 0.5]), EYE, [0, 0.1, 0.5, 1])
    np.testing.assert_array_equal(found.information_x, [np.inf, np.inf, np.inf, 0])
    np.testing.assert_array_equal(found.information_y, [np.inf, np.inf, np.inf, 0])
    assert not any(np.isnan(each).any() for each in found)


def test_curve_passes_through_the_bottlenecks_and_has_slope_beta():
    parts, betas = random_covariance(3), np.geomspace(1e-4, 0.95, 40)
    found = exact.gaussian_information_bottleneck(*parts, betas)
    np.testing.assert_allclose(exact.gaussian_curve(*parts, found.information_x), found.information_y, atol=1e-9)
    on = found.information_x > 0.01
    low, high = (exact.gaussian_curve(*parts, found.information_x[on] + d) for d in (-1e-5, 1e-5))
    np.testing.assert_allclose((high - low) / 2e-5, betas[on], rtol=1e-3, atol=1e-6)
    assert exact.gaussian_curve(EYE, RHO, EYE, [0, np.inf]) == pytest.approx([0, 1.519892], abs=1e-6)
    np.testing.assert_array_equal(exact.gaussian_curve(EYE, 0 * RHO, EYE, [0, 2.0]), 0)


def test_scale_of_the_axes_does_not_matter():
    cov_x, cov_xy, cov_y = random_covariance(4)
    scale = np.diag([1e-6, 1, 1e5, 3])
    one = exact.gaussian_information_bottleneck(cov_x, cov_xy, cov_y, [0.05, 0.3])
    two = exact.gaussian_information_bottleneck(scale @ cov_x @ scale, scale @ cov_xy, cov_y, [0.05, 0.3])
    np.testing.assert_allclose(one.information_x, two.information_x, rtol=1e-8)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((np.ones((2, 2)), RHO, EYE), "cov_x is singular"),
        ((np.diag([1.0, 0.0]), RHO, EYE), "cov_x has a variance of 0"),
        ((EYE, RHO, [[1, 0.5], [0.2, 1]]), "cov_y is not symmetric"),
        ((EYE, np.ones((3, 2)), EYE), r"cov_xy has shape \(3, 2\)"),
        ((EYE, 2 * RHO, EYE), "correlation of 1.8"),
        ((np.ones((2, 3)), RHO, EYE), "a covariance is square"),
        ((EYE, RHO * np.nan, EYE), "cov_xy holds a value that is not finite"),
    ],
)
def test_what_is_no_covariance_is_refused(parts, said):
    with pytest.raises(InvalidValue, match=said):
        exact.gaussian_information_bottleneck(*parts, [0.1])
    with pytest.raises(InvalidValue, match=said):
        exact.gaussian_critical_betas(*parts)


def test_negative_values_are_refused():
    with pytest.raises(InvalidValue, match=r"betas\[0\] is -1"):
        exact.gaussian_information_bottleneck(EYE, RHO, EYE, [-1])
    with pytest.raises(InvalidValue, match="0 or above"):
        exact.gaussian_curve(EYE, RHO, EYE, [-1.0])
