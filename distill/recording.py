"""One run from its start, or from where it was left, to its end: train, measure, append."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from distill import store
from distill.carrying import begin_from
from distill.config import SweepConfig
from distill.control import Control, left_off, versions
from distill.errors import DistillError
from distill.evaluation import measure
from distill.items import Evaluation
from distill.training import Snapshot, Trainer, build, snapshots
from distill.variables import attributes, first_arrays

PACKAGES = ("torch", "numpy", "scikit-learn", "umap-learn", "xarray", "zarr")


def record(config: SweepConfig, path: Path, notify: Callable[[int, int], None] | None = None) -> str:
    """Train `config` into the run at `path`, continuing it where a checkpoint lies; "done", or "stopped" on request.

    The checkpoint is written before the commit of its snapshot, so a process killed at any moment leaves a run that
    opens and that continues to the end of an undisturbed one.

    Raises:
        DistillError: for a configuration that cannot be trained here, a run that another process writes, a full disk.
    """
    trainer = build(config)
    with store.lock(path):
        control = Control(path, trainer, config.threads)
        map_before = _resume(trainer, path)
        evaluation, last = Evaluation.of(config, trainer.data), None
        for last in snapshots(trainer, control.proceed):
            map_before = _commit(last, evaluation, path, map_before)
            control.report()
            if notify:
                notify(trainer.step, trainer.steps)
        status = "done" if trainer.step >= trainer.steps else "stopped"
        store.write_status(path, status=status, step=trainer.step)
    return status


def _resume(trainer: Trainer, path: Path) -> np.ndarray | None:
    """Put the trainer where the run at `path` was left; the map that the next one is turned towards."""
    checkpoint = left_off(path)
    if checkpoint is None:
        _start(trainer)
        return None
    trainer.restore(checkpoint)
    return store.open_run(path).codes_2d.isel(code_step=-1, beta=0).values


def _start(trainer: Trainer) -> None:
    """Begin with the networks of the run that the configuration names, where it names one."""
    start = trainer.config.start
    if start is None:
        return
    place = store.path_of(start)
    before, checkpoint = store.summary(place).config, store.load_checkpoint(place)
    if not isinstance(before, SweepConfig) or checkpoint is None:
        raise DistillError(f"run '{start}' has no networks to begin with: train it on this machine first")
    begin_from(trainer, before, checkpoint)


def _commit(snapshot: Snapshot, evaluation: Evaluation, path: Path, map_before: np.ndarray | None) -> np.ndarray | None:
    """Checkpoint, measure and append one snapshot; the first β's map, for the next one to be turned towards."""
    trainer = snapshot.trainer
    fresh = trainer.step == 0 or not store.exists(path)
    if not fresh and store.summary(path).last_step >= trainer.step:
        return map_before  # continued from the checkpoint of a snapshot that had been committed
    arrays = measure(snapshot, evaluation, map_before)
    if fresh:
        arrays = arrays.merge(first_arrays(trainer, evaluation.stored))
        created = datetime.now(UTC).isoformat(timespec="seconds")
        arrays.attrs = attributes(trainer, len(evaluation.items["test"]), created, versions(PACKAGES))
        store.drop_checkpoint(path)  # one of an earlier training must not outlive the run that it belonged to
        store.create(path, arrays, replace=True)
    store.save_checkpoint(path, trainer.checkpoint())
    if not fresh:
        store.append(path, arrays)
    return arrays.codes_2d.values[0, 0] if snapshot.keeps_codes else map_before
