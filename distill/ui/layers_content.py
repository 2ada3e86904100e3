"""What the Layers page puts on the stage: planes of one or two runs side by side, their curves, and four numbers."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import xarray as xr

from distill.figures._animation import Animation, Moving
from distill.figures._layers import cells_in_words, seen
from distill.figures.layers import (
    animated_layer_entropy,
    animated_layer_errors,
    animated_layer_gradients,
    animated_layer_plane,
)
from distill.layer_config import ACTIVATIONS
from distill.palette import DARK
from distill.ui.envelope import Slider, Stage, View

PLANES = {"binned": "binned", "kernel": "kernel, σ² = 0.1", "kernel_fine": "kernel, σ² = 0.001"}
TICKS = (1, 10, 100, 1000, 10_000)
SPEED = 6.0  # snapshots a second
Cell = list[str]


def layers_stage(runs: list[xr.Dataset], epoch: float | None) -> Stage:
    """The stage for one run, or two beside each other, loaded; `epoch` None is the end."""
    times = shared_epochs(runs)
    place = len(times) - 1 if epoch is None else int(np.argmin(np.abs(times - epoch)))
    views = [view for run in runs for view in _planes(run, times)]
    views += [view for run in runs for view in _curves(run, times)]
    return Stage(
        views=tuple(views),
        slider=Slider("Runs", [""]),
        second=Slider("Training", [f"epoch {short(each)}" for each in times], place, _ticks(times), SPEED),
        identity=" ".join(f"{run.attrs['id']} {run.attrs.get('stamp', '')}" for run in runs),
        headline=[[cells] for cells in headline(runs, times)],
        caption=" · ".join(_caption(run) for run in runs),
        filename="distill-" + "-".join(str(run.attrs["id"]) for run in runs),
        palette=DARK,
    )


def shared_epochs(runs: list[xr.Dataset]) -> np.ndarray:
    """The epochs of the run that has most snapshots: what the slider goes along."""
    return max((run.epoch.values.astype(float) for run in runs), key=len)


def places(run: xr.Dataset, times: np.ndarray) -> np.ndarray:
    """The run's snapshot at each of `times`: the last one not after it, −1 where that is behind its planned end.

    One that has not come so far yet stays where it stands now, and its numbers say so.
    """
    own, end = run.epoch.values.astype(float), float(run.attrs["steps"]) / float(run.attrs["steps_per_epoch"])
    found = np.searchsorted(own, times * (1 + 1e-6), side="right") - 1
    return np.where(times > end * (1 + 1e-6), -1, found)


def headline(runs: list[xr.Dataset], times: np.ndarray) -> list[list[Cell]]:
    """Two cells a run at every time: what its last hidden layer has lost since its peak, and its test error."""
    every = [places(run, times) for run in runs]
    return [
        [cell for run, at in zip(runs, every, strict=True) for cell in _cells(run, int(at[i]), float(time))]
        for i, time in enumerate(times)
    ]


def short(epoch: float) -> str:
    """An epoch as it is read at the slider."""
    return f"{epoch:,.0f}" if epoch >= 10 or epoch == int(epoch) else f"{epoch:.2f}" if epoch < 1 else f"{epoch:.1f}"


def _cells(run: xr.Dataset, at: int, time: float) -> list[Cell]:
    name, own = ACTIVATIONS[run.attrs["activation"]], run.epoch.values.astype(float)
    if at < 0:
        return [["–", f"{name} was trained for {short(own[-1])} epochs", ""], ["–", f"{name}: test error", ""]]
    name += f", so far to epoch {short(own[-1])}" if time > own[-1] * (1 + 1e-6) else ""
    layer = max(0, run.sizes["layer"] - 2)
    curve = seen(run, "binned").x[:, :, layer].mean(1)
    peak = float(curve[: at + 1].max())
    fallen = peak - float(curve[at])
    said = f"−{fallen:.1f} bits" if fallen >= 0.05 else "0.0 bits"
    how = (
        f"Binned entropy of layer {layer + 1}, {cells_in_words(run)}, {_mean(run.sizes['seed'])}: "
        f"{curve[at]:.2f} bits now, {peak:.2f} at its peak up to here"
    )
    error = run.error.sel(split="test").isel(step=at).values
    spread = f"Share of test items; {_mean(len(error))}"
    spread += f", from {100 * error.min():.1f} to {100 * error.max():.1f} %" if len(error) > 1 else ""
    return [
        [said, f"{name}, layer {layer + 1}: binned entropy since its peak of {peak:.1f}", how],
        [f"{100 * error.mean():.1f} %", f"{name}: test error", spread],
    ]


def _planes(run: xr.Dataset, times: np.ndarray) -> list[View]:
    name, count = ACTIVATIONS[run.attrs["activation"]], run.sizes["seed"]
    subtitles = {
        "binned": f"{_begun(cells_in_words(run))}. {_networks(count)}",
        "kernel": f"Bar: down to the lower bound. {_networks(run.sizes['kernel_seed'])}",
        "kernel_fine": "The same with finer noise. The height is no bound.",
    }
    return [
        _view(f"{name} · {words}", subtitles[kind], animated_layer_plane(run, kind), run, times)
        for kind, words in PLANES.items()
    ]


def _curves(run: xr.Dataset, times: np.ndarray) -> list[View]:
    name = ACTIVATIONS[run.attrs["activation"]]
    made: list[tuple[str, str, Callable[[xr.Dataset], Animation]]] = [
        ("binned entropy", "Mean of the networks; band: one deviation.", animated_layer_entropy),
        ("gradients", "‖mean‖ / ‖deviation‖ over batches, of each layer.", animated_layer_gradients),
        ("errors", f"{_begun(_mean(run.sizes['seed']))}.", animated_layer_errors),
    ]
    return [_view(f"{name} · {title}", words, make(run), run, times) for title, words, make in made]


def _networks(count: int) -> str:
    return f"Dots: {count} networks." if count > 1 else "One network."


def _mean(count: int) -> str:
    return f"mean of {count} networks" if count > 1 else "one network"


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def _view(title: str, subtitle: str, animation: Animation, run: xr.Dataset, times: np.ndarray) -> View:
    moving = tuple(_along(each, places(run, times)) for each in animation.motions)
    return View(title, animation.figure, moving, title, subtitle)


def _along(motion: Moving, at: np.ndarray) -> Moving:
    """The motion at the stage's steps: the run's own at each, nothing where the run has not come so far."""
    later, found = at < 0, {}
    for name in ("x", "y", "low", "high"):
        values = getattr(motion, name)
        if values is not None:
            found[name] = np.where(later[:, None, None], np.nan, values[at].astype(float))
    if motion.text is not None:
        none = [[""] * len(motion.text[0][0])]
        found["text"] = [none if place < 0 else motion.text[place] for place in at]
    return replace(motion, **found)


def _ticks(times: np.ndarray) -> list[tuple[int, str]]:
    """The start, and the decades of epochs."""
    decades = [each for each in TICKS if each <= times[-1]]
    return [(0, "start"), *((int(np.argmin(np.abs(times - each))), f"{each:,}") for each in decades)]


def _caption(run: xr.Dataset) -> str:
    about, widths = run.attrs, "-".join(map(str, run.attrs["widths"]))
    return (
        f"run {about['id']} · {about['title']} {widths}, {run.sizes['seed']} networks, "
        f"seeds from {int(run.seed.values[0])} · binned: {cells_in_words(run)}, N = {about['items']}; "
        f"kernel bounds of {run.sizes['kernel_seed']} networks, N = {about['points']}; all items, bits"
    )
