"""What the points of an information plane enclose."""

import numpy as np
from numpy.typing import ArrayLike

from distill.errors import InvalidValue
from distill.exact._joints import as_floats

__all__ = ["hull"]


def hull(information_x: ArrayLike, information_y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Upper concave hull of points of the plane and of the origin, bits.

    Every point on it is reached by using one of two codes at random, the choice told to both sides, so the
    bottleneck curve F(r) = max {I(T;Y): I(X;T) ≤ r} is concave (Witsenhausen and Wyner 1975) and never below it.

    Args:
        information_x, information_y: (points,), in any order.

    Returns:
        I(X;T) and I(T;Y) of the corners, (corners,) each, from (0, 0) along rising I(X;T) to the largest I(T;Y).

    Raises:
        InvalidValue: where the two differ in length, or a value is not finite.
    """
    x, y = as_floats(information_x, "information_x", 1), as_floats(information_y, "information_y", 1)
    if x.shape != y.shape or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InvalidValue(f"hull needs as many finite values of I(T;Y) as of I(X;T); given {len(y)} and {len(x)}")
    corners: list[tuple[float, float]] = []
    for point in sorted([(0.0, 0.0), *zip(x.tolist(), y.tolist(), strict=True)], key=lambda p: (p[0], -p[1])):
        while len(corners) > 1 and _cross(corners[-2], corners[-1], point) >= 0:
            corners.pop()
        if not corners or point[1] > corners[-1][1]:
            corners.append(point)
    return np.array([p[0] for p in corners]), np.array([p[1] for p in corners])


def _cross(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    """Above or at 0 where b lies on or below the line from a to c."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
