"""What the part on bits an item puts on the page: the bars, the pigeon-hole count, what is sent, and the verdict."""

import base64
import io

import numpy as np
import xarray as xr

from distill.figures._wall import (
    BLOCK,
    Coder,
    best_free,
    check,
    coders,
    counts,
    item,
    network,
    number,
    pixels,
    rate,
    raw_bits,
    shape,
    symbol,
)
from distill.figures.lossless import animated_bits_per_item, is_cut, walls
from distill.figures.strings import animated_shortened_strings, block, saved_bits, share_in_words
from distill.palette import DARK
from distill.ui.envelope import Slider, Stage, View

MOST_TICKS = 8
FEW_PICTURES, FEW_SYMBOLS = 30, 240  # that are shown
CHARACTERS = range(32, 127)
DICTIONARY = " It carries a dictionary of common words, which is not counted."
CUT_WORDS = "Slanted gaps: cut, the bar goes on beyond the axis."
Cell = list[str]


def bits_stage(run: xr.Dataset) -> Stage:
    """The stage of a run of the wall, loaded; the slider is the number of items sent, and begins at all of them."""
    bars, strings = animated_bits_per_item(run), animated_shortened_strings(run)
    what = f"Bits a {item(run)}, by coder"
    return Stage(
        views=(
            View(what, bars.figure, bars.motions, what, bars_in_words(run)),
            View("Pigeon-hole count", strings.figure, strings.motions, "Pigeon-hole count", strings_in_words(run)),
        ),
        slider=sent_slider(run),
        identity=f"wall {run.attrs['id']} {run.attrs.get('stamp', '')}",
        headline=headline(run),
        caption=caption(run),
        filename=f"distill-wall-{run.attrs['id']}",
        palette=DARK,
    )


def sent_slider(run: xr.Dataset) -> Slider:
    """One place for every number of items that was sent."""
    sent = counts(run)
    values = [f"{each:,.0f} {item(run, each)}" for each in sent]
    last = len(sent) - 1
    every = -(-len(sent) // MOST_TICKS)
    ticks = [*((i, in_short(sent[i])) for i in range(last % every, last, every)), (last, "all")]
    return Slider(f"{item(run, 2).capitalize()} sent", values, last, ticks, 4.0)


def in_short(count: float) -> str:
    """A number of items on a slider: 450, 30k."""
    return f"{count:,.0f}" if count < 1e4 else f"{count / 1000:,.0f}k"


def bars_in_words(run: xr.Dataset) -> str:
    """What the upright lines mean for this source."""
    files = "Files as they were written, and read back equal."
    cut = f" {CUT_WORDS}" if is_cut(run) else ""
    if np.isfinite(rate(run)):
        note = str(run.attrs.get("entropy_note", "")).rstrip(".")
        return f"{files} Line: entropy rate ({note}); but for luck on few symbols, no coder gets left of it.{cut}"
    names = [name for name, *_ in walls(run) if name.startswith("order-")]
    seen = ("nothing", "the symbol", "two symbols", "three symbols")[len(names) - 1]
    beyond = f"{seen} before each" if len(names) > 1 else "nothing but single symbols"
    return f"{files} Dotted: entropies of all that was sent, a wall only to coders that see {beyond}.{cut}"


def strings_in_words(run: xr.Dataset) -> str:
    """What the second figure counts."""
    one = f"one {item(run)}" if block(run) == 1 else f"{BLOCK} {item(run, 2)}"
    return (
        f"Share of all {raw_bits(run) * block(run):,.0f}-bit strings ({one}) that any code shortens by c bits: "
        "below 2^(1−c)."
    )


def headline(run: xr.Dataset) -> list[list[Cell]]:
    """For every number of items sent: the best coder without a model, the network twice, and the pigeon-hole share."""
    each, places = network(run), range(len(counts(run)))
    best = [best_free(run, place) for place in places]
    return [[_free(run, best[i], i), *_network(run, each, i), _holes(run, best[i], i)] for i in places]


def _free(run: xr.Dataset, free: Coder, place: int) -> Cell:
    bits = float(free.bits[place])
    how = f"{free.title}: {free.note}. Of all its file, header included." if free.note else free.title
    how += DICTIONARY if free.name == "brotli" else ""
    return [f"{number(bits)} bits", f"a {item(run)} by {free.spoken}, the best here that was not trained", how]


def _network(run: xr.Dataset, each: Coder | None, place: int) -> list[Cell]:
    """The network's two cells: its weights left out, and counted."""
    left, counted = "by the network, its weights left out", "by the network, its weights counted"
    if each is None:
        why = str(run.attrs.get("network_note") or "It has not begun to learn.")
        return [["–", left, why], ["–", counted, why]]
    bits, own = float(each.bits[place]), float(each.own[place])
    if not each.written:
        how = "Cross-entropy of held-out symbols; its file is written when the training ends."
        return [[f"≈ {number(bits)} bits", f"{left}, so far", how], ["–", counted, how]]
    how = f"{each.note}. Learned from {int(run.attrs['training_items']):,} other {item(run, 2)}."
    many = counts(run)[place]
    kilo = f"Weights: {own * many / 8000:,.1f} kB, shared among {many:,.0f} {item(run, many)}."
    return [[f"{number(bits)} bits", left, how], [f"{number(bits + own)} bits", counted, kilo]]


def _holes(run: xr.Dataset, free: Coder, place: int) -> Cell:
    saved, whole = float(saved_bits(run, free)[place]), raw_bits(run) * block(run)
    if not saved > 1:
        return ["not shorter", f"{free.title} saved nothing, as of nearly every string", "Headers are counted."]
    share = share_in_words(saved)
    words = f"of all {whole:,.0f}-bit strings, at most, can be shortened by the {number(saved)} bits saved here"
    return [share, words, f"2^(1−c) with c = {number(saved)}, {free.title}, on average over what was sent."]


def verdict(run: xr.Dataset) -> str:
    """The answer in a sentence or two, of all items sent."""
    free, each, raw = best_free(run), network(run), raw_bits(run)
    lies = f"{raw:,.0f} bits a {item(run)} as it lies there, a byte {_each_one(run)}"
    out = [f"{lies}. Of the coders that were not trained the best needs {number(free.final)} ({free.spoken})"]
    if each is not None and each.written:
        out.append(
            f"; a network that has learned from other {item(run, 2)} needs {number(each.final)}, and "
            f"{number(float(each.own[-1]))} more for its own weights"
        )
    return "".join(out) + f". {_limit(run)}"


def _each_one(run: xr.Dataset) -> str:
    """What a byte of the raw symbols holds."""
    many = int(run.attrs["alphabet"])
    return f"a {symbol(run)}" if pixels(run) > 1 else f"for one of {many} values" if many < 256 else "each"


def _limit(run: xr.Dataset) -> str:
    """What is known of the least that anyone could need."""
    known, label = rate(run), float(run.attrs.get("label_bits") or np.nan)
    if np.isfinite(known):
        tight = min(each.final for each in coders(run) if each.written)
        if known > 0.995 * raw_bits(run):
            return f"The entropy is {number(known)}: there is nothing to gain, and every header is a loss."
        if tight < known:
            many = counts(run)[-1]
            chance = f"by the luck of these {many:,.0f} {item(run, many)}" if many > 1 else "by luck"
            return f"The entropy rate is {number(known)}: the best is {_over(tight, known)} below it, {chance}."
        return f"The entropy rate is {number(known)}: what comes nearest is {_over(tight, known)} above it."
    alone = f"; the label alone would take {number(label)}" if np.isfinite(label) else ""
    return f"Nobody knows the limit for {_plural(run)}{alone}."


def _over(bits: float, known: float) -> str:
    percent = 100 * abs(bits / known - 1)
    return f"{percent:.1f} %" if percent < 9.95 else f"{percent:.0f} %"


def _plural(run: xr.Dataset) -> str:
    return {"digits": "handwritten digits", "mnist": "handwritten digits", "letters": "English"}.get(
        str(run.attrs.get("source", "")), "such a file"
    )


def caption(run: xr.Dataset) -> str:
    """The line that a figure carries away."""
    sent = int(run.attrs["items"])
    per = f" of {pixels(run)} {symbol(run)}s" if pixels(run) > 1 else ""
    return (
        f"run {run.attrs['id']} · {run.attrs['source_title']}: {sent:,} {item(run, sent)}{per} sent, "
        f"{int(run.attrs['training_items']):,} others to learn from · bits of the files written, headers counted"
    )


def sent_html(run: xr.Dataset) -> str:
    """The beginning of what is sent, as it is: pictures, text, or a strip of symbols; "" where the run has none."""
    if "shown" not in check(run):
        return ""
    values = run.shown.values
    letters, size, many = str(run.attrs.get("letters", "")), shape(run), int(run.attrs["alphabet"])
    if size:
        drawn = values.reshape(-1, *size)[:FEW_PICTURES]
        sheet = np.concatenate([np.pad(each, ((0, 0), (0, max(1, size[1] // 8)))) for each in drawn], axis=1)
        body = _mask(sheet * (255.0 / max(1, many - 1)), "pictures")
        note = f"{size[0]} × {size[1]} pixels, {many} greys"
    else:
        flat = values.ravel()[:FEW_SYMBOLS]
        body, note = _stream(flat, letters, many), f"one of {many} values each"
    return f'<div class="wall-sent"><p class="soft">What is sent: {note}</p>{body}</div>'


def _stream(flat: np.ndarray, letters: str, many: int) -> str:
    """Symbols in a row: as letters where they are such, else as shades."""
    import html

    if letters:
        return f'<code class="text">{html.escape("".join(letters[i] for i in flat))}</code>'
    if many > 26 and sum(int(each) in (9, 10, 13, *CHARACTERS) for each in flat) > 0.95 * len(flat):
        text = "".join(chr(each) if each in CHARACTERS else " " for each in flat.tolist())
        return f'<code class="text">{html.escape(text)}</code>'
    shades = 25 + flat.astype(float) * (230.0 / max(1, many - 1))
    return _mask(shades[None], "strip")


def _mask(alpha: np.ndarray, kind: str) -> str:
    """Levels (h, w), 0 … 255, in the colour of the text: a mask, so that it follows the theme."""
    from PIL import Image

    levels, out = np.clip(alpha, 0, 255).astype(np.uint8), io.BytesIO()
    Image.merge("LA", [Image.new("L", levels.shape[::-1]), Image.fromarray(levels)]).save(out, "PNG")
    address = f"url(data:image/png;base64,{base64.b64encode(out.getvalue()).decode()})"
    size = f"aspect-ratio: {levels.shape[1]} / {levels.shape[0]};" if kind == "pictures" else ""
    return f'<div class="{kind}" style="{size} mask-image: {address}; -webkit-mask-image: {address}"></div>'
