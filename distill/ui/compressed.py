"""The Compressed-models page: one network made smaller in three ways, what that costs, and what it still keeps."""

import html
from dataclasses import replace

import streamlit as st
import xarray as xr

from distill import jobs, store
from distill.config import SweepConfig
from distill.errors import DistillError
from distill.handle import ALIVE
from distill.shrink_config import ShrinkConfig
from distill.ui import compressed_content, compressed_settings, following, looking, settings
from distill.ui.envelope import pack
from distill.ui.opening import ASSETS, aside, guarded, say
from distill.ui.stage import stage
from distill.ui.state import State, current, remember

PARTS = {"": "Fewer bits", "sparsity": "Fewer weights", "students": "Smaller students"}
QUESTIONS = {
    "": (
        "How few bits before it forgets?",
        "Drag to fewer bits and watch what gives first.",
    ),
    "sparsity": (
        "How few weights before it forgets?",
        "Drag to more zeros; compare with fine-tuning.",
    ),
    "students": (
        "How small can a student be?",
        "Drag to fewer units; compare with one taught alone.",
    ),
}
STAGES = {
    "teacher": "Training the networks", "fine-tuning": "Fine-tuning the pruned networks",
    "students": "Training the students",
}  # fmt: skip
WHY = (
    "Bits and weights saved here shrink the map from X to Z; β shrinks the code Z itself: two different quantities, "
    "never on one axis."
)
LIVE = 1.0  # seconds between two looks while something is trained
KEY, DRAFT = "compressed-stage", "_compressed_draft"
TOLD = looking.Told("compressed", lambda state: (state.shrink, state.part), sliders=("at",))


def question_and_hint() -> tuple[str, str]:
    """The question of the part that the address names, and what to try."""
    return QUESTIONS[looking.part_of(current(), [*PARTS])]


@guarded()
def page(state: State) -> None:
    """The whole page."""
    st.html(ASSETS / "compressed.css")
    state = replace(state, part=looking.part_of(state, [*PARTS]))
    state = TOLD.own(state, "wall")
    TOLD.heed(state)
    config, sentence = _drafted(state)
    with aside():
        changed = compressed_settings.controls(config)
        _train_button(changed)
        _parts(state)
        settings.link_menu()
    if sentence:
        say(sentence)
    if changed != config:
        _move_to(changed)
        return
    st.session_state[DRAFT] = config
    st.fragment(_shown, run_every=LIVE if following.going(config) else None)(
        config, state.part, following.standing(config)
    )


def _parts(state: State) -> None:
    """The row of parts; another one goes into the address, its slider where a look begins."""
    part = st.segmented_control(
        "Part", list(PARTS), default=state.part, format_func=PARTS.get, key=f"compressed-part-{state.part}",
        label_visibility="collapsed",
    )  # fmt: skip
    if part is not None and part != state.part:
        remember(replace(current(), part=part, at=None))
        st.rerun()


# --- which network


def _drafted(state: State) -> tuple[ShrinkConfig, str]:
    """What the controls begin with: the address's run, else what was last chosen here, else the example."""
    draft: ShrinkConfig | None = st.session_state.get(DRAFT)
    if draft and state.shrink in ("", draft.id):
        return draft, ""
    if not state.shrink:
        return _of_sweep(state) or ShrinkConfig(), ""
    try:
        return following.config_of(state.shrink, ShrinkConfig, "has no compressed models"), ""
    except DistillError as error:
        remember(replace(state, shrink="", at=None))
        return draft or ShrinkConfig(), f"{error}. Another run is shown instead."


def _of_sweep(state: State) -> ShrinkConfig | None:
    """The network of the sweep and the β that the address is about, where that has been made smaller already."""
    try:
        sweep = store.summary(store.path_of(state.run)).config if state.run else None
        found = compressed_settings.network_of(sweep, state.beta) if isinstance(sweep, SweepConfig) else None
    except DistillError:
        return None
    return found if found is not None and following.path_of(found) else None


def _move_to(config: ShrinkConfig) -> None:
    """Other settings: show their run, where there is one."""
    st.session_state[DRAFT] = config
    there = following.path_of(config) or following.job_of(config)
    remember(replace(current(), shrink=config.id if there else "", at=None))
    st.rerun()


# --- its training


def _train_button(config: ShrinkConfig) -> None:
    """Train, or pause and stop what is going on."""
    if following.train_button([config], "Train", what_it_does(config), "compressed"):
        with guarded():
            jobs.submit(config, anew=following.finished(config))
            remember(replace(current(), shrink=config.id, at=None))
            st.rerun()


def what_it_does(config: ShrinkConfig) -> str:
    """What the button begins, in a sentence."""
    count = f"{config.seeds} networks are" if config.seeds > 1 else "The network is"
    return (
        f"{count} trained anew, each with its own seed, since curves need their spread; then quantised, pruned and "
        f"fine-tuned for {config.tune_epochs:,} epochs, and {len(config.widths)} widths of students are trained with a "
        "teacher and alone."
    )


# --- what is shown


@guarded()
def _shown(config: ShrinkConfig, part: str, standing: tuple[str, bool]) -> None:
    """Progress, sentences and the stage; drawn again at every tick, and when the slider is let go."""
    if following.standing(config) != standing:
        st.rerun(scope="app")
    path = following.path_of(config)
    run = looking.newest(path) if path else None
    # always the same containers, so that the stage stays the same element and nothing jumps
    with st.container(height=34, border=False, key="compressed-progress"):
        _progress(config, run)
    with st.container(key="compressed-said", gap=None):
        _said(config, run, part)
    with st.container(key="compressed-scene"):
        if run is not None:
            _stage(config, run, part)


def _progress(config: ShrinkConfig, run: xr.Dataset | None) -> None:
    """One line and a bar while something is trained: which of the three trainings, and how far."""
    job = following.job_of(config)
    if job is None or job.status not in ALIVE:
        return
    if run is not None and not job.anew and "accuracy_width" in run and job.status == "running":
        st.progress(1.0, text="Probing what the codes of all networks still keep")
        return
    now = STAGES["teacher"] if run is None or job.anew else STAGES[str(run.stage.values[-1])]
    st.progress(job.progress, text=settings.standing(job).replace("Training", now))


def _said(config: ShrinkConfig, run: xr.Dataset | None, part: str) -> None:
    """The answer in one sentence, what went wrong, and what is lacking."""
    job, elsewhere = following.job_of(config), following.elsewhere(config)
    alive = job is not None and job.status in ALIVE
    if job and job.message and not alive:
        say(job.message, alert=job.status == "failed")
    if elsewhere:
        say("Another process is training this run; it is followed here.")
    if run is None and not (job and job.status == "failed"):
        on_its_way = alive or elsewhere
        say(
            "The first numbers are on their way."
            if on_its_way
            else f"This network has not been made smaller yet. Press Train. {what_it_does(config)}"
        )
    elif where := following.cut_short(config):
        say(f"This run was cut short {where}. Press Train to go on from there.")
    if run is not None:
        _answer(config, run, part)


def _answer(config: ShrinkConfig, run: xr.Dataset, part: str) -> None:
    answer = compressed_content.verdict(run, part) or "The curves appear as they are found."
    anew = f"{config.seeds} networks are trained anew, a seed each, since curves need their spread." * (
        config.seeds > 1
    )
    st.html(
        f'<p class="soft compressed-verdict"><strong>{html.escape(answer)}</strong> '
        f"{html.escape(anew)} {html.escape(WHY)}</p>"
    )
    if sentence := compressed_content.beyond(run, part, current().at):
        say(sentence)


def _stage(config: ShrinkConfig, run: xr.Dataset, part: str) -> None:
    """The stage; writes where its slider is let go into the address."""
    state, family = current(), compressed_content.OF_PART[part]
    same = (*looking.version(run), run.attrs.get("extended"), *compressed_content.seen(run), part)
    packed = looking.once("_compressed_packed", same, lambda: pack(compressed_content.shrink_stage(run, part)))
    place = compressed_content.place_of(run, part, state.at)
    released = stage(replace(packed, revision=TOLD.moves, index=place), key=f"{KEY}-{part or 'bits'}")
    value = compressed_content.values_of(run, family)[released.index]
    begins = released.index == compressed_content.first_place(run, family)
    told = replace(state, shrink=config.id, part=part, at=None if begins and state.at is None else value)
    TOLD.write(told)
    remember(told)
