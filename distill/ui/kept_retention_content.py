"""What the part on factors puts on the stage: retention, what is given up first, the ledger, codes at equal bits."""

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, chosen
from distill.figures._factors import HALF, NAMES
from distill.figures._style import caption, items_in_words, knob_ticks, knob_values, said_of
from distill.figures.controls import animated_equal_bits
from distill.figures.given_up import animated_half_points
from distill.figures.ledger_area import animated_ledger_area
from distill.figures.retention import animated_retention
from distill.measures.ledgers import ledger
from distill.measures.limits import ceiling_x
from distill.measures.retention import retained
from distill.measures.seeds import averaged
from distill.palette import DARK
from distill.ui.content import of_this_version, training
from distill.ui.envelope import Slider, Stage, View
from distill.ui.headline import NO_NOISE, Cell

CURVES, RANKED = "What is kept of each factor", "Given up first … last"
LEDGER, EQUAL = "Where the bits go", "At equal bits"
Controls = Sequence[tuple[str, xr.Dataset]]


def retention_stage(run: xr.Dataset, choice: Choice, probe: str = "logistic", controls: Controls = ()) -> Stage:
    """The stage for `run`, loaded; `controls` are runs of other codes of the same items, with their titles.

    A run whose factors were not probed yet has its ledger alone.

    Raises:
        DistillError: for a run of another version, which lacks what is drawn here.
    """
    seeded, run = run, averaged(of_this_version(run))
    step, beta = chosen(run, choice)
    knob, views = json.loads(run.attrs["knob"]), [_view(LEDGER, animated_ledger_area(run), _ledger_words(run))]
    if "factor_kept" in run:
        views[:0] = [
            _view(CURVES, animated_retention(run, probe, choice.scale), _curves_words(run)),
            _view(RANKED, animated_half_points(run, probe), _ranked_words(run)),
        ]
        if controls or "pca_kept" in run:
            views.append(_view(EQUAL, animated_equal_bits(seeded, controls, probe), _equal_words(controls)))
    beside = " ".join(str(other.attrs["id"]) for _, other in controls)
    return Stage(
        views=tuple(views),
        slider=Slider(knob["label"], knob_values(run), beta, knob_ticks(run)),
        second=training(run, step),
        identity=f"kept {run.attrs['id']} {run.attrs.get('stamp', '')} {probe} {choice.scale} {len(views)} {beside}",
        headline=_headline(run, probe),
        caption=caption(run),
        filename=f"distill-kept-{run.attrs['id']}",
        palette=DARK,
    )


def _view(name: str, animation: Animation, words: str) -> View:
    return View(name, animation.figure, animation.motions, name, words)


def _curves_words(run: xr.Dataset) -> str:
    noise = " Grey: a shuffled label, pure noise." if "noise_kept" in run else ""
    return f"{run.sizes['point']} test items, one code each; bands 90 %. Ticks at the left: raw inputs.{noise}"


def _ranked_words(run: xr.Dataset) -> str:
    return "A bar ends where less than half of a factor’s bits is found for good; thin: 90 %."


def _ledger_words(run: xr.Dataset) -> str:
    counts = run.samples.sel(split="test").values
    before = f", {counts[0]} before the last step" if counts[0] != counts[-1] else ""
    return f"All log₂ N bits at the chosen epoch; N = {counts[-1]} test items{before}."


def _equal_words(controls: Controls) -> str:
    others = {"β-VAE": " β-VAE: saw no label.", "shuffled": " Shuffled: labels dealt anew."}
    return "Codes of as many bits." + "".join(others.get(title, "") for title, _ in controls) + " Bars: 90 %."


def _headline(run: xr.Dataset, probe: str) -> list[list[list[Cell]]]:
    """Cells for every step and β: bits kept, of them relevant, the rest of them, and the factors above half."""
    parts, whole = ledger(run), ceiling_x(run).values
    kept, about = parts.kept_relevant.values, str(run.attrs["label_name"])
    rest, x = parts.kept_irrelevant.values, run.information_x.sel(split="test").transpose("step", "beta").values
    above, steps = _above_half(run, probe), run.sizes["step"]
    found = []
    for step, count in enumerate(run.samples.sel(split="test").values):
        place = items_in_words(run, "test", int(count))
        now = zip(x[step], kept[step], rest[step], strict=True)
        cells = [_bits(*values, float(whole[step]), about, place, run) for values in now]
        when = "" if step == steps - 1 else "at the end, "
        late = [[[value, when + words, how] for value, words, how in each] for each in above]
        found.append([[*each, *last] for each, last in zip(cells, late, strict=True)])
    return found


def _bits(x: float, kept: float, rest: float, whole: float, about: str, place: str, run: xr.Dataset) -> list[Cell]:
    if np.isnan(kept):
        reason = NO_NOISE if np.isnan(x) else "needs a finite H(X)"
        return [["–", "bits kept", reason], ["–", f"of them about {about}", reason], ["–", "of them not", reason]]
    how = [f"{said_of(run, name)}; {place}" for name in ("information_x", "information_y")]
    return [
        [f"{max(x, 0):.2f}", f"bits kept of {whole:.2f}", f"I(X;Z), {how[0]}; relative to these items and this noise"],
        [f"{kept:.2f}", f"of them about {about}", f"bits; I(Z;Y), {how[1]}"],
        [f"{rest:.2f}", "of them about anything else", f"bits; I(X;Z|Y) = I(X;Z) − I(Z;Y); {place}"],
    ]


def _above_half(run: xr.Dataset, probe: str) -> list[list[Cell]]:
    """For every β one cell: how many factors are above half of their bits, and which; none before they are probed."""
    if "factor_kept" not in run:
        return [[]] * run.sizes["beta"]
    found = retained(run, probe)
    shares = found.share.transpose("beta", "factor").values
    how = f"at the end, by {NAMES[probe]}, a lower bound; N = {run.sizes['point']} test items, one sampled code each"
    cells = []
    for row in shares:
        names = [str(name) for name, share in zip(run.factor.values, row, strict=True) if share >= HALF]
        words = ", ".join(names) or "none"
        cells.append([[f"{len(names)} of {len(row)}", f"factors above half: {words}", how]])
    return cells
