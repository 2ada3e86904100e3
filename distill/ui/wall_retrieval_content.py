"""What the part Ask again puts on the stage: two answers of a lossy code, two of a lossless one, and what differs."""

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr

from distill.coding import semantic
from distill.config import Choice
from distill.figures._animation import chosen
from distill.figures._pictures import are_pictures, levels
from distill.figures._sent import answers, best_lossless, differing, raw_bits, sent_levels, why_not
from distill.figures._style import caption, knob_ticks, knob_values
from distill.figures.retrieval import (
    Pair,
    animated_agreed,
    animated_apart,
    animated_differing,
    animated_values,
    true_label,
)
from distill.measures.decoding import has_decoder, shown_items
from distill.measures.seeds import averaged
from distill.palette import DARK
from distill.ui.envelope import Slider, Stage, View
from distill.ui.headline import Cell
from distill.ui.kept_inputs_content import name_of
from distill.ui.kept_items_content import in_words
from distill.ui.picture_rows import Amount, Lines, Pictures, Row
from distill.ui.wall_semantic_content import read_label, slim

DIFFER, APART, AGREE, VALUES = "Bits that differ", "How far apart", "What they agree on", "The two answers"
BITS = Amount(8.0, "of 8 bits", 1, ((0.0, "same"), (8.0, "all 8 bits")))
LOSSY_WORDS = "Two files of its code, under two dithers, read back: what it was not asked to keep comes out anew."
SYMBOL_WORDS = "Two files of its code, of two symbols drawn, read back: what it was not asked to keep comes out anew."


def retrieval_stage(run: xr.Dataset, choice: Choice, item: int, asked: int, both: Pair) -> Stage:
    """The stage for `run`, loaded: the stored item at place `item`, asked for the `asked`-th time twice.

    `both` are all stored items asked for twice, of which the curves are means.
    """
    own, knob = (answers(run, 2 * asked, [item]), answers(run, 2 * asked + 1, [item])), json.loads(run.attrs["knob"])
    levels_sent = sent_levels(run)[[item]]
    codec, blob = best_lossless(run, levels_sent)
    return Stage(
        views=_views(run, item, own, both),
        slider=Slider(knob["label"], knob_values(run), chosen(run, choice)[1], knob_ticks(run)),
        identity=f"retrieval {run.attrs['id']} {run.attrs.get('stamp', '')}",
        headline=headline(run, item, own, codec.title, len(blob)),
        pictures=_rows(run, item, own, codec.decode(blob)),
        caption=f"{caption(averaged(run))} · {name_of(run, item)}, dithers {2 * asked} and {2 * asked + 1}",
        filename=f"distill-{run.attrs['id']}-ask-again",
        palette=DARK,
    )


def lacking(run: xr.Dataset) -> str:
    """A sentence where nothing can be asked, and what to do; "" where it can."""
    if "joint" in run or "covariance_xy" in run:
        return "The items of this run come from a known distribution: there is none to ask for. Choose another run."
    if why_not(run):
        return (
            "This run was trained before there was a semantic codec, so nothing can be asked of its files. Train it "
            "anew on the Explore page to have one."
        )
    return "" if has_decoder(run) else "This run has no decoder of its inputs, so an answer would be nothing to see."


def headline(run: xr.Dataset, item: int, own: Pair, coder: str, size: int) -> list[list[Cell]]:
    """For every β: the bits that differ of either pair, the bytes of their files, and what the answers are read as."""
    raw, found = raw_bits(run), differing(own[0].levels, own[1].levels)[:, 0].sum(-1, dtype=int)
    values = (own[0].levels != own[1].levels)[:, 0].sum(-1)
    header, what = semantic.HEADER_BYTES, "pixels" if are_pictures(run) else "values"
    cells = []
    for beta, (bits, many) in enumerate(zip(found, values, strict=True)):
        first, second = (int(each.bytes[beta]) for each in own)
        row = [
            [f"{bits:,} of {raw:,}", f"bits differ between two answers of the code, in {many} {what}",
             f"8-bit levels, exclusive or, one bits counted; {run.sizes['feature']} {what}"],
            [f"0 of {raw:,}", "between two answers without loss",
             f"{coder}: what was written was read back and compared"],
            [f"{first - header} + {second - header} bytes", f"of code in the two files, without the {header} of header",
             f"the files have {first} and {second} bytes: header, payload, checksum"],
            [f"{size} bytes", f"without loss, {coder}; {raw // 8:,} as it is",
             "the smallest of the quick coders on this item alone"],
        ]  # fmt: skip
        if own[0].labels:
            said = " / ".join(read_label(run, each, beta, 0) for each in own)
            row.append([said, f"is what the answers are read as: {name_of(run, item)}", "q(y|z) of the likeliest"])
        cells.append(row)
    return cells


def _views(run: xr.Dataset, item: int, own: Pair, both: Pair) -> tuple[View, ...]:
    count = run.sizes["point"]
    mine = differing(own[0].levels, own[1].levels)[:, 0].sum(-1, dtype=float)
    differ, apart = animated_differing(run, both, mine), animated_apart(run, both)
    views = [
        View(DIFFER, slim(differ), differ.motions, DIFFER,
             f"Mean of {count} items asked for twice. A level off by one counts as much as a lost one, so that two "
             "different items (dashed), alike in their black pixels, may differ in fewer."),
        View(APART, slim(apart), apart.motions, APART,
             "Mean difference of levels: the truer measure. Where nothing is kept, both answers are the average."),
    ]  # fmt: skip
    if both[0].labels:
        sure = (true_label(run, own[0], [item]) + true_label(run, own[1], [item]))[:, 0] / 2
        agree = animated_agreed(run, both, sure)
        words = f"Share of {count} items read alike, and q(true {run.attrs['label_name']}); dotted: this item."
        views.append(View(AGREE, slim(agree), agree.motions, AGREE, words))
    if not are_pictures(run) and "text" not in run:
        each = animated_values(run, item, own)
        views.insert(0, View(VALUES, each.figure, each.motions, VALUES, "Tick: own value. Dots: first and second."))
    return tuple(views)


def _rows(run: xr.Dataset, item: int, own: Pair, returned: bytes) -> Pictures | None:
    """Two groups of three pictures and the items to choose from; of sentences which each answer is nearest to."""
    items = shown_items(run)
    if "text" in run:
        rows: Sequence[Row | Lines] = _nearest(run, item, own)
    elif are_pictures(run):
        rows = [_others(run, items), *_pairs(run, item, own, returned)]
    else:
        return None
    return Pictures(
        items, tuple(rows), first=False, title="The same item asked for twice", choosing=True, chosen=item,
        look="main", subtitle="Upper: from two files of codes. Lower: without loss. Marked: bits that differ.",
    )  # fmt: skip


def _pairs(run: xr.Dataset, item: int, own: Pair, returned: bytes) -> list[Row]:
    shape, name = run.attrs["input_shape"], name_of(run, item)
    words = SYMBOL_WORDS if run.attrs.get("code") == "categorical" else LOSSY_WORDS
    one, two = (each.levels.reshape(-1, 1, *shape) for each in own)
    sent, back = levels(run)[[item]], np.frombuffer(returned, np.uint8).reshape(1, *shape)
    return [
        Row("first answer", one, large=True, items=(), heading=f"Through the code: {name}", words=words),
        Row("second answer", two, large=True, items=()),
        Row("bits that differ", _marked(one, two), amount=BITS, large=True, items=()),
        Row("what was sent", sent, large=True, items=(), heading="Without loss: the same item",
            words="Every bit costs its place in the file, and every bit comes back."),
        Row("what came back", back, large=True, items=()),
        Row("bits that differ", _marked(sent, back), amount=BITS, large=True, items=()),
    ]  # fmt: skip


def _marked(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Bits that differ at each pixel as levels of the map; of a pixel's colours the mean."""
    bits = differing(one, two)
    colours = bits.shape[-1] == 3 and bits.ndim - (one.ndim == 5) == 4
    return BITS.levels(bits.mean(-1) if colours else bits)


def _others(run: xr.Dataset, items: list[int]) -> Row:
    names = [name_of(run, each) for each in items]
    return Row("ask for", levels(run)[items], names=names)


def _nearest(run: xr.Dataset, item: int, own: Pair) -> list[Lines]:
    """Which stored sentence each answer is nearest to, at every β."""
    stored = sent_levels(run).astype(float)
    rows = [Lines("", [in_words(run, item)], np.zeros((1, 1), int), heading="Asked for")]
    for name, each in zip(("First answer", "Second answer"), own, strict=True):
        near = np.array([np.square(stored - answer).sum(1).argmin() for answer in each.levels[:, 0].astype(float)])
        bank, places = np.unique(near, return_inverse=True)
        texts = [in_words(run, int(place)) for place in bank]
        words = "The stored sentence whose embedding it is nearest to."
        rows.append(Lines("", texts, places.reshape(-1, 1), [int(place) for place in bank], heading=name, words=words))
    return rows
