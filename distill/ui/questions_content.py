"""What the five parts of the Questions page share: what an answer is, and the stage of its one figure."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, chosen
from distill.figures._style import caption, in_knob, items_in_words, knob_ticks, knob_values, said_of
from distill.measures.seeds import averaged
from distill.palette import DARK
from distill.ui.envelope import Slider, Stage, View
from distill.ui.headline import Cell


@dataclass(frozen=True)
class Deeper:
    """Where one can go deeper: the words of the link, the page's file, and what its address says otherwise."""

    label: str
    file: str
    changes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """One question, answered for one run: its figure, two sentences, and where to go on.

    `build` makes the stage; `same` is what its content depends on beside the run. The slider walks the βs of `walked`.
    """

    build: Callable[[Choice], Stage]
    shows: str
    shows_not: str
    deeper: tuple[Deeper, ...]
    walked: xr.Dataset
    same: tuple[object, ...] = ()


def stage_of(run: xr.Dataset, part: str, view: View, choice: Choice, headline: list[list[Cell]] | None = None) -> Stage:
    """One large view of `run` at the end of its training; the slider is β."""
    knob = json.loads(run.attrs["knob"])
    return Stage(
        views=(view,),
        slider=Slider(knob["label"], knob_values(run), chosen(run, choice)[1], knob_ticks(run)),
        identity=f"questions {part} {run.attrs['id']} {run.attrs.get('stamp', '')}",
        headline=headline or [],
        caption=caption(averaged(run)),
        filename=f"distill-questions-{part or 'ratio'}-{run.attrs['id']}",
        palette=DARK,
    )


def view_of(name: str, animation: Animation, words: str, hover: str | None = None) -> View:
    """A view called `name` of an animation, with its estimators and items in `words`."""
    return View(name, animation.figure, animation.motions, name, words, hover)


def at_knob(run: xr.Dataset, value: float) -> str:
    """A value of the run's knob with its symbol: β = 0.032."""
    return f"{json.loads(run.attrs['knob'])['symbol']} = {in_knob(run, float(value))}"


def counted(run: xr.Dataset) -> str:
    """What the last step's test numbers are of: N items, or a known distribution."""
    return items_in_words(run, "test", int(run.samples.sel(split="test")[-1]))


def estimated(run: xr.Dataset, *names: str) -> str:
    """How these variables were found: I(X;Z) mixture …"""
    symbols = {"information_x": "I(X;Z)", "information_y": "I(Z;Y)"}
    return ", ".join(f"{symbols.get(name, name)}: {said_of(run, name)}" for name in names)


def listed(words: Sequence[str]) -> str:
    """a; a and b; a, b and c."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def percent(share: float) -> str:
    """97 %; 2.7 % where it is small."""
    return f"{100 * share:.1f} %" if 0 < share < 0.0995 else f"{100 * share:.0f} %"
