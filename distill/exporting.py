"""Taking a figure away: SVG, PDF, PNG at 300 dpi, or CSV of the numbers behind it, each with the run it came from."""

import csv
import inspect
import io
import json
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill import registry
from distill.config import Choice
from distill.errors import DistillError, unknown
from distill.figures._animation import chosen
from distill.figures._style import FURNITURE
from distill.kinds import read

FORMATS = ("svg", "pdf", "png", "csv")
WIDTH, HEIGHT = 900, 600  # CSS pixels, for a figure that does not say
DPI, CSS_DPI = 300, 96
CAPTION_SIZE = 9
COLUMNS = {name: name for name in ("x", "y", "base", "width", "text", "ids")} | {
    f"error_{axis}{end}": f"error_{axis}.array{end.removeprefix('_')}" for axis in "xy" for end in ("", "_minus")
}  # name in a CSV → where a trace has it
Facts = dict[str, str]
Columns = dict[str, list[Any]]


def write(file: Path, figure: go.Figure, run: xr.Dataset, choice: Choice | None = None) -> None:
    """Writes the figure to `file` in the format of its ending.

    Raises:
        UnknownName: for an ending that is not among FORMATS.
        DistillError: where there is no Chromium to draw with, or the file cannot be written.
    """
    content = render(figure, run, choice, format_of(file))
    try:
        file.write_bytes(content)
    except OSError as error:
        raise DistillError(f"cannot write {file}: {(error.strerror or str(error)).lower()}") from None


def figures(kind: str | None = None) -> dict[str, Callable[[xr.Dataset, Choice], go.Figure]]:
    """Name → function, of everything in distill/figures that makes a figure out of a run and a choice.

    With `kind`, those for runs of that kind alone: "" a sweep over β, "layers".
    """
    return {
        name: each
        for name, each in registry.public("figures").items()
        if callable(each)
        and inspect.signature(each).return_annotation is go.Figure
        and kind in (None, getattr(inspect.getmodule(each), "KIND", ""))
    }


def format_of(file: Path) -> str:
    """The format that the ending of a file's name stands for; raises UnknownName for any but FORMATS."""
    form = file.suffix.lower().removeprefix(".")
    if form not in FORMATS:
        raise unknown("file format", form, FORMATS)
    return form


def render(figure: go.Figure, run: xr.Dataset, choice: Choice | None, form: str) -> bytes:
    """The figure as the bytes of a file; pictures carry a caption line, and all but PDF carry the facts as metadata."""
    said = (figure.layout.meta or {}).get("estimators")  # a figure that was drawn by other estimators than the run's
    run = run.assign_attrs(estimators=said) if said else run
    known = facts(run, choice)
    if form == "csv":
        return to_csv(figure, known).encode()
    content = _drawn(_captioned(figure, caption(figure, run, known)), form)
    return {"svg": _svg_with, "png": _png_with}.get(form, lambda drawn, _: drawn)(content, known)


def facts(run: xr.Dataset, choice: Choice | None = None) -> Facts:
    """What a reader needs to make the figure again: run, configuration, what was selected, estimators, versions."""
    attrs = run.attrs
    found = {"run": attrs.get("id", ""), "title": attrs.get("title", ""), **_selected(run, choice)}
    found |= {"config": attrs.get("config", ""), "estimators": json.dumps(estimators(run), ensure_ascii=False)}
    found |= {name: str(attrs.get(name, "")) for name in ("created", "device", "versions")}
    found["exported"] = datetime.now(UTC).isoformat(timespec="seconds")
    return {name: str(text) for name, text in found.items() if text != ""}


def estimators(run: xr.Dataset) -> dict[str, str]:
    """How each variable was estimated, under the name that a person sees: I(X;Z) → mixture of …"""
    listed: Mapping[str, str] = json.loads(run.attrs.get("estimators", "{}"))
    # what the run says of itself goes first: a variable's own words may be those of the usual code and data
    found = {name: var.attrs["estimator"] for name, var in run.variables.items() if "estimator" in var.attrs} | listed
    return {run[name].attrs.get("long_name", name) if name in run else name: text for name, text in found.items()}


def caption(figure: go.Figure, run: xr.Dataset, known: Facts) -> str:
    """One line: which run, what differs from the defaults, what was selected, and the estimators of what is drawn."""
    words, every = " ".join(_words(figure)), estimators(run)
    drawn = {name: text for name, text in every.items() if _named(name, words)} or every
    selected = [f"{name} {known[name]}" for name in (_symbol(run), "epoch", "step", "split", "N") if name in known]
    parts = [f"run {known.get('run', '?')}", known.get("title", ""), _changes(run), ", ".join(selected)]
    return " · ".join([*filter(None, parts), *(f"{name}: {text}" for name, text in drawn.items())])


def to_csv(figure: go.Figure, known: Facts) -> str:
    """The numbers behind every visible trace, one row a point; the facts and the axis titles stand above as # lines.

    Columns: trace, panel (its pair of axes), then whatever the traces have of x, y, z, widths, errors, text, ….
    Traces whose meta is "furniture" (legends, scales, shaded regions) have no numbers of the run, and are left out.
    """
    wanted = [(i, each) for i, each in enumerate(figure.data) if each.visible is not False and each.meta != FURNITURE]
    tables = [(_name(trace, i), _panel(trace), _columns(trace)) for i, trace in wanted]
    shown = [each for each in tables if each[2]]
    header = list(dict.fromkeys(name for _, _, columns in shown for name in columns))
    out = io.StringIO()
    for name, text in {**known, **_axis_titles(figure)}.items():
        out.write(f"# {name}: {' '.join(text.split())}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["trace", "panel", *header])
    for name, panel, columns in shown:
        for row in zip_longest(*(columns.get(column, []) for column in header), fillvalue=None):
            writer.writerow([name, panel, *(_cell(value) for value in row)])
    return out.getvalue()


def _named(name: str, words: str) -> bool:
    """Whether the words have the name of a variable: what stands before the comma of its long name."""
    return bool(re.search(rf"(?<!\w){re.escape(name.split(',')[0])}(?!\w)", words))


def _selected(run: xr.Dataset, choice: Choice | None) -> Facts:
    """The values (not the indices) of what a person had selected."""
    if choice is None or not run.sizes.get("step"):
        return {}
    step, place = chosen(run, choice)
    at = run.isel(step=step)
    if "beta" not in run:
        epoch = {"epoch": f"{float(at.epoch):.4g}"} if "epoch" in at else {}
        return {**epoch, "step": f"{int(at.step)}", "N": str(run.attrs.get("items", ""))}
    beta, count = float(run.beta[place]), int(at.samples.sel(split=choice.split)) if "samples" in run else ""
    return {_symbol(run): f"{beta:.4g}", "step": f"{int(at.step)}", "split": choice.split, "N": f"{count}"}


def _symbol(run: xr.Dataset) -> str:
    """Of what the run's slider turns: β, or C where it is the bits allowed."""
    return json.loads(run.attrs.get("knob", "{}")).get("symbol", "β")


def _changes(run: xr.Dataset) -> str:
    try:
        changed = read(run.attrs["config"]).changes()
    except (KeyError, DistillError, ValueError):
        return ""
    return ", ".join(f"{name} {_short(value)}" for name, value in changed.items()) or "default configuration"


def _short(value: object) -> str:
    if isinstance(value, list) and len(value) > 4:
        return f"{value[0]:g} … {value[-1]:g} ({len(value)})"
    return json.dumps(value, ensure_ascii=False).strip('"')


def _words(figure: go.Figure) -> Iterator[str]:
    """Every text that the figure shows, without its markup."""
    yield from (str(each.text) for each in figure.layout.annotations if each.text)
    yield from _axis_titles(figure).values()
    yield from (str(trace.name) for trace in figure.data if trace.name)


def _axis_titles(figure: go.Figure) -> dict[str, str]:
    """ "x", "y2", … → the title of that axis, for the axes that have one."""
    axes = (each for each in figure.layout if each.startswith(("xaxis", "yaxis")))
    titles = {name.replace("axis", ""): figure.layout[name].title.text for name in axes}
    return {name: text for name, text in titles.items() if text}


def _captioned(figure: go.Figure, text: str) -> go.Figure:
    """A copy with the caption under everything, the figure as much higher as the caption needs."""
    copy = go.Figure(figure)
    width, height = copy.layout.width or WIDTH, copy.layout.height or HEIGHT
    margin = copy.layout.margin
    left, bottom = (80 if side is None else side for side in (margin.l, margin.b))  # plotly's own defaults
    lines = textwrap.wrap(text, int((width - 16) / (0.46 * CAPTION_SIZE)))
    added = round(len(lines) * CAPTION_SIZE * 1.35) + 12
    copy.add_annotation(
        text="<br>".join(escape(line, quote=False) for line in lines), showarrow=False, align="left",
        xref="paper", yref="paper", x=0, y=0, xanchor="left", yanchor="top", xshift=8 - left, yshift=-bottom - 4,
        font={"size": CAPTION_SIZE},
    )  # fmt: skip
    return copy.update_layout(width=width, height=height + added, margin_b=bottom + added)


def _drawn(figure: go.Figure, form: str) -> bytes:
    """SVG, PDF or PNG bytes; nothing is asked of any server."""
    import kaleido
    from choreographer.errors import BrowserFailedError, ChromeNotFoundError

    options = {"format": form, "width": figure.layout.width, "height": figure.layout.height}
    options["scale"] = DPI / CSS_DPI if form == "png" else 1
    try:
        return kaleido.calc_fig_sync(figure.to_dict(), options, kopts={"mathjax": False})
    except (ChromeNotFoundError, BrowserFailedError):
        text = f"drawing {form.upper()} needs Chromium or Chrome, and none could be started"
        raise DistillError(f"{text}; install one (Debian: apt-get install chromium), or export a .csv") from None


def _svg_with(content: bytes, known: Facts) -> bytes:
    text = content.decode()
    end = text.index(">", text.index("<svg")) + 1
    about = escape(json.dumps(known, ensure_ascii=False), quote=False)
    return f"{text[:end]}<metadata>{about}</metadata>{text[end:]}".encode()


def _png_with(content: bytes, known: Facts) -> bytes:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    about, out = PngInfo(), io.BytesIO()
    for name, text in known.items():
        about.add_itxt("beta" if name == "β" else name, text)  # keywords of a PNG are Latin-1
    Image.open(io.BytesIO(content)).save(out, "PNG", pnginfo=about, dpi=(DPI, DPI), optimize=True)
    return out.getvalue()


def _name(trace: Any, index: int) -> str:  # noqa: ANN401 (plotly has a class for each kind of trace)
    return str(trace.name or f"{trace.type} {index + 1}")


def _panel(trace: Any) -> str:  # noqa: ANN401
    axes = [trace[axis] or axis[0] for axis in ("xaxis", "yaxis") if axis in trace]
    return " ".join(axes)


def _columns(trace: Any) -> Columns:  # noqa: ANN401
    """Name of each column → its values; a matrix (a heat map, a picture) gives one row for each of its cells."""
    matrix = _matrix(trace)
    if np.ndim(matrix) >= 2:
        return _cells(trace, np.asarray(matrix))
    columns = {name: _listed(trace[path]) for name, path in COLUMNS.items() if path.split(".")[0] in trace}
    data = np.asarray(trace.customdata if "customdata" in trace and trace.customdata is not None else [])
    if data.size:
        columns |= {f"data_{i}": list(column) for i, column in enumerate(data.reshape(len(data), -1).T)}
    return {name: values for name, values in columns.items() if values}


def _matrix(trace: Any) -> object:  # noqa: ANN401
    """The z of a trace that has one; a picture that was given as a file may have its levels as customdata."""
    if "z" not in trace:
        return None
    return trace.customdata if trace.z is None and trace.type == "image" else trace.z


def _cells(trace: Any, cells: np.ndarray) -> Columns:  # noqa: ANN401
    rows, across = np.indices(cells.shape[:2])
    x, y = (_listed(trace[axis]) if axis in trace else [] for axis in ("x", "y"))
    columns = {
        "x": [x[i] if x else i for i in across.flat],
        "y": [y[i] if y else i for i in rows.flat],
    }
    channels = cells.reshape(rows.size, -1).T
    return columns | {"z" if len(channels) == 1 else f"z_{i}": list(each) for i, each in enumerate(channels)}


def _listed(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | np.ndarray) and np.ndim(value) == 1 else []


def _cell(value: object) -> object:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.8g}"
    return value
