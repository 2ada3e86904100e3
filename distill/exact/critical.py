"""Where the first bit is worth its price: critical β of a joint distribution, local and global, and hysteresis."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from distill.errors import InvalidValue
from distill.exact import _joints
from distill.exact._fixed_point import SAME, Clusters, Problem, log, settle
from distill.exact.discrete import Bottleneck, near_identity, record, tilted

__all__ = ["CriticalBeta", "Hysteresis", "critical_beta", "critical_betas", "hysteresis"]

STEPS = 20_000
STILL = 1e-13  # share by which the best ratio must grow in PATIENCE steps for the search to go on
PATIENCE = 100
SMALLEST = 1e-8  # nats; a ratio of two smaller divergences is rounding, and near its limit ρ²
RANDOM = 64  # starts beside those that each x gives
POINTS = 41


class CriticalBeta(NamedTuple):
    """The largest β with a non-trivial code.

    local: above it the trivial code is stable against small changes. global_: above it the trivial code is the best
    of all, so global_ ≥ local; between the two there is hysteresis.
    """

    local: float
    global_: float


class Hysteresis(NamedTuple):
    """Two branches of codes over the same β.

    betas: (beta,). from_trivial: where a code just off the trivial one settles at each β; from_full: the code that is
    followed from the full one as β rises. Their lagrangians may be above 0, where the trivial code would be better;
    gap is NaN, for neither branch claims to be the best.
    """

    betas: np.ndarray
    from_trivial: Bottleneck
    from_full: Bottleneck


@_joints.on_one_thread
def critical_beta(p_xy: ArrayLike) -> CriticalBeta:
    """Where compression leaves nothing.

    `local` = ρ_m², the squared maximal correlation of X and Y (second singular value of p(x,y)/√(p(x)p(y));
    Wu et al. 2019, with their β = 1/ours). `global_` = s* = sup over r(x) of KL(r_y‖p_y)/KL(r_x‖p_x), r_y being what
    r becomes through p(y|x) (the hypercontractivity coefficient; Anantharam et al. 2013): at β < s* a rare cluster of
    that r pays. The supremum is searched from every x and at random by r ∝ p(x) exp(Σ_y p(y|x) ln(r_y/p_y)/s) with s
    the present ratio, which never lowers it; the largest found is given.

    Args:
        p_xy: (x, y), as for `information_bottleneck`. Independent X and Y give 0 and 0.

    Raises:
        InvalidValue: as `information_bottleneck` does.
    """
    merged, _ = _joints.sufficient(_joints.joint(p_xy))
    correlations = critical_betas(merged)
    local = float(correlations[0]) if len(correlations) else 0.0
    return CriticalBeta(local, max(local, _contraction(Problem.of(merged))))


def critical_betas(p_xy: ArrayLike) -> np.ndarray:
    """ρ_i², (min(x, y) − 1,), falling: where each direction of p(x,y)/√(p(x)p(y)) leaves the trivial code.

    The first is the local critical β. The others are where the trivial code becomes unstable in further directions;
    on the curve itself, where the code is no longer trivial, later clusters split near them, not exactly there.
    Rows and columns of zeros are left out. Raises InvalidValue as `information_bottleneck` does.
    """
    joint = _joints.joint(p_xy)
    joint = joint[joint.sum(1) > 0][:, joint.sum(0) > 0]
    values = np.linalg.svd(joint / np.sqrt(np.outer(joint.sum(1), joint.sum(0))), compute_uv=False)
    squares = np.minimum(values[1:], 1.0) ** 2
    return np.where(squares < 1e-14, 0.0, squares)  # what independence leaves is rounding


@_joints.on_one_thread
def hysteresis(p_xy: ArrayLike, betas: ArrayLike | None = None) -> Hysteresis:
    """The code that is reached from below and from above: between `local` and `global_` they differ.

    Args:
        p_xy: (x, y), as for `information_bottleneck`.
        betas: (beta,) above 0, sorted here; 41 from 0.9 `local` to 1.05 `global_` if not given.

    Raises:
        InvalidValue: as `information_bottleneck` does; for a β of 0; and without betas for independent X and Y.
    """
    joint = _joints.joint(p_xy)
    merged, group = _joints.sufficient(joint)
    problem = Problem.of(merged)
    grid = _around(critical_beta(joint)) if betas is None else np.sort(_joints.strengths(betas))
    if not grid[0] > 0:
        raise InvalidValue("hysteresis needs every β above 0 and an X that tells something about Y")
    below = settle(problem, Clusters.of(grid, [tilted(problem)] * len(grid)))
    above, code = [], near_identity(problem)
    for beta in grid:
        # a code that has shrunk to one cluster stays there, as it would under annealing
        (code,) = settle(problem, Clusters.of(np.array([beta]), [code]), SAME)
        above.append(code)
    unknown = np.full(len(grid), np.nan)
    branches = [record(joint, grid, problem, group, codes, unknown) for codes in (below, above)]
    return Hysteresis(grid, *branches)


def _around(critical: CriticalBeta) -> np.ndarray:
    return np.linspace(0.9 * critical.local, min(1.05 * critical.global_, 1.0), POINTS)


def _contraction(problem: Problem) -> float:
    """s*, as far as the search finds it; 0 where every start has gone to p(x)."""
    p_x, p_y = problem.p_x, problem.joint.sum(0)
    random = np.random.default_rng(0).dirichlet(np.ones(len(p_x)), RANDOM)
    near = np.eye(len(p_x))
    tried = np.vstack([near, 0.5 * near + 0.5 * p_x, 0.05 * near + 0.95 * p_x, random])
    best, before = 0.0, -1.0
    for step in range(STEPS):
        r_y = tried @ problem.rows
        log_ratio = log(r_y / np.where(p_y > 0, p_y, 1.0))
        above = np.sum(np.where(r_y > 0, r_y * log_ratio, 0.0), axis=1)
        below = np.sum(tried * (log(tried) - np.log(p_x)) * (tried > 0), axis=1)
        some = below > SMALLEST
        if not some.any():
            break
        ratio = above[some] / below[some]
        best = max(best, float(ratio.max()))
        if step % PATIENCE == 0:
            if best <= before * (1 + STILL):
                break
            before = best
        with np.errstate(divide="ignore"):
            scores = np.log(p_x) + log_ratio[some] @ problem.rows.T / np.maximum(ratio, 1e-300)[:, None]
        tried = np.exp(scores - scores.max(1, keepdims=True))
        tried /= tried.sum(1, keepdims=True)
    return min(best, 1.0)
