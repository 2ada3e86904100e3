"""The Exact page: choose a known distribution, and squeeze the best code that there is for it."""

import html
from collections.abc import Sequence
from dataclasses import replace
from inspect import signature

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from distill import registry
from distill.config import SweepConfig
from distill.errors import DistillError
from distill.ui import tables
from distill.ui.exact_content import Source, answer_of, first, packed, sentences
from distill.ui.explore import DRAFT
from distill.ui.opening import aside, guarded, say
from distill.ui.settings import defaults, link_menu
from distill.ui.stage import stage
from distill.ui.state import State, current, remember
from distill.ui.tables import PRESETS, TITLES, Table

KEY, GOOD = "exact-stage", "_exact_good"  # the component; the last source that had an answer
BASE, TOLD, SERIAL = "_exact_base", "_exact_told", "_exact_serial"  # the editor's table; the link's; which editor
BETA, MOVES = "_exact_beta", "_exact_moves"  # what the address was given last; how often it moved the slider
MINE = "_exact_mine"  # the last table of one's own, as in a link
FIRST, RHO, OWN, CORNER = "four", (0.9, 0.6), "own", "x \\ y"
SOURCES = {"letters": "Letters of English", "gaussian": "Gaussian"} | TITLES | {OWN: "A table of your own"}


@guarded()
def page(state: State) -> None:
    """The whole page: the stage, and below it the table that it is drawn from."""
    top, bottom = st.container(), st.container()
    with aside():
        name = _pick(state)
    source = _found(name, state, bottom)
    with aside():
        _train_button(source)
        link_menu()
    with top:
        st.fragment(_scene)(source)


def _pick(state: State) -> str:
    """The source that the address says; another choice goes into the address, and begins at its own β."""
    here = state.source or ("table" if state.table else "letters")
    if here == "table":
        here = state.table if state.table in PRESETS else OWN if state.table else FIRST
    if here == OWN:
        st.session_state[MINE] = state.table
    options = [name for name in SOURCES if name != OWN or MINE in st.session_state]
    name = st.selectbox(
        "Source", options, options.index(here), format_func=SOURCES.get, key=f"exact-source-{here}",
        label_visibility="collapsed", width=260,
    )  # fmt: skip
    if name != here:
        of_table = name not in ("letters", "gaussian")
        written = st.session_state[MINE] if name == OWN else name
        kind, table = ("table", written) if of_table else (name, "")
        remember(replace(current(), source=kind, table=table, beta=None))
        st.rerun()
    return name


def _found(name: str, state: State, below: DeltaGenerator) -> Source:
    """What is to be shown: where what was written has no answer, a sentence says why and the last picture stays."""
    hint = None
    try:
        if name == "gaussian":
            with aside():
                source = Source("Gaussian", rho=_correlations(state))
        elif name == "letters":
            source = Source("Letters of English, next letter")
        else:
            with below:
                left, right = st.columns([3, 2], gap="large")
            left.html('<h2 class="part">The joint table</h2>')
            hint = right.empty()
            source = Source(SOURCES[name], _edited(state, left, right))
            hint.html(f'<p class="soft">{EDITING}</p>')
        with st.spinner("Computing the exact answer …"):
            answer_of(source)
    except DistillError as error:
        kept = st.session_state.get(GOOD, Source(TITLES[FIRST], PRESETS[FIRST]))
        with hint or below:
            say(f"{error}. The picture above is as it was.", alert=True)
        return kept
    st.session_state[GOOD] = source
    return source


def _correlations(state: State) -> tuple[float, ...]:
    said = state.rho or ", ".join(f"{rho:g}" for rho in RHO)
    text = st.text_input(
        "Correlations ρ of X and Y", said, key=f"exact-rho-{state.rho}", label_visibility="collapsed", width=150,
        help="Canonical correlations of X and Y, with commas between.",
    )  # fmt: skip
    found = tables.correlations(text)
    told = ", ".join(f"{rho:g}" for rho in found)
    if told != said:
        remember(replace(current(), source="gaussian", rho=told))
        st.rerun()
    return found


def _edited(state: State, left: DeltaGenerator, right: DeltaGenerator) -> Table:
    """The editor of the joint table, and the table that it now says; raises InvalidValue for one that is none.

    The editor keeps what was typed as changes of the table that it was given, so that it is given another one only
    where the address says another, or the columns are others.
    """
    text, memory = state.table or FIRST, st.session_state
    if memory.get(TOLD) != text or BASE not in memory:
        _begin(tables.read(text), text)
    base: Table = memory[BASE]
    numbers = {name: st.column_config.NumberColumn(min_value=0, default=0, format="%.4g") for name in base.y}
    with left:
        frame = st.data_editor(
            _frame(base), key=f"exact-editor-{memory[SERIAL]}", num_rows="dynamic", hide_index=True, width="stretch",
            column_config=numbers,
        )  # fmt: skip
    columns = right.text_input("Columns: the values of y", ", ".join(base.y), key=f"exact-columns-{memory[SERIAL]}")
    names = tuple(name.strip() for name in columns.split(",") if name.strip())
    table = _table(frame, base.y)
    if names != base.y:
        table = _with_columns(table, names)
        _begin(table, "")
    if table != tables.read(text):  # and not of the editor's own: what was changed may have been changed back
        memory[TOLD] = tables.written(table)
        if memory[TOLD] != text:
            remember(replace(current(), source="table", table=memory[TOLD]))
            st.rerun()
    return table


EDITING = (
    "Counts or probabilities p(x, y): rows are what is compressed, columns are what it is to tell. "
    "Click a cell to change it, the last row to add one; tick rows and press Delete to take them out."
)


def _begin(table: Table, told: str) -> None:
    """A new editor that begins with `table`; `told` is the text in the address."""
    memory = st.session_state
    memory[BASE], memory[TOLD], memory[SERIAL] = table, told, memory.get(SERIAL, 0) + 1


def _frame(table: Table) -> pd.DataFrame:
    return pd.DataFrame({CORNER: table.x} | {name: table.array[:, j] for j, name in enumerate(table.y)})


def _table(frame: pd.DataFrame, columns: tuple[str, ...]) -> Table:
    """What an editor's frame says; a row just added, in which nothing stands yet, is none."""
    names, rows = [], []
    for name, *row in frame[[CORNER, *columns]].itertuples(index=False):
        blank = name is None or pd.isna(name) or not str(name).strip()
        if blank and not pd.Series(row).fillna(0).any():
            continue
        names.append(f"x{len(names) + 1}" if blank else str(name).strip())
        rows.append(tuple(map(float, pd.Series(row, dtype=float))))
    return Table(tuple(names), columns, tuple(rows))


def _with_columns(table: Table, names: tuple[str, ...]) -> Table:
    """The same table with these columns: known names keep their numbers; a new name in a lost one's place has its."""
    old = dict(zip(table.y, table.array.T.tolist(), strict=True))
    lost = [was if was not in names else None for was in table.y] + [None] * len(names)
    empty = [0.0] * len(table.x)
    new = [old.get(name) or old.get(was, empty) for name, was in zip(names, lost, strict=False)]
    return Table(table.x, names, tuple(zip(*new, strict=True)))


@guarded()
def _scene(source: Source) -> None:
    """The stage and what it says in words; drawn again when the slider is let go."""
    answer, memory = answer_of(source), st.session_state
    betas, said = answer.beta.values, current().beta
    if memory.get(BETA) is not None and said is not None and said != memory[BETA]:
        memory[MOVES] = memory.get(MOVES, 0) + 1  # Back, Forward or an edited address
    within = said is not None and 0.99 * betas[0] <= said <= 1.01 * betas[-1]  # else it is of another page
    index = current().beta_index(betas, default=first(answer)) if within else first(answer)
    at = stage(replace(packed(source), index=index, revision=memory.get(MOVES, 0)), key=KEY)
    memory[BETA] = float(f"{betas[at.index]:.6g}")
    remember(replace(current(), beta=memory[BETA]))
    words = " ".join(sentences(source, at.index))
    st.html(f'<p class="soft figures" style="max-width:130ch;min-height:2.9em">{html.escape(words)}</p>')


def _train_button(source: Source) -> None:
    """To the Explore page, with settings for a network that learns this source."""
    if st.button("Train a network on this", key="exact-train", help="Opens Explore with this source as its data set."):
        config = _learner(source)
        st.session_state[DRAFT] = config
        there = replace(current(), run="", data=config.dataset, objective=config.objective, step=None)
        st.switch_page("app.py", query_params=there.to_params())


def _learner(source: Source) -> SweepConfig:
    """What is trained to learn `source`: what suits its data set, with room for every direction of a Gaussian."""
    data = "gaussian" if source.rho else "joint" if source.table else "letters"
    given = {"rho": list(source.rho)} if source.rho else {}
    if source.table:
        given = {"p": [list(row) for row in source.table.values]}
    usual = signature(registry.module("datasets", data).make).parameters
    options = {name: value for name, value in given.items() if not _same(value, usual[name].default)}
    config = defaults(data, "vib")
    return replace(config, dataset_options=options, latent_dim=max(config.latent_dim, len(source.rho)))


def _same(value: list, usual: Sequence) -> bool:
    """Whether an option is what the data set takes where it is not said, so that the run is the same run."""
    return np.array_equal(np.array(value, dtype=float), np.array(usual, dtype=float))
