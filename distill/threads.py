"""How many threads torch uses on the CPU: measured, for beside a busy process two can be 20× slower than one."""

import ctypes
import math
import os
import statistics
import time
from contextlib import suppress

import torch

TRIAL_STEPS = 4
HOPELESS = 3.0  # a count this many times slower than another is given up after two steps, and then tried less often
SETTLED_SECONDS, LONGEST = 5.0, 40.0  # how long a choice holds before it is measured again: others come and go
MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # glibc's names for mallopt
KEPT_BLOCK, KEPT_MEMORY = 32 << 20, 256 << 20  # bytes


class Tuner:
    """Chooses the thread count by timing the training's own steps: `tick` once before each of them.

    Every five seconds it takes four steps with one thread and four with all cores, and stays with the faster; less
    often where one of them was hopeless, since trying it again costs as much as many steps of the other. The
    count changes no result: the batched products are shared out model by model, and sums run in the same order
    (tests/test_training.py holds it to that).
    """

    def __init__(self, fixed: int | None = None) -> None:
        self.fixed, self.candidates = fixed, sorted({1, os.cpu_count() or 1})
        self.times: dict[int, list[float]] = {}
        self.last, self.settled_until, self.holds = time.perf_counter(), 0.0, SETTLED_SECONDS
        torch.set_num_threads(fixed or self.candidates[0])

    def tick(self) -> None:
        """Note how long the last step took, and choose the threads of the next."""
        now = time.perf_counter()
        if self.fixed or len(self.candidates) == 1 or now < self.settled_until:
            return
        self.times.setdefault(torch.get_num_threads(), []).append(now - self.last)
        waiting = [count for count in self.candidates if not self._tried(count)]
        if not waiting:
            waiting = [min(self.candidates, key=self._typical)]
            clear = any(self._hopeless(count) for count in self.candidates)
            self.holds = min(2 * self.holds, LONGEST) if clear else SETTLED_SECONDS
            self.times, self.settled_until = {}, now + self.holds
        torch.set_num_threads(waiting[0])
        self.last = time.perf_counter()

    def _typical(self, count: int) -> float:
        """Seconds a step takes; infinite where that is not yet known."""
        timed = self.times.get(count, [])[1:]  # the first pays for the change
        # of four the second: snapshots lie between some of the first steps
        return statistics.median_low(timed) if len(timed) >= TRIAL_STEPS else math.inf

    def _tried(self, count: int) -> bool:
        return len(self.times.get(count, [])) > TRIAL_STEPS or self._hopeless(count)

    def _hopeless(self, count: int) -> bool:
        timed = self.times.get(count, [])
        fastest = min(self._typical(each) for each in self.candidates if each != count)
        return len(timed) > 1 and min(timed) > HOPELESS * fastest


def keep_memory() -> None:
    """Let this process keep the memory that it frees, up to 256 MB, where the C library is glibc.

    Otherwise every activation and gradient of 2 MB is asked of the system anew and its pages cleared, each step: a
    sixth of the training's time.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL("libc.so.6")
        library.mallopt(MMAP_THRESHOLD, KEPT_BLOCK)
        library.mallopt(TRIM_THRESHOLD, KEPT_MEMORY)


def settle(fixed: int | None) -> None:
    """Set the thread count for work outside of the training loop: what is asked for, else one."""
    torch.set_num_threads(fixed or 1)
