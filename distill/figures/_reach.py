"""What no code can exceed: the exact curve where the distribution is known, else min(I(X;Z), I(X;Y))."""

import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import xarray as xr

from distill import exact
from distill.measures.limits import ceiling_y

POINTS = 160  # of a curve: less than half a pixel from the truth
STRENGTHS = 30  # βs at which a discrete curve is computed, besides 0
BETWEEN = 8  # points drawn from one of them to the next
SAME = 1e-6  # bits; points nearer than this are one corner
WEAKEST = 1e-2  # of the critical β: between it and 0 the curve is as good as straight
LAGRANGIANS = ("vib",)  # objectives whose β is the slope of the curve, so that critical βs of the curve are theirs


@dataclass(frozen=True)
class Reach:
    """The largest I(Z;Y) at each I(X;Z), bits: `x` rises from 0, `y` beside it; beyond the last it stays what it is.

    total: I(X;Y). known: whether the curve is that of a known distribution; else labels are a function of the items,
    for which min(r, H(Y)) is exact. critical: β below which each direction of the code appears, falling.
    """

    x: np.ndarray
    y: np.ndarray
    total: float
    known: bool
    critical: tuple[float, ...]

    def at(self, information_x: np.ndarray | float) -> np.ndarray:
        """The best I(Z;Y) at these I(X;Z); NaN for NaN."""
        return np.interp(information_x, self.x, self.y)


def reach(run: xr.Dataset, split: str, right: float) -> Reach:
    """What `run` could reach at all, up to I(X;Z) = `right`."""
    if "joint" in run:
        table = np.ascontiguousarray(run.joint.transpose("value_x", "value_y").values, dtype=np.float64)
        x, y, critical = _discrete(table.tobytes(), table.shape)
        return Reach(np.append(x, max(right, x[-1])), np.append(y, y[-1]), float(y[-1]), True, critical)
    if "covariance_x" in run:
        parts = [np.asarray(run[f"covariance_{name}"].values, dtype=np.float64) for name in ("x", "xy", "y")]
        x = np.linspace(0.0, right, POINTS)
        y = exact.gaussian_curve(*parts, np.append(x, np.inf))
        critical = tuple(float(each) for each in exact.gaussian_critical_betas(*parts) if each > 0)
        return Reach(x, y[:-1], float(y[-1]), True, critical)
    total = float(ceiling_y(run, split)[-1])
    return Reach(np.array([0.0, total, max(right, total)]), np.array([0.0, total, total]), total, False, (1.0,))


def critical_places(run: xr.Dataset, split: str) -> list[tuple[float, float]]:
    """(place on the axis of βs, β) of the critical βs within it; none for a knob that is no Lagrangian's β."""
    if json.loads(run.attrs["config"]).get("objective") not in LAGRANGIANS:
        return []
    betas, found = run.beta.values, []
    positive = np.flatnonzero(betas > 0)
    for critical in reach(run, split, 1.0).critical if len(positive) > 1 else ():
        if betas[positive[0]] <= critical <= betas[positive[-1]]:
            place = np.interp(np.log(critical), np.log(betas[positive]), positive)
            found.append((float(place), critical))
    return found


@lru_cache(maxsize=32)
def _discrete(table: bytes, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, tuple[float, ...]]:
    """The concave hull of the exact curve of a joint distribution, and the β at which a trained code leaves the origin.

    That is the local critical β, ρ_m²: a network that comes from no code at all does not find the global one.
    """
    joint = np.frombuffer(table).reshape(shape)
    critical = exact.critical_beta(joint)
    if critical.global_ <= 0:  # nothing to know
        return np.zeros(1), np.zeros(1), ()
    closer = np.linspace(0, 1, STRENGTHS) ** 1.5  # near the critical β, where the code changes fastest
    betas = np.append(critical.global_ * WEAKEST**closer, 0.0)
    found = exact.information_bottleneck(joint, betas)
    x, y = exact.hull(found.information_x, found.information_y)
    apart = np.hypot(found.information_x[:, None] - x, found.information_y[:, None] - y)
    there = apart <= apart.min(0) + SAME  # a corner that is the best of many βs is a kink
    before = np.where(there, betas[:, None], 0.0).max(0)
    after = np.where(there, betas[:, None], np.inf).min(0)
    after[0] = critical.global_
    known_x, known_y = _through(x, y, after[:-1], before[1:])
    return known_x, np.minimum(known_y, critical.global_ * known_x), (critical.local,)


def _through(x: np.ndarray, y: np.ndarray, begin: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cubic pieces through corners (n,), of these slopes at the ends of each: on the exact curve the slope is β."""
    t = np.linspace(0, 1, BETWEEN, endpoint=False)[None]
    wide = np.diff(x)[:, None]
    rise = (1 - t) ** 2 * ((1 + 2 * t) * y[:-1, None] + t * wide * begin[:, None])
    fall = t**2 * ((3 - 2 * t) * y[1:, None] + (t - 1) * wide * end[:, None])
    return np.append((x[:-1, None] + t * wide).ravel(), x[-1]), np.append((rise + fall).ravel(), y[-1])
