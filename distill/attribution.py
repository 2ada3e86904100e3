"""Which inputs a classifier needs of one item: a bottleneck put in front of a trained network, on request."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from torch import Tensor
from torch.nn import functional

from distill import store, threads
from distill.errors import InvalidValue
from distill.finishing import trained
from distill.fisher import models
from distill.training import Trainer, stream

START, BATCH, BLUR = 5.0, 10, 1.0  # α₀, draws a step, and the deviation of the blur in pixels (Schulz et al. 2020)
STRENGTH, HIGHEST_PRICE = 10.0, 0.01  # their β, of the mean over the inputs; and nats of CE for a nat of one input
STEPS, RATE = 200, 0.3
ATTRIBUTING = 11  # the purpose of this random stream


def iba(path: Path, item: int, beta: int) -> list[float]:
    """Bits of each input that the network of β number `beta` needs to decode stored item number `item`.

    Information bottleneck attribution at the inputs (Schulz et al. 2020, eqs 2–6): noise z = λ ⊙ x + (1 − λ) ⊙ ε, with
    ε ~ N(m, s²) of the training inputs, is let in as far as the label allows it, by minimising
    CE(y | z) + p Σ_j KL[q(z_j|x_j) ‖ N(m_j, s_j²)] over λ = sigmoid(α). The code behind it is sampled; of several
    factors the CE is the weighted sum of the loss; λ of pictures is blurred by a Gaussian of one pixel. The price p is
    theirs, ten times the mean, from 1,000 inputs on, and 0.01 of fewer: ten times the mean of 64 lets nothing in. Nor
    do their ten Adam steps of rate 1 get there from α = 5, but 200 of rate 0.3 do, ten draws each.

    It says what the classifier needs of this item, not what q(z|x) keeps of it, and which of several inputs that say
    the same it takes is open. An input that is constant in training has 0 bits.

    Raises:
        InvalidValue: for an item or a β that the run does not have.
        DistillError: where the run's networks are gone.
    """
    run = store.open_run(path)
    for name, index in {"point": item, "beta": beta}.items():
        if not 0 <= index < run.sizes[name]:
            raise InvalidValue(f"{name} must be from 0 to {run.sizes[name] - 1}; got {index}")
    trainer = trained(path, run)
    threads.settle(trainer.config.threads)
    return [float(each) for each in _needed(trainer, run, item, beta)]


def information(share: Tensor, standing: Tensor) -> Tensor:
    """KL[N(λ r̃, (1 − λ)²) ‖ N(0, 1)] in bits: −½ (1 + ln(1 − λ)² − (λ r̃)² − (1 − λ)²) / ln 2, of any equal shapes.

    `share` is λ in [0, 1), `standing` r̃ = (x − m)/s. 0.639 bits at λ = ½ and 3.19 at 0.9 where r̃ = 1.
    """
    noise = 1 - share
    return 0.5 * ((share * standing).square() + noise.square() - 1 - 2 * noise.log()) / math.log(2)


def _needed(trainer: Trainer, run: xr.Dataset, item: int, beta: int) -> np.ndarray:
    """(D,) bits of one stored item."""
    data, place = trainer.data, int(run.point.values[item])
    like, one = trainer.strength, slice(place, place + 1)
    training = torch.from_numpy(data.inputs[data.train]).to(like)
    centre, spread = training.mean(0), training.std(0)
    spread = torch.where(spread > torch.finfo(torch.float32).eps * training.abs().amax(0), spread, 0.0)
    inputs, label = torch.from_numpy(data.inputs[one]).to(like), torch.from_numpy(data.label[one]).to(like.device)
    target = None if data.target is None else torch.from_numpy(data.target[one]).to(like)
    model, generator = models(trainer.model, slice(beta, beta + 1)), stream(trainer.config.seed, ATTRIBUTING, place)

    def surprise(changed: Tensor) -> Tensor:
        noise = torch.randn(len(changed), trainer.config.latent_dim, generator=generator).to(like)
        code = model.sample(*model.encode(changed), noise)
        return model.cross_entropy(code, label.expand(len(changed)), target).mean()

    shape = data.input_shape if len(data.input_shape) > 1 else None
    return fitted_bits(surprise, inputs[0], centre, spread, shape, generator)


def fitted_bits(
    surprise: Callable[[Tensor], Tensor],
    inputs: Tensor,
    centre: Tensor,
    spread: Tensor,
    shape: tuple[int, ...] | None,
    generator: torch.Generator,
) -> np.ndarray:
    """Bits (D,) of inputs (D,) that are let in where `surprise` is the mean CE, in nats, of changed inputs (n, D).

    `centre` and `spread` (D,) are m and s, `spread` 0 where an input never varies; `shape` is that of a picture.
    """
    standing = torch.where(spread > 0, (inputs - centre) / spread.where(spread > 0, 1.0), 0.0)
    price = min(STRENGTH / len(inputs), HIGHEST_PRICE)
    alpha = torch.full_like(inputs, START).requires_grad_()
    optimiser = torch.optim.Adam([alpha], lr=RATE)
    for _ in range(STEPS):
        share = _blurred(alpha.sigmoid(), shape)
        drawn = centre + spread * torch.randn(BATCH, len(inputs), generator=generator).to(inputs)
        bits = information(share, standing)[spread > 0]
        optimiser.zero_grad(set_to_none=True)
        (surprise(share * inputs + (1 - share) * drawn) + price * math.log(2) * bits.sum()).backward()
        optimiser.step()
    with torch.no_grad():
        bits = information(_blurred(alpha.sigmoid(), shape), standing)
    return bits.where(spread > 0, 0.0).clamp(min=0).cpu().double().numpy()


def _blurred(share: Tensor, shape: tuple[int, ...] | None) -> Tensor:
    """λ (D,) of a picture under a Gaussian of one pixel, mirrored at the edges; of other inputs as it is."""
    if shape is None:
        return share
    places = torch.arange(-2, 3, dtype=share.dtype, device=share.device)
    line = (-0.5 * (places / BLUR).square()).exp()
    kernel = torch.outer(line, line) / line.sum().square()
    pictures = share.view(shape[0], shape[1], -1).movedim(-1, 0).unsqueeze(1)  # (channel, 1, height, width)
    found = functional.conv2d(functional.pad(pictures, (2, 2, 2, 2), mode="reflect"), kernel[None, None])
    return found.squeeze(1).movedim(0, -1).reshape(-1)
