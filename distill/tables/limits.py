"""How large a table may be, and what in it counts as nothing."""

from distill.errors import InvalidValue

LARGEST = 20_000_000  # bytes
MOST_ROWS, MOST_COLUMNS, LONGEST_NAME = 50_000, 1000, 80
UNPACKED = 400_000_000  # bytes of a Parquet file's columns once they are decompressed
MISSING = {"", "na", "n/a", "#n/a", "nan", "-nan", "null", "none", "<na>", "?"}  # in any case of letters


def check_width(count: int, name: str) -> None:
    """Raises InvalidValue for more columns than are read."""
    if count > MOST_COLUMNS:
        raise InvalidValue(f"{name!r} has {count:,} columns; at most {MOST_COLUMNS:,} are read")


def present(cell: str) -> str:
    """What stands in a cell, "" for one of the ways to say that nothing does."""
    cell = cell.strip()
    return "" if cell.casefold() in MISSING else cell
