"""Which columns of a table can be what, and the rows that a choice of columns leaves."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from distill.datasets._columns import coded, in_thirds
from distill.errors import InvalidValue
from distill.tables import Column, Table

IN_THIRDS = " in thirds"
FEWEST_ROWS, MOST_INPUTS, MOST_FACTORS = 40, 512, 12
FEWEST_CLASSES, MOST_CLASSES, LONGEST_CLASS = 2, 64, 60
CLASSES_IN_WORDS = f"{FEWEST_CLASSES} to {MOST_CLASSES} classes"
NEEDED = f"a label or factor has {CLASSES_IN_WORDS}"
FEW_NUMBERS = 12  # of which each is offered as a class of its own, even where they are not whole
WIDE = 7  # different numbers from which on thirds of them are offered
CORRECT = "; correct the file, or leave it out"
HUGEST = 1e30  # beyond it squares overflow


@dataclass(frozen=True)
class Selection:
    """What a choice of columns leaves of a table.

    Attributes:
        label: the factor that the code is to keep; a column's name, or that name and “ in thirds”.
        rows: (n,) the rows in which every chosen column has a value.
        lacking: chosen column → rows in which it has none.
        raw: (n, D) the inputs.
        codes, classes: factor → (n,) numbers of its classes, and their names; the label first.
    """

    inputs: tuple[str, ...]
    label: str
    rows: np.ndarray
    lacking: dict[str, int]
    raw: np.ndarray
    codes: dict[str, np.ndarray]
    classes: dict[str, tuple[str, ...]]


def selected(table: Table, inputs: Iterable[str], factors: Iterable[str]) -> Selection:
    """The rows and the values that are trained on, the first of `factors` the label.

    No `inputs`: every column that can be one, but for the label.

    Raises:
        UnknownName: for a column that the table does not have.
        InvalidValue: for a column that cannot be what it is chosen for, and for too few rows; the sentence names the
            column, what stands in it, and where.
    """
    named = tuple(dict.fromkeys(factors))
    if not named:
        there = ", ".join(class_columns(table)[:8]) or "none in this table"
        raise InvalidValue(f"a table needs a label, a column of {CLASSES_IN_WORDS}, such as: {there}")
    if len(named) > MOST_FACTORS:
        raise InvalidValue(f"{len(named)} factors are named, the label among them; at most {MOST_FACTORS} are watched")
    label = named[0]
    of = {name: column_of(table, name)[0] for name in named}
    taken = tuple(dict.fromkeys(inputs)) or tuple(each for each in input_columns(table) if each != of[label].name)
    _check_inputs(table, taken, of[label].name)
    chosen = {each: table.column(each) for each in taken} | {each.name: each for each in of.values()}
    rows, lacking = _rows(chosen.values())
    raw = np.stack([table.column(each).numbers[rows] for each in taken], axis=1)
    for name, values in zip(taken, raw.T, strict=True):
        if values.min() == values.max():
            raise InvalidValue(f"column {name!r} cannot be an input: it is {values[0]:g} in every row that is used")
    found = {name: _classes(table, name, rows) for name in named}
    codes, classes = ({name: each[i] for name, each in found.items()} for i in (0, 1))
    return Selection(taken, label, rows, lacking, raw, codes, classes)


def input_columns(table: Table) -> list[str]:
    """The columns that are inputs unless a person says otherwise: numbers that say something."""
    return [each.name for each in table.columns if not (input_fault(table, each) or counts_rows(each))]


def class_columns(table: Table) -> list[str]:
    """What can be the label or a factor: columns of 2 to 64 classes, those of text first, and numbers in thirds."""
    few = [each for each in table.columns if _are_classes(each)]
    wide = [name for name in input_columns(table) if table.column(name).distinct >= WIDE]
    plain = sorted(few, key=lambda each: (each.numbers is not None, each.distinct >= WIDE))
    return [each.name for each in plain] + [name + IN_THIRDS for name in wide]


def column_of(table: Table, factor: str) -> tuple[Column, bool]:
    """The column of a factor, and whether its thirds are meant; raises UnknownName where there is none."""
    thirds = factor.endswith(IN_THIRDS) and factor not in table.names
    return table.column(factor.removesuffix(IN_THIRDS) if thirds else factor), thirds


def counts_rows(column: Column) -> bool:
    """Whether a column does nothing but number the rows, so that it would tell where in the file an item stood."""
    return column.words is None and bool((np.diff(column.numbers) == 1).all())


def input_fault(table: Table, column: Column) -> str:
    """Why a column cannot be an input, or nothing."""
    if column.missing.all():
        return "it is empty in every row"
    if column.numbers is None:
        row = int(np.flatnonzero(~column.missing)[0])
        return f"it holds text, {column.words[row][:LONGEST_CLASS]!r} in {table.at(row)}"
    if column.stray:
        row, more = column.stray[0], len(column.stray) - 1
        also = f" (and {more} more)" if more else ""
        word = column.words[row][:LONGEST_CLASS]
        return f"it has text among its numbers, {word!r} in {table.at(row)}{also}{CORRECT}"
    present = column.numbers[~column.missing]
    if not (np.abs(present) <= HUGEST).all():
        row = int(np.flatnonzero(np.abs(np.nan_to_num(column.numbers, posinf=np.inf, neginf=-np.inf)) > HUGEST)[0])
        return f"it has {column.numbers[row]:g} in {table.at(row)}; an input is a number of size up to {HUGEST:g}"
    return f"it is {present[0]:g} in every row" if column.distinct == 1 else ""


def _check_inputs(table: Table, names: tuple[str, ...], label: str) -> None:
    if label in names:
        raise InvalidValue(f"column {label!r} is the label, so it cannot be an input too")
    if not names:
        faults = [f"{each.name!r}: {fault}" for each in table.columns if (fault := input_fault(table, each))]
        raise InvalidValue(f"no column of numbers is there for the inputs; {'; '.join(faults[:3])}".rstrip("; "))
    if len(names) > MOST_INPUTS:
        raise InvalidValue(f"{len(names)} columns are chosen as inputs; at most {MOST_INPUTS} can be")
    for name in names:
        fault = input_fault(table, table.column(name))
        if fault:
            raise InvalidValue(f"column {name!r} cannot be an input: {fault}")


def _rows(columns: Iterable[Column]) -> tuple[np.ndarray, dict[str, int]]:
    """The rows in which nothing is missing, and in how many each column lacks a value."""
    columns = list(columns)
    lacking = {each.name: int(each.missing.sum()) for each in columns if each.missing.any()}
    rows = np.flatnonzero(~np.any([each.missing for each in columns], axis=0))
    total = len(columns[0].missing)
    if len(rows) < FEWEST_ROWS:
        worst = max(lacking, key=lambda name: lacking[name], default="")
        why = f"; {worst!r} alone lacks {lacking[worst]} of {total}" if worst else ""
        raise InvalidValue(f"{len(rows)} rows have a value in every chosen column, of at least {FEWEST_ROWS}{why}")
    return rows, lacking


def _classes(table: Table, factor: str, rows: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """The class of each row and the names of the classes of one factor."""
    column, thirds = column_of(table, factor)
    if thirds:
        fault = input_fault(table, column)
        if fault:
            raise InvalidValue(f"column {column.name!r} has no thirds: {fault}")
        codes, classes = in_thirds(column.numbers[rows])
    else:
        codes, classes = coded(column.texts(rows))
        _check_classes(column, classes, len(rows))
    if len(classes) < FEWEST_CLASSES:
        raise InvalidValue(f"{factor!r} has one class only, {classes[0]!r}; {NEEDED}")
    counts = np.bincount(codes)
    if counts.min() < 2:
        alone = classes[int(counts.argmin())]
        text = f"class {alone!r} of {factor!r} has one row only"
        raise InvalidValue(f"{text}; each class needs two, one to learn from and one to test with")
    return codes, classes


def _check_classes(column: Column, classes: tuple[str, ...], rows: int) -> None:
    name, count = column.name, len(classes)
    if count == rows:
        raise InvalidValue(f"every row has another value of {name!r}, so nothing can be learned of it; {NEEDED}")
    if count > MOST_CLASSES:
        thirds = f"; {name + IN_THIRDS!r} makes three of it" if column.words is None else ""
        raise InvalidValue(f"{name!r} has {count} different values; {NEEDED}{thirds}")
    if any(len(each) > LONGEST_CLASS for each in classes):
        long = next(each for each in classes if len(each) > LONGEST_CLASS)
        raise InvalidValue(f"{name!r} holds whole texts ({long[:30]!r}…); a class has at most {LONGEST_CLASS} letters")


def _are_classes(column: Column) -> bool:
    """Whether the values read as names of classes, two rows each or more: short text, whole numbers, or few numbers."""
    if not FEWEST_CLASSES <= column.distinct <= min(MOST_CLASSES, (~column.missing).sum() // 2):
        return False
    if column.words is not None:
        return all(len(each) <= LONGEST_CLASS for each in column.words)
    present = column.numbers[~column.missing]
    return column.distinct <= FEW_NUMBERS or bool((present == np.round(present)).all())
