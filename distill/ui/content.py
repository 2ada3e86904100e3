"""What the Explore page puts on the stage: three views, a headline and pictures, all of one run."""

import json
from dataclasses import replace

import numpy as np
import xarray as xr

from distill.config import Choice
from distill.errors import DistillError
from distill.figures._animation import Animation, Moving, chosen, code_places
from distill.figures._pictures import are_pictures, levels, picture_rows
from distill.figures._style import caption, knob_ticks, knob_values
from distill.figures.keeping import animated_keeping
from distill.figures.maps import animated_map, map_kind
from distill.figures.plane import animated_plane
from distill.measures.convergence import still_falling
from distill.measures.decoding import shown_items
from distill.measures.limits import ceiling_x
from distill.measures.seeds import averaged
from distill.measures.tasks import main_factor
from distill.palette import DARK
from distill.ui.envelope import Packed, Pictures, Row, Slider, Stage, Thumbnails, View, pack_item, pack_step
from distill.ui.headline import headline

NEEDED = ("id", "knob", "classes", "label_name", "input_shape", "steps", "config")  # attributes
MAP, PLANE, KEEPING = "Code map", "Information plane", "Kept and discarded"
PICTURES_MEAN = (
    "Kept: E[x|z], by a decoder fitted when the training had ended. "
    "Discarded: original − kept, green where light is missing, brown where it was added."
)


def explore_stage(run: xr.Dataset, choice: Choice, finished: bool = True) -> Stage:
    """The stage for `run`, loaded; `finished` false while its training goes on.

    Raises:
        DistillError: for a run of another version, which lacks what is drawn here.
    """
    run = averaged(of_this_version(run))
    places, knob = code_places(run), json.loads(run.attrs["knob"])
    step, beta = chosen(run, choice)
    sent = {places[-1], min(places, key=lambda place: abs(place - step))}  # the map's others when they are asked for
    views = (
        _view(PLANE, animated_plane(run, choice.split), PLANE, _plane_words(run, choice), "frames"),
        _view(MAP, _map(run, choice, sent), MAP, _map_words(run, choice), "items"),
        _view(KEEPING, animated_keeping(run, choice.split), KEEPING, _keeping_words(run, finished), None),
    )
    return Stage(
        views=views,
        slider=Slider(knob["label"], knob_values(run), beta, knob_ticks(run)),
        second=training(run, step),
        identity=f"{run.attrs['id']} {run.attrs.get('stamp', '')} {choice.split} {choice.colour} {choice.map}",
        headline=headline(run, choice.split),
        pictures=_pictures(run),
        thumbnails=Thumbnails(list(range(run.sizes["point"])), levels(run)) if are_pictures(run) else None,
        caption=caption(run, choice.split),
        filename=f"distill-{run.attrs['id']}",
        palette=DARK,
    )


def of_this_version(run: xr.Dataset) -> xr.Dataset:
    """`run`, if it has what every stage draws; raises DistillError otherwise."""
    missing = [name for name in NEEDED if name not in run.attrs]
    if missing:
        lack = f"run '{run.attrs.get('id', '')}' has no {', '.join(missing)}"
        raise DistillError(f"{lack}: it was made by another version of Distill. It still opens in a notebook")
    return run


def training(run: xr.Dataset, step: int) -> Slider:
    """The slider along the epochs of a run, at a step."""
    return Slider("Training", [f"epoch {_short(epoch)}" for epoch in run.epoch.values], step)


def step_part(run: xr.Dataset, choice: Choice, step: int) -> Packed:
    """The map at one step of the training, which the browser has asked for."""
    animation = animated_map(run, choice)
    kept = min(code_places(run), key=lambda place: abs(place - step))
    moving = [Moving(each.trace, x=each.x[kept], y=each.y[kept]) for each in animation.motions if kept in each.x]
    return pack_step(step, {MAP: moving}, {MAP: animation.figure})


def item_part(run: xr.Dataset, item: int) -> Packed | None:
    """The pictures of one stored item at every β, which the browser has asked for; None where items are no pictures."""
    if not are_pictures(run):
        return None
    rows = picture_rows(run, [item])
    return pack_item(item, [values[0] if name == "original" else values[:, 0] for name, values in rows.items()])


def _view(name: str, animation: Animation, title: str, subtitle: str, hover: str | None) -> View:
    return View(name, animation.figure, animation.motions, title, subtitle, hover)


def _map(run: xr.Dataset, choice: Choice, sent: set[int]) -> Animation:
    """The map at every kept step: those in `sent`, and None for the others, which are sent when they are asked for.

    A UMAP exists for the last step only; the steps before it have their own codes, in their principal plane.
    """
    last, places = animated_map(run, replace(choice, step=None)), code_places(run)
    before = animated_map(run, replace(choice, step=0)) if sent & {*places[:-1]} else last

    def known(at_the_end: dict[int, np.ndarray], earlier: dict[int, np.ndarray]) -> dict[int, np.ndarray | None]:
        early = {place: earlier[place] if place in sent else None for place in places[:-1]}
        return early | {places[-1]: at_the_end[places[-1]]}

    pairs = zip(last.motions, before.motions, strict=True)
    return Animation(last.figure, tuple(Moving(a.trace, known(a.x, b.x), known(a.y, b.y)) for a, b in pairs))


def _plane_words(run: xr.Dataset, choice: Choice) -> str:
    if bool(run.information_x.isnull().any()):
        return "The code has no noise, so I(X;Z) is not a number: drawn open, at the ceiling, at the height H(Y) − CE."
    falling = int(still_falling(run, choice.split).sum())
    note = f" Open marks: I(X;Z) still falling ({falling})." if falling else ""
    seeds, symbol = _seeds(run), json.loads(run.attrs["knob"])["symbol"]
    mean = f", mean of {seeds} seeds" if seeds > 1 else ""
    place = "under the known p(x, y)" if "joint" in run else f"{choice.split} items"
    return f"Every {symbol}, {place}{mean}. Bar: from measured I(X;Z) up to the rate.{note}"


def _seeds(run: xr.Dataset) -> int:
    return json.loads(run.attrs["config"]).get("seeds", 1)


def _map_words(run: xr.Dataset, choice: Choice) -> str:
    kind, latent = map_kind(run, replace(choice, step=None)), run.sizes["latent"]
    by = main_factor(run) if choice.colour == "label" else choice.colour
    how = {
        "code": "the code itself, each β scaled to fill the frame",
        "PCA": f"first two of {latent} principal components",
        "symbols": f"one of {latent} symbols each, placed by the mean input of its items; within a disc no place means "
        "anything",
        "UMAP": f"UMAP of {latent} dimensions, chained along β; before the end PCA, at six steps",
    }[kind]
    whose = " of the first seed" if _seeds(run) > 1 else ""
    return f"{run.sizes['point']} sampled test codes{whose}, by {by}: {how}."


def _keeping_words(run: xr.Dataset, finished: bool) -> str:
    if "factor_kept" in run:
        count = run.sizes["point"]
        dots = f"Dots: at the end, {count} test items, 90 % interval. Ticks: a linear probe of the raw inputs."
        if bool(run.information_x.isnull().any()):
            return f"No noise, so no ledger. {dots}"
        return f"X is continuous, so no ledger. {dots}" if bool(ceiling_x(run).isnull().any()) else dots
    return "The rows follow when the probes are fitted." if finished else "The rows follow after the training."


def _short(epoch: float) -> str:
    return f"{epoch:.0f}" if epoch >= 10 or epoch == int(epoch) else f"{epoch:.1f}"


def _pictures(run: xr.Dataset) -> Pictures | None:
    if not are_pictures(run):
        return None
    items = shown_items(run)
    rows = tuple(Row(name, values, signed=name == "discarded") for name, values in picture_rows(run, items).items())
    return Pictures(items, rows, title="What the code keeps of eight items", subtitle=PICTURES_MEAN)
