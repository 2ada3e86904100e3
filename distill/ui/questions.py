"""The Questions page: five questions of the field, each with one figure that answers it, and what it does not show."""

import html
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import ModuleType

import streamlit as st
import xarray as xr

from distill import jobs, store
from distill.config import Choice, SweepConfig
from distill.errors import DistillError
from distill.ui import links, looking, settings
from distill.ui.opening import ASSETS, aside, guarded, say
from distill.ui.progress import progress
from distill.ui.questions_content import Answer
from distill.ui.state import State, begun, current, remember

PARTS = ("", "retention", "limit", "abstraction", "reference")
MODULES = {"": "ratio"}  # of the part's file, where it is not the part's own name
TOLD = looking.Told("questions", lambda state: (state.run, state.part))
FITS: Mapping[str, Callable[[SweepConfig], bool]] = {  # which runs a question is best looked at on
    "": lambda config: (config.dataset, config.objective, config.label) == ("digits", "vib", None),
    "retention": lambda config: len(set(config.weights.values())) > 1,
    "limit": lambda config: (config.dataset, config.objective, config.label) == ("digits", "vib", None),
    "abstraction": lambda config: config.dataset == "letters",
    "reference": lambda config: (config.dataset, config.objective, config.label) == ("digits", "vib", None),
}


def question_and_hint() -> tuple[str, str]:
    """The question that the address names, in full, and what to try."""
    shown = _module(looking.part_of(current(), PARTS))
    return shown.QUESTION, shown.HINT


def opening_run(part: str, there: Sequence[store.Run]) -> store.Run | None:
    """The run that a question begins with: a shipped one that answers it, else any that does."""
    fit = [run for run in there if FITS[part](run.config)]
    return next((run for run in fit if store.examples() in run.path.parents), next(iter(fit), None))


@guarded()
def page(state: State) -> None:
    """The whole page: the five questions at the side, the one that is asked beside them."""
    st.html(ASSETS / "questions.css")
    state = replace(state, part=looking.part_of(state, PARTS))
    TOLD.heed(state)
    there = looking.sweeps()
    opens = opening_run(state.part, there)
    if opens is not None and not (state.run or state.data or state.objective):
        state = replace(state, run=opens.id)
    run = looking.looked_at(state, there)
    if run is None:
        return
    with aside():
        picked = looking.run_picker(run, there, "questions")
        settings.link_menu()
    side, body = st.columns([1, 4.4], gap="medium")
    with side:
        part = _asked(state.part)
    if (part, picked) != (state.part, run.id):
        turned = looking.turned_to(current(), _beside(part, picked, state.part, run, there), run)
        remember(replace(turned, part=part))
        st.rerun()
    going, pace = looking.going(run)
    with body:
        st.fragment(_scene, run_every=pace)(run, replace(state, run=run.id), going)


def _asked(part: str) -> str:
    """The list of questions; the one that was picked."""
    picked = st.radio(
        "Questions", PARTS, PARTS.index(part), format_func=_numbered, key=f"questions-part-{part}",
        label_visibility="collapsed",
    )  # fmt: skip
    return part if picked is None else picked


def _numbered(part: str) -> str:
    return f"{PARTS.index(part) + 1}\u2002{_module(part).SHORT}"


def _beside(part: str, picked: str, before: str, run: store.Run, there: Sequence[store.Run]) -> str:
    """The run that another question is looked at on: the one that was chosen, or the one that the question opens with
    where the present one is only what the last question opened with.
    """
    opened, opens = opening_run(before, there), opening_run(part, there)
    own = picked != run.id or opened is None or opened.id != run.id
    return picked if part == before or own or opens is None else opens.id


@guarded()
def _scene(run: store.Run, state: State, going: str) -> None:
    """The figure, what it shows and what it does not; drawn again when the slider is let go."""
    if looking.going(run)[0] != going:
        st.rerun(scope="app")
    if going:
        progress(jobs.queue().find(run.id), "questions")
    data = looking.followed(run.path)
    try:
        answer = _answered(data, state.part)
    except DistillError as error:
        say(str(error))
        _elsewhere(state)
        return
    _within(answer.walked)
    looking.mounted(answer.walked, key_of(state.part), TOLD, answer.build, Choice(), *answer.same)
    _said(answer)


def _within(walked: xr.Dataset) -> None:
    """A β from another question, beyond the βs that are walked here, is let go: the look begins at this one's own."""
    said, betas = current().beta, walked.beta.values
    if said is not None and not betas.min() * 0.99 <= said <= betas.max() * 1.01:
        remember(replace(current(), beta=None))


def key_of(part: str) -> str:
    """The key of the part's stage."""
    return f"questions-stage-{_name(part)}"


def _answered(run: xr.Dataset, part: str) -> Answer:
    """The part's answer for `run`, worked out once for each state of the run and of what it is compared with."""
    shown = _module(part)
    same = looking.version(run), shown.beside(run) if hasattr(shown, "beside") else ()
    return looking.once(f"_questions_{part}_answer", same, lambda: shown.answer(run))


def _said(answer: Answer) -> None:
    """The two sentences, and the links."""
    both = (("It shows", answer.shows), ("It does not show", answer.shows_not))
    blocks = "".join(f"<div><h2>{title}</h2><p>{_written(words)}</p></div>" for title, words in both)
    st.html(f'<div class="questions-said figures">{blocks}</div>')
    with st.container(horizontal=True, gap="medium", key="questions-deeper"):
        for link in answer.deeper:
            if links.HERE.joinpath(link.file).exists():
                there = replace(current(), **{"part": ""} | dict(link.changes))
                st.page_link(link.file, label=link.label, query_params=there.to_params())


def _written(words: str) -> str:
    return html.escape(begun(words)).replace("r_min", "r<sub>min</sub>")


def _elsewhere(state: State) -> None:
    """Where this run has no answer: the one that has."""
    opens = opening_run(state.part, looking.sweeps())
    if opens is not None and opens.id != state.run:
        there = replace(current(), run=opens.id, beta=None, step=None)
        st.page_link("pages/8_questions.py", label=f"Ask it of {opens.title}", query_params=there.to_params())


def _name(part: str) -> str:
    return MODULES.get(part, part)


def _module(part: str) -> ModuleType:
    return importlib.import_module(f"distill.ui.questions_{_name(part)}")
