"""What the Information-plane page puts on the stage: the plane, the error, the gap, and the numbers in words."""

import json
from collections.abc import Sequence
from dataclasses import replace

import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, chosen
from distill.figures._landmarks import spreads
from distill.figures._panels import grounded, mark_critical
from distill.figures._shares import sharable
from distill.figures._style import caption, knob_ticks, knob_values, said_of
from distill.figures.errors import animated_errors
from distill.figures.estimating import SIDES
from distill.figures.gap import animated_gap
from distill.figures.overlay import Curve, end_curve
from distill.figures.plane import OTHER, Look, animated_plane, widest
from distill.measures.convergence import still_falling
from distill.measures.estimators import ESTIMATORS
from distill.measures.limits import ceiling_x
from distill.measures.seeds import averaged
from distill.palette import DARK, SOFT_INK
from distill.ui.content import of_this_version, training
from distill.ui.envelope import Slider, Stage, View
from distill.ui.plane_headline import headline

PLANE, ERROR, GAP = "Information plane", "Error", "Gap between train and test"


def plane_stage(
    run: xr.Dataset, choice: Choice, curves: Sequence[Curve] = (), redrawn: xr.Dataset | None = None
) -> Stage:
    """The stage for `run`, loaded; `curves` are end curves of others; `redrawn` is its last step, otherwise estimated.

    Raises:
        DistillError: for a run of another version, which lacks what is drawn here.
    """
    seeded, run = run, averaged(of_this_version(run))
    right = widest(run, choice.split)
    if redrawn is not None:
        own = end_curve(run, replace(choice, split="test"), "mixture", colour=SOFT_INK, dash="dot", knob="")
        run, seeded = run.isel(step=[-1]), seeded.isel(step=[-1])
        choice, curves = replace(choice, split="test", step=None), (own, *curves)
    scale = choice.scale if sharable(run) else "bits"
    both = redrawn is None and _sampled(run)
    look = Look(scale, both, landmarks=True, curves=tuple(curves), right=right)
    shown = run if redrawn is None else redrawn
    plane = animated_plane(shown, choice.split, look)
    step, beta = chosen(run, choice)
    knob = json.loads(run.attrs["knob"])
    names = (each.name for each in curves)
    return Stage(
        views=(_view(PLANE, plane, _plane_words(shown, choice, look), "frames"), *_panels(run, seeded, choice)),
        slider=Slider(knob["label"], knob_values(run), beta, knob_ticks(run)),
        second=training(run, step) if redrawn is None else None,
        identity=" ".join(("plane", *stamped(run), choice.split, scale, choice.estimator, *names)),
        headline=headline(shown, choice.split),
        caption=_caption(run, choice, redrawn),
        filename=f"distill-{run.attrs['id']}-plane",
        palette=DARK,
    )


def _panels(run: xr.Dataset, seeded: xr.Dataset, choice: Choice) -> list[View]:
    """The small figures: the error, where Y has classes to err among; the gap, where the splits are two samples."""
    views = []
    if bool(run.error_one.notnull().any()):
        errors = _without_words_above(grounded(mark_critical(animated_errors(run, choice.split), run, choice.split)))
        items = "Of the known distribution." if "joint" in run else "Solid: test, dotted: training items."
        words = f"{items} Grey: out of reach with one code (Fano)."
        views.append(_view(ERROR, errors, words))
    if _sampled(run):
        gap = mark_critical(animated_gap(seeded), run, choice.split)
        band = "1 standard deviation over seeds" if "seed" in seeded.dims else "1 standard error"
        views.append(_view(GAP, gap, f"Train − test, {_count(run)} items each. Band: ± {band}."))
    return views


def _sampled(run: xr.Dataset) -> bool:
    """Whether the splits are two samples; a known joint, and the closed form of a linear encoder, have none."""
    linear = "covariance_xy" in run and bool(ceiling_x(run).isnull().all())
    return not ("joint" in run or linear)


def stamped(run: xr.Dataset) -> tuple[str, str]:
    """What tells a run from every other, and from one that was trained anew."""
    return str(run.attrs["id"]), str(run.attrs.get("stamp", ""))


def _view(name: str, animation: Animation, words: str, hover: str | None = None) -> View:
    return View(name, animation.figure, animation.motions, name, words, hover)


def _without_words_above(animation: Animation) -> Animation:
    """What the error figure says above its plot stands in the view's subtitle here, where it may wrap."""
    figure = go.Figure(animation.figure)
    figure.layout.annotations = [each for each in figure.layout.annotations if each.yref != "paper"]
    return Animation(figure, animation.motions)


def _plane_words(run: xr.Dataset, choice: Choice, look: Look) -> str:
    if bool(run.information_x.isnull().any()):
        return "The code has no noise, so I(X;Z) is not a number: drawn open, at the ceiling, at the height H(Y) − CE."
    bars = spreads(run.sel(split=choice.split))[2]
    if "estimator" in run.attrs:
        bars = f"; bars {bars}" if ESTIMATORS[choice.estimator].sampled else ""
        beyond = int((run.information_x > look.right).sum())
        far = f" {beyond} beyond the right edge." if beyond else ""
        seed = " of the first seed" if json.loads(run.attrs["config"]).get("seeds", 1) > 1 else ""
        return f"{_count(run)} test items{seed}{bars}. {SIDES[run.attrs['kind']]}{far} Dotted line: the mixture."
    falling = int(still_falling(run, choice.split).sum())
    dots = f"Dots: {choice.split}, diamonds: {OTHER[choice.split]}, {_count(run)} items each; bars {bars}."
    if "joint" in run:
        dots = f"Measured on the known distribution itself, all {_count(run)} values of X; bars {bars}."
    elif not _sampled(run):
        spread = f"; bars {bars}" if "information_x_spread" in run else ""
        dots = f"In closed form from the weights, under the known distribution{spread}."
    notes = [
        dots,
        "Grey bar: from measured I(X;Z) up to the rate.",
        f"Rings: I(X;Z) still falling ({falling})." if falling else "",
        "A sample may pass the exact curve of its distribution by chance."
        if "covariance_xy" in run and _sampled(run)
        else "",
        "Heights are lower bounds, h(Y) − CE." if "lower bound" in said_of(run, "information_y") else "",
        "The others at their ends." if look.curves else "",
        "Each share is of its own N." if look.scale == "shares" and "joint" not in run else "",
    ]
    return " ".join(filter(None, notes))


def _count(run: xr.Dataset) -> int:
    return int(run.samples.values[-1].max())


def _caption(run: xr.Dataset, choice: Choice, redrawn: xr.Dataset | None) -> str:
    words = caption(run, choice.split)
    if redrawn is None:
        return words
    return f"{words} · plane redrawn by {ESTIMATORS[choice.estimator].title}, {_count(redrawn)} items"
