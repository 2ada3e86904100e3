"""What matters: a slider a factor, and a training that goes on from the run that is shown with this question."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from distill import datasets, jobs, objectives, store
from distill.config import SweepConfig
from distill.errors import DistillError
from distill.handle import ALIVE
from distill.ui.opening import say
from distill.ui.state import current, remember

STEP, WIDTH = 0.1, 250  # of the sliders, in pixels
BRIEFER, FEWEST = 3, 10  # trained networks take a third of the epochs to answer another question, and at least 10
NOT_HERE = "This run came without its networks, so the training begins anew, from the same start as every other."


def menu(config: SweepConfig) -> None:
    """The menu: its button trains, and the address then says the new run.

    Nothing where the objective takes one factor, or has no β to compare.
    """
    with st.popover("What matters", key="matters", width="content"), st.container(width=WIDTH, gap="xsmall"):
        names = _factors(config)
        if not objectives.load(config.objective, **config.objective_options).weighs:
            st.caption(f"{_title(config)} takes one factor as its label; VIB can weigh several.")
            return
        st.caption("How much each factor counts. The network is asked for all of them at once: Σ w · CE + β · rate.")
        now = weights_of(config)
        asked = {name: _slider(name, now.get(name, 0.0), config) for name in names}
        if not any(asked.values()):
            st.caption("Something must matter: move a slider to the right.")
            return
        wanted = question(config, asked)
        if not _begins(config):
            st.caption(NOT_HERE)
        same = wanted.label == config.label and wanted.weights == config.weights
        st.button(
            "Ask this", type="primary", key="matters-ask", disabled=same, on_click=_ask, args=(wanted,),
            help="This question is the one that is shown." if same else _what_it_does(wanted),
        )  # fmt: skip


def weights_of(config: SweepConfig) -> dict[str, float]:
    """Factor → weight under a configuration; a label alone weighs 1."""
    return dict(config.weights) or {config.label or _factors(config)[0]: 1.0}


def question(config: SweepConfig, weights: Mapping[str, float]) -> SweepConfig:
    """The training that asks for these factors: from the networks of `config`, briefly, where they are here.

    The data set's own label, alone and with the weight 1, is no other question than that of no weights.
    """
    asked = {name: weight for name, weight in weights.items() if weight > 0}
    own = _factors(config)[0]
    said = {"weights": {}, "label": None} if asked == {own: 1.0} else {"weights": asked, "label": None}
    begins = _begins(config)
    epochs = max(FEWEST, config.epochs // BRIEFER) if begins and config.start is None else config.epochs
    return replace(config, **said, start=config.id if begins else None, epochs=epochs)


def _ask(config: SweepConfig) -> None:
    """Callback: the run of another question that is still being trained makes way for this one."""
    try:
        for job in jobs.queue().jobs():
            if job.status in ALIVE and getattr(job.config, "start", None) is not None:
                job.stop()
        jobs.submit(config)
    except DistillError as error:
        say(str(error), alert=True)
        return
    remember(replace(current(), run=config.id, data=config.dataset, objective=config.objective, step=None))


def _slider(name: str, value: float, config: SweepConfig) -> float:
    return round(st.slider(name, 0.0, 1.0, min(value, 1.0), STEP, key=f"matters-{name}-{config.id}"), 3)


def _factors(config: SweepConfig) -> tuple[str, ...]:
    return datasets.factors(config.dataset, config.dataset_options)


def _begins(config: SweepConfig) -> bool:
    """Whether the networks of the run are on this machine, whole."""
    try:
        place = store.path_of(config.id)
        return store.has_checkpoint(place) and store.summary(place).complete
    except DistillError:
        return False


def _title(config: SweepConfig) -> str:
    return objectives.load(config.objective).title


def _what_it_does(config: SweepConfig) -> str:
    count = len(config.betas) * config.seeds
    begun = f", from those of run {config.start}" if config.start else ""
    return f"Trains {count} networks for {config.epochs} epochs{begun}."
