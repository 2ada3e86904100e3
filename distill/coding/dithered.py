"""Dithered quantisation of a code's means, and the learned factorised model that prices and writes the levels.

What is computed here must come out to the last bit alike on the machine that writes and on the one that reads, for a
range coder that is told another probability loses its place. So only sums, products, quotients and comparisons of
float64 are used, one ufunc each, which IEEE 754 rounds alike everywhere; no exponential, no logarithm, no sum over an
axis.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from distill.coding._words import reading, shortest
from distill.errors import InvalidValue

BROAD = 2.0**-9  # weight of the part of the model that reaches everywhere
FARTHEST = 2**40  # steps from 0
QUANTILES = 33
Choose = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


class Model(NamedTuple):
    """One β's factorised model of the means of K latent dimensions.

    Attributes:
        width: (K,) Δ, the step of each dimension.
        quantiles: (K, L) of the training items' means, not falling along L.
        shares: (L,) from 0 to 1, the share of the training items below each quantile.
    """

    width: np.ndarray
    quantiles: np.ndarray
    shares: np.ndarray


def quantile_shares(count: int = QUANTILES) -> np.ndarray:
    """(count,) s² (3 − 2 s) of even s from 0 to 1: closer at both ends, where a distribution bends."""
    even = np.arange(count) / (count - 1)
    return even * even * (3 - 2 * even)


def dither(seed: int, items: int, latent: int) -> np.ndarray:
    """(items, latent) numbers v, uniform in (−½, ½), the same on every machine; the first items' do not depend on how
    many follow.

    The raw words of Philox (Salmon et al. 2011), a generator whose stream numpy promises to keep.
    """
    words = np.random.Philox(key=seed).random_raw(items * latent) >> np.uint64(32)
    return (words.astype(np.float64).reshape(items, latent) + 0.5) * 2.0**-32 - 0.5


def levels_of(model: Model, means: np.ndarray, v: np.ndarray) -> np.ndarray:
    """q = ⌊μ/Δ + v + ½⌋ of means (n, K) under the dither v (n, K): whole numbers, int64.

    Raises:
        InvalidValue: for means that are no numbers, or lie farther than 2⁴⁰ steps from 0.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        steps = means.astype(np.float64) / model.width
    if not (np.abs(steps) < FARTHEST / 2).all():
        raise InvalidValue(f"a code to be written must be finite and at most {FARTHEST / 2:.0e} steps from 0")
    return np.floor(steps + v + 0.5).astype(np.int64)


def codes_of(model: Model, levels: np.ndarray, v: np.ndarray) -> np.ndarray:
    """z̃ = (q − v) Δ, (n, K): the mean plus noise that is uniform in ±Δ/2 whatever the mean is (Schuchman 1964)."""
    return (levels - v) * model.width


def surprises(model: Model, levels: np.ndarray, v: np.ndarray) -> np.ndarray:
    """−log2 P(q|v) of levels (n, K), bits (n, K).

    P(q|v) = F((q − v + ½) Δ) − F((q − v − ½) Δ): the share of the model within half a step of z̃, where F is linear
    between the quantiles but for 1/512 of it, which reaches as far as a Cauchy distribution does. Its mean over v is
    I(μ; μ + U), the entropy-coded dithered quantiser's rate (Ziv 1985; Zamir & Feder 1992, theorem 1).
    """
    shape = _Shape.of(model, v)
    flat = levels.T.ravel()
    return -np.log2(shape.mass(np.arange(v.size), flat, flat + 1)).reshape(levels.T.shape).T


def write(model: Model, levels: np.ndarray, v: np.ndarray) -> bytes:
    """The levels (n, K) under the dither v, written by a range coder: Σ −log2 P(q|v) bits and at most 8 more."""
    from constriction import stream

    encoder, family, flat = stream.queue.RangeEncoder(), stream.model.Bernoulli(perfect=False), levels.T.ravel()

    def told(chance: np.ndarray, middle: np.ndarray, at: np.ndarray) -> np.ndarray:
        above = flat[at] >= middle
        encoder.encode(above.astype(np.int32), family, chance)
        return above

    _search(_Shape.of(model, v), told)
    return shortest(encoder)


def read(model: Model, blob: bytes, v: np.ndarray) -> np.ndarray:
    """The levels (n, K) that `write` wrote with the same model and dither."""
    from constriction import stream

    decoder, family = reading(blob), stream.model.Bernoulli(perfect=False)

    def heard(chance: np.ndarray, middle: np.ndarray, at: np.ndarray) -> np.ndarray:
        return decoder.decode(family, chance).astype(bool)

    return _search(_Shape.of(model, v), heard).reshape(v.T.shape).T


def _search(shape: "_Shape", choose: Choose) -> np.ndarray:
    """The levels, flat, each found by questions whether it is at least the middle of what is left, all in step.

    `choose(chance, middle, at)` answers them for the levels at the places `at`, given the chance of a yes. By the chain
    rule the answers cost what the level does. The first two ask for what lies outside the model's window.
    """
    at = np.arange(len(shape.v))
    least, most = np.full(len(at), -FARTHEST), np.full(len(at), FARTHEST)
    for edge in (shape.first, shape.last):
        _halve(shape, choose, at, np.repeat(edge, shape.items), least, most)
    while len(at := np.flatnonzero(most - least > 1)):
        _halve(shape, choose, at, (least[at] + most[at]) // 2, least, most)
    return least


def _halve(
    shape: "_Shape", choose: Choose, at: np.ndarray, middle: np.ndarray, least: np.ndarray, most: np.ndarray
) -> None:
    """One question for each of the levels at the places `at`; narrows least ≤ q < most in place."""
    inside = middle < most[at]
    at, middle = at[inside], middle[inside]
    if not len(at):
        return
    above = shape.mass(at, middle, most[at])
    chance = above / (shape.mass(at, least[at], middle) + above)
    yes = choose(chance, middle, at)
    least[at] = np.where(yes, middle, least[at])
    most[at] = np.where(yes, most[at], middle)


class _Shape(NamedTuple):
    """The model in units of the step; levels lie flat in it, one dimension of all items after the other.

    v (n K,), the rest one row a dimension: first ≤ q < last is the window in which a level is looked for first.
    """

    v: np.ndarray
    items: int
    knots: np.ndarray
    shares: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    first: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, model: Model, v: np.ndarray) -> "_Shape":
        """Raises InvalidValue for a model whose quantiles are too many steps apart to be told from one another."""
        knots = model.quantiles.astype(np.float64) / model.width[:, None].astype(np.float64)
        if not (np.abs(knots) < FARTHEST / 8).all():
            raise InvalidValue(f"a model's quantiles must lie at most {FARTHEST / 8:.0e} steps from 0")
        centre, spread = (knots[:, -1] + knots[:, 0]) / 2, (knots[:, -1] - knots[:, 0]) / 2 + 1
        first, last = np.floor(centre - 2 * spread).astype(np.int64), np.ceil(centre + 2 * spread).astype(np.int64) + 1
        return cls(v.T.ravel(), len(v), knots, model.shares, centre, spread, first, last)

    def mass(self, at: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """P(low ≤ q < high) at the places `at`, which rise; above 0 where low < high."""
        left, right, dim = low - self.v[at] - 0.5, high - self.v[at] - 0.5, at // self.items
        learned = self._below(dim, right) - self._below(dim, left)
        a, b = ((each - self.centre[dim]) / self.spread[dim] for each in (left, right))
        return (1 - BROAD) * learned + BROAD * _reaching(a, b)

    def _below(self, dim: np.ndarray, x: np.ndarray) -> np.ndarray:
        """The share of the training items' means below x, linear between the quantiles."""
        ends, most = np.searchsorted(dim, np.arange(len(self.knots) + 1)), self.knots.shape[1] - 1
        right = np.empty(len(x), np.int64)  # how many quantiles are not above x
        for k, knots in enumerate(self.knots):
            right[ends[k] : ends[k + 1]] = np.searchsorted(knots, x[ends[k] : ends[k + 1]], "right")
        inner = right.clip(1, most)
        start, end = self.knots[dim, inner - 1], self.knots[dim, inner]
        part = (x - start) / np.where(end > start, end - start, 1.0)
        inside = self.shares[inner - 1] + part * (self.shares[inner] - self.shares[inner - 1])
        return np.where(right == 0, 0.0, np.where(right > most, 1.0, inside))


def _reaching(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """R(b) − R(a) of R(y) = ½ (1 + y/(1 + |y|)), of density ½ (1 + |y|)⁻²; exact far out too, where R is all but 1."""
    apart = (b - a) / ((1 + np.abs(a)) * (1 + np.abs(b)))
    around = b / (1 + np.abs(b)) - a / (1 + np.abs(a))
    return 0.5 * np.where((a < 0) & (b > 0), around, apart)
