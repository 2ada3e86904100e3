"""One frozen run as another estimator sees it: its last step, the test items whose codes it keeps."""

import json

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.figures._animation import Moving
from distill.measures.entropies import entropy_bits
from distill.measures.estimators import ESTIMATORS, estimates
from distill.measures.limits import ceiling_x
from distill.measures.seeds import averaged
from distill.palette import INK

__all__ = ["SIDES", "redrawn", "truth_sides"]

X, Y = ("information_x", "information_x_error"), ("information_y", "information_y_error")
SIDES = {
    "bound above": "An upper bound: the truth lies left of each mark.",
    "bound below": "A lower bound: the truth lies right of each mark.",
    "neither": "No bound.",
}
LENGTH = 0.022  # of the axis: the tail that points to where the truth lies


def redrawn(run: xr.Dataset, name: str, found: xr.Dataset | None = None) -> xr.Dataset:
    """`run` at its last step, test items, with I(X;Z) and I(Z;Y) by the estimator `name`; `found`: made before.

    Only the codes of the last step's test items are in a run, so there is no path through training and no training
    split. I(Z;Y) of a continuous Y stays the run's own. Attributes: `estimator`, the name, and `kind`, as in
    `estimates`.

    Raises:
        UnknownName: for an estimator that does not exist.
        InvalidValue: for codes that it cannot measure.
    """
    found = estimates(run, name, "test") if found is None else found
    last = averaged(run).isel(step=[-1]).sel(split=["test"])
    known = (*X, *Y) if bool(found.information_y.notnull().any()) else X
    over = {"step": last.step.values, "split": last.split.values}
    values = {each: found[each].expand_dims(over).transpose("step", "beta", "split") for each in known}
    values["samples"] = xr.full_like(last.samples, found.attrs["samples"])
    values["ceiling"] = xr.full_like(last.samples, found.attrs["ceiling"], dtype=float)
    values["whole_x"] = ceiling_x(last, "test").expand_dims(split=last.split).transpose("step", "split")
    if "joint" not in run and "covariance_xy" not in run:  # else I(X;Y) is the distribution's, whatever the items
        entropy = xr.full_like(last.entropy_y, entropy_bits(run.label.values))
        values |= {"entropy_y": entropy, "information_xy": entropy, "whole_x": np.log2(values["samples"].astype(float))}
    own = [f"{each}_spread" for each in (X[0], Y[0]) if f"{each}_spread" in last]
    said = json.loads(run.attrs.get("estimators", "{}")) | dict.fromkeys(
        (each for each in (X[0], Y[0]) if each in known), f"{found.attrs['title']}: {found.attrs['estimator']}"
    )
    about = {"estimator": name, "kind": ESTIMATORS[name].kind, "estimators": json.dumps(said)}
    return last.drop_vars(own).assign(values).assign_attrs(about)


def truth_sides(figure: go.Figure, x: np.ndarray, y: np.ndarray, kind: str) -> tuple[Moving, ...]:
    """A short tail at every mark (step, beta) towards where the truth lies; none where the estimate is no bound."""
    if kind not in ("bound above", "bound below"):
        return ()
    long = LENGTH * float(figure.layout.xaxis.range[1]) * (1 if kind == "bound below" else -1)
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="lines", name="towards the truth", hoverinfo="skip", line={"color": INK, "width": 2.4},
        opacity=0.45,
    ))  # fmt: skip
    gap, flat = np.full(x.shape, np.nan), (len(x), 1, -1)
    tails = np.stack([x, x + long, gap], axis=-1), np.stack([y, y, gap], axis=-1)
    return (Moving(len(figure.data) - 1, x=tails[0].reshape(flat), y=tails[1].reshape(flat)),)
