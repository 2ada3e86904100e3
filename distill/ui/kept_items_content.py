"""What the part Items puts on the stage: pictures kept and discarded, answers to one item, and who counts as alike."""

import json

import numpy as np
import xarray as xr

from distill.config import Choice
from distill.figures._animation import chosen
from distill.figures._pictures import are_kept, are_pictures, levels, picture_rows
from distill.figures._style import caption, knob_ticks, knob_value, knob_values
from distill.figures.asking import DRAWS, animated_answers, answers
from distill.figures.input_maps import on_pixels
from distill.figures.neighbours import animated_alike
from distill.measures.decoding import as_levels, has_decoder, shown_items
from distill.measures.neighbours import NEAREST
from distill.measures.seeds import averaged
from distill.palette import DARK
from distill.ui.envelope import Slider, Stage, View
from distill.ui.kept_inputs_content import first_seed, name_of
from distill.ui.picture_rows import Amount, Lines, Pictures, Row
from distill.ui.state import begun

ALIKE, ASKED = "Who counts as alike", "The same item asked again"
KEPT = "Original, kept and discarded"
KEPT_WORDS = (
    "Kept: E[x|z] of one code. Discarded: original − kept, green where light is missing, brown where it was added. "
    "Click an item to ask about it."
)
AGAIN_WORDS = "Eight fresh codes of it, decoded: at strong β the answers differ. Spread: their deviation at each pixel."
SAME_WORDS = "Eight codes of it, decoded: this code has no noise, so every answer is the same."
MOST_COLUMNS = 6  # of a table that are written out


def items_stage(run: xr.Dataset, found: xr.Dataset, choice: Choice, item: int, other: int) -> Stage:
    """The stage for `run`, loaded: about the stored item at place `item`; neighbours, `found` by agreement, at two βs.

    Raises:
        InvalidValue: where there is no such item.
    """
    run, knob = averaged(run), json.loads(run.attrs["knob"])
    return Stage(
        views=_views(run, found, item, other),
        slider=Slider(knob["label"], knob_values(run), chosen(run, choice)[1], knob_ticks(run)),
        identity=f"items {run.attrs['id']} {run.attrs.get('stamp', '')}",
        pictures=_rows(run, found, item, other),
        caption=f"{caption(run)} · {first_seed(run)}neighbours: {found.share.attrs['estimator']}",
        filename=f"distill-{run.attrs['id']}-items",
        palette=DARK,
    )


def lacking(run: xr.Dataset) -> str:
    """A sentence where nothing can be decoded, and why; "" where it can."""
    if has_decoder(run):
        return ""
    kept = "It has the one picture of each item that was decoded then. " if are_kept(run) else ""
    return (
        f"This run has no decoder, so its items cannot be asked again. {kept}"
        "A training with the present version brings one along."
    )


def _views(run: xr.Dataset, found: xr.Dataset, item: int, other: int) -> tuple[View, ...]:
    """What the neighbours share; of items that are no pictures and no sentences also what they are decoded to."""
    motion = animated_alike(run, found, other)
    symbol, at = json.loads(run.attrs["knob"])["symbol"], knob_value(run, other)
    words = (
        f"All {run.sizes['point']} stored test items. Filled: at the slider’s {symbol}, ± 90 %. "
        f"Open: at {symbol} = {at}. Ticks: others picked blindly."
    )
    views = [View(ALIKE, motion.figure, motion.motions, "What neighbours have in common", words)]
    if has_decoder(run) and not are_pictures(run) and "text" not in run:
        motion = animated_answers(run, item)
        words = f"{begun(name_of(run, item))}: {DRAWS} fresh codes, decoded; at strong β the answers differ."
        views.insert(0, View(ASKED, motion.figure, motion.motions, ASKED, words))
    return tuple(views)


def _rows(run: xr.Dataset, found: xr.Dataset, item: int, other: int) -> Pictures:
    shown = shown_items(run)
    items = shown if item in shown else [item, *shown]
    rows = [*_kept(run, items), *_again(run, item)] if are_pictures(run) else []
    rows += _alike(run, found, item, other)
    return Pictures(
        items, tuple(rows), first=False, title="Items", choosing=True, chosen=item,
        subtitle=f"Kept: E[x|z] of one code. Neighbours: {found.share.attrs['estimator']}.",
        look="main" if are_pictures(run) or "text" in run else "",
    )  # fmt: skip


def _kept(run: xr.Dataset, items: list[int]) -> list[Row]:
    names = [name_of(run, each) for each in items]
    rows, words = picture_rows(run, items), KEPT_WORDS if are_kept(run) else "Click an item to see who is alike."
    return [
        Row(name, values, signed=name == "discarded", names=names, heading=KEPT * (not place), words=words)
        for place, (name, values) in enumerate(rows.items())
    ]


def _again(run: xr.Dataset, item: int) -> list[Row]:
    """Eight answers, and how far they lie apart at each pixel, in shares of the range of values."""
    if not has_decoder(run):
        return []
    found, about = answers(run, item), run.inputs.attrs
    pictures = as_levels(run, found).reshape(*found.shape[:2], *run.attrs["input_shape"])
    spread = on_pixels(run, found.std(1, ddof=1) * about["scale"] / (about["high"] - about["low"]))
    amount = Amount(float(max(np.ceil(20 * spread.max()) / 20, 0.05)), "of the range")
    heading, words = f"Ask again: {name_of(run, item)}", AGAIN_WORDS if run.attrs["code"] != "noiseless" else SAME_WORDS
    return [
        Row("answers", pictures, items=(), heading=heading, words=words),
        Row("spread", amount.levels(spread)[:, None], amount=amount, items=()),
    ]


def _alike(run: xr.Dataset, found: xr.Dataset, item: int, other: int) -> list[Row | Lines]:
    """The neighbours at the slider's β and at another: pictures, or lines of text."""
    near = found.nearest.transpose("beta", "point", "neighbour").values[:, item]
    bank, places = np.unique(near, return_inverse=True)
    places, symbol = places.reshape(near.shape), json.loads(run.attrs["knob"])["symbol"]
    words = (
        f"The {NEAREST} nearest of the other {run.sizes['point'] - 1} test items to {name_of(run, item)}, by sampled "
        f"codes, {found.share.attrs['unit']}. Click one to go on from it."
        f"{_columns(run)}"
    )
    labels, items = ("at the slider", f"at {symbol} = {knob_value(run, other)}"), [int(each) for each in bank]
    heading = f"Who counts as like “{in_words(run, item)}”" if "text" in run else ALIKE
    rows = [*zip(labels, (places, places[other : other + 1]), (heading, ""), strict=True)]
    rows = rows if len(near) > 1 else [("nearest", places, heading)]  # nothing to be beside
    if are_pictures(run):
        names, pictures = [name_of(run, each) for each in items], levels(run)[bank]
        return [
            Row(label, pictures, items=items, names=names, places=place, heading=heading, words=words)
            for label, place, heading in rows
        ]
    texts = [in_words(run, each) if "text" in run else f"item {each}: {in_words(run, each)}" for each in items]
    return [Lines(label, texts, place, items, heading=heading, words=words) for label, place, heading in rows]


def _columns(run: xr.Dataset) -> str:
    """What the values in a line of `in_words` are, where they are a table's and bare."""
    if "text" in run or "feature_scale" not in run:
        return ""
    inputs = [str(name).rpartition(", ")[0] or str(name) for name in run.feature_name.values[:MOST_COLUMNS]]
    return f" Each line: {' · '.join([*map(str, run.factor.values), *inputs])}."


def in_words(run: xr.Dataset, item: int) -> str:
    """A stored item as a line: its sentence; else its values of the factors, and of a table's first columns."""
    if "text" in run:
        return str(run.text.values[item])
    classes, values = json.loads(run.attrs["classes"]), run.factors.transpose("point", "factor").values[item]
    names = [str(name) for name in run.factor.values]
    said = [str(classes[name][int(value)]) for name, value in zip(names, values, strict=True)]
    if "feature_name" not in run:
        said = [f"{name} {value}" for name, value in zip(names, said, strict=True)]
    if "feature_scale" in run:
        own = run.inputs.transpose("point", "feature").values[item]
        raw = own * run.feature_scale.values + run.feature_offset.values
        units = [str(name).rpartition(", ")[2] if ", " in str(name) else "" for name in run.feature_name.values]
        said += [f"{value:.4g} {unit}".strip() for value, unit in zip(raw, units, strict=True)][:MOST_COLUMNS]
    return " · ".join(said)
