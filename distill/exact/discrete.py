"""The information bottleneck of a known joint distribution (Tishby, Pereira and Bialek 1999), every β at once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from distill.exact import _joints
from distill.exact._fixed_point import SAME, Problem
from distill.exact._optimality import WIDE, Judged, judge, solve

__all__ = ["Bottleneck", "information_bottleneck"]

TILT = 1e-3  # of the clusters that start beside the trivial code
MIXED = 1e-3  # of the marginal in the start from the identity
TINY = 1e-13  # nats; a code must beat the trivial one by more than rounding


class Bottleneck(NamedTuple):
    """A code T of X at each β, bits.

    information_x: I(X;T), (beta,). information_y: I(T;Y), (beta,).
    encoder: q(t|x), (beta, x, t); as β rises a cluster keeps its column, which is all 0 where it does not exist.
    lagrangian: β I(X;T) − I(T;Y), (beta,), never above 0: what the code makes as small as it can.
    gap: (beta,), the most by which the search for a better cluster suggests that the lagrangian could still fall:
        β log2 max D, D being the optimality condition of exact/_optimality.py. The search is thorough, not exhaustive.
    """

    information_x: np.ndarray
    information_y: np.ndarray
    encoder: np.ndarray
    lagrangian: np.ndarray
    gap: np.ndarray


@_joints.on_one_thread
def information_bottleneck(p_xy: ArrayLike, betas: ArrayLike, upward: bool = False) -> Bottleneck:
    """min over q(t|x) of β I(X;T) − I(T;Y)   (Tishby et al. 1999, eq. 15 with their β = 1/ours).

    Every β starts from the identity, which keeps all that is relevant (a thousandth of the marginal mixed in), and
    settles on its own, all in one batch; where the optimality condition asks for other clusters they are added. At
    β = 0 the code is the limit of weak compression: the minimal sufficient statistic, in which rows of equal p(y|x)
    fall together. From β = 1 up it is trivial, for no bit of T is worth more than a bit (at β = 1 with labels
    y = f(x) every code on the line from 0 to H(Y) is as good; the trivial one is given).

    Args:
        p_xy: (x, y), rows are x; probabilities or counts, normalised here; zero rows and columns are allowed. An x
            of probability 0 is given the code's marginal.
        betas: (beta,) compression strengths, 0 or above, in any order.
        upward: also start from codes just off the trivial one, and keep the lower lagrangian.

    Raises:
        InvalidValue: naming the cell that is negative or no number; or where there are not two dimensions, or only
            zeros, or a β is negative.
    """
    joint, strengths = _joints.joint(p_xy), _joints.strengths(betas)
    merged, group = _joints.sufficient(joint)
    problem = Problem.of(merged)
    codes = _codes(problem, strengths, upward)
    gap = strengths * np.array([each.violation for each in codes]) / _joints.LN2
    return record(joint, strengths, problem, group, [each.code for each in codes], gap)


def record(
    joint: np.ndarray, betas: np.ndarray, problem: Problem, group: np.ndarray, codes: list[np.ndarray], gap: np.ndarray
) -> Bottleneck:
    """What is to be told of the codes (of the sufficient statistic `group` of x) found at each β."""
    encoder = spread(_encoders(problem, betas, codes), problem.p_x, group)
    information_x = _joints.information_through(joint.sum(1), encoder)
    information_y = _joints.information(encoder.transpose(0, 2, 1) @ joint)
    return Bottleneck(information_x, information_y, encoder, betas * information_x - information_y, gap)


def spread(encoder: np.ndarray, p_s: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Encoders (beta, s, t) of the sufficient statistic as encoders of x; q(t) where p(x) = 0, which is group −1."""
    of_x = encoder[:, np.maximum(group, 0)]
    of_x[:, group < 0] = (p_s @ encoder)[:, None]
    return of_x


def trivial(problem: Problem) -> np.ndarray:
    """The code of one cluster, which tells nothing, (1, y)."""
    return problem.joint.sum(0, keepdims=True)


def _codes(problem: Problem, betas: np.ndarray, upward: bool) -> list[Judged]:
    """The best code found at each β; only the code and what still violates the condition are of use."""
    relevant = float(_joints.information(problem.joint)) * _joints.LN2
    none = np.zeros(0)
    best = [Judged(problem.joint if beta == 0 else trivial(problem), 0.0, 0.0, none, none) for beta in betas]
    inner = np.flatnonzero((betas > 0) & (betas < 1)) if len(problem.p_x) > 1 else none.astype(int)
    if len(inner):
        starts = [(near_identity(problem), WIDE)] + [(tilted(problem), SAME)] * upward
        rivals = [solve(problem, betas[inner], *start) for start in starts]
        for i, *found in zip(inner, *rivals, strict=True):
            lowest = min(found, key=lambda each: each.energy)
            # a code must beat the trivial one by more than rounding
            beats = lowest.energy < relevant / betas[i] - TINY
            best[i] = lowest if beats else judge(problem, betas[i], best[i].code)
    return best


def near_identity(problem: Problem) -> np.ndarray:
    """q(t,y) of a cluster for each x that seldom holds another: with none of some y it could never take in more x."""
    return (1 - MIXED) * problem.joint + MIXED * np.outer(problem.p_x, problem.joint.sum(0))


def tilted(problem: Problem, tilt: float = TILT) -> np.ndarray:
    """Clusters of equal weight next to p(y), tilted both ways along each singular vector of p(x,y)/√(p(x)p(y))."""
    p_y = problem.joint.sum(0)
    some = p_y > 0
    root = np.sqrt(p_y[some])
    rows = problem.joint[:, some] / np.sqrt(problem.p_x)[:, None] / root
    directions = np.linalg.svd(rows, full_matrices=False)[2][1:] / root  # relative change of p(y), of mean 0
    directions /= np.maximum(np.abs(directions).max(1, keepdims=True), 1e-300)
    around = np.zeros((1 + 2 * len(directions), len(p_y)))
    around[:, some] = p_y[some] * (1 + tilt * np.vstack([0 * root, directions, -directions]))
    return around / len(around)


def _encoders(problem: Problem, betas: np.ndarray, codes: list[np.ndarray]) -> np.ndarray:
    """q(t|s), (beta, s, t). From weak to strong compression a cluster keeps the column with which it shares most."""
    states, width = len(problem.p_x), max(len(problem.p_x), *(len(code) for code in codes))
    encoder, before = np.zeros((len(betas), states, width)), np.eye(states, width)
    for i in np.argsort(betas, kind="stable"):
        found = problem.encoder(codes[i], betas[i]) if betas[i] > 0 else np.eye(states)
        shared = np.zeros((width, found.shape[1]))
        np.add.at(shared, before.argmax(1), found * problem.p_x[:, None])  # weight that was in a column and now is in t
        encoder[i][:, _columns(shared.T)] = found
        before = encoder[i]
    return encoder[:, :, encoder.any((0, 1))]


def _columns(shared: np.ndarray) -> np.ndarray:
    """The column of each cluster, (t,): its largest share, (t, column), the heaviest cluster first where two agree."""
    columns = shared.argmax(1)
    if len(np.unique(columns)) == len(columns):
        return columns
    shared = shared.copy()
    for t in np.argsort(-shared.sum(1), kind="stable"):
        columns[t] = np.argmax(shared[t])
        shared[:, columns[t]] = -1.0
    return columns
