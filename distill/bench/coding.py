"""What every lossless coder really writes of every source, and how fast it writes it and reads it back."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from distill import sources
from distill.bench import new_table
from distill.coding.codecs import Codec, codecs
from distill.coding.entropies import order_entropy
from distill.coding.measuring import written
from distill.sources import Source

if TYPE_CHECKING:
    from rich.table import Table

SOURCES = "digits", "mnist", "letters", "random_bytes", "independent", "markov"
ORDERS = 0, 1, 2  # of the entropies beneath a table
TURNS = 3  # of which the fastest counts


def tables(given: argparse.Namespace) -> "Iterator[Table]":
    """A table for each source, with all its coders but for the learned one."""
    for name in SOURCES:
        yield _table(sources.load(name))


def _table(source: Source) -> "Table":
    size = len(source.symbols)
    title = f"{source.title}: {source.items:,} {source.item}s, {size:,} bytes as they are, every file read back"
    heads = "bytes", "of nothing", f"bits a {source.item}", "bits a symbol", "encodes, MB/s", "decodes, MB/s"
    table = new_table(title, "", *heads[: 3 if source.item_symbols > 1 else 2], *heads[3:])
    table.add_row("as they are", *_sizes(source, size, 0), "", "")
    for each in codecs(source).values():
        found, encode, decode = _best(each, source.symbols.tobytes())
        speeds = (f"{size / seconds / 1e6:.3g}" for seconds in (encode, decode))
        table.add_row(each.title, *_sizes(source, found, len(each.encode(b""))), *speeds)
    orders = "   ".join(f"{order}: {order_entropy(source.symbols, order):.3f}" for order in ORDERS)
    known = "" if source.entropy_rate is None else f"   rate: {source.entropy_rate:.3f}"
    table.caption = f"Plug-in entropy of order {orders}{known}; too low where contexts hardly come twice."
    return table


def _sizes(source: Source, size: int, empty: int) -> list[str]:
    """Bytes, bytes of nothing, bits an item where it has many symbols, bits a symbol."""
    bits = [f"{8 * size / source.items:.1f}"] if source.item_symbols > 1 else []
    return [f"{size:,}", str(empty), *bits, f"{8 * size / len(source.symbols):.3f}"]


def _best(codec: Codec, data: bytes) -> tuple[int, float, float]:
    """Bytes of the file, and the fewest seconds that writing and reading it took."""
    found = [written(codec, data) for _ in range(TURNS)]
    return found[0][0], *(min(seconds[i] for _, seconds in found) for i in (0, 1))
