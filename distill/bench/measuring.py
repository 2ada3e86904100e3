"""What measuring and storing the snapshots of one run costs beside its training."""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from unittest.mock import patch

from distill import evaluation, recording, store
from distill.bench import new_table
from distill.config import SweepConfig, log_betas
from distill.training import Trainer

if TYPE_CHECKING:
    from rich.table import Table

# part of the work → the functions, by where they are looked up, whose time is counted to it
STOPWATCHES = {
    "I(X;Z) and I(Z;Y)": ((evaluation, "_information"),),
    "decoder: bound, loss, errors": ((evaluation, "_decoded"),),
    "codes and their map": ((evaluation, "_codes"),),
    "measuring in all": ((recording, "measure"),),
    "checkpoints": ((Trainer, "checkpoint"), (store, "save_checkpoint")),
    "storing the arrays": ((store, "append"), (store, "create")),
}
WITHIN = ("I(X;Z) and I(Z;Y)", "decoder: bound, loss, errors", "codes and their map")


def tables(given: argparse.Namespace) -> "Iterator[Table]":
    """The one table of this part: a whole run recorded into a temporary folder."""
    config = SweepConfig(betas=log_betas(count=given.betas), epochs=given.epochs)
    with tempfile.TemporaryDirectory() as folder, stopwatches() as spent:
        recording.record(replace(config, betas=config.betas[:2], epochs=1, snapshots=2), Path(folder) / "first")
        spent.clear()  # that run paid for what is imported at first use, as the app's worker does when it warms up
        path = Path(folder) / config.id
        began = time.perf_counter()
        recording.record(config, path)
        whole = time.perf_counter() - began
        run = store.open_run(path).load()
    yield _table(spent, whole, float(run.seconds[-1]), run.sizes["step"])


@contextmanager
def stopwatches() -> Iterator[dict[str, float]]:
    """While it lasts, the named functions add the seconds they take to what it gives."""
    spent: dict[str, float] = defaultdict(float)
    with ExitStack() as stack:
        for name, places in STOPWATCHES.items():
            for module, function in places:
                stack.enter_context(_watched(module, function, name, spent))
        yield spent


def _watched(module: ModuleType | type, function: str, name: str, spent: dict[str, float]) -> AbstractContextManager:
    original: Callable[..., object] = getattr(module, function)

    def watched(*args: object, **options: object) -> object:
        began = time.perf_counter()
        try:
            return original(*args, **options)
        finally:
            spent[name] += time.perf_counter() - began

    return patch.object(module, function, watched)


def _table(spent: dict[str, float], whole: float, training: float, snapshots: int) -> "Table":
    outer = [name for name in STOPWATCHES if name not in WITHIN]
    cost = sum(spent[name] for name in outer)
    title = f"Measuring and storing {snapshots} snapshots costs {cost / training:.0%} of the training"
    table = new_table(title, "", "seconds", "share of training")
    rest = spent["measuring in all"] - sum(spent[name] for name in WITHIN)
    rows = {
        "training": training,
        "measuring": spent["measuring in all"],
        **{f"  {name}": spent[name] for name in WITHIN},
        "  encoding, labelled arrays": rest,
        "storing the arrays": spent["storing the arrays"],
        "checkpoints": spent["checkpoints"],
        "starting, status files": whole - training - cost,
    }
    for name, seconds in rows.items():
        table.add_row(name, f"{seconds:.2f}", f"{seconds / training:.1%}")
    return table
