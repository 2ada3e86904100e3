"""What the stage shows, and the one block of bytes in which it travels to the browser.

Layout of the block: u32 length of the JSON header, u16 index and u16 step index to begin at, u32 serial of that
beginning, u32 length of the stage's key, the key, the header, then the arrays that the header refers to; each of
these begins at a multiple of four bytes. Little-endian throughout.
"""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from distill.errors import InvalidValue
from distill.figures._animation import PITCH, YAW, Moving, Values
from distill.ui.packing import Packer, figure_json
from distill.ui.picture_rows import Pictures, Thumbnails, pack_pictures, pack_thumbnails
from distill.ui.picture_rows import Row as Row

PREFIX = struct.Struct("<IHHII")


@dataclass(frozen=True)
class View:
    """A figure with fixed axis ranges and margins, in a region called `name`.

    `hover`: "items" (the traces' customdata are item numbers), "frames" (they are frame numbers), "picks" (they are
    numbers of what can be clicked, side by side along x) or None. `choosing`: items can be chosen by a box or a lasso,
    and by `legend`, (trace, text, colour) of what the colours mean. `still`: nothing in it follows a slider. A view
    with traces that have a z can be turned.
    """

    name: str
    figure: go.Figure
    moving: tuple[Moving, ...] = ()
    title: str = ""
    subtitle: str = ""
    hover: str | None = None
    choosing: bool = False
    legend: Sequence[tuple[int, str, str]] = ()
    still: bool = False


@dataclass(frozen=True)
class Slider:
    """`values` are what is read at each place; `ticks` are (place, label); `speed` is places a second in play."""

    label: str
    values: Sequence[str]
    index: int = 0
    ticks: Sequence[tuple[int, str]] = ()
    speed: float = 8.0


@dataclass(frozen=True)
class Stage:
    """Everything that one stage shows.

    `headline`: for every frame (or step, then frame) a list of (value, caption, tooltip), the same number each time.
    `identity`: content of the same identity is updated in place and keeps slider, zoom and hover; another identity
    starts anew at `slider.index` and `second.index`. Raise `revision` to move the sliders of the same identity.
    `subject`: content of the same subject has the same items, so that those that are chosen stay so.
    `palette`: {light hex: dark hex} for the colours of the figures.
    """

    views: tuple[View, ...]
    slider: Slider
    identity: str
    second: Slider | None = None
    headline: Sequence = ()
    pictures: Pictures | None = None
    thumbnails: Thumbnails | None = None
    caption: str = ""
    filename: str = "figure"
    palette: Mapping[str, str] = field(default_factory=dict)
    revision: int = 0
    subject: str = ""


@dataclass(frozen=True)
class Packed:
    """The block without its beginning; safe to cache, since it does not change when a slider moves."""

    header: bytes
    body: bytes
    identity: str = ""
    revision: int = 0
    index: int = 0
    step: int = 0
    frames: int = 1
    steps: int = 1
    subject: str = ""

    def block(self, key: str, index: int = 0, step: int = 0, serial: int = 0) -> bytes:
        """The bytes for the stage `key` in the browser, beginning at `index` and `step`."""
        name = key.encode()
        prefix = PREFIX.pack(len(self.header), index, step, serial, len(name))
        return prefix + name + b" " * (-len(name) % 4) + self.header + self.body


def pack(content: Stage) -> Packed:
    """`content` as bytes.

    Raises:
        InvalidValue: a trace that the figure does not have, frames that do not match the slider, an axis without range.
    """
    packer, frames = Packer(), len(content.slider.values)
    steps = len(content.second.values) if content.second else 1
    _within("slider index", content.slider.index, frames)
    _within("step index", content.second.index if content.second else 0, steps)
    header: dict[str, Any] = {
        "identity": content.identity,
        "frames": frames,
        "steps": steps,
        "views": [_view(view, packer, frames, steps) for view in content.views],
        "sliders": [_slider(slider) for slider in (content.slider, content.second) if slider],
        "headline": _headline(content.headline, packer, frames, steps),
        "pictures": pack_pictures(content.pictures, packer, frames),
        "thumbnails": pack_thumbnails(content.thumbnails, packer),
        "caption": content.caption,
        "filename": content.filename,
        "subject": content.subject,
        "palette": {light.lower(): dark for light, dark in content.palette.items()},
    }
    return _sealed(header, packer, content)


def pack_step(step: int, views: Mapping[str, Sequence[Moving]], figures: Mapping[str, go.Figure]) -> Packed:
    """The (frames, n) values of one step of the second slider, for traces whose other steps were sent before.

    `views` and `figures` are keyed by the views' names; a figure is only asked for its axis ranges.
    """
    packer = Packer()
    parts = [
        {"view": name, "moving": [_moving(each, figure_json(figures[name]), packer, name) for each in moving]}
        for name, moving in views.items()
    ]
    return Packed(packer.head({"step": step, "views": parts}), packer.body())


def pack_item(item: int, rows: Sequence[np.ndarray]) -> Packed:
    """The pictures of one item, in the order of the stage's rows: uint8 (h, w[, 3]) or (frames, h, w[, 3])."""
    packer = Packer()
    pictures = [packer.raw(row, np.uint8) for row in rows]
    return Packed(packer.head({"item": item, "rows": pictures}), packer.body())


def _sealed(header: dict[str, Any], packer: Packer, content: Stage) -> Packed:
    body = packer.body()
    seal = hashlib.blake2b(packer.head(header) + body, digest_size=8).hexdigest()
    second = content.second.index if content.second else 0
    return Packed(
        packer.head(header | {"version": seal}), body, content.identity, content.revision,
        content.slider.index, second, header["frames"], header["steps"], content.subject,
    )  # fmt: skip


def _view(view: View, packer: Packer, frames: int, steps: int) -> dict[str, Any]:
    if view.hover not in (None, "items", "frames", "picks"):
        raise InvalidValue(f"hover of view '{view.name}' is {view.hover!r}; allowed: 'items', 'frames', 'picks', None")
    figure = figure_json(view.figure)
    for each in view.moving:
        if not 0 <= each.trace < len(figure["data"]):
            raise InvalidValue(f"view '{view.name}' has {len(figure['data'])} traces; there is no trace {each.trace}")
        for array in (each.x, each.y, each.z, each.low, each.high):
            _check_shape(array, view.name, frames, steps)
    moving = [_moving(each, figure, packer, view.name) for each in view.moving]
    for each in view.moving:  # sent frame by frame, so not once more with the figure
        given = {"x": each.x, "y": each.y, "text": each.text}
        figure["data"][each.trace].update({name: [] for name, value in given.items() if value is not None})
    return {
        "name": view.name, "title": view.title, "subtitle": view.subtitle, "hover": view.hover,
        "choosing": view.choosing, "legend": [list(each) for each in view.legend], "still": view.still,
        "seen": [YAW, PITCH] if any(each.z is not None for each in view.moving) else None,
        "figure": {"data": packer.tree(figure["data"]), "layout": packer.tree(figure["layout"])}, "moving": moving,
    }  # fmt: skip


def _check_shape(array: Values, name: str, frames: int, steps: int) -> None:
    parts = list(array.values()) if isinstance(array, Mapping) else [array] if array is not None else []
    for part in filter(lambda each: each is not None, parts):
        shape = np.shape(part)
        if shape[:-1] not in ((frames,), (steps, frames), (steps, 1)):
            allowed = f"({frames}, n)" + (f" or ({steps}, {frames}, n)" if steps > 1 else "")
            raise InvalidValue(f"moving values of view '{name}' have shape {shape}; allowed: {allowed}")


def _moving(each: Moving, figure: dict[str, Any], packer: Packer, name: str) -> dict[str, Any]:
    trace = figure["data"][each.trace]
    ends = "y" if "error_y" in trace and "error_x" not in trace else "x"
    record: dict[str, Any] = {"trace": each.trace, "ends": ends}
    for key, values, along in (
        ("x", each.x, "x"),
        ("y", each.y, "y"),
        ("z", each.z, "x"),
        ("low", each.low, ends),
        ("high", each.high, ends),
    ):
        if values is not None:
            axis = figure["layout"].get(_axis_key(trace, along), {})
            record[key] = packer.stepped(values, _axis_range(axis, name, along), axis.get("type") == "log")
    if each.text is not None:
        record["text"] = packer.strings(each.text)
    return record


def _axis_key(trace: dict[str, Any], along: str) -> str:
    return f"{along}axis" + str(trace.get(f"{along}axis") or along)[1:]


def _axis_range(axis: dict[str, Any], name: str, along: str) -> tuple[float, float]:
    ends = axis.get("range")
    if ends is None or any(end is None for end in ends):
        raise InvalidValue(f"the {along} axis of view '{name}' has no fixed range; moving traces need one")
    return float(min(ends)), float(max(ends))


def _slider(slider: Slider) -> dict[str, Any]:
    ticks = [[int(place), str(label)] for place, label in slider.ticks]
    return {"label": slider.label, "values": list(slider.values), "ticks": ticks, "speed": slider.speed}


def _headline(headline: Sequence, packer: Packer, frames: int, steps: int) -> dict[str, Any] | None:
    if len(headline) == 0:
        return None
    record = packer.strings(headline)
    if record["shape"][:-2] not in ([frames], [steps, frames]) or record["shape"][-1] != 3:
        allowed = f"({frames}, cells, 3) or ({steps}, {frames}, cells, 3)"
        raise InvalidValue(f"the headline has shape {tuple(record['shape'])}; allowed: {allowed}")
    return record


def _within(name: str, value: int, count: int) -> None:
    if not 0 <= value < count:
        raise InvalidValue(f"{name} {value} is not among 0 to {count - 1}")
