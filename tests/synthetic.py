"""Synthetic runs for the tests of store and jobs: the shape of real ones, without any training."""

import errno
import os
import sys
import time
from pathlib import Path

import numpy as np
import xarray as xr

from distill import store
from distill.config import SweepConfig
from distill.errors import DistillError

MEASURES = (
    *("rate", "information_x", "information_y", "bound_y", "loss", "information_x_error", "information_y_error"),
    *("error_one", "error_average"),
)


def snapshot(step, steps=40, betas=5, points=20, latent=3, codes=None, static=None):
    """Snapshot number `step`; the same step always has the same values. The first holds the static variables too."""
    rng = np.random.default_rng(step)
    run = xr.Dataset(coords={"step": [step], "beta": np.linspace(0, 1, betas), "split": ["train", "test"]})
    for i, name in enumerate(MEASURES):
        bits = step + i + np.sort(rng.random((1, betas, 2)), axis=1)
        run[name] = (("step", "beta", "split"), bits, {"units": "bits", "long_name": f"the {name}"})
    run["entropy_y"] = (("step", "split"), rng.random((1, 2)), {"units": "bits"})
    run["samples"] = (("step", "split"), np.full((1, 2), step, int))
    run["seconds"] = (("step",), [float(step)], {"units": "s"})
    kept = int(step % 10 == 0) if codes is None else int(codes)
    means = rng.standard_normal((kept, betas, points, latent)).astype("f2")
    run["code_mean"] = (("code_step", "beta", "point", "latent"), means)
    run["code_scale"] = (("code_step", "beta", "point", "latent"), np.exp(-means * means).astype("f2"))
    run["codes_2d"] = (("code_step", "beta", "point", "axis"), means[..., :2].astype("f4"), {"method": "PCA"})
    run = run.assign_coords(code_step=[step] * kept)
    if step == 0 if static is None else static:
        run = run.assign_coords(point=np.arange(points) * 3, axis=["x", "y"], factor=["digit", "ink"])
        run["inputs"] = (("point", "feature"), np.ones((points, 6), "f4"), {"offset": np.float32(0.5)})
        run["label"] = (("point",), np.arange(points) % 4)
        run["factors"] = (("point", "factor"), np.ones((points, 2), int))
    return run.assign_attrs(steps=steps, title="synthetic", created="2024", input_shape=(2, 3)) if step == 0 else run


def record(config, path, notify=None):
    """A recorder without torch: `epochs` steps of some ms, a snapshot each time; weights depend on every step taken."""
    steps = config.epochs
    with store.lock(path):
        resumed = store.exists(path) and not store.summary(path).complete and store.load_checkpoint(path)
        step, weight = (int(resumed["step"]), resumed["weight"]) if resumed else (0, np.ones(1))
        while True:
            if not (resumed and store.summary(path).last_step >= step):
                _commit(path, step, steps, weight, anew=step == 0)
                if notify:
                    notify(step, steps)
            resumed = None
            if step == steps or _asked_to_stop(path, step, steps):
                break
            time.sleep(config.learning_rate)
            step, weight = step + 1, np.sin(weight * 3 + step)
            with (path.parent / "steps.log").open("a") as log:
                log.write(f"{path.name} {step}\n")
        status = "done" if step == steps else "stopped"
        store.write_status(path, status=status, step=step)
    return status


def _commit(path, step, steps, weight, anew):
    arrays = snapshot(step, steps=steps)
    arrays["seconds"] = (("step",), weight.copy())
    store.save_checkpoint(path, {"step": np.array(step), "weight": weight})
    store.create(path, arrays, replace=True) if anew else store.append(path, arrays)


def _asked_to_stop(path, step, steps):
    store.write_status(path, status="running", step=step, steps=steps, pid=os.getpid(), message="")
    while (wish := store.requested(path)) == "pause":
        store.write_status(path, status="paused")
        time.sleep(0.01)
    return wish == "stop"


def finish(path):
    """The follow-up after training."""
    for index in range(2):
        finish_part(path, index)


def finish_part(path, index):
    """One of its two parts; slow enough for another training to come in between."""
    _note(path, f"finish {index}")
    store.extend(path, xr.Dataset({("kept", "probed")[index]: (("beta",), np.arange(5.0))}))
    time.sleep(0.05)
    return index < 1


def map_beta(path, index):
    """One map; slow enough for another training to come in between."""
    _note(path, f"map {index}")
    time.sleep(0.05)
    return index < 4


def answer(path, *arguments):
    """A small piece of work that somebody waits for."""
    if arguments == ("fails",):
        raise DistillError("answer meets an item that is not there")
    _note(path, "answer")
    return [str(path), *arguments]


def _note(path, what):
    with (path.parent / "steps.log").open("a") as log:
        log.write(f"{path.name} {what}\n")


class FarawayError(Exception):
    """An error that the caller's process could not unpickle."""

    def __init__(self, one, two):
        super().__init__(one + two)


def broken(config, path, notify=None):
    """A recorder that fails the way torch would."""
    raise FarawayError("CUDA out ", "of memory")


def full(config, path, notify=None):
    """A recorder that meets a full disk."""
    with store.writing(path):
        raise OSError(errno.ENOSPC, "No space left on device")


if __name__ == "__main__":
    record(SweepConfig(epochs=int(sys.argv[2]), learning_rate=0.001), Path(sys.argv[1]))
