"""Whether the program still runs: what waits for the worker must hear of the end before loky does."""

import atexit
import threading
from functools import cache

_ending = threading.Event()


def wanted() -> bool:
    """Whether the program still runs."""
    return not _ending.is_set()


@cache
def hear_of_exit() -> None:
    """Lets `wanted` know of the program's end before loky's own hook, which waits for the job that runs.

    The hooks of `threading` are called last come, first served, and loky sets its own at its first piece of work;
    those of `atexit` would come after all of them.
    """
    getattr(threading, "_register_atexit", atexit.register)(_ending.set)
