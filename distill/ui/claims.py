"""What the Information-plane page puts on its second stage: VIB's own claims, tested on the run that is shown."""

import json

import numpy as np
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, chosen
from distill.figures._over_beta import NINETY
from distill.figures._style import caption, knob_ticks, knob_values
from distill.figures.calibration import animated_calibration
from distill.figures.claims import animated_attacks, animated_claimed_errors
from distill.measures.seeds import averaged
from distill.palette import DARK
from distill.ui.envelope import Slider, Stage, View
from distill.ui.headline import Cell

ERROR, CALIBRATION, ATTACK = "Error and compression", "Calibration", "Error under attack"
AT_RADIUS = 0.2  # standard deviations; the radius that is put in words
MEASURED = ("calibration_error", "attack_error")


def has_claims(run: xr.Dataset) -> bool:
    """Whether the run has what `claims_stage` shows: it is measured when a training has ended, where Y has classes."""
    return all(name in run for name in MEASURED)


def claims_stage(run: xr.Dataset, choice: Choice, reference: xr.Dataset | None = None) -> Stage:
    """Error, calibration and error under attack over β, at the end of the training; the slider is β.

    `reference` is a run of the deterministic network on the same data, where there is one.

    Raises:
        InvalidValue: for a run without these variables (see `has_claims`).
    """
    _, beta = chosen(run, choice)
    knob = json.loads(run.attrs["knob"])
    beside = "" if reference is None else str(reference.attrs["id"])
    return Stage(
        views=(
            _view(ERROR, animated_claimed_errors(run, reference), _error_words(run)),
            _view(CALIBRATION, animated_calibration(run, reference), _calibration_words()),
            _view(ATTACK, animated_attacks(run, reference), _attack_words(run)),
        ),
        slider=Slider(knob["label"], knob_values(run), beta, knob_ticks(run)),
        identity=f"claims {run.attrs['id']} {run.attrs.get('stamp', '')} {beside}",
        headline=_headline(run),
        caption=caption(run),
        filename=f"distill-claims-{run.attrs['id']}",
        palette=DARK,
    )


def _view(name: str, animation: Animation, subtitle: str) -> View:
    return View(name, animation.figure, animation.motions, name, subtitle)


def _error_words(run: xr.Dataset) -> str:
    """The caution is sized by the run's own N, at an error of 2 %."""
    count = int(run.samples.sel(split="test")[-1])
    spread = 100 * NINETY * np.sqrt(0.02 * 0.98 / count)
    return (
        f"{count} test items: good to ± {spread:.1f} points near 2 %. "
        "The paper's 1.13 against 1.38 % (MNIST, 2017) are single values without error bars."
    )


def _calibration_words() -> str:
    return (
        "On the diagonal: right as often as it says. Above it, it says too little, as averaged codes do. "
        "No curve can be told from a perfect one inside the shade."
    )


def _attack_words(run: xr.Dataset) -> str:
    scale, low, high = (float(run.inputs.attrs[name]) for name in ("scale", "low", "high"))
    return (
        "Read the thick line: it averages over codes. Attacks as of 2017 (thin: FGSM) follow one noisy gradient; what "
        f"they miss is no robustness. σ = {scale:.2g} on a scale from {low:g} to {high:g}."
    )


def _headline(run: xr.Dataset) -> list[list[Cell]]:
    """Four cells for every β, of twelve codes averaged and of test items."""
    at = averaged(run).sel(split="test")
    error, decoded = at.error_average.isel(step=-1).values, at.sel(codes="average")
    within = decoded.attack_error.sel(radius=AT_RADIUS, method="nearest")
    count, items, radius = int(at.samples.values[-1]), int(within.attrs["items"]), float(within.radius)
    shares = (
        error,
        decoded.calibration_error.values,
        *(within.sel(attack=name).values for name in ("averaged", "fgsm")),
    )
    words = (
        "error, twelve codes",
        "calibration error",
        f"error under attack, ± {radius:g} σ",
        "error under FGSM alone",
    )
    chance = [f"expected, 15 bins; {_percent(each)} by chance alone" for each in decoded.calibration_floor.values]
    cells = []
    for i, values in enumerate(zip(*shares, strict=True)):
        how = (
            f"share decoded wrongly; N = {count}", f"{chance[i]}; N = {count}",
            f"the averaged attack; N = {items}", f"one step along the gradient of one code; N = {items}",
        )  # fmt: skip
        cells.append([
            [_percent(value), word, f"twelve codes averaged, test items: {each}"]
            for value, word, each in zip(values, words, how, strict=True)
        ])  # fmt: skip
    return cells


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
