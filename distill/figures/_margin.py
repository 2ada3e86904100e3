"""Words in the margin at the right of a figure over β: every curve's name and its value at the chosen β, in its colour.

They stand where they are at every β, so that nothing overlaps a curve and nothing jumps.
"""

from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go
import xarray as xr

from distill.figures._animation import Moving
from distill.figures._style import FURNITURE, SMALL
from distill.palette import INK

LETTER, EDGE = 6.4, 20  # pixels
GAP = "\u00a0\u00a0"  # between the plot and the words
LINE = 0.17  # of the plot's height, from one line of words to the next


class Word(NamedTuple):
    """One line in the margin: its text at every β (beta,), and its colour."""

    text: Sequence[str]
    colour: str = INK


def words_in_margin(
    figure: go.Figure, run: xr.Dataset, words: Sequence[Word], ends: tuple[float, float], top: float = 0.93
) -> list[Moving]:
    """Lines from `top` (a share of the plot's height) down, in a margin as wide as the longest; `ends` are those of y.

    At most five lines have room in a low figure.
    """
    longest = max((len(each) for word in words for each in word.text), default=0)
    figure.update_layout(margin_r=EDGE + round(LETTER * longest))
    low, high = ends
    heights = [low + (top - LINE * i) * (high - low) for i in range(len(words))]
    text = [[f"{GAP}{word.text[at]}" for word in words] for at in range(run.sizes["beta"])]
    figure.add_trace(go.Scatter(  # at the very end of the axis: plotly leaves out what lies beyond
        x=[run.sizes["beta"] - 0.5] * len(words), y=heights, mode="text", text=text[0],
        name="at the chosen β", textposition="middle right", hoverinfo="skip", cliponaxis=False, meta=FURNITURE,
        textfont={"size": SMALL + 0.5, "color": [word.colour for word in words], "weight": 600},
    ))  # fmt: skip
    return [Moving(len(figure.data) - 1, text=text)]
