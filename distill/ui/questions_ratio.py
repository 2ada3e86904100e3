"""The question of ratio and quality: how small a code can be before what it says of Y suffers."""

import numpy as np
import xarray as xr

from distill.config import Choice
from distill.figures.ratio import LARGEST, Standing, animated_ratio, standing
from distill.figures.tradeoff import sufficient_bits
from distill.measures.seeds import averaged
from distill.ui.content import of_this_version
from distill.ui.envelope import Stage
from distill.ui.headline import NO_NOISE, SATURATED, Cell
from distill.ui.questions_content import Answer, Deeper, at_knob, counted, estimated, percent, stage_of, view_of

QUESTION = "How small can a code be before its meaning suffers?"
SHORT = "Ratio against quality"
HINT = "Drag β: the code shrinks from left to right; how long does its height stay?"
VIEW = "Quality against compression ratio"
ENOUGH = 0.99  # share of I(X;Y) that is called all of it
LITTLE = 0.05  # bits below which nothing is kept that a ratio could be of


def answer(run: xr.Dataset) -> Answer:
    """The answer of `run`, loaded; raises DistillError for a run of another version."""
    run = averaged(of_this_version(run))
    found = standing(run)

    def build(choice: Choice) -> Stage:
        view = view_of(VIEW, animated_ratio(run), _words(run, found), "frames")
        return stage_of(run, "", view, choice, _headline(run, found))

    deeper = (
        Deeper("Information plane: the same networks", "pages/1_information_plane.py"),
        Deeper("Shannon wall: ratios in written bytes", "pages/6_shannon_wall.py"),
    )
    return Answer(build, _shows(run, found), _shows_not(run, found), deeper, run)


def _words(run: xr.Dataset, found: Standing) -> str:
    if np.isnan(found.bits).any():
        return f"{NO_NOISE.capitalize()}; drawn open. Height: (H(Y) − CE) / H(Y), {counted(run)}."
    beyond = found.ratio > LARGEST
    far = " Open: beyond the right edge." if np.isfinite(found.whole) and beyond.any() else ""
    return (
        f"Every β at the end of the training; {counted(run)}. {estimated(run, 'information_x', 'information_y')}.{far}"
    )


def _headline(run: xr.Dataset, found: Standing) -> list[list[Cell]]:
    """For every β: the ratio, the bits, the quality, and the most that so many bits allow."""
    how, label = f"{estimated(run, 'information_x', 'information_y')}; {counted(run)}", str(run.attrs["label_name"])
    cells = []
    for bits, ratio, quality, best in zip(found.bits, found.ratio, found.quality, found.best, strict=True):
        cells.append([
            *_size(float(bits), float(ratio), found, how, "joint" in run),
            [percent(quality), f"of what X tells of {label}", f"I(Z;Y), of I(X;Y) = {found.relevant:.2f} bits; {how}"],
            ["–" if np.isnan(best) else percent(best), "possible with so many bits", "F(r) / I(X;Y), the limit drawn"],
        ])  # fmt: skip
    return cells


def _size(bits: float, ratio: float, found: Standing, how: str, known: bool) -> list[Cell]:
    if np.isnan(bits):
        return [["–", "bits kept", NO_NOISE]]
    near = np.isfinite(found.whole) and bits > found.whole - SATURATED and not known
    kept = [f"{'≥ ' if near else ''}{max(bits, 0):.2f}", "bits kept of X", f"I(X;Z), {how}"]
    if not np.isfinite(found.whole):
        return [kept]
    words = f"smaller than H(X) = {found.whole:.2f} bits"
    size = "—" if bits < LITTLE else f"{'≤ ' if near else ''}{ratio:.1f}×"
    return [[size, words, f"H(X) / I(X;Z), {how}"], kept]


def _shows(run: xr.Dataset, found: Standing) -> str:
    if np.isnan(found.bits).any():
        return f"a code without noise keeps at least {percent(found.quality.max())} of I(X;Y); its size has no number."
    if not found.relevant > 0:
        return "nothing: X says nothing of Y here, so there is no quality to lose."
    if "joint" in run or "covariance_xy" in run:
        return _of_known(run, found)
    free = (
        f"from H(X) = {found.whole:.2f} bits down to H(Y) = {found.relevant:.2f}, {found.whole / found.relevant:.1f} "
        f"times smaller, compression costs nothing of {run.attrs['label_name']} in principle; beyond, quality falls as "
        "r / H(Y)."
    )
    return f"{free} {_learned(run, found)}"


def _learned(run: xr.Dataset, found: Standing) -> str:
    """How far this run gets: its smallest code that keeps all, and what it keeps at H(Y)."""
    good = np.flatnonzero(found.quality >= ENOUGH)
    near = _between(found, found.relevant)
    there = "" if np.isnan(near) else f", and about {percent(near)} at H(Y)"
    if not len(good):
        return f"No code of this run keeps {percent(ENOUGH)}: the best keeps {percent(found.quality.max())}{there}."
    least = int(good[np.argmin(found.bits[good])])
    return (
        f"This run keeps {percent(ENOUGH)} down to {found.bits[least]:.2f} bits, {found.ratio[least]:.1f} times "
        f"smaller ({at_knob(run, run.beta.values[least])}){there}."
    )


def _between(found: Standing, bits: float) -> float:
    """The quality of the learned codes at so many bits, in between two βs; NaN beyond them."""
    order = np.argsort(found.bits)
    return float(np.interp(bits, found.bits[order], found.quality[order], left=np.nan, right=np.nan))


def _of_known(run: xr.Dataset, found: Standing) -> str:
    """Where p(x, y) is known: whether any of it is free, what a half of the bits can keep, how far this run is."""
    below = float(np.max(found.best - found.quality))
    run_is = f"No code of this run lies more than {max(100 * below, 0.1):.1f} points below it."
    if not np.isfinite(found.whole):
        return (
            f"X is continuous and has no H(X), so size is in bits: the curve is concave and rises for ever, each bit "
            f"worth less than the one before, and none is free. {run_is}"
        )
    least, half = sufficient_bits(run), found.whole / 2
    free = "no compression is free here" if least > 0.999 * found.whole else f"compression is free to {least:.2f} bits"
    best = float(np.interp(half, *_sorted(found.bits, found.best)))
    return (
        f"{free}, since all of I(X;Y) = {found.relevant:.2f} bits takes {least:.2f} of H(X) = {found.whole:.2f}; but "
        f"the curve is concave, and half of the bits can keep {percent(best)}. With them this run keeps about "
        f"{percent(_between(found, half))}; nowhere are its codes more than {100 * max(below, 0):.1f} points below."
    )


def _sorted(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(x)
    return x[order], y[order]


def _shows_not(run: xr.Dataset, found: Standing) -> str:
    label = str(run.attrs["label_name"])
    other = f"what the code is worth for anything but {label}, or as a file: quality here is bits about {label}"
    if not np.isfinite(found.whole) or "joint" in run:
        return f"{other}, and these are bits of information, not of a code that was written."
    return (
        f"{other}, and H(X) is log₂ of these {int(run.samples.sel(split='test')[-1])} items, the bits that tell them "
        "apart; of more items the ratio would be another."
    )
