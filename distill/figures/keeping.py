"""Kept and discarded: the bit ledger, and the share that is kept of every factor."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._style import FURNITURE, HIDDEN, SMALL, axis, blank
from distill.measures.ledgers import ledger
from distill.measures.limits import ceiling_x
from distill.measures.probing import factors
from distill.measures.seeds import averaged
from distill.measures.tasks import task_weights
from distill.palette import GRID, INK, KEPT_RELEVANT, PARTS, SOFT_INK

__all__ = ["animated_keeping", "kept_and_discarded"]

WORDS = {
    "kept_relevant": "kept relevant",
    "kept_irrelevant": "kept irrelevant",
    "lost_relevant": "lost relevant",
    "lost_irrelevant": "lost irrelevant",
}
IN_ROWS = {"xaxis": "x2", "yaxis": "y2", "hoverinfo": "skip"}
WIDTH_OF_A_LETTER = 7.2  # pixels, of the factors' names
ROWS_TOP, WIDEST = 0.58, 1.46  # beyond 1 stand the bits in words


def kept_and_discarded(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Where the log2 N bits have gone, as one stacked bar; below, the share of each factor's bits that a probe finds.

    The bar is at the chosen step; the rows are at the end of the training, with 90 % intervals; the tick on each row
    is what the same probe gets from the raw inputs.
    """
    return animated_keeping(run, choice.split).at(run, choice)


def animated_keeping(run: xr.Dataset, split: str = "test") -> Animation:
    """The bar's parts and the rows' dots as moving traces."""
    longest = max((len(str(name)) for name in run.factor.values), default=0)
    run, figure = averaged(run), blank(left=max(64, 8 + round(WIDTH_OF_A_LETTER * longest)), right=10, top=4, bottom=44)
    figure.update_layout(xaxis=HIDDEN | {"range": [0, 1]}, yaxis=HIDDEN | {"range": [0, 1]})  # where there is no bar
    noisy = bool(ledger(run, split).kept_irrelevant.notnull().any())  # else there is no ledger to draw
    motions = [*(_bar(figure, run, split) if noisy else []), *(_rows(figure, run) if "factor_kept" in run else [])]
    figure.update_layout(barmode="stack", bargap=0)
    return Animation(figure, tuple(motions))


def _bar(figure: go.Figure, run: xr.Dataset, split: str) -> list[Moving]:
    parts, total = ledger(run, split), float(ceiling_x(run, split).values[-1])
    whole = "H(X)" if "joint" in run else "H(X) = log₂ N"
    _legend(figure)
    figure.update_layout(
        xaxis=axis(f"bits; the bar is as long as {whole}", 0, total, anchor="y", showgrid=False, side="bottom"),
        yaxis={"range": [0, 1], "domain": [0.76, 0.86], "visible": False, "automargin": False},
    )
    figure.layout.xaxis.title.standoff = 2
    motions = []
    for name, colour in PARTS.items():
        # steps that were measured on fewer items have fewer bits to lose: their bar ends sooner
        motions.append(Moving(len(figure.data), x=np.nan_to_num(parts[name].values)[..., None]))
        figure.add_trace(go.Bar(
            x=[], y=[0.5], width=[1.0], orientation="h", name=WORDS[name],
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"{WORDS[name]}: %{{x:.2f}} bits<extra></extra>",
        ))  # fmt: skip
    return motions


def _legend(figure: go.Figure) -> None:
    """The four colours of the program in words, in two rows above the bar."""
    figure.update_layout(
        xaxis3=HIDDEN | {"range": [0, 2], "anchor": "y3"},
        yaxis3=HIDDEN | {"range": [-0.5, 1.5], "domain": [0.885, 1], "anchor": "x3"},
    )
    figure.add_trace(go.Scatter(
        x=[0.03, 0.03, 1.03, 1.03], y=[1, 0, 1, 0], mode="markers+text", name="colours", meta=FURNITURE,
        text=[f" {word}" for word in WORDS.values()], textposition="middle right", hoverinfo="skip",
        marker={"size": 10, "symbol": "square", "color": list(PARTS.values())},
        textfont={"size": SMALL, "color": INK}, xaxis="x3", yaxis="y3",
    ))  # fmt: skip


def _rows(figure: go.Figure, run: xr.Dataset) -> list[Moving]:
    """One row a factor: the share kept with its interval, what raw inputs give, and the bits in words."""
    found, names = factors(run), [str(name) for name in run.factor.values]
    height, entropy = np.arange(len(names))[::-1].astype(float), found.entropy.values
    _scales(figure, names, height)
    figure.add_trace(go.Scatter(
        x=found.ceiling.values / entropy, y=height, mode="markers", name="raw inputs, linear probe", **IN_ROWS,
        marker={"symbol": "line-ns", "size": 13, "color": SOFT_INK, "line": {"width": 2, "color": SOFT_INK}},
    ))  # fmt: skip
    colours = [KEPT_RELEVANT if name in task_weights(run) else INK for name in names]
    ends = {"type": "data", "symmetric": False, "array": [], "arrayminus": []}
    figure.add_trace(go.Scatter(
        x=[], y=height, mode="markers", name="kept", marker={"size": 12, "color": colours}, **IN_ROWS,
        error_x=ends | {"color": SOFT_INK, "thickness": 2, "width": 0},
    ))  # fmt: skip
    figure.add_trace(go.Scatter(
        x=[1.02] * len(names), y=height, mode="text", name="bits", textposition="middle right", cliponaxis=False,
        textfont={"size": SMALL, "color": SOFT_INK}, **IN_ROWS,
    ))  # fmt: skip
    kept, low, high = (found[name].transpose("beta", "factor").values for name in ("kept", "kept_low", "kept_high"))
    words = [[f"{bits:.1f} of {whole:.1f} bits" for bits, whole in zip(row, entropy, strict=True)] for row in kept]
    dots = len(figure.data) - 2
    return [Moving(dots, x=kept / entropy, low=low / entropy, high=high / entropy), Moving(dots + 1, text=words)]


def _scales(figure: go.Figure, names: list[str], height: np.ndarray) -> None:
    """The rows' axes, and a grey line for each from nothing to all."""
    shares = {"tickformat": ".0%", "tickvals": [0, 0.25, 0.5, 0.75, 1]}
    rows = {"tickvals": height.tolist(), "ticktext": names, "tickfont": {"size": 13, "color": INK}, "showgrid": False}
    figure.update_layout(
        xaxis2=axis("share of its bits that a linear probe finds", -0.03, WIDEST, anchor="y2", **shares),
        yaxis2=axis("", -0.6, len(names) - 0.4, anchor="x2", domain=[0, ROWS_TOP], **rows),
    )
    figure.add_trace(go.Scatter(
        x=[v for _ in names for v in (0, 1, None)], y=[v for row in height for v in (row, row, None)], mode="lines",
        name="scale", meta=FURNITURE, line={"color": GRID, "width": 3}, **IN_ROWS,
    ))  # fmt: skip
