"""Whether networks are right as often as they say: the reliability of one β, and the calibration error over β."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._over_beta import (
    CODES,
    NINETY,
    above,
    add_area,
    add_curve,
    add_level,
    add_mark,
    add_words,
    line_at_beta,
    logarithmic,
    lowest_of,
    measured,
    over_beta,
)
from distill.figures._style import FURNITURE, axis
from distill.measures.seeds import averaged
from distill.palette import GRID, SOFT_INK

__all__ = ["animated_calibration", "calibration_curve"]

LOWER = {"xaxis": "x2", "yaxis": "y2"}


def calibration_curve(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Share decoded rightly over what the network says of itself at the chosen β; below, the calibration error over β.

    Points on the diagonal are calibrated; bars are 90 % intervals, grey columns the share of the items. The grey area
    below is the calibration error that chance alone gives a perfectly calibrated network on as many items.

    Raises:
        InvalidValue: for a run without these variables.
    """
    return animated_calibration(run).at(run, choice)


def animated_calibration(run: xr.Dataset, reference: xr.Dataset | None = None) -> Animation:
    """Above, the reliability of the chosen β; below, the calibration error, whose marks follow β."""
    at = averaged(measured(run, "calibration_error", "calibration")).sel(split="test")
    count = int(at.calibration_error.attrs["items"])
    errors = {name: at.calibration_error.sel(codes=name).values for name in CODES}
    floor, level = at.calibration_floor.mean("codes").values, None
    if reference is not None and "calibration_error" in reference:
        level = float(averaged(reference).calibration_error.sel(split="test", codes="average").isel(beta=0))
    lowest = lowest_of([*errors.values(), floor, level], count)
    figure = over_beta(run, top=24, name="xaxis2", anchor="y2")
    shares = {"tickformat": ".0%", "dtick": 0.25}
    figure.update_layout(
        xaxis=axis("what it says: confidence", -0.02, 1.04, anchor="y", **shares),
        yaxis=axis("decoded rightly", -0.05, 1.06, anchor="x", domain=[0.52, 1], **shares),
        yaxis2=logarithmic("calibration error", lowest, anchor="x2", domain=[0, 0.31]),
    )
    figure.layout.xaxis.title.standoff = 2
    _shaded(figure, np.maximum(floor, lowest), lowest)
    motions = [*_reliability(figure, at, count), line_at_beta(figure, run, (lowest, 1), **LOWER)]
    if level is not None:
        motions.append(add_level(figure, run, max(level, lowest), **LOWER))
    for name, (word, colour) in CODES.items():
        drawn, words = np.maximum(errors[name], lowest), f"calibration error, {word}"
        motions.append(add_curve(figure, run, drawn, words, colour, 2.0, values=errors[name], **LOWER))
        motions.append(add_mark(figure, drawn, words, colour, **LOWER))
    motions += _named(figure, {name: np.maximum(each, lowest) for name, each in errors.items()})
    figure.add_annotation(above(f"N = {count}   ● one code   ○ twelve averaged   ▮ share of items"))
    dashed = " · dashed: deterministic" if level is not None else ""
    figure.add_annotation(above(f"shaded: by chance alone{dashed}", y=0.315, shift=0))
    return Animation(figure, tuple(motions))


def _shaded(figure: go.Figure, floor: np.ndarray, lowest: float) -> None:
    """What chance alone gives at each β."""
    places, height = np.arange(len(floor)), floor
    if len(floor) == 1:
        places, height = np.array([-0.5, 0.5]), np.repeat(floor, 2)
    x, y = [places[0], *places, places[-1]], [lowest, *height, lowest]
    add_area(figure, x, y, "calibration error by chance", meta=None, **LOWER)


def _reliability(figure: go.Figure, at: xr.Dataset, count: int) -> list[Moving]:
    """The diagonal, the share of the items in each bin, and for both ways of decoding points with 90 % intervals."""
    middles, wide = at.bin.values, 1 / at.sizes["bin"]
    share = at.reliability_share.transpose("codes", "beta", "bin")
    figure.add_trace(go.Bar(
        x=middles, y=[], width=[0.9 * wide] * len(middles), name="share of the items", marker={"color": GRID},
        hoverinfo="skip",
    ))  # fmt: skip
    motions = [Moving(len(figure.data) - 1, y=share.sel(codes="one").values)]
    figure.add_trace(go.Scatter(
        x=[0, 1], y=[0, 1], mode="lines", name="calibrated", line={"color": SOFT_INK, "width": 1, "dash": "dot"},
        hoverinfo="skip", meta=FURNITURE,
    ))  # fmt: skip
    for symbol, (name, (word, colour)) in zip(("circle", "circle-open"), CODES.items(), strict=True):
        x, y = (at[f"reliability_{each}"].sel(codes=name).values for each in ("confidence", "accuracy"))
        # as many items as there are, not codes: codes of one item are not independent
        low, high = _interval(y, share.sel(codes=name).values * count)
        gaps = np.full_like(x, np.nan)
        look = {"mode": "lines", "line": {"color": colour, "width": 1.2}, "opacity": 0.5, "hoverinfo": "skip"}
        figure.add_trace(go.Scatter(x=[], y=[], name=f"{word}, 90 % interval", **look))
        ends = np.stack([low, high, gaps], axis=-1).reshape(len(y), -1)
        motions.append(Moving(len(figure.data) - 1, x=np.stack([x, x, gaps], axis=-1).reshape(len(x), -1), y=ends))
        figure.add_trace(go.Scatter(
            x=[], y=[], mode="markers", name=f"reliability, {word}",
            marker={"color": colour, "size": 7, "symbol": symbol},
            hovertemplate=f"{word}<br>says %{{x:.0%}}, right %{{y:.0%}}<extra></extra>",
        ))  # fmt: skip
        motions.append(Moving(len(figure.data) - 1, x=x, y=y))
    return motions


def _interval(share: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 90 % interval of a share of `count` items, which stays one where the share is 0 or 1 (Wilson 1927)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        extra = NINETY**2 / count
        middle, half = share + extra / 2, NINETY * np.sqrt(share * (1 - share) / count + (NINETY / count) ** 2 / 4)
        return (middle - half) / (1 + extra), (middle + half) / (1 + extra)


def _named(figure: go.Figure, errors: dict[str, np.ndarray]) -> list[Moving]:
    """The words for both curves of the calibration error, where they are highest: over the upper, under the lower."""
    upper, found = max(errors, key=lambda name: errors[name].max()), []
    for name, values in errors.items():
        (word, colour), place = CODES[name], int(values.argmax())
        place -= 0 if name == upper else min(place, len(values) // 16)  # clear of where it falls again
        side = "left" if name == upper and place else "center" if 0 < place < len(values) - 1 else "right"
        height = values[place] * (1 if name == upper else 0.85)
        position = f"{'top' if name == upper else 'bottom'} {side}"
        found.append(add_words(figure, word, place, height, position, colour, **LOWER))
    return found
