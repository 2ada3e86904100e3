"""What a run gains after its training: probes, decoders, its codec, readings of its items, claims, maps along β."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import xarray as xr

from distill import store, threads
from distill.claims import claims
from distill.codec_fitting import fit_codec
from distill.config import SweepConfig
from distill.errors import DistillError, InvalidValue
from distill.fisher import map_inputs
from distill.items import Evaluation
from distill.measures.codes import sampled_codes
from distill.measures.probing import probe
from distill.probes import read_further
from distill.projection import chained_umap, displacement
from distill.readings import read_items
from distill.reconstruction import reconstruct
from distill.training import Trainer, build

UMAP_SCRATCH = "maps.npz"
Part = Callable[[Trainer, xr.Dataset, Evaluation], xr.Dataset]


def _probed(trainer: Trainer, run: xr.Dataset, evaluation: Evaluation) -> xr.Dataset:
    return probe(run)


def _probed_further(trainer: Trainer, run: xr.Dataset, evaluation: Evaluation) -> xr.Dataset:
    return read_further(run, trainer.data)


def _reconstructed(trainer: Trainer, run: xr.Dataset, evaluation: Evaluation) -> xr.Dataset:
    return reconstruct(trainer, run)


def _claimed(trainer: Trainer, run: xr.Dataset, evaluation: Evaluation) -> xr.Dataset:
    return claims(trainer, evaluation)


def _mapped(trainer: Trainer, run: xr.Dataset, evaluation: Evaluation) -> xr.Dataset:
    return map_inputs(trainer, run)


PARTS: tuple[Part, ...] = (
    read_items,
    _mapped,
    _reconstructed,
    fit_codec,
    _probed,
    _claimed,
    _probed_further,
)  # the quick ones first


def finish(path: Path) -> None:
    """Add to a trained run what is computed after its training: what each of PARTS finds, as soon as it is found.

    Raises:
        DistillError: where its checkpoint is gone, and where it is trained anew or deleted meanwhile.
    """
    _finish(path, PARTS)


def finish_part(path: Path, index: int) -> bool:
    """Add part number `index` of PARTS alone, so that a training can come in between; False when none is left.

    Raises as `finish` does.
    """
    _finish(path, PARTS[index : index + 1])
    return index + 1 < len(PARTS)


def _finish(path: Path, parts: tuple[Part, ...]) -> None:
    run = store.open_run(path).load()
    trainer = trained(path, run)
    threads.settle(trainer.config.threads)
    evaluation = Evaluation.of(trainer.config, trainer.data)
    for part in parts:
        extra = part(trainer, run, evaluation)
        with _adding_to(run, path):
            store.extend(path, extra)


def map_beta(path: Path, index: int) -> bool:
    """Lay out β number `index` of a trained run by UMAP, from the layout of the β before it; False when no β is left.

    The layouts join the run as `map_umap` when the last is made, with what tells motion on them from chance:
    `map_motion` (beta), how far the items have moved from the β before (NaN at the first), and `map_rerun` (beta), how
    far apart two runs of UMAP lie at the same β that start from the same layout and differ in their seed only. Both are
    `distill.projection.displacement`, in standard deviations of the layout. Motion that is no larger than a rerun's is
    UMAP's and not the codes'. Codes of one or two dimensions need no map, and those that are symbols have one.

    Raises:
        DistillError: where the run is trained anew or deleted meanwhile.
    """
    run = store.open_run(path)
    codes = sampled_codes(run)
    if not _needs_map(run, 2) or index >= len(codes):
        return False
    scratch, seed = store.make_side(path) / UMAP_SCRATCH, json.loads(run.attrs["config"])["seed"]
    maps, apart = _mapped_so_far(scratch, codes)
    maps, apart = maps[:index], apart[:index]
    for each in codes[len(maps) : index + 1]:  # one, unless what was laid out before is gone
        before = maps[-1] if len(maps) else None
        layout, again = (chained_umap(each, before, other) for other in (seed, seed + 1))
        maps, apart = np.concatenate([maps, layout[None]]), np.append(apart, displacement(again, layout))
    with _adding_to(run, path):
        if len(maps) < len(codes):
            np.savez(scratch, maps=maps, apart=apart)
            return True
        store.extend(path, _maps(maps, apart))
        scratch.unlink(missing_ok=True)
    return False


def map_3d(path: Path) -> list[list[list[float]]]:
    """A trained run laid out by UMAP in three dimensions, chained along β: (beta, point, 3) as plain numbers.

    They join the run as `map_umap_3d`, unless it is an example, which stays as it is.

    Raises:
        InvalidValue: for codes that need no map: of at most three dimensions, or symbols.
        DistillError: where the run is trained anew or deleted meanwhile.
    """
    run = store.open_run(path)
    if not _needs_map(run, 3):
        raise InvalidValue(f"run '{path.name}' needs no map: its codes are symbols, or of at most three dimensions")
    maps: list[np.ndarray] = []
    for each in sampled_codes(run):
        maps.append(chained_umap(each, maps[-1] if maps else None, json.loads(run.attrs["config"])["seed"], 3))
    found = np.stack(maps)
    about = {"units": "1", "long_name": "sampled codes in space", "method": "UMAP, chained along β"}
    if path.parent != store.examples():
        with _adding_to(run, path):
            store.extend(path, xr.Dataset({"map_umap_3d": (("beta", "point", "axis_3d"), found, about)}))
    return found.round(4).tolist()


def _needs_map(run: xr.Dataset, dims: int) -> bool:
    return run.sizes["latent"] > dims and run.attrs.get("code") != "categorical"


def _mapped_so_far(scratch: Path, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The layouts of the first βs (n, N, 2), and how far their reruns lie from them (n,)."""
    if not scratch.exists():
        return np.empty((0, codes.shape[1], 2), np.float32), np.empty(0)
    with np.load(scratch) as kept:
        return kept["maps"], kept["apart"]


def _maps(maps: np.ndarray, apart: np.ndarray) -> xr.Dataset:
    """The variables that a run gains by its maps (S, N, 2) and by how far their reruns lie from them (S,)."""
    moved = [np.nan, *(displacement(here, before) for before, here in pairwise(maps))]
    unit = {"units": "standard deviations of the layout", "estimator": "mean over items, after Procrustes"}
    motion = unit | {"long_name": "how far items moved on the map from the β before"}
    rerun = unit | {"long_name": "how far apart two runs of UMAP lie that differ in their seed only"}
    about = {"units": "1", "long_name": "sampled codes in the plane", "method": "UMAP, chained along β"}
    return xr.Dataset({
        "map_umap": (("beta", "point", "axis"), maps, about),
        "map_motion": (("beta",), np.array(moved, np.float32), motion),
        "map_rerun": (("beta",), apart.astype(np.float32), rerun),
    })  # fmt: skip


def trained(path: Path, run: xr.Dataset) -> Trainer:
    """The trainer of a run, as its last checkpoint has it; raises DistillError where that is gone."""
    checkpoint = store.load_checkpoint(path)
    if checkpoint is None:
        raise DistillError(f"run '{path.name}' has no checkpoint, so its networks are gone; train it anew")
    trainer = build(SweepConfig.from_json(run.attrs["config"]))
    trainer.restore(checkpoint)
    return trainer


@contextmanager
def _adding_to(run: xr.Dataset, path: Path) -> Iterator[None]:
    """Holds the lock of `path` for a moment's writing, having looked that `run` still lies there."""
    with store.lock(path):
        if store.summary(path).stamp != run.attrs["stamp"]:
            raise DistillError(f"run '{path.name}' was trained anew meanwhile")
        yield
