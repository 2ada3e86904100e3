"""Bits an item of every coder, as it really wrote them, against what no coder gets below."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving, repeated
from distill.figures._style import FURNITURE, SMALL, axis, blank, note
from distill.figures._wall import (
    WEIGHTS,
    Coder,
    at_count,
    coders,
    counts,
    cut_marks,
    item,
    number,
    pixels,
    rate,
    raw_bits,
    symbol,
)
from distill.palette import GRID, INK

__all__ = ["animated_bits_per_item", "bits_per_item"]

KIND = "wall"  # of the runs that these figures are drawn of
LETTER, NUMBERS = 6.6, 96  # pixels: of a name's letters, and of the numbers at the right
BAR = 13  # pixels
HIGHEST = 2.0  # times the raw size: where the axis ends at most
WIDER = 1.02  # times the bars' room: where the numbers beside it begin
SEEN = 10  # symbols for each cell of a table of contexts, from which its entropy is drawn
LEVELS = 5  # most ticks of the axis


def bits_per_item(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Bits an item of every coder's own file, headers and all, where all items are sent; the entropy as upright lines.

    Of a known source the line is its entropy rate, and on average no coder gets left of it (Shannon 1948). Of others
    the lines are entropies of what was sent that see no, one, two or three symbols before; each is a wall only to
    coders that see no more. A learned coder has two bars: its own size left out, and counted.
    """
    return at_count(animated_bits_per_item(run), run, choice)


def animated_bits_per_item(run: xr.Dataset) -> Animation:
    """The bars follow the number of items sent; the lines stand."""
    found = coders(run)
    rows, right = _rows(found), _right(run, found)
    longest = max(len(name) for name, *_ in rows)
    figure = blank(left=min(150, round(14 + LETTER * longest)), right=NUMBERS, top=54, bottom=58)
    heights = np.arange(len(rows))[::-1].astype(float)
    figure.update_layout(xaxis=_across(run, right), yaxis=axis(
        "", -0.7, len(rows) - 0.3, tickvals=heights.tolist(), ticktext=[name for name, *_ in rows], showgrid=False,
        ticklabelstandoff=4,
        tickfont={"size": 12.5, "color": INK},
    ))  # fmt: skip
    motions = _wall(figure, run, right, (-0.7, len(rows) - 0.3))
    for height, (_, each, counted) in zip(heights, rows, strict=True):
        motions += _bar(figure, each, counted, height)
    motions += cut_marks(figure, _ends(rows), heights, WIDER * right)
    motions += _lines(figure, run, (-0.7, len(rows) - 0.3), right)
    motions.append(_numbers(figure, run, rows, heights, right))
    return Animation(figure, tuple(motions))


def _rows(found: list[Coder]) -> list[tuple[str, Coder, bool]]:
    """Name, coder, and whether its model is counted: a network has a row for either."""
    out = []
    for each in found:
        if each.family == "network" and each.own.any():
            out.append((f"{each.title} + weights", each, True))
        out.append((each.title, each, False))
    return out


def _ends(rows: list[tuple[str, Coder, bool]]) -> np.ndarray:
    """(count, row) bits an item, a model among them where it is counted: where the bars end."""
    return np.stack([each.bits + (each.own if counted else 0) for _, each, counted in rows], axis=-1)


def is_cut(run: xr.Dataset) -> bool:
    """Whether at some number of items a bar is longer than the axis."""
    found = coders(run)
    return bool((np.nan_to_num(_ends(_rows(found))) > WIDER * _right(run, found)).any())


def _right(run: xr.Dataset, found: list[Coder]) -> float:
    """Where the axis ends: beyond the longest bar where all items are sent, within limits."""
    longest = max([each.final for each in found] + [rate(run) if np.isfinite(rate(run)) else 0])
    return 1.06 * min(max(longest, raw_bits(run)), HIGHEST * raw_bits(run))


def _across(run: xr.Dataset, right: float) -> dict[str, object]:
    """Bits an item, with bits a symbol under them where an item has several."""
    many = pixels(run)
    most = right / many
    step = next(each for each in (0.25, 0.5, 1, 2, 4, 8) if most / each <= LEVELS)
    levels = np.arange(0, most + 1e-9, step)
    title = f"bits a {item(run)}"
    ticks = {"tickvals": (levels * many).tolist(), "ticktext": [f"{each:g}" for each in levels], "tickangle": 0}
    if many > 1:
        title = f"bits a {item(run)}, and a {symbol(run)}"
        ticks["ticktext"] = [f"{each * many:,.0f}<br>{each:g}" for each in levels]
    return axis(title, 0, WIDER * right, **ticks)


def _wall(figure: go.Figure, run: xr.Dataset, right: float, ends: tuple[float, float]) -> list[Moving]:
    """What lies left of a known entropy rate, shaded."""
    wall = rate(run)
    if not np.isfinite(wall):
        return []
    figure.add_trace(go.Scatter(
        x=[0, wall, wall, 0], y=[ends[0], ends[0], ends[1], ends[1]], mode="lines", fill="toself", fillcolor=GRID,
        line={"width": 0, "color": GRID}, name="below the entropy", hoverinfo="skip", meta=FURNITURE,
    ))  # fmt: skip
    return []


def _bar(figure: go.Figure, each: Coder, counted: bool, height: float) -> list[Moving]:
    """One coder's bar, and its model behind it where that is counted."""
    start, places = np.zeros(len(each.bits)), len(each.bits)
    parts = [(each.bits, start, each.colour, f"{each.title}, what is sent" if counted else each.title)]
    if counted:
        parts.append((each.bits + each.own, each.bits, WEIGHTS, f"{each.title}, its weights"))
    motions = []
    for end, begin, colour, name in parts:
        figure.add_trace(go.Scatter(
            x=[], y=[height, height], mode="lines", name=name, hoverinfo="skip", opacity=1 if each.written else 0.45,
            line={"color": colour, "width": BAR},
        ))  # fmt: skip
        x = np.stack([np.where(np.isfinite(end), begin, np.nan), end], axis=-1)
        motions.append(Moving(len(figure.data) - 1, x=x.reshape(places, 2)))
    return motions


def _lines(figure: go.Figure, run: xr.Dataset, ends: tuple[float, float], right: float) -> list[Moving]:
    """The upright lines, over the bars, with their names on top."""
    places, motions = len(counts(run)), []
    for name, value, dash, width in walls(run):
        if value > right:
            continue
        figure.add_trace(go.Scatter(
            x=[], y=list(ends), mode="lines", name=f"{name}, bits an item", hoverinfo="skip",
            line={"color": INK, "width": width, "dash": dash},
        ))  # fmt: skip
        motions.append(Moving(len(figure.data) - 1, x=repeated([value, value], places)))
    for text, value, level in _named(run, right):
        figure.add_annotation(note(
            text, value, 1, yref="paper", xanchor="left" if value < 0.75 * right else "right", yanchor="bottom",
            yshift=2 + 15 * level, font={"size": SMALL, "color": INK}, xshift=-3 if value < 0.75 * right else 3,
        ))  # fmt: skip
    return motions


def walls(run: xr.Dataset) -> list[tuple[str, float, str, float]]:
    """Name, bits an item, dash and width of every upright line: known entropy, else those of what was sent."""
    label = float(run.attrs.get("label_bits") or np.nan)
    alone = [("the label alone", label, "solid", 2.0)] if np.isfinite(label) else []
    if np.isfinite(rate(run)):
        return [*alone, ("entropy rate", rate(run), "solid", 2.5)]
    found = run.order_entropy.values.astype(float)[: orders(run)] * pixels(run)
    return [*alone, *((f"order-{k} entropy", float(each), "dot", 1.5) for k, each in enumerate(found))]


def orders(run: xr.Dataset) -> int:
    """How many of the orders 0, 1, … have contexts that were seen often enough for their plug-in entropy to mean much.

    With A^(k+1) cells and fewer than ten symbols for each, it falls because contexts do not come twice.
    """
    symbols, cells = float(run.attrs["items"]) * pixels(run), float(run.attrs["alphabet"])
    return max(1, sum(SEEN * cells ** (k + 1) <= symbols for k in range(run.sizes["order"])))


def _named(run: xr.Dataset, right: float) -> list[tuple[str, float, int]]:
    """Text, place and level of the names above the lines: neighbours stand above each other."""
    out: list[tuple[str, float, int]] = []
    for name, value, dash, _ in sorted(walls(run), key=lambda each: -each[1]):
        if value > right:
            continue
        short = name.removesuffix(" entropy") if dash == "dot" and out and "order" in out[0][0] else name
        beyond = ":<br>on average nothing gets left of it" if name == "entropy rate" else ""
        text = f"{short} {exactly(run, value)}{beyond}"
        taken = [level for _, place, level in out if abs(place - value) < 0.28 * right]
        out.append((text, value, next(level for level in range(9) if level not in taken)))
    return out


def _numbers(
    figure: go.Figure, run: xr.Dataset, rows: list[tuple[str, Coder, bool]], heights: np.ndarray, right: float
) -> Moving:
    """Bits and share of the raw size, at the right of every row."""
    about = ["" if each.written else "≈ " for _, each, _ in rows]
    text = [
        [f"\u00a0{sign}{_said(run, each, v)} · {_share(v / raw_bits(run))}" if np.isfinite(v) else "\u00a0not sent"
         for (_, each, _), sign, v in zip(rows, about, row, strict=True)]
        for row in _ends(rows)
    ]  # fmt: skip
    figure.add_annotation(note(
        "bits · of raw", 1, 0, xref="paper", yref="paper", xanchor="left", yanchor="top", yshift=-1, xshift=-4,
    ))  # fmt: skip
    figure.add_trace(go.Scatter(
        x=[1.012 * right] * len(rows), y=heights, mode="text", name="bits an item and share of the raw size",
        text=text[-1], textposition="middle right", cliponaxis=False, textfont={"size": SMALL, "color": INK},
        hoverinfo="skip",
    ))  # fmt: skip
    return Moving(len(figure.data) - 1, text=text)


def exactly(run: xr.Dataset, bits: float) -> str:
    """Bits as they stand in the figure: of a stream, whose bits are few, three places."""
    return f"{bits:.3f}" if pixels(run) == 1 and bits < 9.9995 else number(bits)


def _said(run: xr.Dataset, each: Coder, bits: float) -> str:
    """Bits beside a bar; a raw size to the last bit, since it is known without measuring."""
    return f"{bits:,.0f}" if each.family == "raw" else exactly(run, bits)


def _share(value: float) -> str:
    """A share of the raw size as it is read."""
    return f"{100 * value:.0f} %" if value < 9.995 else f"{value:,.0f}×"
