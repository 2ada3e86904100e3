"""What a run is asked to do (SweepConfig) and what a person has selected on the screen (Choice)."""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from numbers import Integral, Real
from typing import Any, ClassVar, Self

from distill import registry
from distill.errors import InvalidValue

DEFAULTS_VERSION = 1  # raised when a default changes its value, so that an old id never means a new run
DEVICES = ("auto", "cpu", "cuda", "mps")
LIMITS = {
    "latent_dim": (1, 256),
    "epochs": (1, 100_000),
    "batch_size": (1, 65_536),
    "seed": (0, 2**31 - 1),
    "seeds": (1, 64),
    "points": (20, 2000),
    "snapshots": (2, 1000),
    "threads": (1, 256),
}
CHOICES = {
    "split": ("train", "test"),
    "map": ("auto", "pca", "umap"),
    "scale": ("bits", "shares"),
    "estimator": ("mixture", "leave-one-out", "kernel upper", "kernel lower", "infonce", "ksg", "binned"),
}
MOST_BETAS, MOST_LAYERS, WIDEST = 257, 8, 8192
HEAVIEST = 100.0  # a factor's weight
RUN_ID = re.compile(r"[0-9a-f]{12}")


def log_betas(low: float = 1e-5, high: float = 1.0, count: int = 33) -> tuple[float, ...]:
    """`count` compression strengths, weak to strong: 0, then count − 1 evenly spaced in log β from `low` to `high`.

    Zero is always among them, since most nuisance is lost below β = 1e-3 and the grid would hide it otherwise.
    """
    if not (0 < low < high and math.isfinite(high) and count >= 3):
        raise InvalidValue(f"log_betas needs 0 < low < high and count ≥ 3; got low={low}, high={high}, count={count}")
    ratio = math.log(high / low) / (count - 2)
    inner = [low * math.exp(ratio * i) for i in range(count - 2)]
    return (0.0, *(float(f"{beta:.6g}") for beta in inner), float(high))


class Configuration:
    """What every kind of run says of itself: its id, what differs from the defaults, and its JSON."""

    KIND: ClassVar[str] = ""  # a sweep has none, so that its ids stay what they were
    PLAIN: ClassVar[Mapping[str, Any]] = {}  # fields whose default depends on others → what an id takes for unchanged

    @property
    def id(self) -> str:
        """Twelve hex digits: a hash of the fields that differ from their defaults, and of the defaults' version."""
        content = {"version": DEFAULTS_VERSION, **self._kind(), **self.changes()}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def changes(self) -> dict[str, Any]:
        """The fields that differ from their defaults, as JSON would hold them."""
        plain = json.loads(self.to_json())
        return {name: plain[name] for name, default in _defaults(type(self)).items() if getattr(self, name) != default}

    def to_json(self) -> str:
        """The whole configuration as one line of JSON; `from_json` reads it back."""
        return json.dumps({**asdict(self), **self._kind()}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The configuration that `to_json` wrote; raises InvalidValue for a field that this version does not know."""
        given = json.loads(text)
        if cls.KIND:
            given.pop("kind", None)
        known = [each.name for each in fields(cls)]
        for name in given:
            if name not in known:
                raise InvalidValue(f"unknown field {name!r} in a configuration; known: {', '.join(known)}")
        return cls(**given)

    @classmethod
    def _kind(cls) -> dict[str, str]:
        return {"kind": cls.KIND} if cls.KIND else {}


@dataclass(frozen=True)
class SweepConfig(Configuration):
    """One sweep: every β trained at once on one data set, under one objective.

    Frozen and checked on construction. `betas` are the values of the objective's knob, from weak to strong compression:
    rising for a strength β (Alemi's: larger compresses more), falling where the knob is the bits allowed. None
    becomes the objective's own grid, which is log_betas(1e-5, 1, 33) for VIB. `label` None is the data set's own, and
    "shuffled" the control whose labels are those of other items. `weights` make several factors the label at once: Y is
    then all that weigh something, with one decoder head each, and the loss has Σ_f w_f CE_f; one factor of weight 1 is
    the label. `start` is the id of a run whose networks the training begins with, β by β. `seeds` networks are trained
    at each β, numbered from `seed`. `threads` None: as measured.

    Raises:
        UnknownName: for a data set, objective or device that does not exist.
        InvalidValue: for a number outside its limits; the message has the field, the value and what is allowed.
    """

    PLAIN: ClassVar[Mapping[str, Any]] = {"betas": log_betas(1e-5, 1, 33)}

    dataset: str = "digits"
    dataset_options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    label: str | None = None
    weights: Mapping[str, float] = field(default_factory=dict, hash=False)
    objective: str = "vib"
    objective_options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    betas: tuple[float, ...] | None = None  # None becomes the objective's grid
    latent_dim: int = 8
    hidden: tuple[int, ...] = (128, 128)
    decoder_hidden: tuple[int, ...] = ()  # of the label decoder q(y|z); none makes it linear, as in Alemi et al. 2017
    epochs: int = 120
    batch_size: int = 128
    learning_rate: float = 1e-2  # the peak of one cycle
    seed: int = 0
    seeds: int = 1
    start: str | None = None
    points: int = 1000
    snapshots: int = 40
    device: str = "auto"
    threads: int | None = None

    def __post_init__(self) -> None:
        registry.check("datasets", self.dataset)
        for name in ("dataset_options", "objective_options"):
            set_field(self, name, checked_options(name, getattr(self, name)))
        objective = registry.made("objectives", self.objective, self.objective_options)
        betas = objective.knob.grid if self.betas is None else self.betas
        set_field(self, "betas", _checked_betas(betas, objective.knob.falls))
        for name in ("hidden", "decoder_hidden"):
            set_field(self, name, checked_widths(name, getattr(self, name)))
        for name, (low, high) in LIMITS.items():
            if not (name == "threads" and self.threads is None):
                set_field(self, name, checked_int(name, getattr(self, name), low, high))
        set_field(self, "learning_rate", checked_rate(self.learning_rate))
        check_device(self.device)
        if self.label is not None and not isinstance(self.label, str):
            raise InvalidValue(f"label must be the name of a factor, or None; got {self.label!r}")
        self._set_weights(objective.weighs)
        if self.start is not None and not (isinstance(self.start, str) and RUN_ID.fullmatch(self.start)):
            raise InvalidValue(f"start must be the id of a run, twelve hex digits, or None; got {self.start!r}")

    def _set_weights(self, weighs: bool) -> None:
        """Zeros go; one factor of weight 1 becomes the label, so that equal questions have equal ids."""
        weights = _checked_weights(self.weights)
        if weights and self.label is not None:
            raise InvalidValue(f"weights name the factors that matter: leave label out; got label {self.label!r}")
        if len(weights) == 1 and 1.0 in weights.values():
            set_field(self, "label", next(iter(weights)))
            weights = {}
        if weights and not weighs:
            raise InvalidValue(f"objective {self.objective!r} takes one factor as its label; got weights {weights}")
        set_field(self, "weights", weights)


@dataclass(frozen=True)
class Choice:
    """Everything that a person can select while looking at a run; the same object becomes the link.

    `beta` and `step` are indices into the run's axes; None is the β nearest to 0.01, and the last step.
    """

    beta: int | None = None
    step: int | None = None
    split: str = "test"
    colour: str = "label"
    map: str = "auto"
    scale: str = "bits"  # of the information plane: bits, or shares of H(X) and H(Y)
    estimator: str = "mixture"  # of the information plane

    def __post_init__(self) -> None:
        for name, options in CHOICES.items():
            if getattr(self, name) not in options:
                raise InvalidValue(f"{name} must be one of {', '.join(options)}; got {getattr(self, name)!r}")
        for name in ("beta", "step"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, Integral):
                raise InvalidValue(f"{name} must be an index, a whole number; got {value!r}")


def set_field(config: Configuration, name: str, value: object) -> None:
    """Set a field of a frozen configuration while it is made."""
    object.__setattr__(config, name, value)


def checked_rate(rate: object) -> float:
    """A learning rate; raises InvalidValue, as all that follow do."""
    if not _is_real(rate) or not 0 < rate <= 1:
        raise InvalidValue(f"learning_rate must be above 0 and at most 1; got {rate!r}")
    return float(rate)


def check_device(device: object) -> None:
    """Whether `device` is a name that a device may have; whether it is there is seen when it is used."""
    if device not in DEVICES:
        raise InvalidValue(f"device must be one of {', '.join(DEVICES)}; got {device!r}")


def _defaults(kind: type[Configuration]) -> dict[str, Any]:
    found = {
        each.name: each.default_factory() if each.default is MISSING else each.default  # type: ignore[misc]
        for each in fields(kind)
    }
    return found | dict(kind.PLAIN)


def _is_real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def checked_int(name: str, value: object, low: int, high: int) -> int:
    """A whole number from `low` to `high`."""
    if not isinstance(value, Integral) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidValue(f"{name} must be a whole number from {low} to {high}; got {value!r}")
    return int(value)


def _checked_betas(betas: Iterable[float], falls: bool) -> tuple[float, ...]:
    values = tuple(betas) if isinstance(betas, Iterable) and not isinstance(betas, str) else ()
    for beta in values:
        if not _is_real(beta) or beta < 0:
            raise InvalidValue(f"betas must each be a finite number ≥ 0; got {beta!r}")
    if not 1 <= len(values) <= MOST_BETAS:
        raise InvalidValue(f"betas must be a list of 1 to {MOST_BETAS} numbers; got {betas!r}")
    if list(values) != sorted(set(values), reverse=falls):
        way = "fall" if falls else "rise"
        raise InvalidValue(f"betas must {way} strictly, from weak to strong compression; got " + str(values)[:80])
    return tuple(float(beta) for beta in values)


def _checked_weights(given: Mapping[str, float]) -> dict[str, float]:
    if not isinstance(given, Mapping):
        raise InvalidValue(f"weights must be a mapping of factors to numbers; got {given!r}")
    for name, weight in given.items():
        if not isinstance(name, str) or not _is_real(weight) or not 0 <= weight <= HEAVIEST:
            raise InvalidValue(f"weights must be numbers from 0 to {HEAVIEST:g}, by factor; got {name!r}: {weight!r}")
    weights = {name: float(given[name]) for name in sorted(given) if given[name] > 0}
    if given and not weights:
        raise InvalidValue("weights must have a factor above 0, or nothing would be learned; got " + str(dict(given)))
    return weights


def checked_widths(name: str, given: Iterable[int]) -> tuple[int, ...]:
    """Units of layers; one number is one layer."""
    widths = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
    if len(widths) > MOST_LAYERS:
        raise InvalidValue(f"{name} must have at most {MOST_LAYERS} layers; got {len(widths)}")
    return tuple(checked_int(name, width, 1, WIDEST) for width in widths)


def checked_options(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as JSON would give them back, so that equal ones have equal ids."""
    if not isinstance(options, Mapping):
        raise InvalidValue(f"{name} must be a mapping of names to values; got {options!r}")
    try:
        return json.loads(json.dumps(dict(options), sort_keys=True))
    except (TypeError, ValueError):
        raise InvalidValue(f"{name} must hold plain numbers, text and lists; got {options!r}") from None
