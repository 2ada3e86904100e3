"""What a run of layers is asked to do (LayersConfig)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from distill import registry
from distill.config import (
    LIMITS,
    Configuration,
    check_device,
    checked_int,
    checked_options,
    checked_rate,
    checked_widths,
    set_field,
)
from distill.errors import InvalidValue, unknown

# name → as it is written
ACTIVATIONS: Mapping[str, str] = {"tanh": "tanh", "relu": "ReLU", "softplus": "softplus", "linear": "linear"}
BOUNDED = ("tanh",)  # whose values lie in [−1, 1] however the weights grow
WIDEST = 256  # units of a layer: what is drawn here is what small networks do
COUNTED = ("epochs", "batch_size", "seed", "seeds", "points", "snapshots", "threads")


@dataclass(frozen=True)
class LayersConfig(Configuration):
    """Plain networks without a bottleneck, many seeds at once, whose every layer is measured as they train.

    Frozen and checked on construction. The input and the softmax at the end are the data set's; `widths` are the
    layers between, whose units are `activation`. Network i of the run is the network of seed `seed` + i: start and
    batch order are its own. `points` items are measured by the kernel bounds. `threads` None: as measured.

    The defaults are those of Shwartz-Ziv & Tishby (2017) with the optimiser and batches of Saxe et al. (2018).

    Raises:
        UnknownName: for a data set or an activation that does not exist.
        InvalidValue: for a number outside its limits; the message has the field, the value and what is allowed.
    """

    KIND: ClassVar[str] = "layers"
    RECORDER: ClassVar[str] = "distill.layer_recording:record"  # what trains it, for the worker

    dataset: str = "twelve_bit"
    dataset_options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    widths: tuple[int, ...] = (10, 7, 5, 4, 3)
    activation: str = "tanh"
    seeds: int = 50
    epochs: int = 1500
    batch_size: int = 256
    learning_rate: float = 1e-3  # Adam's, constant
    seed: int = 0
    snapshots: int = 40
    points: int = 1000
    device: str = "auto"
    threads: int | None = None

    def __post_init__(self) -> None:
        registry.check("datasets", self.dataset)
        if self.activation not in ACTIVATIONS:
            raise unknown("activation", self.activation, ACTIVATIONS)
        set_field(self, "dataset_options", checked_options("dataset_options", self.dataset_options))
        set_field(self, "widths", checked_widths("widths", self.widths))
        if not self.widths or max(self.widths) > WIDEST:
            raise InvalidValue(f"widths must be one layer or more, of 1 to {WIDEST} units each; got {self.widths}")
        for name in COUNTED:
            if not (name == "threads" and self.threads is None):
                set_field(self, name, checked_int(name, getattr(self, name), *LIMITS[name]))
        set_field(self, "learning_rate", checked_rate(self.learning_rate))
        check_device(self.device)

    @property
    def bounded(self) -> bool:
        """Whether the hidden units stay in [−1, 1], so that their cells need not follow the weights."""
        return self.activation in BOUNDED
