"""What is measured of a run of layers at a snapshot: the one place that names its variables."""

import json
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr

from distill.layer_config import ACTIVATIONS, LayersConfig
from distill.layerwise import Batches, Cohort, Shape
from distill.measures.binning import binned
from distill.measures.entropies import entropy_bits, entropy_of_rows
from distill.measures.kernels import kde

MOST_ITEMS = 4096  # measured by cells; of a larger data set as many at random
CELLS = {True: 30, False: 100}  # bounded or not: Shwartz-Ziv & Tishby 2017, Saxe et al. 2018
NOISES = (0.1, 1e-3)  # variances: Saxe et al. 2018 in their paper, and in their published code for the small task
KERNEL_SEEDS = 10  # measured by the kernel bounds, which cost ten times as much as all else
SPLITS = ("train", "test")

BITS, PLAIN = {"units": "bits"}, {"units": "1"}
FIXED = "30 cells on [−1, 1] a unit; H of the rounded activations, not I(X;T)"
RUNNING = "100 cells over each layer's range up to that step; H of the rounded activations, not I(X;T)"
WHOLE = "100 cells over each layer's range in the whole training; H of the rounded activations, not I(X;T)"
BINNED = {"binned_x": "binned entropy H(bin(T))", "binned_y": "binned I(T;Y)"}
KERNEL = "pairwise kernel on N points, noise of variance σ² added to each unit for the measurement"
ATTRIBUTES = {
    "kernel_upper_x": BITS | {"long_name": "upper kernel bound on I(X;T + noise)", "estimator": KERNEL},
    "kernel_lower_x": BITS | {"long_name": "lower kernel bound on I(X;T + noise)", "estimator": KERNEL},
    "kernel_difference_y": BITS | {
        "long_name": "kernel estimate of I(T + noise;Y)", "estimator": "difference of two upper bounds; no bound itself"
    },
    "gradient_signal": PLAIN | {
        "long_name": "gradient signal-to-noise",
        "estimator": "‖mean‖ / ‖standard deviation‖ of a layer's gradient over an epoch's batches, weights held still",
    },
    "error": PLAIN | {"long_name": "error", "estimator": "share of the items measured"},
    "loss": BITS | {"long_name": "cross-entropy"},
    "weights": PLAIN | {"long_name": "weights of a network in one row, (out, in + 1) a layer, the bias last"},
    "lowest": PLAIN | {"long_name": "lowest activation"},
    "highest": PLAIN | {"long_name": "highest activation"},
    "seconds": {"units": "s", "long_name": "time in optimiser steps"},
    "epoch": PLAIN | {"long_name": "passes over the training items"},
}  # fmt: skip
OVER = {
    "binned_x": ("seed", "layer"), "binned_y": ("seed", "layer"), "lowest": ("seed", "layer"),
    "highest": ("seed", "layer"), "gradient_signal": ("seed", "layer"), "weights": ("seed", "weight"),
    "error": ("seed", "split"), "loss": ("seed", "split"), "epoch": (), "seconds": (),
}  # fmt: skip
OVER |= dict.fromkeys(("kernel_upper_x", "kernel_lower_x", "kernel_difference_y"), ("noise", "kernel_seed", "layer"))


@dataclass(frozen=True)
class Items:
    """The fixed items that a run is measured on.

    Attributes:
        inputs, labels: (D, N) and (N,), every item of the data set, or 4096 of them.
        of_split: split → which of the N belong to it.
        points: the places among the N that the kernel bounds are measured on.
    """

    inputs: torch.Tensor
    labels: np.ndarray
    of_split: dict[str, np.ndarray]
    points: np.ndarray

    @classmethod
    def of(cls, cohort: Cohort) -> "Items":
        """Train and test items together: the layers are asked about X as a whole."""
        data, config = cohort.data, cohort.config
        every = np.sort(np.concatenate([data.train, data.test]))
        chosen = np.sort(np.random.default_rng(config.seed).permutation(every)[:MOST_ITEMS])
        points = np.random.default_rng(config.seed).permutation(len(chosen))[: config.points]
        of_split = {name: np.isin(chosen, getattr(data, name)) for name in SPLITS}
        return cls(
            torch.from_numpy(data.inputs[chosen].T.copy()).to(cohort.weights), data.label[chosen], of_split, points
        )


@torch.no_grad()
def measure(cohort: Cohort, items: Items, before: xr.Dataset | None = None) -> xr.Dataset:
    """One step of a run; `before` has the ranges of the steps before it, for layers without bounds."""
    found = cohort.shape.forward(cohort.weights, items.inputs)
    layers = _layers(found)
    low, high = (np.stack([end(each, axis=(1, 2)) for each in layers], axis=-1) for end in (np.min, np.max))
    ends = widest(low, high, before)
    values = {
        **_scores(found[-1], items),
        **dict(zip(BINNED, binned_layers(layers, items.labels, cohort.config, *ends), strict=True)),
        **_kernels(layers, items),
        "gradient_signal": gradient_signal(Batches(cohort)),
        "weights": cohort.weights.cpu().numpy(), "lowest": low, "highest": high,
        "epoch": np.array(cohort.step / cohort.steps_per_epoch), "seconds": np.array(cohort.seconds),
    }  # fmt: skip
    how = FIXED if cohort.config.bounded else RUNNING
    about = ATTRIBUTES | {name: BITS | {"long_name": words, "estimator": how} for name, words in BINNED.items()}
    run = {name: (("step", *OVER[name]), value[None].astype(np.float32), about[name]) for name, value in values.items()}
    return xr.Dataset(run, {"step": ("step", [cohort.step], {"long_name": "optimiser steps", "units": "1"})})


def widest(low: np.ndarray, high: np.ndarray, before: xr.Dataset | None) -> tuple[np.ndarray, np.ndarray]:
    """(S, layers): each layer's range so far."""
    if before is None:
        return low, high
    return np.minimum(low, before.lowest.values.min(0)), np.maximum(high, before.highest.values.max(0))


def binned_layers(
    layers: list[np.ndarray], labels: np.ndarray, config: LayersConfig, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """H(bin(T)) and I(bin(T);Y), (S, layers) each, bits, of layers (S, N, units).

    Tanh: 30 cells on [−1, 1]. Others: 100 cells from `low` to `high` (S, layers). The softmax is bounded always.
    """
    found = []
    for i, layer in enumerate(layers):
        if config.bounded or i == len(layers) - 1:
            found.append(binned(layer, labels, CELLS[True], -1.0, 1.0))
        else:
            span = np.where(high[:, i] > low[:, i], high[:, i] - low[:, i], 1.0).astype(np.float64)
            scaled = (layer - low[:, i, None, None].astype(np.float64)) / span[:, None, None]
            found.append(binned(scaled, labels, CELLS[False], 0.0, 1.0))
    x, y = (np.stack(each, axis=-1) for each in zip(*found, strict=True))
    return x, y


@torch.no_grad()
def whole_range(run: xr.Dataset, shape: Shape, items: Items, config: LayersConfig) -> xr.Dataset:
    """`binned_x_whole` and `binned_y_whole` (snapshot, seed, layer): the second pass, over the weights that were kept.

    Only at the end is it known how far activations without bounds go; cells that grow would move by themselves.
    """
    low, high = run.lowest.values.min(0), run.highest.values.max(0)
    steps = []
    for weights in run.weights.values:
        layers = _layers(shape.forward(torch.from_numpy(weights).to(items.inputs), items.inputs))
        steps.append(binned_layers(layers, items.labels, config, low, high))
    over, about = ("snapshot", *OVER["binned_x"]), BITS | {"estimator": WHOLE}
    values = dict(zip(BINNED, zip(*steps, strict=True), strict=True))
    return xr.Dataset(
        {
            f"{name}_whole": (over, np.stack(values[name]).astype(np.float32), about | {"long_name": words})
            for name, words in BINNED.items()
        }
    )


def _layers(found: list[torch.Tensor]) -> list[np.ndarray]:
    """What `forward` gave, the softmax in the place of the logits: (S, N, units) each."""
    return [each.mT.cpu().numpy() for each in (*found[:-1], found[-1].softmax(1))]


def gradient_signal(batches: Batches) -> np.ndarray:
    """‖mean of g‖ / ‖deviation of g‖ over the minibatches of the present epoch, (S, layers).

    NaN where an epoch is one batch, and where a layer's units have died and its gradient is 0.

    g is the gradient of a layer's weights, biases left out; the networks are held still meanwhile (Shwartz-Ziv &
    Tishby 2017, §3.3, and Saxe et al. 2018 take it along the epoch).
    """
    at = batches.cohort
    epoch, count = at.step // at.steps_per_epoch, at.steps_per_epoch
    if count < 2:
        return np.full((len(at.weights), len(at.shape.sizes)), np.nan)
    place = torch.float64 if at.device.type != "mps" else at.weights.dtype
    gradient = torch.zeros_like(at.weights)
    total, squares = torch.zeros_like(gradient, dtype=place), torch.zeros_like(gradient, dtype=place)
    for batch in range(count):
        at.shape.gradient(at.weights, *batches.items(epoch, batch), gradient)
        exact = gradient.to(place)
        total += exact
        squares += exact.square()
    mean = total / count
    spread = (squares / count - mean.square()).clamp_(min=0)
    signal = [weight.square().sum((1, 2)).sqrt() for weight, _ in at.shape.layers(mean)]
    noise = [weight.sum((1, 2)).sqrt() for weight, _ in at.shape.layers(spread)]
    found = torch.stack([a / b for a, b in zip(signal, noise, strict=True)], dim=-1).cpu().double().numpy()
    return np.where(np.isfinite(found), found, np.nan)


def first_arrays(cohort: Cohort) -> xr.Dataset:
    """The axes of a run."""
    config, count = cohort.config, len(cohort.shape.sizes)
    seeds = np.arange(config.seed, config.seed + config.seeds)
    layers = [*map(str, range(1, count)), "output"]
    return xr.Dataset(coords={
        "seed": ("seed", seeds, PLAIN | {"long_name": "seed of start and batches"}),
        "layer": ("layer", layers, {"long_name": "layer, from the input"}),
        "noise": ("noise", list(NOISES), PLAIN | {"long_name": "variance of the noise, σ²"}),
        "kernel_seed": ("kernel_seed", seeds[:KERNEL_SEEDS]), "split": list(SPLITS),
    })  # fmt: skip


def attributes(cohort: Cohort, items: Items, created: str, versions: dict[str, str]) -> dict[str, object]:
    """The attributes that make a run readable without the program that made it."""
    config, data, shape = cohort.config, cohort.data, cohort.shape
    how = FIXED if config.bounded else RUNNING
    found = {name: each["estimator"] for name, each in ATTRIBUTES.items() if "estimator" in each}
    return {
        "kind": config.KIND,
        "config": config.to_json(),
        "id": config.id,
        "title": f"{data.title}, {ACTIVATIONS[config.activation]} layers",
        "dataset_title": data.title,
        "activation": config.activation,
        "widths": list(shape.widths),
        "label_name": data.label_name,
        "classes": json.dumps(data.classes),
        "items": len(items.labels),
        "points": len(items.points),
        "entropy_x": entropy_of_rows(items.inputs.T.cpu().numpy()),
        "entropy_y": float(entropy_bits(items.labels)),
        "steps": cohort.steps,
        "steps_per_epoch": cohort.steps_per_epoch,
        "device": str(cohort.device),
        "threads": config.threads or "chosen while training",
        "versions": json.dumps(versions),
        "created": created,
        "training_items": len(data.train),
        "estimators": json.dumps(dict.fromkeys(BINNED, how) | found),
    }


def _scores(logits: torch.Tensor, items: Items) -> dict[str, np.ndarray]:
    """Error and cross-entropy, bits, of both splits: (S, split) each."""
    labels = torch.from_numpy(items.labels).to(logits.device)
    wrong = (logits.argmax(1) != labels).double().cpu().numpy()
    own = logits.log_softmax(1).gather(1, labels.expand(len(logits), 1, -1)).squeeze(1)
    bits = -own.double().cpu().numpy() / np.log(2)
    return {
        name: np.stack([values[:, items.of_split[split]].mean(-1) for split in SPLITS], axis=-1)
        for name, values in (("error", wrong), ("loss", bits))
    }


def _kernels(layers: list[np.ndarray], items: Items) -> dict[str, np.ndarray]:
    """The bounds of the first seeds, (noise, kernel_seed, layers) each, bits."""
    labels = items.labels[items.points]
    found = [[kde(each[:KERNEL_SEEDS, items.points], labels, noise) for each in layers] for noise in NOISES]
    return {
        f"kernel_{name}": np.stack([np.stack([getattr(each, name) for each in row], axis=-1) for row in found])
        for name in ("upper_x", "lower_x", "difference_y")
    }
