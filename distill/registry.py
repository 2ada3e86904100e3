"""Variants are found in their folder, never listed by hand: a new data set or objective is one new file."""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from distill.errors import InvalidValue, unknown

SINGULAR = {
    "datasets": "data set", "objectives": "objective", "figures": "figure", "measures": "measure", "sources": "source",
}  # fmt: skip


@cache
def names(folder: str) -> tuple[str, ...]:
    """The variants in distill/`folder`, sorted; files whose name begins with an underscore are not variants."""
    here = Path(__file__).parent / folder
    return tuple(sorted(path.stem for path in here.glob("*.py") if not path.stem.startswith("_")))


def check(folder: str, name: str) -> str:
    """`name`, if distill/`folder` holds it.

    Raises:
        UnknownName: with the names that are known and the nearest spelling.
    """
    if name not in names(folder):
        raise unknown(SINGULAR[folder], name, names(folder))
    return name


def module(folder: str, name: str) -> ModuleType:
    """The module of one variant, imported now; raises UnknownName where there is none."""
    return import_module(f"distill.{folder}.{check(folder, name)}")


def made(folder: str, name: str, options: Mapping[str, Any]) -> Any:  # noqa: ANN401 (what the variant makes)
    """What the variant's `make` gives for `options`.

    Raises:
        UnknownName: where there is no such variant.
        InvalidValue: for an option that it does not take.
    """
    make = module(folder, name).make
    allowed = list(inspect.signature(make).parameters)
    for option in options:
        if option not in allowed:
            known = f"it takes {', '.join(allowed)}" if allowed else "it takes none"
            raise InvalidValue(f"{SINGULAR[folder]} '{name}' has no option '{option}'; {known}")
    return make(**options)


def lazily(folder: str) -> Callable[[str], object]:
    """A module's `__getattr__` that finds what the files of distill/`folder` publish, imported at first use."""

    def find(name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        found = public(folder)
        if name not in found:
            raise AttributeError(f"distill.{folder} has no '{name}'; it has {', '.join(sorted(found))}")
        return found[name]

    return find


def public(folder: str) -> dict[str, object]:
    """Every public name of every file in distill/`folder` (what its `__all__` lists), by name."""
    modules = [module(folder, name) for name in names(folder)]
    return {name: getattr(each, name) for each in modules for name in each.__all__}
