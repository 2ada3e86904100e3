"""Layers of plain networks through their training: per-layer planes, binned entropy, gradients and errors."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._layers import (
    HEAD_ROOM,
    averages,
    check,
    edge,
    epoch_ticks,
    epochs,
    named,
    names,
    seen,
    spaced,
    words,
)
from distill.figures._style import axis, blank, line
from distill.palette import GROUND, INK, SOFT_INK, layer_colours

__all__ = [
    "animated_layer_entropy",
    "animated_layer_errors",
    "animated_layer_gradients",
    "animated_layer_plane",
    "layer_entropy",
    "layer_errors",
    "layer_gradients",
    "layer_plane_binned",
    "layer_plane_kernel",
    "layer_plane_kernel_fine",
]

X_TITLES = {
    "binned": "binned entropy H(bin(T)), bits",
    "kernel": "I(X;T + noise), upper kernel bound, bits",
    "kernel_fine": "I(X;T + noise), upper kernel bound, bits",
}
Y_TITLES = {"binned": "I(bin(T);Y), bits", "kernel": "I(T + noise;Y), bits", "kernel_fine": "I(T + noise;Y), bits"}
SPLITS = {"test": (INK, 2.0, "solid"), "train": (SOFT_INK, 1.2, "dot")}
KIND = "layers"  # of the runs that these figures are drawn of
RIGHT = 40  # pixels beside a curve for the names of the layers


def layer_plane_binned(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """I(bin(T);Y) over H(bin(T)) of every layer, bits, at the chosen step (Shwartz-Ziv & Tishby 2017).

    Binned entropy, and not I(X;T): a deterministic network keeps H(X) in every layer that maps no two items to one
    (Goldfeld et al. 2019). Trails are means over seeds; the small dots are the seeds.
    """
    return animated_layer_plane(run, "binned").at(run, choice)


def layer_plane_kernel(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008
    """Every layer with noise of variance 0.1 added to its units: kernel bounds, bits (Kolchinsky & Tracey 2017).

    The mark is at the upper bound, its bar reaches down to the lower one; the height is a difference of bounds and no
    bound itself. Rings are the starts of the trails.
    """
    return animated_layer_plane(run, "kernel").at(run, choice)


def layer_plane_kernel_fine(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008
    """The same with noise of variance 0.001, through which finer differences of the activations can be seen."""
    return animated_layer_plane(run, "kernel_fine").at(run, choice)


def layer_entropy(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008
    """Binned entropy of every layer over the epochs, bits, mean and spread (one deviation) over seeds."""
    return animated_layer_entropy(run).at(run, choice)


def layer_gradients(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008
    """Signal-to-noise of every layer's gradient over the epochs: ‖mean‖ / ‖deviation‖ over batches, mean over seeds.

    Above 1 the batches agree where to go, below it they mostly disagree (drift and diffusion, Shwartz-Ziv & Tishby
    2017). Saxe et al. (2018) see the same passage where nothing is compressed.
    """
    return animated_layer_gradients(run).at(run, choice)


def layer_errors(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008
    """Share of test and of training items decided wrongly over the epochs, mean over seeds."""
    return animated_layer_errors(run).at(run, choice)


def animated_layer_plane(run: xr.Dataset, estimator: str = "binned") -> Animation:
    """The plane as `estimator` sees it (binned, kernel, kernel_fine): marks, brackets and seeds follow the step."""
    found, colours = seen(run, estimator), layer_colours(run.sizes["layer"])
    right, top = 1.05 * found.right, HEAD_ROOM * found.entropy
    figure = blank(left=46, right=12, top=6, bottom=42)
    figure.update_layout(
        xaxis=axis(X_TITLES[estimator], 0, right),
        yaxis=axis(Y_TITLES[estimator], 0, top, tickvals=_ticks(found.entropy)),
    )
    figure.add_trace(edge([0, found.entropy, right], [0, found.entropy, found.entropy], "limit min(I(X;T), H(Y))"))
    x, y = found.x.mean(1), found.y.mean(1)
    for i, colour in enumerate(colours):
        figure.add_trace(line(x[:, i], y[:, i], colour, f"trail of layer {run.layer.values[i]}", 2))
    figure.add_trace(go.Scatter(
        x=x[0], y=y[0], mode="markers", name="start", hoverinfo="skip",
        marker={"size": 6, "symbol": "circle-open", "color": colours, "line": {"width": 1.5, "color": colours}},
    ))  # fmt: skip
    first = len(figure.data)
    seeds = found.x.reshape(len(x), 1, -1), found.y.reshape(len(y), 1, -1)
    dots = {"size": 4, "opacity": 0.35, "color": colours * found.x.shape[1]}
    figure.add_trace(go.Scatter(x=[], y=[], mode="markers", name="seeds", hoverinfo="skip", marker=dots))
    figure.add_trace(line([], [], SOFT_INK, "layers in order", 1))
    figure.add_trace(_marks(colours, found.low is not None))
    figure.add_trace(words([], [], [], "top center"))
    low = None if found.low is None else found.low.mean(1)[:, None]
    at = {"x": x[:, None], "y": y[:, None]}
    return Animation(
        figure,
        (
            Moving(first, x=seeds[0], y=seeds[1]),
            Moving(first + 1, **at),
            Moving(first + 2, **at, low=low, high=None if low is None else at["x"]),
            Moving(first + 3, **at, text=named(x, y, (right, top), names(run))),
        ),
    )


def animated_layer_entropy(run: xr.Dataset) -> Animation:
    """Curves of binned entropy; the dots and the upright line follow the step."""
    found = seen(run, "binned")
    return _curves(run, found.x, axis("H(bin(T)), bits", 0, 1.08 * found.right), False)


def animated_layer_gradients(run: xr.Dataset) -> Animation:
    """Curves of the gradients' signal-to-noise, on a logarithmic axis."""
    values = check(run).gradient_signal.transpose("step", "seed", "layer").values
    known = values[np.isfinite(values) & (values > 0)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.1, 10.0)
    ends = np.log10([min(low, 0.1) * 0.8, max(high, 10.0) * 1.25])
    upright = axis("signal / noise", float(ends[0]), float(ends[1]), type="log")
    return _curves(run, np.where(values > 0, values, np.nan), upright, True)


def animated_layer_errors(run: xr.Dataset) -> Animation:
    """Curves of the errors, with their spread over seeds."""
    x, errors = epochs(check(run)), 100 * run.error.transpose("step", "seed", "split")
    top = 1.1 * max(5.0, float(errors.max()))
    figure = _beside(run, x, axis("error, %", 0, top))
    ends = {name: float(errors.sel(split=name).values[-1].mean()) for name in SPLITS}
    for name, (colour, width, dash) in SPLITS.items():
        figure.add_trace(line(x, errors.sel(split=name).values.mean(1), colour, f"{name} error", width, dash=dash))
    heights = spaced(np.array([*ends.values()]), 0.075 * top, 0.02 * top, 0.96 * top)
    figure.add_trace(words([x[-1]] * 2, heights, [f" {name}" for name in ends], "middle right", [SOFT_INK, SOFT_INK]))
    both = np.stack([errors.sel(split=name).values.mean(1) for name in SPLITS], axis=-1)
    return Animation(figure, _followers(figure, x, both, [colour for colour, *_ in SPLITS.values()], (0, top)))


def _curves(run: xr.Dataset, values: np.ndarray, upright: dict, log: bool) -> Animation:
    """One curve a layer out of (step, seed, layer), with a band of one deviation and its name at the right end.

    With `log` the mean and the deviation are of the logarithms. Networks without a number, whose gradient has died,
    are left out of both.
    """
    x, colours = epochs(run), layer_colours(run.sizes["layer"])
    scaled = np.log10(values) if log else values
    mean, spread = averages(scaled)
    figure = _beside(run, x, upright)
    low, high = upright["range"]
    if log:
        figure.add_trace(edge([x[0], x[-1]], [1, 1], "as much noise as signal"))
    back = (lambda each: 10**each) if log else (lambda each: each)
    for i, colour in enumerate(colours):
        band = back(np.concatenate([mean[:, i] + spread[:, i], (mean[:, i] - spread[:, i])[::-1]]).clip(low, high))
        name, fill = f"layer {run.layer.values[i]}, one deviation", {"fill": "toself", "fillcolor": colour}
        figure.add_trace(line([*x, *x[::-1]], band, "rgba(0,0,0,0)", name, opacity=0.14, **fill))
    for i, colour in enumerate(colours):
        figure.add_trace(line(x, back(mean[:, i]), colour, f"layer {run.layer.values[i]}", 2))
    known = np.where(np.isfinite(mean[-1]), mean[-1], low)
    heights = spaced(known, 0.075 * (high - low), low, high - 0.04 * (high - low))
    figure.add_trace(
        words([x[-1]] * len(colours), back(heights), [f" {name}" for name in names(run)], "middle right", SOFT_INK)
    )
    return Animation(figure, _followers(figure, x, back(mean), colours, (back(low), back(high))))


def _beside(run: xr.Dataset, x: np.ndarray, upright: dict) -> go.Figure:
    """An empty figure over epochs."""
    figure = blank(left=46, right=RIGHT, top=6, bottom=42)
    last = float(run.attrs["steps"]) / float(run.attrs["steps_per_epoch"])  # planned: the axis stays while it trains
    ends = np.log10([x[0] * 0.9, last])
    ticks = epoch_ticks(float(x[0]), last)
    figure.update_layout(xaxis=axis("epochs", float(ends[0]), float(ends[1]), type="log", **ticks), yaxis=upright)
    return figure


def _followers(
    figure: go.Figure, x: np.ndarray, values: np.ndarray, colours: list[str], ends: tuple[float, float]
) -> tuple[Moving, ...]:
    """An upright line at the chosen step, and a dot on every curve of `values` (step, curves)."""
    first = len(figure.data)
    figure.add_trace(line([], list(ends), SOFT_INK, "chosen step", 1))
    marker = {"size": 8, "color": colours, "line": {"width": 1.5, "color": GROUND}}
    figure.add_trace(go.Scatter(x=[], y=[], mode="markers", name="at the step", hoverinfo="skip", marker=marker))
    across = np.repeat(x[:, None, None], values.shape[1], axis=-1)
    return Moving(first, x=np.repeat(x[:, None, None], 2, axis=-1)), Moving(first + 1, x=across, y=values[:, None])


def _marks(colours: list[str], bracketed: bool) -> go.Scatter:
    marker = {"size": 11, "color": colours, "line": {"width": 1.5, "color": GROUND}}
    bar = {"error_x": {"type": "data", "symmetric": False, "array": [], "arrayminus": [], "color": SOFT_INK,
                       "thickness": 2, "width": 0}}  # fmt: skip
    return go.Scatter(
        x=[], y=[], mode="markers", name="layers", hoverinfo="skip", marker=marker, **(bar if bracketed else {})
    )


def _ticks(entropy: float) -> list[float]:
    """Heights worth a number, none above H(Y)."""
    step = 0.5 if entropy <= 2.2 else 1.0
    return [float(each) for each in np.arange(0, entropy + 0.05, step)]
