"""What a trained sweep reads in each item: its bits, what it is decoded as, how surely, and what for what."""

import math

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from distill.evaluation import DRAWS_AT_THE_END
from distill.items import CODES_AVERAGED, Evaluation
from distill.measures.mixtures import pointwise
from distill.training import Trainer

MOST_CLASSES = 40  # of a table of what is decoded for what
LARGEST_BLOCK = 20_000_000  # numbers held at once: 80 MB
Variables = dict[str, tuple]


@torch.no_grad()
def read_items(trainer: Trainer, run: xr.Dataset, evaluation: Evaluation) -> xr.Dataset:
    """The readings of a run's items, of the first seed: (beta, point), and `confusion` of all test items.

    `item_bits`: log2 q(z|x)/q(z) among the stored items, NaN without noise. Their mean is I(X;Z) of the plane, the same
    codes by the same mixture, where all test items are stored (at most 500 are). Of symbols the mean over the symbol,
    exact. `item_uncertainty`: H(q(y|z)) in bits of the code that the maps show; `item_decoded`: its likeliest class.
    `confusion` (beta, label_value, decoded_value): share of the test items of a class, in the order of the attribute
    classes, that one code is decoded as each, mean of twelve codes; a row adds up to 1, and is NaN for a class without
    test items. A continuous Y has bits only; beyond 40 classes there is no confusion.
    """
    inputs = torch.from_numpy(trainer.data.inputs[run.point.values]).to(trainer.strength)
    mean, scale = trainer.model.encode(inputs)
    noise = evaluation.noise[:, : len(inputs)].to(mean)
    found = _bits(trainer, mean, scale, noise[:DRAWS_AT_THE_END])
    if trainer.data.target is None:
        found |= _decoded(trainer, mean, scale, noise[0])
        found |= _confused(trainer, evaluation) if len(trainer.data.label_classes) <= MOST_CLASSES else {}
    return xr.Dataset(found)


def _bits(trainer: Trainer, mean: Tensor, scale: Tensor, noise: Tensor) -> Variables:
    """log2 q(z|x)/q(z) of every item at every β."""
    betas, items = len(trainer.config.betas), mean.shape[1]
    mean, scale = mean[:betas], scale[:betas]
    how = f"mixture of the encoders of these {items} stored test items, mean of {len(noise)} codes each"
    if trainer.model.code == "categorical":
        bits, how = _of_symbols(mean.double()), f"exact from the symbols' probabilities, of {items} stored test items"
    elif trainer.model.stochastic:
        bits = pointwise(mean, scale, noise, torch.zeros(items, dtype=torch.long))[0]  # whatever the labels are
    else:
        bits, how = torch.full(mean.shape[:2], math.nan), "none, the code has no noise"
    about = {"units": "bits", "long_name": "log2 q(z|x)/q(z) of an item", "estimator": how}
    return {"item_bits": (("beta", "point"), bits.cpu().numpy().astype(np.float32), about)}


def _of_symbols(probabilities: Tensor) -> Tensor:
    """Σ_t p(t|x) log2 p(t|x)/p(t), (S, N), of p(t|x) (S, N, M)."""
    entropy = torch.special.entr(probabilities).sum(-1)
    return (-torch.xlogy(probabilities, probabilities.mean(1, keepdim=True)).sum(-1) - entropy) / math.log(2)


def _decoded(trainer: Trainer, mean: Tensor, scale: Tensor, noise: Tensor) -> Variables:
    """Of one code an item: the class that q(y|z) finds likeliest, and how unsure q(y|z) is, of all factors of Y."""
    model, betas = trainer.model, len(trainer.config.betas)
    codes = model.sample(mean, scale, noise)
    unsure = [torch.special.entr(each[:betas].double().softmax(-1)).sum(-1) for each in model.by_head(codes)]
    outputs = len(codes) * len(trainer.data.label_classes) * len(unsure)  # numbers an item
    parts = codes.split(max(1, LARGEST_BLOCK // outputs), dim=1)
    likeliest = torch.cat([model.decode(each)[:betas].argmax(-1) for each in parts], dim=1)
    over, note = ("beta", "point"), trainer.objective.decoder_note
    how = {"estimator": "the sampled code that the maps show" + (f"; {note}" if note else "")}
    uncertainty = {"units": "bits", "long_name": "H(q(y|z)) of an item's code"} | how
    value = {"units": "1", "long_name": "likeliest class, its place among the classes"} | how
    bits = (sum(unsure) / math.log(2)).cpu().numpy().astype(np.float32)
    return {
        "item_uncertainty": (over, bits, uncertainty),
        "item_decoded": (over, likeliest.cpu().numpy().astype(np.int16), value),
    }


def _confused(trainer: Trainer, evaluation: Evaluation) -> Variables:
    """What the items of each class are decoded as, of all N test items."""
    model, betas, items = trainer.model, len(trainer.config.betas), evaluation.items["test"]
    labels, classes = torch.from_numpy(trainer.data.label[items]), len(trainer.data.label_classes)
    mean, scale = model.encode(torch.from_numpy(trainer.data.inputs[items]).to(trainer.strength))
    cells = classes * (classes * torch.arange(betas)[:, None] + labels)  # (S, N): where the row of an item begins
    counts = torch.zeros(betas * classes**2, dtype=torch.float64)
    for noise in evaluation.noise.to(mean):
        one = model.decode(model.sample(mean, scale, noise))[:betas].argmax(-1).cpu()
        counts += torch.bincount((cells + one).flatten(), minlength=len(counts))
    table = counts.view(betas, classes, classes)
    share = table / table.sum(-1, keepdim=True)  # 0/0 = NaN: a class without items
    about = {
        "units": "1",
        "long_name": "share of the items of a class that is decoded as each",
        "estimator": f"one code, mean of {CODES_AVERAGED}, {len(items)} test items",
    }
    return {"confusion": (("beta", "label_value", "decoded_value"), share.numpy().astype(np.float32), about)}
