"""What the Compressed-models page puts on the stage: size against accuracy, the weights, what is kept; its numbers."""

import numpy as np
import xarray as xr

from distill.figures._animation import Animation
from distill.figures._shrunk import (
    FAMILIES,
    Curve,
    Family,
    curve,
    first_place,
    found,
    free_place,
    kilobytes,
    percent,
    reference,
    said,
    seeds_in_words,
    three,
    values_of,
)
from distill.figures.shrinking import animated_model_size
from distill.figures.shrunk_kept import animated_shrunk_keeping
from distill.figures.weights import animated_weights
from distill.palette import DARK
from distill.ui.envelope import Slider, Stage, View
from distill.ui.headline import Cell

OF_PART = {"": FAMILIES["bits"], "sparsity": FAMILIES["sparsity"], "students": FAMILIES["width"]}
SIZE, WEIGHTS, KEPT = "Size and accuracy", "The weights", "What is still kept"
SLIDERS = {"bits": "Bits a weight", "sparsity": "Weights set to zero", "width": "Units in each hidden layer"}
SPEED = 1.5  # places a second in play
ADJECTIVE = {"bits": "quantised", "sparsity": "pruned and fine-tuned", "width": "student with a teacher"}
WHOSE = {"bits": "of these", "sparsity": "of the fine-tuned ones", "width": "of those with a teacher"}
COMPARED = {"as pruned": "without fine-tuning", "alone": "trained alone"}


def shrink_stage(run: xr.Dataset, part: str) -> Stage:
    """The stage of a part for `run`, loaded; the slider begins at the smallest network that has forgotten nothing."""
    family = OF_PART[part]
    values = values_of(run, family)
    words = [said(family, each) for each in values]
    return Stage(
        views=(
            _view(SIZE, animated_model_size(run, family), _size_words(run), hover="frames"),
            _view(WEIGHTS, animated_weights(run, family), _weight_words(run)),
            _view(KEPT, animated_shrunk_keeping(run, family), _kept_words(run)),
        ),
        slider=Slider(SLIDERS[family.name], words, first_place(run, family), _ticks(family, values), SPEED),
        # when the family has been found, the slider moves to where a look begins, unless the address says otherwise
        identity=f"shrink {run.attrs['id']} {run.attrs.get('stamp', '')} {part} {bool(verdict(run, part))}",
        headline=headline(run, family),
        caption=_caption(run),
        filename=f"distill-shrink-{part or 'bits'}-{run.attrs['id']}",
        palette=DARK,
    )


def place_of(run: xr.Dataset, part: str, at: float | None) -> int:
    """The place of the slider that is nearest to the value `at`; where a look begins, where that is None."""
    family = OF_PART[part]
    if at is None:
        return first_place(run, family)
    return int(np.argmin(np.abs(np.array(values_of(run, family)) - at)))


def beyond(run: xr.Dataset, part: str, at: float | None) -> str:
    """A sentence about a value that no slider of the part has; empty where there is nothing to say."""
    family = OF_PART[part]
    values = values_of(run, family)
    if at is None or min(values) <= at <= max(values):
        return ""
    nearest = said(family, values[place_of(run, part, at)])
    return (
        f"at = {at:g} in the link is beyond the slider, which goes from {said(family, values[0])} to "
        f"{said(family, values[-1])}. It stands at {nearest}."
    )


def verdict(run: xr.Dataset, part: str) -> str:
    """The part's question answered with the run's own numbers, in one sentence; empty before there are any."""
    family, whole = OF_PART[part], reference(run)
    own = curve(run, family, family.variants[0])
    if whole is None or np.isnan(own.accuracy).all():
        return ""
    limit = "within one deviation of" if whole.spread[0] else "at or above"  # one seed has no deviation
    allowed = f"{limit} the {percent(whole.accuracy[0], whole.spread[0])} it was trained to"
    place = free_place(run, family)
    if place is None:
        best = int(np.nanargmax(own.accuracy))
        words = f"{said(family, values_of(run, family)[best])}, {percent(own.accuracy[best], own.spread[best])}"
        ratio = three(whole.bytes[0] / own.bytes[best])
        none = f"None {WHOSE[family.name]} stays {allowed}"
        return f"{none}; the most accurate, {ratio}× smaller, is at {words}{_plain(run, family, best)}."
    least, ratio = kilobytes(own.bytes[place]), whole.bytes[0] / own.bytes[place]
    words = said(family, values_of(run, family)[place])
    holds = own.accuracy[: place + 1] >= whole.accuracy - whole.spread
    free = "Free down to" if holds.all() else "The smallest that costs nothing has"  # one before it may have failed
    return (
        f"{free} {words}: {least}, {three(ratio)}× smaller than f32, and still {allowed}{_plain(run, family, place)}."
    )


def _plain(run: xr.Dataset, family: Family, place: int) -> str:
    """What the plainer variant does at the same place, where a family has one and it is there."""
    for variant in family.variants[1:]:
        other = curve(run, family, variant)
        if np.isfinite(other.accuracy[place]):
            return f"; {COMPARED[variant]}, {percent(other.accuracy[place], other.spread[place])}"
    return ""


def headline(run: xr.Dataset, family: Family) -> list[list[Cell]]:
    """For every place: size, times smaller, accuracy ± deviation, bits a parameter; and of what is compared."""
    every = [curve(run, family, each) for each in family.variants]
    counts = _parameters(run, family)
    return [
        [
            *_cells(run, family, every[0], place, float(counts[place])),
            *_beside(run, family, every[1:], place),
            *_rates(run, family, place),
        ]
        for place in range(len(counts))
    ]


def _cells(run: xr.Dataset, family: Family, own: Curve, place: int, count: float) -> list[Cell]:
    whole, size, name = reference(run), float(own.bytes[place]), ADJECTIVE[family.name]
    seeds = f"mean of {seeds_in_words(run)}"
    if np.isnan(size) or whole is None:
        later = "on its way"
        return [["–", words, later] for words in ("as written", "smaller than f32", "right", "bits a parameter")]
    entropy, items = float(own.entropy[place]), run.attrs.get("points", "?")
    return [
        [kilobytes(size), f"{name}, as written",
         f"Bytes that the range coder wrote, with header, steps and biases; {seeds}. Order-0 entropy of the same "
         f"whole numbers, steps and biases: {kilobytes(entropy)}"],
        [f"{three(whole.bytes[0] / size)}×", f"smaller than the {kilobytes(whole.bytes[0])} of f32",
         f"4 bytes a parameter; xz, bytes shuffled, makes {kilobytes(whole.entropy[0])} of them"],
        [percent(own.accuracy[place], own.spread[place]),
         f"right; unshrunk {percent(whole.accuracy[0], whole.spread[0])}",
         f"Share of N = {items} test items that the average of twelve codes names; mean ± deviation over "
         f"{seeds_in_words(run)}"],
        [three(8 * size / count), f"bits a parameter, of {count:,.0f}",
         f"8 × bytes / parameters, biases included; order-0 entropy {three(8 * entropy / count)}"],
    ]  # fmt: skip


def _beside(run: xr.Dataset, family: Family, others: list[Curve], place: int) -> list[Cell]:
    found = []
    for variant, each in zip(family.variants[1:], others, strict=True):
        right, size = each.accuracy[place], each.bytes[place]
        value = "–" if np.isnan(right) else percent(right, each.spread[place])
        how = "on its way" if np.isnan(right) else f"{kilobytes(size)} as written; mean of {seeds_in_words(run)}"
        found.append([value, f"right, {COMPARED[variant]}", how])
    return found


def _rates(run: xr.Dataset, family: Family, place: int) -> list[Cell]:
    """What the codes of students carry: a teacher makes theirs larger, so that the two are not equally compressed."""
    if family.name != "width" or "rate_width" not in run:
        return []
    taught, alone = (float(run.rate_width.sel(taught=each)[place].mean()) for each in family.variants)
    whole = float(run.rate_precision.sel(precision="f32").mean())
    how = (
        f"Mean rate of N = {run.attrs.get('points', '?')} test items and {seeds_in_words(run)}, an upper bound on "
        f"I(X;Z); alone {three(alone)} bits, unshrunk {three(whole)}. β is the same, but the teacher's term is added "
        "to the cross-entropy, and a bit of rate is then relatively cheap"
    )
    if np.isnan(taught) or np.isnan(alone):
        return [["–", "bits of rate in the code", "on its way"]]
    return [[three(taught), f"bits of rate in the code; alone {three(alone)}", how]]


def _parameters(run: xr.Dataset, family: Family) -> np.ndarray:
    """(places,) weights and biases of each network."""
    if family.name == "width" and "parameters_width" in run:
        return run.parameters_width.values.astype(float)
    return np.full(len(values_of(run, family)), float(run.attrs["parameters"]))


def _view(name: str, animation: Animation, words: str, hover: str | None = None) -> View:
    return View(name, animation.figure, animation.motions, name, words, hover)


def _size_words(run: xr.Dataset) -> str:
    return (
        f"Mean ± deviation of {seeds_in_words(run)}, N = {run.attrs.get('points', '?')} test items, twelve codes "
        "averaged. Crosses: order-0 entropy."
    )


def _weight_words(run: xr.Dataset) -> str:
    bins = f"; {run.sizes['bin']} equal bins" if "bin" in run.sizes else ""
    return f"Encoder and decoder of seed {int(run.seed.values[0])}{bins}."


def _kept_words(run: xr.Dataset) -> str:
    count = run.attrs.get("stored_points", "?")
    return f"Seed {int(run.seed.values[0])}; logistic probe on sampled codes, N = {count} test items."


def _ticks(family: Family, values: list[float]) -> list[tuple[int, str]]:
    if family.name == "sparsity":
        return [(i, f"{100 * each:.3g}%") for i, each in enumerate(values)]
    return [(i, f"{each:g}") for i, each in enumerate(values)]


def _caption(run: xr.Dataset) -> str:
    about = run.attrs
    return (
        f"run {about['id']} · {about.get('network', about.get('title', ''))}, {about.get('parameters', '?')} "
        f"parameters, {seeds_in_words(run)} from {int(run.seed.values[0])} · bytes: as written by the range coder, "
        f"header, steps and biases in; accuracy: twelve codes averaged, N = {about.get('points', '?')} test items; "
        "kept: logistic probe, first seed"
    )


def seen(run: xr.Dataset) -> tuple[object, ...]:
    """What is another one when a curve has been added or filled in."""
    every = (found(run, "accuracy", each, one) for each in FAMILIES.values() for one in each.variants)
    return tuple(-1 if each is None else int(np.isfinite(each).sum()) for each in every)
