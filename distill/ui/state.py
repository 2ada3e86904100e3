"""What a person looks at, as one typed and checked object: the same object is the link (the page's query parameters).

Widgets are not bound to the URL. A page reads `current()`, gives widgets their values from it, and writes what was
chosen with `remember`.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from distill import registry
from distill.config import Choice
from distill.errors import DistillError, InvalidValue
from distill.sidefiles import check_id
from distill.ui import tables

COLOUR = re.compile(r"[^<>\x00-\x1f]{1,95}")  # columns of a table have any name; which there are, the run knows
MOST_OVERLAYS = 6  # as many as there are colours for
PARTS = (
    "claims",  # of the Information plane
    "inputs", "items", "quality", "classes",  # of Kept and discarded
    "knowledge", "semantic", "retrieval",  # of the Shannon wall
    "sparsity", "students",  # of Compressed models
    "retention", "limit", "abstraction", "reference",  # of Questions
)  # fmt: skip
PROBES = ("logistic", "mlp")
SOURCES = ("letters", "gaussian", "table")  # of the Exact page
DIMS = ("2", "3")  # of a map
MOST_ITEMS = 2000  # as many as a configuration may measure
MOST_STEPS = 10**9  # more optimiser steps than the longest run that a configuration allows to be useful


@dataclass(frozen=True)
class State:
    """One place in the program; what is not said is left to the page.

    Attributes:
        run: id of the run, twelve hex digits, or "".
        data: name of a data set, or "".
        objective: name of an objective, or "".
        beta: compression strength, a value and not an index; finite, ≥ 0.
        step: optimiser step; None is the last.
        colour, map, split, scale, estimator: how the run is shown, as in Choice; "" is the default.
        overlay: ids of runs that are drawn beside it, with commas between them.
        part: the part of a page that has several; "" is its first.
        source, table, rho: what the Exact page is about: letters, gaussian or table; a joint table, a preset's name or
            as tables.written wrote it; correlations. "" is the default.
        layers: ids of the one or two runs of the Layers page, with a comma between them.
        epoch: where that page's slider stands; None is the last.
        item: place of an item among the stored ones; None is none.
        other: a second β, beside which the first is seen; a value, None is the weakest.
        dimension: a latent dimension, counted from 0; None is the one that carries most. dims: "3" for a map of three
            dimensions; "" is two.
        probe: what reads factors out of codes, logistic or mlp; "" is logistic.
        wall, shrink: id of the run of the Shannon wall, and of that of Compressed models.
        at: where the slider of these pages stands, a value: bits, a share, units, a number of items; None is the
            page's own beginning.
    """

    run: str = ""
    data: str = ""
    objective: str = ""
    beta: float | None = None
    step: int | None = None
    colour: str = ""
    map: str = ""
    split: str = ""
    scale: str = ""
    estimator: str = ""
    overlay: str = ""
    part: str = ""
    source: str = ""
    table: str = ""
    rho: str = ""
    layers: str = ""
    epoch: float | None = None
    item: int | None = None
    other: float | None = None
    probe: str = ""
    dimension: int | None = None
    dims: str = ""
    wall: str = ""
    shrink: str = ""
    at: float | None = None

    def to_params(self) -> dict[str, str]:
        """The query parameters that say this state; only what is said."""
        return {name: _written(value) for name, value in asdict(self).items() if value not in ("", None)}

    def beta_index(self, betas: Sequence[float], default: int) -> int:
        """The place in `betas` nearest to the chosen β (log β; 0 only to itself), or `default` where none is chosen."""
        if self.beta is None:
            return default
        return min(range(len(betas)), key=lambda i: _distance(float(betas[i]), self.beta))

    def step_index(self, steps: Sequence[int]) -> int:
        """The place in `steps` nearest to the chosen step, or the last one where none is chosen."""
        if self.step is None:
            return len(steps) - 1
        return min(range(len(steps)), key=lambda i: abs(int(steps[i]) - self.step))


def from_params(params: Mapping[str, str]) -> tuple[State, list[str]]:
    """The state that query parameters say, and one plain sentence for each value that was wrong and left out.

    Parameters that the program does not know are left out silently.
    """
    values: dict[str, Any] = {}
    complaints: list[str] = []
    for name, read in READERS.items():
        text = params.get(name, "").strip()
        if text:
            try:
                values[name] = read(text)
            except DistillError as error:
                complaints.append(f"{begun(str(error))}. The default is shown instead.")
    return State(**values), complaints


def current() -> State:
    """The state that the address says now."""
    return from_params(st.query_params)[0]


def remember(state: State) -> None:
    """Makes `state` the page's address, where it is not that already; unknown and wrong parameters go."""
    params = state.to_params()
    if st.query_params.to_dict() != params:
        st.query_params.from_dict(params)


def begun(sentence: str) -> str:
    """`sentence` with a capital first letter, but for a symbol: β stays β."""
    return sentence[:1].upper() + sentence[1:] if sentence[:1].isascii() else sentence


def _written(value: str | float) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _distance(a: float, b: float) -> float:
    if a == b:
        return 0.0
    return abs(math.log(a / b)) if a > 0 and b > 0 else abs(a - b) + 1e6  # zero has no logarithm: the last resort


def _read_beta(text: str) -> float:
    try:
        beta = float(text)
    except ValueError:
        beta = math.nan
    if not (math.isfinite(beta) and beta >= 0):
        raise InvalidValue(f"β = {text[:60]} in the link is not a compression strength: it must be a number ≥ 0")
    return beta + 0.0  # −0 becomes 0


def _read_step(text: str) -> int:
    digits = text.isascii() and text.isdigit() and len(text) <= 10
    if not digits or int(text) > MOST_STEPS:
        raise InvalidValue(f"step = {text[:60]} in the link is not a training step: it must be a whole number ≥ 0")
    return int(text)


def _read_item(text: str) -> int:
    digits = text.isascii() and text.isdigit() and len(text) <= 4
    if not digits or int(text) > MOST_ITEMS:
        raise InvalidValue(
            f"item = {text[:60]} in the link is no item: it must be a whole number from 0 to {MOST_ITEMS}"
        )
    return int(text)


def _read_choice(name: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        Choice(**{name: text[:60]})
        return text

    return read


def _read_colour(text: str) -> str:
    if not COLOUR.fullmatch(text):
        raise InvalidValue(f"colour = {text[:60]} in the link is not the name of a factor")
    return text


def _read_name(folder: str) -> Callable[[str], str]:
    return lambda text: registry.check(folder, text[:60])


def _read_run(text: str) -> str:
    return check_id(text.lower())


def _read_runs(text: str) -> str:
    ids = list(dict.fromkeys(check_id(each.strip().lower()) for each in text[:400].split(",") if each.strip()))
    if len(ids) > MOST_OVERLAYS:
        raise InvalidValue(f"overlay names {len(ids)} runs; at most {MOST_OVERLAYS} are drawn beside one")
    return ",".join(ids)


def _read_part(text: str) -> str:
    if text not in PARTS:
        raise InvalidValue(f"part = {text[:60]} in the link is no part of a page; there are {', '.join(PARTS)}")
    return text


def _read_dimension(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise InvalidValue(f"dimension = {text[:60]} in the link is no latent dimension: it must be a whole number ≥ 0")
    return int(text)


def _read_dims(text: str) -> str:
    if text not in DIMS:
        raise InvalidValue(f"dims = {text[:60]} in the link is not one of {', '.join(DIMS)}")
    return text


def _read_probe(text: str) -> str:
    if text not in PROBES:
        raise InvalidValue(f"probe = {text[:60]} in the link is not one of {', '.join(PROBES)}")
    return text


def _read_source(text: str) -> str:
    if text not in SOURCES:
        raise InvalidValue(f"source = {text[:60]} in the link is not one of {', '.join(SOURCES)}")
    return text


def _read_table(text: str) -> str:
    tables.read(text)
    return text


def _read_rho(text: str) -> str:
    return ", ".join(f"{rho:g}" for rho in tables.correlations(text))


def _read_layers(text: str) -> str:
    ids = [check_id(each.strip().lower()) for each in text[:400].split(",") if each.strip()]
    if len(ids) > 2:
        raise InvalidValue(f"layers names {len(ids)} runs in the link; at most two stand beside each other")
    return ",".join(ids)


def _read_epoch(text: str) -> float:
    try:
        epoch = float(text)
    except ValueError:
        epoch = math.nan
    if not (math.isfinite(epoch) and epoch >= 0):
        raise InvalidValue(f"epoch = {text[:60]} in the link is no time of a training: it must be a number ≥ 0")
    return epoch + 0.0


def _read_at(text: str) -> float:
    try:
        place = float(text)
    except ValueError:
        place = math.nan
    if not (math.isfinite(place) and place >= 0):
        raise InvalidValue(f"at = {text[:60]} in the link is no place of a slider: it must be a number ≥ 0")
    return place + 0.0


READERS: Mapping[str, Callable[[str], Any]] = {
    "run": _read_run,
    "data": _read_name("datasets"),
    "objective": _read_name("objectives"),
    "beta": _read_beta,
    "step": _read_step,
    "colour": _read_colour,
    "map": _read_choice("map"),
    "split": _read_choice("split"),
    "scale": _read_choice("scale"),
    "estimator": _read_choice("estimator"),
    "overlay": _read_runs,
    "part": _read_part,
    "source": _read_source,
    "table": _read_table,
    "rho": _read_rho,
    "layers": _read_layers,
    "epoch": _read_epoch,
    "probe": _read_probe,
    "item": _read_item,
    "dimension": _read_dimension,
    "dims": _read_dims,
    "other": _read_beta,
    "wall": _read_run,
    "shrink": _read_run,
    "at": _read_at,
}
