"""One run from its start, or from where it was left, to its end: train, measure, append."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import xarray as xr

from distill import store, threads
from distill.claims import claims
from distill.config import SweepConfig
from distill.control import Control, left_off, versions
from distill.errors import DistillError
from distill.evaluation import measure
from distill.items import Evaluation
from distill.measures.codes import sampled_codes
from distill.measures.probing import probe
from distill.projection import chained_umap
from distill.reconstruction import reconstruct
from distill.training import Snapshot, Trainer, build, snapshots
from distill.variables import attributes, first_arrays

PACKAGES = ("torch", "numpy", "scikit-learn", "umap-learn", "xarray", "zarr")
UMAP_SCRATCH = "umap.npy"


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


def finish(path: Path) -> None:
    """Add to a trained run what is computed after its training: probes, pictures of what is kept, and VIB's claims.

    Raises:
        DistillError: where its checkpoint is gone, and where it is trained anew or deleted meanwhile.
    """
    run = store.open_run(path).load()
    trainer = _trained(path, run)
    threads.settle(trainer.config.threads)
    offset, scale, low, high = (run.inputs.attrs[name] for name in ("offset", "scale", "low", "high"))
    original = reconstruct(trainer, sampled_codes(run)) * scale + offset
    levels = ((original - low) / (high - low)).clip(0, 1) * 255
    kept = {
        "units": "1",
        "long_name": "E[x|z], 0 to 255",
        "estimator": "decoder fitted after training on sampled codes",
    }
    extra = probe(run).assign(kept=(("beta", "point", "feature"), levels.round().astype(np.uint8), kept))
    extra = extra.merge(claims(trainer, Evaluation.of(trainer.config, trainer.data)))
    with _adding_to(run, path):
        store.extend(path, extra)


def map_beta(path: Path, index: int) -> bool:
    """Lay out β number `index` of a trained run by UMAP, from the layout of the β before it; False when no β is left.

    The layouts join the run as `map_umap` when the last is made. Codes of one or two dimensions need no map, and those
    that are symbols have one.

    Raises:
        DistillError: where the run is trained anew or deleted meanwhile.
    """
    run = store.open_run(path)
    codes = sampled_codes(run)
    if codes.shape[-1] <= 2 or run.attrs.get("code") == "categorical" or index >= len(codes):
        return False
    scratch = store.make_side(path) / UMAP_SCRATCH
    done = np.load(scratch) if index else np.empty((0, codes.shape[1], 2), np.float32)
    layout = chained_umap(codes[index], done[index - 1] if index else None, json.loads(run.attrs["config"])["seed"])
    done = np.concatenate([done[:index], layout[None]])
    about = {"units": "1", "long_name": "sampled codes in the plane", "method": "UMAP, chained along β"}
    with _adding_to(run, path):
        if len(done) < len(codes):
            np.save(scratch, done)
            return True
        store.extend(path, xr.Dataset({"map_umap": (("beta", "point", "axis"), done, about)}))
        scratch.unlink(missing_ok=True)
    return False


@contextmanager
def _adding_to(run: xr.Dataset, path: Path) -> Iterator[None]:
    """Holds the lock of `path` for a moment's writing, having looked that `run` still lies there."""
    with store.lock(path):
        if store.summary(path).stamp != run.attrs["stamp"]:
            raise DistillError(f"run '{path.name}' was trained anew meanwhile")
        yield


def _resume(trainer: Trainer, path: Path) -> np.ndarray | None:
    """Put the trainer where the run at `path` was left; the map that the next one is turned towards."""
    checkpoint = left_off(path)
    if checkpoint is None:
        return None
    trainer.restore(checkpoint)
    return store.open_run(path).codes_2d.isel(code_step=-1, beta=0).values


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


def _trained(path: Path, run: xr.Dataset) -> Trainer:
    """The trainer of a run, as its last checkpoint has it."""
    checkpoint = store.load_checkpoint(path)
    if checkpoint is None:
        raise DistillError(f"run '{path.name}' has no checkpoint, so its networks are gone; train it anew")
    trainer = build(SweepConfig.from_json(run.attrs["config"]))
    trainer.restore(checkpoint)
    return trainer
