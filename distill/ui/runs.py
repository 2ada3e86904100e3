"""The Runs page: what is being trained, what has been, and what can be done with each."""

import html
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import streamlit as st

from distill import jobs, store
from distill.config import Configuration, SweepConfig
from distill.errors import DistillError
from distill.handle import ALIVE
from distill.jobs import Job
from distill.ui.naming import asked_for, page_of
from distill.ui.opening import guarded, home_link, say
from distill.ui.settings import in_words
from distill.ui.state import State, current, remember

TICK = 1.0  # seconds between two looks at the queue while something is going on
SHOWN = 30  # runs listed at first, and added by each "Show more"
COLUMNS = ("βs", "K", "steps", "status", "size", "last written", "id", "settings")
SAID = ("dataset", "objective", "betas", "latent_dim", "activation")  # settings that a row says elsewhere
TITLE_WIDTH = 230  # pixels
DELETING = "_distill_deleting"  # session_state: id of the run that a person is asked about


@guarded()
def page(state: State) -> None:
    """The whole page."""
    busy = _busy()
    ticking = any(status != "paused" for _, status in busy)
    st.fragment(_queue, run_every=TICK if ticking else None)(busy)
    _lists(state)


def _busy() -> list[tuple[str, str]]:
    """What is going on, as (id, status): while it stays the same, only the queue's own lines are drawn again."""
    return [(job.id, job.status) for job in jobs.queue().jobs() if job.status in ALIVE or job.follow_up]


@guarded()
def _queue(busy: list[tuple[str, str]]) -> None:
    """The jobs of this server; when one begins or ends, the whole page is drawn again."""
    if _busy() != busy:
        st.rerun(scope="app")
    going = [job for job in jobs.queue().jobs() if (job.id, job.status) in busy]
    fallen = [job for job in jobs.queue().jobs() if job.status == "failed" and not store.exists(job.path)]
    if going or fallen:
        _part("In training" if going else "Could not be trained")
    for job in [*going, *fallen]:
        _job(job)


def _job(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"job-{job.id}"):
        name, which, standing = map(html.escape, (_title(job), settings(job.config), _standing(job)))
        st.html(f'<p class="job"><strong>{name}</strong> {which}<span class="figures">{standing}</span></p>')
        _controls(job)
    if job.status in ("running", "paused"):
        st.progress(job.progress)
    if job.message:
        say(job.message, alert=job.status == "failed")


def _controls(job: Job) -> None:
    pausable, paused, alive = job.status in ("queued", "running"), job.status == "paused", job.status in ALIVE
    if pausable and st.button("Pause", key=f"pause-{job.id}"):
        job.pause()
        st.rerun()
    if paused and st.button("Resume", key=f"resume-{job.id}"):
        job.resume()
        st.rerun()
    if alive and st.button("Stop", key=f"stop-{job.id}", help="What has been measured is kept; it can be continued."):
        job.stop()
        st.rerun()


def _standing(job: Job) -> str:
    """Where a job stands, in words."""
    if job.status == "queued":
        return f"waiting, place {job.place} in the queue" if job.place else "about to start"
    if job.status in ("running", "paused"):
        done = f"step {job.step:,} of {job.steps:,}" if job.steps else "preparing"
        left = job.time_left
        return f"{job.status}, {done}" + (f", {duration(left)} left" if left is not None else "")
    return f"trained; computing {job.follow_up}" if job.follow_up else job.status


def _title(job: Job) -> str:
    try:
        return store.summary(job.path).title
    except DistillError:  # before its first snapshot
        return asked_for(job.config)


def _lists(state: State) -> None:
    runs = store.list_runs()
    own = [run for run in runs if not run.example]
    mine = {run.id for run in own}  # an example that was trained here too is shown, and opened, as the own run
    examples = [run for run in runs if run.example and run.id not in mine]
    _part("On this machine")
    if own:
        _soft(
            f"{len(own)} {'run' if len(own) == 1 else 'runs'}, {size(sum(run.size for run in own))}, in {store.root()}"
        )
        _table(own, state, "own")
    else:
        look = "Look at an example below, or go to" if examples else "Go to"
        _soft(f"Nothing has been trained here yet. {look} Explore and press Train; runs are kept in {store.root()}.")
        home_link("Go to Explore", replace(state, run=""))
    if examples:
        _part("Examples that came with Distill")
        _table(examples, state, "examples")


def _table(runs: list[store.Run], state: State, kind: str) -> None:
    shown = st.session_state.get(f"shown-{kind}", SHOWN)
    with st.container(key=f"runs-{kind}", gap=None):
        st.html(_facts(COLUMNS, "head"))
        for run in runs[:shown]:
            _row(run, state)
    if len(runs) > shown and st.button(f"Show more ({len(runs) - shown})", key=f"more-{kind}"):
        st.session_state[f"shown-{kind}"] = shown + SHOWN
        st.rerun()


def _row(run: store.Run, state: State) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"run-{run.id}"):
        if run.damaged:
            st.html('<p class="job">Damaged run</p>', width=TITLE_WIDTH)
        else:
            _link(run)
        st.html(_facts(facts(run)))
        with st.popover("More", key=f"actions-{run.id}"):
            _actions(run, state)
    message = _message(run)
    if message:
        say(message, alert=run.status != "done")


def _link(run: store.Run) -> None:
    """To the page that shows such a run."""
    page = page_of(run.config)
    state = State(**{page.field: run.id})
    if page.file:
        st.page_link(page.file, label=_plain(run.title), query_params=state.to_params(), width=TITLE_WIDTH)
    else:
        home_link(_plain(run.title), state, width=TITLE_WIDTH)


def _message(run: store.Run) -> str:
    """What went wrong with a run, or with what is computed after it."""
    if run.status in ("failed", "damaged"):
        return run.message
    job = jobs.queue().find(run.id)
    return job.message if job and job.status == "done" else ""


def facts(run: store.Run) -> tuple[str, ...]:
    """The cells of a run's row, in the order of COLUMNS."""
    config = run.config
    sweep = isinstance(config, SweepConfig)
    betas, latent = (str(len(config.betas)), str(config.latent_dim)) if sweep else ("–", "–")
    steps = "–" if run.damaged else f"{max(run.last_step, 0):,} of {run.steps:,}"
    when = datetime.fromtimestamp(run.modified).strftime("%Y-%m-%d %H:%M") if run.modified else "–"
    return (betas, latent, steps, run.status, size(run.size), when, run.id, settings(config))


def settings(config: Configuration | None) -> str:
    """The settings that differ from their defaults and that make two runs of one title two: "seed 3, epochs 40"."""
    changes = config.changes() if config else {}
    told = {name: in_words(value) for name, value in changes.items() if name not in SAID}
    named = (
        words if name.endswith("_options") else f"{name.replace('_', ' ')} {words}" for name, words in told.items()
    )
    return ", ".join(named)


def _facts(cells: Iterable[str], kind: str = "") -> str:
    named = zip(COLUMNS, cells, strict=True)
    spans = "".join(f"<span><i>{name} </i>{html.escape(cell)}</span>" for name, cell in named if cell)
    return f'<div class="run-facts {kind}">{spans}</div>'


@guarded()
def _actions(run: store.Run, state: State) -> None:
    """What can be done with a run beside opening it."""
    if not run.damaged:
        _soft("In a notebook")
        st.code(snippet(run), language="python", width=460)
    if run.example:
        _soft("This example came with Distill and stays.")
        return
    if st.session_state.get(DELETING) == run.id:
        _confirm(run, state)
        return
    status, ours = run.status, jobs.queue().find(run.id)
    with st.container(horizontal=True):
        if status in ("stopped", "failed") and run.config and st.button("Continue", key=f"continue-{run.id}"):
            jobs.submit(run.config)
            st.rerun()
        elsewhere = status in ("running", "paused") and (ours is None or ours.status not in ALIVE)
        if elsewhere and st.button("Stop", key=f"stop-run-{run.id}"):
            store.request(run.path, "stop")
            st.rerun()
        if status not in ("running", "paused"):
            st.button("Delete …", key=f"delete-{run.id}", on_click=_ask_about, args=(run.id,))


def _confirm(run: store.Run, state: State) -> None:
    """Asks before a run is deleted."""
    _soft(f"Delete these {size(run.size)}? They cannot be brought back, only trained again.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key=f"confirm-{run.id}"):
            store.delete(run.id)
            if state.run == run.id:
                remember(replace(current(), run=""))
            st.rerun()
        st.button("Keep", key=f"keep-{run.id}", on_click=_ask_about, args=("",))


def _ask_about(run: str) -> None:
    st.session_state[DELETING] = run


def snippet(run: store.Run) -> str:
    """What to paste into a notebook to have the run there."""
    return (
        f'import distill\nrun = distill.open_run("{run.id}")\n\n'
        f'# the same without Distill\nimport xarray\nrun = xarray.open_zarr("{run.path}")'
    )


def size(count: int) -> str:
    """A number of bytes in decimal units, to two or three digits."""
    value, unit = count / 1000, "kB"
    for larger in ("MB", "GB", "TB"):
        if value >= 999.5:
            value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if value >= 99.5 or unit == "kB" else f"{value:.1f} {unit}"


def duration(seconds: float) -> str:
    """A time in the one or two units that matter: 40 s, 3 min, 2 h 10 min."""
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _part(title: str) -> None:
    st.html(f'<h2 class="part">{html.escape(title)}</h2>')


def _soft(text: str) -> None:
    st.html(f'<p class="soft">{html.escape(text)}</p>')


def _plain(text: str) -> str:
    """`text` as a label that Streamlit's Markdown leaves as it is."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~:$])", r"\\\1", text)
