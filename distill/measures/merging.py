"""Which classes a decoder no longer tells apart as β rises: groups that only ever grow, so that they are a tree."""

import json
from typing import NamedTuple

import numpy as np
import xarray as xr

from distill.errors import InvalidValue
from distill.measures.entropies import entropy_of_shares

__all__ = ["MOST_CLASSES", "class_groups", "decoded_information", "told_apart"]

MOST_CLASSES, FEWEST_ITEMS = 40, 5
HALF = 0.5  # bits, of the one bit that says which of two it is
MAJORITY = 0.5  # of resamples: groups that form in more than half of them never contradict each other
RESAMPLES, FEW_CLASSES, RESAMPLES_OF_MANY = 200, 15, 50
TOGETHER = 0.01  # places between two merges that are drawn as one
NINETY = 1.645  # standard deviations to either side


class Merge(NamedTuple):
    """Two groups become one: their numbers, and where along the βs; −∞ where they are from the start, ∞ if never."""

    first: int
    second: int
    place: float


def told_apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Bits of "is it the one or the other", both as likely, that the decoder's answer gives: from 0, as one, to 1.

    I(G;Ŷ) = H(½p + ½q) − ½H(p) − ½H(q), the Jensen–Shannon divergence (Lin 1991) of the answers' shares p and q. By
    data processing never above what the code itself says; a plug-in figure, which few items make a little too large.

    Args:
        one, other: (…, answers) shares of the answers for items of each; they sum to 1 along the last axis.
    """
    apart = entropy_of_shares((one + other) / 2) - (entropy_of_shares(one) + entropy_of_shares(other)) / 2
    return np.clip(apart, 0.0, 1.0)


def decoded_information(shares: np.ndarray, p_y: np.ndarray) -> np.ndarray:
    """I(Y;Ŷ) in bits, of class and decoder's answer, (beta,); 2 to its power is the number of classes told apart.

    Never above I(Z;Y), by data processing; a plug-in figure, as `told_apart`.

    Args:
        shares: (beta, class, answer), rows sum to 1. p_y: (class,), sums to 1.
    """
    mixed = entropy_of_shares(np.einsum("y,bya->ba", p_y, shares))
    return np.maximum(0.0, mixed - entropy_of_shares(shares) @ p_y)


def class_groups(run: xr.Dataset) -> xr.Dataset:
    """The groups into which classes merge as β rises: dims join (by place), class, beta; answer, other.

    Going from weak to strong compression, two groups of classes become one at the first β from which on the decoder's
    answer gives less than half a bit of which of the two it is: `told_apart`, mean over pairs of a class of either.
    Between two βs that point is interpolated, linearly in the places of the βs. A group that has formed stays, so that
    what is apart at one β is apart at every weaker one, and all groups together are a tree.

    Only groups are given that form in more than half of 200 resamples too (50 of more than 15 classes): the majority
    rule of phylogenetic trees (Felsenstein 1985); classes whose order is not certain join at once. A resample draws as
    many items of each class as there were, from the shares measured, the same items at every β. It takes each item as
    decoded once, which is cautious where the shares are means over several codes. Support below two thirds may still
    be chance: of ten classes that are confused alike, 45 items each, one sample in three shows such a group.

    Variables: member (join, class); place (join) along the βs, −∞ where they are one from the start; strength (join),
    the knob there, NaN for −∞; place_error (join), 1.645 standard deviations of the place over resamples; support
    (join), the share of resamples in which it forms. group (beta, class): equal numbers are one group, −1 a class
    alone. apart (beta, class, other): bits that tell two classes apart. information, effective, effective_low,
    effective_high (beta): I(Y;Ŷ) in bits, and 2 to its power with the 90 % of resamples, lowered by as much as
    resampling raises their mean. slot (class): its place among the leaves; number (class): among all values of the
    label; shares (beta, class, answer) and items (class): what was measured. A class of fewer than five test items is
    left out.

    Raises:
        InvalidValue: for a run without confusion, and with items of fewer than two or of more than 40 classes.
    """
    names, numbers, shares, counts = _measured(run)
    apart = told_apart(shares[:, :, None], shares[:, None])
    tree, p_y, betas = _tree(apart), counts / counts.sum(), run.beta.values
    bits, again = decoded_information(shares, p_y), _resampled(shares, counts)
    joins = _joins(tree, len(names), again)
    low, high = _interval(bits, np.stack([each.bits for each in again]))
    unit = json.loads(run.attrs.get("knob", "{}")).get("unit") or "1"
    place, over = np.array([each.place for each in joins]), ("beta", "class")
    member = np.array([[i in each.members for i in range(len(names))] for each in joins]).reshape(-1, len(names))
    return xr.Dataset(
        {
            "member": (("join", "class"), member),
            "place": ("join", place, {"units": "1", "long_name": "place along the βs"}),
            "place_error": ("join", [each.error for each in joins], {"units": "1"}),
            "strength": ("join", _strength(betas, place), {"units": unit}),
            "support": ("join", [each.support for each in joins], {"units": "1"}),
            "group": (over, _groups(place, member, len(betas))),
            "apart": ((*over, "other"), apart, {"units": "bits", "long_name": "bits that tell two classes apart"}),
            "information": ("beta", bits, {"units": "bits", "long_name": "I(Y;Ŷ)"}),
            "effective": ("beta", 2**bits, {"units": "classes", "long_name": "classes told apart"}),
            "effective_low": ("beta", 2**low, {"units": "classes"}),
            "effective_high": ("beta", 2**high, {"units": "classes"}),
            "slot": ("class", np.argsort(_order(tree, apart))),
            "number": ("class", numbers),
            "shares": ((*over, "answer"), shares, {"units": "1"}),
            "items": ("class", counts, {"units": "1"}),
        },
        coords={"class": names, "beta": betas},
    )


class Join(NamedTuple):
    """A group that forms: its classes, where and how surely."""

    members: frozenset[int]
    place: float
    error: float
    support: float


class Again(NamedTuple):
    """One resample: the groups that form, each with its place, and I(Y;Ŷ)."""

    formed: dict[frozenset[int], float]
    bits: np.ndarray


class Measured(NamedTuple):
    """The classes of which there are items: names, numbers, shares (beta, class, answer) and how many items."""

    names: list[str]
    numbers: np.ndarray
    shares: np.ndarray
    counts: np.ndarray


def _measured(run: xr.Dataset) -> Measured:
    """What a run has found of its classes; raises InvalidValue."""
    if "confusion" not in run:
        raise InvalidValue(f"run '{run.attrs['id']}' has no confusion: it is measured after the training, of classes")
    shares = run.confusion.transpose("beta", "label_value", "decoded_value").values.astype(float)
    names = [str(name) for name in json.loads(run.attrs["classes"])[run.attrs["label_name"]]]
    kept = np.bincount(run.label.values.astype(int), minlength=len(names))[: len(names)]
    total = int(run.samples.sel(split="test").values[-1])  # the run keeps the labels of some of its items
    counts = np.round(kept * max(1.0, total / max(1, kept.sum()))).astype(int)
    there = np.isfinite(shares).all((0, 2)) & (shares.sum(2) > 0).all(0) & (counts >= FEWEST_ITEMS)
    if not 2 <= there.sum() <= MOST_CLASSES:
        found = f"run '{run.attrs['id']}' has {FEWEST_ITEMS} test items or more of {there.sum()}"
        raise InvalidValue(f"there are no classes to merge: {found}, and a tree takes 2 to {MOST_CLASSES}")
    numbers = np.flatnonzero(there)
    shares = shares[:, there] / shares[:, there].sum(2, keepdims=True)
    return Measured([names[i] for i in numbers], numbers, shares, counts[there])


def _tree(apart: np.ndarray) -> list[Merge]:
    """The merges of classes that these bits (beta, class, class) tell apart, in order; numbers: classes, then merges.

    Bits are first made to fall with β, each to the most that a stronger β still has. Of two groups they are the mean
    over pairs; a group just formed is therefore never nearer to a third than both its parts were, so places never fall.
    """
    falling = np.maximum.accumulate(apart[::-1])[::-1]
    betas, classes = falling.shape[:2]
    bits = np.full((betas, 2 * classes - 1, 2 * classes - 1), np.nan)
    bits[:, :classes, :classes] = falling
    place, mean, size = _crossing(bits), bits.mean(0), np.ones(2 * classes - 1)
    alive, found = list(range(classes)), []
    for new in range(classes, 2 * classes - 1):
        a, b = np.array([(i, j) for i in alive for j in alive if i < j]).T
        nearest = np.lexsort((mean[a, b], place[a, b]))[0]  # of those that cross together the most alike
        first, second = int(a[nearest]), int(b[nearest])
        found.append(Merge(first, second, float(place[first, second])))
        size[new] = size[first] + size[second]
        both = (size[first] * bits[:, first] + size[second] * bits[:, second]) / size[new]
        bits[:, new], bits[:, :, new] = both, both
        place[new], mean[new] = _crossing(both), both.mean(0)
        place[:, new], mean[:, new] = place[new], mean[new]
        alive = [each for each in alive if each not in (first, second)] + [new]
    return found


def _crossing(falling: np.ndarray) -> np.ndarray:
    """Where bits (beta, …) that never rise fall below half: a place; −∞ if at no β above, ∞ if at all of them."""
    above, last = (falling >= HALF).sum(0), len(falling) - 1
    before = np.clip(above - 1, 0, last)
    at, after = (np.take_along_axis(falling, each[None], 0)[0] for each in (before, np.minimum(before + 1, last)))
    with np.errstate(divide="ignore", invalid="ignore"):
        between = before + (at - HALF) / (at - after)
    return np.where(above == 0, -np.inf, np.where(above > last, np.inf, between))


def _strength(betas: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The knob's value at places between the βs: even in its logarithm, or in itself beside a 0; NaN at −∞."""
    found = np.full(len(place), np.nan)
    for i in np.flatnonzero(np.isfinite(place)):
        before = min(int(place[i]), len(betas) - 1)
        low, high, share = betas[before], betas[min(before + 1, len(betas) - 1)], place[i] - before
        found[i] = low ** (1 - share) * high**share if min(low, high) > 0 else low + share * (high - low)
    return found


def _members(tree: list[Merge], classes: int) -> list[frozenset[int]]:
    """The classes that each merge makes one."""
    found = [frozenset([i]) for i in range(classes)]
    for each in tree:
        found.append(found[each.first] | found[each.second])
    return found[classes:]


def _formed(tree: list[Merge], classes: int) -> dict[frozenset[int], float]:
    """The groups that form within the βs, each with its place."""
    pairs = zip(_members(tree, classes), tree, strict=True)
    return {members: each.place for members, each in pairs if each.place < np.inf}


def _resampled(shares: np.ndarray, counts: np.ndarray) -> list[Again]:
    """What the same numbers of items say when they are drawn again from the shares."""
    classes, generator, found = len(counts), np.random.default_rng(0), []
    for _ in range(RESAMPLES if classes <= FEW_CLASSES else RESAMPLES_OF_MANY):
        drawn = _drawn(shares, counts, generator)
        tree = _tree(told_apart(drawn[:, :, None], drawn[:, None]))
        found.append(Again(_formed(tree, classes), decoded_information(drawn, counts / counts.sum())))
    return found


def _drawn(shares: np.ndarray, counts: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Shares (beta, class, answer) among items drawn from them; an item keeps its luck at every β."""
    steps, drawn = np.cumsum(shares, axis=2)[..., :-1], np.empty_like(shares)
    for i, count in enumerate(counts):
        luck = np.sort(generator.random(count))
        below = np.searchsorted(luck, steps[:, i].ravel()).reshape(steps[:, i].shape) / count
        drawn[:, i] = np.diff(below, axis=1, prepend=0, append=1)
    return drawn


def _joins(tree: list[Merge], classes: int, again: list[Again]) -> list[Join]:
    """The groups that form in most resamples, and all classes together where they do; by place, then by size."""
    found = []
    for members, place in _formed(tree, classes).items():
        places = np.array([each.formed[members] for each in again if members in each.formed])
        support = len(places) / len(again)
        if support > MAJORITY or len(members) == classes:
            places = places[np.isfinite(places)]
            error = NINETY * float(np.std(places, ddof=1)) if len(places) > 1 else np.nan
            found.append(Join(members, place, error if np.isfinite(place) else np.nan, support))
    parted = [each for each in found if not any(_at_once(each, other) for other in found)]
    return sorted(parted, key=lambda each: (each.place, len(each.members)))


def _at_once(part: Join, whole: Join) -> bool:
    """Whether a group is only a part of another that forms at the same place, and never stands for itself."""
    return part.members < whole.members and (part.place == whole.place or whole.place - part.place < TOGETHER)


def _groups(place: np.ndarray, member: np.ndarray, betas: int) -> np.ndarray:
    """(beta, class): the last join that each class is in, −1 for none."""
    groups = np.full((betas, member.shape[1]), -1)
    for k, classes in enumerate(member):
        groups[np.ix_(np.arange(betas) >= place[k], classes)] = k
    return groups


def _interval(bits: np.ndarray, again: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """90 % of resampled bits (resample, beta), without the bias that every drawing adds."""
    low, high = np.quantile(again, (0.05, 0.95), axis=0) - (again.mean(0) - bits)
    return np.maximum(0.0, np.minimum(low, bits)), np.maximum(high, bits)


def _order(tree: list[Merge], apart: np.ndarray) -> list[int]:
    """The classes from the first leaf to the last, so that no branches cross and neighbours are alike.

    Of the ways to turn two branches that merge, the one is taken at whose seam two classes are least apart.
    """
    between, branches = apart.mean(0), [[i] for i in range(apart.shape[1])]
    for each in tree:
        a, b = branches[each.first], branches[each.second]
        ways = [left + right for left in (a, a[::-1]) for right in (b, b[::-1])]
        seams = [between[left[-1], right[0]] for left in (a, a[::-1]) for right in (b, b[::-1])]
        best = ways[int(np.argmin(np.round(seams, 3)))]
        branches.append(best if best[0] < best[-1] else best[::-1])
    return branches[-1]
