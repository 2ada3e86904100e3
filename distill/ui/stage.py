"""The stage: one component that holds sliders and linked views, which follow a slider while it moves.

Nothing runs in Python while a slider is dragged. On release, and when another item is pointed at, the browser says so
and the script (or the fragment around the stage) runs once. What the browser lacks then (`Released.wanted`, the
pictures of `Released.item`) is handed over by `part`.
"""

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from distill.ui.envelope import (
    Moving,
    Packed,
    Pictures,
    Row,
    Slider,
    Stage,
    Thumbnails,
    View,
    pack,
    pack_item,
    pack_step,
)

__all__ = [
    "Moving", "Packed", "Pictures", "Released", "Row", "Slider", "Stage", "Thumbnails", "View",
    "pack", "pack_item", "pack_step", "part", "stage",
]  # fmt: skip

ASSETS = Path(__file__).parents[2] / "assets"
PLOTLY = "4.1.1"

LOADER = """
const base = new URL("{base}/app/static/", location.origin), version = "?v={version}";
const load = (name) => import(new URL("stage/" + name + version, base));
const ready = Promise.all({modules}.map(load)).then(() => load("main.js"));
const plotly = new URL("plotly/plotly-basic.min.js?v={plotly}", base);
export default async (component) => (await ready).{entry}(component, plotly);
"""


@dataclass(frozen=True)
class Released:
    """Where the sliders were let go. `item`: the item pointed at last, if any; `pinned`: it was clicked.

    `wanted`: step indices that were asked for and that the browser does not have. `chosen`: items that were chosen by a
    box, a lasso or the legend. `picked`: what was clicked in a view whose hover is "picks".
    """

    index: int
    step: int
    item: int | None = None
    pinned: bool = False
    wanted: tuple[int, ...] = ()
    chosen: tuple[int, ...] = ()
    picked: int | None = None


def _loader(entry: str) -> str:
    """The component's script: imports the modules from our own static files, under a name that changes with them."""
    modules = sorted((ASSETS / "stage").glob("*.js"))
    version = hashlib.blake2b(b"".join(path.read_bytes() for path in modules), digest_size=6).hexdigest()
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    names = [path.name for path in modules]
    return LOADER.format(base=f"/{base}" if base else "", version=version, modules=names, entry=entry, plotly=PLOTLY)


_stage = st.components.v2.component(
    "distill.stage",
    css=(ASSETS / "stage" / "stage.css").read_text("utf-8"),
    js=_loader("mount"),
    isolate_styles=False,
)
_part = st.components.v2.component("distill.part", js=_loader("receive"), isolate_styles=False)
_serials = itertools.count(1)


def stage(content: Stage | Packed, key: str, on_release: Callable[[], None] | None = None) -> Released:
    """Mount or update the stage `key` and return where its sliders were let go.

    Pass what `pack` returned (cached) rather than a Stage where the content changes seldom: packing takes some
    milliseconds, and equal bytes are not sent again. `on_release` is called before the script runs.
    """
    packed = content if isinstance(content, Packed) else pack(content)
    begun = _beginning(packed, key)
    result = _stage(key=key, data=packed.block(key, *begun), default={"at": None}, on_at_change=on_release or _nothing)
    return _released(result.at, packed, begun)


def part(piece: Packed, key: str) -> None:
    """Hand over to the stage `key` what it asked for: `pack_step(…)` or `pack_item(…)`."""
    digest = hashlib.blake2b(piece.header + piece.body, digest_size=6).hexdigest()
    _part(key=f"{key}-stagepart-{digest}", data=piece.block(key), height=1)


def _memory(key: str) -> str:
    return f"_{key}_beginning"


def _beginning(packed: Packed, key: str) -> tuple[int, int, int]:
    """Index, step and serial to begin at: unchanged while nothing begins anew, so that the bytes stay the same.

    What begins at the last step begins at the last of the steps that are sent: a browser that is busy may see only the
    second of two messages.
    """
    same, last = (packed.identity, packed.revision), packed.steps - 1
    kept = st.session_state.get(_memory(key))
    if kept is None or kept[0] != same or key not in st.session_state:
        kept = (same, (packed.index, packed.step, next(_serials)), packed.step == last)
        st.session_state[_memory(key)] = kept
    (index, step, serial), follows = kept[1:]
    return index, last if follows else step, serial


def _released(at: dict[str, Any] | None, packed: Packed, begun: tuple[int, int, int]) -> Released:
    """What the browser said, where it speaks of this beginning; the last step stays the last as steps are added."""
    same = bool(at) and at.get("subject") == packed.subject
    chosen = tuple(int(item) for item in at.get("chosen") or ()) if same else ()
    if not at or at.get("serial") != begun[2]:
        return Released(begun[0], begun[1], chosen=chosen)
    item, picked = at.get("item"), at.get("picked")
    return Released(
        min(max(int(at["index"]), 0), packed.frames - 1),
        packed.steps - 1 if at.get("last") else min(max(int(at["step"]), 0), packed.steps - 1),
        None if item is None else int(item),
        bool(at.get("pinned")),
        tuple(int(step) for step in at.get("wanted", ()) if 0 <= int(step) < packed.steps),
        chosen,
        None if picked is None else int(picked),
    )


def _nothing() -> None:
    """A state of a component exists only with a callback."""
