"""The rate of each latent dimension: which of them carry the code, and which are not in use."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures._animation import Animation, Moving
from distill.figures._style import SMALL, axis, blank
from distill.measures.quality import kl_by_dimension
from distill.palette import INK, SOFT_INK

__all__ = ["animated_rates", "dimension_order", "dimension_rates", "in_use"]

FOOT = 0.01 / np.log(2)  # bits: a dimension below 0.01 nat is not in use (THEORY 8.4)
ACTIVE = 0.01  # variance of the mean over items above which a unit is active (Burda et al. 2016)
MARKED = INK
DECADES = (0.1, 1, 10, 100, 1000, 10000)
WIDEST, ROOM, MOST_NAMED = 18, 260, 16  # pixels: of a stem, for all of them; dimensions whose numbers find room


def dimension_rates(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """KL_k = E_x ½(μ_k² + σ_k² − 1 − ln σ_k²) of every latent dimension k at the chosen β, in bits, on a log scale.

    The dimensions stand in the order of what they carry over all β, so that each keeps its place while β moves; a stem
    begins at 0.01 nat, below which a dimension is not in use. They add up to the rate under N(0, 1), not to I(X;Z).
    Of the codes of the stored test items at the last step, first seed.

    Raises:
        InvalidValue: for codes that have no such rates: without noise, or symbols.
    """
    return animated_rates(run).at(run, choice)


def animated_rates(run: xr.Dataset, marked: int | None = None) -> Animation:
    """A stem a dimension, whose customdata is its number; that of dimension `marked` once more, in another colour."""
    order = dimension_order(run)
    bits = np.where(_bits(run) >= FOOT, _bits(run), np.nan)[:, order]
    top = float(np.nanmax(bits, initial=1.0))
    figure = blank(left=58, right=10, top=8, bottom=42)
    ticks = [each for each in DECADES if each <= 2 * top]
    every = max(1, -(-len(order) // MOST_NAMED))
    named = {"tickvals": list(range(0, len(order), every)), "ticktext": [str(k + 1) for k in order[::every]]}
    figure.update_layout(
        xaxis=axis("latent dimension", -0.6, len(order) - 0.4, **named, showgrid=False, tickangle=0),
        yaxis=axis(
            "KL, bits", float(np.log10(FOOT)), float(np.log10(top)) + 0.15, type="log",
            tickvals=[FOOT, *ticks], ticktext=["unused", *(f"{each:g}" for each in ticks)],
        ),
    )  # fmt: skip
    motions = [_stems(figure, bits, order, np.arange(len(order)), SOFT_INK)]
    if marked in order:
        motions.append(_stems(figure, bits, order, np.flatnonzero(order == marked), MARKED))
    return Animation(figure, tuple(motions))


def dimension_order(run: xr.Dataset) -> np.ndarray:
    """The dimensions (K,) from that which carries most over all β to that which carries least."""
    return np.argsort(-np.log(_bits(run) + FOOT).sum(0), kind="stable")


def in_use(run: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """How many dimensions are in use at each β, (beta,): by KL_k > 0.01 nat, and by Var_x(μ_k) > 0.01 (Burda 2016).

    The two differ: a mean may move a little under a noise that hides it.
    """
    mean = run.code_mean.isel(code_step=-1).transpose("beta", "point", "latent").values.astype(float)
    return (_bits(run) > FOOT).sum(1), (mean.var(1) > ACTIVE).sum(1)


def _bits(run: xr.Dataset) -> np.ndarray:
    """KL_k in bits, (beta, latent), mean over the stored items."""
    found = kl_by_dimension(run)
    if found.attrs["reason"]:
        raise InvalidValue(f"no dimension of run {run.attrs['id']} has a rate: {found.attrs['reason']}")
    return found.transpose("beta", "latent").values


def _stems(figure: go.Figure, bits: np.ndarray, order: np.ndarray, places: np.ndarray, colour: str) -> Moving:
    """Stems of the dimensions at these places, from the foot up; bits (beta, K)."""
    thick, mine = min(WIDEST, 0.6 * ROOM / len(order)), bits[:, places]
    ends = {"type": "data", "symmetric": False, "array": [], "arrayminus": []}
    numbers = {"customdata": order.tolist()} if len(places) == len(order) else {}
    figure.add_trace(go.Scatter(
        x=places, y=[], mode="markers", name="rates" if numbers else f"dimension {order[places[0]] + 1}",
        marker={"size": 1, "color": colour}, hoverinfo="none" if numbers else "skip", textfont={"size": SMALL},
        error_y=ends | {"color": colour, "thickness": thick, "width": 0}, opacity=0.55 if numbers else 1.0, **numbers,
    ))  # fmt: skip
    words = [[_words(order[k], value) for k, value in zip(places, row, strict=True)] for row in mine]
    low = np.where(np.isnan(mine), np.nan, FOOT)
    return Moving(len(figure.data) - 1, y=mine, low=low, high=mine, text=words)


def _words(dimension: int, bits: float) -> str:
    return f"dimension {dimension + 1}: " + (f"{bits:.2g} bits" if np.isfinite(bits) else "not in use")
