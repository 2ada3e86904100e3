"""Many networks side by side as one: copies of trained ones, and narrow ones padded to a common width."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TypeVar

import torch
from torch import Tensor

from distill.config import SweepConfig
from distill.datasets import DataSet
from distill.networks import Bottleneck
from distill.training import Trainer, build

Kind = TypeVar("Kind", bound=Trainer)


def weights(model: Bottleneck) -> dict[str, Tensor]:
    """Name → weights (S, in, out) of every layer of the encoders and the decoders, which is what is made smaller."""
    return {name: each for name, each in sent(model).items() if name.endswith(".weight")}


def sent(model: Bottleneck) -> dict[str, Tensor]:
    """Name → (S, …) all that a network needs to name an item: what an objective learns besides stays at home."""
    return {name: each for name, each in model.named_parameters() if name.startswith(("encoder.", "decoder.", "rho"))}


def cropped(tensor: Tensor, name: str, hidden: tuple[int, ...]) -> Tensor:
    """What of a padded (…, in, out), or biases (…, 1, out), belongs to a network whose hidden layers are so wide."""
    words = name.split(".")
    if words[0] != "encoder":
        return tensor
    layer = int(words[1]) // 2  # a rectifier follows every layer
    inputs = hidden[layer - 1] if layer and words[2] == "weight" else tensor.shape[-2]
    outputs = hidden[layer] if layer < len(hidden) else tensor.shape[-1]
    return tensor[..., :inputs, :outputs]


def copied(kind: type[Kind], teacher: Trainer, copies: int, changes: dict[str, object], **more: object) -> Kind:
    """A trainer of some kind with the weights of the teacher's networks, each `copies` times; its first step is ahead.

    `changes` are fields of its configuration, `more` those of the kind.
    """
    trainer = made(kind, replace(teacher.config, **changes), teacher.data, teacher.strength.dtype, copies, **more)
    own = dict(teacher.model.named_parameters())
    with torch.no_grad():
        for name, each in trainer.model.named_parameters():
            each.copy_(own[name].repeat_interleave(copies, 0))
    return trainer


def padded(
    kind: type[Kind], config: SweepConfig, data: DataSet, dtype: torch.dtype, widths: Sequence[int], times: int,
    **more: object,
) -> Kind:  # fmt: skip
    """A trainer of networks of several `widths`, all of them `times` times; S = seeds × times × widths.

    Each starts as a network of its own width does. Units that a narrow one lacks have no weights in or out: they are 0
    at every item, and so are all gradients that have to do with them, so that they stay so by themselves (Adam moves
    nothing whose gradient was always 0).
    """
    each = [build(replace(config, hidden=(width,) * len(config.hidden)), data, dtype) for width in widths]
    narrow = [dict(trainer.model.named_parameters()) for trainer in each]
    widest = replace(config, hidden=(max(widths),) * len(config.hidden))
    trainer = made(kind, widest, data, dtype, times * len(widths), **more)
    with torch.no_grad():
        for name, own in trainer.model.named_parameters():
            wide = torch.stack([_pad(given[name], own.shape[1:]) for given in narrow], 1)  # (seeds, widths, …)
            own.copy_(wide.repeat(1, times, *[1] * (own.ndim - 1)).flatten(0, 1))
    return trainer


def made(kind: type[Kind], config: SweepConfig, data: DataSet, dtype: torch.dtype, copies: int, **more: object) -> Kind:
    """As training.build, of a kind that has further fields."""
    base = build(config, data, dtype, copies)
    return kind(**{each.name: getattr(base, each.name) for each in fields(Trainer)}, **more)


def _pad(tensor: Tensor, shape: torch.Size) -> Tensor:
    """(seeds, …) → (seeds, *shape), zeros behind what is there."""
    wide = tensor.new_zeros(len(tensor), *shape)
    wide[tuple(slice(size) for size in tensor.shape)] = tensor
    return wide
