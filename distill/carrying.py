"""Beginning a training with the networks of another sweep: the same items, another question."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from distill import datasets, objectives
from distill.config import SweepConfig
from distill.errors import InvalidValue
from distill.training import Trainer

SAME = ("dataset", "dataset_options", "betas", "latent_dim", "hidden", "seeds")  # else there is no network to take


def begin_from(trainer: Trainer, before: SweepConfig, checkpoint: Mapping[str, np.ndarray]) -> None:
    """Put the networks of another sweep in the place of the trainer's own, β by β: none sees another's.

    Encoders are taken whole. Of the decoder, the heads of the factors that both decode, behind hidden layers of the
    same widths; of what the objective learns besides, all that has the same shape. The optimiser begins anew.

    Args:
        before: what the other sweep was asked to do.
        checkpoint: what it was left at, as `Trainer.checkpoint` gave it.

    Raises:
        InvalidValue: where the two differ in data, βs, seeds or the shape of their encoders.
    """
    check(trainer.config, before)
    given = {name[6:]: torch.from_numpy(np.array(value)) for name, value in checkpoint.items() if name[:6] == "model."}
    last = f"decoder.{2 * len(before.decoder_hidden)}." if before.decoder_hidden else "decoder."
    other_trunk = trainer.config.decoder_hidden != before.decoder_hidden
    with torch.no_grad():
        for name, own in trainer.model.named_parameters():
            if name not in given or (name.startswith("decoder.") and other_trunk):
                continue
            if name.startswith(last) and trainer.data.target is None:
                _carry_heads(own, given[name], trainer, before)
            elif own.shape == given[name].shape:
                own.copy_(given[name])


def check(config: SweepConfig, before: SweepConfig) -> None:
    """Whether a sweep can begin with the networks of `before`; raises InvalidValue, saying what differs."""
    for name in SAME:
        if getattr(config, name) != getattr(before, name):
            text = f"{name} must be that of run '{config.start}', whose networks the training begins with"
            raise InvalidValue(f"{text}: {getattr(before, name)!r}; got {getattr(config, name)!r}")
    here, there = (objectives.load(each.objective, **each.objective_options).code for each in (config, before))
    if here != there:
        text = f"objective {config.objective!r} has a {here} code and run '{config.start}' a {there} one"
        raise InvalidValue(f"{text}: a training begins with networks of its own kind")


def _carry_heads(own: Tensor, given: Tensor, trainer: Trainer, before: SweepConfig) -> None:
    """The columns of the decoder's last layer, or of its bias, that belong to factors which both decode."""
    here, there = _columns(trainer, trainer.config), _columns(trainer, before)
    for name in here.keys() & there.keys():
        own[..., here[name]] = given[..., there[name]].to(own)


def _columns(trainer: Trainer, config: SweepConfig) -> dict[str, slice]:
    """Factor → its columns of the decoder's outputs, under a configuration of the trainer's data."""
    data, named = trainer.data, config.label or datasets.factors(config.dataset, config.dataset_options)[0]
    names = [name for name in data.factors if name in config.weights] or [named]
    # the shuffled labels have the classes of the data set's own, and only one of the two configurations may have them
    sizes = [len(data.classes.get(name, ())) for name in names]
    ends = np.cumsum([0, *sizes]).tolist()
    return {name: slice(*pair) for name, *pair in zip(names, ends[:-1], ends[1:], strict=True)}
