"""The curves of a run of compressed models: each made, measured and labelled as one batch."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr

from distill.networks import Bottleneck
from distill.shrink.networks import copied, sent, weights
from distill.shrink.packing import shuffled_xz
from distill.shrink.pruning import Tuned
from distill.shrink.quantising import Quantised, quantised
from distill.shrink.scoring import Family, Test, by_point, codes, errors, histogram, in_a_row, rates
from distill.shrink.students import TAUGHT, Students
from distill.training import Trainer

KEPT_BITS = 8  # of a weight that is kept, and of a student's
TUNED = ("as pruned", "fine-tuned")
PRECISIONS = {"f32": np.float32, "f16": np.float16}

BYTES, SHARE = {"units": "bytes"}, {"units": "1"}
LONG = {
    "accuracy": SHARE | {"long_name": "accuracy", "estimator": "share of test items that twelve codes' average names"},
    "rate": {"units": "bits"} | {"long_name": "rate, the objective's upper bound on I(X;Z)", "estimator": "test items"},
    "bytes": BYTES | {"long_name": "size", "estimator": "as written by the range coder, header, steps and biases in"},
    "entropy": BYTES | {"long_name": "order-0 entropy", "estimator": "plug-in, with 4 bytes a step, 2 bytes a bias"},
    "weights": SHARE | {"long_name": "share of the weights", "estimator": "first seed, one binning for all"},
}
AS_NUMBERS = LONG | {
    "bytes": BYTES | {"long_name": "size", "estimator": "4 or 2 bytes a weight or bias"},
    "coded": BYTES | {"long_name": "size", "estimator": "xz of all first bytes, then all second ones, …"},
}


@dataclass(frozen=True)
class Curve:
    """What was found of the points of one curve.

    Attributes:
        arrays: the variables that the run gains.
        codes: (2, points, items, K), means and scales of the stored items under the first seed's networks.
    """

    arrays: xr.Dataset
    codes: np.ndarray


def precisions(teacher: Trainer, test: Test, largest: float) -> Curve:
    """The networks as they were trained, and with every number cut to float16."""
    seeds, hidden, half = teacher.config.seeds, teacher.config.hidden, _copy(teacher.model)
    with torch.no_grad():
        for each in sent(half).values():
            each.copy_(each.half())
    models = {"f32": teacher.model, "f16": half}
    rows = {
        name: [in_a_row(sent(model), i, hidden).astype(PRECISIONS[name]) for i in range(seeds)]
        for name, model in models.items()
    }
    over = ("precision", "seed")
    found = {
        "rate": [by_point(rates(teacher.objective, model, test), seeds)[0] for model in models.values()],
        "accuracy": [by_point(1 - errors(model, test), seeds)[0] for model in models.values()],
        "bytes": [[row.nbytes for row in each] for each in rows.values()],
        "coded": [[shuffled_xz(row) for row in each] for each in rows.values()],
    }
    arrays = {f"{name}_precision": (over, np.array(each, float), AS_NUMBERS[name]) for name, each in found.items()}
    row = in_a_row(weights(teacher.model), 0, hidden)
    arrays["weights_float"] = ("bin", histogram(row, largest), LONG["weights"])
    kept = np.concatenate([codes(model, test, 1) for model in models.values()], 1)
    return Curve(xr.Dataset(arrays), kept)


def at_bits(teacher: Trainer, bits: tuple[int, ...], test: Test, largest: float) -> Curve:
    """The networks at every number of bits."""
    many = copied(Trainer, teacher, len(bits), {})
    return _curve("bits", ("bits",), (len(bits),), many, bits, [teacher.config.hidden] * len(bits), test, largest)


def at_sparsities(tuned: Tuned, test: Test, largest: float) -> Curve:
    """The pruned networks as they stand, their weights at 8 bits: without the dimension `tuned`."""
    count = len(tuned.strength) // tuned.config.seeds
    hidden = [tuned.config.hidden] * count
    return _curve("sparsity", ("sparsity",), (count,), tuned, (KEPT_BITS,) * count, hidden, test, largest)


def of_students(students: Students, widths: tuple[int, ...], test: Test, largest: float) -> Curve:
    """The students at 8 bits."""
    shape = (len(TAUGHT), len(widths))
    hidden = [(width,) * len(students.config.hidden) for width in widths] * len(TAUGHT)
    bits = (KEPT_BITS,) * len(hidden)
    return _curve("width", ("taught", "width"), shape, students, bits, hidden, test, largest)


def both(as_pruned: Curve, fine_tuned: Curve | None) -> Curve:
    """The curve of both, with the dimension `tuned`; NaN for what is not trained yet."""
    there = fine_tuned or Curve(as_pruned.arrays * np.nan, as_pruned.codes * np.nan)
    pairs = zip(as_pruned.arrays.data_vars.items(), there.arrays.data_vars.values(), strict=True)
    arrays = {
        name: (("tuned", *each.dims), np.stack([each.values, later.values]), each.attrs)
        for (name, each), later in pairs
    }
    return Curve(xr.Dataset(arrays), np.concatenate([as_pruned.codes, there.codes], 1))


def _curve(
    name: str, dims: tuple[str, ...], shape: tuple[int, ...], trainer: Trainer, bits: tuple[int, ...],
    hidden: list[tuple[int, ...]], test: Test, largest: float,
) -> Curve:  # fmt: skip
    """Quantises, writes and measures every network of a trainer."""
    seeds, model = trainer.config.seeds, _copy(trainer.model)
    what: Quantised = quantised(model, torch.tensor(bits).repeat(seeds))
    what.put_into(model)
    family = Family(trainer.objective, model, what, hidden, seeds)
    arrays = {
        f"{each}_{name}": ((*dims, "seed"), values.reshape(*shape, seeds), LONG[each])
        for each, values in family.scores(test).items()
    }
    arrays[f"weights_{name}"] = ((*dims, "bin"), family.histograms(largest).reshape(*shape, -1), LONG["weights"])
    if name == "width":
        about = SHARE | {"long_name": "weights and biases of a student"}
        arrays["parameters_width"] = ("width", family.parameters[: shape[-1]], about)
    return Curve(xr.Dataset(arrays), codes(model, test, len(bits)))


def _copy(model: Bottleneck) -> Bottleneck:
    """The same networks, with weights of their own."""
    return deepcopy(model).requires_grad_(False)
