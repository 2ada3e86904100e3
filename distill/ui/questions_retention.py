"""The question of design for retention: whether what a code keeps can be chosen."""

import itertools
import json
from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill import objectives
from distill.config import Choice
from distill.figures._animation import Animation, chosen
from distill.figures._factors import NAMES, places_of
from distill.figures._over_beta import measured
from distill.figures._style import note
from distill.figures.controls import animated_equal_bits
from distill.figures.retention import animated_retention
from distill.measures.quantised import bits_of_items
from distill.measures.retention import at_equal_bits, half_points, relevance, retained
from distill.measures.seeds import averaged
from distill.measures.tasks import main_factor, task_weights
from distill.palette import SOFT_INK
from distill.ui.content import of_this_version
from distill.ui.envelope import Stage
from distill.ui.kept_quality_content import indistinct
from distill.ui.kept_retention import controls_of, controls_there, loaded_controls
from distill.ui.kept_retention_content import Controls
from distill.ui.questions_content import Answer, Deeper, at_knob, listed, percent, stage_of, view_of

QUESTION = "Can we choose what a code keeps?"
SHORT = "Design for retention"
HINT = "Drag β to the right: does it let go of things in the order that was asked for?"
CURVES, EQUAL = "What is kept of each factor", "At equal bits"
OTHERS = {
    "PCA": "principal components of as many bits",
    "β-VAE": "a β-VAE, which saw no label",
    "shuffled": "the same network under shuffled labels",
}
DEEPER = Deeper("Kept and discarded: curves and ledger", "pages/3_kept_and_discarded.py", {"part": ""})
ROOM = 76  # pixels at the right, for the name of the largest weight
USEFUL = 0.5  # error below which a code is of use for its label
WEIGH = "(“What matters”, on Kept and discarded)"


def answer(run: xr.Dataset) -> Answer:
    """The answer of `run`, loaded.

    Raises:
        DistillError: for a run of another version, and for one whose factors were not probed.
    """
    seeded, run = run, averaged(measured(of_this_version(run), "factor_kept", "probed factors"))
    if len(task_weights(run)) > 1:
        return _weighed(run)
    controls = loaded_controls(run, controls_there(controls_of(run)))

    def build(choice: Choice) -> Stage:
        view = view_of(EQUAL, animated_equal_bits(seeded, controls), _equal_words(run, controls))
        return stage_of(run, "retention", view, choice)

    return Answer(build, _compared(run, controls), _not_compared(run), (DEEPER,), run, beside(run))


def beside(run: xr.Dataset) -> tuple[object, ...]:
    """What the answer depends on beside the run: the controls that there are."""
    return tuple((each.id, each.stamp, len(each.variables)) for each in controls_there(controls_of(run)).values())


def _weighed(run: xr.Dataset) -> Answer:
    """Where Y is several factors with weights of their own: retention over β, with the weights marked."""

    def build(choice: Choice) -> Stage:
        view = view_of(CURVES, marked(animated_retention(run), run), _curves_words(run))
        return stage_of(run, "retention", view, choice)

    return Answer(build, _order(run), _not_order(run), (DEEPER,), run)


def marked(animation: Animation, run: xr.Dataset) -> Animation:
    """The same with a line where β is the weight of a factor that Y consists of, named above the plot.

    Of independent factors the exact bottleneck keeps each up to β = its weight: Σ w_s I(Z;s) − β I(X;Z) is a sum of one
    term a factor, (w_s − β) I(Z;s) at best. Only where the knob is this β.
    """
    figure = go.Figure(animation.figure)
    if json.loads(run.attrs["config"])["objective"] != "vib":
        return animation
    low, high = figure.layout.yaxis.range
    weights = sorted(task_weights(run).items(), key=lambda each: each[1])
    for name, weight in weights:
        place = float(places_of(run.beta.values, [weight])[0])
        if not 0 < place < run.sizes["beta"]:
            continue
        look = {"mode": "lines", "hoverinfo": "skip", "line": {"color": SOFT_INK, "width": 1.4, "dash": "dot"}}
        figure.add_trace(go.Scatter(x=[place, place], y=[low, high], name=f"weight of {name}", **look))
        side = "left" if weight == weights[-1][1] else "right"  # of two that stand near one another
        figure.add_annotation(note(f"{name}: {weight:g}", place, 1, yref="y domain", yanchor="bottom", xanchor=side))
    figure.layout.margin.update(t=max(24, figure.layout.margin.t), r=max(ROOM, figure.layout.margin.r))
    return Animation(figure, animation.motions)


def _curves_words(run: xr.Dataset) -> str:
    vib = json.loads(run.attrs["config"])["objective"] == "vib"
    exact = " Dotted: the weights, up to which the exact bottleneck keeps independent factors." if vib else ""
    return (
        f"What {NAMES['logistic']} finds in one sampled code: {run.sizes['point']} test items, bands 90 %. Ticks at "
        f"the left: raw inputs.{exact}"
    )


def _equal_words(run: xr.Dataset, controls: Controls) -> str:
    beside = "" if controls else " Controls can be trained on Kept and discarded."
    return (
        f"The share of its bits that {NAMES['logistic']} finds of each factor, {run.sizes['point']} test items, one "
        f"code each; columns are codes of as many bits I(X;Z). Bars: 90 %.{beside}"
    )


def _order(run: xr.Dataset) -> str:
    """In which order the factors go, in numbers: those that were weighed, and the others."""
    weights, found = task_weights(run), half_points(run)
    names = sorted(weights, key=weights.__getitem__)
    ends = {str(name): _end(found, i) for i, name in enumerate(run.factor.values)}
    asked = " and of ".join(f"{name} (weight {weights[name]:g}) {_until(run, found, name)}" for name in names)
    order = [ends[name] for name in names]
    obeyed = all(a < b for a, b in itertools.pairwise(order)) and len({*weights.values()}) == len(weights)
    so = "yes, in the order of its weights" if obeyed else "not in the order of the weights here"
    others = {name: end for name, end in ends.items() if name not in weights}
    last = max(others, key=others.__getitem__, default=None)
    rest = "" if last is None else f" {_rest(run, found, others, last, min(order))}"
    return f"{so}: the code lets go of {asked}.{rest}"


def _end(found: xr.Dataset, i: int) -> float:
    """The place up to which a factor is above half: before the first β, along them, or beyond the last."""
    status = str(found.status.values[i])
    return -1.0 if status == "never above half" else np.inf if status != "ranked" else float(found.place[i])


def _until(run: xr.Dataset, found: xr.Dataset, name: str) -> str:
    at = found.sel(factor=name)
    status = str(at.status.item())
    return f"at {at_knob(run, float(at.beta))}" if status == "ranked" else f"at no β ({status})"


def _rest(run: xr.Dataset, found: xr.Dataset, others: Mapping[str, float], last: str, first: float) -> str:
    if others[last] < 0:
        return "Of the others it has less than half at every β."
    when = "before either" if others[last] < first else "but not all of them first"
    return f"What nobody asked for falls below half {when}, {last} last, {_until(run, found, last)}."


def _not_order(run: xr.Dataset) -> str:
    return (
        f"that the rest is gone: {_left(run)}. A linear probe gives lower bounds, of {run.sizes['point']} items and "
        f"{_seeds(run)}."
    )


def _left(run: xr.Dataset) -> str:
    """What is still in the code of what was not asked for, and how little of it is found, where a look begins."""
    index = chosen(run, Choice())[1]
    at = run.sel(split="test").isel(step=-1, beta=index)
    rest = max(0.0, float(at.information_x - at.information_y))
    others = [str(name) for name in run.factor.values if str(name) not in task_weights(run)]
    bits = f"at {at_knob(run, run.beta.values[index])} the code still has {rest:.1f} bits about other things, I(X;Z|Y)"
    if not others or not np.isfinite(rest):
        return "there is nothing else among these factors" if not others else "its bits have no number"
    row = retained(run).share.sel(factor=others).isel(beta=index).values
    found = percent(max(0.0, float(row.max())))
    return f"{bits}, of which this probe finds no more than {found} of any other factor"


def _compared(run: xr.Dataset, controls: Controls) -> str:
    """What other codes of as many bits keep of what this one was trained for."""
    bits, name = bits_of_items(run), main_factor(run)
    if np.isnan(bits).any():
        return "what a code without noise keeps; it has no bits at which another could be laid beside it."
    at = _where(run, bits)
    mine = _shares(retained(run), name, at)
    others = {title: each for title, each in _others(run, controls, name, at).items() if np.isfinite(each[0])}
    saw = "which saw no label" if _blind(run) else f"trained for {name}"
    found = f"at {max(bits[at], 0):.1f} bits ({at_knob(run, run.beta.values[at])}) a linear probe finds"
    found = f"{found} {percent(mine[0])} of {name} in the code, {saw}"
    if not others:
        return f"{found}; there is no other code to compare with yet."
    said = listed([f"{percent(each[0])} in {OTHERS.get(title, title)}" for title, each in others.items()])
    apart = mine[1] > max(each[2] for each in others.values()) and not _blind(run)
    return f"{found}, but {said}: what was asked for decides what is kept." if apart else f"{found}, and {said}."


def _blind(run: xr.Dataset) -> bool:
    return bool(objectives.load(json.loads(run.attrs["config"])["objective"]).decoder_note)


def _where(run: xr.Dataset, bits: np.ndarray) -> int:
    """The strongest β whose error cannot be told from the least; where there are no errors, that of a first look."""
    error = run.error_one.sel(split="test").isel(step=-1).values
    if not error.min() < USEFUL or _blind(run):  # nor where the label is hardly learned, as a shuffled one
        return chosen(run, Choice())[1]
    alike = indistinct(error, float(run.samples.sel(split="test")[-1]))
    return int(alike[np.argmin(bits[alike])])


def _others(run: xr.Dataset, controls: Controls, name: str, at: int) -> dict[str, tuple[float, ...]]:
    """Title → share of the factor in another code of as many bits, and its interval; NaN where there is none."""
    found = {title: at_equal_bits(run, other) for title, other in controls}
    if "pca_kept" in run:
        found = {"PCA": retained(run, "pca")} | found
    return {
        title: _shares(each, name, at, float(retained(run).entropy.sel(factor=name))) for title, each in found.items()
    }


def _shares(found: xr.Dataset, name: str, at: int, entropy: float = np.nan) -> tuple[float, ...]:
    """The share kept of a factor and the ends of its 90 % interval."""
    whole = float(found.entropy.sel(factor=name)) if "entropy" in found else entropy
    row = found[["kept", "kept_low", "kept_high"]].sel(factor=name).isel(beta=at)
    return tuple(max(float(row[each]), 0.0) / whole if whole > 0 else np.nan for each in row.data_vars)


def _not_compared(run: xr.Dataset) -> str:
    asked = relevance(run)
    others = [str(name) for name in run.factor.values[asked.nuisance.values]]
    names = f" ({listed(others)})" if others else ""
    return (
        f"a choice among things that no label names{names}: for that each takes a weight of its own {WEIGH}. A linear "
        f"probe gives lower bounds, of {run.sizes['point']} items and {_seeds(run)}."
    )


def _seeds(run: xr.Dataset) -> str:
    seeds = json.loads(run.attrs["config"]).get("seeds", 1)
    return "one seed" if seeds == 1 else f"{seeds} seeds"
