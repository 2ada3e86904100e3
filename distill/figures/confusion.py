"""What is decoded as what, at one β; and over β how many classes are told apart."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._over_beta import add_area, add_mark, line_at_beta, over_beta
from distill.figures._style import FURNITURE, axis, blank, knob_value, line
from distill.figures.merging import explained, height_of, margin_for, short
from distill.measures.merging import class_groups
from distill.palette import INK, SOFT_INK

__all__ = ["confusion_matrix", "effective_classes"]

EDGES = (0.01, 0.03, 0.07, 0.15, 0.3, 0.5, 0.7, 0.9)  # shares from which a cell has the next shade
SHADES = (0.06, 0.13, 0.22, 0.34, 0.48, 0.63, 0.8, 0.95)
CROWDED = 10  # classes with long names, from which these do not fit under the columns
EFFECTIVE_WORDS = "line: 2^I(Y;Ŷ) of one decoded code, with 90 % of resamples; dotted: groups of the tree"
CONFUSION_WORDS = "the stronger the shade, the larger the share of the row’s items; framed: one group"


def confusion_matrix(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """What the items of each class are decoded as at the chosen β, in the order of the tree; groups are framed.

    Raises InvalidValue for a run without confusion.
    """
    return explained(animated_confusion(run).at(run, choice), run, CONFUSION_WORDS)


def effective_classes(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """2^I(Y;Ŷ) over β, the number of classes that the decoder's answers tell apart, beside the number of groups.

    The band is 90 % of resamples of the test items. Raises InvalidValue for a run without confusion.
    """
    return explained(animated_effective(run).at(run, choice), run, EFFECTIVE_WORDS)


def animated_confusion(run: xr.Dataset, found: xr.Dataset | None = None) -> Animation:
    """A cell in one of eight shades, each shade a trace; the frames of the groups follow β too."""
    found = class_groups(run) if found is None else found
    names, height = [str(name) for name in found["class"].values], height_of(found)
    count, slot = len(names), found.slot.values
    columns = found.number.values[np.argsort(slot)]  # answers of which there are items, in the order of the tree
    labels = [names[i] for i in np.argsort(slot)]
    crowded = not short(names) and count > CROWDED
    below = {"ticktext": [""] * count if crowded else _thinned(labels), "tickangle": 0 if short(names) else -35}
    figure = blank(left=margin_for(names), right=8, top=8, bottom=46 if short(names) or crowded else 60)
    figure.update_layout(
        xaxis=axis("decoded as, in the order of the rows" if crowded else "decoded as", -0.55, count - 0.45,
                   tickvals=list(range(count)), showgrid=False, **below),
        yaxis=axis("", -0.55, count - 0.45, tickvals=height.tolist(), ticktext=names, showgrid=False),
        barmode="overlay", bargap=0,
    )  # fmt: skip
    add_area(figure, [-0.5, count - 0.5, count - 0.5, -0.5], [-0.5, -0.5, count - 0.5, count - 0.5], "all cells")
    figure.data[-1].update(opacity=0.25)
    shares = found.shares.values[:, :, columns]
    motions = [Moving(0), *_cells(figure, shares, height, names, labels)]
    return Animation(figure, (*motions, _frames(figure, found)))


def animated_effective(run: xr.Dataset, found: xr.Dataset | None = None) -> Animation:
    """The curve stands, the mark follows β."""
    found = class_groups(run) if found is None else found
    count, places = found.sizes["class"], list(range(run.sizes["beta"]))
    figure = over_beta(run, top=12)
    figure.update_layout(yaxis=axis("classes", 0, count * 1.12, dtick=-(-count // 5)), margin_r=12)
    low, high = found.effective_low.values, found.effective_high.values
    motions = []
    if len(places) > 1:
        add_area(figure, [*places, *places[::-1]], [*high, *low[::-1]], "90 % of resamples")
        motions.append(Moving(0))
    motions.append(line_at_beta(figure, run, (0, count * 1.12)))
    figure.add_trace(line(*_steps(found), SOFT_INK, "groups of the tree", 1.6, "dot"))
    motions.append(Moving(len(figure.data) - 1))
    figure.add_trace(go.Scatter(
        x=places, y=found.effective.values, mode="lines" if len(places) > 1 else "markers", name="classes told apart",
        line={"color": INK, "width": 2.4}, customdata=[knob_value(run, i) for i in places],
        hovertemplate="2^I(Y;Ŷ) = %{y:.2f} classes<br>β = %{customdata}<extra></extra>",
    ))  # fmt: skip
    motions.append(Moving(len(figure.data) - 1))
    motions.append(add_mark(figure, found.effective.values, "classes told apart", INK))
    return Animation(figure, tuple(motions))


def groups_left(found: xr.Dataset) -> np.ndarray:
    """How many groups there are at each β, classes that are alone among them, (beta,)."""
    return np.array([_count(each) for each in found.group.values])


def _count(group: np.ndarray) -> int:
    return len(np.unique(group[group >= 0])) + int((group < 0).sum())


def _steps(found: xr.Dataset) -> tuple[list[float], list[int]]:
    """The corners of the line that says how many groups are left, at the very places where they merge."""
    group = np.full(found.sizes["class"], -1)
    x, y = [-0.5], [_count(group)]
    for k, (place, member) in enumerate(zip(found.place.values, found.member.values, strict=True)):
        group[member] = k
        x, y = [*x, *[max(float(place), -0.5)] * 2], [*y, y[-1], _count(group)]
    return [*x, found.sizes["beta"] - 0.5], [*y, y[-1]]


def _thinned(labels: list[str]) -> list[str]:
    """Names under the columns, every second where they are many."""
    return [name if len(labels) <= 20 or i % 2 == 0 else "" for i, name in enumerate(labels)]


def _cells(
    figure: go.Figure, shares: np.ndarray, height: np.ndarray, names: list[str], labels: list[str]
) -> list[Moving]:
    """A trace for each shade, of all cells that ever have it; one that has it not is as wide as nothing."""
    shade, motions = np.searchsorted(EDGES, shares, side="right"), []
    for k, opacity in enumerate(SHADES, start=1):
        rows, columns = np.nonzero((shade == k).any(0))
        if not len(rows):
            continue
        here = (shade == k)[:, rows, columns]
        words = [[f"{names[i]} decoded as {labels[j]}: {100 * share:.0f} %" if now else "" for i, j, share, now in
                  zip(rows, columns, by_cell, there, strict=True)]
                 for by_cell, there in zip(shares[:, rows, columns], here, strict=True)]  # fmt: skip
        figure.add_trace(go.Bar(
            x=[], y=height[rows], base=columns - 0.48, width=[0.96] * len(rows), orientation="h",
            name=f"at least {100 * EDGES[k - 1]:.0f} %", textposition="none",
            marker={"color": INK, "opacity": opacity, "line": {"width": 0}}, hovertemplate="%{text}<extra></extra>",
        ))  # fmt: skip
        motions.append(Moving(len(figure.data) - 1, x=np.where(here, 0.96, np.nan), text=words))
    return motions


def _frames(figure: go.Figure, found: xr.Dataset) -> Moving:
    """A square around each group, closed by itself."""
    slot, group = found.slot.values, found.group.values
    betas, count = group.shape
    corners = np.full((2, betas, 6 * count), np.nan)
    for k, mine in enumerate(group):
        for n, each in enumerate(np.unique(mine[mine >= 0])):
            low, high = slot[mine == each].min() - 0.5, slot[mine == each].max() + 0.5
            corners[0, k, 6 * n : 6 * n + 5] = low, high, high, low, low
            corners[1, k, 6 * n : 6 * n + 5] = count - 1 - np.array([low, low, high, high, low])
    figure.add_trace(line([], [], INK, "groups", 1.6, meta=FURNITURE))
    return Moving(len(figure.data) - 1, x=corners[0], y=corners[1])
