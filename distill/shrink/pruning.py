"""Networks without their smallest weights, and the training of those that are left."""

from collections.abc import Sequence

import torch
from torch import Tensor

from distill.networks import Bottleneck
from distill.shrink.networks import copied, weights
from distill.training import Trainer


class Tuned(Trainer):
    """Networks that are trained again; what an objective does while it is young it does not do again."""

    @property
    def progress(self) -> float:
        """Share of the training that lies behind: the first one is."""
        return 1.0


def pruned(teacher: Trainer, sparsities: Sequence[float], epochs: int) -> Tuned:
    """The teacher's networks at every sparsity, S = seeds × sparsities, before they are trained for `epochs` epochs.

    The learning rate goes through the cycle of the first training once more, to the same height: a lower one leaves
    sparse networks far behind (as Renda, Frankle & Carbin 2020 find). The weights that are 0 stay so: their gradients
    are masked, and Adam moves nothing whose gradient was always 0.
    """
    trainer = copied(Tuned, teacher, len(sparsities), {"epochs": epochs})
    shares = torch.tensor(sparsities, dtype=torch.float64).repeat(teacher.config.seeds)
    masks = kept(trainer.model, shares)
    for name, each in weights(trainer.model).items():
        each.data *= masks[name]
        each.register_hook(masks[name].mul)
    return trainer


@torch.no_grad()
def kept(model: Bottleneck, shares: Tensor) -> dict[str, Tensor]:
    """Name → (S, in, out) 0 or 1: without the round(share · weights) smallest of all weights of a network.

    Magnitudes are compared across layers (global magnitude pruning; Han et al. 2015 prune by magnitude, layer by
    layer). Biases are kept.
    """
    all_weights = weights(model)
    flat = torch.cat([each.abs().flatten(1) for each in all_weights.values()], 1)
    fewer = (shares * flat.shape[1]).round().long().to(flat.device)
    keep = flat.argsort(dim=1, stable=True).argsort(dim=1) >= fewer[:, None]
    parts = keep.split([each[0].numel() for each in all_weights.values()], 1)
    return {name: part.view_as(each).to(each) for part, (name, each) in zip(parts, all_weights.items(), strict=True)}
