"""Errors that a person reads: each names what was given and what is allowed."""

from collections.abc import Iterable
from difflib import get_close_matches


class DistillError(Exception):
    """An error whose message is one plain sentence, fit for the screen as it stands."""


class InvalidValue(DistillError, ValueError):
    """A value outside of what is allowed."""


class UnknownName(DistillError, KeyError):
    """A name that nothing is registered under."""

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would print the repr of the sentence


def unknown(kind: str, name: object, known: Iterable[str]) -> UnknownName:
    """The error for a name that is not among `known`, with the nearest spelling where there is one."""
    options = sorted(known)
    near = get_close_matches(str(name), options, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    return UnknownName(f"unknown {kind} '{name}'; known: {', '.join(options) or 'none'}{hint}")
