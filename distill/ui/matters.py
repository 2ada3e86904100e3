"""What matters: a slider a factor, and a training that goes on from the run that is shown with this question."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from distill import datasets, jobs, objectives, store
from distill.config import LIMITS, SweepConfig
from distill.errors import DistillError
from distill.handle import ALIVE
from distill.ui.opening import guarded, plain, say
from distill.ui.state import current, remember

STEP, WIDTH = 0.1, 300  # of the sliders, in pixels
BRIEFER, FEWEST = 3, 10  # trained networks take a third of the epochs to answer another question, and at least 10
ASKED = "_distill_asked"  # session_state: the run of the last question
NOT_HERE = (
    "The networks of this run are not on this machine, or not trained to their end: the training begins from scratch."
)


def menu(config: SweepConfig) -> None:
    """The menu: its button trains, and the address then says the new run.

    A sentence instead where the objective takes one factor, or none.
    """
    with st.popover("What matters", key="matters", width="content"), st.container(width=WIDTH, gap="xsmall"), guarded():
        found = objectives.load(config.objective, **config.objective_options)
        if found.decoder_note:
            st.caption(f"{found.title} sees no label: its codes are the same whatever is asked. VIB can be asked.")
        elif not found.weighs:
            st.caption(f"{found.title} takes one factor as its label; VIB can weigh several.")
        else:
            _sliders(config)


def weights_of(config: SweepConfig) -> dict[str, float]:
    """Factor → weight under a configuration; a label alone weighs 1."""
    return dict(config.weights) or {config.label or _factors(config)[0]: 1.0}


def question(config: SweepConfig, weights: Mapping[str, float]) -> SweepConfig:
    """The training that asks for these factors: briefly and from the networks of `config`, where they are here.

    Of a run that is still being trained itself it begins where that run began; else from scratch, as long as a run is
    trained that did not begin with another's networks. The data set's own label, alone and with the weight 1, is no
    other question than that of no weights.
    """
    asked = {name: weight for name, weight in weights.items() if weight > 0}
    own = _factors(config)[0]
    said = {"weights": {}, "label": None} if asked == {own: 1.0} else {"weights": asked, "label": None}
    start = next((run for run in (config.id, config.start) if run and _whole(run)), None)
    epochs = config.epochs
    if start and not config.start:
        epochs = max(FEWEST, epochs // BRIEFER)
    elif config.start and not start:
        epochs = min(epochs * BRIEFER, LIMITS["epochs"][1])
    return replace(config, **said, start=start, epochs=epochs)


def _sliders(config: SweepConfig) -> None:
    """What is asked now, to be changed by hand; and the button."""
    st.caption("How much each factor counts. The network is asked for all of them at once: Σ w · CE + β · rate.")
    now = weights_of(config)
    heaviest = max(1.0, *now.values())
    with st.container(key="matters-factors"):
        asked = {name: _slider(name, now.get(name, 0.0), heaviest, config) for name in _factors(config)}
    if not any(asked.values()):
        st.caption("Something must matter: move a slider to the right.")
        return
    wanted = question(config, asked)
    same = weights_of(wanted) == now
    if wanted.start is None and not same:
        st.caption(NOT_HERE)
    st.button(
        "Ask this", type="primary", key="matters-ask", disabled=same, on_click=_ask, args=(wanted,),
        help="This question is the one that is shown." if same else _what_it_does(wanted),
    )  # fmt: skip


def _ask(config: SweepConfig) -> None:
    """Callback: what was asked here before and is still being trained makes way for this question."""
    try:
        before = jobs.queue().find(st.session_state.get(ASKED, ""))
        if before and before.status in ALIVE and before.id != config.id:
            before.stop()
        st.session_state[ASKED] = jobs.submit(config).id
    except DistillError as error:
        say(str(error), alert=True)
        return
    remember(replace(current(), run=config.id, data=config.dataset, objective=config.objective, step=None))


def _slider(name: str, value: float, heaviest: float, config: SweepConfig) -> float:
    """The weight that is asked for: the very one that the run has until the slider is moved."""
    moved = st.slider(plain(name), 0.0, heaviest, value, STEP, "%g", key=f"matters-{name}-{config.id}")
    return value if moved == value else round(moved, 3)


def _factors(config: SweepConfig) -> tuple[str, ...]:
    return datasets.factors(config.dataset, config.dataset_options)


def _whole(run: str) -> bool:
    """Whether the networks of a run are on this machine, trained to their end."""
    try:
        place = store.path_of(run)
        return store.has_checkpoint(place) and store.summary(place).complete
    except DistillError:
        return False


def _what_it_does(config: SweepConfig) -> str:
    count = len(config.betas) * config.seeds
    begun = f", from those of run {config.start}" if config.start else ""
    return f"Trains {count} networks for {config.epochs} epochs{begun}."
