"""The question of abstraction: whether squeezing a code makes concepts."""

import json
from functools import lru_cache

import numpy as np
import xarray as xr

from distill import registry
from distill.config import Choice
from distill.errors import DistillError
from distill.figures._animation import chosen
from distill.figures._lit import strength_ticks
from distill.figures.merging import SURE, animated_tree, group_name
from distill.figures.splits import animated_splits
from distill.measures.merging import class_groups
from distill.measures.tasks import task_weights
from distill.palette import DARK, INK, class_colour
from distill.ui import answers, kept_classes, looking, tables
from distill.ui.content import of_this_version
from distill.ui.envelope import Slider, Stage
from distill.ui.exact_content import KINDS, Source, answer_of, first
from distill.ui.headline import Cell
from distill.ui.questions_content import Answer, Deeper, at_knob, listed, stage_of, view_of

QUESTION = "Does compression make concepts?"
SHORT = "Abstraction"
HINT = "Drag β: what is still told apart, and what has become one?"
TREE, SPLITS = "Tree of classes", "Tree of splits, exact"
MOST_GROUPS = 4  # that are named
MOST_VALUES = 40  # of x, of which a tree can be drawn and its exact answer waited for
LETTERS = "Letters of English, next letter"
MAPS = "Quantising or distilling a network compresses the map, not its code: another quantity."
CLASSES = Deeper("Kept and discarded: the confusion", "pages/3_kept_and_discarded.py", {"part": "classes"})


def answer(run: xr.Dataset) -> Answer:
    """The answer of `run`, loaded: the exact cascade of splits where p(x, y) is known, else the tree of its classes.

    Raises:
        DistillError: for a run of another version, and for one whose label has no classes.
    """
    run = of_this_version(run)
    if "joint" in run and run.sizes["value_x"] <= MOST_VALUES:
        return _exact(run)
    found = looking.once("_questions_groups", looking.version(run), lambda: class_groups(run))

    def build(choice: Choice) -> Stage:
        view = view_of(TREE, animated_tree(run, found), _tree_words(found))
        return stage_of(run, "abstraction", view, choice, kept_classes.headline(run, found))

    return Answer(build, _learned(run, found), _learned_not(run, found), (CLASSES,), run)


def _tree_words(found: xr.Dataset) -> str:
    return f"{kept_classes.TREE_SUBTITLE} One decoded code each of {int(found['items'].sum())} test items."


def _learned(run: xr.Dataset, found: xr.Dataset) -> str:
    """Which groups form before all are one, and in which order."""
    groups = [k for k, each in enumerate(found.member.values) if not each.all()]
    bits, count = found.information.values, found.sizes["class"]
    if len(bits) == 1:
        return "which classes one code tells apart; with a single strength nothing is squeezed."
    if count == 2:
        return "two classes become one or they do not: a hierarchy needs three or more."
    if not groups:
        place = found.place.values[-1] if found.sizes["join"] else np.inf
        end = len(bits) - 1 if not np.isfinite(place) else min(max(int(place), 0), len(bits) - 1)
        return (
            f"no, not here: of {count} classes no group forms before all become one. I(Y;Ŷ) falls from "
            f"{bits.max():.1f} to {bits[end]:.1f} bits before any two merge: what is erased goes from all classes "
            "alike, which is compression without abstraction."
        )
    sure = [k for k in groups if float(found.support[k]) >= SURE]
    said = [_formed(run, found, k) for k in (sure or groups)]
    words = listed([*said[:MOST_GROUPS], *([f"{len(said) - MOST_GROUPS} more"] if len(said) > MOST_GROUPS else [])])
    if not sure:
        most = 100 * float(found.support[groups].max())
        return f"not for certain: of {count} classes {words} come first, in at most {most:.0f} % of resamples."
    decided = len({*task_weights(run).values()}) > 1
    so = "; the weights of the task decide in which order" if decided else ", though nobody named such groups"
    return f"yes: of {count} classes {words} become one before the rest{so}."


def _formed(run: xr.Dataset, found: xr.Dataset, k: int) -> str:
    """A group and where it forms."""
    where = "from the start" if found.place[k] == -np.inf else f"at {at_knob(run, float(found.strength[k]))}"
    return f"{group_name(found, found.member.values[k])} ({where})"


def _learned_not(run: xr.Dataset, found: xr.Dataset) -> str:
    """What the tree of a learned code leaves open."""
    groups = any(not each.all() for each in found.member.values)
    if groups and len(task_weights(run)) > 1:
        return f"that a concept was found: these groups are values of the factors that Y was made of. {MAPS}"
    if groups:
        return f"that a group is a concept: it is what the decoder confuses, in one run and in these items. {MAPS}"
    return (
        "that no code makes concepts: where labels are a function of the item the exact bottleneck has nothing to "
        f"group by, and keeps every class up to β = 1; soft p(y|x), as of the letters, has a cascade of splits. {MAPS}"
    )


# --- the exact cascade of a known p(x, y)


def _exact(run: xr.Dataset) -> Answer:
    found, letters = _solved(run), _is_letters(run)
    walked = xr.Dataset(
        coords={"beta": found.beta.values, "step": run.step.values[-1:]},
        attrs={
            "id": run.attrs["id"], "stamp": run.attrs.get("stamp", ""),
            "knob": json.dumps({"default": float(found.beta[first(found)])}),
        },
    )  # fmt: skip

    def build(choice: Choice) -> Stage:
        return _cascade(run, found, chosen(walked, choice)[1])

    deeper = Deeper("Exact: curve, critical β and encoder", "pages/5_exact.py", _source(run) | {"part": ""})
    return Answer(build, _split(found, letters), _split_not(run), (deeper,), walked)


def _is_letters(run: xr.Dataset) -> bool:
    return json.loads(run.attrs["config"])["dataset"] == "letters"


def _solved(run: xr.Dataset) -> xr.Dataset:
    """The exact answer of the run's own p(x, y)."""
    if _is_letters(run):
        return answer_of(Source(LETTERS))
    joint = np.ascontiguousarray(run.joint.transpose("value_x", "value_y").values, dtype=float)
    return _of_table(joint.tobytes(), joint.shape)


@lru_cache(maxsize=16)
def _of_table(table: bytes, shape: tuple[int, int]) -> xr.Dataset:
    joint = np.frombuffer(table).reshape(shape)
    return answers.of_table(joint, [f"x{i + 1}" for i in range(shape[0])], [f"y{i + 1}" for i in range(shape[1])])


def _source(run: xr.Dataset) -> dict[str, object]:
    """What the Exact page shows: the letters, or the run's own table where a link can carry it."""
    if _is_letters(run):
        return {"source": "letters", "table": ""}
    rows = run.joint.transpose("value_x", "value_y").values.astype(float)
    x, y = (tuple(f"{axis}{i + 1}" for i in range(count)) for axis, count in zip("xy", rows.shape, strict=True))
    try:
        table = tables.written(tables.Table(x, y, tuple(map(tuple, rows.tolist()))))
    except DistillError:  # more rows or columns than the editor of the page takes
        table = ""
    return {"source": "table", "table": table} if 0 < len(table) <= tables.MOST_TEXT else {"source": "", "table": ""}


def _cascade(run: xr.Dataset, found: xr.Dataset, index: int) -> Stage:
    values = [f"{beta:.3g}" for beta in found.beta.values]
    ticks = [(int(np.argmin(np.abs(np.log(found.beta.values / value)))), text)
             for value, text in strength_ticks(found.beta.values).items()]  # fmt: skip
    tree = animated_splits(found, _colours(found, run))
    kinds = " Purple: vowels." if _is_letters(run) else ""
    words = f"The best code of p(x, y) itself, no sample and no network; each x is a ribbon, p(x) thick.{kinds}"
    return Stage(
        views=(view_of(SPLITS, tree, words),),
        slider=Slider("Compression strength β", values, index, ticks),
        identity=f"questions abstraction exact {run.attrs['id']} {run.attrs.get('stamp', '')}",
        headline=[_cells(found, i) for i in range(len(values))],
        caption=f"{run.attrs['dataset_title']} · I(X;Y) = {found.attrs['information']:.4g} bits · exact",
        filename=f"distill-questions-abstraction-{run.attrs['id']}",
        palette=DARK,
    )


def _colours(found: xr.Dataset, run: xr.Dataset) -> list[str]:
    """Of letters by their kind, of a table's x by their number."""
    if not _is_letters(run):
        return [class_colour(i) for i in range(found.sizes["x"])]
    vowels = registry.module("datasets", "letters").VOWELS
    kinds = {"space": KINDS["space"]} | {name: KINDS["vowel"] for name in vowels}
    return [kinds.get(str(name), INK) for name in found.x.values]


def _cells(found: xr.Dataset, index: int) -> list[Cell]:
    at, exact, whole = found.isel(beta=index), "exact: of the distribution itself", found.attrs["information"]
    return [
        [str(len(answers.members(found, index))), f"branches of {found.sizes['x']} values", exact],
        [f"{float(at.information_x):.2f}", f"bits kept of H(X) = {found.attrs['entropy_x']:.2f}", f"I(X;T), {exact}"],
        [
            f"{float(at.information_y):.2f}",
            f"of them relevant, of {whole:.2f}",
            f"I(T;Y), {exact}",
        ],
    ]


def _split(found: xr.Dataset, letters: bool) -> str:
    """How the branches part as β falls, and what stands together that nobody named."""
    counts = [len(answers.members(found, i)) for i in range(found.sizes["beta"])]
    two = next((i for i in range(len(counts))[::-1] if counts[i] > 1), None)
    if two is None:
        return "no cascade: at every β of this look one cluster is the best."
    small = min(answers.members(found, two), key=len)
    are, beta = "is" if len(small) == 1 else "are", float(found.beta[two])
    parted = f"the first to part {are} {', '.join(small)}, at β = {beta:.2g}"
    vowels = _vowels(found) if letters else ""
    return (
        f"yes: as β falls the best code goes from one cluster to {counts[0]}, branch by branch, from coarse to fine; "
        f"{parted}.{vowels}"
    )


def _vowels(found: xr.Dataset) -> str:
    """The largest branch of vowels alone, and the βs at which it stands."""
    vowels = {*registry.module("datasets", "letters").VOWELS}
    best: tuple[int, list[int], list[str]] = (0, [], [])
    for i in range(found.sizes["beta"]):
        for each in answers.members(found, i):
            if {*each} <= vowels and len(each) >= max(2, best[0]):
                best = (len(each), [*best[1], i] if len(each) == best[0] else [i], each)
    if not best[0]:
        return ""
    low, high = float(found.beta[min(best[1])]), float(found.beta[max(best[1])])
    return f" From β = {high:.2g} to {low:.2g} {' '.join(best[2])} stand together alone: vowels, which nobody named."


def _split_not(run: xr.Dataset) -> str:
    label = str(run.attrs["label_name"])
    return (
        f"that a network finds these groups, or that they mean more than a like {label}: this is the exact answer of "
        f"one distribution, and labels that are a function of the item have no such cascade. {MAPS}"
    )
