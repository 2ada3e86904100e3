"""What is measured at a snapshot, as labelled arrays in bits, on fixed items with fixed noise."""

import math

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from distill.datasets import Gaussian, Joint
from distill.items import CODES_AVERAGED, Evaluation, Items
from distill.measures.codes import evaluation_noise
from distill.measures.entropies import entropy_bits, entropy_of_rows
from distill.measures.known import gaussian_information, gaussian_surprise, joint_entropies
from distill.measures.linear import linear_information
from distill.measures.mixtures import joint_mixture, mixture
from distill.measures.symbols import symbol_information
from distill.objectives import Batch, Terms
from distill.projection import of_symbols, plane
from distill.training import Snapshot, Trainer
from distill.variables import ATTRIBUTES, SMALLEST_STORED, SPLITS, estimators

DRAWS_AT_THE_END = 2
Found = dict[str, Tensor]


@torch.no_grad()
def measure(snapshot: Snapshot, evaluation: Evaluation, map_before: np.ndarray | None = None) -> xr.Dataset:
    """One step of a run: every measure of the plane on both splits, and the codes where this snapshot keeps them.

    On 250 items a split while the training goes on, on all N at its end; on all of a distribution that is known.
    `map_before` (N, 2) is the first β's map at the kept step before this one, towards which the new map is turned.
    With several seeds the measures have a last dimension `seed`; the codes are those of the first.
    """
    trainer, count = snapshot.trainer, evaluation.count(snapshot.last)
    if isinstance(evaluation.data.known, Joint):  # nothing is held out of a distribution
        by_split = [_of_split(snapshot, evaluation, SPLITS[0], count)] * 2
    else:
        by_split = [_of_split(snapshot, evaluation, split, count) for split in SPLITS]
    values = {name: np.stack([each[name] for each in by_split], axis=min(1, by_split[0][name].ndim))[None]
              for name in by_split[0]}  # fmt: skip
    full = ("step", "beta", "split", "seed")
    dims = {name: ("step", "split") if array.ndim == 2 else full[: array.ndim] for name, array in values.items()}
    about = {name: ATTRIBUTES[name] | {"estimator": text} for name, text in estimators(trainer).items()}
    run = xr.Dataset({name: (dims[name], array, (ATTRIBUTES | about)[name]) for name, array in values.items()})
    run["seconds"] = ("step", [snapshot.seconds], ATTRIBUTES["seconds"])
    run["epoch"] = ("step", [trainer.step / trainer.steps_per_epoch], ATTRIBUTES["epoch"])
    run = run.assign_coords(step=("step", [trainer.step], {"long_name": "optimiser steps", "units": "1"}))
    return run.merge(_codes(trainer, evaluation, map_before)) if snapshot.keeps_codes else run


def _of_split(snapshot: Snapshot, evaluation: Evaluation, split: str, count: int) -> dict[str, np.ndarray]:
    """The measures of one split, (betas,) or (betas, seeds) each, and its own N, H(X), H(Y) and I(X;Y)."""
    trainer = snapshot.trainer
    items = evaluation.taken(split, count, trainer.strength)
    mean, scale = trainer.model.encode(items.inputs)
    noise = _noise(evaluation, items, trainer)
    draws = noise if items.of is not None else noise[: DRAWS_AT_THE_END if snapshot.last else 1]
    limits = _limits(evaluation, items, trainer)
    found = _decoded(trainer, items, mean, scale, noise, draws, limits["entropy_y"])
    if trainer.model.stochastic:
        found |= _information(trainer, evaluation, items, mean, scale, draws, found["bound_y"])
    else:
        found |= _without_noise(items, found["bound_y"], limits["information_xy"])
    return {name: _by_beta(value, trainer.config.seeds) for name, value in found.items()} | {
        name: np.array([value])[0] for name, value in limits.items()
    }


def _by_beta(value: Tensor, seeds: int) -> np.ndarray:
    """(S,) → (betas,), or (betas, seeds) where there are several."""
    array = value.cpu().double().numpy()
    return array if seeds == 1 else array.reshape(seeds, -1).T


def _noise(evaluation: Evaluation, items: Items, trainer: Trainer) -> Tensor:
    """(12, inputs, K) of the fixed noise."""
    count, config = len(items.inputs), trainer.config
    if items.of is None:
        return evaluation.noise[:, :count].to(trainer.strength)
    noise = evaluation_noise(config.seed, CODES_AVERAGED, count, config.latent_dim)
    return torch.from_numpy(noise).to(trainer.strength)


def _limits(evaluation: Evaluation, items: Items, trainer: Trainer) -> dict[str, float | int]:
    """N, the largest I(X;Z) that can be measured, H(Y) and I(X;Y); bits, those of a known distribution exact."""
    known = evaluation.data.known
    if isinstance(known, Joint):
        of_x, of_y, shared = joint_entropies(known.p_xy)
        return {"samples": len(known.inputs), "ceiling": of_x, "entropy_y": of_y, "information_xy": shared}
    count, entropy = len(items.inputs), entropy_bits(items.labels.cpu().numpy())
    of_x = entropy_of_rows(items.inputs.cpu().numpy())  # log2 N of distinct items
    limits = {"samples": count, "ceiling": of_x, "entropy_y": entropy, "information_xy": entropy}
    if isinstance(known, Gaussian):
        limits["entropy_y"] = gaussian_surprise(items.target.double().cpu().numpy(), known.cov_y)
        limits["information_xy"] = gaussian_information(known.cov_x, known.cov_xy, known.cov_y)
        limits |= {"ceiling": math.nan} if trainer.model.rho is not None else {}
    return limits


def _decoded(
    trainer: Trainer, items: Items, mean: Tensor, scale: Tensor, noise: Tensor, draws: Tensor, entropy: float
) -> Found:
    """What the decoder makes of the codes: bound, rate, loss and errors; a continuous Y has no errors."""
    model, objective = trainer.model, trainer.objective
    terms = _mean_terms([
        objective.terms(model, _batch(items, mean, scale, items.spread(model.sample(mean, scale, each))))
        for each in draws
    ])  # fmt: skip
    found = {
        "bound_y": entropy - _surprise(trainer, items, mean, scale, draws, terms) / math.log(2),
        "loss": objective.loss(terms, trainer.strength) / math.log(2),
        "rate": terms.rate / math.log(2) if model.stochastic else torch.full_like(terms.rate, math.nan),
    }
    if items.target is not None:
        return found | dict.fromkeys(("error_one", "error_average"), torch.full_like(terms.rate, math.nan))
    by_draw = [model.by_head(model.sample(mean, scale, each)) for each in noise]
    one, average = torch.zeros(1, dtype=torch.bool), torch.zeros(1, dtype=torch.bool)
    for logits, values in zip(map(torch.stack, zip(*by_draw, strict=True)), model.by_factor(items.labels), strict=True):
        logits = items.spread(logits)  # (12, S, N, C); an item is wrong where any of its factors is
        one = one.to(values.device) | (logits[: len(draws)].argmax(-1) != values)
        # along an axis that is not the last, softmax runs over items in step: eight times faster for ten classes
        average = average.to(values.device) | (logits.mT.contiguous().softmax(-2).mean(0).argmax(-2) != values)
    return found | {
        "error_one": items.average(one.float()).mean(0),
        "error_average": items.average(average.float()),
    }


def _surprise(trainer: Trainer, items: Items, mean: Tensor, scale: Tensor, draws: Tensor, terms: Terms) -> Tensor:
    """(S,) E[−log q(y|z)] in nats: what the loss has, but for factors whose weights are not 1."""
    model = trainer.model
    if not model.heads:
        return terms.cross_entropy
    each = [items.average(model.surprise(model.sample(mean, scale, draw), items.labels)) for draw in draws]
    return torch.stack(each).mean(0)


def _batch(items: Items, mean: Tensor, scale: Tensor, code: Tensor) -> Batch:
    inputs = items.spread(items.inputs)
    return Batch(inputs, items.labels, items.spread(mean), items.spread(scale), code, items.target, items.weights)


def _mean_terms(each: list[Terms]) -> Terms:
    """The mean of several draws' terms."""
    names = ("cross_entropy", "rate", "penalty", "distortion")
    given = {name: [getattr(one, name) for one in each] for name in names}
    return Terms(**{name: torch.stack(v).mean(0) if v[0] is not None else None for name, v in given.items()})


def _information(
    trainer: Trainer, evaluation: Evaluation, items: Items, mean: Tensor, scale: Tensor, draws: Tensor, bound: Tensor
) -> Found:
    """I(X;Z) and I(Z;Y) with their errors, by the best estimator for this code and this data (`estimators`)."""
    model, known, exact = trainer.model, evaluation.data.known, torch.zeros(len(mean))
    if isinstance(known, Gaussian) and model.rho is not None:
        weight, sigma = model.encoder[0].weight.cpu().double().numpy(), scale[:, 0].cpu().double().numpy()
        found = linear_information(weight, sigma, known.cov_x, known.cov_xy, known.cov_y)
        return _named(*map(torch.from_numpy, found), exact, exact)
    of_target = {} if items.target is None else {"information_y": bound, "information_y_error": exact * math.nan}
    shares = known.p_xy if isinstance(known, Joint) else None
    if model.code == "categorical":
        shares = _shares(items.labels.cpu().numpy()) if shares is None else shares
        found = symbol_information(mean[:, : len(shares)].cpu().double().numpy(), shares)
        return _named(*map(torch.from_numpy, found), exact, exact) | of_target
    if shares is not None:
        each = draws.flatten(0, 1).view(-1, len(shares), draws.shape[-1])  # the very codes that are decoded
        return _named(*joint_mixture(mean[:, : len(shares)], scale[:, : len(shares)], each, torch.from_numpy(shares)))
    present = items.labels.unique(return_inverse=True)[1]  # combinations of factors are many, those of few items few
    return _named(*mixture(mean, scale, draws, present)) | of_target


def _without_noise(items: Items, bound: Tensor, shared: float) -> Found:
    """A code without noise has no I(X;Z) and hides nothing of a label; of a continuous Y only the bound is known."""
    unknown = torch.full_like(bound, math.nan)
    if items.target is not None:
        return _named(unknown, bound, unknown, unknown)
    return _named(unknown, torch.full_like(bound, shared, dtype=torch.float64), unknown, torch.zeros_like(bound))


def _named(information_x: Tensor, information_y: Tensor, error_x: Tensor, error_y: Tensor) -> Found:
    return {
        "information_x": information_x,
        "information_y": information_y,
        "information_x_error": error_x,
        "information_y_error": error_y,
    }


def _shares(labels: np.ndarray) -> np.ndarray:
    """p(x, y) of N distinct items with these labels, (N, C)."""
    return np.eye(labels.max() + 1)[labels] / len(labels)


def _codes(trainer: Trainer, evaluation: Evaluation, map_before: np.ndarray | None) -> xr.Dataset:
    """The codes of the stored items, as float16, and their map; of the first seed.

    A scale that would vanish in float16, as at β = 0, is stored as the smallest normal number: 0 means a code without
    noise. The map is made before anything is rounded.
    """
    inputs = torch.from_numpy(evaluation.data.inputs[evaluation.stored]).to(trainer.strength)
    model, betas = trainer.model, len(trainer.config.betas)
    mean, scale = model.encode(inputs)
    sampled = model.sample(mean, scale, evaluation.noise[0, : mean.shape[1]].to(mean))[:betas]
    mean, scale, sampled = mean[:betas].cpu(), scale[:betas].cpu(), sampled.cpu().numpy().astype(np.float64)
    scale = scale.clamp(min=SMALLEST_STORED) if model.code == "gaussian" else scale
    arrays = {"code_mean": mean.numpy().astype(np.float16), "code_scale": scale.numpy().astype(np.float16)}
    over = ("code_step", "beta", "point", "latent")
    method = {"method": "code" if sampled.shape[-1] <= 2 else "PCA"}
    if model.code == "categorical":
        sampled, method = of_symbols(sampled, inputs.cpu().numpy().astype(np.float64)), {"method": "symbols"}
    return xr.Dataset(
        {name: (over, array[None], ATTRIBUTES[name]) for name, array in arrays.items()}
        | {"codes_2d": ((*over[:3], "axis"), plane(sampled, map_before)[None], ATTRIBUTES["codes_2d"] | method)},
        coords={"code_step": ("code_step", [trainer.step], {"long_name": "optimiser steps", "units": "1"})},
    )
