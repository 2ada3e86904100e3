"""One run of layers from its start, or from where it was left, to its end: train, measure, append."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import xarray as xr

from distill import store
from distill.control import Control, left_off, versions
from distill.layer_config import LayersConfig
from distill.layer_evaluation import Items, attributes, first_arrays, measure, whole_range
from distill.layerwise import Cohort, build, pauses

PACKAGES = ("torch", "numpy", "xarray", "zarr")


def record(config: LayersConfig, path: Path, notify: Callable[[int, int], None] | None = None) -> str:
    """Train `config` into the run at `path`, continuing it where a checkpoint lies; "done", or "stopped" on request.

    As in distill.recording the checkpoint is written before the commit of its snapshot. Nothing follows the training.

    Raises:
        DistillError: for a configuration that cannot be trained here, a run that another process writes, a full disk.
    """
    cohort = build(config)
    with store.lock(path):
        control = Control(path, cohort, config.threads)
        _resume(cohort, path)
        items = Items.of(cohort)
        for _ in pauses(cohort, control.proceed):
            _commit(cohort, items, path)
            control.report()
            if notify:
                notify(cohort.step, cohort.steps)
        status = "done" if cohort.step >= cohort.steps else "stopped"
        store.write_status(path, status=status, step=cohort.step)
    return status


def _resume(cohort: Cohort, path: Path) -> None:
    """Put the networks where the run at `path` was left."""
    checkpoint = left_off(path)
    if checkpoint is not None:
        cohort.restore(checkpoint)


def _commit(cohort: Cohort, items: Items, path: Path) -> None:
    """Checkpoint, measure and append one snapshot; before the very last, the second pass over all of them."""
    fresh = cohort.step == 0 or not store.exists(path)
    if not fresh and store.summary(path).last_step >= cohort.step:
        return  # continued from the checkpoint of a snapshot that had been committed
    before = None if fresh else store.open_run(path)[["lowest", "highest", "weights"]]  # lazy: most need no weights
    arrays = measure(cohort, items, before)
    if fresh:
        arrays = arrays.merge(first_arrays(cohort))
        created = datetime.now(UTC).isoformat(timespec="seconds")
        arrays.attrs = attributes(cohort, items, created, versions(PACKAGES))
        store.drop_checkpoint(path)  # one of an earlier training must not outlive the run that it belonged to
        store.create(path, arrays, replace=True)
    store.save_checkpoint(path, cohort.checkpoint())
    if fresh:
        return
    if cohort.step == cohort.steps and not cohort.config.bounded:
        # before the last snapshot counts: a run that is complete has its second pass
        whole = xr.concat([before.load(), arrays[[*before.data_vars]]], "step", coords="minimal")
        store.extend(path, whole_range(whole, cohort.shape, items, cohort.config))
    store.append(path, arrays)
