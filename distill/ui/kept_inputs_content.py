"""What the part Inputs puts on the stage: maps of pixels, bars of columns, shaded words; and the numbers in words."""

import json
from dataclasses import dataclass

import numpy as np
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, chosen
from distill.figures._pictures import are_pictures, levels
from distill.figures._style import caption, knob_ticks, knob_value, knob_values
from distill.figures.input_maps import (
    FULL,
    ROOT,
    animated_columns,
    column_names,
    explained,
    explained_of_all,
    input_bits,
    on_pixels,
    strongest_columns,
    words_of,
)
from distill.measures.decoding import shown_items
from distill.measures.limits import ceiling_x
from distill.measures.seeds import averaged
from distill.palette import DARK
from distill.ui.envelope import Slider, Stage, View
from distill.ui.headline import Cell
from distill.ui.picture_rows import Amount, Pictures, Row, Shaded

TICKS = ((0.0, "0"), (0.001, "0.001"), (0.01, "0.01"), (0.1, "0.1"), (FULL, "1 bit or more"))
BITS = Amount(FULL, "bits", ROOT, TICKS)
WORD_BITS = Amount(4.0, "bits", ROOT, ((0.0, "0"), (0.1, "0.1"), (4.0, "4 bits or more")))
SHARE = Amount(100.0, "%", 1, ((0.0, "not kept"), (50.0, "50 %"), (100.0, "100 %")))
FISHER, EXPLAINED, NEEDED, WORDS = "Fisher bits", "Variance explained", "What the classifier needs", "Bits of words"
COLOURS = ", mean of its three colours"


@dataclass(frozen=True)
class Needed:
    """Bits of every input (feature,) that the classifier needs of a stored item, at β number `beta`."""

    item: int
    beta: int
    bits: tuple[float, ...]


def inputs_stage(run: xr.Dataset, choice: Choice, item: int | None, needed: Needed | None = None) -> Stage:
    """The stage for `run`, loaded; maps of bits are of the stored item at place `item`, or the mean of all averaged."""
    run, knob = averaged(run), json.loads(run.attrs["knob"])
    pictures = words = None
    if are_pictures(run):
        pictures = _maps(run, item, needed)
    elif "text" in run and "word_bits" in run:
        words = _sentences(run, item)
    return Stage(
        views=() if pictures or words else _bars(run, item),
        slider=Slider(knob["label"], knob_values(run), chosen(run, choice)[1], knob_ticks(run)),
        identity=f"inputs {run.attrs['id']} {run.attrs.get('stamp', '')}",
        headline=headline(run, item),
        pictures=pictures or words,
        caption=f"{caption(run)} · {first_seed(run)}{how_measured(run)}",
        filename=f"distill-{run.attrs['id']}-inputs",
        palette=DARK,
    )


def first_seed(run: xr.Dataset) -> str:
    """What is said where there are several seeds: codes, maps and pictures are those of the first."""
    return "of the first seed: " if json.loads(run.attrs["config"]).get("seeds", 1) > 1 else ""


def name_of(run: xr.Dataset, item: int) -> str:
    """A stored item in words: its place, and its value of the label."""
    label = run.attrs["label_name"]
    value = json.loads(run.attrs["classes"])[label][int(run.label.values[item])]
    return f"item {item} ({label} {value})" if str(value).isdigit() else f"item {item} ({value})"


def how_measured(run: xr.Dataset) -> str:
    """The estimators of what is drawn, as the run says them."""
    names = [name for name in ("fisher_bits", "r_squared", "word_bits") if name in run]
    there = {name: run[name].attrs.get("estimator", "") for name in names}
    return "; ".join(f"{name.replace('_', ' ')}: {how}" for name, how in there.items())


def lacking(run: xr.Dataset) -> str:
    """A sentence where the run lacks one of the two maps, and why; "" where it has both."""
    code, missing = run.attrs.get("code"), [name for name in ("fisher_bits", "r_squared") if name not in run]
    if not missing:
        return ""
    if len(missing) == 2:
        return (
            "This run has no maps of its inputs: they are computed at the end of a training, and some examples came "
            "without them. Train it on the Explore page to have them."
        )
    if missing == ["r_squared"]:
        return "This run has no decoder of its inputs, so there is no share of variance to show."
    why = {
        "noiseless": "Its code has no noise and tells of every input without end, so there are no Fisher bits.",
        "categorical": "Its code is a symbol, which is no place to take a derivative of, so there are no Fisher bits.",
    }
    known = "Between the inputs of a known joint distribution there is nothing, so there are no Fisher bits."
    return why.get(code, known if "joint" in run else "Its Fisher bits have not been computed.")


def headline(run: xr.Dataset, item: int | None) -> list[list[Cell]]:
    """For every β: variance explained, of how many inputs half of it, the strongest input, and what does not add up."""
    cells: list[list[Cell]] = [[] for _ in range(run.sizes["beta"])]
    if "r_squared" in run:
        _say_explained(run, cells)
    if "fisher_bits" in run:
        _say_bits(run, item, cells)
    return cells


def _say_explained(run: xr.Dataset, cells: list[list[Cell]]) -> None:
    whole, shares = explained_of_all(run), explained(run)
    points, varies = run.sizes["point"], np.isfinite(shares).all(0)
    how = f"1 − Σ MSE / Σ variance of E[x|z]; one sampled code each of {points} stored test items"
    what = "embeddings’" if "text" in run else "inputs’"
    half = "inputs of which E[x|z] explains at least half the variance; constant ones are not counted"
    for found, total, share in zip(cells, whole, shares[:, varies], strict=True):
        found.append([f"{100 * max(0.0, total):.0f} %", f"of the {what} variance is explained by the code", how])
        if "text" not in run:
            count = f"{int((share >= 0.5).sum())} of {varies.sum()}"
            found.append([count, f"{_inputs(run)} half explained or more", half])


def _say_bits(run: xr.Dataset, item: int | None, cells: list[list[Cell]]) -> None:
    """The strongest input, or word, and I(X;Z), of which the inputs' bits are no parts."""
    total = run.information_x.isel(step=-1).sel(split="test").values
    limit, strongest = float(ceiling_x(run, "test").values[-1]), _strongest(run, item)
    tip = (
        "b_j is what the code tells of input j when all others are known: inputs that say the same count for little "
        "each, and those that only together say something each count for all of it"
    )
    for found, cell, each, whole in zip(cells, strongest, input_bits(run, item), total, strict=True):
        edge = "≥ " if np.isfinite(limit) and whole > limit - 1 else ""
        said = f"is I(X;Z); the inputs’ bits add up to {_bits(each.sum())} and are no parts of it"
        if "text" in run:  # its inputs are not on screen
            said = "is I(X;Z), of which the words’ bits are no parts"
        found += [cell, [f"{edge}{whole:.2f} bits", said, tip]]


def _strongest(run: xr.Dataset, item: int | None) -> list[Cell]:
    """At every β the input with the most bits; of sentences the word with the most among those shown."""
    if "text" in run and "word_bits" in run:
        words, bits = words_of(run)
        every = [word.strip(".?!,") for sentence in words for word in sentence]
        flat = np.concatenate([bits[:, i, : len(sentence)] for i, sentence in enumerate(words)], axis=1)
        how = run.word_bits.attrs.get("estimator", "")
        said = [f"of “{every[int(each.argmax())]}”, the most of all words shown" for each in flat]
        return [[_bits(each.max()), words, how] for each, words in zip(flat, said, strict=True)]
    names, how = column_names(run), run.fisher_bits.attrs.get("estimator", "")
    bits = input_bits(run, item)
    where = [_place(run, int(each.argmax())) if are_pictures(run) else names[int(each.argmax())] for each in bits]
    return [[_bits(each.max()), f"are the most, at {place}", how] for each, place in zip(bits, where, strict=True)]


def _bits(value: float) -> str:
    return f"{value:.0f} bits" if value >= 10 else f"{value:.2g} bits" if value >= 1e-4 else "0 bits"


def _inputs(run: xr.Dataset) -> str:
    if not are_pictures(run):
        return "columns"
    return "pixels’ colours" if len(run.attrs["input_shape"]) > 2 else "pixels"


def _place(run: xr.Dataset, feature: int) -> str:
    row, column = np.unravel_index(feature, run.attrs["input_shape"])[:2]
    return f"row {row + 1}, column {column + 1}"


def _maps(run: xr.Dataset, item: int | None, needed: Needed | None) -> Pictures:
    """The eight items to choose from, and the maps, large."""
    items = [int(place) for place in run.shown.values] if "shown" in run.coords else shown_items(run)
    coloured = COLOURS if len(run.attrs["input_shape"]) > 2 else ""
    rows = []
    if "fisher_bits_of" in run:
        names = [name_of(run, each) for each in items]
        rows.append(Row("items", levels(run)[items], names=names))
    if "fisher_bits" in run:
        whose = run.fisher_bits.attrs.get("long_name", "bits, mean of stored items").removeprefix("bits, ")
        words = f"What the code tells of each pixel{coloured}, if it knew all the others: {whose}."
        if item is not None:
            words = words.replace(whose, name_of(run, item))
        bits = on_pixels(run, input_bits(run, item))
        rows.append(Row(FISHER, BITS.levels(bits)[:, None], amount=BITS, large=True, words=words, items=()))
    if "r_squared" in run:
        words = f"Share of each pixel’s variance{coloured} in E[x|z]: all {run.sizes['point']} test items."
        shares = 100 * on_pixels(run, explained(run))
        rows.append(Row(EXPLAINED, SHARE.levels(shares)[:, None], amount=SHARE, large=True, words=words, items=()))
    if needed is not None:
        rows.append(_need(run, needed, coloured))
    return Pictures(
        items, tuple(rows), first=False, title="Where in the input the bits are", subtitle=how_measured(run),
        choosing=True, chosen=item, look="main",
    )  # fmt: skip


def _need(run: xr.Dataset, needed: Needed, coloured: str) -> Row:
    cells = on_pixels(run, np.array(needed.bits)[None])
    most = float(max(cells.max(), 1e-3))
    amount = Amount(most, "bits", 1, ((0.0, "0"), (most, f"{most:.2f} bits")))
    words = (
        f"Of {name_of(run, needed.item)}, at {json.loads(run.attrs['knob'])['symbol']} = "
        f"{knob_value(run, needed.beta)}, by pixel{coloured} (IBA). Not what q(z|x) keeps."
    )
    return Row(NEEDED, amount.levels(cells), amount=amount, large=True, words=words, items=())


def _sentences(run: xr.Dataset, item: int | None) -> Pictures:
    words, bits = words_of(run)
    row = Shaded(
        "", words, WORD_BITS.levels(bits), WORD_BITS, heading="Which words the code still tells",
        words="Bits of whether this word stands here, or the mean of the words that do: ½ log₂(1 + dᵀFd), local. Point "
        "at a word for its number.",
    )  # fmt: skip
    items = [int(place) for place in run.shown.values]
    return Pictures(items, (row,), first=False, title=WORDS, choosing=False, chosen=item, look="main")


def _bars(run: xr.Dataset, item: int | None) -> tuple[View, ...]:
    """Bars of the columns' bits and of their variance explained."""
    views, shown = [], len(strongest_columns(run))
    some = f" The {shown} best explained of {run.sizes['feature']}." if shown < run.sizes["feature"] else ""
    if "fisher_bits" in run:
        whose = "" if item is None else f" Of {name_of(run, item)}."
        whose = whose or f" {run.fisher_bits.attrs.get('long_name', '').removeprefix('bits, ').capitalize()}."
        words = f"What the code tells of each column, if it knew the others.{whose}{some}"
        views.append(_view(FISHER, animated_columns(run, "fisher", input_bits(run, item)), words))
    if "r_squared" in run:
        words = f"Share of each column’s variance in E[x|z]: {run.sizes['point']} test items.{some}"
        views.append(_view(EXPLAINED, animated_columns(run, "explained", explained(run)), words))
    return tuple(views)


def _view(name: str, animation: Animation, words: str) -> View:
    return View(name, animation.figure, animation.motions, name, words)
