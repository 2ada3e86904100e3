"""The exact bottleneck beside embo 1.1.0: 30 βs of a 256 × 10 joint, in one run."""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from distill.bench import new_table
from distill.exact import Bottleneck, critical_beta, information_bottleneck

if TYPE_CHECKING:
    from rich.table import Table

COUNT, STATES, LABELS = 30, 256, 10
SPREAD = 100  # the weakest compression is a hundredth of the critical β
TURNS = 2
JOINTS = {"broad rows": 1.0, "peaked rows": 0.1}  # concentration of p(y|x)
GRIDS: dict[str, Callable[[float], np.ndarray]] = {
    "1/β evenly": lambda critical: 1 / np.linspace(1 / critical, SPREAD / critical, COUNT),  # as embo takes them
    "log β evenly": lambda critical: np.geomspace(critical, critical / SPREAD, COUNT),
    "β evenly": lambda critical: np.linspace(critical, critical / SPREAD, COUNT),
}
MISSING = "embo is not installed, so there is nothing to compare with: pip install embo==1.1.0"


class Race(NamedTuple):
    """Seconds of each turn, of ours and of embo; I(X;T) − I(T;Y)/β of both, (beta,) bits; embo's may be empty."""

    ours: list[float]
    theirs: list[float]
    cost: np.ndarray
    their_cost: np.ndarray
    gap: float


def tables(given: argparse.Namespace) -> "Iterator[Table]":
    """The one table of this part; embo's columns are empty where it is not installed."""
    title = f"{COUNT} βs between the critical β and a {SPREAD}th of it, joint of {STATES} × {LABELS}"
    heads = "distill, s", "embo, s", "times as fast", "worst ΔL in β_T", "in β", "best ΔL in β_T", "our gap"
    table = new_table(title, "", *heads)
    information_bottleneck(np.eye(3) + 1, [0.1])  # what is imported at first use is not the bottleneck's work
    for name, concentration in JOINTS.items():
        p_xy = joint(concentration)
        critical = critical_beta(p_xy).local
        for grid, betas_from in GRIDS.items():
            betas = betas_from(critical)
            table.add_row(f"{name}, {grid}", *_cells(race(p_xy, betas), betas))
    table.caption = (
        "ΔL: our I(X;T) − I(T;Y)/β less embo's, bits (in β: of βI(X;T) − I(T;Y)); below 0 ours is better.\n"
        "gap: the most by which our I(X;T) − I(T;Y)/β could still fall, bits.\n"
        f"embo has its defaults, and is given ln 2/β, for it counts nats as bits. Medians of {TURNS} turns."
    )
    if not find_spec("embo"):
        table.caption = MISSING
    yield table


def joint(concentration: float, seed: int = 0) -> np.ndarray:
    """A random p(x,y), (256, 10): p(y|x) Dirichlet of that concentration, p(x) Dirichlet(1)."""
    generator = np.random.default_rng(seed)
    rows = generator.dirichlet(np.full(LABELS, concentration), STATES)
    return rows * generator.dirichlet(np.ones(STATES))[:, None]


def race(p_xy: np.ndarray, betas: np.ndarray) -> Race:
    """Both in turns, so that they meet the same load."""
    ours, theirs = [], []
    their_points: list[np.ndarray] = []
    for _ in range(TURNS):
        seconds, found = _timed(lambda: information_bottleneck(p_xy, betas))
        ours.append(seconds)
        if find_spec("embo"):
            seconds, points = _timed(lambda: _embo(p_xy, betas))
            theirs.append(seconds)
            their_points.append(points[:, 0] - points[:, 1] / betas)
    lowest = np.min(their_points, axis=0) if their_points else np.zeros(0)
    return Race(ours, theirs, _cost(found, betas), lowest, float((found.gap / betas).max()))


def _cost(found: Bottleneck, betas: np.ndarray) -> np.ndarray:
    return found.information_x - found.information_y / betas


def _embo(p_xy: np.ndarray, betas: np.ndarray) -> np.ndarray:
    """embo's I(X;T) and I(T;Y), (beta, 2) bits: the function that its class calls for each β of its own grid."""
    from embo import InformationBottleneck

    np.random.seed(0)  # it takes no seed
    p_x, p_y = p_xy.sum(1), p_xy.sum(0)
    found = [
        InformationBottleneck.beta_iter(1, beta, p_x, p_y, p_xy.T / p_x, len(p_x), restarts=3, iterations=100)
        for beta in np.log(2) / betas
    ]
    return np.array([point[:2] for point in found])


def _cells(result: Race, betas: np.ndarray) -> list[str]:
    ours = statistics.median(result.ours)
    if not result.theirs:
        return [f"{ours:.2f}", *[""] * 5, f"{result.gap:.0e}"]
    ratio = statistics.median(b / a for a, b in zip(result.ours, result.theirs, strict=True))
    worse = result.cost - result.their_cost
    return [
        f"{ours:.2f}", f"{statistics.median(result.theirs):.1f}", f"{ratio:.1f}",
        f"{worse.max():.1e}", f"{(worse * betas).max():.1e}", f"{worse.min():.1e}", f"{result.gap:.0e}",
    ]  # fmt: skip


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result
