"""The question of the limit: whether smaller must mean worse, and where it begins to."""

import numpy as np
import xarray as xr

from distill.config import Choice
from distill.figures.plane import places, widest
from distill.figures.tradeoff import animated_tradeoff, lowest, sufficient_bits
from distill.measures.limits import ceiling_x, ceiling_y
from distill.measures.seeds import averaged
from distill.ui.content import of_this_version
from distill.ui.envelope import Stage
from distill.ui.headline import NO_NOISE, Cell
from distill.ui.kept_quality_content import indistinct
from distill.ui.questions_content import Answer, Deeper, counted, estimated, percent, stage_of, view_of

QUESTION = "Is the trade-off between size and error fundamental?"
SHORT = "Is the trade-off fundamental?"
HINT = "Drag β: the code shrinks from right to left; where does the error begin to rise, and where must it?"
VIEW = "Error against bits kept"
MOST = "of the most that these bits can tell of Y, F(r)"


def answer(run: xr.Dataset) -> Answer:
    """The answer of `run`, loaded; raises DistillError for a run of another version."""
    run = averaged(of_this_version(run))

    def build(choice: Choice) -> Stage:
        view = view_of(VIEW, animated_tradeoff(run), _words(run), "frames")
        return stage_of(run, "limit", view, choice, _headline(run))

    deeper = (
        Deeper("Information plane: one code and twelve", "pages/1_information_plane.py"),
        Deeper("Exact: curves that are known", "pages/5_exact.py"),
    )
    return Answer(build, _shows(run), _shows_not(run), deeper, run)


def _erring(run: xr.Dataset) -> bool:
    return bool(run.error_one.sel(split="test")[-1].notnull().any())


def _bits(run: xr.Dataset) -> np.ndarray:
    return run.information_x.sel(split="test").isel(step=-1).transpose("beta").values.astype(float)


def _words(run: xr.Dataset) -> str:
    if np.isnan(_bits(run)).any():
        return f"{NO_NOISE.capitalize()}; drawn open, at its ceiling. {counted(run).capitalize()}."
    error = "Error of one sampled code" if _erring(run) else estimated(run, "information_y")
    floor = "Grey: below Fano’s floor" if _erring(run) else "Grey: beyond the exact curve"
    return f"{error}; {estimated(run, 'information_x')}; {counted(run)}. {floor}."


def _headline(run: xr.Dataset) -> list[list[Cell]]:
    """For every β: the bits, the error or the bits lost, and the least that so many bits allow."""
    at, bits = run.sel(split="test").isel(step=-1), _bits(run)
    how, erring = f"{estimated(run, 'information_x')}; {counted(run)}", _erring(run)
    if erring:
        floor, values = lowest(run, np.nan_to_num(bits)), at.error_one.values
        words = ["error with one code", "at least, with so many bits (Fano)"]
        written = [[percent(value), percent(low)] for value, low in zip(values, floor, strict=True)]
    else:
        total, kept = float(ceiling_y(run)[-1]), places(run, "test")[1][-1]
        words = ["bits of Y lost", "bits of Y that X tells"]
        written = [[f"{max(total - value, 0):.2f}", f"{total:.2f}"] for value in kept]
    found = []
    for size, (value, least) in zip(bits, written, strict=True):
        kept = ["–" if np.isnan(size) else f"{max(size, 0):.2f}", "bits kept of X", f"I(X;Z), {how}"]
        low = "–" if np.isnan(size) and erring else least
        found.append([kept, [value, words[0], counted(run)], [low, words[1], MOST]])
    return found


def _shows(run: xr.Dataset) -> str:
    if np.isnan(_bits(run)).any():
        return "where the floor lies, and that a code without noise has no place on it: its I(X;Z) is not a number."
    if not _erring(run):
        return _of_continuous(run)
    least, seen = sufficient_bits(run), _risen(run)
    must = _floors(run, [each for each in (1.0, 2.0, 3.0, 4.0) if each < 0.8 * least][-2:])
    if "joint" in run:
        whole = float(ceiling_x(run)[-1])
        reach = (
            f"yes, all the way: r_min is {least:.2f} of H(X) = {whole:.2f} bits, and every bit saved costs some of "
            f"I(X;Y) = {float(ceiling_y(run)[-1]):.2f}"
            if least > 0.999 * whole
            else f"yes, but only below r_min = {least:.2f} of H(X) = {whole:.2f} bits"
        )
        return f"{reach}; with all of X the best decoder still errs on {percent(_bayes(run))}. {seen}."
    return f"yes, but only below r_min = H(Y) = {least:.2f} bits, above which all of Y fits into a code{must}. {seen}."


def _floors(run: xr.Dataset, bits: list[float]) -> str:
    """What one must err with so many bits."""
    if not bits:
        return ""
    floors = zip(bits[::-1], lowest(run, np.array(bits))[::-1], strict=True)
    said = [f"with {size:.0f} bit{'s' * (size > 1)} on {percent(float(low))}" for size, low in floors]
    return f"; below it one must err, {' and '.join(said)} at the least (Fano)"


def _risen(run: xr.Dataset) -> str:
    """Down to how many bits this run's error cannot be told from its least, and what it is then."""
    error, bits = run.error_one.sel(split="test").isel(step=-1).values, _bits(run)
    if "joint" in run:  # errors of the distribution itself, which have no chance in them
        order = np.argsort(bits)
        half = float(np.interp(bits.max() / 2, bits[order], error[order]))
        most = f"This run errs on {percent(error[order[-1]])} with {bits.max():.1f} bits"
        return f"{most} and on {percent(half)} with half of them"
    alike = indistinct(error, float(run.samples.sel(split="test")[-1]))
    last = alike[np.argmin(bits[alike])]
    fewer = np.flatnonzero(bits < bits[last])
    low, high = 100 * error[alike].min(), 100 * error[alike].max()
    told = f"This run’s error cannot be told from its least ({low:.1f} to {high:.1f} %) down to {bits[last]:.2f} bits"
    if not len(fewer):
        return told
    after = fewer[np.argmax(bits[fewer])]
    return f"{told}; at {max(bits[after], 0):.2f} it is {percent(error[after])}"


def _bayes(run: xr.Dataset) -> float:
    """1 − Σ_x max_y p(x, y): the error of the best decoder that sees all of X."""
    return float(1 - run.joint.max("value_y").sum() / run.joint.sum())


def _of_continuous(run: xr.Dataset) -> str:
    total, bits, kept = float(ceiling_y(run)[-1]), _bits(run), places(run, "test")[1][-1]
    if "covariance_xy" not in run:
        return f"what is lost of I(X;Y) = {total:.2f} bits; Y is continuous, so that there are no errors to count."
    order = np.argsort(bits)
    half = float(np.interp(total / 2, kept[order], bits[order]))
    return (
        "yes, all the way: the exact curve rises for ever, so there is no finite r_min and every bit saved costs some "
        f"of I(X;Y) = {total:.2f} bits. Half of them need {half:.2f} bits in this run; Y is continuous, so that what "
        "is lost is counted in bits."
    )


def _shows_not(run: xr.Dataset) -> str:
    if not _erring(run):
        return "a law of networks: the curve is that of the distribution, and a network may stay above it."
    right = widest(run, "test")
    floor = "Fano’s floor need not be within reach; and twelve codes averaged, which may err less, are more bits."
    if "joint" in run or not sufficient_bits(run) < right or np.isnan(_bits(run)).any():
        return f"how near the floor one can come: {floor}"
    return f"a law above r_min: what this run loses there is owed to its encoder, its bound and its training. {floor}"
