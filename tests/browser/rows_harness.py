"""A script that shows a stage of rows alone, made up: maps of amounts, a bank of pictures, lines, words."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import streamlit as st

sys.path.insert(0, os.environ.get("STAGE_ROOT", str(Path(__file__).parents[2])))

from distill.ui.envelope import Slider, Stage, pack
from distill.ui.picture_rows import Amount, Lines, Pictures, Row, Shaded
from distill.ui.stage import stage

FRAMES, ITEMS, BANK = 5, (7, 9, 11), (3, 7, 20, 41)
AMOUNT = Amount(2.0, "bits", 2, ((0.0, "0"), (0.5, "0.5"), (2.0, "2 bits or more")))
SENTENCES = (("The", "soup", "was", "cold."), ("She", "sings."))
TEXTS = ("one", "two", "three")
NAME = "what came back, and some more"  # of a row, longer than most


def amounts() -> np.ndarray:
    """(frames, 4, 4) bits that fall along the slider."""
    return np.linspace(2.5, 0, 16).reshape(4, 4) * np.linspace(1, 0, FRAMES)[:, None, None]


def bank() -> np.ndarray:
    """(4, 4, 4) pictures of one grey each."""
    return np.broadcast_to(np.array([40, 90, 140, 190], np.uint8)[:, None, None], (4, 4, 4))


def places() -> np.ndarray:
    """(frames, 2) which of the bank stand in the row."""
    return np.array([[frame % 4, (frame + 1) % 4] for frame in range(FRAMES)])


def words() -> np.ndarray:
    """(frames, 2, 4) bits of words."""
    return 0.3 * np.arange(8.0).reshape(2, 4) * np.linspace(1, 0.2, FRAMES)[:, None, None]


def content(chosen: int | None) -> Stage:
    """All kinds of rows."""
    plain = np.zeros((3, 4, 4), np.uint8)
    rows = (
        Row(NAME, plain, names=["seven", "nine", "eleven"], heading="Pictures", words="Click one."),
        Row("bank", bank(), items=BANK, places=places()),
        Row("map", AMOUNT.levels(amounts())[:, None], amount=AMOUNT, large=True, words="of each pixel", items=()),
        Shaded("words", SENTENCES, AMOUNT.levels(words()), AMOUNT, heading="Words", items=(7, 9)),
        Lines("lines", TEXTS, places() % 3, items=(1, 2, 5), heading="Lines"),
    )
    pictures = Pictures(ITEMS, rows, first=False, choosing=True, chosen=chosen, look="main")
    return Stage((), Slider("β", [str(i) for i in range(FRAMES)], 0), "rows", pictures=pictures)


if __name__ == "__main__":
    kept = st.session_state.setdefault("chosen", 9)
    at = stage(pack(content(kept)), key="rows")
    st.html(f'<p id="said">{json.dumps({"index": at.index, "item": at.item})}</p>')
    if at.item is not None and at.item != kept:
        st.session_state["chosen"] = at.item
        st.rerun()
