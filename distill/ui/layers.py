"""The Layers page: plain networks trained many at once, and what three estimators say of every layer as they learn."""

from dataclasses import replace

import streamlit as st
import xarray as xr

from distill import jobs, store
from distill.errors import DistillError
from distill.handle import ALIVE
from distill.jobs import Job
from distill.kinds import read
from distill.layer_config import ACTIVATIONS, LayersConfig
from distill.ui import layer_settings, looking, settings
from distill.ui.envelope import Packed, pack
from distill.ui.layer_settings import Pair
from distill.ui.layers_content import layers_stage, shared_epochs
from distill.ui.opening import ASSETS, aside, guarded, say
from distill.ui.stage import stage
from distill.ui.state import State, current, remember

EARLY = 0.1  # of the steps
LIVE = 1.0  # seconds between two looks while something is trained
KEY, DRAFT = "layers-stage", "_layers_draft"
TOLD = looking.Told("layers", lambda state: state.layers, sliders=("epoch",))
WHY = (
    "Binned values are entropies of rounded activations and not I(X;T), which stays as it is in a deterministic "
    "network that maps no two items to one: what falls is clustering (Goldfeld et al. 2019)."
)


@guarded()
def page(state: State) -> None:
    """The whole page."""
    st.html(ASSETS / "layers.css")
    TOLD.heed(state)
    pair, sentence = _drafted(state)
    with aside():
        changed = layer_settings.controls(pair)
        _train_button(changed)
        settings.link_menu()
    if sentence:
        say(sentence)
    if changed != pair:
        _move_to(changed)
    else:
        st.session_state[DRAFT] = pair
        st.html(f'<p class="soft layers-why">{WHY}</p>')
        st.fragment(_scene, run_every=LIVE if any(map(_going, pair)) else None)(pair, _standings(pair))


def _drafted(state: State) -> tuple[Pair, str]:
    """What the controls begin with: the address's runs, else what was last chosen here, else the examples."""
    draft: Pair = st.session_state.get(DRAFT, (LayersConfig(), LayersConfig(activation="relu")))
    if not state.layers or state.layers == _ids(draft):
        return draft, ""
    try:
        found = tuple(_config_of(each) for each in state.layers.split(","))
    except DistillError as error:
        remember(replace(state, layers="", epoch=None))
        return draft, f"{error}. An example is shown instead."
    return found, ""


def _config_of(run: str) -> LayersConfig:
    """What the run in the address was asked to do; raises DistillError where it is not there, or no run of layers."""
    try:
        config = read(str(store.summary(store.path_of(run)).attrs["config"]))
    except (KeyError, ValueError, TypeError) as error:
        if isinstance(error, DistillError):
            raise
        raise DistillError(f"run '{run}' is of another version of Distill") from None
    if not isinstance(config, LayersConfig):
        raise DistillError(f"run '{run}' is a sweep over β and no run of layers; it opens on Explore")
    return config


def _ids(pair: Pair) -> str:
    return ",".join(config.id for config in pair)


def _move_to(pair: Pair) -> None:
    """Other settings: show their runs, where there are some."""
    st.session_state[DRAFT] = pair
    there = all(_path(config) or jobs.queue().find(config.id) for config in pair)
    remember(replace(current(), layers=_ids(pair) if there else "", epoch=None))
    st.rerun()


def _path(config: LayersConfig) -> store.Path | None:
    """The run of these settings, of this machine or an example."""
    try:
        path = store.path_of(config.id)
    except DistillError:
        return None
    return path if store.exists(path) else None


def _train_button(pair: Pair) -> None:
    """Train both, or pause and stop what is going on."""
    alive = [job for job in map(_job, pair) if job and job.status in ALIVE]
    if alive:
        resting = all(job.status == "paused" for job in alive)
        # Stop is not the one that appears under the pointer that has just pressed Train
        st.button("Stop", on_click=_each, args=(alive, Job.stop), key="layers-stop", help="What was measured stays.")
        act = Job.resume if resting else Job.pause
        st.button("Resume" if resting else "Pause", on_click=_each, args=(alive, act), key="layers-pause")
        return
    if any(map(_elsewhere, pair)):
        st.button("Train", disabled=True, key="layers-elsewhere", help="Another process is training one of these runs.")
        return
    count = pair[0].seeds
    words = f"Train {len(pair)} × {count} networks" if len(pair) > 1 else f"Train {count} networks"
    if st.button(words, type="primary", key="layers-train", help=_what_it_does(pair)):
        with guarded():
            for config in _unfinished(pair) or pair:
                jobs.submit(config, anew=_finished(config))
            remember(replace(current(), layers=_ids(pair), epoch=None))
            st.rerun()


def _what_it_does(pair: Pair) -> str:
    own = "each with a start and an order of batches of its own"
    return f"{pair[0].seeds} networks of each kind at once, {own}, for {pair[0].epochs:,} epochs."


def _each(alive: list[Job], act: object) -> None:
    for job in alive:
        act(job)


def _job(config: LayersConfig) -> Job | None:
    return jobs.queue().find(config.id)


def _finished(config: LayersConfig) -> bool:
    """Whether the run was trained to its end here; an example was not trained here."""
    mine = store.place_of(config)
    return store.exists(mine) and store.summary(mine).complete


def _unfinished(pair: Pair) -> list[LayersConfig]:
    """What there is no complete run of, an example included: pressing Train trains only these."""
    return [config for config in pair if (path := _path(config)) is None or not store.summary(path).complete]


def _elsewhere(config: LayersConfig) -> bool:
    """Whether a process other than this server's worker trains the run now."""
    job, mine = _job(config), store.place_of(config)
    if job and job.status in ALIVE:
        return False
    return store.exists(mine) and store.state(mine) in ("running", "paused")


def _going(config: LayersConfig) -> bool:
    job = _job(config)
    return _elsewhere(config) or (job is not None and job.status in ("queued", "running"))


def _awaited(config: LayersConfig) -> bool:
    """Whether a first snapshot is on its way, or waits for somebody to press Resume."""
    job = _job(config)
    return _elsewhere(config) or (job is not None and job.status in ALIVE)


def _standings(pair: Pair) -> list[tuple[str, bool]]:
    """What the buttons and the pace of the stage depend on."""
    return [(job.status if (job := _job(config)) else "", _elsewhere(config)) for config in pair]


@guarded()
def _scene(pair: Pair, standings: list[tuple[str, bool]]) -> None:
    """Progress and the stage; drawn again at every tick, and when the slider is let go."""
    if _standings(pair) != standings:
        st.rerun(scope="app")
    runs = [run for config in pair if (path := _path(config)) and (run := looking.newest(path)) is not None]
    # always the same three, so that the stage stays the same element and nothing jumps
    with st.container(height=34, border=False, key="layers-progress"):
        _progress(pair)
    with st.container(key="layers-said", gap=None):
        _said(pair, runs)
    with st.container(key="layers-scene"):
        if runs:
            _stage(runs, pair)


def _progress(pair: Pair) -> None:
    """One line and a bar while something is trained: of the one that is being trained now."""
    alive = [(config, job) for config in pair if (job := _job(config)) and job.status in ALIVE]
    if alive:
        config, job = next((each for each in alive if each[1].active), alive[0])
        waits = f" · then {len(alive) - 1} more" if len(alive) > 1 else ""
        st.progress(_share(config, job), text=f"{ACTIVATIONS[config.activation]}: {_standing(config, job)}{waits}")


def _share(config: LayersConfig, job: Job) -> float:
    """How much is done: half of the snapshots fall into the first hundredth of the steps, and take their time."""
    return min(1.0, 0.5 * job.progress + 0.5 * (0 if job.anew else job.snapshots) / config.snapshots)


def _standing(config: LayersConfig, job: Job) -> str:
    """Where a training stands; how long it still takes is not known while the snapshots are dense."""
    if job.status == "running" and job.steps and job.step < EARLY * job.steps:
        return f"Training · step {job.step:,} of {job.steps:,}, snapshot {job.snapshots} of {config.snapshots}"
    return settings.standing(job)


def _said(pair: Pair, runs: list[xr.Dataset]) -> None:
    """What went wrong and what is lacking, in sentences."""
    for config in pair:
        if (job := _job(config)) and job.message and job.status not in ALIVE:
            say(f"{ACTIVATIONS[config.activation]}: {job.message}", alert=job.status == "failed")
    if any(map(_elsewhere, pair)):
        say("Another process is training one of these runs; it is followed here.")
    there = {str(run.attrs["id"]) for run in runs}
    lacking = [ACTIVATIONS[config.activation] for config in pair if config.id not in there and not _awaited(config)]
    if lacking:
        names = ", ".join(lacking)
        say(f"Nothing has been trained with these settings yet ({names}). Press Train. {_what_it_does(pair)}")
    elif not runs:
        say("The first snapshot is on its way.")
    for config in pair:
        path, job = _path(config), _job(config)
        if path and not (job and (job.status in ALIVE or job.message)) and not _elsewhere(config):
            at = store.summary(path)
            if not at.complete:
                where = f"at step {at.last_step:,} of {at.steps:,}"
                say(f"The {ACTIVATIONS[config.activation]} run was cut short {where}. Press Train to go on from there.")


def _stage(runs: list[xr.Dataset], pair: Pair) -> None:
    state, times = current(), shared_epochs(runs)
    packed = _packed(runs)
    place = len(times) - 1 if state.epoch is None else int(abs(times - state.epoch).argmin())
    at = stage(replace(packed, revision=TOLD.moves, step=place), key=KEY)
    last = at.step >= len(times) - 1 or any(map(_going, pair))
    epoch = None if last else float(f"{times[at.step]:.5g}")
    told = replace(state, layers=_ids(pair) if len(runs) == len(pair) else state.layers, epoch=epoch)
    TOLD.write(told)
    remember(told)


def _packed(runs: list[xr.Dataset]) -> Packed:
    """The packed stage, kept until a run grows: where the slider stands changes nothing."""
    return looking.once("_layers_packed", list(map(looking.version, runs)), lambda: pack(layers_stage(runs, None)))
