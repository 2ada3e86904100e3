"""What is kept of an item: E[x|z] by decoders fitted after the training, on frozen sampled codes."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from distill.networks import StackedMLP
from distill.training import Trainer, stream

STEPS, BATCH, WIDTH, PEAK_RATE = 400, 128, 64, 1e-2
FITTING = 5  # the purpose of this random stream


def reconstruct(trainer: Trainer, codes: np.ndarray) -> np.ndarray:
    """E[x|z] for codes (S, N, K) of a trained sweep: (S, N, D), standardised inputs.

    One hidden layer of 64 a β, fitted to training items by squared error, whose optimum is the conditional mean;
    every step draws fresh codes z ~ q(z|x), so that nothing is read off the means. The encoders stay as they are; those
    of the first seed are taken.
    """
    inputs = torch.from_numpy(trainer.data.inputs[trainer.data.train]).to(trainer.device)
    with torch.no_grad():
        mean, scale = (each[: len(codes)] for each in trainer.model.encode(inputs))
    generator = stream(trainer.config.seed, FITTING)
    widths = (mean.shape[-1], WIDTH, inputs.shape[1])
    decoder = StackedMLP(len(mean), widths, generator, torch.float32).to(trainer.device)
    centre = mean.mean(1, keepdim=True)
    spread = (mean.var(1, keepdim=True) + scale.square().mean(1, keepdim=True)).sqrt()
    if trainer.model.code == "categorical":  # some symbols are never used, and have no deviation to be divided by
        centre, spread = torch.zeros_like(centre), torch.full_like(spread, mean.shape[-1] ** -0.5)

    def standardised(sampled: Tensor) -> Tensor:
        return (sampled - centre) / spread

    def fresh(items: Tensor, noise: Tensor) -> Tensor:
        chosen = items.to(mean.device)
        with torch.no_grad():
            return standardised(trainer.model.sample(mean[:, chosen], scale[:, chosen], noise.to(mean)))

    _fit(decoder, fresh, inputs, generator)
    with torch.no_grad():
        return decoder(standardised(torch.from_numpy(codes).to(mean))).cpu().numpy()


def _fit(
    decoder: StackedMLP, fresh: Callable[[Tensor, Tensor], Tensor], inputs: Tensor, generator: torch.Generator
) -> None:
    """`fresh` gives codes (S, batch, K) of items (batch,) under noise (batch, K)."""
    optimiser = torch.optim.Adam(decoder.parameters(), fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=STEPS)
    batch, latent = min(BATCH, len(inputs)), decoder[0].weight.shape[1]
    for _ in range(STEPS):
        chosen = torch.randint(len(inputs), (batch,), generator=generator)
        guess = decoder(fresh(chosen, torch.randn(batch, latent, generator=generator)))
        optimiser.zero_grad(set_to_none=True)
        (guess - inputs[chosen.to(inputs.device)]).square().mean((1, 2)).sum().backward()
        optimiser.step()
        schedule.step()
