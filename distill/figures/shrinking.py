"""Compressed models: bytes as written against held-out accuracy, of every family, with the Pareto front."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._shrunk import (
    REFERENCES,
    UNSHRUNK,
    Curve,
    Family,
    check,
    curve,
    curves,
    every_point,
    front,
    kilobytes,
    percent,
    reference,
    said,
    seeds_in_words,
    values_of,
)
from distill.figures._style import FURNITURE, SIZE, SMALL, axis, blank, note
from distill.palette import GRID, GROUND, INK, SOFT_INK

__all__ = ["animated_model_size", "model_size"]

KIND = "shrink"  # of the runs that this figure is drawn of
ERRORS = (0.9, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)  # 1 − the accuracies that are written
LEAST = 5e-5  # error: accuracies beyond are 100.00 % when they are rounded
HEADROOM = 0.08  # of the height: above the best network, for its words
PALE = 0.55  # of families that the slider is not about
NAMES = {"": "fewer bits", "fine-tuned": "pruned, fine-tuned", "as pruned": "as pruned",
         "with a teacher": "students with a teacher", "alone": "students alone"}  # fmt: skip


def model_size(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Held-out accuracy over the bytes of a network as the entropy coder wrote them, mean ± deviation over seeds.

    Quantised weights, pruned ones at 8 bits with and without fine-tuning, students at 8 bits with and without a
    teacher (Hinton et al. 2015), and the network at 4 and 2 bytes a weight. y is the error, on a logarithmic axis that
    is turned upside down and reads accuracies; no error at all stands at half of what one wrong answer would be.
    Broad line: the Pareto front of all.

    Raises:
        InvalidValue: for a run of another kind.
    """
    return animated_model_size(run, None).figure


def animated_model_size(run: xr.Dataset, family: Family | None) -> Animation:
    """The curves stand; the mark and its words follow the slider of `family`."""
    figure = blank(left=58, right=14, top=12, bottom=46)
    sizes, accuracies, spreads = every_point(check(run))
    shown = curves(run)
    smallest = np.nanmin(np.concatenate([each.entropy for _, _, each in shown] or [[np.nan]]), initial=np.inf)
    expected = 4 * float(run.attrs["parameters"]) * np.array([1 / 400, 1])
    every = np.r_[sizes, smallest] if np.isfinite(smallest) else expected
    across, upright = _axes(every, 1 - accuracies, spreads, _least(run))
    figure.update_layout(xaxis=across, yaxis=upright)
    if sizes.size:
        _front(figure, sizes, _shown(run, 1 - accuracies), accuracies)
    for own, variant, each in sorted(shown, key=lambda one: one[0] is family):  # the chosen one lies on top
        _curve(figure, run, own, variant, each, family)
    _references(figure, run)
    if not sizes.size:
        _young(figure, run, expected[-1])
    _names(figure, family, shown)
    return Animation(figure, _chosen(figure, run, family) if family else ())


def _axes(
    sizes: np.ndarray, wrong: np.ndarray, spreads: np.ndarray, least: float
) -> tuple[dict[str, object], dict[str, object]]:
    """Both logarithmic, from the run's own range, deviations included; `least` is the error that reads 100 %."""
    small, large = sizes.min(), sizes.max()
    worst, best = (max(wrong.max(), 0.1), (wrong - spreads).min()) if wrong.size else (0.9, least)
    width = np.log10(large / small) or 1.0
    low, high = np.log10(small) - 0.06 * width, np.log10(large) + 0.05 * width
    bottom, end = min(np.log10(worst) + 0.1, 0.02), np.log10(max(best, least))
    top = end - HEADROOM * (bottom - end)
    nearest = 1.5 * least if best <= least else 0.0  # a tick nearer would touch that of 100 %
    ticks = {each: f"{100 * (1 - each):.4g}%" for each in ERRORS if each > nearest and top <= np.log10(each) <= bottom}
    if best <= least:
        ticks[least] = "100%"
    return (
        axis("size of the network as written, kB", low, high, type="log", **_size_ticks(low, high)),
        axis("accuracy on held-out items (log error)", bottom, top, type="log", tickvals=list(ticks),
             ticktext=list(ticks.values())),
    )  # fmt: skip


def _size_ticks(low: float, high: float) -> dict[str, object]:
    """1, 2, 5, 10 kB where there is room for that many, else decades."""
    steps = (1, 2, 5) if high - low < 3.2 else (1,)
    ticks = [step * 10.0**power for power in range(1, 10) for step in steps]
    ticks = [each for each in ticks if low <= np.log10(each) <= high]
    return {"tickvals": ticks, "ticktext": [f"{each / 1000:,.12g}" for each in ticks], "tickangle": 0}


def _front(figure: go.Figure, sizes: np.ndarray, heights: np.ndarray, accuracies: np.ndarray) -> None:
    """A staircase: beyond each point of the front nothing as small is better until the next."""
    best = front(sizes, accuracies)
    x, y = np.repeat(sizes[best], 2)[1:], np.repeat(heights[best], 2)[:-1]
    look = {"color": GRID, "width": 7}
    figure.add_trace(go.Scatter(x=x, y=y, mode="lines", name="Pareto front", line=look, hoverinfo="skip"))


def _least(run: xr.Dataset) -> float:
    """The error that no error is drawn at: half a wrong answer among those of all seeds' networks together."""
    return max(0.5 / (int(run.attrs["points"]) * run.sizes["seed"]), LEAST)


def _shown(run: xr.Dataset, wrong: np.ndarray) -> np.ndarray:
    """Errors as they can be drawn on a logarithmic axis."""
    return np.maximum(wrong, _least(run))


def _curve(figure: go.Figure, run: xr.Dataset, own: Family, variant: str, each: Curve, family: Family | None) -> None:
    """One variant: solid for the elaborate one of a family, dashed for the plain one it is compared with."""
    first, about = variant == own.variants[0], family is own
    opacity = 1.0 if about or family is None else PALE
    wrong = 1 - each.accuracy
    low, middle, high = (_shown(run, wrong + side * each.spread) for side in (-1, 0, 1))
    words = [_hover(run, own, variant, each, place) for place in range(len(wrong))]
    if about:
        _entropy(figure, run, each)
    figure.add_trace(go.Scatter(
        x=each.bytes, y=middle, mode="lines+markers", name=NAMES[variant], opacity=opacity,
        line={"color": own.colour, "width": 2.4 if about and first else 1.5, "dash": "solid" if first else "dash"},
        marker={"size": 7 if about else 5, "color": own.colour if first else GROUND,
                "line": {"width": 1.5, "color": own.colour}},
        error_y={"type": "data", "symmetric": False, "array": high - middle, "arrayminus": middle - low, "width": 0,
                 "thickness": 1.2, "color": own.colour},
        customdata=list(range(len(wrong))) if about else None, hovertext=words,
        **({"hovertemplate": "%{hovertext}<extra></extra>"} if about or family is None else {"hoverinfo": "skip"}),
    ))  # fmt: skip


def _hover(run: xr.Dataset, own: Family, variant: str, each: Curve, place: int) -> str:
    title = said(own, values_of(run, own)[place])
    return (
        f"{NAMES[variant]}: {title}<br>{kilobytes(each.bytes[place])} written, order-0 entropy "
        f"{kilobytes(each.entropy[place])}<br>{percent(each.accuracy[place], each.spread[place])} right, "
        f"{seeds_in_words(run)}"
    )


def _entropy(figure: go.Figure, run: xr.Dataset, each: Curve) -> None:
    """Crosses at the order-0 entropy: what was written is seldom far from it."""
    figure.add_trace(go.Scatter(
        x=each.entropy, y=_shown(run, 1 - each.accuracy), mode="markers", name="order-0 entropy", hoverinfo="skip",
        marker={"symbol": "x", "size": 5, "color": SOFT_INK},
    ))  # fmt: skip


def _references(figure: go.Figure, run: xr.Dataset) -> None:
    """The network at 4 and at 2 bytes a weight."""
    for name in REFERENCES:
        each = reference(run, name)
        if each is None:
            continue
        words = f"{name}: {kilobytes(each.bytes[0])} as stored, {kilobytes(each.entropy[0])} by xz, its bytes shuffled"
        figure.add_trace(go.Scatter(
            x=each.bytes, y=_shown(run, 1 - each.accuracy), mode="markers+text", name=name, text=[name],
            textposition="bottom center" if name == UNSHRUNK else "top right", textfont={"size": SMALL, "color": INK},
            marker={"symbol": "square", "size": 9, "color": SOFT_INK, "line": {"width": 1.5, "color": GROUND}},
            hovertext=[f"{words}<br>{percent(each.accuracy[0], each.spread[0])} right, {seeds_in_words(run)}"],
            hovertemplate="%{hovertext}<extra></extra>",
        ))  # fmt: skip


def _young(figure: go.Figure, run: xr.Dataset, size: float) -> None:
    """Before anything can be made smaller: the networks at 4 bytes a weight, getting better as they are trained."""
    wrong = run.error.mean("seed").values
    figure.add_trace(go.Scatter(
        x=[size] * len(wrong), y=_shown(run, wrong), mode="lines+markers+text", name="f32, in training",
        text=[""] * (len(wrong) - 1) + [f"{percent(1 - wrong[-1])}, in training "], textposition="middle left",
        textfont={"size": SMALL, "color": INK}, line={"color": SOFT_INK, "width": 1}, hoverinfo="skip",
        marker={"symbol": "square", "size": [5] * (len(wrong) - 1) + [9], "color": SOFT_INK},
    ))  # fmt: skip


def _names(figure: go.Figure, family: Family | None, shown: list[tuple[Family, str, Curve]]) -> None:
    """Each curve by its name in its colour, in the corner that is empty: no network is both large and bad."""
    lines = [
        (f"{'━' if variant == own.variants[0] else '┅'} {NAMES[variant]}", own.colour, 600 if own is family else 400)
        for own, variant, _ in shown
    ]
    lines += [("▬ Pareto front", SOFT_INK, 400)] if lines else []
    for i, (text, colour, weight) in enumerate(lines):
        figure.add_annotation(note(
            text, 1, 0, xref="paper", yref="paper", xanchor="right", yanchor="bottom",
            yshift=6 + 17 * (len(lines) - 1 - i), font={"size": SMALL, "color": colour, "weight": weight},
        ))  # fmt: skip


def _chosen(figure: go.Figure, run: xr.Dataset, family: Family) -> tuple[Moving, ...]:
    """In ink: the point of the slider, filled, the one it is compared with, open, and the value in words."""
    motions = []
    for i, variant in enumerate(family.variants):
        each = curve(run, family, variant)
        at = {"x": each.bytes[:, None], "y": _shown(run, 1 - each.accuracy)[:, None]}
        look = {"size": 14, "color": INK, "line": {"width": 2, "color": GROUND}}
        if i:
            look = {"size": 12, "color": INK, "symbol": "circle-open", "line": {"width": 2, "color": INK}}
        figure.add_trace(go.Scatter(x=[], y=[], mode="markers", name=f"chosen {NAMES[variant]}", marker=look,
                                    hoverinfo="skip"))  # fmt: skip
        motions.append(Moving(len(figure.data) - 1, **at))
    each, values = curve(run, family, family.variants[0]), values_of(run, family)
    text = [[said(family, value)] for value in values]
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="text", name="chosen in words", textposition="top left", hoverinfo="skip", meta=FURNITURE,
        textfont={"size": SIZE, "color": INK, "weight": 600},
    ))  # fmt: skip
    low, high = figure.layout.xaxis.range
    aside = 10 ** (0.012 * (high - low))  # clear of the mark
    at = {"x": each.bytes[:, None] / aside, "y": _shown(run, 1 - each.accuracy)[:, None]}
    return (*motions, Moving(len(figure.data) - 1, **at, text=text))
