"""How classes become one as β rises: the tree of their merging."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, Moving
from distill.figures._over_beta import above, beta_axis
from distill.figures._style import FURNITURE, SMALL, axis, blank, knob_value, line
from distill.measures.merging import class_groups
from distill.palette import GROUND, INK, SOFT_INK, class_colour

__all__ = ["class_tree"]

GAP = "\u00a0"  # a space that a browser keeps at the end
LEAST_PLACES, BEFORE = 9, 2  # places of β that the tree shows at least, and before the first merge
MOST_TICKS = 4
SURE = 0.9  # share of resamples from which a group is drawn as certain
LETTER = 7.0  # pixels
WIDEST = 20  # characters of a group's name


def class_tree(run: xr.Dataset, choice: Choice = Choice()) -> go.Figure:  # noqa: B008 (frozen)
    """The tree of classes: a line each, weak β at the left, joined where the decoder no longer tells them apart.

    That is where less than half a bit is left of which of two it is (`measures.class_groups`). What is stronger than
    the chosen β is pale, and the groups at the chosen β are named. Raises InvalidValue for a run without confusion.
    """
    return explained(animated_tree(run).at(run, choice), run, TREE_WORDS)


TREE_WORDS = "dot: classes become one, bar: ± 90 %; dashed: the group forms in fewer than 9 of 10 resamples"


def animated_tree(run: xr.Dataset, found: xr.Dataset | None = None) -> Animation:
    """`found` is what class_groups says of the run, where it is known already."""
    found = class_groups(run) if found is None else found
    names, height = [str(name) for name in found["class"].values], height_of(found)
    # a group's name is written to the right of its mark, which may stand at the right edge
    wide = max([len(_listed(found, each)) for each in found.member.values], default=0)
    figure = blank(left=margin_for(names), right=round(20 + LETTER * wide), top=8)
    low, high = _window(found)
    figure.update_layout(
        xaxis=beta_axis(run) | {"range": [low, high]} | _ticks(run, low),
        yaxis=axis("", -0.6, len(names) - 0.4, showgrid=False, showticklabels=False),
    )
    nodes, parents = _nodes(found, height, low), _parents(found)
    _leaves(figure, found, names, height, nodes, parents, (low, high))
    _stems(figure, found, height, nodes, parents, high)
    _dots(figure, found, nodes)
    return Animation(figure, _lit(figure, found, height, nodes, (low, high)))


def explained(figure: go.Figure, run: xr.Dataset, words: str) -> go.Figure:
    """The figure with a line of words above it, and a trace of no points by which a caption knows what was measured."""
    measured = run.confusion.attrs.get("long_name", "confusion")
    figure.add_trace(go.Scatter(x=[None], y=[None], name=measured, meta=FURNITURE))
    return figure.update_layout(margin_t=26).add_annotation(above(words, shift=8 - figure.layout.margin.l))


def standing(found: xr.Dataset, index: int) -> list[np.ndarray]:
    """The groups of several classes at β number `index`, (class,) each, in the order of the tree."""
    order, group = np.argsort(found.slot.values), found.group.values[index]
    return [group == k for k in dict.fromkeys(group[order]) if k >= 0]


def joined(names: Sequence[str]) -> str:
    """Classes in a row: 3 5 8; with commas where their names are words."""
    return (" " if short(names) else ", ").join(names)


def group_name(found: xr.Dataset, member: np.ndarray) -> str:
    """What the classes in `member` (class,) are called together.

    Where classes are combinations of several factors, and the group is all that have some of their values, by these
    values alone: of heart, red and heart, blue the name is heart, if there are no other hearts.
    """
    names = found["class"].values
    mine = [str(name) for name in names[member]]
    if member.all():
        return "all"
    parts = [str(name).split(", ") for name in names]
    if len(parts[0]) == 1 or len({*map(len, parts)}) > 1:
        return joined(mine)
    within = [dict.fromkeys(name.split(", ")[k] for name in mine) for k in range(len(parts[0]))]
    every = [{part[k] for part in parts} for k in range(len(within))]
    if sum(all(value in values for value, values in zip(part, within, strict=True)) for part in parts) > len(mine):
        return joined(mine)
    return ", ".join("/".join(some) for some, values in zip(within, every, strict=True) if len(some) < len(values))


def height_of(found: xr.Dataset) -> np.ndarray:
    """Where each class stands from below, (class,); the first leaf on top."""
    return found.sizes["class"] - 1.0 - found.slot.values


def short(names: Sequence[str]) -> bool:
    return max(map(len, names), default=0) <= 2


def margin_for(names: Sequence[str]) -> int:
    return 18 + round(LETTER * max(map(len, names)))


def _listed(found: xr.Dataset, member: np.ndarray) -> str:
    """A group's name, as much of it as there is room for."""
    if len(said := group_name(found, member)) <= WIDEST:
        return said
    mine = [str(name) for name in found["class"].values[member]]
    for count in range(len(mine) - 1, 0, -1):
        if len(said := f"{joined(mine[:count])} +{len(mine) - count}") <= WIDEST:
            return said
    return f"{len(mine)} classes"


def _window(found: xr.Dataset) -> tuple[float, float]:
    """The places that are drawn: from a little before the first merge, so that merges close together are seen apart.

    What is one from the start is drawn so at the left edge.
    """
    high, finite = found.sizes["beta"] - 0.5, found.place.values[np.isfinite(found.place.values)]
    low = min(np.floor(finite.min()) - BEFORE, high - LEAST_PLACES) if len(finite) else -0.5
    return max(-0.5, float(low)), high


def _ticks(run: xr.Dataset, low: float) -> dict[str, object]:
    """Every β of a short window, written where there is room on a phone; of the whole axis what it always has."""
    places = np.arange(max(0, int(np.ceil(low))), run.sizes["beta"])
    if len(places) == run.sizes["beta"] > LEAST_PLACES:
        return {}
    every = -(-len(places) // MOST_TICKS)
    words = [knob_value(run, int(i)).split(" ")[0] if k % every == 0 else "" for k, i in enumerate(places[::-1])]
    return {"tickvals": places.tolist(), "ticktext": words[::-1]}


def _parents(found: xr.Dataset) -> np.ndarray:
    """The join that each class (C, first) and each join enters next, −1 for none."""
    member = found.member.values
    size = member.sum(1)
    entering = [*np.eye(member.shape[1], dtype=bool), *member]
    return np.array([next((k for k in np.argsort(size, kind="stable") if size[k] > each.sum() and
                           (member[k] >= each).all()), -1) for each in entering])  # fmt: skip


def _nodes(found: xr.Dataset, height: np.ndarray, low: float) -> np.ndarray:
    """(join, 2): place and height of each join, those that are one from the start at the left edge."""
    place = np.maximum(found.place.values, low)
    return np.stack([place, [height[each].mean() for each in found.member.values]], 1).reshape(-1, 2)


def _leaves(
    figure: go.Figure, found: xr.Dataset, names: list[str], height: np.ndarray, nodes: np.ndarray,
    parents: np.ndarray, ends: tuple[float, float],
) -> None:  # fmt: skip
    """The classes' own lines, from the left edge to where they merge, and their names."""
    colours = [class_colour(int(number)) for number in found.number.values]
    for i, (name, colour) in enumerate(zip(names, colours, strict=True)):
        to = ends[1] if parents[i] < 0 else nodes[parents[i], 0]
        figure.add_trace(line([ends[0], to], [height[i]] * 2, colour, name, 3, meta=FURNITURE))
    figure.add_trace(go.Scatter(
        x=[ends[0]] * len(names), y=height, mode="text", text=[name + GAP for name in names],
        textposition="middle left", cliponaxis=False, name="names", hoverinfo="skip", meta=FURNITURE,
        textfont={"size": 13 if len(names) <= 20 else SMALL, "color": colours},
    ))  # fmt: skip


def _stems(
    figure: go.Figure, found: xr.Dataset, height: np.ndarray, nodes: np.ndarray, parents: np.ndarray, high: float
) -> None:
    """What groups are drawn as: upright where they form, level until they enter a larger one."""
    classes = len(height)
    for k, (place, middle) in enumerate(nodes):
        inside = [each for each in range(len(parents)) if parents[each] == k]
        reach = [height[each] if each < classes else nodes[each - classes, 1] for each in inside]
        to = high if parents[classes + k] < 0 else nodes[parents[classes + k], 0]
        dash = "solid" if float(found.support[k]) >= SURE else "3px,3px"
        x, y = [place, place, None, place, to], [min(reach), max(reach), None, middle, middle]
        figure.add_trace(line(x, y, INK, "group", 2.6, dash, meta=FURNITURE))


def _dots(figure: go.Figure, found: xr.Dataset, nodes: np.ndarray) -> None:
    """A dot where a group forms, with its interval, and its name, β and support for who points at it."""
    if not len(nodes):
        return
    error = np.nan_to_num(found.place_error.values)
    words = []
    for k in range(len(nodes)):
        where = f"β = {float(found.strength[k]):.2g}" if np.isfinite(found.strength[k]) else "one from the start"
        sure = f"forms in {100 * float(found.support[k]):.0f} % of resamples"
        words.append(f"{group_name(found, found.member.values[k])}<br>{where}<br>{sure}")
    figure.add_trace(go.Scatter(
        x=nodes[:, 0], y=nodes[:, 1], mode="markers", name="merges", text=words, customdata=found.support.values,
        hovertemplate="%{text}<extra></extra>", marker={"size": 8, "color": INK},
        error_x={"type": "data", "array": error, "color": SOFT_INK, "thickness": 1.4, "width": 3},
    ))  # fmt: skip


def _lit(
    figure: go.Figure, found: xr.Dataset, height: np.ndarray, nodes: np.ndarray, ends: tuple[float, float]
) -> tuple[Moving, ...]:
    """A veil over what is stronger than the chosen β, its line, and what stands there: groups with names, classes."""
    betas, count, first = found.sizes["beta"], len(height), len(figure.data)
    at, bottom, top = np.maximum(np.arange(float(betas)), ends[0]), -0.6, count - 0.4
    figure.add_trace(go.Scatter(
        x=[], y=[bottom, bottom, top, top, bottom], mode="lines", fill="toself", fillcolor=GROUND, opacity=0.72,
        line={"width": 0}, hoverinfo="skip", name="veil", meta=FURNITURE,
    ))  # fmt: skip
    figure.add_trace(line([], [bottom, top], INK, "chosen β", 2, meta=FURNITURE))
    beyond = np.full(betas, ends[1])
    motions = [Moving(first, x=np.stack([at, beyond, beyond, at, at], 1)), Moving(first + 1, x=np.stack([at, at], 1))]
    group = found.group.values
    alone = np.where(group < 0, at[:, None], np.nan)
    there = np.array([(group == k).any(1) for k in range(len(nodes))]).reshape(-1, betas).T
    words = [[_listed(found, member) if here else "" for member, here in zip(found.member.values, row, strict=True)]
             for row in there]  # fmt: skip
    figure.add_trace(go.Scatter(
        x=[], y=height, mode="markers", name="alone at the chosen β", hoverinfo="skip", cliponaxis=False,
        marker={"size": 6, "color": SOFT_INK, "line": {"width": 1.5, "color": GROUND}},
    ))  # fmt: skip
    motions.append(Moving(first + 2, x=alone))
    if len(nodes):
        figure.add_trace(go.Scatter(
            x=[], y=nodes[:, 1], mode="markers+text", name="groups at the chosen β", textposition="middle right",
            hoverinfo="skip", cliponaxis=False, textfont={"size": 13, "color": INK, "weight": 600},
            marker={"size": 9, "color": INK, "line": {"width": 1.5, "color": GROUND}},
        ))  # fmt: skip
        motions.append(Moving(first + 3, x=np.where(there, at[:, None], np.nan), text=words))
    return tuple(motions)
