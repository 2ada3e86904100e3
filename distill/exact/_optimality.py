"""Whether any other cluster would better a bottleneck: the optimality condition of a mixture, and its repair.

F (see _fixed_point) is convex in the weights that a code gives to all possible clusters c on the simplex of Y, so a
code is the best of all exactly where D(c) = Σ_x p(x) exp(−KL[p(y|x)‖c]/β)/Z(x) ≤ 1 for every c, Z(x) being the code's
own sum, and F − min F ≤ ln max_c D(c)   (Lindsay 1983, for mixtures; with rate-distortion in place of likelihood,
Csiszár 1974). At the trivial code this is the condition on contraction that `critical_beta` gives.
"""

from typing import NamedTuple

import numpy as np

from distill.exact._fixed_point import Clusters, Problem, log, merged, settle

__all__: list[str] = []

TRIED = 24  # starts of the search that are followed
CLIMBS = 20  # steps of each
STILL = 1e-7  # rise of D in a step, as a share, at which a search ends
VIOLATION = 1e-5  # ln D that is worth a new cluster
ROUNDS = 6  # of adding clusters
APART = 0.1  # squared Hellinger distance × 8/β between two that are added at once
PLAINER = ((1e-5, 0.1), (1e-7, 1e-3), (1e-9, 1e-5))  # weights and distances at which clusters are dropped and merged
SPARE = 1e-7  # nats of F that fewer clusters may cost
WIDE = 0.1  # clusters that the first steps from the identity merge; what is lost by it is found again here


class Judged(NamedTuple):
    """A code q(t,y), its F in nats, and the largest ln D found, 0 where none is above; clusters that would better it.

    clusters: (k, y), conditional on y; shares: (k,), what lowers F most if they are added in these proportions.
    """

    code: np.ndarray
    energy: float
    violation: float
    clusters: np.ndarray
    shares: np.ndarray


def solve(problem: Problem, betas: np.ndarray, start: np.ndarray, close: float = WIDE) -> list[Judged]:
    """The code of each β > 0: every β from `start`; where other clusters would lower F, they are added and settle."""
    found = settle(problem, Clusters.of(betas, [start] * len(betas)), close)
    judged = [judge(problem, beta, code) for beta, code in zip(betas, found, strict=True)]
    lowest = [each.energy - each.violation for each in judged]  # min F is above it; a bound of any code holds for all
    open_ = list(range(len(betas)))
    for _ in range(ROUNDS):
        open_ = [i for i in open_ if judged[i].violation > VIOLATION]
        if not open_:
            break
        more = [_with_more(judged[i]) for i in open_]
        for i, code in zip(open_, settle(problem, Clusters.of(betas[open_], more)), strict=True):
            settled = judge(problem, betas[i], code)
            lowest[i] = max(lowest[i], settled.energy - settled.violation)
            judged[i] = min(judged[i], settled, key=lambda each: each.energy)
    return [
        each._replace(code=_plainest(problem, beta, each), violation=max(0.0, each.energy - low))
        for beta, each, low in zip(betas, judged, lowest, strict=True)
    ]


def _plainest(problem: Problem, beta: float, judged: Judged) -> np.ndarray:
    """The code with as few clusters as do for its F: a search that stops before rest leaves rare and double ones."""
    for empty, close in PLAINER:
        fewer = merged(judged.code, close * beta / 8, empty)
        if len(fewer) == len(judged.code):
            break  # the next limits are narrower
        if -problem.p_x @ problem.log_sums(fewer, beta) < judged.energy + SPARE:
            return fewer
    return judged.code


def _with_more(judged: Judged) -> np.ndarray:
    """The code with its clusters of high D."""
    shares = judged.shares[:, None]
    return np.vstack([judged.code * (1 - shares.sum()), shares * judged.clusters])


def judge(problem: Problem, beta: float, code: np.ndarray) -> Judged:
    """How good a code is, and the clusters that would better it, of those that a search finds."""
    log_z = problem.log_sums(code, beta)
    mixed = 0.01 * min(beta, 1.0)  # no candidate lacks a y altogether, which no step could give back
    tried = (1 - mixed) * problem.rows + mixed * problem.joint.sum(0)
    for step in range(CLIMBS):
        gain = np.exp(np.minimum((log(tried) @ problem.rows.T + problem.entropy) / beta - log_z, 700.0))
        slope = gain @ problem.p_x
        if step == 0:
            best = np.argsort(-slope, kind="stable")[:TRIED]
            tried, gain, slope = tried[best], gain[best], slope[best]
            before = np.zeros_like(slope)
        if step == CLIMBS - 1 or (slope <= before * (1 + STILL)).all():
            break
        # this step never lowers D: it is the update of a mixture whose other clusters stand still
        before, tried = slope, (gain * problem.p_x) @ problem.rows / np.maximum(slope, 1e-300)[:, None]
    rise = np.log(np.maximum(slope, 1.0))
    apart = _apart(tried, rise, APART * beta / 8)
    weight = rise[apart] / max(rise[apart].sum(), 1e-300)
    shares = weight * (_share(weight @ gain[apart], problem.p_x) if apart else 0.0)
    return Judged(code, -float(problem.p_x @ log_z), float(rise.max()), tried[apart], shares)


def _apart(clusters: np.ndarray, rise: np.ndarray, close: float) -> list[int]:
    """Of the clusters that D asks for, the highest first, those that are not next to one before."""
    root, kept = np.sqrt(clusters), list[int]()
    for i in np.argsort(-rise, kind="stable"):
        if rise[i] > VIOLATION and all(1 - root[i] @ root[j] > close for j in kept):
            kept.append(int(i))
    return kept


def _share(gain: np.ndarray, p_x: np.ndarray) -> float:
    """The w that maximises Σ p(x) ln(1 − w + w gain(x)), which is concave; by bisection of its slope."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        rising = np.sum(p_x * (gain - 1) / (1 + middle * (gain - 1))) > 0
        low, high = (middle, high) if rising else (low, middle)
    return low
