"""What the part on the semantic codec puts on the stage: bits of an item from raw to label, and what is lost of it."""

import json

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill import store
from distill.coding import semantic
from distill.coding.pricing import semantic_bits
from distill.config import Choice
from distill.errors import DistillError
from distill.figures._animation import Animation, chosen
from distill.figures._pictures import ZERO, are_pictures, levels, picture_rows
from distill.figures._sent import Answers, Lossless, answers, lossless_here, truths, why_not
from distill.figures._style import caption, knob_ticks, knob_value, knob_values
from distill.figures._wall import coders, number
from distill.figures.semantic_rate import (
    DITHER,
    animated_ladder,
    animated_read_labels,
    animated_written,
    in_file,
)
from distill.measures.decoding import has_decoder, shown_items
from distill.measures.seeds import averaged
from distill.palette import DARK
from distill.ui.envelope import Slider, Stage, View
from distill.ui.headline import Cell
from distill.ui.kept_inputs_content import name_of
from distill.ui.kept_items_content import in_words
from distill.ui.picture_rows import Lines, Pictures, Row
from distill.wall_config import WallConfig

LADDER, PRICE, LABELS = "From raw bits to the label", "What each bit is for", "What of the label arrives"
SENT, READ, LOST, LABEL = "sent", "read", "lost", "label"
BARS = 30  # pixels, of the little bars of a label's probabilities
ENDING = ".dst"
SLACK = 0.1  # bits an item, of a model that is that of other items


def semantic_stage(run: xr.Dataset, choice: Choice, best: Lossless) -> Stage:
    """The stage for `run`, loaded; of a run without a codec what can be said without one."""
    knob, coded = json.loads(run.attrs["knob"]), semantic.has_codec(run)
    found = semantic_bits(run) if coded else None
    back = answers(run, 0) if coded and has_decoder(run) else None
    return Stage(
        views=_views(run, found, best),
        slider=Slider(knob["label"], knob_values(run), chosen(run, choice)[1], knob_ticks(run)),
        identity=f"semantic {run.attrs['id']} {run.attrs.get('stamp', '')}",
        headline=headline(run, found, best) if found is not None else (),
        pictures=_rows(run, back),
        caption=f"{caption(averaged(run))} · lossless: {best.title}, {best.note}",
        filename=f"distill-{run.attrs['id']}-semantic",
        palette=DARK,
    )


def lossless(run: xr.Dataset, there: list[store.Run]) -> Lossless:
    """The fewest bits an item of the run's data set without loss: those of a wall of it, else those of quick coders."""
    config = json.loads(run.attrs["config"])
    fit = [
        each
        for each in there
        if isinstance(each.config, WallConfig) and "bytes" in each.variables
        and (each.config.source, dict(each.config.source_options)) == (config["dataset"], config["dataset_options"])
    ]  # fmt: skip
    found = [best for each in fit if (best := _of_wall(each, run)) is not None]
    return min(found, key=lambda best: best.bits) if found else lossless_here(run)


def measured_here(best: Lossless) -> bool:
    """Whether no Shannon wall of the same data was found."""
    return best.note.startswith("one file of these")


def _of_wall(there: store.Run, run: xr.Dataset) -> Lossless | None:
    """The best that was written on a wall of the same source; None where nothing was, or its items have other sizes."""
    try:
        wall = store.open_run(there.path).load()
    except DistillError:  # deleted meanwhile
        return None
    written = [coder for coder in coders(wall) if coder.written]
    if not written or int(wall.attrs["item_symbols"]) != run.sizes["feature"]:
        return None
    coder = min(written, key=lambda each: each.final)
    sent = int(wall["count"].values[np.isfinite(coder.bits)][-1])
    note = f"one file of {sent:,} {wall.attrs['item']}s on the Shannon wall {there.id}"
    return Lossless(coder.final, coder.title, sent, note, coder.colour)


def headline(run: xr.Dataset, found: xr.Dataset, best: Lossless) -> list[list[Cell]]:
    """For every β: bytes of the file, bits an item, error of the labels read from it, and the ratio to lossless."""
    items, header, raw = found.attrs["items"], found.attrs["header_bytes"], 8 * run.sizes["feature"]
    cells = []
    for bits, payload, model, error, own in zip(
        in_file(found),
        *(found[name].values for name in ("payload", "cross_entropy", "error", "error_one")),
        strict=True,
    ):
        size = round(bits * items / 8)
        more = f"of the whole file; its payload alone {payload:.3f}, the cross-entropy of its model {model:.3f}"
        row = [
            [f"{size:,} bytes", f"the file of all {items} stored test items",
             f"written and read back; {header} bytes of it are header and checksum; raw {raw * items // 8:,} bytes"],
            [f"{number(float(bits))} bits", "an item, header counted", more],
        ]  # fmt: skip
        if np.isfinite(error):
            how = f"one dithered code each, {items} items; the network’s own codes: {100 * own:.1f} %"
            row.append([f"{100 * error:.1f} %", "of the labels read from the file are wrong", how])
        ratio, than = best.bits / bits, f"than the best without loss, {number(best.bits)} bits"
        row.append([f"{number(max(ratio, 1 / ratio))}×", f"{'smaller' if ratio >= 1 else 'larger'} {than}",
                    f"{best.title}: {best.note}; decoding needs the run, counted on neither side"])  # fmt: skip
        cells.append(row)
    return cells


def _views(run: xr.Dataset, found: xr.Dataset | None, best: Lossless) -> tuple[View, ...]:
    ladder = animated_ladder(run, found, best)
    where = f"Lossless: {best.note}."
    if measured_here(best):
        where = f"Lossless: best quick coder, {best.note}; no Shannon wall of these data yet."
    views = [View(LADDER, ladder.figure, ladder.motions, LADDER, f"{where} Headers are counted, no network’s weights.")]
    if found is None:
        return tuple(views)
    price = animated_written(run, found)
    views.append(View(PRICE, slim(price), price.motions, PRICE, _price_words(run, found)))
    if np.isfinite(found.error.values).any():
        error = animated_read_labels(run, found)
        words = f"Labels decoded from the file; {found.attrs['items']} test items, one code each."
        views.append(View(LABELS, slim(error), error.motions, LABELS, words))
    return tuple(views)


def slim(animation: Animation) -> go.Figure:
    """The figure without the title under its axis of β, which the slider above it says."""
    figure = go.Figure(animation.figure)
    return figure.update_layout(xaxis_title_text="", margin_b=26)


def _price_words(run: xr.Dataset, found: xr.Dataset) -> str:
    """What the gaps between the curves are."""
    code, latent = run.attrs.get("code"), run.sizes["latent"]
    if code == "categorical":
        return f"Dots: written. Line: cross-entropy of the {latent} symbols’ shares, within a byte a file."
    if code == "noiseless":
        return "Dots: written. Line: its model’s cross-entropy. A code without noise, in steps of ⅛ deviation."
    wider = (found.payload - found.apart > DITHER * latent + SLACK).any()
    more = f", more where I(X;Z_k) ends at log₂ {found.attrs['items']}" if wider else ""
    return (
        f"Dots: payload; line: its model. Above one by one: rounding, ≤ {DITHER} bit a dimension "
        f"(≤ {DITHER * latent:.2f}){more}; above together: told twice."
    )


def _rows(run: xr.Dataset, back: Answers | None) -> Pictures | None:
    """Eight items as they were sent, read from the file, and what is lost; of other data what each is read as."""
    items = shown_items(run)
    if not are_pictures(run):
        return Pictures(items, (_read_as(run, back, items),), first=False, title=READ) if back else None
    names = [name_of(run, each) for each in items]
    if back is None:
        kept = picture_rows(run, items)
        rows = [Row(name, each, signed=name == "discarded", names=names) for name, each in kept.items()]
        return Pictures(items, tuple(rows), first=False, title="What the code keeps of eight items")
    sent = levels(run)[items]
    read = back.levels[:, items].reshape(run.sizes["beta"], *sent.shape)
    lost = np.clip((sent[None].astype(np.int16) - read) // 2 + ZERO, 0, 255).astype(np.uint8)
    rows = (
        Row(SENT, sent, names=names), Row(READ, read, names=names), Row(LOST, lost, signed=True, names=names),
        *_label_row(run, back, items, names),
    )  # fmt: skip
    words = (
        "Read: E[x|z] of the code in the file. Lost: sent − read, green where light is missing, brown where added. "
        "Label: its probabilities as decoded, green the right one."
    )
    return Pictures(items, rows, first=False, title="Sent, read from the file, and lost", subtitle=words)


def _label_row(run: xr.Dataset, back: Answers, items: list[int], names: list[str]) -> list[Row]:
    """Bars of q(y|z) of each item, a column a class, drawn as signed pictures: the true class above zero."""
    name = next(iter(back.labels), "")
    if not name or not 2 <= back.labels[name].shape[-1] <= BARS:
        return []
    shares, truth = back.labels[name][:, items], truths(run, name)[items]
    count = shares.shape[-1]
    wide = BARS // count
    across, rows = np.arange(BARS) // wide, np.arange(BARS)[::-1, None] + 0.5
    inside = (across < count) & ((np.arange(BARS) % wide < wide - 1) | (wide < 3))
    column = np.minimum(across, count - 1)
    bars = (shares[..., None, column] * BARS > rows) & inside
    right = column == truth[:, None, None]
    values = np.where(bars, np.where(right, 255, 0), ZERO)
    values[..., -1, :] = np.where(inside & (values[..., -1, :] == ZERO), ZERO + 24, values[..., -1, :])
    return [Row(LABEL, values.astype(np.uint8), signed=True, names=names)]


def _read_as(run: xr.Dataset, back: Answers, items: list[int]) -> Lines:
    """A line an item: what it is, and what the file says it is, at every β."""
    texts, places = [], np.zeros((run.sizes["beta"], len(items)), int)
    for beta in range(run.sizes["beta"]):
        for column, item in enumerate(items):
            text = f"{in_words(run, item)}  →  {read_label(run, back, beta, item)}"
            if text not in texts:
                texts.append(text)
            places[beta, column] = texts.index(text)
    words = "Eight of the stored test items, and the label that the file decodes to, with its probability."
    return Lines("", texts, places, heading="What the file says of them", words=words)


def read_label(run: xr.Dataset, back: Answers, beta: int, place: int) -> str:
    """What item number `place` of the answers is read as, with the probability: "3 (98 %)"; of each factor."""
    classes, said = json.loads(run.attrs["classes"]), []
    for name, shares in back.labels.items():
        own = shares[beta, place]
        said.append(f"{classes[name][int(own.argmax())]} ({100 * own.max():.0f} %)")
    return " · ".join(said)


def file_name(run: xr.Dataset, beta: int) -> str:
    """What the file of all stored items at a β is called."""
    return f"{run.attrs['dataset_title'].split(',')[0].lower().replace(' ', '-')}-{float(run.beta[beta]):.3g}{ENDING}"


def command(run: xr.Dataset, beta: int) -> str:
    """What decodes that file in a terminal."""
    out = "read.png" if are_pictures(run) and has_decoder(run) else "labels.csv"
    return f"python -m distill decode {run.attrs['id']} {file_name(run, beta)} {out}"


def lacking(run: xr.Dataset) -> str:
    """A sentence where there is no file to be had, and what to do."""
    reason = why_not(run)
    if not reason:
        return ""
    if "joint" in run or "covariance_xy" in run:
        return "The items of this run come from a known distribution: they are no things to be sent. Choose another."
    return (
        "This run was trained before there was a semantic codec, so nothing of it can be written to a file: the curve "
        "is its I(X;Z). Train it anew on the Explore page to have one."
    )


def at_beta(run: xr.Dataset, beta: int) -> str:
    """ "β = 0.012"."""
    return f"{json.loads(run.attrs['knob'])['symbol']} = {knob_value(run, beta)}"
