"""One item asked for twice through the lossy code: bits that differ, how far the answers lie apart, what both say."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures._animation import Animation, Moving
from distill.figures._factors import LETTER
from distill.figures._margin import Word, words_in_margin
from distill.figures._over_beta import add_mark, add_read_curve, line_at_beta, over_beta
from distill.figures._sent import Answers, answers, checked, differing, raw_bits, sent_levels, truths
from distill.figures._style import FURNITURE, axis, blank, line
from distill.figures._wall import FAMILIES
from distill.figures.input_maps import column_names, strongest_columns
from distill.palette import AMOUNT_RAMP, CLASSES, GRID, GROUND, INK, KEPT_RELEVANT, SOFT_INK

__all__ = [
    "agreed_label", "animated_agreed", "animated_apart", "animated_differing", "animated_values", "answers_apart",
    "asked_twice", "differing_bits", "same_label", "true_label",
]  # fmt: skip

SEEDS = (0, 1)  # of the two dithers: two files
BAND = (10, 90)  # percentiles of the items
OTHERS, LOSSLESS = CLASSES[5], FAMILIES["general"]
WIDE = 2.2  # of curves
Pair = tuple[Answers, Answers]


def differing_bits(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Bits that differ between two answers to the same question over β, of the 8-bit levels: mean of the stored items.

    Each item is written twice, under two dithers, read back, and decoded to E[x|z]. Shaded: eight items of ten. Beside
    it what two different items differ in; without loss no bit differs.

    Raises:
        InvalidValue: where the run has no codec or no decoder, or its items are no things to be sent.
    """
    return animated_differing(checked(run, pictures_too=True), asked_twice(run)).at(run, choice)


def answers_apart(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """How far two answers lie from each other over β, and from what was asked for: mean absolute levels of 255.

    Raises:
        InvalidValue: as `differing_bits` does.
    """
    return animated_apart(checked(run, pictures_too=True), asked_twice(run)).at(run, choice)


def agreed_label(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Share of stored items of which two answers are read as the same label over β, and the true label's probability.

    Raises:
        InvalidValue: as `differing_bits` does, and where Y has no classes.
    """
    return animated_agreed(checked(run, pictures_too=True), asked_twice(run)).at(run, choice)


def asked_twice(run: xr.Dataset) -> Pair:
    """All stored items asked for twice."""
    return answers(run, SEEDS[0]), answers(run, SEEDS[1])


def animated_differing(run: xr.Dataset, both: Pair, own: np.ndarray | None = None) -> Animation:
    """The curve stands, the marks follow β; `own` (beta,) is one item's, drawn thin."""
    each = differing(both[0].levels, both[1].levels).sum(-1, dtype=float)
    raw, most = raw_bits(run), float(np.percentile(each, BAND[1], axis=1).max())
    most, others = max(1.0, most, 0.0 if own is None else float(own.max())), _of_others(run)
    most = max(most, others)
    ends = (-0.1 * most, 1.12 * most)
    figure = over_beta(run, top=6)
    figure.update_layout(yaxis=axis(f"bits of {raw:,}", *ends, nticks=5))
    _band(figure, each)
    motions = [line_at_beta(figure, run, ends), *_own(figure, run, own, "this item")]
    mean = each.mean(1)
    motions.append(add_read_curve(figure, run, mean, [f"{one:,.0f}" for one in mean], "mean of all items", INK, WIDE))
    for name, level, colour, dash in (
        ("different items", others, OTHERS, "dash"),
        ("without loss", 0, LOSSLESS, "solid"),
    ):
        figure.add_trace(line([-0.5, run.sizes["beta"] - 0.5], [level, level], colour, name, 1.8, dash))
        motions.append(Moving(len(figure.data) - 1))
    motions.append(add_mark(figure, each.mean(1), "mean of all items", INK))
    words = [Word([f"{value:,.0f} on average" for value in each.mean(1)])]
    if own is not None:
        words.append(Word([f"{value:,.0f} this item" for value in own], SOFT_INK))
    words += [
        Word([f"{others:,.0f} different items"] * len(each), OTHERS),
        Word(["0 lossless"] * len(each), LOSSLESS),
    ]
    return Animation(figure, (*motions, *words_in_margin(figure, run, words, ends)))


def animated_apart(run: xr.Dataset, both: Pair) -> Animation:
    """The curves stand, the marks follow β."""
    own = sent_levels(run).astype(np.int16)
    first, second = (each.levels.astype(np.int16) for each in both)
    between = np.abs(first - second).mean((1, 2))
    away = (np.abs(first - own).mean((1, 2)) + np.abs(second - own).mean((1, 2))) / 2
    top = 1.25 * float(max(away.max(), between.max(), 1.0))
    ends = (-0.06 * top, top)
    figure = over_beta(run, top=6)
    figure.update_layout(yaxis=axis("levels of 255", *ends, nticks=5))
    motions = [line_at_beta(figure, run, ends)]
    curves = [("from the item", away, SOFT_INK), ("from each other", between, INK)]
    motions += [
        add_read_curve(figure, run, values, [f"{each:.1f}" for each in values], name, colour, WIDE)
        for name, values, colour in curves
    ]
    motions += [add_mark(figure, values, name, colour) for name, values, colour in curves]
    said = [Word([f"{each:.1f} {name}" for each in values], colour) for name, values, colour in curves]
    return Animation(figure, (*motions, *words_in_margin(figure, run, said, ends)))


def animated_agreed(run: xr.Dataset, both: Pair, own: np.ndarray | None = None) -> Animation:
    """The curves stand, the marks follow β; `own` (beta,) is the true label's probability in one item's answers."""
    if not both[0].labels:
        raise InvalidValue("answers about a continuous Y are read as no classes")
    agree = same_label(both).mean(1)
    sure = (true_label(run, both[0]) + true_label(run, both[1])).mean(1) / 2
    ends = (-0.08, 1.12)
    figure = over_beta(run, top=6)
    figure.update_layout(yaxis=axis("share", *ends, tickvals=[0, 0.5, 1], tickformat=".0%"))
    motions = [line_at_beta(figure, run, ends), *_own(figure, run, own, "this item")]
    curves = [("read alike", agree, KEPT_RELEVANT), ("sure of it", sure, SOFT_INK)]
    motions += [
        add_read_curve(figure, run, values, [f"{100 * each:.0f} %" for each in values], name, colour, WIDE)
        for name, values, colour in curves
    ]
    motions += [add_mark(figure, values, name, colour) for name, values, colour in curves]
    said = [Word([f"{100 * each:.0f} % {name}" for each in values], colour) for name, values, colour in curves]
    if own is not None:
        said.append(Word([f"{100 * each:.0f} % this item" for each in own], SOFT_INK))
    return Animation(figure, (*motions, *words_in_margin(figure, run, said, ends)))


def animated_values(run: xr.Dataset, item: int, both: Pair) -> Animation:
    """A row an input of one item: a tick at its own value, a filled and an open dot at its two answers."""
    places, names = strongest_columns(run), column_names(run)
    own = sent_levels(run)[item, places] / 255
    first, second = (each.levels[:, 0, places] / 255 for each in both)
    height = np.arange(len(places))[::-1].astype(float)
    figure = blank(left=14 + round(LETTER * max(len(names[j]) for j in places)), right=16, top=8, bottom=46)
    rows = {"tickvals": height.tolist(), "ticktext": [names[j] for j in places], "tickfont": {"size": 12, "color": INK}}
    across = {"tickvals": [0, 0.5, 1], "ticktext": ["least", "middle", "most stored"]}
    figure.update_layout(xaxis=axis("", -0.05, 1.08, **across), yaxis=axis("", -0.6, len(places) - 0.4, **rows))
    tick = {"symbol": "line-ns", "size": 16, "color": INK, "line": {"width": 2.5, "color": INK}}
    figure.add_trace(go.Scatter(x=own, y=height, mode="markers", name="own value", marker=tick, hoverinfo="skip"))
    looks = {"first answer": AMOUNT_RAMP[3], "second answer": GROUND}
    for name, colour in looks.items():
        dot = {"size": 9, "color": colour, "line": {"width": 2, "color": AMOUNT_RAMP[3]}}
        figure.add_trace(go.Scatter(x=[], y=height, mode="markers", name=name, marker=dot, hoverinfo="skip"))
    return Animation(figure, (Moving(1, x=first), Moving(2, x=second)))


def same_label(both: Pair) -> np.ndarray:
    """(beta, item) whether both answers are read as the same label; of several factors, as the same of each."""
    pairs = [(both[0].labels[name], both[1].labels[name]) for name in both[0].labels]
    return np.logical_and.reduce([one.argmax(-1) == other.argmax(-1) for one, other in pairs])


def true_label(run: xr.Dataset, found: Answers, items: list[int] | None = None) -> np.ndarray:
    """(beta, item) q(y|z) of the item's own label; of several factors, of all of them together."""
    shares = []
    for name, each in found.labels.items():
        truth = truths(run, name) if items is None else truths(run, name)[items]
        shares.append(np.take_along_axis(each, truth[None, :, None], -1)[..., 0])
    return np.prod(shares, axis=0)


def _of_others(run: xr.Dataset) -> float:
    """Bits in which two different stored items differ, on average: each beside the one half of the items further on."""
    sent = sent_levels(run)
    return float(differing(sent, np.roll(sent, len(sent) // 2, axis=0)).sum(-1, dtype=float).mean())


def _band(figure: go.Figure, each: np.ndarray) -> None:
    low, high = np.percentile(each, BAND, axis=1)
    places = np.arange(float(len(low)))
    figure.add_trace(go.Scatter(
        x=np.r_[places, places[::-1]], y=np.r_[high, low[::-1]], mode="lines", name="eight items of ten", fill="toself",
        fillcolor=GRID, opacity=0.9, line={"width": 0, "color": GRID}, hoverinfo="skip", meta=FURNITURE,
    ))  # fmt: skip


def _own(figure: go.Figure, run: xr.Dataset, values: np.ndarray | None, name: str) -> list[Moving]:
    """The curve of the item asked for, thin."""
    if values is None:
        return []
    figure.add_trace(go.Scatter(
        x=np.arange(len(values)), y=values, mode="lines", name=name, hoverinfo="skip",
        line={"color": SOFT_INK, "width": 1, "dash": "dot"},
    ))  # fmt: skip
    return [Moving(len(figure.data) - 1)]
