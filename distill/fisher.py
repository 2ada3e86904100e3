"""Fisher maps: what the codes of a trained sweep would tell of each input, were all the others known."""

from collections.abc import Iterator
from copy import deepcopy

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from distill.datasets import Joint
from distill.measures.decoding import shown_items
from distill.networks import Bottleneck
from distill.training import Trainer

MOST_ITEMS, FEWEST_ITEMS = 100, 4
MOST_WORK = 60e9  # multiplications; wide sweeps average fewer items
LEAST_STRENGTH = 1e-12  # of an eigenvalue, relative to the largest
MOST_TRAINING_ITEMS = 5000  # that the covariance is estimated from
LOCAL = "a local reading of the encoder, exact where it is linear; the inputs' figures do not add up to I(X;Z)"


def map_inputs(trainer: Trainer, run: xr.Dataset) -> xr.Dataset:
    """Bits b_j(x) = ½ log2(1 + v_j F_jj(x)) of every input j at every β, of the first seed.

    F is the encoder's Fisher matrix (`fisher_rows`), v_j = 1/(Σ⁻¹)_jj the variance of input j given the others
    (`conditional_variances`): b_j is I(Z;x_j|x_−j), exactly for a linear encoder of Gaussian inputs, locally otherwise.
    The b_j do not sum to I(X;Z): inputs that say the same each count for little, those that only together say something
    each for much.

    `fisher_bits` (beta, feature): mean over at most 100 stored test items. `fisher_bits_of` (beta, shown, feature): of
    the items `shown`, their places among the stored. `word_bits` (beta, shown, word), where the data say by how much a
    word changes the inputs: ½ log2(1 + dᵀ F d) for that change d, what the code tells of whether the word stands there.
    Our own reading, and local: it takes F as it is at the sentence for the whole way to d.

    Nothing for codes without noise, which tell of every input without end, for symbols, whose code is no place, and for
    the inputs of a known joint distribution, between which there is nothing.
    """
    data = trainer.data
    if trainer.model.code != "gaussian" or isinstance(data.known, Joint):
        return xr.Dataset()
    shown, count = shown_items(run), _affordable(trainer, run.sizes["point"])
    items = run.point.values[[*shown, *range(count)]]
    words = None if data.parts is None else torch.from_numpy(data.parts[items[: len(shown)]]).to(trainer.strength)
    inputs = torch.from_numpy(data.inputs[items]).to(trainer.strength)
    diagonal, along = _accumulated(models(trainer.model, slice(len(trainer.config.betas))), inputs, words)
    variances, how = conditional_variances(data.inputs[data.train])
    bits = 0.5 * np.log1p(variances * diagonal) / np.log(2)
    about = {"units": "bits", "estimator": f"½ log2(1 + v F), {how}", "note": LOCAL}
    average, one = f"mean of {count} stored test items", "of each item shown"
    found = {
        "fisher_bits": (("beta", "feature"), bits[:, len(shown) :].mean(1), about | {"long_name": f"bits, {average}"}),
        "fisher_bits_of": (("beta", "shown", "feature"), bits[:, : len(shown)], about | {"long_name": f"bits, {one}"}),
    }
    if along is not None:
        said = {"units": "bits", "long_name": f"bits of each word, {one}", "estimator": "½ log2(1 + dᵀ F d)"}
        found["word_bits"] = (("beta", "shown", "word"), 0.5 * np.log1p(along) / np.log(2), said | {"note": LOCAL})
    places = ("shown", shown, {"units": "1", "long_name": "place among the stored items"})
    return xr.Dataset(found, coords={"shown": places}).astype(np.float32)


def fisher_rows(model: Bottleneck, inputs: Tensor) -> Iterator[Tensor]:
    """Rows g_r (S, N, D), one after another, whose outer products sum to the Fisher matrix of q(z|x): F = Σ_r g_r g_rᵀ.

    F(x) = Σ_k ∇μ_k ∇μ_kᵀ / σ_k² + 2 Σ_k ∇ln σ_k ∇ln σ_kᵀ for N(μ(x), diag σ(x)²) (Kay 1993, eq. 3.31). At most
    2 K of them; a linear encoder, whose noise does not depend on x, has K.

    Args:
        inputs: (N, D), standardised.
    """
    given = inputs.expand(len(next(model.encoder.parameters())), *inputs.shape).contiguous().requires_grad_()
    mean, scale = model.encode(given)
    for values, weight in ((mean, scale.detach().reciprocal()), (scale.log(), torch.full_like(scale, 2**0.5))):
        for k in range(values.shape[-1] if values.requires_grad else 0):
            (found,) = torch.autograd.grad(values[..., k].sum(), given, retain_graph=True, allow_unused=True)
            if found is not None:
                yield found * weight[..., k, None]


def conditional_variances(inputs: np.ndarray) -> tuple[np.ndarray, str]:
    """v_j = Var(x_j|x_−j) = 1/(Σ⁻¹)_jj of inputs (N, D), and how it was found: (D,), in units of the inputs squared.

    Σ is the covariance with the Ledoit–Wolf shrinkage (2004) of the correlations, so that it does not depend on the
    inputs' units and v_j is never above Var x_j; a constant input has 0. Exact where the inputs are jointly Gaussian.
    """
    from sklearn.covariance import ledoit_wolf

    chosen = np.random.default_rng(0).permutation(len(inputs))[:MOST_TRAINING_ITEMS]
    sample = inputs[chosen].astype(np.float64)
    deviation = sample.std(0)
    moving = deviation > np.finfo(np.float32).eps * np.abs(sample).max(0, initial=1.0)
    found = np.zeros(inputs.shape[1])
    correlation, shrinkage = ledoit_wolf((sample[:, moving] - sample[:, moving].mean(0)) / deviation[moving])
    strength, direction = np.linalg.eigh(correlation)
    precision = (direction**2 / strength.clip(strength[-1] * LEAST_STRENGTH)).sum(1)
    found[moving] = deviation[moving] ** 2 / precision
    return found, f"v from the correlations of {len(sample)} training items, Ledoit–Wolf shrinkage {shrinkage:.2g}"


def models(model: Bottleneck, chosen: slice) -> Bottleneck:
    """A copy of some of the stacked models, without what the objective learned beside them."""
    parts, model.parts = model.parts, None
    try:
        picked = deepcopy(model)
    finally:
        model.parts = parts
    for weight in picked.parameters():
        weight.data = weight.data[chosen].clone()
    return picked.requires_grad_(False)


def _affordable(trainer: Trainer, stored: int) -> int:
    """How many of the stored items are averaged: fewer where the networks are large."""
    config, weights = trainer.config, sum(each[0].numel() for each in trainer.model.encoder.parameters())
    passes = 2 * config.latent_dim * len(config.betas)
    return min(stored, max(FEWEST_ITEMS, min(MOST_ITEMS, int(MOST_WORK / (passes * weights)))))


def _accumulated(model: Bottleneck, inputs: Tensor, words: Tensor | None) -> tuple[np.ndarray, np.ndarray | None]:
    """F_jj (S, N, D), and dᵀ F d (S, n, words) of the first n items for changes d (n, words, D)."""
    diagonal, along = 0, None if words is None else 0
    for row in fisher_rows(model, inputs):
        diagonal = row.square() + diagonal
        if words is not None:
            along = torch.einsum("snd,nwd->snw", row[:, : len(words)], words).square() + along
    return diagonal.cpu().double().numpy(), None if along is None else along.cpu().double().numpy()
