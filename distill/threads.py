"""How many threads torch uses on the CPU: measured, for beside a busy process two can be 20× slower than one."""

import os
import statistics
import time

import torch

TRIAL_STEPS = 4
SETTLED_SECONDS = 5.0  # how long a choice holds before it is measured again: other processes come and go


class Tuner:
    """Chooses the thread count by timing the training's own steps: `tick` once before each of them.

    Every five seconds it takes four steps with one thread and four with all cores, and stays with the faster. The
    count changes no result: the batched products are shared out model by model, and sums run in the same order
    (tests/test_training.py holds it to that).
    """

    def __init__(self, fixed: int | None = None) -> None:
        self.fixed, self.candidates = fixed, sorted({1, os.cpu_count() or 1})
        self.times: dict[int, list[float]] = {}
        self.last, self.settled_until = time.perf_counter(), 0.0
        torch.set_num_threads(fixed or self.candidates[0])

    def tick(self) -> None:
        """Note how long the last step took, and choose the threads of the next."""
        if self.fixed or len(self.candidates) == 1:
            return
        now = time.perf_counter()
        if now < self.settled_until:
            return
        self.times.setdefault(torch.get_num_threads(), []).append(now - self.last)
        waiting = [count for count in self.candidates if len(self.times.get(count, [])) <= TRIAL_STEPS]
        if not waiting:
            # the median of four, the first left out: it pays for the change
            waiting = [min(self.candidates, key=lambda count: statistics.median(self.times[count][1:]))]
            self.times, self.settled_until = {}, now + SETTLED_SECONDS
        torch.set_num_threads(waiting[0])
        self.last = time.perf_counter()


def settle(fixed: int | None) -> None:
    """Set the thread count for work outside of the training loop: what is asked for, else one."""
    torch.set_num_threads(fixed or 1)
