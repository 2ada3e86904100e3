"""Measures: bits out of codes and activations. One subject a file; every public function is reachable from here."""

from typing import Any

from distill import registry

__all__: list[str] = []


def __getattr__(name: str) -> Any:  # noqa: ANN401 (whatever the file that defines it says it is)
    if name.startswith("_"):
        raise AttributeError(name)
    found = registry.public("measures")
    if name not in found:
        raise AttributeError(f"distill.measures has no '{name}'; it has {', '.join(sorted(found))}")
    return found[name]
