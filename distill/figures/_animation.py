"""A figure whose traces follow β and the training step; at one β and step it is a plain plotly Figure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.errors import InvalidValue

YAW, PITCH = 0.6, 0.35  # radians, from where a figure of three dimensions is seen at first
FIRST_BETA = 0.01  # where a look begins at a run that does not say: most nuisance is gone, most of the label there
Values = np.ndarray | Mapping[int, np.ndarray | None] | None


@dataclass(frozen=True)
class Moving:
    """One trace of a figure that follows β and the training step; None leaves what the figure says.

    `x`, `y`, `low`, `high`: (beta, n), or (step, beta, n), or (step, 1, n) where every β has the same, or {step index:
    (beta, n)} where few steps are kept (None for one that a browser is sent when it asks); NaN draws nothing. `low`
    and `high` are the two ends of an interval, along the axis whose error_x or error_y the figure's trace has. `text`:
    strings, alike. `z`, alike, makes the trace one of three dimensions, drawn as `seen` says.
    """

    trace: int
    x: Values = None
    y: Values = None
    low: Values = None
    high: Values = None
    text: Sequence | None = None
    z: Values = None


@dataclass(frozen=True)
class Animation:
    """A figure and what in it moves."""

    figure: go.Figure
    motions: tuple[Moving, ...]

    def at(self, run: xr.Dataset, choice: Choice) -> go.Figure:
        """The figure at the chosen β and step; the one given stays as it is."""
        step, beta = chosen(run, choice)
        figure = go.Figure(self.figure)
        for motion in self.motions:
            trace, x, y = figure.data[motion.trace], taken(motion.x, step, beta), taken(motion.y, step, beta)
            if motion.z is not None:
                x, y = seen(x, y, taken(motion.z, step, beta))
            for name, values in (("x", x), ("y", y)):
                if values is not None:
                    trace[name] = values
            if motion.text is not None:
                trace.text = list(taken(np.asarray(motion.text, dtype=object), step, beta))
            if motion.low is not None:
                low, high = taken(motion.low, step, beta), taken(motion.high, step, beta)
                trace.error_x.update(array=high - trace.x, arrayminus=trace.x - low)
        return figure


def repeated(values: Sequence[float] | np.ndarray, count: int) -> np.ndarray:
    """The same values (n,) at each of `count` places, (count, n): what stands, drawn in order with what moves."""
    return np.repeat(np.asarray(values, float)[None], count, axis=0)


def seen(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where points of three dimensions are drawn: turned by YAW about the upright axis, then tipped by PITCH, flat."""
    back = np.cos(YAW) * z - np.sin(YAW) * x
    return np.cos(YAW) * x + np.sin(YAW) * z, np.cos(PITCH) * y - np.sin(PITCH) * back


def chosen(run: xr.Dataset, choice: Choice) -> tuple[int, int]:
    """The step index and the β index that a choice says; a run without β has one place for it, 0.

    Raises:
        InvalidValue: for an index that the run does not have.
    """
    steps, betas = run.sizes["step"], run.sizes.get("beta", 1)
    step = steps - 1 if choice.step is None else choice.step
    beta = _first(run) if choice.beta is None else choice.beta
    for name, value, count in (("step", step, steps), ("beta", beta, betas)):
        if not -count <= value < count:
            raise InvalidValue(f"{name} {value} is not among the run's {count}: 0 to {count - 1}")
    return step % steps, beta % betas


def _first(run: xr.Dataset) -> int:
    """The β nearest to the one at which the run's knob says that a look begins; the middle where that is an end.

    The grid of a data set may lie beyond its knob's default, where a first look would show nothing squeezed.
    """
    if "beta" not in run.sizes:
        return 0
    value = json.loads(run.attrs.get("knob", "{}")).get("default", FIRST_BETA)
    place, count = int(np.argmin(np.abs(run.beta.values - value))), run.sizes["beta"]
    return count // 2 if place <= count // 8 and count > 2 else place


def taken(values: Values, step: int, beta: int) -> np.ndarray | None:
    """What an array of a Moving holds at one step and β; of few kept steps, the nearest."""
    if values is None:
        return None
    if isinstance(values, Mapping):
        return values[min(values, key=lambda kept: abs(kept - step))][beta]
    return values[step, min(beta, values.shape[1] - 1)] if values.ndim == 3 else values[beta]


def code_places(run: xr.Dataset) -> list[int]:
    """The step indices at which the run has kept its codes."""
    return [int(np.flatnonzero(run.step.values == step)[0]) for step in run.code_step.values]
