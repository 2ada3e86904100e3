"""What the semantic codec and its reader need of a trained sweep: the model of its codes, and the label decoder."""

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from distill.coding.dithered import quantile_shares
from distill.items import Evaluation
from distill.measures.deciding import BIAS, WEIGHT
from distill.measures.mixtures import pointwise
from distill.networks import StackedLinear
from distill.training import Trainer

PART_OF_DEVIATION = 1 / 8  # the step of a code without noise, in standard deviations of its means
BLOCK = 4096  # items encoded at once
LARGEST = float(np.finfo(np.float16).max)
SMALLEST_WIDTH = 1e-30  # of a dimension that is the same for all training items
Variables = dict[str, tuple]


@torch.no_grad()
def fit_codec(trainer: Trainer, run: xr.Dataset, evaluation: Evaluation) -> xr.Dataset:
    """The variables codec_* and label_weight_*, label_bias_* of a trained run; of the first seed.

    `codec_width` (beta, latent): Δ = √12 σ, σ the root mean square of the encoder's noise over the training items; of
    a code without noise an eighth of the means' standard deviation. `codec_quantiles` (beta, latent, level): of the
    training items' means, at the shares `level`. `codec_apart` (beta): Σ_k I(X;Z_k) of the stored test items, bits.
    Of a categorical code `codec_share` (beta, latent) in their place: how often the training items use each symbol.
    """
    betas = len(trainer.config.betas)
    mean, scale = _encoded(trainer, trainer.data.train)
    found = _shares(mean) if trainer.model.code == "categorical" else _quantised(mean, scale)
    if trainer.model.code == "gaussian":
        found |= _apart(trainer, run, evaluation)
    coords = {"level": quantile_shares()} if "codec_quantiles" in found else {}
    return xr.Dataset(found | _label_decoder(trainer, betas), coords=coords)


def _encoded(trainer: Trainer, items: np.ndarray) -> tuple[Tensor, Tensor]:
    """Means and scales (βs, n, K) of items of the data set, first seed; in blocks, since hidden layers are wide."""
    betas, found = len(trainer.config.betas), []
    for block in np.array_split(items, -(-len(items) // BLOCK)):
        inputs = torch.from_numpy(trainer.data.inputs[block]).to(trainer.strength)
        found.append([each[:betas] for each in trainer.model.encode(inputs)])
    mean, scale = (torch.cat(each, dim=1) for each in zip(*found, strict=True))
    return mean, scale


def _shares(probabilities: Tensor) -> Variables:
    """(S, n, K) → shares (S, K), each symbol counted half a time more (Krichevsky & Trofimov 1981)."""
    items, symbols = probabilities.shape[1:]
    shares = (probabilities.double().sum(1) + 0.5) / (items + symbols / 2)
    how = f"mean of p(t|x) over {items} training items, half an item added to each"
    about = {"units": "1", "long_name": "share of a symbol", "estimator": how}
    return {"codec_share": (("beta", "latent"), shares.cpu().numpy().astype(np.float32), about)}


def _quantised(mean: Tensor, scale: Tensor) -> Variables:
    """Steps and quantiles of means and scales (S, n, K)."""
    noisy, items = bool((scale > 0).any()), mean.shape[1]
    mean, scale = mean.cpu().double().numpy(), scale.cpu().double().numpy()
    width = np.sqrt(12 * np.square(scale).mean(1)) if noisy else PART_OF_DEVIATION * mean.std(1)
    width = np.maximum(width, SMALLEST_WIDTH)
    quantiles = np.moveaxis(np.quantile(mean, quantile_shares(), axis=1), 0, -1)
    words = "√12 σ, root mean square" if noisy else "an eighth of the means' deviation, a code without noise"
    step = {"units": "1", "long_name": "step of the quantiser, Δ", "estimator": f"{words}, {items} training items"}
    quantiles = quantiles.clip(-LARGEST, LARGEST).astype(np.float16)  # as good as more digits: they are far apart
    about = {"units": "1", "long_name": "quantile of the code's mean", "estimator": f"{items} training items"}
    return {
        "codec_width": (("beta", "latent"), width.astype(np.float32), step),
        "codec_quantiles": (("beta", "latent", "level"), quantiles, about),
    }


def _apart(trainer: Trainer, run: xr.Dataset, evaluation: Evaluation) -> Variables:
    """Σ_k I(X;Z_k): what the dimensions tell of the item one by one, so that what two tell alike counts twice."""
    mean, scale = _encoded(trainer, run.point.values)
    items = mean.shape[1]
    noise, none = evaluation.noise[:1, :items].to(mean), torch.zeros(items, dtype=torch.long)
    each = [
        pointwise(mean[..., k : k + 1], scale[..., k : k + 1], noise[..., k : k + 1], none)[0].mean(-1)
        for k in range(mean.shape[-1])
    ]
    bits = torch.stack(each).sum(0).cpu().numpy()
    how = f"mixtures of {items} stored test items, one code each, added over the latent dimensions"
    about = {"units": "bits", "long_name": "Σ I(X;Z_k), the dimensions one by one", "estimator": how}
    return {"codec_apart": (("beta",), bits, about)}


def _label_decoder(trainer: Trainer, betas: int) -> Variables:
    """Its layers as arrays: label_weight_i (beta, in, out) and label_bias_i (beta, out), i from 1."""
    decoder, note = trainer.model.decoder, trainer.objective.decoder_note
    layers = [each for each in decoder.modules() if isinstance(each, StackedLinear)]
    about = {"units": "1"} | ({"note": note} if note else {})
    found: Variables = {}
    for i, layer in enumerate(layers, 1):
        ends = [
            "latent" if i == 1 else f"label_unit_{i - 1}",
            "label_output" if i == len(layers) else f"label_unit_{i}",
        ]
        weight, bias = (each[:betas].cpu().float().numpy() for each in (layer.weight, layer.bias[:, 0]))
        words = f"of the label decoder, layer {i} of {len(layers)}"
        found[WEIGHT.format(i)] = (("beta", *ends), weight, about | {"long_name": f"weights {words}"})
        found[BIAS.format(i)] = (("beta", ends[1]), bias, about | {"long_name": f"biases {words}"})
    return found
