"""What the part on quality puts on the stage, and the verdict in words: what a code's shape says of what it keeps."""

import json

import numpy as np
import xarray as xr

from distill.config import Choice
from distill.figures._animation import chosen
from distill.figures._over_beta import NINETY
from distill.figures._style import caption, knob_ticks, knob_value, knob_values
from distill.figures.quality import animated_with_reference, animated_without_reference, rank_of_means
from distill.measures.limits import ceiling_y
from distill.measures.quality import reference_free
from distill.measures.retention import selection
from distill.measures.seeds import averaged
from distill.palette import DARK
from distill.ui.content import of_this_version
from distill.ui.envelope import Slider, Stage, View

BLIND, SEEING = "Needs no reference", "Needs Y or X"
GONE = 0.1  # share of H(Y) below which next to nothing of Y is left
FEWEST = 3  # βs from which there is something to compare
SHRUNK, MOVED = 0.5, 0.2  # bits by which a code must have shrunk to be spoken of, and a rank to have been moved


def quality_stage(run: xr.Dataset, choice: Choice, probe: str = "logistic") -> Stage:
    """Two columns of small figures over β, at the end of the training; the slider is β.

    Raises:
        DistillError: for a run of another version, which lacks what is drawn here.
    """
    run = of_this_version(run)
    (_, beta), knob = chosen(run, choice), json.loads(run.attrs["knob"])
    blind, seeing = animated_without_reference(run), animated_with_reference(run, probe)
    return Stage(
        views=(
            View(BLIND, blind.figure, blind.motions, BLIND, _blind_words(run)),
            View(SEEING, seeing.figure, seeing.motions, SEEING, _seeing_words(run, probe)),
        ),
        slider=Slider(knob["label"], knob_values(run), beta, knob_ticks(run)),
        identity=f"quality {run.attrs['id']} {run.attrs.get('stamp', '')} {probe}",
        caption=caption(averaged(run)),
        filename=f"distill-quality-{run.attrs['id']}",
        palette=DARK,
    )


def _blind_words(run: xr.Dataset) -> str:
    return (
        f"Of the codes alone: {run.sizes['point']} test items, one sampled code each, K = {run.sizes['latent']}, "
        "at the end of the training."
    )


def _seeing_words(run: xr.Dataset, probe: str) -> str:
    count = int(run.samples.sel(split="test")[-1])
    words = f"I(Z;Y) and error: N = {count} test items; bits are relative to these items and this noise."
    if "factor_kept" not in run:
        return f"{words} The factors are probed after the training."
    found = selection(run, probe)
    names = ", ".join(found.attrs["nuisances"])
    if found.attrs["reason"]:
        return f"{words} No leakage: {found.attrs['reason']}."
    return f"{words} Nuisances, of which Y says nothing: {names}."


def verdict(run: xr.Dataset) -> list[str]:
    """What these curves say of measures without a reference, in sentences with the run's own numbers."""
    last, found, means = averaged(run).isel(step=-1).sel(split="test"), reference_free(run), rank_of_means(run)
    return [
        *_at_equal_error(run, last, found, means),
        *_when_nothing_is_left(run, last, found),
        "Nothing at the left asks what Y is: deal the items other labels, and every curve there stays as it is. They "
        "show collapse and redundancy; what is worth keeping only Y or X can say.",
    ]


def _at_equal_error(run: xr.Dataset, last: xr.Dataset, found: xr.Dataset, means: np.ndarray) -> list[str]:
    """How RankMe moves among the βs whose errors cannot be told from the least, while the code shrinks."""
    error, bits, ranks = last.error_one.values, last.information_x.values, found.rank_me.values
    if len(error) < FEWEST or not np.isfinite([error, bits, ranks, means]).all():
        return []
    alike = indistinct(error, float(last.samples))
    a, b = alike[0], alike[-1]
    if bits[a] - bits[b] < SHRUNK:
        return []
    seen = max(abs(each[b] - each[a]) for each in (ranks, means)) >= MOVED
    so = "higher is not better here" if seen else "it does not see the code shrink"
    symbol, low, high = json.loads(run.attrs["knob"])["symbol"], 100 * error[alike].min(), 100 * error[alike].max()
    return [
        f"At equal error as far as {int(last.samples)} items can tell ({low:.1f} to {high:.1f} %, {symbol} from "
        f"{knob_value(run, a)} to {knob_value(run, b)}) the code goes from {bits[a]:.1f} to {max(bits[b], 0):.1f} "
        f"bits; RankMe of the codes goes from {ranks[a]:.1f} to {ranks[b]:.1f}, of their means from "
        f"{means[a]:.1f} to {means[b]:.1f}: {so}."
    ]


def indistinct(error: np.ndarray, count: float) -> np.ndarray:
    """Indices of the shares among `count` items that lie within a 90 % interval of the difference from the least."""
    least = error.min()
    variance = np.maximum(error * (1 - error), 1 / count) + max(least * (1 - least), 1 / count)
    return np.flatnonzero(error - least <= NINETY * np.sqrt(variance / count))


def _when_nothing_is_left(run: xr.Dataset, last: xr.Dataset, found: xr.Dataset) -> list[str]:
    """What these measures say of the strongest code, where next to nothing of Y is left in it."""
    kept, whole = max(float(last.information_y[-1]), 0.0), float(ceiling_y(run)[-1])
    rank, even = float(found.rank_me[-1]), float(found.uniformity_share[-1])
    if not kept < GONE * whole or not np.isfinite([rank, even]).all():
        return []
    return [
        f"At {json.loads(run.attrs['knob'])['symbol']} = {knob_value(run, run.sizes['beta'] - 1)}, with {kept:.2f} of "
        f"{whole:.2f} bits of {run.attrs['label_name']} left, RankMe is {rank:.1f} of {run.sizes['latent']} and "
        f"uniformity {100 * even:.0f} %: the noise fills every direction evenly."
    ]
