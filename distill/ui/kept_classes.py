"""Kept and discarded, part "classes": which classes become one as β rises, and what that says of abstraction."""

import html
import json
from pathlib import Path

import numpy as np
import streamlit as st
import xarray as xr

from distill import objectives
from distill.config import Choice
from distill.figures._animation import chosen
from distill.figures._style import caption, knob_ticks, knob_values
from distill.figures.confusion import CONFUSION_WORDS, animated_confusion, animated_effective, groups_left
from distill.figures.merging import animated_tree, group_name, joined, standing
from distill.measures.merging import FEWEST_ITEMS, class_groups
from distill.measures.tasks import task_weights
from distill.palette import DARK
from distill.ui import looking
from distill.ui.content import of_this_version
from distill.ui.envelope import Slider, Stage, View
from distill.ui.headline import Cell
from distill.ui.opening import ASSETS
from distill.ui.state import State, begun

QUESTION = "Which classes become one as you squeeze?"
HINT = "Drag β up: classes that the decoder no longer tells apart become one."
TREE, CONFUSION, EFFECTIVE = "Tree of classes", "Confusion", "Classes told apart"
KEY = "kept-classes"
TREE_SUBTITLE = (
    "They join where the decoder’s answer gives less than ½ bit of which it is. Bar: ± 90 %; dashed: less sure."
)
OTHER_THINGS = (
    "Quantising, pruning or distilling weights makes a network shorter, not its code: another quantity, on no axis "
    "with this one."
)


def scene(run: xr.Dataset, state: State, path: Path) -> None:
    """The stage, and below it what it says in words.

    Raises:
        DistillError: for a run without confusion, or of another version.
    """
    st.html(ASSETS / "kept.css")
    st.html(ASSETS / "classes.css")
    found = looking.once("_kept_classes_found", looking.version(run), lambda: class_groups(of_this_version(run)))
    looking.mounted(run, KEY, looking.KEPT, lambda choice: classes_stage(run, found, choice), Choice())
    with st.container(key=f"{KEY}-words"):
        for sentence in sentences(run, found):
            st.html(f'<p class="soft figures">{html.escape(sentence)}</p>')


def classes_stage(run: xr.Dataset, found: xr.Dataset, choice: Choice) -> Stage:
    """Tree, confusion and number of classes, as `found` by class_groups; and the numbers in words."""
    knob, items = json.loads(run.attrs["knob"]), int(found["items"].sum())
    tree, confusion = animated_tree(run, found), animated_confusion(run, found)
    effective = animated_effective(run, found)
    whose = " of the first seed" if json.loads(run.attrs["config"]).get("seeds", 1) > 1 else ""
    band = f"2^I(Y;Ŷ) of one decoded code{whose}, {items} test items. Dotted: groups left."
    return Stage(
        views=(
            View(TREE, tree.figure, tree.motions, TREE, TREE_SUBTITLE),
            View(CONFUSION, confusion.figure, confusion.motions, CONFUSION, f"{begun(CONFUSION_WORDS)}."),
            View(EFFECTIVE, effective.figure, effective.motions, EFFECTIVE, band),
        ),
        slider=Slider(knob["label"], knob_values(run), chosen(run, choice)[1], knob_ticks(run)),
        identity=f"classes {run.attrs['id']} {run.attrs.get('stamp', '')}",
        headline=headline(run, found),
        caption=caption(run),
        filename=f"distill-{run.attrs['id']}-classes",
        palette=DARK,
    )


def headline(run: xr.Dataset, found: xr.Dataset) -> list[list[Cell]]:
    """For every β: classes told apart, groups, the pair of groups that is told apart least, the merge to come."""
    left = groups_left(found)
    return [
        [_effective(found, index), _standing(found, index, int(left[index])), *_ahead(run, found, index)]
        for index in range(run.sizes["beta"])
    ]


def sentences(run: xr.Dataset, found: xr.Dataset) -> list[str]:
    """What was merged in which order, and how that is related to abstraction: what is measured, what is known."""
    return [*_order(run, found), f"Distillation and abstraction: {_seen(run, found)} {_known(run)} {OTHER_THINGS}"]


def _effective(found: xr.Dataset, index: int) -> Cell:
    at = found.isel(beta=index)
    how = (
        f"2^I(Y;Ŷ) of class and decoder’s answer to one code, I = {float(at.information):.2f} bits (plug-in); "
        f"{float(at.effective_low):.1f} to {float(at.effective_high):.1f} in 90 % of resamples; N = {_items(found)}"
    )
    return [f"{float(at.effective):.1f} of {found.sizes['class']}", "classes told apart", how]


def _standing(found: xr.Dataset, index: int, count: int) -> Cell:
    groups = standing(found, index)
    how = "groups that form in more than half of the resamples; a class alone counts as one"
    if count == 1:
        return ["1", "group: all classes are one", how]
    words = " · ".join(group_name(found, each) for each in groups)
    return [str(count), f"groups; merged: {words}" if groups else "groups: no two classes have merged", how]


def _ahead(run: xr.Dataset, found: xr.Dataset, index: int) -> list[Cell]:
    """The two of different groups that are told apart least; and the next group to form."""
    group, apart = found.group.values[index], found.apart.values[index]
    other = (group[:, None] != group) | (group < 0)[:, None] & ~np.eye(len(group), dtype=bool)
    how = "Jensen–Shannon divergence of their rows of the confusion: of one bit, both as likely"
    nearest = ["–", "all are one", how]
    if other.any():
        i, j = np.unravel_index(np.where(other, apart, np.inf).argmin(), apart.shape)
        names = found["class"].values
        nearest = [f"{apart[i, j]:.2f} bits", f"tell {names[i]} from {names[j]}, the nearest two not merged", how]
    later = np.flatnonzero(found.place.values > index)
    if not len(later):
        return [nearest, ["–", "no merge is to come", "within the βs that were trained"]]
    k = later[0]
    certain = f"forms in {100 * float(found.support[k]):.0f} % of resamples; ± {float(found.place_error[k]):.1f} βs"
    said = f"the next merge: {group_name(found, found.member.values[k])}"
    return [nearest, [_knob(run, float(found.strength[k])), said, f"{certain} (90 %)"]]


def _knob(run: xr.Dataset, value: float) -> str:
    knob = json.loads(run.attrs["knob"])
    return f"{knob['symbol']} = {value:.2g} {knob['unit']}".strip()


def _items(found: xr.Dataset) -> str:
    return f"{int(found['items'].sum())} test items"


def _order(run: xr.Dataset, found: xr.Dataset) -> list[str]:
    """Every group in the order in which they form, and which classes are left out."""
    names, every = found["class"].values, json.loads(run.attrs["classes"])[run.attrs["label_name"]]
    told = "No two classes merge within these βs."
    if found.sizes["join"]:
        chains = "; ".join(_chain(run, found, k) for k in range(found.sizes["join"]) if not _next_to(found, k))
        told = f"Two classes have one merge and no hierarchy: {chains}." if len(names) == 2 else f"Merged: {chains}."
    missing = [name for name in every if name not in {*map(str, names)}]
    if missing:
        told += f" Left out, with fewer than {FEWEST_ITEMS} test items: {joined(missing)}."
    return [told]


def _chain(run: xr.Dataset, found: xr.Dataset, k: int | None) -> str:
    """A group and the classes that join it one after another: pullover, shirt at β = 0.1, then coat at 0.2."""
    member, said = found.member.values, []
    before = np.zeros(found.sizes["class"], dtype=bool)
    while k is not None:
        new = member[k] if member[k].all() else member[k] & ~before
        said.append(f"{group_name(found, new)} {_where(run, found, k)}")
        before, k = member[k], next((n for n in range(len(member)) if _next_to(found, n) == [k]), None)
    return ", then ".join(said)


def _next_to(found: xr.Dataset, k: int) -> list[int]:
    """The one group that group `k` takes in beside single classes; none where it takes in none or several."""
    member = found.member.values
    inside = [n for n in range(len(member)) if n != k and (member[k] >= member[n]).all()]
    largest = [n for n in inside if not any(n != m and (member[m] >= member[n]).all() for m in inside)]
    return largest if len(largest) == 1 else []


def _where(run: xr.Dataset, found: xr.Dataset, k: int) -> str:
    return "from the start" if found.place[k] == -np.inf else f"at {_knob(run, float(found.strength[k]))}"


def _seen(run: xr.Dataset, found: xr.Dataset) -> str:
    """What this run shows."""
    groups = [each for each in found.member.values if not each.all()]
    if len(found["class"]) == 2:
        return "a hierarchy needs three classes or more."
    if len(groups):
        largest = group_name(found, max(groups, key=np.sum))
        weights = set(task_weights(run).values())
        if len(task_weights(run)) > 1:
            decided = ", and the weights of the task decide in which order" if len(weights) > 1 else ""
            return f"squeezing makes this code coarser step by step{decided}."
        return (
            f"squeezing makes this code coarser step by step ({largest} are one before the rest), though nobody named "
            "such a group: it follows from what lies side by side in the code."
        )
    bits, ends = found.information.values, found.place.values
    if len(ends) and ends[-1] == -np.inf:
        return "no two classes are told apart by half a bit even at the weakest β, so that nothing is left to merge."
    if len(ends) and np.isfinite(ends[-1]):
        last = min(int(ends[-1]), len(bits) - 1)
        return (
            f"no grouping is certain here. I(Y;Ŷ) falls from {bits.max():.1f} to {bits[last]:.1f} bits before any two "
            "classes merge: what is erased goes from all classes alike, which is compression without abstraction."
        )
    return "no grouping is certain here."


def _known(run: xr.Dataset) -> str:
    """What is known exactly of labels such as the run's."""
    objective, weights = json.loads(run.attrs["config"])["objective"], task_weights(run)
    if objectives.load(objective).decoder_note:
        return "This code was made without the label: the order is that of what varies most in the items, not a task’s."
    if "joint" in run:
        return (
            "Where p(y|x) is soft, as here, the clusters of the exact bottleneck split one by one as β falls, from "
            "coarse to fine (Tishby et al. 1999): see the page Exact."
        )
    if len(weights) > 1 and objective == "vib":
        said = ", ".join(f"{name} at {weight:g}" for name, weight in sorted(weights.items(), key=lambda each: each[1]))
        return f"Of independent factors the exact bottleneck gives up each where β reaches its weight: {said}."
    kept = "keeps every class up to β = 1 and then none" if objective == "vib" else "is in no favour of any class"
    return (
        f"For labels that are a function of the item the exact bottleneck {kept} (Kolchinsky et al. 2019): any order "
        "comes from items that could be either, and from the shape of the code."
    )
