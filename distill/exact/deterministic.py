"""The deterministic information bottleneck: hard clusters of X (Strouse and Schwab 2017)."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from distill.errors import InvalidValue
from distill.exact import _joints
from distill.exact.discrete import spread

__all__ = ["DeterministicBottleneck", "deterministic_information_bottleneck"]

STEPS = 1000
GAIN = 1e-12  # nats; a change must lower the cost by more than rounding


class DeterministicBottleneck(NamedTuple):
    """Hard clusters T of X at each β, bits.

    information_x: I(X;T), (beta,), which is H(T), for T is a function of X but for an x of probability 0.
    information_y: I(T;Y), (beta,). entropy_t: H(T), (beta,).
    encoder: q(t|x), (beta, x, t), of zeros and ones; a column is all 0 where its cluster does not exist.
    lagrangian: β H(T) − I(T;Y), (beta,): what the clusters make as small as they can.
    """

    information_x: np.ndarray
    information_y: np.ndarray
    entropy_t: np.ndarray
    encoder: np.ndarray
    lagrangian: np.ndarray


@_joints.on_one_thread
def deterministic_information_bottleneck(
    p_xy: ArrayLike, betas: ArrayLike, restarts: int = 10, seed: int = 0
) -> DeterministicBottleneck:
    """min over t(x) of β H(T) − I(T;Y)   (Strouse and Schwab 2017, eq. 10 with their β = 1/ours).

    Starts: the identity, one cluster, the best code of the next weaker β, and `restarts` random clusterings for each
    β. Each takes turns of t(x) = argmax_t ln q(t) − KL[p(y|x)‖q(y|t)]/β (eq. 13), of merging two clusters, and of
    moving one x, until none of the three lowers the cost; every clustering found is tried at every β. The problem is
    combinatorial: the result is the best that was met, at a cost that grows as x²: seconds for 30 values of x, minutes
    for 256. At β = 0 it is the minimal sufficient statistic.

    Args:
        p_xy: (x, y) and betas: (beta,), as for `information_bottleneck`; betas of 1 and above give one cluster.
        restarts: random starts for each β, 0 or more. seed: of those.

    Raises:
        InvalidValue: as `information_bottleneck` does, and for restarts below 0.
    """
    if restarts < 0:
        raise InvalidValue(f"restarts is {restarts}; it must be 0 or more")
    joint, strengths = _joints.joint(p_xy), _joints.strengths(betas)
    merged, group = _joints.sufficient(joint)
    found = [np.arange(len(merged)), np.zeros(len(merged), int)]
    found += list(_searched(merged, np.unique(strengths[(strengths > 0) & (strengths < 1)]), restarts, seed))
    codes = [np.eye(len(merged))[cluster] for cluster in found]
    entropy = np.array([_joints.entropy(merged.sum(1) @ code) for code in codes])
    relevant = np.array([_joints.information(code.T @ merged) for code in codes])
    costs = strengths[:, None] * entropy - relevant
    costs[strengths >= 1] = np.where(np.arange(len(codes)) == 1, 0.0, np.inf)
    best = [0 if beta == 0 else int(np.argmin(cost)) for beta, cost in zip(strengths, costs, strict=True)]
    encoder = np.stack([codes[i] for i in best])
    encoder = spread(encoder[:, :, encoder.any((0, 1))], merged.sum(1), group)
    information_x = _joints.information_through(joint.sum(1), encoder)
    lagrangian = strengths * entropy[best] - relevant[best]
    return DeterministicBottleneck(information_x, relevant[best], entropy[best], encoder, lagrangian)


def _searched(joint: np.ndarray, betas: np.ndarray, restarts: int, seed: int) -> Iterator[np.ndarray]:
    """Clusterings t(x), (x,), at which the search came to rest; betas rise."""
    generator, states = np.random.default_rng(seed), len(joint)
    last = np.arange(states)
    for beta in betas:
        sizes = generator.integers(1, states + 1, restarts)
        starts = [np.arange(states), last, *(generator.integers(0, size, states) for size in sizes)]
        settled = [_settled(joint, beta, start) for start in starts]
        yield from settled
        last = min(settled, key=lambda cluster, beta=beta: _cost(_sums(joint, cluster), beta).sum())


def _settled(joint: np.ndarray, beta: float, cluster: np.ndarray) -> np.ndarray:
    """t(x) from which no reassignment, merger or single move lowers the cost."""
    for _ in range(STEPS):
        cluster = np.unique(cluster, return_inverse=True)[1]
        for change in (_reassigned, _merged, _moved):
            after = change(joint, beta, cluster)
            if _cost(_sums(joint, after), beta).sum() < _cost(_sums(joint, cluster), beta).sum() - GAIN:
                break
        else:
            return cluster
        cluster = after
    return cluster


def _sums(joint: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """q(t,y), (t, y), with one empty cluster at the end."""
    sums = np.zeros((cluster.max() + 2, joint.shape[1]))
    np.add.at(sums, cluster, joint)
    return sums


def _cost(sums: np.ndarray, beta: float) -> np.ndarray:
    """What each cluster adds to β H(T) − I(T;Y) + H(Y), nats: (1 − β) q(t) ln q(t) − Σ_y q(t,y) ln q(t,y)."""
    weight = sums.sum(-1)
    return (1 - beta) * _times_log(weight) - _times_log(sums).sum(-1)


def _times_log(values: np.ndarray) -> np.ndarray:
    return values * np.log(np.where(values > 0, values, 1.0))


def _reassigned(joint: np.ndarray, beta: float, cluster: np.ndarray) -> np.ndarray:
    sums = _sums(joint, cluster)[:-1]
    weight = sums.sum(1, keepdims=True)
    with np.errstate(divide="ignore"):
        logs = np.maximum(np.log(sums / weight), -1e30)
    return np.argmax(np.log(weight[:, 0]) + (joint / joint.sum(1, keepdims=True)) @ logs.T / beta, axis=1)


def _merged(joint: np.ndarray, beta: float, cluster: np.ndarray) -> np.ndarray:
    """Pairs of clusters merged that lower the cost, the best first; no cluster in two of them, so that gains add up."""
    sums = _sums(joint, cluster)[:-1]
    alone = _cost(sums, beta)
    change = _cost(sums[:, None] + sums, beta) - alone[:, None] - alone
    np.fill_diagonal(change, np.inf)
    into = change.argmin(1)
    name = np.arange(len(sums))
    for gone in _apart(change.min(1), name, into):
        name[gone] = into[gone]
    return name[cluster]


def _moved(joint: np.ndarray, beta: float, cluster: np.ndarray) -> np.ndarray:
    """Single x moved, perhaps to a cluster of its own, where it lowers the cost, the best first, as above."""
    sums, items = _sums(joint, cluster), np.arange(len(joint))
    alone = _cost(sums, beta)
    without = np.maximum(sums[cluster] - joint, 0.0)
    change = _cost(sums + joint[:, None], beta) - alone + (_cost(without, beta) - alone[cluster])[:, None]
    change[items, cluster] = np.inf
    to, after = change.argmin(1), cluster.copy()
    for item in _apart(change.min(1), cluster, to):
        after[item] = to[item]
    return after


def _apart(change: np.ndarray, one: np.ndarray, other: np.ndarray) -> Iterator[int]:
    """The changes below 0, the lowest first, whose two clusters no earlier one has touched."""
    touched: set[int] = set()
    for i in np.argsort(change, kind="stable"):
        if change[i] >= -GAIN:
            break
        if not touched & {int(one[i]), int(other[i])}:
            touched |= {int(one[i]), int(other[i])}
            yield int(i)
