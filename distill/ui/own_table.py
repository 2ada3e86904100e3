"""The dialog in which a person brings a table of their own and says what its columns are for."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from distill import datasets, registry, tables
from distill.config import SweepConfig
from distill.datasets import table as data
from distill.datasets._choosing import (
    CORRECT,
    NEEDED,
    class_columns,
    column_of,
    counts_rows,
    input_columns,
    input_fault,
)
from distill.errors import DistillError, InvalidValue
from distill.tables import Brought, Column, Table
from distill.tables.limits import LARGEST
from distill.ui.opening import plain, say

NAME = "table"  # of the data set
ANOTHER = "own"  # in the picker of data sets: what opens the dialog
OPEN, MADE, TROUBLE = "_own_table_open", "_own_table_made", "_own_table_trouble"
TABLE, FILE = "own-table", "own-file"  # keys of widgets
NEW = ""  # among the tables: one that is yet to be brought
LIKELY = ("class", "label", "target", "species", "category", "type", "variety", "y")  # how labels are called
SEVERAL = 40  # inputs from which on one says which are left out
WATCHED, FEW = 6, 12  # factors that are watched unless one says otherwise, and their most classes
FIRST_ROWS = 3
HINT = (
    f"One line of names, then a row for each item; CSV or Parquet, at most {LARGEST / 1e6:.0f} MB. The file is copied "
    "into the folder of your runs on this machine, and goes nowhere else."
)


def ready() -> list[str]:
    """The data sets that need nothing but their name."""
    return [name for name in datasets.names() if not hasattr(registry.module("datasets", name), "NEEDS")]


def options(config: SweepConfig) -> list[str]:
    """What the picker of data sets offers: those that are ready, the table that is in use, and to bring one."""
    return [*ready(), *([NAME] if config.dataset == NAME else []), ANOTHER]


def title(name: str, config: SweepConfig) -> str:
    """How the picker calls one of `options`: a table by the name of its file."""
    if name != NAME:
        return registry.module("datasets", NAME if name == ANOTHER else name).TITLE
    found = tables.known(config.dataset_options.get("table", ""))
    return found.name if found else "A table"


def in_words(options: Mapping[str, Any]) -> str:
    """What a run on a table was asked, short enough for a list of runs."""
    factors, inputs = options.get("factors", ()), options.get("inputs", ())
    return f"label {factors[0]}, {len(inputs) or 'all'} input{'s' * (len(inputs) != 1)}" if factors else ""


def ask() -> None:
    """Opens the dialog, until it is dismissed or used."""
    st.session_state[OPEN] = True


def dialog() -> Mapping[str, Any] | None:
    """Draws the dialog while it is open; the options that were made in it, once."""
    if st.session_state.get(OPEN):
        _dialog()
    return st.session_state.pop(MADE, None)


def with_table(config: SweepConfig, options: Mapping[str, Any]) -> SweepConfig:
    """`config` on a table, trained for as long as suits its number of rows.

    Raises:
        DistillError: for options that cannot be trained on, and where the table is not on this machine.
    """
    chosen = data.choice_of(**{"inputs": (), "factors": (), **options})
    train, _ = data.split_of_all(chosen.codes[chosen.label])
    return replace(config, dataset_options=options, epochs=data.epochs(len(train), config.batch_size))


def last_used(config: SweepConfig) -> SweepConfig | None:
    """`config` on the table that was used last, as it was; None where there is none."""
    for each in tables.brought():
        if each.options:
            try:
                return with_table(config, each.options)
            except DistillError:
                continue
    return None


def _close() -> None:
    st.session_state.pop(OPEN, None)
    st.session_state.pop(TROUBLE, None)


@st.dialog("A table of your own", width="large", on_dismiss=_close)
def _dialog() -> None:
    st.caption(HINT)
    try:
        picked = _picked()
        if picked:
            _choose(picked)
    except DistillError as error:
        say(str(error), alert=True)


def _picked() -> str:
    """The id of a table that was brought before, or is brought now; "" while there is none."""
    there = {each.id: each for each in tables.brought()}
    picked = NEW
    if there:
        if st.session_state.get(TABLE) not in (*there, NEW):
            st.session_state[TABLE] = next(iter(there))
        picked = st.selectbox("Table", [*there, NEW], format_func=lambda id: _called(there.get(id)), key=TABLE)
    if picked == NEW:
        st.file_uploader(
            "A CSV or Parquet file", max_upload_size=round(LARGEST / 1e6), key=FILE, on_change=_bring,
            label_visibility="collapsed",
        )  # fmt: skip
        if TROUBLE in st.session_state:
            say(st.session_state[TROUBLE], alert=True)
    return picked


def _called(table: Brought | None) -> str:
    return f"{table.name}: {table.rows:,} rows, {table.columns} columns" if table else "Bring another file"


def _bring() -> None:
    """Callback of the upload: the table is kept and picked, or what is wrong with it is said."""
    st.session_state.pop(TROUBLE, None)
    file = st.session_state.get(FILE)
    if file is None:
        return
    try:
        st.session_state[TABLE] = tables.bring(file.getvalue(), file.name)
    except DistillError as error:
        st.session_state[TROUBLE] = str(error)


def _choose(id: str) -> None:
    """What the columns of a table hold, and what each is for."""
    table, before = tables.opened(id), tables.known(id)
    used: Mapping[str, Any] = before.options if before else {}
    st.dataframe(_overview(table), hide_index=True, height=min(38 + 35 * len(table.columns), 195))
    labels = class_columns(table)
    if not labels:
        say(f"No column of this table can be its label: {NEEDED}.", alert=True)
        return
    label = st.selectbox("Label: what the code is to keep", labels, _first(labels, used), key=f"own-label-{id}")
    same = [each.name for each in table.columns if each.words is not None and each.distinct == 1]
    if same:
        st.caption(plain(f"Not among the labels, with one class only: {', '.join(same)}."))
    inputs = _inputs(table, label, used, id)
    others = [name for name in labels if name != label]
    factors = st.multiselect(
        "Factors to watch beside it", others, [name for name in _watched(table, used, labels) if name != label],
        key=f"own-factors-{id}-{label}", help="“In thirds”: low, middle and high, with as many rows in each.",
    )  # fmt: skip
    _use_button(id, {"table": id, "inputs": inputs, "factors": [label, *factors]}, len(table.lines))


def _use_button(id: str, options: dict[str, Any], rows: int) -> None:
    """What the choice leaves of the rows, or why it cannot be trained on; and the button that uses it."""
    try:
        if not options["inputs"]:
            raise InvalidValue("choose at least one input")
        say(data.in_words(data.choice_of(**options), rows))
        wrong = False
    except DistillError as error:
        say(str(error), alert=True)
        wrong = True
    if st.button("Use this table", type="primary", disabled=wrong, key="own-use"):
        tables.choose(id, options)
        st.session_state[MADE] = options
        _close()
        st.rerun()


def _inputs(table: Table, label: str, used: Mapping[str, Any], id: str) -> list[str]:
    """The inputs, in the order of the table; of many columns one says which are left out."""
    own = column_of(table, label)[0].name
    usual = [name for name in input_columns(table) if name != own]
    fit = [each.name for each in table.columns if each.name != own and not input_fault(table, each)]
    chosen = [name for name in used.get("inputs", usual) if name in fit] or usual
    key = f"own-inputs-{id}-{label}"
    if len(fit) > SEVERAL:
        out = st.multiselect(f"Inputs: {len(fit)} columns of numbers, without", fit, _not_in(fit, chosen), key=key)
        chosen = _not_in(fit, out)
    else:
        chosen = st.multiselect("Inputs", fit, chosen, key=key)
    faults = [f"{each.name}: {_why_not(table, each)}" for each in table.columns if each.name not in (*chosen, own)]
    told = [each for each in faults if not each.endswith(": ")]
    if told:
        st.caption("Not among the inputs. " + plain("; ".join(told)) + ".")
    return [name for name in fit if name in chosen]


def _why_not(table: Table, column: Column) -> str:
    """Why a column is no input, where that is worth a word: of text it goes without saying."""
    if column.numbers is None and not column.missing.all():
        return ""
    return "it only counts the rows" if counts_rows(column) else input_fault(table, column).removesuffix(CORRECT)


def _not_in(names: list[str], others: list[str]) -> list[str]:
    return [name for name in names if name not in others]


def _first(labels: list[str], used: Mapping[str, Any]) -> int:
    """The place of the label that was used last, or that is called as labels are, or of the first."""
    wanted = [*used.get("factors", [])[:1], *(name for name in labels if name.casefold() in LIKELY)]
    return next((labels.index(name) for name in wanted if name in labels), 0)


def _watched(table: Table, used: Mapping[str, Any], labels: list[str]) -> list[str]:
    """The factors that were watched last, or the columns of text with few classes."""
    if used:
        return [name for name in used["factors"] if name in labels]
    few = [name for name in labels if name in table.names and _is_few(table.column(name))]
    return few[: WATCHED + 1]


def _is_few(column: Column) -> bool:
    return column.numbers is None and column.distinct <= FEW


def _overview(table: Table) -> dict[str, list[str]]:
    """A row for each column: its name, what it holds, and what stands in the first rows."""
    first = np.arange(min(FIRST_ROWS, len(table.lines)))
    shown = [_seen(each, first) for each in table.columns]
    held = [_held(each) for each in table.columns] + [kind for _, kind in table.unread]
    rows = {f"{table.place} {table.lines[i]}": [text[i] for text in shown] + [""] * len(table.unread) for i in first}
    return {"column": [*table.names, *(name for name, _ in table.unread)], "holds": held, **rows}


def _seen(column: Column, rows: np.ndarray) -> list[str]:
    """What stands in some rows, and nothing where nothing does."""
    return ["" if empty else text for text, empty in zip(column.texts(rows), column.missing[rows], strict=True)]


def _held(column: Column) -> str:
    """What a column holds, in words."""
    empty = f", {int(column.missing.sum()):,} empty" if column.missing.any() else ""
    if column.missing.all():
        return "nothing"
    if column.numbers is None:
        return f"text, {column.distinct:,} {'value' if column.distinct == 1 else 'values'}{empty}"
    low, high = np.nanmin(column.numbers), np.nanmax(column.numbers)
    stray = f", text in {len(column.stray)}" if column.stray else ""
    return f"numbers, {low:.4g} to {high:.4g}{stray}{empty}"
