"""Attacks on a trained sweep: how far small changes of the inputs mislead it, with attacks that mind its noise or not.

Alemi et al. (2017, §4.2.3) found their networks harder to fool than a deterministic one. They attacked with the tools
of their day. A noisy code blurs the gradient that such an attack follows, which protects against that attack and
against no other (Athalye, Carlini & Wagner 2018: obfuscated gradients, and expectation over transformation).
"""

from collections.abc import Iterator

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn
from torch.nn import functional

from distill.training import Trainer, stream

RADII = (0.0, 0.1, 0.2, 0.4)  # of the L∞ ball, in standard deviations of the inputs; 0 is the clean item
STEPS, DRAWS, STRIDE = 20, 12, 2.5  # steps together reach 2.5 radii, so that any place of the ball can be reached
ATTACKS = ("fgsm", "averaged")
CODES = ("one", "average")  # what the victim decodes: one code, or the average of what it says of several
ATTACKING = 9  # the purpose of this random stream
LARGEST_BLOCK = 20_000_000  # numbers held at once in the largest layer: 80 MB
ABOUT = {
    "units": "1",
    "long_name": "error under attack",
    "estimator": "share of the attacked test items decoded wrongly; one: mean over twelve codes, average: of twelve",
    "fgsm": "one step along the sign of one fixed code's gradient (Goodfellow et al. 2015)",
    "averaged": f"projected ascent, {STEPS} steps from a random start in the L∞ ball, each along the sign of the "
    f"gradient averaged over {DRAWS} fresh codes, or over all symbols (Madry et al. 2018; Athalye et al. 2018)",
    "caution": "an attack that follows one code's gradient is misled by the noise, and what it fails at is no "
    "robustness (Athalye et al. 2018); the averaged attack is the one to read, and a stronger one may exist",
}


def attacked(
    trainer: Trainer, items: np.ndarray, noise: Tensor, radii: tuple[float, ...] = RADII, steps: int = STEPS
) -> xr.Dataset:
    """Error under attack of every β at once: `attack_error` (attack, radius, beta, codes), shares from 0 to 1.

    The attacker knows the networks and not the noise: the victim decodes codes that the attack never saw. Changed
    inputs stay in the L∞ ball and in the data's range of values. `attack_radius` (radius) is in the inputs' own units.
    Where a run has several seeds, `seed` is the last dimension.

    Args:
        items: (N,) data-set indices.
        noise: (draws, N, K) standard normal, the victim's.
        radii: in standard deviations of the inputs, that is in the units of the standardised inputs.
    """
    parts = [
        _of_block(trainer, items, block, noise, radii, steps) * (block.stop - block.start)
        for block in _blocks(trainer, len(items))
    ]
    shape = (len(radii), len(ATTACKS), len(CODES), trainer.config.seeds, -1)
    errors = (torch.stack(parts).sum(0) / len(items)).cpu().numpy().reshape(shape)
    coordinates = {
        "attack": list(ATTACKS),
        "radius": ("radius", list(radii), {"units": "1", "long_name": "radius, in standard deviations of the inputs"}),
        "codes": list(CODES),
    }
    dims = ("attack", "radius", "beta", "codes", "seed")
    units = {"units": "1", "long_name": "radius of the attack, in the inputs' own units"}
    run = xr.Dataset(
        {
            "attack_error": (dims, errors.transpose(1, 0, 4, 2, 3), ABOUT | {"items": len(items)}),
            "attack_radius": ("radius", np.array(radii) * trainer.data.scale, units),
        },
        coords=coordinates,
    )
    return run if trainer.config.seeds > 1 else run.isel(seed=0)


def fast_gradient_sign(
    model: nn.Module, inputs: Tensor, labels: Tensor, noise: Tensor, radius: float, ends: tuple[float, float]
) -> Tensor:
    """x + ε sign ∇ CE of the codes that `noise` (draws, N, K) gives (Goodfellow et al. 2015, §4): (S, N, D).

    `inputs` (N, D), `labels` (N,); `ends` are the lowest and the highest value that an input may take.
    """
    step = radius * ascent(model, inputs, labels, noise).sign()
    return (inputs + step).clamp(*ends)


def projected_ascent(
    model: nn.Module, inputs: Tensor, labels: Tensor, start: Tensor, noises: Iterator[Tensor], radius: float,
    ends: tuple[float, float], steps: int = STEPS,
) -> Tensor:  # fmt: skip
    """`steps` steps of 2.5 ε / steps along the sign of ∇ E[CE], never out of the ball: (S, N, D).

    Madry et al. (2018, §2.1), the gradient averaged over fresh codes as Athalye et al. (2018, §4.2) do.

    Args:
        inputs: (N, D); labels: (N,).
        start: (N, D) in −1 … 1, times ε the place in the ball where it starts.
        noises: one (draws, N, K) a step.
    """
    low, high = (inputs - radius).clamp(min=ends[0]), (inputs + radius).clamp(max=ends[1])
    place = (inputs + radius * start).clamp(low, high)
    for _, noise in zip(range(steps), noises, strict=False):
        step = STRIDE * radius / steps * ascent(model, place, labels, noise).sign()
        place = (place + step).clamp(low, high)
    return place


def ascent(model: nn.Module, inputs: Tensor, labels: Tensor, noise: Tensor) -> Tensor:
    """The direction in which the cross-entropy, averaged over codes, rises most: (S, N, D), up to a factor an item.

    Of a code that is a symbol, a sample has no gradient but a makeshift one; with several draws, what the decoder says
    is averaged over all symbols instead, which needs no sample.

    Args:
        inputs: (N, D), shared by the models, or (S, N, D); labels: (N,); noise: (draws, N, K).
    """
    models, exact = next(model.parameters()).shape[0], model.code == "categorical" and len(noise) > 1
    with torch.enable_grad():
        place = inputs.detach().expand(models, *inputs.shape[-2:]).clone().requires_grad_()
        rising = _over_symbols(model, place, labels) if exact else _over_codes(model, place, labels, noise)
        (gradient,) = torch.autograd.grad(rising.sum(), place)
    return gradient


def _over_codes(model: nn.Module, inputs: Tensor, labels: Tensor, noise: Tensor) -> Tensor:
    """(S, draws, N) whose sum rises as the cross-entropy does.

    ∇ CE = (1 − p_y) ∇ log((1 − p_y) / p_y). The first factor vanishes in float32 where a network is sure of itself, and
    with it an attack that takes the gradient as it is; here it is taken relative to its largest among the codes.
    """
    logits = decoded(model, inputs, noise)  # (S, C, draws, N)
    own = functional.one_hot(labels, logits.shape[1]).T[:, None].bool()  # (C, 1, N)
    odds = logits.masked_fill(own, -torch.inf).logsumexp(1) - logits.where(own, 0).sum(1)
    surprise = functional.logsigmoid(odds.detach())  # log(1 − p_y)
    return (surprise - surprise.amax(1, keepdim=True)).exp() * odds


def _over_symbols(model: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
    """(S, N): log((1 − p_y) / p_y) of p_y = Σ_k p(k|x) q(y|k)."""
    chances = model.encoder(inputs).log_softmax(-1)  # (S, N, K)
    logits = model.decode(torch.eye(chances.shape[-1]).to(chances).expand(len(chances), -1, -1))  # (S, K, C)
    own = torch.eye(logits.shape[-1], dtype=torch.bool, device=logits.device)
    others = logits.unsqueeze(-2).repeat_interleave(len(own), -2).masked_fill(own, -torch.inf)
    odds = (others.logsumexp(-1) - logits)[..., labels].mT  # (S, N, K), of the item's own label at every symbol
    wrong, right = ((chances + functional.logsigmoid(each)).logsumexp(-1) for each in (odds, -odds))
    return wrong - right


def decoded(model: nn.Module, inputs: Tensor, noise: Tensor) -> Tensor:
    """Logits (S, C, draws, N) of inputs (N, D) or (S, N, D), decoded from codes with noise (draws, N, K).

    The classes are not last, since softmax over a short last axis takes many times as long.
    """
    mean, scale = model.encode(inputs)
    codes = model.sample(mean.unsqueeze(1), scale.unsqueeze(1), noise)
    logits = model.decode(codes.flatten(1, 2))
    return logits.mT.contiguous().unflatten(-1, noise.shape[:2])


@torch.no_grad()
def errors(model: nn.Module, inputs: Tensor, labels: Tensor, noise: Tensor) -> Tensor:
    """(2, S) float64: the error with one code, as the mean over the draws, and that of the draws' average."""
    logits = decoded(model, inputs, noise)
    one = (logits.argmax(1) != labels).double().mean((1, 2))
    average = (logits.softmax(1).mean(2).argmax(1) != labels).double().mean(-1)
    return torch.stack([one, average])


def _blocks(trainer: Trainer, count: int) -> list[slice]:
    """The items in as many parts as memory asks for; each item is attacked by itself, so that they change nothing."""
    config, classes = trainer.config, len(trainer.data.label_classes)
    widest = max(trainer.data.inputs.shape[1], DRAWS * config.latent_dim, DRAWS * classes, *config.hidden)
    size = max(1, LARGEST_BLOCK // (len(trainer.strength) * widest))
    return [slice(i, min(i + size, count)) for i in range(0, count, size)]


def _of_block(
    trainer: Trainer, items: np.ndarray, block: slice, noise: Tensor, radii: tuple[float, ...], steps: int
) -> Tensor:
    """(radius, attack, codes, S): both attacks at every radius on the items of one block."""
    data, model, seed = trainer.data, trainer.model, trainer.config.seed
    inputs = torch.from_numpy(data.inputs[items[block]]).to(trainer.strength)
    labels = torch.from_numpy(data.label[items[block]]).to(trainer.device)
    ends, victim = _ends(trainer, items), noise[:, block].to(inputs)

    def drawn(step: int, draws: int) -> Tensor:  # for all items and then cut, so that blocks change nothing
        shape = (draws, len(items), noise.shape[-1])
        return torch.randn(shape, generator=stream(seed, ATTACKING, step))[:, block].to(inputs)

    uniform = torch.rand(len(items), inputs.shape[1], generator=stream(seed, ATTACKING, steps + 1))
    start = (2 * uniform[block] - 1).to(inputs)
    found = []
    for radius in radii:
        quick = fast_gradient_sign(model, inputs, labels, drawn(steps, 1), radius, ends)
        noises = (drawn(step, DRAWS) for step in range(steps))
        slow = projected_ascent(model, inputs, labels, start, noises, radius, ends, steps if radius else 0)
        found.append(torch.stack([errors(model, each, labels, victim) for each in (quick, slow)]))
    return torch.stack(found)


def _ends(trainer: Trainer, items: np.ndarray) -> tuple[float, float]:
    """The range of values of the standardised inputs, wide enough for the items as they are."""
    data = trainer.data
    low, high = ((end - data.offset) / data.scale for end in data.value_range)
    inputs = data.inputs[items]
    return min(low, float(inputs.min())), max(high, float(inputs.max()))
