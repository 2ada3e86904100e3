"""A table of one's own: a CSV or Parquet file that was brought to this machine, its columns chosen by a person."""

from collections.abc import Sequence

import numpy as np

from distill import tables
from distill.datasets import DataSet
from distill.datasets._choosing import IN_THIRDS, Selection, selected
from distill.datasets._columns import by_column, shown, split_of_all
from distill.errors import InvalidValue

TITLE = "Your own table…"
FACTORS = ()  # what they are, the options say: see `factors`
NEEDS = "a table"  # without options it cannot be made
DEFAULTS = {"hidden": (64,), "latent_dim": 8, "epochs": 200, "learning_rate": 3e-3}
LONGEST = 22  # letters of a column's or a class's name in a run: figures have no room for more
FEWEST_STEPS, MOST_STEPS = 400, 2400  # of a training; small tables are overfitted by more


def make(table: str = "", inputs: Sequence[str] = (), factors: Sequence[str] = ()) -> DataSet:
    """The rows of a table in which no chosen column is empty, split so that each class of the label is in both parts.

    Args:
        table: id of a table that `tables.bring` has kept on this machine.
        inputs: names of columns of numbers, standardised each by itself; none: all that can be, but for the label.
        factors: columns of 2 to 64 classes, the label first; or the name of a column of numbers and “ in thirds”: its
            low, middle and high.

    Raises:
        UnknownName: where the table is not on this machine, and for a column that it does not have.
        InvalidValue: for a choice that cannot be trained on; the sentence says which column, row and value.
    """
    if not table:
        where = "under “Your own table…”, or with the option file=PATH on the command line"
        raise InvalidValue(f"the data set 'table' needs a table: bring a CSV or Parquet file {where}")
    chosen = choice_of(table, inputs, factors)
    train, test = split_of_all(chosen.codes[chosen.label])
    found, note = by_column(chosen.raw, train), tables.known(table)
    for name, scale in zip(chosen.inputs, found["feature_scale"], strict=True):
        if scale == 0:
            raise InvalidValue(f"column {name!r} cannot be an input: it is the same in every row that is learned from")
    called = dict(zip(chosen.codes, _called(tuple(chosen.codes)), strict=True))
    return DataSet(
        label=chosen.codes[chosen.label], factors={called[name]: codes for name, codes in chosen.codes.items()},
        classes={called[name]: shown(classes, LONGEST) for name, classes in chosen.classes.items()},
        label_name=called[chosen.label], input_shape=(len(chosen.inputs),), train=train, test=test,
        title=note.name if note else TITLE, features=shown(chosen.inputs, LONGEST), **found,
    )  # fmt: skip


def factors(table: str = "", inputs: Sequence[str] = (), factors: Sequence[str] = ()) -> tuple[str, ...]:
    """The factors that these options name, the label first, as a run calls them; no file is opened."""
    return _called(tuple(dict.fromkeys(_names("factors", factors))))


def _called(factors: tuple[str, ...]) -> tuple[str, ...]:
    return shown(factors, LONGEST, IN_THIRDS)


def choice_of(table: str, inputs: Sequence[str], factors: Sequence[str]) -> Selection:
    """What these options leave of the table; raises as `make` does."""
    return selected(tables.opened(table), _names("inputs", inputs), _names("factors", factors))


def in_words(chosen: Selection, rows: int) -> str:
    """How many of a table's `rows` are used, for what, and why the others are not."""
    used = len(chosen.rows)
    train, test = (len(each) for each in split_of_all(chosen.codes[chosen.label]))
    split = f"{train:,} to learn from and {test:,} to test with"
    if used == rows:
        return f"All {rows:,} rows are used, {split}."
    lacking = ", ".join(f"{name} in {count:,}" for name, count in chosen.lacking.items())
    left = f"{rows - used:,} {'is' if rows - used == 1 else 'are'} left out"
    return f"{used:,} of {rows:,} rows are used, {split}; {left}, because a chosen column is empty there ({lacking})."


def epochs(train: int, batch_size: int) -> int:
    """Passes that make about 400 steps of a small table, and as many as it has rows of a larger one, up to 2400."""
    return int(np.ceil(np.clip(train, FEWEST_STEPS, MOST_STEPS) / max(1, train // batch_size)))


def _names(option: str, given: object) -> list[str]:
    """Names of columns; one name is a list of one, and a column called 2020 may have come as a number."""
    if not isinstance(given, (str, int, float, list, tuple)) or isinstance(given, bool):
        raise InvalidValue(f"{option} must be a list of columns; got {given!r}")
    return [str(each) for each in (given if isinstance(given, (list, tuple)) else [given]) if str(each)]
