"""The Layers page: plain networks trained many at once, and what three estimators say of every layer as they learn."""

from dataclasses import replace

import streamlit as st
import xarray as xr

from distill import jobs, store
from distill.errors import DistillError
from distill.handle import ALIVE
from distill.jobs import Job
from distill.layer_config import ACTIVATIONS, LayersConfig
from distill.ui import following, layer_settings, looking, settings
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
        st.fragment(_scene, run_every=LIVE if any(map(following.going, pair)) else None)(pair, _standings(pair))


def _drafted(state: State) -> tuple[Pair, str]:
    """What the controls begin with: the address's runs, else what was last chosen here, else the examples."""
    draft: Pair = st.session_state.get(DRAFT, (LayersConfig(), LayersConfig(activation="relu")))
    if not state.layers or state.layers == _ids(draft):
        return draft, ""
    try:
        found = tuple(
            following.config_of(each, LayersConfig, "is no run of layers") for each in state.layers.split(",")
        )
    except DistillError as error:
        remember(replace(state, layers="", epoch=None))
        return draft, f"{error}. An example is shown instead."
    return found, ""


def _ids(pair: Pair) -> str:
    return ",".join(config.id for config in pair)


def _move_to(pair: Pair) -> None:
    """Other settings: show their runs, where there are some."""
    st.session_state[DRAFT] = pair
    there = all(following.path_of(config) or following.job_of(config) for config in pair)
    remember(replace(current(), layers=_ids(pair) if there else "", epoch=None))
    st.rerun()


def _train_button(pair: Pair) -> None:
    """Train both, or pause and stop what is going on."""
    count = pair[0].seeds
    words = f"Train {len(pair)} × {count} networks" if len(pair) > 1 else f"Train {count} networks"
    if following.train_button(pair, words, _what_it_does(pair), "layers"):
        with guarded():
            for config in _unfinished(pair) or pair:
                jobs.submit(config, anew=following.finished(config))
            remember(replace(current(), layers=_ids(pair), epoch=None))
            st.rerun()


def _what_it_does(pair: Pair) -> str:
    own = "each with a start and an order of batches of its own"
    return f"{pair[0].seeds} networks of each kind at once, {own}, for {pair[0].epochs:,} epochs."


def _unfinished(pair: Pair) -> list[LayersConfig]:
    """What there is no complete run of, an example included: pressing Train trains only these."""
    return [
        config for config in pair if (path := following.path_of(config)) is None or not store.summary(path).complete
    ]


def _standings(pair: Pair) -> list[tuple[str, bool]]:
    """What the buttons and the pace of the stage depend on."""
    return [following.standing(config) for config in pair]


@guarded()
def _scene(pair: Pair, standings: list[tuple[str, bool]]) -> None:
    """Progress and the stage; drawn again at every tick, and when the slider is let go."""
    if _standings(pair) != standings:
        st.rerun(scope="app")
    runs = [run for config in pair if (path := following.path_of(config)) and (run := looking.newest(path)) is not None]
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
    alive = [(config, job) for config in pair if (job := following.job_of(config)) and job.status in ALIVE]
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
        if (job := following.job_of(config)) and job.message and job.status not in ALIVE:
            say(f"{ACTIVATIONS[config.activation]}: {job.message}", alert=job.status == "failed")
    if any(map(following.elsewhere, pair)):
        say("Another process is training one of these runs; it is followed here.")
    there = {str(run.attrs["id"]) for run in runs}
    lacking = [
        ACTIVATIONS[config.activation] for config in pair if config.id not in there and not following.awaited(config)
    ]
    if lacking:
        names = ", ".join(lacking)
        say(f"Nothing has been trained with these settings yet ({names}). Press Train. {_what_it_does(pair)}")
    elif not runs:
        say("The first snapshot is on its way.")
    for config in pair:
        if where := following.cut_short(config):
            name = ACTIVATIONS[config.activation]
            say(f"The {name} run was cut short {where}. Press Train to go on from there.")


def _stage(runs: list[xr.Dataset], pair: Pair) -> None:
    state, times = current(), shared_epochs(runs)
    packed = _packed(runs)
    place = len(times) - 1 if state.epoch is None else int(abs(times - state.epoch).argmin())
    at = stage(replace(packed, revision=TOLD.moves, step=place), key=KEY)
    last = at.step >= len(times) - 1 or any(map(following.going, pair))
    epoch = None if last else float(f"{times[at.step]:.5g}")
    told = replace(state, layers=_ids(pair) if len(runs) == len(pair) else state.layers, epoch=epoch)
    TOLD.write(told)
    remember(told)


def _packed(runs: list[xr.Dataset]) -> Packed:
    """The packed stage, kept until a run grows: where the slider stands changes nothing."""
    return looking.once("_layers_packed", list(map(looking.version, runs)), lambda: pack(layers_stage(runs, None)))
