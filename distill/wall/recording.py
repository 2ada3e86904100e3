"""One run of the Shannon wall: every coder measured on a source, then a network that learns it, and its files."""

from collections.abc import Callable
from pathlib import Path

from distill import store
from distill.control import Control, left_off
from distill.wall.evaluation import attributes, classical, learned, snapshot
from distill.wall.training import Wall, build, pauses
from distill.wall_config import WallConfig


def record(config: WallConfig, path: Path, notify: Callable[[int, int], None] | None = None) -> str:
    """Measure and train `config` into the run at `path`, continuing where a checkpoint lies; "done", or "stopped".

    The coders that need no training are in the first snapshot, before the network's first step. At the end of the
    training, be it early, the network's own files are written, before the commit of the last snapshot.

    Raises:
        DistillError: for a configuration that cannot be run here, a run that another process writes, a full disk, and a
            coder that does not give back what it wrote.
    """
    wall = build(config)
    with store.lock(path):
        control = Control(path, wall, config.threads)
        control.report()
        checkpoint = left_off(path)
        if checkpoint is not None and wall.learner:
            wall.learner.restore(checkpoint)
        stopped = False
        for last in pauses(wall, control.proceed):
            if not _commit(wall, path, last, control.proceed):
                stopped = True
                break
            control.report()
            if notify:
                notify(wall.step, wall.steps)
        status = "done" if wall.step >= wall.steps and not stopped else "stopped"
        store.write_status(path, status=status, step=wall.step)
    return status


def _commit(wall: Wall, path: Path, last: bool, proceed: Callable[[int], bool]) -> bool:
    """Checkpoint, measure and append one snapshot; before the last, the files that the network writes.

    False where `proceed` said no before there was a first one.
    """
    fresh = wall.step == 0 or not store.exists(path)
    # of a run that was continued or is stopped where a snapshot has just been committed
    there = not fresh and store.summary(path).last_step >= wall.step
    arrays = None if there else snapshot(wall)
    if fresh:
        found = classical(wall, proceed)
        if found is None:
            return False
        arrays = arrays.merge(found).assign_attrs(attributes(wall))
        store.drop_checkpoint(path)  # one of an earlier training must not outlive the run that it belonged to
        store.create(path, arrays, replace=True)
    if not wall.learner:
        return True
    if not there:
        store.save_checkpoint(path, wall.learner.checkpoint())
    if last:
        store.extend(path, learned(wall, store.open_run(path).load()))
    if not (fresh or there):
        store.append(path, arrays)
    return True
