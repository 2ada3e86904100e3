"""What a compressed model still keeps of each factor, beside the network as trained and what raw inputs give."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._shrunk import FAMILIES, UNSHRUNK, Family, check, found, standing
from distill.figures._style import FURNITURE, SMALL, axis, blank, note
from distill.palette import GRID, GROUND, INK, SOFT_INK

__all__ = ["animated_shrunk_keeping", "kept_by_shrunk", "kept_by_shrunk_sparsity", "kept_by_shrunk_students"]

KIND = "shrink"  # of the runs that these figures are drawn of
WIDTH_OF_A_LETTER = 7.2  # pixels, of the factors' names
WIDEST = 1.4  # beyond 1 stand the bits in words
LATER = "Probed at the end of the training."


def kept_by_shrunk(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Share of each factor's bits that a linear probe finds in the codes of the smallest network that is as accurate.

    V-information of multinomial logistic probes on sampled codes of the first seed, cross-fitted on held-out items (Xu
    et al. 2020). Ring: the network as trained; tick: the same probe on the raw inputs.

    Raises:
        InvalidValue: for a run of another kind.
    """
    return standing(animated_shrunk_keeping(run, FAMILIES["bits"]), run, FAMILIES["bits"], choice)


def kept_by_shrunk_sparsity(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008
    """The same of the pruned network, at the highest share of zeros that costs no accuracy; open: as pruned."""
    return standing(animated_shrunk_keeping(run, FAMILIES["sparsity"]), run, FAMILIES["sparsity"], choice)


def kept_by_shrunk_students(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008
    """The same of the student that is the narrowest of those that cost no accuracy; open: without a teacher."""
    return standing(animated_shrunk_keeping(run, FAMILIES["width"]), run, FAMILIES["width"], choice)


def animated_shrunk_keeping(run: xr.Dataset, family: Family) -> Animation:
    """Rows of factors: what stands is of the network as trained, what moves of those that the slider says."""
    names = [str(each) for each in check(run).factor.values]
    longest = max(map(len, names))
    figure = blank(left=max(58, 10 + round(WIDTH_OF_A_LETTER * longest)), right=8, top=22, bottom=46)
    height = np.arange(len(names))[::-1].astype(float)
    _scales(figure, names, height)
    if "kept_precision" not in run or found(run, "kept", family, family.variants[0]) is None:
        figure.add_annotation(note(LATER, 0, 1, xref="paper", yref="paper", xanchor="left", yanchor="bottom", yshift=3))
        return Animation(figure, ())
    entropy = run.factor_entropy.values
    before = run.kept_precision.sel(precision=UNSHRUNK).transpose("factor").values / entropy
    shares = [found(run, "kept", family, each) / entropy for each in family.variants]
    _key(figure, family)
    motions = [_fallen(figure, before, shares[0], height)]
    motions += [_ceilings(figure, run.factor_ceiling.values / entropy, height), _rings(figure, before, height)]
    if len(shares) > 1:
        motions.append(_dots(figure, shares[1], height, family, family.variants[1]))
    motions.append(_dots(figure, shares[0], height, family, ""))
    return Animation(figure, (*motions, _words(figure, shares[0] * entropy, entropy, height)))


def _scales(figure: go.Figure, names: list[str], height: np.ndarray) -> None:
    """The rows' axes, and a grey line for each from nothing to all."""
    shares = {"tickvals": [0, 0.25, 0.5, 0.75, 1], "ticktext": ["0%", "25%", "50%", "75%", "100%"]}
    rows = {"tickvals": height.tolist(), "ticktext": names, "tickfont": {"size": 13, "color": INK}, "showgrid": False}
    figure.update_layout(
        xaxis=axis("share of its bits that a linear probe finds", -0.04, WIDEST, **shares),
        yaxis=axis("", -0.6, len(names) - 0.4, **rows),
    )
    figure.add_trace(go.Scatter(
        x=[v for _ in names for v in (0, 1, None)], y=[v for row in height for v in (row, row, None)], mode="lines",
        name="scale", meta=FURNITURE, hoverinfo="skip", line={"color": GRID, "width": 3},
    ))  # fmt: skip


def _key(figure: go.Figure, family: Family) -> None:
    """What the marks are, above the rows."""
    other = f"   ○ {family.variants[1]}" if family.over else ""
    first = family.variants[0] or "shrunk"
    figure.add_annotation(note(
        f"● {first}{other}   ◯ as trained   | raw inputs", 0, 1, xref="paper", yref="paper", xanchor="left",
        yanchor="bottom", yshift=4,
    ))  # fmt: skip


def _fallen(figure: go.Figure, before: np.ndarray, after: np.ndarray, height: np.ndarray) -> Moving:
    """A line from what was kept to what is."""
    nothing = np.full_like(after, np.nan)
    x = np.stack([np.broadcast_to(before, after.shape), after, nothing], -1).reshape(len(after), -1)
    y = np.repeat(height, 3)[None].repeat(len(after), 0)
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="lines", name="lost or gained", hoverinfo="skip", line={"color": SOFT_INK, "width": 1.5},
    ))  # fmt: skip
    return Moving(len(figure.data) - 1, x=x, y=y)


def _ceilings(figure: go.Figure, values: np.ndarray, height: np.ndarray) -> Moving:
    look = {"symbol": "line-ns", "size": 12, "color": SOFT_INK, "line": {"width": 2, "color": SOFT_INK}}
    figure.add_trace(go.Scatter(
        x=values, y=height, mode="markers", name="raw inputs, the same probe", marker=look, hoverinfo="skip",
    ))  # fmt: skip
    return Moving(len(figure.data) - 1)


def _rings(figure: go.Figure, values: np.ndarray, height: np.ndarray) -> Moving:
    look = {"symbol": "circle-open", "size": 13, "color": SOFT_INK, "line": {"width": 1.8, "color": SOFT_INK}}
    figure.add_trace(go.Scatter(x=values, y=height, mode="markers", name="as trained", marker=look, hoverinfo="skip"))
    return Moving(len(figure.data) - 1)


def _dots(figure: go.Figure, values: np.ndarray, height: np.ndarray, family: Family, variant: str) -> Moving:
    """The networks of the slider; open and small is the plainer variant."""
    look = {"size": 11, "color": family.colour, "line": {"width": 1.5, "color": GROUND}}
    if variant:
        look = {"size": 8, "color": GROUND, "line": {"width": 1.8, "color": family.colour}}
    name = variant or family.variants[0] or "shrunk"
    figure.add_trace(go.Scatter(x=[], y=height, mode="markers", name=name, marker=look, hoverinfo="skip"))
    return Moving(len(figure.data) - 1, x=values)


def _words(figure: go.Figure, bits: np.ndarray, entropy: np.ndarray, height: np.ndarray) -> Moving:
    figure.add_trace(go.Scatter(
        x=[1.03] * len(height), y=height, mode="text", name="bits", textposition="middle right", cliponaxis=False,
        textfont={"size": SMALL, "color": SOFT_INK}, hoverinfo="skip",
    ))  # fmt: skip
    text = [[f"{each:.1f} of {whole:.1f} bits" for each, whole in zip(row, entropy, strict=True)] for row in bits]
    return Moving(len(figure.data) - 1, text=text)
