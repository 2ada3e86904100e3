"""The columns of a CSV or Parquet file, out of its bytes: text and numbers; nothing in it is ever executed."""

import csv
import io
from collections import Counter
from collections.abc import Sequence

import numpy as np

from distill.errors import InvalidValue
from distill.tables import parquet
from distill.tables.columns import Column, Table
from distill.tables.limits import LARGEST, LONGEST_NAME, MOST_ROWS, check_width, present

SEPARATORS = ",;\t|"
KINDS = {  # how a file of another kind begins
    b"PK\x03\x04": "a zip archive, as an Excel workbook (.xlsx) is one",
    b"\xd0\xcf\x11\xe0": "an Excel workbook (.xls)",
    b"\x80\x02": "a pickle", b"\x80\x03": "a pickle", b"\x80\x04": "a pickle", b"\x80\x05": "a pickle",
    b"\x1f\x8b": "a gzip archive", b"BZh": "a bzip2 archive", b"\xfd7zXZ": "an xz archive",
    b"\x89HDF": "an HDF5 file", b"\x93NUMPY": "a NumPy file", b"SQLite format": "an SQLite database",
    b"%PDF": "a PDF", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture",
    b"ARROW1": "a Feather (Arrow) file",
}  # fmt: skip
PARQUET = b"PAR1"
ALLOWED = "a table comes as CSV text or as Parquet"


def read(content: bytes, name: str) -> Table:
    """The table in the file called `name`.

    Raises:
        InvalidValue: for anything but a table as CSV text (UTF-8; comma, semicolon, tab or | between the columns; one
            line of names) or as Parquet, within the limits of this module; the sentence says what is wrong and where.
    """
    if not content.strip():
        raise InvalidValue(f"{name!r} is empty; {ALLOWED}, one line of names and then the rows")
    if len(content) > LARGEST:
        raise InvalidValue(f"{name!r} has {len(content) / 1e6:.1f} MB; at most {LARGEST / 1e6:.0f} MB are read")
    kind = next((words for start, words in KINDS.items() if content.startswith(start)), "")
    if kind:
        raise InvalidValue(f"{name!r} is {kind}, and is not opened; {ALLOWED}")
    table = parquet.read(content, name) if content.startswith(PARQUET) else _text(content, name)
    _check_names(table.names + tuple(each for each, _ in table.unread), name)
    if not len(table.lines):
        raise InvalidValue(f"{name!r} names its columns and has no rows")
    if len(table.lines) > MOST_ROWS:
        raise InvalidValue(f"{name!r} has {len(table.lines):,} rows; at most {MOST_ROWS:,} are taken")
    return table


def _check_names(names: Sequence[str], file: str) -> None:
    twice = [each for each, count in Counter(names).items() if count > 1]
    if twice:
        places = " and ".join(str(i + 1) for i, each in enumerate(names) if each == twice[0])
        raise InvalidValue(f"{file!r} has two columns called {twice[0]!r} (columns {places}); each needs its own name")
    long = next((each for each in names if len(each) > LONGEST_NAME), "")
    if long:
        raise InvalidValue(f"the name of a column has at most {LONGEST_NAME} characters; shorten {long[:60] + '…'!r}")


def _text(content: bytes, name: str) -> Table:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = f"{name!r} is not UTF-8 text (byte {content[error.start]:#04x} at place {error.start + 1:,})"
        raise InvalidValue(f"{text}; {ALLOWED}: in a spreadsheet, save it as “CSV UTF-8”") from None
    if "\0" in text:
        raise InvalidValue(f"{name!r} holds bytes that are no text; {ALLOWED}")
    separator = _separator(text)
    header, rows, lines = _rows(text, separator, name)
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    named = [(each or f"column {i + 1}", values) for i, (each, values) in enumerate(zip(header, cells, strict=True))]
    columns = (_column(each, values, separator == ";") for each, values in named)
    nothing = {f"column {i + 1}" for i, each in enumerate(header) if not each}  # a separator at the end of each line
    return Table(tuple(each for each in columns if not (each.name in nothing and each.missing.all())), lines, "line")


def _separator(text: str) -> str:
    """What stands between the columns: what cuts the first lines into as many pieces each, and most of them."""
    start = text[:20_000].splitlines()[:20]

    def fitness(mark: str) -> tuple[bool, int]:
        try:
            widths = [len(row) for row in csv.reader(start[: len(start) - (len(text) > 20_000)], delimiter=mark) if row]
        except csv.Error:
            widths = [1]
        return len(set(widths)) == 1 and widths[0] > 1, widths[0] if widths else 1

    return max(SEPARATORS, key=fitness)


def _rows(text: str, separator: str, name: str) -> tuple[list[str], list[list[str]], np.ndarray]:
    """The names, the rows, all as wide, and the line on which each row ends."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    header: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if not header:
                header = _header([cell.strip() for cell in row], name)
                continue
            rows.append(_fitted(row, len(header), reader.line_num, name))
            lines.append(reader.line_num)
    except csv.Error as error:
        raise InvalidValue(f"{name!r} cannot be read as CSV near line {reader.line_num} ({error})") from None
    if len(header) < 2:
        raise InvalidValue(
            f"{name!r} has one column only, {header[0][:60]!r}; columns are separated by commas, semicolons, tabs or |"
        )
    return header, rows, np.array(lines, dtype=np.int64)


def _header(names: list[str], file: str) -> list[str]:
    check_width(len(names), file)
    given = [each for each in names if each]
    numbers = [each for each in given if _number(each) is not None]
    if len(given) == len(numbers) or any("." in each for each in numbers):
        shown = ", ".join(numbers[:3])
        raise InvalidValue(f"the first line of {file!r} holds numbers ({shown}), where the columns' names are expected")
    return names


def _fitted(row: list[str], width: int, line: int, name: str) -> list[str]:
    if len(row) > width and not any(cell.strip() for cell in row[width:]):
        row = row[:width]
    if len(row) != width:
        names, values = f"{width} column{'s' * (width > 1)}", f"{len(row)} value{'s' * (len(row) > 1)}"
        raise InvalidValue(f"line {line} of {name!r} has {values}, and its first line names {names}")
    return row


def _column(name: str, cells: Sequence[str], decimal_comma: bool = False) -> Column:
    """Numbers, if all that stands there are; text, unless at least half are; between them, numbers with stray text."""
    words = np.array([present(cell) for cell in cells], dtype=object)
    there = np.flatnonzero(words != "")
    found = [_number(word, decimal_comma) for word in words[there]]
    stray = tuple(int(there[i]) for i, each in enumerate(found) if each is None)
    if not len(there) or 2 * len(stray) > len(there):
        return Column(name, None, words)
    numbers = np.full(len(words), np.nan)
    numbers[there] = [np.nan if each is None else each for each in found]
    return Column(name, numbers, words if stray else None, stray)


def _number(word: str, decimal_comma: bool = False) -> float | None:
    """`word` as a number; in a file of semicolons 1,5 is one too."""
    if "_" in word:  # Python takes 1_000 for a number
        return None
    try:
        return float(word.replace(",", ".") if decimal_comma else word)
    except ValueError:
        return None
