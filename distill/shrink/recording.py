"""One run of compressed models: networks trained, quantised, pruned, tuned, their students, and what all keep."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import xarray as xr

from distill import store
from distill.control import Control, left_off, versions
from distill.items import Evaluation
from distill.measures.entropies import entropy_bits
from distill.measures.probing import probe
from distill.shrink.curves import LONG, PRECISIONS, TUNED, Curve, at_bits, at_sparsities, both, of_students, precisions
from distill.shrink.networks import sent, weights
from distill.shrink.pruning import pruned
from distill.shrink.scoring import Test, edges, errors
from distill.shrink.stages import STAGES, Work
from distill.shrink.students import TAUGHT
from distill.shrink_config import ShrinkConfig
from distill.training import Trainer, snapshots

PACKAGES = ("torch", "numpy", "scikit-learn", "constriction", "xarray", "zarr")
PLAIN = {"units": "1"}
OF_A_STEP = {
    "error": PLAIN | {"long_name": "error, average of twelve codes", "estimator": "mean of all networks in training"},
    "stage": PLAIN | {"long_name": "what is being trained"},
    "epoch": PLAIN | {"long_name": "passes over the training items in this stage"},
    "seconds": {"units": "s", "long_name": "time in optimiser steps"},
}  # fmt: skip


def record(config: ShrinkConfig, path: Path, notify: Callable[[int, int], None] | None = None) -> str:
    """Makes the run at `path`, continuing it where a checkpoint lies; "done", or "stopped" on request.

    A run that was stopped goes on where it was left, in the midst of a stage. Each curve joins the run as soon as its
    networks are trained. What all of them keep comes last, and before the last snapshot counts.

    Raises:
        InvalidValue: before anything is trained, for what cannot be made smaller (distill.shrink.stages.Work.of).
        DistillError: for a configuration that cannot be trained here, a run that another process writes, a full disk.
    """
    work = Work.of(config)
    with store.lock(path):
        control = Control(path, work, config.sweep.threads)
        checkpoint = left_off(path)
        if checkpoint is not None:
            work.restore(checkpoint)
        recording = Recording(work, path)
        while work.stage < len(STAGES):
            for _ in snapshots(work.trainer, control.proceed, work.plan()):
                recording.commit()
                control.report()
                if notify:
                    notify(work.step, work.steps)
            if work.trainer.step < work.trainer.steps:
                break
            work.advance()
        status = "done" if work.stage == len(STAGES) else "stopped"
        store.write_status(path, status=status, step=work.step)
    return status


class Recording:
    """What is measured of a run's networks, and how it gets into the run at `path`."""

    def __init__(self, work: Work, path: Path) -> None:
        self.work, self.path = work, path
        self._as_pruned: Curve | None = None  # found at the end of the first stage, wanted at that of the second
        evaluation = Evaluation.of(work.teacher.config, work.teacher.data)
        self.items, self.stored = evaluation.items["test"], evaluation.stored
        taken = evaluation.taken("test", len(self.items), work.teacher.strength)
        noise = evaluation.noise.to(work.teacher.strength)
        self.test = Test(taken.inputs, taken.labels, noise, len(self.stored))

    def commit(self) -> None:
        """Checkpoint, measure and append one snapshot; before it, where a stage ends, its curves."""
        work, path = self.work, self.path
        fresh = work.step == 0 or not store.exists(path)
        if not fresh and work.trainer.step == work.trainer.steps:
            self._end_stage()
        if not fresh and store.summary(path).last_step >= work.step:
            return  # a stage begins where the one before ended; or continued from a snapshot that was committed
        arrays = self._snapshot()
        if fresh:
            arrays = arrays.merge(self._axes())
            arrays.attrs = self._attributes()
            store.drop_checkpoint(path)  # one of an earlier training must not outlive the run that it belonged to
            store.create(path, arrays, replace=True)
        store.save_checkpoint(path, work.checkpoint())
        if not fresh:
            store.append(path, arrays)

    def _snapshot(self) -> xr.Dataset:
        work = self.work
        error = errors(work.trainer.model, self.test).reshape(work.config.seeds, -1).mean(1)
        values = {
            "error": (("step", "seed"), error[None]),
            "stage": ("step", np.array([STAGES[work.stage]], object)),
            "epoch": ("step", [work.trainer.step / work.trainer.steps_per_epoch]),
            "seconds": ("step", [work.seconds]),
        }
        arrays = {name: (*value, OF_A_STEP[name]) for name, value in values.items()}
        return xr.Dataset(arrays, {"step": ("step", [work.step], {"long_name": "optimiser steps", "units": "1"})})

    # --- the curves

    def _end_stage(self) -> None:
        """Measures the curves of the stage that ends here and adds them to the run; after the last, what is kept."""
        work, given = self.work, (self.test, self._largest())
        if work.stage == 0:
            self._add("precision", lambda: precisions(work.teacher, *given))
            self._add("bits", lambda: at_bits(work.teacher, work.config.bits, *given))
        if work.stage <= 1:
            self._add("sparsity", self._at_sparsities)
        else:
            self._add("width", lambda: of_students(work.trainer, work.config.widths, *given))
            self._add_kept()

    def _at_sparsities(self) -> Curve:
        """As pruned; once the second stage is done, fine-tuned too."""
        work, given = self.work, (self.test, self._largest())
        if self._as_pruned is None:
            begun = pruned(work.teacher, work.config.sparsities, work.config.tune_epochs)
            self._as_pruned = at_sparsities(begun, *given)
        return both(self._as_pruned, at_sparsities(work.trainer, *given) if work.stage else None)

    def _largest(self) -> float:
        """The largest weight of the first seed, which the histograms reach to."""
        return max(float(each[0].detach().abs().max()) for each in weights(self.work.teacher.model).values())

    def _add(self, name: str, curve: Callable[[], Curve]) -> None:
        began = time.perf_counter()
        found = curve()
        self.work.codes[name] = found.codes
        ends = edges(self._largest())
        about = PLAIN | {
            "long_name": "weight, middle of the bin",
            "note": "weights beyond count in the last bins",
        }
        self._extend(found.arrays.assign_coords(bin=("bin", (ends[1:] + ends[:-1]) / 2, about)), name, began)

    def _add_kept(self) -> None:
        """Bits of every factor that the probe of `measures.probing` reads from the codes of every point."""
        began, work, data = time.perf_counter(), self.work, self.work.teacher.data
        names = list(work.codes)
        mean, scale = np.concatenate([work.codes[name] for name in names], 1)
        over = ("code_step", "beta", "point", "latent")
        run = xr.Dataset(
            {
                "code_mean": (over, mean[None]), "code_scale": (over, scale[None]),
                "inputs": (("point", "feature"), data.inputs[self.stored]),
                "factors": (("point", "factor"), np.stack([each[self.stored] for each in data.factors.values()], 1)),
            },
            {"beta": np.arange(len(mean)), "factor": list(data.factors)},
            {"config": work.teacher.config.to_json(), "code": work.teacher.model.code},
        )  # fmt: skip
        found = probe(run)
        arrays = {name: found[name] for name in ("factor_entropy", "factor_ceiling")}
        places = np.cumsum([0, *(work.codes[name].shape[1] for name in names)])
        for name, low, high in zip(names, places[:-1], places[1:], strict=True):
            dims, shape = self._dims(name)
            for end in ("", "_low", "_high"):
                each = found[f"factor_kept{end}"].transpose("beta", "factor")[low:high]
                values = each.values.reshape(*shape, len(data.factors))
                arrays[f"kept_{name}{end}"] = ((*dims, "factor"), values, each.attrs)
        self._extend(xr.Dataset(arrays), "kept", began)

    def _dims(self, name: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """The dimensions of a curve's points, and their sizes."""
        dims = {"sparsity": ("tuned", "sparsity"), "width": ("taught", "width")}.get(name, (name,))
        return dims, tuple(len(self._axes()[each]) for each in dims)

    def _extend(self, arrays: xr.Dataset, name: str, began: float) -> None:
        """Adds variables to the run, and the seconds since `began` that they took to its attributes."""
        before = json.loads(store.summary(self.path).attrs.get("measuring_seconds", "{}"))
        arrays.attrs = {"measuring_seconds": json.dumps(before | {name: round(time.perf_counter() - began, 2)})}
        store.extend(self.path, arrays)

    # --- what a run says of itself

    def _axes(self) -> xr.Dataset:
        config, data = self.work.config, self.work.teacher.data
        first = self.work.teacher.config.seed
        return xr.Dataset(coords={
            "seed": ("seed", np.arange(first, first + config.seeds), PLAIN | {"long_name": "seed"}),
            "bits": ("bits", list(config.bits), {"units": "bits", "long_name": "bits a weight"}),
            "sparsity": ("sparsity", list(config.sparsities), PLAIN | {"long_name": "share of the weights that is 0"}),
            "width": ("width", list(config.widths), {"units": "units", "long_name": "units of each hidden layer"}),
            "precision": list(PRECISIONS), "tuned": list(TUNED), "taught": list(TAUGHT), "factor": list(data.factors),
        })  # fmt: skip

    def _attributes(self) -> dict[str, object]:
        """The attributes that make a run readable without the program that made it."""
        work, teacher, data = self.work, self.work.teacher, self.work.teacher.data
        objective, knob, found = teacher.objective, teacher.objective.knob, sent(teacher.model)
        beta = f"{knob.symbol} {work.config.beta:.3g} {knob.unit}".strip()
        return {
            "kind": work.config.KIND,
            "config": work.config.to_json(),
            "id": work.config.id,
            "title": f"{data.title}, {objective.title}, {beta}, made smaller",
            "network": f"{objective.title} at {beta} on {data.title}, {_layers(teacher)}",
            "dataset": teacher.config.dataset,
            "dataset_title": data.title,
            "objective": teacher.config.objective,
            "objective_title": objective.title,
            "objective_formula": objective.formula,
            "knob": json.dumps({name: getattr(knob, name) for name in ("label", "symbol", "unit", "default")}),
            "code": teacher.model.code,
            "label_name": data.label_name,
            "classes": json.dumps(data.classes),
            "entropy_y": entropy_bits(self.test.labels.cpu().numpy()),
            "parameters": sum(each[0].numel() for each in found.values()),
            "tensors": len(weights(teacher.model)),
            "points": len(self.items),
            "stored_points": len(self.stored),
            "training_items": len(data.train),
            "steps": work.steps,
            "steps_per_epoch": teacher.steps_per_epoch,
            "device": str(work.device),
            "threads": teacher.config.threads or "chosen while training",
            "versions": json.dumps(versions(PACKAGES)),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "estimators": json.dumps({name: each["estimator"] for name, each in LONG.items()}),
        }


def _layers(teacher: Trainer) -> str:
    """The widths of a network: inputs – hidden layers – code – decoder."""
    config, data = teacher.config, teacher.data
    outputs = sum(teacher.model.heads.sizes) if teacher.model.heads else len(data.label_classes)
    widths = data.inputs.shape[1], *config.hidden, config.latent_dim, *config.decoder_hidden, outputs
    return " – ".join(map(str, widths))
