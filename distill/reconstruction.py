"""What is kept of an item: decoders of E[x|z], fitted after the training on frozen sampled codes."""

from collections.abc import Callable

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from distill.measures.codes import sampled_codes
from distill.measures.decoding import DECODER, decoded
from distill.networks import StackedMLP
from distill.training import Trainer, stream

STEPS, BATCH, WIDTH, PEAK_RATE = 400, 128, 64, 1e-2
FITTING = 5  # the purpose of this random stream
SMALLEST, LARGEST = float(np.finfo(np.float16).smallest_normal), float(np.finfo(np.float16).max)
NAMES = {
    "decoder_centre": "mean code of the training items",
    "decoder_spread": "deviation of the training items' codes",
    "decoder_in": "weights from the standardised code to 64 rectified units",
    "decoder_in_bias": "biases of those units",
    "decoder_out": "weights from those units to the standardised inputs",
    "decoder_out_bias": "biases of the standardised inputs",
}


def reconstruct(trainer: Trainer, run: xr.Dataset) -> xr.Dataset:
    """The decoders of a trained run (decoder_*; float16), and `r_squared` (beta, feature), float32.

    r_squared = 1 − Σ(x − x̂)² / Σ(x − mean)² over the stored test items, one sampled code each: the share of an input's
    variance that E[x|z] explains (law of total variance). It is below 0 where the decoder does worse on items that
    it has not seen than their mean would, and NaN for an input that does not vary among them.
    """
    found = fitted(trainer)
    inputs = run.inputs.transpose("point", "feature").values
    return found.assign(r_squared=(("beta", "feature"), *_explained(inputs, decoded(found, sampled_codes(run)))))


def fitted(trainer: Trainer) -> xr.Dataset:
    """Decoders of E[x|z] for every β, as a run carries them: `distill.measures.decoding.decoded` reads them.

    One hidden layer of 64 a β, fitted to training items by squared error, whose optimum is the conditional mean;
    every step draws fresh codes z ~ q(z|x), so that nothing is read off the means. The encoders stay as they are; those
    of the first seed are taken.
    """
    inputs, betas = torch.from_numpy(trainer.data.inputs[trainer.data.train]).to(trainer.device), trainer.config.betas
    with torch.no_grad():
        mean, scale = (each[: len(betas)].float() for each in trainer.model.encode(inputs))
    generator = stream(trainer.config.seed, FITTING)
    widths = (mean.shape[-1], WIDTH, inputs.shape[1])
    decoder = StackedMLP(len(mean), widths, generator, torch.float32).to(trainer.device)
    centre, spread = _standards(mean, scale, trainer.model.code)

    def fresh(items: Tensor, noise: Tensor) -> Tensor:
        chosen = items.to(mean.device)
        with torch.no_grad():
            return (trainer.model.sample(mean[:, chosen], scale[:, chosen], noise.to(mean)) - centre) / spread

    _fit(decoder, fresh, inputs, generator)
    return _as_arrays(centre, spread, decoder, len(inputs))


def _standards(mean: Tensor, scale: Tensor, code: str) -> tuple[Tensor, Tensor]:
    """Centre and spread (S, 1, K) of codes, rounded to what a run stores before anything is fitted behind them."""
    if code == "categorical":  # some symbols are never used, and have no deviation to be divided by
        centre, spread = torch.zeros_like(mean[:, :1]), torch.full_like(mean[:, :1], mean.shape[-1] ** -0.5)
    else:
        centre = mean.mean(1, keepdim=True)
        spread = (mean.var(1, keepdim=True) + scale.square().mean(1, keepdim=True)).sqrt()
    return centre.clamp(-LARGEST, LARGEST).half().float(), spread.clamp(SMALLEST, LARGEST).half().float()


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


def _as_arrays(centre: Tensor, spread: Tensor, decoder: StackedMLP, items: int) -> xr.Dataset:
    """The variables decoder_*; a rectified unit is scaled so that its largest weight to an input is 1.

    max(0, a x) = a max(0, x) for a > 0, so that this changes nothing, and one step of rounding suits every unit.
    """
    first, second = decoder[0], decoder[2]
    size = second.weight.detach().abs().amax(2).clamp(min=SMALLEST)  # (S, units)
    given = (
        centre[:, 0], spread[:, 0], first.weight * size[:, None], first.bias[:, 0] * size,
        second.weight / size[..., None], second.bias[:, 0],
    )  # fmt: skip
    how = f"one hidden layer of {WIDTH}, squared error, {STEPS} steps on sampled codes of {items} training items"
    halves = (each.detach().cpu().clamp(-LARGEST, LARGEST).half().numpy() for each in given)
    about = {"units": "1", "estimator": how}
    return xr.Dataset(
        {name: (dims, half, about | {"long_name": NAMES[name]})
         for (name, dims), half in zip(DECODER.items(), halves, strict=True)}
    )  # fmt: skip


def _explained(inputs: np.ndarray, guess: np.ndarray) -> tuple[np.ndarray, dict[str, str]]:
    """R² (S, D) of items (N, D) from guesses (S, N, D), and what it is."""
    inputs = inputs.astype(np.float64)
    variance = inputs.var(0)
    moving = variance > np.square(np.finfo(np.float32).eps * np.abs(inputs).max(0, initial=1.0))
    left = np.stack([np.square(each - inputs).mean(0) for each in guess])
    share = np.where(moving, 1 - left / np.where(moving, variance, 1.0), np.nan).astype(np.float32)
    how = f"1 − MSE / variance of E[x|z], one sampled code each of {len(inputs)} stored test items; NaN: it is constant"
    return share, {"units": "1", "long_name": "share of the input's variance kept", "estimator": how}
