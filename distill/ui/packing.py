"""Arrays and strings into one aligned block of bytes, with a JSON record for each."""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

Stepped = np.ndarray | Mapping[int, np.ndarray | None]
FEW = 64  # up to this many values a frame travel as float32: exact to seven digits and still small
NAN = -32768
LEVELS = 65534


class Packer:
    """Collects arrays; every method returns the record by which the header refers to what was added."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def body(self) -> bytes:
        """All that was added."""
        return b"".join(self._parts)

    def head(self, header: dict[str, Any]) -> bytes:
        """`header` as JSON, padded to four bytes so that the body after it stays aligned."""
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()
        return text + b" " * (-len(text) % 4)

    def raw(self, values: np.ndarray, kind: type[np.generic]) -> dict[str, Any]:
        """`values` as they are, in the number type `kind` (uint8, uint16, int16 or float32)."""
        array = np.ascontiguousarray(values, dtype=np.dtype(kind).newbyteorder("<"))
        return self._add(array.tobytes()) | {"kind": np.dtype(kind).name, "shape": list(array.shape)}

    def numbers(self, values: np.ndarray, ends: tuple[float, float], log: bool = False) -> dict[str, Any]:
        """(…, n) numbers that are drawn on an axis from `ends[0]` to `ends[1]`.

        More than 64 a frame travel as int16. They reach two axis lengths beyond either end (further out they are
        clipped, and nobody sees it), so one level is at most 5/65534 of the axis: 0.03 px on 400 px. On a log axis
        the levels are of log10.
        """
        array = np.asarray(values, dtype=np.float64)
        if array.shape[-1] <= FEW:
            return self.raw(array, np.float32)
        with np.errstate(divide="ignore", invalid="ignore"):
            array = np.log10(array) if log else array
        span = (ends[1] - ends[0]) or 1.0
        finite = array[np.isfinite(array)]
        low, high = (min(ends[0], finite.min()), max(ends[1], finite.max())) if finite.size else ends
        low, high = max(low, ends[0] - 2 * span), min(high, ends[1] + 2 * span)
        levels = np.round((np.clip(array, low, high) - low) / (high - low or 1.0) * LEVELS) - LEVELS / 2
        levels[~np.isfinite(array)] = NAN
        return self.raw(levels, np.int16) | {"low": low, "high": high, "log": log}

    def stepped(self, values: Stepped, ends: tuple[float, float], log: bool) -> dict[str, Any]:
        """Numbers for all steps, or a record for each step that there is; None for one that is sent when asked for."""
        if isinstance(values, Mapping):
            sent = {step: array is not None and self.numbers(array, ends, log) for step, array in values.items()}
            return {"steps": {int(step): record or None for step, record in sent.items()}}
        return self.numbers(values, ends, log)

    def strings(self, nested: Sequence) -> dict[str, Any]:
        """Nested strings as a table of the different ones and their places in it."""
        array = np.asarray(nested, dtype=object)
        table, places = np.unique(array.astype(str), return_inverse=True)
        return {"table": table.tolist(), "shape": list(array.shape), "places": self.raw(places.reshape(-1), np.uint16)}

    def sheet(self, pictures: np.ndarray) -> dict[str, Any]:
        """uint8 (items, h, w[, 3]) as one PNG, about as wide as high."""
        from PIL import Image

        count, height, width = pictures.shape[:3]
        across = max(1, int(np.ceil(np.sqrt(count * height / width))))
        sheet = np.zeros((-(-count // across), across, *pictures.shape[1:]), dtype=np.uint8)
        sheet.reshape(-1, *pictures.shape[1:])[:count] = pictures
        sheet = sheet.swapaxes(1, 2).reshape(sheet.shape[0] * height, across * width, *pictures.shape[3:])
        out = io.BytesIO()
        Image.fromarray(sheet).save(out, "PNG", compress_level=6)
        size = {"across": across, "height": height, "width": width}
        return self._add(out.getvalue()) | {"kind": "png"} | size

    def tree(self, node: Any) -> Any:  # noqa: ANN401 - a JSON tree
        """A figure's JSON with its long lists of numbers moved into the block (as float32)."""
        if isinstance(node, dict):
            return {key: self.tree(value) for key, value in node.items()}
        if isinstance(node, np.ndarray) and (node.ndim != 1 or node.dtype.kind not in "fiub"):
            return self.tree(node.tolist())
        if isinstance(node, (list, tuple, np.ndarray)):
            if len(node) > 8 and all(isinstance(value, (int, float, np.number)) for value in node):
                return {"$": self.raw(np.asarray(node, dtype=np.float32), np.float32)}
            return [self.tree(value) for value in node]
        return _plain(node) if isinstance(node, float) and not np.isfinite(node) else node

    def _add(self, data: bytes) -> dict[str, Any]:
        record = {"at": self._size, "bytes": len(data)}
        padded = data + b"\0" * (-len(data) % 4)
        self._parts.append(padded)
        self._size += len(padded)
        return record


def figure_json(figure: go.Figure) -> dict[str, Any]:
    """The figure as plain data: arrays decoded, the template's layout merged into the layout and then left out."""
    tree = _decoded(figure.to_dict())
    return {"data": tree["data"], "layout": _merged_layout(tree["layout"])}


def _decoded(node: Any) -> Any:  # noqa: ANN401 - a JSON tree
    if isinstance(node, dict):
        if "bdata" in node and "dtype" in node:
            flat = np.frombuffer(base64.b64decode(node["bdata"]), dtype=np.dtype(node["dtype"]))
            return flat.reshape([int(n) for n in str(node["shape"]).split(",")]) if "shape" in node else flat
        return {key: _decoded(value) for key, value in node.items()}
    return [_decoded(value) for value in node] if isinstance(node, (list, tuple)) else node


def _merged_layout(layout: dict[str, Any]) -> dict[str, Any]:
    """`layout` over its template's layout, the template left out: the browser then needs one place to look."""
    template = (layout.get("template") or {}).get("layout", {})
    own = {key: value for key, value in layout.items() if key != "template"}
    axes = {key for key in own if key[1:].startswith("axis")} | {"xaxis", "yaxis"}
    shared = {key: value for key, value in template.items() if key not in ("xaxis", "yaxis")}
    for key in axes:
        shared[key] = template.get(f"{key[0]}axis", {})
    return _over(shared, own)


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    both = dict(below)
    for key, value in above.items():
        inner = both.get(key)
        both[key] = _over(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return both


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a figure holds
    """Numbers of numpy as Python's; NaN and infinities as null, which JSON has."""
    if isinstance(value, np.ndarray):
        return [_plain(each) for each in value.tolist()]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else str(value)
