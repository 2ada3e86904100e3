"""What the Explore page puts on the stage: three views, a headline and pictures, all of one run."""

import json

import numpy as np
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Motion, code_places
from distill.figures._style import caption, knob_ticks, knob_values
from distill.figures.keeping import animated_keeping
from distill.figures.maps import animated_map, map_kind
from distill.figures.plane import animated_plane
from distill.measures.convergence import still_falling
from distill.palette import DARK
from distill.ui.envelope import Moving, Packed, Pictures, Row, Slider, Stage, Thumbnails, View, pack_item, pack_step
from distill.ui.headline import headline

SHOWN = 8  # pictures in a row
MAP, PLANE, KEEPING = "Code map", "Information plane", "Kept and discarded"
SIGN_ZERO = 128


def explore_stage(run: xr.Dataset, choice: Choice, finished: bool = True) -> Stage:
    """The stage for `run`, loaded; `finished` false while its training goes on."""
    places, knob = code_places(run), json.loads(run.attrs["knob"])
    last = run.sizes["step"] - 1
    step = last if choice.step is None else choice.step
    sent = {
        last,
        min(places, key=lambda place: abs(place - step)),
    }  # the map's other kept steps are sent when asked for
    views = (
        _view(PLANE, animated_plane(run, choice.split), PLANE, _plane_words(run, choice), "frames"),
        _view(MAP, _of_steps(animated_map(run, choice), sent), MAP, _map_words(run, choice), "items"),
        _view(KEEPING, animated_keeping(run, choice.split), KEEPING, _keeping_words(run, finished), None),
    )
    return Stage(
        views=views,
        slider=Slider(knob["label"], knob_values(run), choice.beta, knob_ticks(run)),
        second=Slider("Training", [f"epoch {_short(epoch)}" for epoch in run.epoch.values], step),
        identity=f"{run.attrs['id']} {run.attrs.get('stamp', '')} {choice.split} {choice.colour} {choice.map}",
        headline=headline(run, choice.split),
        pictures=_pictures(run),
        thumbnails=Thumbnails(list(range(run.sizes["point"])), _levels(run)) if _are_pictures(run) else None,
        caption=caption(run, choice.split),
        filename=f"distill-{run.attrs['id']}",
        palette=DARK,
    )


def step_part(run: xr.Dataset, choice: Choice, step: int) -> Packed:
    """The map at one step of the training, which the browser has asked for."""
    animation = animated_map(run, choice)
    kept = min(code_places(run), key=lambda place: abs(place - step))
    moving = [Moving(each.trace, x=each.x[kept], y=each.y[kept]) for each in animation.motions if kept in each.x]
    return pack_step(step, {MAP: moving}, {MAP: animation.figure})


def item_part(run: xr.Dataset, item: int) -> Packed | None:
    """The pictures of one stored item at every β, which the browser has asked for; None where items are no pictures."""
    if not _are_pictures(run):
        return None
    return pack_item(item, [_one(row.values, row) for row in _rows(run, [item])])


def _view(name: str, animation: Animation, title: str, subtitle: str, hover: str | None) -> View:
    moving = tuple(Moving(each.trace, each.x, each.y, each.low, each.high, each.text) for each in animation.motions)
    return View(name, animation.figure, moving, title, subtitle, hover)


def _of_steps(animation: Animation, steps: set[int]) -> Animation:
    """The animation with the values of only some of its kept steps; the others are sent when they are asked for."""
    some = [
        Motion(each.trace, *({k: v if k in steps else None for k, v in values.items()} for values in (each.x, each.y)))
        for each in animation.motions
    ]
    return Animation(animation.figure, tuple(some))


def _plane_words(run: xr.Dataset, choice: Choice) -> str:
    if bool(run.information_x.isnull().any()):
        return "The code has no noise, so I(X;Z) is not a number: drawn open, at the ceiling, at the height H(Y) − CE."
    falling = int(still_falling(run, choice.split).sum())
    note = f" Open marks: I(X;Z) still falling ({falling})." if falling else ""
    return f"Every β, {choice.split} items. Bar: from measured I(X;Z) up to the rate.{note}"


def _map_words(run: xr.Dataset, choice: Choice) -> str:
    kind, latent = map_kind(run, choice), run.sizes["latent"]
    by = run.attrs["label_name"] if choice.colour == "label" else choice.colour
    how = {
        "code": "the code itself",
        "PCA": f"first two of {latent} principal components",
        "UMAP": f"UMAP of {latent} dimensions, chained along β",
    }[kind]
    return f"Sampled codes of {run.sizes['point']} test items, by {by}: {how}."


def _keeping_words(run: xr.Dataset, finished: bool) -> str:
    if "factor_kept" in run:
        dots = "Dots: bits a held-out probe finds at the end, 90 % interval. Ticks: in raw inputs."
        return f"No noise, so no ledger. {dots}" if bool(run.information_x.isnull().any()) else dots
    return "The rows follow when the probes are fitted." if finished else "The rows follow after the training."


def _short(epoch: float) -> str:
    return f"{epoch:.0f}" if epoch >= 10 or epoch == int(epoch) else f"{epoch:.1f}"


def _are_pictures(run: xr.Dataset) -> bool:
    return len(run.attrs["input_shape"]) >= 2


def _levels(run: xr.Dataset) -> np.ndarray:
    """The stored items as pictures: (point, h, w[, 3]) uint8."""
    about = run.inputs.attrs
    raw = run.inputs.transpose("point", "feature").values * about["scale"] + about["offset"]
    levels = np.clip((raw - about["low"]) / (about["high"] - about["low"]), 0, 1) * 255
    return levels.round().astype(np.uint8).reshape(-1, *run.attrs["input_shape"])


def _pictures(run: xr.Dataset) -> Pictures | None:
    if not _are_pictures(run):
        return None
    items = _spread_over_classes(run.label.values)
    return Pictures(items, tuple(_rows(run, items)))


def _rows(run: xr.Dataset, items: list[int]) -> list[Row]:
    """Original, kept E[x|z] and discarded x − E[x|z] of some items; the last two once their decoder is fitted."""
    original = _levels(run)[items]
    if "kept" not in run:
        return [Row("original", original)]
    kept = (
        run.kept.isel(point=items)
        .transpose("beta", "point", "feature")
        .values.reshape(run.sizes["beta"], *original.shape)
    )
    difference = (original[None].astype(np.int16) - kept) // 2 + SIGN_ZERO
    return [
        Row("original", original),
        Row("kept", kept),
        Row("discarded", np.clip(difference, 0, 255).astype(np.uint8), signed=True),
    ]


def _one(values: np.ndarray, row: Row) -> np.ndarray:
    """The only item of a row, whether or not the row follows β."""
    return values[0] if row.label == "original" else values[:, 0]


def _spread_over_classes(labels: np.ndarray) -> list[int]:
    """Eight items, one of each class in turn."""
    queues = [list(np.flatnonzero(labels == value)) for value in np.unique(labels)]
    chosen: list[int] = []
    while len(chosen) < SHOWN and any(queues):
        chosen += [int(queue.pop(0)) for queue in queues if queue][: SHOWN - len(chosen)]
    return sorted(chosen, key=lambda item: (labels[item], item))
