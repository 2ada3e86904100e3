"""The bottleneck's fixed point for many βs in one batch: clusters of all βs are rows of one array.

With clusters fixed, min over q(t|x) of I(X;T) + (1/β)[I(X;Y) − I(T;Y)], in nats, is the free energy

    F = −Σ_x p(x) ln Σ_t q(t) exp(−KL[p(y|x)‖q(y|t)]/β)    (Tishby et al. 1999, eqs. 28-31),

the negative log-likelihood of a mixture; the alternating updates are its expectation-maximisation, and never raise it.
Three things make them quick. Terms that are nothing beside the largest of their sum are left out, so that an encoder
that is nearly hard costs what a hard one does. Clusters that have become equal are merged and empty ones dropped.
Every two updates are followed by one extrapolated step (SQUAREM; Varadhan and Roland 2008), which is kept only where
it lowers F: near a critical β the plain updates need thousands of steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__: list[str] = []

STEPS = 20_000  # cycles of two updates and one extrapolated step
PLAIN = 2  # updates before the first extrapolation: the first ones change direction too much to follow
REFRESH = 8  # cycles between two searches for equal clusters and for terms that count
NEGLIGIBLE = 36.0  # e⁻³⁶ is the rounding of 1
EMPTY = 1e-12  # q(t) of a cluster that is dropped (Tishby et al. leave it in)
FEW = 0.1  # share of the terms below which they are counted one by one
SAME = 1e-8  # squared Hellinger distance × 8/β of clusters that have become equal
EARLY = 20  # cycles in which most clusters become equal
SHRINK = 0.7  # of a wider limit at the start, at each step
HARVEST = 4  # cycles between two removals of βs that have come to rest
FARTHEST = 64.0  # an extrapolation goes at most so many updates ahead
SETTLED = 1e-14  # fall of F in a cycle, nats or share of F, at which a β is at rest
NEARLY, EFFORT = 1e-6, 100_000  # a β that has cost so many terms rests at this fall of F
FLOOR = -1e30  # ln 0 that may be multiplied by 0


@dataclass(frozen=True)
class Problem:
    """p(x,y) with no empty row, (x, y), and what is used of it again and again."""

    joint: np.ndarray
    p_x: np.ndarray
    rows: np.ndarray
    entropy: np.ndarray

    @classmethod
    def of(cls, joint: np.ndarray) -> "Problem":
        """The problem of a joint distribution."""
        p_x = joint.sum(1)
        rows = joint / p_x[:, None]
        return cls(joint, p_x, rows, -np.sum(rows * log(rows), axis=1))

    def scores(self, clusters: np.ndarray, beta: float) -> np.ndarray:
        """ln q(t) − KL[p(y|x)‖q(y|t)]/β, (t, x) nats, of clusters q(t,y), (t, y)."""
        weight = clusters.sum(1, keepdims=True)
        conditional = log(clusters / np.where(weight > 0, weight, 1.0))
        return log(weight) + (conditional @ self.rows.T + self.entropy) / beta

    def log_sums(self, clusters: np.ndarray, beta: float) -> np.ndarray:
        """ln Z(x) = ln Σ_t q(t) exp(−KL/β), (x,) nats; F = −Σ p(x) ln Z(x)."""
        scores = self.scores(clusters, beta)
        top = scores.max(0)
        return top + np.log(np.exp(scores - top).sum(0))

    def encoder(self, clusters: np.ndarray, beta: float) -> np.ndarray:
        """q(t|x), (x, t), of clusters q(t,y)."""
        scores = self.scores(clusters, beta).T
        weights = np.exp(scores - scores.max(1, keepdims=True))
        return weights / weights.sum(1, keepdims=True)


@dataclass
class Clusters:
    """Clusters of several βs. joint: q(t,y) of all, (Σt, y); counts: how many each β has, (beta,)."""

    betas: np.ndarray
    joint: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, betas: np.ndarray, codes: Sequence[np.ndarray]) -> "Clusters":
        """q(t,y), (t, y), of each β."""
        return cls(betas, np.concatenate(codes), np.array([len(each) for each in codes]))

    @property
    def first(self) -> np.ndarray:
        """Row at which each β begins."""
        return np.cumsum(self.counts) - self.counts

    def parts(self) -> list[slice]:
        """The rows of each β."""
        return [slice(a, a + n) for a, n in zip(self.first, self.counts, strict=True)]

    def spread(self, values: np.ndarray) -> np.ndarray:
        """A value of each β at each of its rows, (Σt, 1)."""
        return np.repeat(values, self.counts)[:, None]

    def total(self, values: np.ndarray) -> np.ndarray:
        """Sum over all rows and columns of each β."""
        return np.add.reduceat(values.sum(1), self.first)

    def only(self, keep: np.ndarray) -> "Clusters":
        """The βs at which `keep` is true."""
        rows = np.repeat(keep, self.counts)
        return Clusters(self.betas[keep], self.joint[rows], self.counts[keep])


class _Block:
    """All terms of one β, (t, x): where most of them count."""

    def __init__(self, problem: Problem, beta: float, rows: slice, top: np.ndarray) -> None:
        self.problem, self.rows, self.top = problem, rows, top
        self.constant = problem.entropy / beta
        self.right = np.vstack([problem.rows.T, np.ones_like(top), self.constant - top])

    def update(self, left: np.ndarray) -> tuple[np.ndarray, float]:
        """As Terms.update, for one β. left: [ln q(y|t)/β, ln q(t), 1], (t, y + 2)."""
        terms = np.exp(left @ self.right)
        sums = terms.sum(0)
        log_sums = np.log(sums) + self.top
        if np.isfinite(log_sums).all():
            self.top = log_sums  # later terms are near 1 even when clusters have travelled far
            self.right[-1] = self.constant - log_sums
        return terms @ (self.problem.joint / sums[:, None]), -float(self.problem.p_x @ log_sums)


class _Pairs:
    """The (cluster, x) terms that count, of several βs at once: where few do."""

    def __init__(self, problem: Problem, betas: np.ndarray, found: list[tuple[np.ndarray, np.ndarray]]) -> None:
        """found: for each β, which terms count, (t, x), and the largest of each x, (x,)."""
        self.problem = problem
        places = [np.nonzero(counts) for counts, _ in found]
        of_x = np.concatenate([x for _, x in places])
        self.count = np.concatenate([counts.sum(1) for counts, _ in found])
        self.some = self.count > 0
        self.begin = (np.cumsum(self.count) - self.count)[self.some]
        self.joint = problem.joint[of_x]
        self.top = np.concatenate([top for _, top in found])
        of_beta = np.repeat(np.arange(len(found)), [len(x) for _, x in places])
        self.place = of_x + of_beta * len(problem.p_x)  # which (β, x)
        self.rows = np.column_stack([problem.rows, np.ones_like(problem.p_x)])[of_x]
        self.constant = (problem.entropy / betas[:, None]).ravel()[self.place]

    def update(self, left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As Terms.update, for the βs that are here. left: [ln q(y|t)/β, ln q(t)], (Σt, y + 1)."""
        scores = np.einsum("py,py->p", np.repeat(left, self.count, axis=0), self.rows)
        terms = np.exp(scores + self.constant - self.top[self.place])
        sums = np.bincount(self.place, terms, len(self.top))
        log_sums = np.log(sums) + self.top
        if np.isfinite(log_sums).all():
            self.top = log_sums
        after = np.zeros((len(left), self.joint.shape[1]))
        after[self.some] = np.add.reduceat((terms / sums[self.place])[:, None] * self.joint, self.begin)
        return after, -(log_sums.reshape(-1, len(self.problem.p_x)) @ self.problem.p_x)


class Terms:
    """The terms exp(ln q(t) − KL/β) that count at each β; the others are below the rounding of their sum."""

    def __init__(self, problem: Problem, clusters: Clusters) -> None:
        self.betas, self.clusters = clusters.betas, clusters
        self.cost = np.zeros(len(clusters.betas))  # of one update, in terms
        self.blocks: list[tuple[int, _Block]] = []
        few: list[tuple[np.ndarray, np.ndarray]] = []
        rare = np.zeros(len(clusters.betas), bool)
        for i, (beta, rows) in enumerate(zip(clusters.betas, clusters.parts(), strict=True)):
            scores = problem.scores(clusters.joint[rows], beta)
            top = scores.max(0)
            counts = scores > top - NEGLIGIBLE
            self.cost[i], rare[i] = counts.sum(), counts.mean() < FEW
            if rare[i]:
                few.append((counts, top))
            else:
                self.blocks.append((i, _Block(problem, beta, rows, top)))
        self.rare, self.rare_rows = rare, np.flatnonzero(np.repeat(rare, clusters.counts))
        self.pairs = _Pairs(problem, clusters.betas[rare], few) if few else None

    def update(self, joint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """q(t,y) after one update of encoder and clusters, and F of each β before it, nats; F is ∞ where it failed."""
        weight = joint.sum(1, keepdims=True)
        conditional = log(joint / np.where(weight > 0, weight, 1.0)) / self.clusters.spread(self.betas)
        left = np.hstack([conditional, log(weight), np.ones_like(weight)])
        after, energy = np.empty_like(joint), np.empty(len(self.betas))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            for i, block in self.blocks:
                after[block.rows], energy[i] = block.update(left[block.rows])
            if self.pairs:
                after[self.rare_rows], energy[self.rare] = self.pairs.update(left[self.rare_rows, :-1])
        return after, np.where(np.isfinite(energy) & (energy > -1e-9), energy, np.inf)  # overflow shows as F < 0


def settle(problem: Problem, clusters: Clusters, close: float = SAME) -> list[np.ndarray]:
    """q(t,y), (t, y), at rest at each β of `clusters`, every β on its own, in one batch.

    Clusters closer than `close` are merged at first; the limit shrinks to SAME.
    """
    found: list[np.ndarray | None] = [None] * len(clusters.betas)
    index = np.arange(len(clusters.betas))
    energy, work, rest = np.full(len(index), np.inf), np.zeros(len(index)), np.zeros(len(index), int)
    terms: Terms | None = None
    for step in range(STEPS):
        if step < PLAIN or step % REFRESH == 0:
            often = step < EARLY or step % (4 * REFRESH) == 0  # comparing all clusters costs as much as an update
            clusters, terms = tidied(clusters, max(SAME, close * SHRINK**step) if often else 0.0), None
        terms = terms or Terms(problem, clusters)
        clusters.joint, after = terms.update(clusters.joint) if step < PLAIN else _cycle(terms, clusters)
        work += terms.cost if step < PLAIN else 3 * terms.cost
        fall, allowed = np.abs(energy - after), np.where(work > EFFORT, NEARLY, SETTLED)
        rest, energy = np.where((fall <= np.maximum(allowed, SETTLED * after)) & (step > PLAIN), rest + 1, 0), after
        ready = (rest >= 2) | (step == STEPS - 1)
        if ready.any() and (step % HARVEST == HARVEST - 1 or ready.all()):
            for i, rows in zip(index[ready], np.array(clusters.parts())[ready], strict=True):
                found[i] = clusters.joint[rows]
            left = ~ready
            clusters, index, terms = clusters.only(left), index[left], None
            energy, work, rest = energy[left], work[left], rest[left]
        if not len(index):
            break
    return [each for each in found if each is not None]


def _cycle(terms: Terms, clusters: Clusters) -> tuple[np.ndarray, np.ndarray]:
    """Two updates and one from a point extrapolated along them, in ln q(t,y), the latter where it lowers F."""
    zero = clusters.joint
    one, _ = terms.update(zero)
    two, energy = terms.update(one)
    alive = (zero > 0) & (one > 0) & (two > 0)
    first = np.where(alive, log(one) - log(zero), 0.0)
    bend = np.where(alive, log(two) - log(one), 0.0) - first
    ratio = clusters.total(one * first**2) / np.maximum(clusters.total(one * bend**2), 1e-300)
    ahead = clusters.spread(np.clip(np.sqrt(ratio), 1.0, FARTHEST))
    far = np.where(alive, np.exp(np.clip(log(zero) + 2 * ahead * first + ahead**2 * bend, -690.0, 5.0)), 0.0)
    far /= clusters.spread(np.maximum(clusters.total(far), 1e-300))
    three, farther = terms.update(far)
    better = farther <= energy
    return np.where(clusters.spread(better), three, two), np.where(better, farther, energy)


def tidied(clusters: Clusters, close: float) -> Clusters:
    """Without empty clusters, and with those merged that are closer than `close`."""
    limits = close * clusters.betas / 8
    codes = [merged(clusters.joint[rows], limit) for rows, limit in zip(clusters.parts(), limits, strict=True)]
    return Clusters.of(clusters.betas, codes)


def merged(code: np.ndarray, close: float, empty: float = EMPTY) -> np.ndarray:
    """q(t,y) without clusters of weight up to `empty`, and those of squared Hellinger distance below `close` as one."""
    weight = code.sum(1)
    if weight.min() <= empty:
        code, weight = code[weight > empty] / weight[weight > empty].sum(), weight[weight > empty]
    if close <= 0:
        return code
    root = np.sqrt(code / weight[:, None])
    near = root @ root.T > 1 - close
    np.fill_diagonal(near, True)
    if np.count_nonzero(near) == len(near):
        return code
    leader = np.full(len(near), -1)
    for i in np.argsort(-weight, kind="stable"):
        if leader[i] < 0:
            leader[near[i] & (leader < 0)] = i
    leaders, group = np.unique(leader, return_inverse=True)
    sums = np.zeros((len(leaders), code.shape[1]))
    np.add.at(sums, group, code)
    return sums


def log(values: np.ndarray) -> np.ndarray:
    """Natural logarithm, with a large negative number in place of −∞."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(values), FLOOR)
