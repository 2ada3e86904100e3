"""The three trainings of a run of compressed models, one after the other: the networks, the pruned ones, students."""

from dataclasses import dataclass, field

import numpy as np
import torch

from distill.datasets import DataSet, Joint
from distill.errors import InvalidValue
from distill.shrink.pruning import pruned
from distill.shrink.students import students
from distill.shrink_config import ShrinkConfig
from distill.training import Trainer, build, snapshot_steps

STAGES = ("teacher", "fine-tuning", "students")
FEWEST = 3  # snapshots of a stage


@dataclass
class Work:
    """A run of compressed models at one step of its three trainings.

    Attributes:
        teacher: the networks that are made smaller, one a seed.
        trainer: what is being trained now; the teacher itself at first.
        stage: which of STAGES that is; 3 when all is done.
        earlier: seconds in optimiser steps of the stages before.
        codes: curve → (2, points, items, K), means and scales of the stored items; of the curves that are done.
    """

    config: ShrinkConfig
    teacher: Trainer
    trainer: Trainer
    stage: int = 0
    earlier: float = 0.0
    codes: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, config: ShrinkConfig, data: DataSet | None = None, dtype: torch.dtype = torch.float32) -> "Work":
        """Before the first step. Raises InvalidValue for what cannot be made smaller in all three ways."""
        if not config.sweep.hidden:
            raise InvalidValue("a network without hidden layers has no narrower students; choose one that has some")
        teacher = build(config.sweep, data, dtype)
        if teacher.data.target is not None or isinstance(teacher.data.known, Joint):
            why = "its label is continuous" if teacher.data.target is not None else "nothing is held out of it"
            raise InvalidValue(
                f"data set {config.sweep.dataset!r} has no held-out accuracy, since {why}; choose another"
            )
        return cls(config, teacher, teacher)

    @property
    def device(self) -> torch.device:
        """Where all is trained."""
        return self.teacher.device

    @property
    def lengths(self) -> tuple[int, int, int]:
        """Optimiser steps of the stages."""
        each = self.teacher.steps_per_epoch
        return self.teacher.steps, self.config.tune_epochs * each, self.config.student_epochs * each

    @property
    def steps(self) -> int:
        """Optimiser steps of all stages."""
        return sum(self.lengths)

    @property
    def step(self) -> int:
        """Those that lie behind."""
        return sum(self.lengths[: self.stage]) + (self.trainer.step if self.stage < len(STAGES) else 0)

    @property
    def seconds(self) -> float:
        """Time that they have taken."""
        return self.earlier + self.trainer.seconds

    def plan(self) -> tuple[int, ...]:
        """The steps of this stage at which it is looked at: its share of the run's snapshots, three at least."""
        length = self.lengths[self.stage]
        return snapshot_steps(length, max(FEWEST, round(self.config.snapshots * length / self.steps)))

    def advance(self) -> None:
        """To the next stage."""
        self.earlier += self.trainer.seconds
        self.stage += 1
        self._begin()

    def _begin(self) -> None:
        config = self.config
        if self.stage == 1:
            self.trainer = pruned(self.teacher, config.sparsities, config.tune_epochs)
        elif self.stage == 2:
            told = config.student_epochs, config.teacher_share, config.temperature
            self.trainer = students(self.teacher, config.widths, *told)

    def checkpoint(self) -> dict[str, np.ndarray]:
        """Everything that continuing needs."""
        found = {f"now.{name}": value for name, value in self.trainer.checkpoint().items()}
        if self.stage:
            found |= {f"teacher.{name}": value for name, value in self.teacher.checkpoint().items()}
        found |= {f"codes.{name}": value for name, value in self.codes.items()}
        return found | {"stage": np.array(self.stage), "earlier": np.array(self.earlier)}

    def restore(self, checkpoint: dict[str, np.ndarray]) -> None:
        """Continue from what `checkpoint` gave."""
        parts: dict[str, dict[str, np.ndarray]] = {"now": {}, "teacher": {}, "codes": {}}
        for name, value in checkpoint.items():
            part, _, rest = name.partition(".")
            if rest:
                parts[part][rest] = value
        if parts["teacher"]:
            self.teacher.restore(parts["teacher"])
        self.stage, self.earlier, self.codes = int(checkpoint["stage"]), float(checkpoint["earlier"]), parts["codes"]
        self._begin()
        self.trainer.restore(parts["now"])
