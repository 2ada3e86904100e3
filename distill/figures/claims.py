"""What VIB is said to bring besides compression, tested: lower error, and lower error under attack, over β."""

from collections.abc import Iterator

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.errors import InvalidValue
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
from distill.figures._style import axis
from distill.measures.seeds import averaged
from distill.palette import INK, SOFT_INK

__all__ = [
    "animated_attacks",
    "animated_claimed_errors",
    "attack_errors",
    "claimed_errors",
]


def claimed_errors(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Share of the test items decoded wrongly over β at the end of the training, with one code and twelve averaged.

    On a logarithmic scale, since what VIB claims happens at the lowest errors; an error of 0 is drawn at the bottom.

    Raises:
        InvalidValue: for a run that decodes no classes.
    """
    return animated_claimed_errors(run).at(run, choice)


def attack_errors(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Error over β when the inputs are changed by at most a radius: by the averaged attack, and thin, by FGSM.

    Twelve codes are averaged, as Alemi et al. (2017, §4.2.3) do. Where FGSM fails and the averaged attack does not, the
    noise has hidden the gradient, which is no robustness.

    Raises:
        InvalidValue: for a run without these variables.
    """
    return animated_attacks(run).at(run, choice)


def animated_claimed_errors(run: xr.Dataset, reference: xr.Dataset | None = None) -> Animation:
    """The curves stand, the marks follow β; `reference` is a run without noise, drawn as a level with a 90 % band."""
    last = averaged(run).isel(step=-1).sel(split="test")
    count, errors = int(last.samples), {name: last[f"error_{name}"].values for name in CODES}
    if not np.isfinite(errors["one"]).any():
        raise InvalidValue(f"run '{run.attrs['id']}' decodes no classes, so it has no error")
    level = None if reference is None else float(averaged(reference).isel(step=-1, beta=0).sel(split="test").error_one)
    lowest = lowest_of([*errors.values(), level], count)
    figure = over_beta(run, top=24)
    figure.update_layout(yaxis=logarithmic("error, share of test items", lowest))
    if level is not None:
        _band(figure, run, level, count, lowest)
    motions = [line_at_beta(figure, run, (lowest, 1))]
    if level is not None:
        drawn = max(level, lowest)
        motions.append(add_level(figure, run, drawn))
        motions.append(add_words(figure, f"deterministic, {100 * level:.2g} %", -0.5, drawn, "top right"))
    curves = {name: np.maximum(each, lowest) for name, each in errors.items()}
    for name, (word, colour) in CODES.items():
        motions.append(add_curve(figure, run, curves[name], word, colour, 2.0, values=errors[name]))
        motions.append(add_mark(figure, curves[name], word, colour))
    motions += _named(figure, curves)
    band = " · dashed, shaded: deterministic, its 90 % interval" if level is not None else ""
    figure.add_annotation(above(f"N = {count}{band}"))
    return Animation(figure, tuple(motions))


def animated_attacks(run: xr.Dataset, reference: xr.Dataset | None = None) -> Animation:
    """A pair of curves a radius, that of the averaged attack with a mark at the chosen β."""
    at = averaged(measured(run, "attack_error", "error under attack")).attack_error.sel(codes="average")
    against = None
    if reference is not None and "attack_error" in reference:
        against = averaged(reference).attack_error.sel(codes="average", attack="averaged").isel(beta=0)
    figure = over_beta(run, top=40)
    figure.update_layout(yaxis=axis("error under attack, share of test items", 0, 1, tickformat=".0%"))
    motions = [line_at_beta(figure, run, (0, 1))]
    for radius in map(float, at.radius.values):
        if radius == 0:
            clean = at.sel(attack="averaged", radius=0).values
            motions.append(add_curve(figure, run, clean, "no attack", SOFT_INK, 1.2, dash="dot"))
        else:
            motions.extend(_attacks_within(figure, run, at.sel(radius=radius), against))
    dashed = "dashed: deterministic network, averaged attack" if against is not None else ""
    figure.add_annotation(above(f"thick: averaged attack · thin: FGSM · dotted: no attack<br>{dashed}"))
    return Animation(figure, tuple(motions))


def _attacks_within(
    figure: go.Figure, run: xr.Dataset, at: xr.DataArray, against: xr.DataArray | None
) -> Iterator[Moving]:
    """Both attacks within one radius, the level that the deterministic network has there, and the radius in words."""
    radius = float(at.radius)
    words, fast, slow = f"within {radius:g} σ", at.sel(attack="fgsm").values, at.sel(attack="averaged").values
    highest = float(slow[: max(1, len(slow) // 3)].max())
    if against is not None and radius in against.radius.values:
        level = float(against.sel(radius=radius))
        highest = max(highest, level)
        yield add_level(figure, run, level, f"deterministic network, averaged attack {words}")
    yield add_curve(figure, run, fast, f"FGSM {words}", INK, 1.0)
    yield add_curve(figure, run, slow, f"averaged attack {words}", INK, 2.2)
    if highest > 0.94:  # then the words go inside
        yield add_words(figure, words, -0.5, float(slow[0]), "bottom right")
    else:
        yield add_words(figure, words, -0.5, highest, "top right")
    yield add_mark(figure, slow, f"averaged attack {words}", INK)


def _band(figure: go.Figure, run: xr.Dataset, level: float, count: int, lowest: float) -> None:
    """The 90 % interval of a share that was found among `count` items."""
    half, ends = NINETY * np.sqrt(max(level * (1 - level), 1 / count) / count), [-0.5, run.sizes["beta"] - 0.5]
    low, high = max(level - half, lowest), level + half
    add_area(figure, [*ends, *ends[::-1]], [low, low, high, high], "90 % interval")


def _named(figure: go.Figure, curves: dict[str, np.ndarray]) -> list[Moving]:
    """The words for both error curves: where the first has risen half its way, and under the second at the right."""
    one, average = np.log10(curves["one"]), np.log10(curves["average"])
    rising, right = int(np.argmax(one >= (one.min() + one.max()) / 2)), max(0, len(average) - 2)
    (first, ink), (second, soft) = CODES["one"], CODES["average"]
    under = curves["average"][max(0, right - 4) : right + 1].min()
    return [
        add_words(figure, first, rising, curves["one"][rising], "top left" if rising else "top right", ink),
        add_words(figure, second, right, 0.93 * under, "bottom left" if right else "bottom right", soft),
    ]
