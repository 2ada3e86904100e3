"""Maps chained along β beside independent fits and umap's own AlignedUMAP: as faithful, calmer, how much sooner."""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from distill.bench import new_table
from distill.config import SweepConfig, log_betas
from distill.measures.codes import evaluation_noise
from distill.projection import NEIGHBOURS, chained_umap, displacement
from distill.training import build, snapshots

if TYPE_CHECKING:
    from rich.table import Table

SEED = 0
INDEPENDENT, CHAINED, ALIGNED = "each alone", "chained along β", "AlignedUMAP"
LESS_FAITHFUL, MOVED, SOONER = 0.02, 0.35, 0.1  # what chained maps are held to


@dataclass(frozen=True)
class Layouts:
    """Maps (S, N, 2) of one way of making them, the seconds that it took, and those of a processor."""

    maps: np.ndarray
    seconds: float
    processor: float

    def trust(self, codes: np.ndarray) -> np.ndarray:
        """Trustworthiness of each map among the neighbours that it was made from, (S,) (Venna and Kaski 2001)."""
        from sklearn.manifold import trustworthiness

        pairs = zip(codes, self.maps, strict=True)
        return np.array([trustworthiness(each, layout, n_neighbors=NEIGHBOURS) for each, layout in pairs])

    def motion(self) -> np.ndarray:
        """Displacement between neighbouring βs, (S − 1,), in standard deviations of a layout, after Procrustes."""
        return np.array([displacement(here, before) for before, here in pairwise(self.maps)])


def tables(given: argparse.Namespace) -> "Iterator[Table]":
    """The one table of this part: the same sampled codes of one trained sweep, mapped in each way."""
    codes = sweep_codes(given.betas, given.points, given.epochs)
    _warm(codes)
    ways: dict[str, Callable[[np.ndarray], np.ndarray]] = {INDEPENDENT: independent, CHAINED: chained}
    if not given.quick:
        ways[ALIGNED] = aligned
    found = {name: _timed(name, way, codes) for name, way in ways.items()}
    again = _timed(
        "chained, each β a second time with another seed", lambda each: rerun(each, found[CHAINED].maps), codes
    )
    yield _table(codes, found, again)


def sweep_codes(betas: int, points: int, epochs: int) -> np.ndarray:
    """Sampled codes (S, N, K) of the first N training digits under a VIB sweep that is trained for this."""
    config = SweepConfig(betas=log_betas(count=betas), epochs=epochs, snapshots=2)
    _say(f"training {betas} βs for {epochs} epochs, to have codes of {points} digits")
    trainer = build(config)
    for _ in snapshots(trainer, lambda *_: True):
        pass
    import torch

    with torch.no_grad():
        inputs = torch.from_numpy(trainer.data.inputs[trainer.data.train[:points]]).to(trainer.strength)
        mean, scale = (each[: len(config.betas)].double().cpu().numpy() for each in trainer.model.encode(inputs))
    return mean + scale * evaluation_noise(SEED, 1, *mean.shape[1:])[0]


def independent(codes: np.ndarray) -> np.ndarray:
    """Every β by umap as it stands, from its own spectral start."""
    import umap

    return np.stack([umap.UMAP(random_state=SEED, n_jobs=1).fit_transform(each) for each in _told(codes)])


def chained(codes: np.ndarray) -> np.ndarray:
    """Every β from the layout of the one before."""
    maps: list[np.ndarray] = []
    for each in _told(codes):
        maps.append(chained_umap(each, maps[-1] if maps else None, SEED))
    return np.stack(maps)


def rerun(codes: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Every β once more from the same start as its chained map, with another seed."""
    return np.stack([
        chained_umap(each, maps[i - 1] if i else None, SEED + 1) for i, each in enumerate(_told(codes))
    ])  # fmt: skip


def aligned(codes: np.ndarray) -> np.ndarray:
    """All βs at once by AlignedUMAP with its defaults, every item tied to itself at the neighbouring βs."""
    import umap

    same = {i: i for i in range(codes.shape[1])}
    fit = umap.AlignedUMAP(random_state=SEED).fit(list(codes), relations=[same] * (len(codes) - 1))
    return np.stack(fit.embeddings_)


def _warm(codes: np.ndarray) -> None:
    """Has numba compile what all three ways use, so that none of them pays for it."""
    few = codes[:3, : 4 * NEIGHBOURS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for way in (independent, chained, aligned):
            way(few)


def _timed(name: str, way: Callable[[np.ndarray], np.ndarray], codes: np.ndarray) -> Layouts:
    _say(f"{name}: {len(codes)} βs of {codes.shape[1]} codes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # umap's remarks on its own settings
        began, worked = time.perf_counter(), time.process_time()
        maps = way(codes)
        return Layouts(maps, time.perf_counter() - began, time.process_time() - worked)


def _table(codes: np.ndarray, found: dict[str, Layouts], again: Layouts) -> "Table":
    trust = {name: each.trust(codes) for name, each in found.items()}
    motion = {name: each.motion().mean() for name, each in found.items()}
    longest = found.get(ALIGNED, found[INDEPENDENT])
    calm = motion[CHAINED] / motion[INDEPENDENT]
    lost, soon = (trust[INDEPENDENT] - trust[CHAINED]).max(), found[CHAINED].processor / longest.processor
    told = {"trustworthiness": lost <= LESS_FAITHFUL, "motion": calm <= MOVED}
    if ALIGNED in found:
        told["time"] = soon <= SOONER
    kept = ", ".join(f"{name} {'kept' if held else 'MISSED'}" for name, held in told.items())
    title = f"Maps of {codes.shape[0]} × {codes.shape[1]} codes of {codes.shape[2]} dimensions: {kept}"
    table = new_table(title, "", "trust, mean", "at worst below", "motion", "of alone", "seconds", "at work", "share")
    for name, each in found.items():
        table.add_row(
            name, f"{trust[name].mean():.4f}", f"{(trust[INDEPENDENT] - trust[name]).max():+.4f}",
            f"{motion[name]:.3f}", f"{motion[name] / motion[INDEPENDENT]:.2f}",
            f"{each.seconds:.1f}", f"{each.processor:.1f}", f"{each.processor / longest.processor:.3f}",
        )  # fmt: skip
    apart = np.mean([displacement(a, b) for a, b in zip(found[CHAINED].maps, again.maps, strict=True)])
    table.add_row("another seed", "", "", f"{apart:.3f}", "", f"{again.seconds:.1f}", f"{again.processor:.1f}", "")
    table.caption = (
        f"trustworthiness among {NEIGHBOURS} neighbours; held to at most {LESS_FAITHFUL} below alone at every β, "
        f"motion to {MOVED} of alone, time at work (the processor's, which other programs do not lengthen) to "
        f"{SOONER} of AlignedUMAP's. Motion between βs: mean over items, in standard deviations of the layout, after "
        "Procrustes. Another seed: what a second run of the chained step moves"
    )
    return table


def _told(codes: np.ndarray) -> Iterator[np.ndarray]:
    """The βs' codes, one after another, with a line now and then of how far it is."""
    for i, each in enumerate(codes):
        if i and not i % 8:
            _say(f"  {i} of {len(codes)}")
        yield each


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
