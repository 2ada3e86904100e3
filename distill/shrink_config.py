"""What a run of compressed models is asked to do (ShrinkConfig): one trained network, made smaller in three ways."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from distill.config import Configuration, SweepConfig, checked_int, checked_options, set_field
from distill.errors import InvalidValue

LIMITS = {"seeds": (1, 20), "tune_epochs": (1, 10_000), "student_epochs": (1, 10_000), "snapshots": (2, 200)}
BITS, WIDTHS = (2, 24), (1, 512)
HOTTEST = 100.0
OWN = ("betas", "seeds", "start", "snapshots")  # fields of a sweep that this configuration says itself


@dataclass(frozen=True)
class ShrinkConfig(Configuration):
    """One network of a sweep, at one β, trained with `seeds` seeds at once and then made smaller.

    Frozen and checked on construction. `network` holds the fields of its SweepConfig that differ from the defaults
    (without betas and seeds), `beta` is its strength. Every weight tensor is quantised to `bits` bits by one uniform
    step symmetric about 0; the smallest of all weights are set to 0 up to the shares `sparsities`, with and without
    `tune_epochs` epochs of training what is left; students whose hidden layers have `widths` units are trained for
    `student_epochs` epochs with a teacher (Hinton et al. 2015: `temperature` T, share `teacher_share` of the loss) and
    without.

    Raises:
        UnknownName, InvalidValue: as SweepConfig does; and for a number outside its limits.
    """

    KIND: ClassVar[str] = "shrink"
    RECORDER: ClassVar[str] = "distill.shrink.recording:record"  # what trains it, for the worker

    network: Mapping[str, Any] = field(default_factory=dict, hash=False)
    beta: float = 0.01
    seeds: int = 5
    bits: tuple[int, ...] = (16, 12, 10, 8, 7, 6, 5, 4, 3, 2)
    sparsities: tuple[float, ...] = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
    widths: tuple[int, ...] = (64, 32, 16, 8, 4, 2)
    tune_epochs: int = 20
    student_epochs: int = 60
    temperature: float = 4.0
    teacher_share: float = 0.7
    snapshots: int = 20

    def __post_init__(self) -> None:
        set_field(self, "network", checked_options("network", self.network))
        for name in OWN:
            if name in self.network:
                raise InvalidValue(f"network must leave out {', '.join(OWN)}, which are said beside it; got {name!r}")
        for name, (low, high) in LIMITS.items():
            set_field(self, name, checked_int(name, getattr(self, name), low, high))
        for name, limits in (("bits", BITS), ("widths", WIDTHS)):
            values = tuple(checked_int(name, each, *limits) for each in _listed(name, getattr(self, name)))
            set_field(self, name, _falling(name, values))
        shares = tuple(_number("sparsities", each, 0.0, 0.999) for each in _listed("sparsities", self.sparsities))
        set_field(self, "sparsities", _falling("sparsities", shares[::-1])[::-1])
        set_field(self, "temperature", _number("temperature", self.temperature, 0.1, HOTTEST))
        set_field(self, "teacher_share", _number("teacher_share", self.teacher_share, 0.0, 1.0))
        set_field(self, "beta", self.sweep.betas[0])
        plain = replace(self.sweep, betas=None, seeds=1, snapshots=SweepConfig().snapshots).changes()
        set_field(self, "network", {name: value for name, value in plain.items() if name not in OWN})

    @classmethod
    def of(cls, config: SweepConfig, beta: float, **options: Any) -> Self:  # noqa: ANN401
        """The configuration that shrinks the network of a sweep at one of its βs; `options` are further fields.

        The networks of a sweep that began with those of another (`start`) are trained from a start of their own.
        """
        network = {name: value for name, value in config.changes().items() if name not in OWN}
        return cls(network=network, beta=beta, **options)

    @property
    def sweep(self) -> SweepConfig:
        """What trains the networks that are shrunk: that β alone, every seed; seed for seed as in the sweep."""
        return SweepConfig(**dict(self.network), betas=(self.beta,), seeds=self.seeds, snapshots=self.snapshots)


def _listed(name: str, given: Iterable[Any]) -> tuple[Any, ...]:
    if not isinstance(given, Iterable) or isinstance(given, str) or not 1 <= len(values := tuple(given)) <= 40:
        raise InvalidValue(f"{name} must be a list of 1 to 40 numbers; got {given!r}")
    return values


def _falling(name: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """From the least compressed on: bits and widths fall, and so sparsities rise."""
    if list(values) != sorted(set(values), reverse=True):
        raise InvalidValue(f"{name} must go strictly from the least to the most compressed; got {values}")
    return values


def _number(name: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidValue(f"{name} must be from {low:g} to {high:g}; got {value!r}")
    return float(value)
