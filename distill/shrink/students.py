"""Small networks that learn from a large one's opinions as well as from the labels, and equal ones that do not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from distill.errors import InvalidValue
from distill.networks import Bottleneck
from distill.objectives import Batch, Terms
from distill.shrink.networks import padded
from distill.training import Trainer, stream

OPINIONS = 12  # codes an item that the teacher's opinion is the average of, as in every test
TEACHING = 8  # the purpose of this random stream
TAUGHT = ("with a teacher", "alone")


@dataclass(kw_only=True)
class Students(Trainer):
    """Networks of several widths, with and without a teacher, at one step of their training.

    Attributes:
        opinions: (seeds, items, outputs) the teachers' log-probabilities of every training item.
        share: (S,) of the loss that is the teacher's: a, or 0.
        temperature: T.
    """

    opinions: Tensor
    share: Tensor
    temperature: float

    def targets(self) -> Tensor:
        """The teachers' opinions of the training items."""
        return self.opinions

    def terms(self, batch: Batch) -> Terms:
        """As ever, but for (1 − a) CE + a T² KL(teacher ‖ student) in the place of the cross-entropy."""
        terms = self.objective.terms(self.model, replace(batch, target=None))
        # where the encoder is to see no label it is to see no teacher either
        code = batch.code.detach() if self.objective.decoder_note else batch.code
        divergence = distillation(self.model, code, batch.target, self.temperature).mean(-1)
        return replace(terms, cross_entropy=(1 - self.share) * terms.cross_entropy + self.share * divergence)


def students(
    teacher: Trainer, widths: Sequence[int], epochs: int, teacher_share: float, temperature: float
) -> Students:
    """Students of a trained teacher, S = seeds × (taught, alone) × widths, before their first step.

    Soft targets ask more of a code than labels do: beside them the price of β a nat counts for less, and the rate of
    taught students is the higher the hotter the teacher's opinions are.

    As many hidden layers as the teacher has, each of that width; the same objective, β, code and decoder. A student's
    teacher is the network of its own seed. With and without a teacher they have the same start, batches and noise.

    Raises:
        InvalidValue: where the teacher has no hidden layers.
    """
    if not teacher.config.hidden:
        raise InvalidValue("a network without hidden layers has no narrower students; choose one that has some")
    each = torch.tensor([teacher_share, 0.0], dtype=torch.float64).repeat_interleave(len(widths))
    share = each.repeat(teacher.config.seeds)
    return padded(
        Students, replace(teacher.config, epochs=epochs), teacher.data, teacher.strength.dtype, widths, len(TAUGHT),
        opinions=opinions(teacher), share=share.to(teacher.strength), temperature=temperature,
    )  # fmt: skip


@torch.no_grad()
def opinions(teacher: Trainer) -> Tensor:
    """(seeds, items, outputs) log q(y|x) of every training item, each head by itself: twelve codes' average.

    The teacher names an item by the average of what it says of twelve codes, and so it teaches.
    """
    config, data, model = teacher.config, teacher.data, teacher.model
    inputs = torch.from_numpy(data.inputs[data.train]).to(teacher.strength)
    mean, scale = model.encode(inputs)
    total: list[Tensor] = []
    for draw in range(OPINIONS):
        noise = [
            torch.randn(mean.shape[1:], generator=stream(config.seed + i, TEACHING, draw)) for i in range(config.seeds)
        ]
        heads = model.by_head(model.sample(mean, scale, torch.stack(noise).to(mean)))
        each = [logits.softmax(-1) / OPINIONS for logits in heads]
        total = [a + b for a, b in zip(total, each, strict=True)] if total else each
    return torch.cat([each.clamp(min=torch.finfo(each.dtype).tiny).log() for each in total], -1)


def distillation(model: Bottleneck, codes: Tensor, given: Tensor, temperature: float) -> Tensor:
    """(S, N) nats, T² KL(softmax(t/T) ‖ softmax(s/T)): codes (S, N, K), the teacher's logits `given` (…, N, outputs).

    T² because the gradients of soft targets shrink as 1/T² (Hinton, Vinyals & Dean 2015, §2). With heads, the weighted
    sum of theirs.
    """
    heads = model.by_head(codes)
    parts = given.split([each.shape[-1] for each in heads], -1)
    factors = model.heads.weights if model.heads else (1.0,)
    pairs = zip(factors, heads, parts, strict=True)
    return sum(weight * softened(own, theirs, temperature) for weight, own, theirs in pairs)


def softened(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """T² KL(softmax(t/T) ‖ softmax(s/T)) in nats, summed over the last axis, of logits s and t (…, C)."""
    theirs, own = (F.log_softmax(each / temperature, -1) for each in (teacher, student))
    return temperature**2 * (theirs.exp() * (theirs - own)).sum(-1)
