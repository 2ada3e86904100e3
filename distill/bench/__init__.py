"""How fast the program is, as ratios measured side by side in one run: python -m distill bench."""

import argparse
import os
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from distill.errors import DistillError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PARTS = {
    "training": "one sweep beside separate trainings, and its arithmetic beside large matrix products",
    "measuring": "what measuring and storing the snapshots of a run costs",
    "coding": "what every lossless coder writes of every source, and how fast it writes and reads it",
    "shrinking": "compressed models from nothing, by stage, and their trainings at once beside one by one",
    "exact": "the exact bottleneck beside embo 1.1.0, where that is installed",
    "maps": "maps chained along β beside independent ones and AlignedUMAP (a quarter of an hour; less with --quick)",
    "browser": "the app in a real browser: opening, dragging, playing, training live",
}


def main(argv: list[str] | None = None) -> int:
    """Measures the parts that are asked for, prints a table for each, and gives the exit status."""
    given = _parser().parse_args(argv)
    console = _console()
    for name in PARTS if given.part == "all" else (given.part,):
        before = _load()
        try:
            _print_tables(import_module(f"distill.bench.{name}").tables(given), console)
        except DistillError as error:
            if given.part != "all":
                raise
            console.print(f"{name} is left out: {error}")
        console.print(f"{os.cpu_count()} cores; processes at work, one-minute mean: {before} before, {_load()} after\n")
    return 0


def _print_tables(tables: Iterable["Table"], console: "Console") -> None:
    for table in tables:
        title, table.title = table.title, None  # rich would fold it to the width of the table
        console.print(title, style="bold")
        console.print(table)


def new_table(title: str, *columns: str) -> "Table":
    """A plain table, its numbers to the right."""
    from rich.table import Table

    table = Table(title=title, caption_justify="left", box=None, pad_edge=False)
    for i, each in enumerate(columns):
        table.add_column(each, justify="right" if i else "left")
    return table


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:10} {text}" for name, text in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m distill bench",
        description=f"Measures how fast the program is here.\n\n{listed}\n  all        every one",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "part", nargs="?", choices=(*PARTS, "all"), default="all", help="what to measure (default: all)"
    )
    parser.add_argument("--epochs", type=int, default=120, help="length of each training (default: 120)")
    parser.add_argument("--betas", type=int, default=33, help="βs of the sweep (default: 33)")
    parser.add_argument("--points", type=int, default=1000, help="items on a map (default: 1000)")
    parser.add_argument("--quick", action="store_true", help="maps without AlignedUMAP")
    parser.add_argument("--repeats", type=int, default=3, help="visits of the browser, of which the median is given")
    parser.add_argument(
        "--reference", action="store_true",
        help="also train 60, 120, 240 and 640 epochs and compare their curves (minutes)",
    )  # fmt: skip
    return parser


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def _console() -> "Console":
    import sys

    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 120, highlight=False)
