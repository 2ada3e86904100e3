"""What a small network reads from codes, beside the logistic probe: all βs and all folds are one stacked model."""

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from distill.datasets import DataSet
from distill.measures.codes import sampled_codes
from distill.measures.probing import (
    BITS,
    FOLDS,
    factor_values,
    fold_of,
    how,
    interval,
    intervals,
    named,
    names_of,
    shuffled_label,
)
from distill.measures.quantised import control, principal
from distill.networks import StackedMLP, label_cross_entropy
from distill.training import stream

WIDTH, BATCH = 64, 72
OF_CODES = (200, 1e-2, 1.0)  # steps, highest learning rate, decay of the weights
OF_INPUTS = (400, 2e-2, 0.1)  # raw inputs need a network that turns further from its start
MOST_COLUMNS, MOST_ITEMS = 100, 4000  # of the raw inputs
LEAST_SPREAD = 1e-12
SHRINKING = np.linspace(0, 2, 21)
READING = 7  # the purpose of this random stream
FAMILY = f"MLP probe, one hidden layer of {WIDTH}"


def read_further(run: xr.Dataset, data: DataSet) -> xr.Dataset:
    """The variables factor_*_mlp, noise_* and pca_* that a run of `data` stores after its training.

    noise_kept (probe, beta) is what both probes find of a shuffled copy of the label: pure noise, in which there is
    nothing to find.
    """
    codes, values, noise = sampled_codes(run), factor_values(run), shuffled_label(run)
    kept, names, items = np.stack([read(codes, each) for each in values]), names_of(run), codes.shape[1]
    of_noise = np.stack([intervals(codes, noise[None])[0], read(codes, noise)])
    ceiling = ceilings(run, data)
    found = xr.Dataset(
        named("factor_kept_mlp", ("factor", "beta"), kept, "bits of the factor kept", how(FAMILY, items))
        | named(
            "noise_kept", ("probe", "beta"), of_noise, "bits of a shuffled label kept", how("the same probes", items)
        )
        | {"factor_ceiling_mlp": ceiling},
        coords={"factor": names, "beta": run.beta, "probe": ["logistic", "mlp"]},
    )
    return found.merge(control(run, data.inputs[data.train]))


def read(codes: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """(S, 3) bits of a factor (N,) that MLP probes find in codes (S, N, K): mean, and the ends of a 90 % interval."""
    return np.array([interval(each) for each in mlp_gain(codes, factor)])


def mlp_gain(codes: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """log2 q(s_i|z_i) − log2 p(s_i) of every item, (S, N), q an MLP probe of codes (S, N, K) fitted without its fold.

    One hidden layer of 64 ReLUs, 200 Adam steps with decay of the weights, codes standardised within each fold's
    training items. Its log-odds are then shrunk towards the shares of the values, q ∝ q^τ p^(1−τ), by the τ that suits
    the held-out items of the other folds. τ = 0 is the probe that looks at nothing, which a predictive family must hold
    for its information to be at least 0 (Xu et al. 2020, definition 1); without it, noise at 400 items would read
    as a third of a bit below 0.
    """
    values, classes = np.unique(factor, return_inverse=True)
    if len(values) < 2:
        return np.zeros(codes.shape[:2])
    place = fold_of(len(factor))
    train = _training_items(place)
    given = codes[:, train]  # (S, F, n, K)
    centre, spread = given.mean(2, keepdims=True), given.std(2, keepdims=True)
    given = (codes[:, None] - centre) / np.where(spread > 0, spread, 1)
    return _shrunk(_held_out(given, train, classes)[:, place, np.arange(len(factor))], classes, place)


def ceilings(run: xr.Dataset, data: DataSet) -> xr.DataArray:
    """(factor) bits that the MLP finds in the raw inputs of the stored items, fitted to the training items.

    To all of them that it can use, at most 4000, because the encoders had them too: fitted to the few stored items
    alone it would miss what codes say plainly (of the sprites' shape 1.1 of 2 bits, of their rotation 0.1 of 1). It
    sees the first 100 principal components, on one scale for all.
    """
    chosen = np.random.default_rng((0, READING)).permutation(data.train)[:MOST_ITEMS]
    axes = principal(data.inputs[chosen], MOST_COLUMNS)
    given, held = axes(data.inputs[chosen]), axes(run.inputs.transpose("point", "feature").values)
    scale = max(given.std(), LEAST_SPREAD)
    found = [
        _ceiling(given / scale, data.factors[name][chosen], held / scale, values)
        for name, values in zip(names_of(run), factor_values(run), strict=True)
    ]
    estimator = f"{FAMILY}, of {given.shape[1]} principal components, fitted to {len(chosen)} training items"
    about = BITS | {"long_name": "bits an MLP finds in the raw inputs", "estimator": estimator}
    return xr.DataArray(found, {"factor": names_of(run)}, ("factor",), attrs=about)


def _ceiling(given: np.ndarray, known: np.ndarray, held: np.ndarray, factor: np.ndarray) -> float:
    values, classes = np.unique(factor, return_inverse=True)
    usable = np.isin(known, values)
    if len(values) < 2 or len(np.unique(known[usable])) < 2:
        return 0.0
    codes, of_codes = _tensor(given[usable][None]), torch.from_numpy(np.searchsorted(values, known[usable]))[None]
    network = _fitted(codes, of_codes, len(values), *OF_INPUTS)
    with torch.no_grad():
        logits = network(_tensor(held[None])).double().numpy()
    return max(0.0, float(_shrunk(logits, classes, fold_of(len(factor))).mean()))


def _training_items(place: np.ndarray) -> np.ndarray:
    """(F, n) the items that each fold's probe is fitted to; n is the same for all, so one item may be left out."""
    each = [np.flatnonzero(place != fold) for fold in range(FOLDS)]
    return np.stack([items[: min(map(len, each))] for items in each])


def _held_out(given: np.ndarray, train: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Logits (S, F, N, C) of every fold's network, from codes (S, F, N, K) as each fold sees them."""
    strengths, folds, items, _ = given.shape
    codes = _tensor(given).flatten(0, 1)  # (S F, N, K)
    chosen = torch.from_numpy(train).repeat(strengths, 1)  # (S F, n)
    fitted_to = codes.take_along_dim(chosen[..., None], 1)
    network = _fitted(fitted_to, torch.from_numpy(classes)[chosen], int(classes.max()) + 1, *OF_CODES)
    with torch.no_grad():
        return network(codes).view(strengths, folds, items, -1).double().numpy()


def _fitted(codes: Tensor, values: Tensor, count: int, steps: int, peak: float, decay: float) -> StackedMLP:
    """M networks for codes (M, n, K) of values (M, n) below `count`, all with one start and one order of items."""
    generator, items = stream(0, READING), codes.shape[1]
    network = StackedMLP(len(codes), (codes.shape[-1], WIDTH, count), generator, torch.float32)
    groups = [
        {"params": [each for name, each in network.named_parameters() if name.endswith(kind)], "weight_decay": amount}
        for kind, amount in (("weight", decay), ("bias", 0.0))
    ]
    optimiser = torch.optim.AdamW(groups, peak, betas=(0.9, 0.99), fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, peak, total_steps=steps)
    batch = min(BATCH, items)
    for step in range(steps):
        place = step % (items // batch) * batch
        if place == 0:
            order = torch.randperm(items, generator=generator)
        chosen = order[place : place + batch]
        optimiser.zero_grad(set_to_none=True)
        label_cross_entropy(network(codes[:, chosen]), values[:, chosen]).mean(1).sum().backward()
        optimiser.step()
        schedule.step()
    return network


def _shrunk(logits: np.ndarray, classes: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Gains (S, N) in bits from held-out logits (S, N, C), shrunk by the τ that suits the folds of the other items."""
    log_shares, items, gains = np.log(np.bincount(classes) / len(classes)), np.arange(len(classes)), []
    for tau in SHRINKING:
        mixed = tau * logits + (1 - tau) * log_shares
        mixed -= mixed.max(-1, keepdims=True)
        log_q = mixed[..., items, classes] - np.log(np.exp(mixed).sum(-1))
        gains.append((log_q - log_shares[classes]) / np.log(2))
    each = np.stack(gains)  # (τ, S, N)
    by_fold = np.stack([each[..., place == fold].sum(-1) for fold in range(FOLDS)], -1)
    best = (by_fold.sum(-1, keepdims=True) - by_fold).argmax(0)  # (S, F)
    return each[best[:, place], np.arange(len(logits))[:, None], items]


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
