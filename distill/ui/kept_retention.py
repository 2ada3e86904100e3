"""The part on factors: what is kept of each over β, what goes first, where the bits go, and what other codes keep."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
import xarray as xr

from distill import datasets, jobs, store
from distill.config import Choice, SweepConfig
from distill.errors import DistillError
from distill.handle import ALIVE, Job
from distill.measures.tasks import main_factor
from distill.ui import looking, settings
from distill.ui.envelope import Stage
from distill.ui.kept_retention_content import retention_stage
from distill.ui.opening import ASSETS, guarded, say
from distill.ui.state import PROBES, State, current, remember

QUESTION = "What does a code give up first, and what last?"
HINT = "Drag β to the right and see which curve falls first."
KEY = "kept-retention-stage"
PROBED = {"logistic": "linear probe", "mlp": "MLP probe"}
ALIKE = ("label", "latent_dim", "epochs", "hidden", "seed", "batch_size")  # a control that shares more is better
NEEDED = ("information_x", "samples", "label", "code_mean", "code_scale")  # of a control, beside what its probes found
LOWER = (
    "What a probe finds of a factor is a lower bound on its bits; all bits are relative to these {count} test items "
    "and this noise."
)
MISSING = "Does the task decide what is kept? Compare, at equal bits, with {titles}."
CALLED = {"β-VAE": "a β-VAE, which sees no label", "shuffled": "the same network under shuffled labels"}


def scene(run: xr.Dataset, state: State, path: Path) -> None:
    """The controls, the stage, and under it what can be trained to compare with."""
    st.html(ASSETS / "kept.css")
    probe, scale = _look(run)
    wanted = controls_of(run)
    there = controls_there(wanted)
    controls = loaded_controls(run, there)

    def build(choice: Choice) -> Stage:
        return retention_stage(run, choice, probe, controls)

    seen = [(each.id, each.stamp, len(each.variables)) for each in there.values()]
    looking.mounted(run, KEY, looking.KEPT, build, Choice(scale=scale), probe, *seen)
    missing = {title: config for title, config in wanted.items() if title not in there}
    if missing and "factor_kept" in run:
        going = any(_alive(config) for config in missing.values())
        st.fragment(_offer, run_every=looking.LIVE if going else None)(missing)


def controls_of(run: xr.Dataset) -> dict[str, SweepConfig]:
    """The trainings that a run is compared with: one that never sees a label, and one whose labels mean nothing.

    None for a run that is such a control itself, has no noise, or whose items are drawn from a known distribution.
    """
    config = SweepConfig.from_json(run.attrs["config"])
    noiseless = bool(run.information_x.isnull().any())
    if noiseless or "joint" in run or "covariance_xy" in run or config.label == datasets.SHUFFLED:
        return {}
    label = main_factor(run) if config.weights else config.label
    plain = replace(config, weights={}, label=label, start=None, seeds=1)
    found = {"shuffled": replace(plain, label=datasets.SHUFFLED)}
    if config.objective != "beta_vae":
        found = {"β-VAE": replace(plain, objective="beta_vae", objective_options={}, betas=None)} | found
    return found


def controls_there(wanted: Mapping[str, SweepConfig]) -> dict[str, store.Run]:
    """Those of the wanted trainings that have been made and probed."""
    return {title: found for title, config in wanted.items() if (found := _trained(config)) is not None}


def loaded_controls(run: xr.Dataset, there: Mapping[str, store.Run]) -> list[tuple[str, xr.Dataset]]:
    """What is compared of each, with its title; of those alone that have stored the items of `run`."""
    found = [(title, _loaded(str(each.path), each.stamp, len(each.variables))) for title, each in there.items()]
    return [(title, other) for title, other in found if np.array_equal(other.point, run.point)]


def _trained(config: SweepConfig) -> store.Run | None:
    """The finished and probed run of `config`, or of the same objective on as many items with settings most alike."""
    fit = [
        run
        for run in looking.sweeps()
        if (run.config.dataset, run.config.dataset_options) == (config.dataset, config.dataset_options)
        and (run.config.objective, run.config.points) == (config.objective, config.points)
        and (config.objective == "beta_vae" or run.config.label == config.label)
        and "factor_kept" in run.variables
    ]
    return max(fit, key=lambda run: _likeness(run.config, config), default=None)


def _likeness(one: SweepConfig, other: SweepConfig) -> int:
    return sum(getattr(one, name) == getattr(other, name) for name in ALIKE)


@st.cache_resource(show_spinner=False, max_entries=8)
def _loaded(path: str, stamp: str, variables: int) -> xr.Dataset:
    """What is compared of the run at `path`; `stamp` and `variables` tell it from what lay there before."""
    run = store.open_run(Path(path)).isel(code_step=[-1])
    probed = ("factor_", "noise_kept")
    return run[[name for name in run.data_vars if name in NEEDED or str(name).startswith(probed)]].load()


def _look(run: xr.Dataset) -> tuple[str, str]:
    """Which probe and which scale; both go into the address."""
    probes = [name for name in PROBES if name == "logistic" or "factor_kept_mlp" in run]
    with st.container(horizontal=True, vertical_alignment="center", key="kept-look"):
        probe = _picked("probe", probes, current().probe, run, format_func=PROBED.get) if len(probes) > 1 else probes[0]
        scale = _picked("scale", ["shares", "bits"], current().scale, run)
        st.html(f'<p class="soft">{LOWER.format(count=run.sizes["point"])}</p>', width="stretch")
    said = {"probe": "" if probe == probes[0] else probe, "scale": "" if scale == "shares" else scale}
    remember(replace(current(), **said))
    return probe, scale


def _picked(name: str, options: list[str], asked: str, run: xr.Dataset, **look: Any) -> str:  # noqa: ANN401
    """One of `options` by a row of buttons; the first where the address asks for none of them."""
    asked = asked if asked in options else options[0]
    key = settings.told(f"kept-{name}-{run.attrs['id']}", asked)
    picked = st.segmented_control(name.title(), options, label_visibility="collapsed", key=key, **look)
    settings.heard(key, picked)
    return picked or asked


@guarded()
def _offer(missing: dict[str, SweepConfig]) -> None:
    """One sentence, and the button that trains what is missing; or how far that is."""
    going = {title: job for title, config in missing.items() if (job := _alive(config)) is not None}
    if going:
        standing = "; ".join(f"{title}: {_standing(job)}" for title, job in going.items())
        say(f"The controls are being trained: {standing}. They join the figure when they are probed.")
        return
    if any(_trained(config) is not None for config in missing.values()):
        st.rerun(scope="app")
    with st.container(horizontal=True, vertical_alignment="center", key="kept-controls"):
        if st.button("Train the controls", key="kept-train-controls", help="The same settings, one sweep each."):
            try:
                for config in missing.values():
                    jobs.submit(config)
            except DistillError as error:
                say(str(error), alert=True)
                return
            st.rerun(scope="app")
        st.html(
            f'<p class="soft">{MISSING.format(titles=", and ".join(CALLED[title] for title in missing))}</p>',
            width="stretch",
        )


def _alive(config: SweepConfig) -> Job | None:
    """The job of `config`, while it is trained or probed."""
    job = jobs.queue().find(config.id)
    return job if job is not None and (job.status in ALIVE or job.next == 0) else None


def _standing(job: Job) -> str:
    return settings.standing(job) if job.status in ALIVE else "probing"
