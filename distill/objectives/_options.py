"""Options of an objective: declared once, and from that checked and shown."""

from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from distill.errors import InvalidValue

if TYPE_CHECKING:
    from distill.objectives import Objective


@dataclass(frozen=True)
class Option:
    """How an option is called on screen, and what it may be: one of `choices`, or a number from `low` to `high`."""

    label: str
    choices: tuple[str, ...] = ()
    low: float = 0
    high: float = 0

    def allowed(self, default: object) -> str:
        """What it may be, in words; the type is that of the default."""
        if isinstance(default, bool):
            return "true or false"
        if isinstance(default, str):
            return f"one of {', '.join(self.choices)}"
        return f"a {'whole ' if isinstance(default, int) else ''}number from {self.low:g} to {self.high:g}"

    def takes(self, value: object, default: object) -> bool:
        """Whether `value` is allowed."""
        if isinstance(default, bool) or isinstance(value, bool):
            return isinstance(default, bool) and isinstance(value, bool)
        if isinstance(default, str):
            return value in self.choices
        kind = Integral if isinstance(default, int) else Real
        return isinstance(value, kind) and self.low <= value <= self.high


def option(default: str | float, label: str, **allowed: Any) -> Any:  # noqa: ANN401 (stands for a field's value)
    """A field of an objective; `allowed` are those of Option."""
    return field(default=default, metadata={"option": Option(label, **allowed)})


def options(objective: "Objective") -> dict[str, tuple[Option, Any]]:
    """Name → the option and its default."""
    return {each.name: (each.metadata["option"], each.default) for each in fields(objective)}


def check(objective: "Objective") -> None:
    """Raises InvalidValue for an option whose value it does not allow."""
    for name, (about, default) in options(objective).items():
        value = getattr(objective, name)
        if not about.takes(value, default):
            raise InvalidValue(f"{name} must be {about.allowed(default)}; got {value!r}")
