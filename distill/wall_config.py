"""What a run of the Shannon wall is asked to do (WallConfig): one source, every coder, and a network that learns it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from distill import registry
from distill.config import Configuration, check_device, checked_int, checked_options, checked_rate, set_field

LIMITS = {
    "items": (1, 5_000_000),
    "width": (4, 512),
    "context": (1, 64),
    "steps": (1, 100_000),
    "batch_size": (16, 65_536),
    "seed": (0, 2**31 - 1),
    "snapshots": (2, 200),
    "threads": (1, 256),
}
OPTIONAL = ("items", "threads")


@dataclass(frozen=True)
class WallConfig(Configuration):
    """One source of symbols, sent by every lossless coder that suits it, a learned one among them.

    Frozen and checked on construction. `items` are the most that are sent (None: as many as the source has). The
    learned coder is a small autoregressive network: it sees the `context` symbols that were sent last (of a picture,
    those around the pixel), has two layers of `width` units, and is trained for `steps` steps of `batch_size` symbols
    of the training part of the source, never of what is sent.

    Raises:
        UnknownName: for a source that does not exist.
        InvalidValue: for a number outside its limits; the message has the field, the value and what is allowed.
    """

    KIND: ClassVar[str] = "wall"
    RECORDER: ClassVar[str] = "distill.wall.recording:record"  # what measures it, for the worker

    source: str = "digits"
    source_options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    items: int | None = None
    width: int = 32
    context: int = 16
    steps: int = 1500
    batch_size: int = 1024
    learning_rate: float = 1e-2  # the peak of one cycle
    seed: int = 0
    snapshots: int = 20
    device: str = "auto"
    threads: int | None = None

    def __post_init__(self) -> None:
        registry.check("sources", self.source)
        set_field(self, "source_options", checked_options("source_options", self.source_options))
        for name, (low, high) in LIMITS.items():
            if not (name in OPTIONAL and getattr(self, name) is None):
                set_field(self, name, checked_int(name, getattr(self, name), low, high))
        set_field(self, "learning_rate", checked_rate(self.learning_rate))
        check_device(self.device)
