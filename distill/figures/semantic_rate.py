"""The semantic codec on bytes: from a picture's raw bits to those that carry the label, and what each bit is for."""

import json

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.coding.pricing import semantic_bits
from distill.coding.semantic import has_codec
from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures._animation import Animation, Moving
from distill.figures._factors import on_the_left, words_beside
from distill.figures._margin import Word, words_in_margin
from distill.figures._over_beta import add_mark, add_read_curve, add_words, line_at_beta, over_beta
from distill.figures._pictures import are_pictures
from distill.figures._sent import BITS, Lossless, checked, lossless_here, raw_bits
from distill.figures._style import FURNITURE, axis, knob_values, line, note
from distill.figures._wall import number
from distill.measures.limits import ceiling_y
from distill.measures.seeds import averaged
from distill.palette import CLASSES, GROUND, INK, KEPT_RELEVANT, SOFT_INK

__all__ = [
    "animated_ladder",
    "animated_read_labels",
    "animated_written",
    "bits_left",
    "in_file",
    "read_labels",
    "written_bits",
]

WRITTEN, APART, TOGETHER = INK, CLASSES[5], CLASSES[0]
LEAST = 0.3  # bits: where the logarithmic axis ends at the latest
TICKS = (0.1, 1, 10, 100, 1000, 10_000, 100_000)
DITHER = 0.2546  # ½ log2(2πe/12), bits a dimension
BEYOND = 1.5  # how far the first β's bits may lie above the second's before the axis leaves them out
NEAR = 0.6  # of the raw bits: a lossless level above it is named below its line
FEW = 12  # βs, so far apart that words have room left of the first curve's fall
LIFT = 0.055  # of the axis: how far over the mark its words stand


def bits_left(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Bits of an item on one logarithmic axis: as it is, at best without loss, as the codec wrote it, of its label.

    The codec's bits are those of the whole file over β, header and checksum counted, all stored test items in one file;
    the lossless ones are those of the best of the quick coders on the same items, their headers counted as well.

    Raises:
        InvalidValue: where the run has no codec, or its items are no things to be sent.
    """
    return animated_ladder(checked(run)).at(run, choice)


def written_bits(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Bits an item over β: I(X;Z), Σ I(X;Z_k), the cross-entropy of the factorised model, and the payload as written.

    Header and checksum of the file are left out here: they are the same at every β, and no part of what a code costs.

    What the first two differ by is told twice; from the second to the third dithered quantising takes at most
    ½ log2(2πe/12) = .2546 bit a dimension (Ziv 1985), where the model is right (`distill.coding.pricing`).

    Raises:
        InvalidValue: as `bits_left` does.
    """
    return animated_written(checked(run)).at(run, choice)


def read_labels(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """Share of items whose label is read wrongly from the file over β, beside the network's error with its own codes.

    Raises:
        InvalidValue: as `bits_left` does, and where Y has no classes to be read.
    """
    return animated_read_labels(checked(run)).at(run, choice)


def animated_ladder(run: xr.Dataset, found: xr.Dataset | None = None, lossless: Lossless | None = None) -> Animation:
    """The levels and the curve stand, the mark follows β; without a codec the curve is I(X;Z), which none has written.

    `found` is by semantic_bits, `lossless` measured elsewhere; else the quick coders are asked.
    """
    bits, label, best = _curve_of(run, found), label_bits(run), lossless or lossless_here(run)
    raw = float(raw_bits(run))
    floor = max(0.05, min(LEAST, 0.5 * float(np.nanmin(bits))))
    ends = (floor, 2.2 * raw)
    figure = over_beta(run, top=8)
    shown = [each for each in TICKS if ends[0] <= each <= ends[1]]
    text = [f"{each:,g}" for each in shown]
    figure.update_layout(yaxis=axis("bits an item", *np.log10(ends), type="log", tickvals=shown, ticktext=text))
    drawn = np.maximum(bits, floor)
    motions = [line_at_beta(figure, run, ends)]
    motions += _level(figure, run, raw, SOFT_INK, f"as it is: {_raw_in_words(run)}")
    side = "bottom left" if best.bits > NEAR * raw else "top left"
    words = f"without loss, at best: {number(best.bits)} ({best.title})"
    motions += _level(figure, run, best.bits, best.colour, words, position=side)
    if np.isfinite(label):
        words = f"the label alone, H({run.attrs['label_name']}): {number(label)}"
        motions += _level(figure, run, label, KEPT_RELEVANT, words, "dash", "bottom right")
    name = "written in the file" if has_codec(run) else "I(X;Z), not written"
    motions.append(_curve(figure, run, drawn, bits, name, WRITTEN, 2.6))
    motions += _smaller(figure, drawn, bits, best)
    motions.append(add_mark(figure, drawn, name, WRITTEN))
    lift = np.where(on_the_left(len(bits)), -LIFT, LIFT)  # a falling curve leaves room above to the right of the mark
    lifted = np.maximum(drawn * (ends[1] / ends[0]) ** lift, 1.2 * floor)
    motions += words_beside(figure, lifted[:, None], [[f"{number(each)} bits"] for each in bits])
    return Animation(figure, tuple(motions))


def animated_written(run: xr.Dataset, found: xr.Dataset | None = None) -> Animation:
    """The curves stand, the marks follow β."""
    found = semantic_bits(run) if found is None else found
    curves = [("written", found.payload.values, WRITTEN), ("one by one, Σ I(X;Z_k)", found.apart.values, APART),
              ("together, I(X;Z)", np.maximum(found.information_x.values, 0), TOGETHER)]  # fmt: skip
    curves = [each for each in curves if np.isfinite(each[1]).any()]
    top = _top(found.payload.values)
    ends = (-0.04 * top, 1.04 * top)
    figure = over_beta(run, top=8)
    figure.update_layout(yaxis=axis("bits an item", *ends, nticks=5))
    motions = [line_at_beta(figure, run, ends)]
    model = found.cross_entropy.values
    motions.append(_curve(figure, run, model, model, "cross-entropy of its model", WRITTEN, 1.4))
    motions.append(_dots(figure, run, found.payload.values))
    motions += [_curve(figure, run, values, values, name, colour, 2) for name, values, colour in curves[1:]]
    motions += [add_mark(figure, values, name, colour) for name, values, colour in curves]
    if found.payload.values[0] > ends[1]:
        words = f"{_symbol(run)} = {knob_values(run)[0]}: {number(float(found.payload.values[0]))} ↑"
        place, shift = (1, 8) if run.sizes["beta"] > FEW else (-0.5, 2)
        where = {"yref": "y domain", "xanchor": "left", "yanchor": "top", "xshift": shift, "yshift": 2}
        figure.add_annotation(note(words, place, 1, **where))
    said = [Word([f"{number(float(each))} {name.split(',')[0]}" for each in values], colour)
            for name, values, colour in curves]  # fmt: skip
    return Animation(figure, (*motions, *words_in_margin(figure, run, said, ends)))


def animated_read_labels(run: xr.Dataset, found: xr.Dataset | None = None) -> Animation:
    """The curves stand, the marks follow β."""
    found = semantic_bits(run) if found is None else found
    read, own = found.error.values, found.error_one.values
    if not np.isfinite(read).any():
        raise InvalidValue(f"run {run.attrs.get('id', '')} has no classes to be read from a file")
    ends = (-0.05, 1.05)
    figure = over_beta(run, top=8)
    figure.update_layout(yaxis=axis("error", *ends, tickvals=[0, 0.5, 1], tickformat=".0%"))
    motions = [line_at_beta(figure, run, ends)]
    for name, values, colour, dash in (
        ("from the network’s own code", own, SOFT_INK, "dot"),
        ("from the file", read, WRITTEN, "solid"),
    ):
        texts = [f"{100 * each:.1f} %" for each in values]
        motions.append(add_read_curve(figure, run, values, texts, name, colour, dash=dash))
    motions.append(add_mark(figure, read, "from the file", WRITTEN))
    said = [Word([f"{100 * each:.1f} % {name}" for each in values], colour)
            for name, values, colour in (("from file", read, WRITTEN), ("own code", own, SOFT_INK))]  # fmt: skip
    return Animation(figure, (*motions, *words_in_margin(figure, run, said, ends)))


def label_bits(run: xr.Dataset) -> float:
    """H(Y) of the test items, bits; NaN where it is not known."""
    return float(ceiling_y(averaged(run), "test").values[-1])


def in_file(found: xr.Dataset) -> np.ndarray:
    """(beta,) bits an item of the whole file, header and checksum counted; `found` is by semantic_bits."""
    return found.payload.values + 8 * found.attrs["header_bytes"] / found.attrs["items"]


def _curve_of(run: xr.Dataset, found: xr.Dataset | None) -> np.ndarray:
    """(beta,) bits an item: of the file as it is, or I(X;Z) of a run without a codec."""
    if not has_codec(run):
        return averaged(run).information_x.isel(step=-1).sel(split="test").values.clip(0)
    return in_file(semantic_bits(run) if found is None else found)


def _raw_in_words(run: xr.Dataset) -> str:
    what = "pixels" if are_pictures(run) else "numbers" if "text" in run else "values"
    if len(run.attrs["input_shape"]) > 2:
        what = "pixels’ colours"
    return f"{run.sizes['feature']} {what} × {BITS} = {number(raw_bits(run))}"


def _level(
    figure: go.Figure, run: xr.Dataset, bits: float, colour: str, words: str, dash: str = "solid",
    position: str = "top right",
) -> list[Moving]:  # fmt: skip
    """A line across, named at its left end, or at its right end where the words are to stand left of it."""
    ends = (-0.5, run.sizes["beta"] - 0.5)
    figure.add_trace(line(ends, [bits, bits], colour, words, 1.6, dash))
    at = ends["left" in position]
    return [Moving(len(figure.data) - 1), add_words(figure, words, at, bits, position, colour)]


def _curve(
    figure: go.Figure, run: xr.Dataset, drawn: np.ndarray, values: np.ndarray, name: str, colour: str, width: float
) -> Moving:
    texts = [f"{number(float(each))} bits" for each in values]
    return add_read_curve(figure, run, drawn, texts, name, colour, width)


def _dots(figure: go.Figure, run: xr.Dataset, values: np.ndarray) -> Moving:
    """What was really written, a dot a file."""
    figure.add_trace(go.Scatter(
        x=np.arange(len(values)), y=values, mode="markers", name="written", customdata=knob_values(run),
        marker={"color": GROUND, "size": 5, "line": {"color": WRITTEN, "width": 1.3}},
        hovertemplate=f"written<br>{_symbol(run)} = %{{customdata}}: %{{y:.2f}} bits<extra></extra>",
    ))  # fmt: skip
    return Moving(len(figure.data) - 1)


def _smaller(figure: go.Figure, drawn: np.ndarray, bits: np.ndarray, best: Lossless) -> list[Moving]:
    """From the lossless level down to the mark, with how many times smaller that is."""
    places = np.arange(float(len(drawn)))
    figure.add_trace(go.Scatter(
        x=[], y=[], mode="lines", name="from lossless to the file", hoverinfo="skip", meta=FURNITURE,
        line={"color": WRITTEN, "width": 1.3, "dash": "dot"},
    ))  # fmt: skip
    span = np.stack([np.full(len(drawn), best.bits), drawn], -1)
    motions = [Moving(len(figure.data) - 1, x=np.repeat(places[:, None], 2, 1), y=span)]
    ratio = best.bits / np.maximum(bits, 1e-9)
    text = [[f"{number(float(each))}× smaller" if 1.2 < each < 1e6 else ""] for each in ratio]
    return motions + words_beside(figure, np.sqrt(span.prod(-1))[:, None], text, WRITTEN)


def _top(payload: np.ndarray) -> float:
    """Where the linear axis ends: above every β's bits, but for a first β that has far more than the next."""
    if len(payload) > 2 and payload[0] > BEYOND * payload[1]:
        return 1.15 * float(payload[1:].max())
    return 1.15 * float(max(payload.max(), 1.0))


def _symbol(run: xr.Dataset) -> str:
    return str(json.loads(run.attrs["knob"])["symbol"])
