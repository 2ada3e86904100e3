"""The price of knowledge: bits an item with and without a network's own size, and from where it pays for itself."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving, repeated
from distill.figures._layers import spaced, words
from distill.figures._price import break_even, extended, model_bits
from distill.figures._style import FURNITURE, axis, blank, line
from distill.figures._wall import (
    WEIGHTS,
    Coder,
    at_count,
    best_free,
    counts,
    cut_marks,
    item,
    levels,
    network,
    number,
    raw_bits,
)
from distill.palette import GROUND, INK, SOFT_INK

__all__ = [
    "animated_price",
    "animated_two_bars",
    "bars_cut",
    "network_two_bars",
    "price_in_words",
    "price_of_knowledge",
]

KIND = "wall"  # of the runs that these figures are drawn of
FEW_DECADES = 2.2
FARTHEST = 1e9  # items: no axis goes beyond
PER_DECADE = 8  # points of a dashed line
BAR = 26  # pixels
WORDS_ABOVE = (0.2, 0.15)  # of the axis: how far above the crossing its two lines of words stand
TOP = 0.22  # of the axis: so far below its end, at least, these words are counted from
HALO = ", ".join(f"{x}px {y}px 1px {GROUND}" for x in (-2, 0, 2) for y in (-2, 0, 2))
BEYOND_RAW = 1.1  # times the raw size: where the axis of the two bars ends
CROP = 40.0  # times what the best coder without a model needs: where the axis ends, so that the crossing is seen


def price_of_knowledge(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Bits an item over the number of items sent: the best coder without a model, the network, and network and weights.

    A two-part code (Rissanen 1978): total = L(model) + L(data | model). Dashed beyond what was sent: each further item
    at the bits that the last ones cost. The ring is where the weights have paid for themselves.
    """
    return at_count(animated_price(run), run, choice)


def network_two_bars(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008
    """Bits an item of the network at one number of items: its weights left out, counted, and the best coder without."""
    return at_count(animated_two_bars(run), run, choice)


def animated_price(run: xr.Dataset) -> Animation:
    """The lines stand, a mark on each follows the number of items sent."""
    sent, lines = counts(run), _lines(run)
    far = _far(run, float(sent[-1]))
    every = np.concatenate([values(sent) for *_, values in lines] + [values(np.array([far])) for *_, values in lines])
    ends = np.log10([0.6 * np.nanmin(every), min(1.8 * np.nanmax(every), CROP * best_free(run).final)])
    figure = blank(left=62, right=108, top=10, bottom=48)
    figure.update_layout(
        xaxis=axis(
            f"{item(run, 2)} sent", float(np.log10(sent[0])), float(np.log10(far)), type="log", **decades(sent[0], far)
        ),
        yaxis=axis(f"bits a {item(run)}, all counted", *map(float, ends), type="log", **decades(*10**ends)),
    )
    first = float(sent[0])
    for name, colour, values in lines:
        measured = np.unique(np.r_[sent, np.geomspace(first, sent[-1], 40)])
        figure.add_trace(line(measured, values(measured), colour, name, 2.5))
        if far > sent[-1]:
            grid = np.geomspace(sent[-1], far, max(3, int(PER_DECADE * np.log10(far / sent[-1]))))
            figure.add_trace(line(grid, values(grid), colour, f"{name}, by the measured rate", 1.8, dash="dash"))
    _named(figure, lines, far, ends)
    _crossing(figure, run, far, ends)
    motions = _following(figure, lines, sent, ends)
    return Animation(figure, (*motions, *_crossing_words(figure, run, far, ends)))


Line = tuple[str, str, object]  # name, colour, and items → bits an item


def _lines(run: xr.Dataset) -> list:
    """The three lines; without a network written, the best coder without alone."""
    sent, free, each, own = counts(run), best_free(run), network(run), model_bits(run)
    out: list = [(free.title, free.colour, lambda n: extended(free, sent, n))]
    if each is not None and each.written:
        out.append((each.title, each.colour, lambda n: extended(each, sent, n)))
        out.append((f"{each.title} + weights", WEIGHTS, lambda n: extended(each, sent, n) + own / n))
    return out


def _far(run: xr.Dataset, last: float) -> float:
    """Where the axis ends: a decade beyond what was sent, or beyond where the network has paid for itself."""
    even = break_even(run)
    far = max(last, 3 * even if np.isfinite(even) else 10 * last)
    return float(min(FARTHEST, 10 ** np.ceil(np.log10(far))))


def decades(low: float, high: float) -> dict[str, object]:
    """Ticks of a logarithmic axis between two values: powers of ten, and 2 and 5 times them where these are few."""
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    steps = (1, 2, 5) if np.log10(high / low) < FEW_DECADES else (1,)
    values = [each * 10.0**k for k in range(first, last + 1) for each in steps]
    shown = [each for each in values if 0.999 * low <= each <= 1.001 * high]
    words = {10.0**k: f"10{'⁶⁷⁸⁹'[k - 6]}" for k in range(6, 10)}
    return {"tickvals": shown, "ticktext": [words.get(each, f"{each:,g}") for each in shown], "tickangle": 0}


def _named(figure: go.Figure, lines: list, far: float, ends: np.ndarray) -> None:
    """The lines' names at their right ends."""
    places = np.log10([float(values(np.array([far]))[0]) for *_, values in lines])
    heights = spaced(places, 0.085 * (ends[1] - ends[0]), ends[0], ends[1])
    names, colours = [f" {name}" for name, *_ in lines], [colour for _, colour, _ in lines]
    figure.add_trace(words([far] * len(lines), 10**heights, names, "middle right", colours))


def _crossing(figure: go.Figure, run: xr.Dataset, far: float, ends: np.ndarray) -> None:
    """Where the network has paid for itself."""
    even = break_even(run)
    if not np.isfinite(even) or even > far:
        return
    sent, free = counts(run), best_free(run)
    height = float(extended(free, sent, np.array([even]))[0])
    figure.add_trace(line([even, even], [10 ** ends[0], height], SOFT_INK, "break-even", 1.2, dash="dot"))
    figure.add_trace(go.Scatter(
        x=[even], y=[height], mode="markers", name="paid for itself", hoverinfo="skip",
        marker={"size": 15, "symbol": "circle-open", "color": INK, "line": {"width": 2.5, "color": INK}},
    ))  # fmt: skip


def _crossing_words(figure: go.Figure, run: xr.Dataset, far: float, ends: np.ndarray) -> list[Moving]:
    """What the ring means, drawn after the slider's upright line and with a halo, so that the line goes behind it."""
    even = break_even(run)
    if not np.isfinite(even) or even > far:
        return []
    sent = counts(run)
    height = np.log10(float(extended(best_free(run), sent, np.array([even]))[0]))
    tall = ends[1] - ends[0]
    y = 10 ** (min(height, ends[1] - TOP * tall) + tall * np.array(WORDS_ABOVE))
    text = ["paid for itself", f"after {number(even)} {item(run, even)}"]
    figure.add_trace(words([even, even], y, text, "middle center"))
    figure.data[-1].textfont.shadow = HALO
    return [Moving(len(figure.data) - 1, x=repeated([even, even], len(sent)))]


def _following(figure: go.Figure, lines: list, sent: np.ndarray, ends: np.ndarray) -> tuple[Moving, ...]:
    """An upright line at the number of items sent, and a dot on every line."""
    first = len(figure.data)
    figure.add_trace(line([], [*(10**ends)], SOFT_INK, "items sent", 1, meta=FURNITURE))
    marker = {"size": 9, "color": [colour for _, colour, _ in lines], "line": {"width": 1.5, "color": GROUND}}
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="markers", name="at the number sent", hoverinfo="skip", marker=marker
    ))  # fmt: skip
    y = np.stack([values(sent) for *_, values in lines], axis=-1)
    across = np.repeat(sent[:, None], len(lines), axis=1)
    return Moving(first, x=np.repeat(sent[:, None], 2, axis=1)), Moving(first + 1, x=across, y=y)


def animated_two_bars(run: xr.Dataset) -> Animation:
    """The bars follow the number of items sent."""
    free, each, sent = best_free(run), network(run), counts(run)
    rows: list[tuple[str, Coder, bool]] = [(free.title, free, False)]
    if each is not None:
        rows += [(f"{each.title},<br>weights left out", each, False)]
        rows += [(f"{each.title},<br>weights counted", each, True)] if each.own.any() else []
    right, heights = BEYOND_RAW * raw_bits(run), np.arange(len(rows))[::-1].astype(float)
    figure = blank(left=124, right=70, top=8, bottom=46)
    figure.update_layout(
        xaxis=axis(f"bits a {item(run)}", 0, right, **levels(0, right, 4), tickangle=0),
        yaxis=axis("", -0.6, len(rows) - 0.4, tickvals=heights.tolist(), ticktext=[name for name, *_ in rows],
                   showgrid=False, ticklabelstandoff=4, tickfont={"size": 12.5, "color": INK}),
    )  # fmt: skip
    motions = []
    for height, (_, coder, counted) in zip(heights, rows, strict=True):
        name = f"{coder.title}, what is sent" if counted else coder.title
        parts = [(np.zeros_like(sent), coder.bits, coder.colour, name)]
        if counted:
            parts.append((coder.bits, coder.bits + coder.own, WEIGHTS, f"{coder.title}, its weights"))
        for begin, end, colour, name in parts:
            figure.add_trace(line([], [height] * 2, colour, name, BAR, opacity=1 if coder.written else 0.45))
            x = np.stack([np.where(np.isfinite(end), begin, np.nan), end], axis=-1)
            motions.append(Moving(len(figure.data) - 1, x=x))
    values = np.stack([coder.bits + (coder.own if counted else 0) for _, coder, counted in rows], axis=-1)
    motions += cut_marks(figure, values, heights, right)
    text = [[number(value) for value in row] for row in values]
    figure.add_trace(words([right] * len(rows), heights, text[-1], "middle right"))
    motions.append(Moving(len(figure.data) - 1, text=[[f" {each}" for each in row] for row in text]))
    return Animation(figure, tuple(motions))


def bars_cut(run: xr.Dataset) -> bool:
    """Whether at some number of items one of the bars is longer than its axis."""
    each, right = network(run), BEYOND_RAW * raw_bits(run)
    longest = [best_free(run).bits] + ([each.bits + each.own] if each is not None else [])
    return bool(np.nanmax(np.stack(longest)) > right)


def price_in_words(run: xr.Dataset) -> str:
    """After how many items the network has paid for itself, in a sentence."""
    even, sent, each = break_even(run), counts(run), network(run)
    if each is None:
        return str(run.attrs.get("network_note") or "The network has not begun to learn.")
    if np.isnan(even):
        return "The network has not been written yet; what is shown of it is its cross-entropy on held-out symbols."
    weights = f"its weights, {model_bits(run) / 8000:,.1f} kB,"
    if np.isinf(even):
        return (
            f"At these rates {weights} are never earned back: a further {item(run)} costs the network no fewer bits "
            f"than {best_free(run).spoken}."
        )
    when = f"after {number(even)} {item(run, even)} the network has paid for itself"
    if even <= sent[-1]:
        return f"{when.capitalize()}: with {weights} it needs fewer bits than {best_free(run).spoken} from there on."
    return (
        f"{when.capitalize()}, if each further one costs what the last ones did: only {sent[-1]:,.0f} "
        f"{item(run, sent[-1])} {'was' if sent[-1] == 1 else 'were'} sent, and beyond that the lines are dashed."
    )
