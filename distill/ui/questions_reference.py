"""The question of quality without reference: what the shape of a code can say of it, and what it cannot."""

import json

import numpy as np
import xarray as xr

from distill.config import Choice
from distill.figures._style import knob_value
from distill.figures.reference import KEPT, animated_blindness, shapes
from distill.measures.limits import ceiling_y
from distill.measures.seeds import averaged
from distill.ui.content import of_this_version
from distill.ui.envelope import Stage
from distill.ui.questions_content import Answer, Deeper, counted, estimated, listed, percent, stage_of, view_of

QUESTION = "Can a code be judged without labels and without the original?"
SHORT = "Quality without reference"
HINT = "Drag β to the right: which of these curves notice that the code no longer knows Y?"
VIEW = "Measures of shape beside what is kept of Y"
GONE = 0.1  # share of I(X;Y) below which next to nothing of Y is left


def answer(run: xr.Dataset) -> Answer:
    """The answer of `run`, loaded; raises DistillError for a run of another version."""
    run = of_this_version(run)

    def build(choice: Choice) -> Stage:
        return stage_of(run, "reference", view_of(VIEW, animated_blindness(run), _words(run)), choice)

    deeper = Deeper("Kept and discarded: each measure", "pages/3_kept_and_discarded.py", {"part": "quality"})
    return Answer(build, _shows(run), SHOWS_NOT, (deeper,), run)


SHOWS_NOT = (
    "what is worth keeping. None of the measures of shape asks what Y is: deal the items other labels, and each stays "
    "as it is while the task is another. They detect collapse and redundancy; relevance only Y, or X, can tell."
)


def _words(run: xr.Dataset) -> str:
    return (
        f"Shapes: {run.sizes['point']} test items, one sampled code each, K = {run.sizes['latent']}; RankMe and "
        "participation ratio as shares of K, uniformity of that of an even sphere. Blue: I(Z;Y) / I(X;Y), "
        f"{estimated(run, 'information_y')}, {counted(averaged(run))}."
    )


def _shows(run: xr.Dataset) -> str:
    curves = shapes(run)
    kept, shape = curves[KEPT], {name: values for name, values in curves.items() if name != KEPT}
    if len(kept) < 2 or not shape:
        return "one code and its shape; with a single strength there is nothing that they could follow."
    whole, label = float(ceiling_y(averaged(run))[-1]), str(run.attrs["label_name"])
    last = len(kept) - 1
    symbol = json.loads(run.attrs["knob"])["symbol"]
    fall = (
        f"from {symbol} = {knob_value(run, 0)} to {knob_value(run, last)} what the code keeps of the {whole:.2f} bits "
        f"about {label} goes from {percent(kept[0])} to {percent(kept[last])}"
    )
    moved = [f"{name} from {percent(each[0])} to {percent(each[last])}" for name, each in shape.items()
             if np.isfinite(each[[0, last]]).all()]  # fmt: skip
    return f"{fall}; {', '.join(moved)}.{_best(kept, shape, last)}"


def _best(kept: np.ndarray, shape: dict[str, np.ndarray], last: int) -> str:
    """Which measures say that the code is at its best where next to nothing of Y is left."""
    if kept[last] >= GONE:
        return ""
    high = [name for name, each in shape.items() if np.isfinite(each).all() and each[last] >= each.max() - 0.01]
    if not high:
        return ""
    return f" Where next to nothing is left, {listed(high)} stand{'s' * (len(high) == 1)} at the highest."
