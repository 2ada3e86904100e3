"""What is measured at a snapshot, as labelled arrays in bits: the one place that names a run's variables."""

import json
import math
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from distill.config import SweepConfig
from distill.datasets import DataSet
from distill.measures.codes import evaluation_noise
from distill.measures.mixtures import mixture
from distill.measures.probing import entropy_bits
from distill.networks import gaussian_rate, label_cross_entropy
from distill.objectives import Terms
from distill.projection import plane
from distill.training import Snapshot, Trainer

POINTS_WHILE_TRAINING = 250
MOST_STORED = 500
CODES_AVERAGED = 12  # as Alemi et al. 2017 average
DRAWS_AT_THE_END = 2
SMALLEST_STORED = float(np.finfo(np.float16).smallest_normal)  # 6.1e-5
SPLITS = ("train", "test")

BITS = {"units": "bits"}
ATTRIBUTES = {
    "rate": BITS | {"long_name": "rate, E KL(q(z|x)‖r(z))", "estimator": "variational upper bound on I(X;Z)"},
    "information_x": BITS | {"long_name": "I(X;Z)", "estimator": "mixture of the N encoders, exact on these N points"},
    "information_y": BITS | {"long_name": "I(Z;Y)", "estimator": "oracle over the N encoders, no decoder"},
    "information_x_error": BITS | {"long_name": "standard error of I(X;Z) over points"},
    "information_y_error": BITS | {"long_name": "standard error of I(Z;Y) over points"},
    "bound_y": BITS | {"long_name": "H(Y) − CE", "estimator": "variational lower bound on I(Z;Y), one code an item"},
    "loss": BITS | {"long_name": "objective"},
    "error_one": {"units": "1", "long_name": "error with one code", "estimator": "share of items decoded wrongly"},
    "error_average": {"units": "1", "long_name": "error, average of twelve codes"},
    "entropy_y": BITS | {"long_name": "H(Y)", "estimator": "plug-in, of the items measured"},
    "samples": {"units": "1", "long_name": "items measured, N"},
    "seconds": {"units": "s", "long_name": "time in optimiser steps"},
    "epoch": {"units": "1", "long_name": "passes over the training items"},
    "code_mean": {"units": "1", "long_name": "mean of q(z|x)"},
    "code_scale": {
        "units": "1",
        "long_name": "scale of q(z|x)",
        "note": f"as float16; a scale below {SMALLEST_STORED:.2g}, but for a code without noise, is stored as that",
    },
    "codes_2d": {"units": "1", "long_name": "sampled codes in the plane"},
}


@dataclass(frozen=True)
class Evaluation:
    """The fixed items and the fixed noise that a run is measured with.

    Attributes:
        items: split → data-set indices of its N items, N the same for both, in a fixed random order, so that the
            first 250 stand for all.
        noise: (12, N, K), shared by splits and models.
    """

    data: DataSet
    items: dict[str, np.ndarray]
    noise: Tensor

    @classmethod
    def of(cls, config: SweepConfig, data: DataSet) -> "Evaluation":
        """The items and the noise of a configuration: N = min(points, train size, test size)."""
        points = min(config.points, len(data.train), len(data.test))
        shuffled = np.random.default_rng(config.seed).permutation
        items = {name: shuffled(getattr(data, name))[:points] for name in SPLITS}
        noise = evaluation_noise(config.seed, CODES_AVERAGED, points, config.latent_dim)
        return cls(data, items, torch.from_numpy(noise).float())

    @property
    def stored(self) -> np.ndarray:
        """Data-set indices of the test items whose codes a run keeps."""
        return self.items["test"][:MOST_STORED]


def first_arrays(trainer: Trainer, evaluation: Evaluation) -> xr.Dataset:
    """What a run carries from its start: the items that it stores, with their labels and factors."""
    data, stored = evaluation.data, evaluation.stored
    factors = np.stack([data.factors[name][stored] for name in data.factors], axis=1)
    scaling = {"offset": data.offset, "scale": data.scale, "low": data.value_range[0], "high": data.value_range[1]}
    return xr.Dataset(
        {
            "inputs": (
                ("point", "feature"),
                data.inputs[stored],
                {"long_name": "standardised inputs", "units": "1", **scaling},
            ),
            "label": ("point", data.label[stored], {"long_name": data.label_name, "units": "1"}),
            "factors": (("point", "factor"), factors, {"long_name": "factors", "units": "1"}),
        },
        coords={
            "beta": (
                "beta",
                list(trainer.config.betas),
                {"long_name": trainer.objective.knob.label, "units": trainer.objective.knob.unit or "1"},
            ),
            "split": list(SPLITS),
            "point": ("point", stored, {"long_name": "index in the data set", "units": "1"}),
            "factor": list(data.factors),
            "latent": np.arange(trainer.config.latent_dim),
            "axis": ["x", "y"],
        },
    )


@torch.no_grad()
def measure(snapshot: Snapshot, evaluation: Evaluation, map_before: np.ndarray | None = None) -> xr.Dataset:
    """One step of a run: every measure of the plane on both splits, and the codes where this snapshot keeps them.

    On 250 items a split while the training goes on, on all N at its end. `map_before` (N, 2) is the first β's map at
    the kept step before this one, towards which the new map is turned.
    """
    trainer = snapshot.trainer
    count = (
        len(evaluation.items["test"]) if snapshot.last else min(POINTS_WHILE_TRAINING, len(evaluation.items["test"]))
    )
    by_split = [_of_split(snapshot, evaluation, split, count) for split in SPLITS]
    values = {name: np.stack([each[name] for each in by_split], axis=-1)[None] for name in by_split[0]}
    dims = {name: ("step", "split") if array.ndim == 2 else ("step", "beta", "split") for name, array in values.items()}
    run = xr.Dataset({name: (dims[name], array, ATTRIBUTES[name]) for name, array in values.items()})
    run["seconds"] = ("step", [snapshot.seconds], ATTRIBUTES["seconds"])
    run["epoch"] = ("step", [trainer.step / trainer.steps_per_epoch], ATTRIBUTES["epoch"])
    run = run.assign_coords(step=("step", [trainer.step], {"long_name": "optimiser steps", "units": "1"}))
    return run.merge(_codes(trainer, evaluation, map_before)) if snapshot.keeps_codes else run


def attributes(
    trainer: Trainer, evaluation: Evaluation, created: str, versions: dict[str, str]
) -> dict[str, str | int | list[int]]:
    """The attributes that make a run readable without the program that made it."""
    config, data = trainer.config, trainer.data
    return {
        "config": config.to_json(),
        "id": config.id,
        "title": f"{data.title}, {trainer.objective.title}",
        "dataset_title": data.title,
        "objective_title": trainer.objective.title,
        "objective_formula": trainer.objective.formula,
        "label_name": data.label_name,
        "classes": json.dumps(data.classes),
        "input_shape": list(data.input_shape),
        "steps": trainer.steps,
        "steps_per_epoch": trainer.steps_per_epoch,
        "device": str(trainer.device),
        "threads": config.threads or "chosen while training",
        "versions": json.dumps(versions),
        "created": created,
        "training_items": len(data.train),
        "points": len(evaluation.items["test"]),
        "estimators": json.dumps({name: each["estimator"] for name, each in ATTRIBUTES.items() if "estimator" in each}),
        "knob": json.dumps(
            {
                "label": trainer.objective.knob.label,
                "symbol": trainer.objective.knob.symbol,
                "unit": trainer.objective.knob.unit,
            }
        ),
    }


def _of_split(snapshot: Snapshot, evaluation: Evaluation, split: str, count: int) -> dict[str, np.ndarray]:
    """The measures of one split, (S,) each, and its own N and H(Y)."""
    trainer, items = snapshot.trainer, evaluation.items[split][:count]
    inputs = torch.from_numpy(evaluation.data.inputs[items]).to(trainer.strength)
    labels = torch.from_numpy(evaluation.data.label[items]).to(trainer.device)
    mean, scale = trainer.model.encode(inputs)
    noise = evaluation.noise[:, :count].to(mean)
    draws = noise[: DRAWS_AT_THE_END if snapshot.last else 1]
    entropy = entropy_bits(evaluation.data.label[items])
    found = _decoded(trainer, mean, scale, noise, draws, labels, entropy)
    found |= _information(trainer, mean, scale, draws, labels, entropy)
    return {
        **{name: value.cpu().double().numpy() for name, value in found.items()},
        "entropy_y": np.array([entropy])[0],
        "samples": np.array([count])[0],
    }


def _decoded(
    trainer: Trainer, mean: Tensor, scale: Tensor, noise: Tensor, draws: Tensor, labels: Tensor, entropy: float
) -> dict[str, Tensor]:
    """What the decoder makes of the codes: bound, loss and errors."""
    logits = torch.stack([trainer.model.decode(mean + scale * each) for each in noise])  # (12, S, N, C)
    one = logits[: len(draws)]
    cross_entropy = label_cross_entropy(one, labels).mean((0, 2))
    stochastic = trainer.model.stochastic
    rate = gaussian_rate(mean, scale).mean(-1) if stochastic else torch.zeros_like(cross_entropy)
    terms = Terms(cross_entropy, rate)
    return {
        "bound_y": entropy - cross_entropy / math.log(2),
        "loss": trainer.objective.loss(terms, trainer.strength) / math.log(2),
        "rate": rate / math.log(2) if stochastic else torch.full_like(rate, math.nan),
        "error_one": (one.argmax(-1) != labels).float().mean((0, 2)),
        # along an axis that is not the last, softmax runs over items in step: eight times faster for ten classes
        "error_average": (logits.mT.contiguous().softmax(-2).mean(0).argmax(-2) != labels).float().mean(-1),
    }


def _information(
    trainer: Trainer, mean: Tensor, scale: Tensor, draws: Tensor, labels: Tensor, entropy: float
) -> dict[str, Tensor]:
    """I(X;Z) and I(Z;Y) with their errors; a code without noise has no I(X;Z), and hides no label of distinct items."""
    if not trainer.model.stochastic:
        unknown = torch.full((len(mean),), math.nan)
        exact = {
            "information_y": torch.full((len(mean),), entropy, dtype=torch.float64),
            "information_y_error": torch.zeros(len(mean)),
        }
        return {"information_x": unknown, "information_x_error": unknown, **exact}
    found = mixture(mean, scale, draws, labels)
    return {
        "information_x": found.information_x,
        "information_x_error": found.error_x,
        "information_y": found.information_y,
        "information_y_error": found.error_y,
    }


def _codes(trainer: Trainer, evaluation: Evaluation, map_before: np.ndarray | None) -> xr.Dataset:
    """The codes of the stored items, as float16, and their map.

    A scale that would vanish in float16, as at β = 0, is stored as the smallest normal number: 0 means a code without
    noise. The map is made before anything is rounded.
    """
    inputs = torch.from_numpy(evaluation.data.inputs[evaluation.stored]).to(trainer.strength)
    mean, scale = (each.cpu() for each in trainer.model.encode(inputs))
    sampled = (mean + scale * evaluation.noise[0, : mean.shape[1]]).numpy().astype(np.float64)
    scale = scale.clamp(min=SMALLEST_STORED) if trainer.model.stochastic else scale
    arrays = {"code_mean": mean.numpy().astype(np.float16), "code_scale": scale.numpy().astype(np.float16)}
    over = ("code_step", "beta", "point", "latent")
    method = {"method": "code" if sampled.shape[-1] <= 2 else "PCA"}
    return xr.Dataset(
        {name: (over, array[None], ATTRIBUTES[name]) for name, array in arrays.items()}
        | {"codes_2d": ((*over[:3], "axis"), plane(sampled, map_before)[None], ATTRIBUTES["codes_2d"] | method)},
        coords={"code_step": ("code_step", [trainer.step], {"long_name": "optimiser steps", "units": "1"})},
    )
