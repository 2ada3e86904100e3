"""What is kept of an item: E[x|z] by decoders fitted after the training, on frozen sampled codes."""

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
    every step draws fresh codes z ~ q(z|x), so that nothing is read off the means. The encoders stay as they are.
    """
    inputs = torch.from_numpy(trainer.data.inputs[trainer.data.train]).to(trainer.device)
    with torch.no_grad():
        mean, scale = trainer.model.encode(inputs)
    centre, spread = (
        mean.mean(1, keepdim=True),
        (mean.var(1, keepdim=True) + scale.square().mean(1, keepdim=True)).sqrt(),
    )
    generator = stream(trainer.config.seed, FITTING)
    decoder = StackedMLP(len(mean), (mean.shape[-1], WIDTH, inputs.shape[1]), generator, torch.float32).to(
        trainer.device
    )
    _fit(decoder, (mean - centre) / spread, scale / spread, inputs, generator)
    wanted = (torch.from_numpy(codes).to(mean) - centre) / spread
    with torch.no_grad():
        return decoder(wanted).cpu().numpy()


def _fit(decoder: StackedMLP, mean: Tensor, scale: Tensor, inputs: Tensor, generator: torch.Generator) -> None:
    optimiser = torch.optim.Adam(decoder.parameters(), fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=STEPS)
    batch = min(BATCH, len(inputs))
    for _ in range(STEPS):
        chosen = torch.randint(len(inputs), (batch,), generator=generator)
        noise = torch.randn(batch, mean.shape[-1], generator=generator).to(mean)
        chosen = chosen.to(mean.device)
        guess = decoder(mean[:, chosen] + scale[:, chosen] * noise)
        optimiser.zero_grad(set_to_none=True)
        (guess - inputs[chosen]).square().mean((1, 2)).sum().backward()
        optimiser.step()
        schedule.step()
