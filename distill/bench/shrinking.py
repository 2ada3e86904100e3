"""Compressed models from nothing: seconds by stage, and all points of a curve at once beside one after the other."""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from distill import store
from distill.bench import new_table
from distill.config import SweepConfig
from distill.shrink import recording
from distill.shrink.pruning import pruned
from distill.shrink.stages import STAGES, Work
from distill.shrink.students import TAUGHT, students
from distill.shrink_config import ShrinkConfig
from distill.training import Trainer, build, snapshots

if TYPE_CHECKING:
    from rich.table import Table

TRIAL_EPOCHS, TRIALS = 2, 3
MEASURED = {
    "precision": "floats: accuracy, xz",
    "bits": "every number of bits: accuracy, bytes written and read",
    "sparsity": "every sparsity: accuracy, bytes written and read",
    "width": "every student: accuracy, bytes written and read",
    "kept": "what all of them keep: probes, and the ceiling from the raw inputs",
}


def tables(given: argparse.Namespace) -> "Iterator[Table]":
    """The tables of this part, as they become ready."""
    config = ShrinkConfig(
        {"epochs": given.epochs}, tune_epochs=max(1, given.epochs // 6), student_epochs=max(1, given.epochs // 2)
    )  # 120 epochs are the default page
    with tempfile.TemporaryDirectory() as folder:
        tiny = ShrinkConfig({"epochs": 1}, seeds=1, bits=(8,), sparsities=(0.5,), widths=(2,), tune_epochs=1,
                            student_epochs=1)  # fmt: skip
        recording.record(tiny, Path(folder) / "first")  # pays for what is imported at first use
        began = time.perf_counter()
        recording.record(config, Path(folder) / config.id)
        whole = time.perf_counter() - began
        yield _stages(store.open_run(Path(folder) / config.id).load(), whole)
    yield _together(config)


def _stages(run: xr.Dataset, whole: float) -> "Table":
    table = new_table("The default page from nothing: one run of compressed models", "", "seconds", "share")
    ends = [float(run.seconds[run.stage == stage].max()) for stage in STAGES]
    rows = {f"training, {stage}": spent for stage, spent in zip(STAGES, np.diff(ends, prepend=0.0), strict=True)}
    rows |= {MEASURED[name]: spent for name, spent in json.loads(run.attrs["measuring_seconds"]).items()}
    rows["errors while training, checkpoints, storing"] = whole - sum(rows.values())
    for name, spent in (rows | {"in all": whole}).items():
        table.add_row(name, f"{spent:.1f}", f"{spent / whole:.0%}")
    return table


def _together(config: ShrinkConfig) -> "Table":
    """The trainings of both curves, a few epochs of each, side by side with what they would take one by one."""
    teacher, told = Work.of(config).teacher, (config.teacher_share, config.temperature)
    table = new_table(f"{TRIAL_EPOCHS} epochs of S models, seconds", "", "S", "at once", "one by one", "times faster")
    curves: dict[str, tuple[Callable[[], Trainer], dict[int | None, int]]] = {
        "pruned networks": (
            lambda: pruned(teacher, config.sparsities, TRIAL_EPOCHS), {None: len(config.sparsities)},
        ),
        "students": (
            lambda: students(teacher, config.widths, TRIAL_EPOCHS, *told), dict.fromkeys(config.widths, len(TAUGHT)),
        ),
    }  # fmt: skip
    for name, (batch, times) in curves.items():
        trials = [(_seconds(batch()), _one_by_one(config, times)) for _ in range(TRIALS)]
        one, other = np.median(trials, 0)
        count = config.seeds * sum(times.values())
        table.add_row(name, str(count), f"{one:.2f}", f"{other:.2f}", f"{other / one:.1f}")
    return table


def _one_by_one(config: ShrinkConfig, times: dict[int | None, int]) -> float:
    """Seconds for every seed of networks of these widths (None: the teacher's), each so many times, each alone."""
    single = replace(config.sweep, seeds=1, epochs=TRIAL_EPOCHS)
    return config.seeds * sum(count * _seconds(build(_of_width(single, width))) for width, count in times.items())


def _of_width(config: SweepConfig, width: int | None) -> SweepConfig:
    return config if width is None else replace(config, hidden=(width,) * len(config.hidden))


def _seconds(trainer: Trainer) -> float:
    """What the steps of a whole training take."""
    for _ in snapshots(trainer, planned=(trainer.steps,)):
        pass
    return trainer.seconds
