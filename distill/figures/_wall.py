"""What the figures of the Shannon wall share: coders in order, their colours, bits in words, and the number sent."""

import json
from dataclasses import dataclass, replace

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures._animation import Animation, Moving
from distill.figures._style import FURNITURE
from distill.palette import CLASSES, GROUND, SOFT_INK

RAW, NETWORK = "raw", "network"  # names of two methods
FAMILIES = {  # family of a coder → its colour
    "raw": SOFT_INK, "general": CLASSES[0], "picture": CLASSES[1], "adaptive": CLASSES[3], "network": CLASSES[2],
}  # fmt: skip
WEIGHTS = CLASSES[7]  # the colour of a network's own size
WRITTEN = "8 × the bytes of the file that was written, read back and compared, over the items in it"
BLOCK = 64  # symbols of a stream that are looked at as one string
CUT = "cut: the bar goes on beyond the axis"
GAPS, SLANT, REACH = (0.95, 0.968), 0.006, 0.4  # of a cut bar: places and lean as shares of the axis, height in rows


@dataclass(frozen=True)
class Coder:
    """One method and what it wrote.

    Attributes:
        name, title, family, note: as the run says.
        bits: (count,) bits an item of what is sent, its model left out; NaN where that many were not sent.
        own: (count,) bits an item of its model; 0 but for a network.
        written: whether files were really written; else the bits are the held-out cross-entropy so far.
    """

    name: str
    title: str
    family: str
    note: str
    bits: np.ndarray
    own: np.ndarray
    written: bool = True

    @property
    def colour(self) -> str:
        """The colour of its family."""
        return FAMILIES.get(self.family, CLASSES[4])

    @property
    def spoken(self) -> str:
        """Its title within a sentence."""
        return self.title[:1].lower() + self.title[1:].replace(",", "") if self.family == "adaptive" else self.title

    @property
    def final(self) -> float:
        """Bits an item where most were sent, its model left out."""
        known = self.bits[np.isfinite(self.bits)]
        return float(known[-1]) if known.size else np.nan


def check(run: xr.Dataset) -> xr.Dataset:
    """`run`, if it is one of the wall.

    Raises:
        InvalidValue: for a run of another kind.
    """
    if run.attrs.get("kind") != "wall":
        raise InvalidValue(f"run '{run.attrs.get('id', '')}' measures no coders; figures of the wall need a run of it")
    return run


def counts(run: xr.Dataset) -> np.ndarray:
    """(count,) numbers of items sent: the places of the slider."""
    return check(run)["count"].values.astype(float)


def coders(run: xr.Dataset) -> list[Coder]:
    """Every method that has written something, the one that needs most bits first.

    A network that is still being trained is the last, wherever it stands by then: rows do not move while it learns.
    """
    found = [_coder(run, str(name)) for name in check(run).method.values]
    return sorted((each for each in found if np.isfinite(each.final)), key=lambda each: (not each.written, -each.final))


def coder(run: xr.Dataset, name: str) -> Coder | None:
    """The coder of that name; None where it has no number yet."""
    return next((each for each in coders(run) if each.name == name), None)


def best_free(run: xr.Dataset, place: int = -1) -> Coder:
    """The coder without a learned model that needs least bits for all items, or at one number of them."""
    free = [each for each in coders(run) if each.family not in ("network", "raw")]
    return free[-1] if place == -1 else min(free, key=lambda each: np.nan_to_num(each.bits[place], nan=np.inf))


def network(run: xr.Dataset) -> Coder | None:
    """The learned coder; None where it has not begun."""
    return next((each for each in coders(run) if each.family == "network"), None)


def _coder(run: xr.Dataset, name: str) -> Coder:
    at, sent = run.sel({"method": name}), counts(run)  # method= would say how to look up
    family, bits = str(at.family.values), 8 * at.bytes.values.astype(float) / sent
    own = np.nan_to_num(8 * float(at.model_bytes) / sent)
    written = bool(np.isfinite(bits).any())
    if family == "network" and not written and "network_bits" in run:
        seen = run.network_bits.values[np.isfinite(run.network_bits.values)]
        bits = np.full(len(sent), float(seen[-1]) * pixels(run) if seen.size else np.nan)
    return Coder(name, str(at.title.values), family, str(at.note.values), bits, own, written)


def pixels(run: xr.Dataset) -> int:
    """Symbols in an item."""
    return int(check(run).attrs["item_symbols"])


def raw_bits(run: xr.Dataset) -> float:
    """Bits of an item as it lies there, a byte a symbol."""
    return 8.0 * pixels(run)


def rate(run: xr.Dataset) -> float:
    """The entropy rate in bits an item, NaN where it is not known."""
    known = run.attrs.get("entropy_rate")  # 0 is a rate too: of a source that always says the same
    return (np.nan if known is None else float(known)) * pixels(run)


def item(run: xr.Dataset, count: float = 1) -> str:
    """What one of the items is called, or several: a picture, 297 pictures."""
    name = str(run.attrs["item"])
    return name if count == 1 else f"{name}s"


def symbol(run: xr.Dataset) -> str:
    """What a symbol of an item is called, where an item has several."""
    return "pixel" if len(shape(run)) == 2 else "symbol"


def shape(run: xr.Dataset) -> tuple[int, ...]:
    """(height, width) of an item that is a picture; () for a stream."""
    return tuple(json.loads(run.attrs.get("shape") or "[]"))


def number(value: float) -> str:
    """A count or a number of bits as it is read: three digits, and no fraction of what is large."""
    if not np.isfinite(value):
        return "–"
    if abs(value) >= 1e7:
        return f"{value:.2g}".replace("e+0", "e").replace("e+", "e")
    if abs(value) >= 1000:
        return f"{round(value, 2 - int(np.floor(np.log10(abs(value))))):,.0f}"
    return (
        f"{value:.0f}"
        if abs(value) >= 99.95
        else f"{value:.1f}"
        if abs(value) >= 9.995
        else f"{value:.2f}"
        if abs(value) >= 0.9995
        else f"{value:.3f}"
    )


def levels(low: float, high: float, most: int) -> dict[str, object]:
    """At most about `most` ticks of an even axis at round numbers, thousands separated as everywhere else."""
    rough = (high - low) / most
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next(each for each in (1, 2, 5, 10) if each * power >= rough * (1 - 1e-9))
    values = step * np.arange(np.ceil(low / step), np.floor(high / step) + 1)
    return {"tickvals": values.tolist(), "ticktext": [f"{round(each, 6):,g}" for each in values]}


def cut_marks(figure: go.Figure, ends: np.ndarray, heights: np.ndarray, right: float) -> list[Moving]:
    """Two slanted gaps at the right end of every bar that is longer than the axis, which ends at `right`.

    `ends` (count, bar) is where the bars would end, `heights` (bar,) where they lie. Nothing where none is ever cut.
    """
    strokes = [place * right for gap in GAPS for place in (gap - SLANT, gap + SLANT, np.nan)]
    motions = []
    for cut, height in zip((np.nan_to_num(ends) > right).T, heights, strict=True):
        if cut.any():  # a trace a bar: the browser draws traces of many points below those of few
            y = [height - REACH, height + REACH, np.nan] * len(GAPS)
            figure.add_trace(go.Scatter(
                x=[], y=y, mode="lines", name="cut", line={"color": GROUND, "width": 3}, hovertext=CUT,
                hoverinfo="text", meta=FURNITURE,
            ))  # fmt: skip
            motions.append(Moving(len(figure.data) - 1, x=np.where(cut[:, None], strokes, np.nan)))
    return motions


def at_count(animation: Animation, run: xr.Dataset, choice: Choice) -> go.Figure:
    """The figure at the chosen number of items sent (`choice.beta`, an index; all of them where there is none)."""
    place = -1 if choice.beta is None else choice.beta
    figure = animation.at(run.rename(count="beta"), replace(choice, beta=place))
    return figure.update_layout(meta={"estimators": json.dumps({"bits": WRITTEN})})
