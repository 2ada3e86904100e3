"""What the part on the price of knowledge puts on the stage: three lines, two bars, the speed, and the training."""

import numpy as np
import xarray as xr

from distill.figures._price import break_even
from distill.figures._wall import best_free, coders, counts, item, network, number
from distill.figures.effort import speed_of_coders, speeds
from distill.figures.knowledge import animated_price, animated_two_bars, bars_cut, price_in_words
from distill.figures.learning import network_as_it_learns, passed
from distill.palette import DARK
from distill.ui.envelope import Stage, View
from distill.ui.wall_bits_content import CUT_WORDS, caption, sent_slider

SLOWER = 1.5  # times, from which it is worth a word
PUBLISHED = (
    "Published, not measured here: a language model of 70 billion weights brings patches of ImageNet to 43.4 % of "
    "their size (PNG 58.5 %) and speech to 16.4 % (FLAC 30.3 %), its own size left out (Delétang et al. 2024)."
)


def knowledge_stage(run: xr.Dataset) -> Stage:
    """The stage of a run of the wall, loaded; the slider is the number of items sent."""
    price, bars = animated_price(run), animated_two_bars(run)
    learning = ()
    if "network_bits" in run:
        words = _learning_in_words(run)
        learning = (View("Learning", network_as_it_learns(run), (), "The network as it learns", words, still=True),)
    return Stage(
        views=(
            View("Price of knowledge", price.figure, price.motions, f"Bits a {item(run)}, everything counted",
                 "Dashed, beyond what was sent: each further one at the bits that the last ones took."),
            View("Two bars", bars.figure, bars.motions, "Model left out, model counted", _bars_in_words(run)),
            View("Speed", speed_of_coders(run), (), "What it costs in time", _speed_in_words(run), still=True),
            *learning,
        ),
        slider=sent_slider(run),
        identity=f"wall knowledge {run.attrs['id']} {run.attrs.get('stamp', '')}",
        caption=caption(run),
        filename=f"distill-knowledge-{run.attrs['id']}",
        palette=DARK,
    )  # fmt: skip


def verdict(run: xr.Dataset) -> str:
    """After how many items knowing has paid, and what it costs in time."""
    out, each = [price_in_words(run)], network(run)
    if each is not None and each.written:
        slow, fast = speeds(run, each)[1], speeds(run, best_free(run))[1]
        if slow > 0 and fast > SLOWER * slow:
            out.append(f"Reading it back is {round(fast / slow):,} times slower than reading {best_free(run).spoken}.")
    return " ".join(out)


def _bars_in_words(run: xr.Dataset) -> str:
    even = break_even(run)
    paid = f" They meet at {number(even)}." if even < float("inf") else ""
    cut = f" {CUT_WORDS}" if bars_cut(run) else ""
    return f"At the number of {item(run, 2)} at the slider: both are true, of different questions.{paid}{cut}"


def _speed_in_words(run: xr.Dataset) -> str:
    whole = all(np.isfinite(each.bits[-1]) for each in coders(run) if each.written)
    most = counts(run)[-1]
    every = f"The one {item(run)}" if most == 1 else f"All {most:,.0f} {item(run, most)}"
    sent = every if whole else f"As many {item(run, 2)} as each had time for"
    return f"{sent}, one call and one thread each, on the machine that made the run; MB of symbols."


def _learning_in_words(run: xr.Dataset) -> str:
    steps = [(title, step) for title, step in passed(run) if step >= 0]
    count = f"{int(run.samples.max()):,} " if "samples" in run else ""
    held = f"−log₂ q of {count}held-out symbols; dotted: of those it learns from."
    return f"{held} It passed {steps[-1][0]} at step {steps[-1][1]:,}." if steps else held
