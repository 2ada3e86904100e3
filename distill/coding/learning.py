"""Training the network of the learned coder: steps that a seed determines, and its bits on symbols it has not seen."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from distill.coding.autoregressive import Network, quantised, sizes
from distill.coding.contexts import FULL, Canvas, Sight

if TYPE_CHECKING:
    import torch
    from torch import Tensor

MOMENTS, TINY = (0.9, 0.98), 1e-8  # Adam's
DECAY = 0.1  # of the weights, times the learning rate, at every step (Loshchilov & Hutter 2019)
WARM = 0.1  # share of the training in which the learning rate rises; then it falls along a cosine
ORDER, START, HELD = 1, 2, 3  # what a random stream is for
MEASURED = 16_384  # symbols on which bits are measured while it learns
BITS = (5, 6, 7, 8, 10, 12)  # of a weight that is sent; the fewest that lose so little are chosen:
LOSS = 0.005  # share of the bits a symbol, on training symbols


@dataclass
class Learner:
    """A network at one step of its training, its weights in one row.

    Attributes:
        canvas: the training symbols; batches are drawn from all of them.
        width: units of either hidden layer.
        weights, mean, square: (count,), the weights and Adam's moments.
    """

    sight: Sight
    canvas: Canvas
    width: int
    steps: int
    batch_size: int
    learning_rate: float
    seed: int
    weights: "Tensor"
    mean: "Tensor"
    square: "Tensor"
    step: int = 0
    seconds: float = 0.0
    device: "str | torch.device" = "cpu"

    @cached_property
    def sizes(self) -> dict[str, tuple[int, ...]]:
        """Name → shape, in the order in which they lie."""
        return sizes(self.sight, self.width)

    def advance(self) -> None:
        """One step of AdamW on the batch that seed and step give."""
        import torch

        drawn = np.random.default_rng([self.seed, ORDER, self.step]).integers(0, self.canvas.count, self.batch_size)
        leaf = self.weights.detach().requires_grad_()
        (slope,) = torch.autograd.grad(self.loss(leaf, *self._items(self.canvas, drawn)), leaf)
        self.step += 1
        self.mean.lerp_(slope, 1 - MOMENTS[0])
        self.square.mul_(MOMENTS[1]).addcmul_(slope, slope, value=1 - MOMENTS[1])
        root = (self.square / (1 - MOMENTS[1] ** self.step)).sqrt_().add_(TINY)
        self.weights.mul_(1 - DECAY * self.rate).addcdiv_(
            self.mean, root, value=-self.rate / (1 - MOMENTS[0] ** self.step)
        )

    @property
    def rate(self) -> float:
        """The learning rate of the step that was counted last."""
        done, warm = self.step / self.steps, max(1.0, WARM * self.steps)
        if self.step < warm:
            return self.learning_rate * self.step / warm
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (done - WARM) / (1 - WARM)))

    def loss(self, flat: "Tensor", contexts: "Tensor", t: "Tensor", symbols: "Tensor") -> "Tensor":
        """Mean cross-entropy, nats, of a batch of contexts (B, context), times (B,) and symbols (B,)."""
        from torch.nn import functional as F

        return F.cross_entropy(self._outputs(flat, contexts, t), symbols)

    def bits(self, canvas: Canvas, count: int = MEASURED) -> float:
        """Bits a symbol of `count` symbols of a canvas, the same ones at every step."""
        import torch

        rng = np.random.default_rng([self.seed, HELD])
        chosen = np.sort(rng.permutation(canvas.count)[:count])
        with torch.no_grad():
            parts = np.array_split(chosen, max(1, len(chosen) // 4096))
            sums = [float(self.loss(self.weights, *self._items(canvas, part))) * len(part) for part in parts]
        return sum(sums) / len(chosen) / math.log(2)

    def named(self) -> dict[str, np.ndarray]:
        """The weights by name."""
        return {name: each.detach().cpu().numpy().copy() for name, each in self._tensors(self.weights).items()}

    def network(self, bits: int) -> Network:
        """The network in whole numbers, as it is sent."""
        return quantised(self.sight, self.named(), bits)

    def checkpoint(self) -> dict[str, np.ndarray]:
        """Everything that continuing needs."""
        arrays = {name: getattr(self, name).cpu().numpy().copy() for name in ("weights", "mean", "square")}
        return {**arrays, "step": np.array(self.step), "seconds": np.array(self.seconds)}

    def restore(self, checkpoint: dict[str, np.ndarray]) -> None:
        """Continue from what `checkpoint` gave."""
        import torch

        for name in ("weights", "mean", "square"):
            getattr(self, name).copy_(torch.from_numpy(np.asarray(checkpoint[name]).copy()))
        self.step, self.seconds = int(checkpoint["step"]), float(checkpoint["seconds"])

    def _tensors(self, flat: "Tensor") -> dict[str, "Tensor"]:
        lengths = [math.prod(size) for size in self.sizes.values()]
        parts = zip(self.sizes.items(), flat.split(lengths), strict=True)
        return {name: part.view(size) for (name, size), part in parts}

    def _items(self, canvas: Canvas, chosen: np.ndarray) -> tuple["Tensor", "Tensor", "Tensor"]:
        """Contexts, times and symbols of these places of a canvas, on the device."""
        import torch

        lane, t = np.divmod(chosen, canvas.length)
        arrays = canvas.contexts(lane, t), t, canvas.symbols(lane, t)
        return tuple(torch.from_numpy(each.astype(np.int64)).to(self.device) for each in arrays)

    @cached_property
    def _seen(self) -> tuple["Tensor", "Tensor"]:
        """Marks and places as the network takes them."""
        import torch

        tables = (self.sight.marks, self.sight.places)
        return tuple(torch.from_numpy(each / FULL).to(self.weights) for each in tables)

    def _outputs(self, flat: "Tensor", contexts: "Tensor", t: "Tensor") -> "Tensor":
        """(B, A) logits."""
        import torch
        from torch.nn import functional as F

        at = self._tensors(flat)
        table = at.get("embedding", self._seen[0])
        here = F.embedding(contexts, table).flatten(1)
        if "embedding" not in at:
            here = torch.cat([here, self._seen[1][t]], 1)
        for i in (1, 2):
            here = torch.addmm(at[f"bias_{i}"], here, at[f"weight_{i}"]).relu()
        return torch.addmm(at["bias_3"], here, at["weight_3"])


def learner(
    sight: Sight, training: np.ndarray, width: int, steps: int, batch_size: int, learning_rate: float, seed: int,
    device: "str | torch.device" = "cpu",
) -> Learner:  # fmt: skip
    """A network before its first step, which says 1/A of every symbol: its last layer is 0."""
    import torch

    rng, parts = np.random.default_rng([seed, START]), []
    for name, size in sizes(sight, width).items():
        spread = {"embedding": 1.0, "weight_1": (2 / size[0]) ** 0.5, "weight_2": (2 / size[0]) ** 0.5}.get(name, 0.0)
        parts.append(spread * rng.standard_normal(size).ravel())
    weights = torch.from_numpy(np.concatenate(parts).astype(np.float32)).to(device)
    canvas = Canvas(sight, len(training))
    canvas.fill(training)
    return Learner(
        sight, canvas, width, steps, batch_size, learning_rate, seed, weights, torch.zeros_like(weights),
        torch.zeros_like(weights), device=device,
    )  # fmt: skip


def as_sent(found: Learner) -> tuple[Network, int]:
    """The network in the fewest bits a weight that lose at most half a per cent, and how many these are.

    Measured on training symbols, so that what is sent decides nothing.
    """
    whole = found.bits(found.canvas)
    for bits in BITS:
        network = found.network(bits)
        if sent_bits(network, found) <= (1 + LOSS) * whole:
            break
    return network, bits


def sent_bits(network: Network, found: Learner) -> float:
    """Bits a symbol of the network as it is sent, on the symbols that `Learner.bits` takes."""
    canvas, rng = found.canvas, np.random.default_rng([found.seed, HELD])
    lane, t = np.divmod(np.sort(rng.permutation(canvas.count)[:MEASURED]), canvas.length)
    frequencies = network.frequencies(canvas.contexts(lane, t), t).astype(np.float64)
    own = frequencies[np.arange(len(lane)), canvas.symbols(lane, t)]
    return float(np.log2(frequencies.sum(1) / own).mean())
