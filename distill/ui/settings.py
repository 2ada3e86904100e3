"""The controls of the Explore page: what to train, how it is shown, and the link to it."""

from dataclasses import replace

import streamlit as st

from distill import datasets, objectives, registry, store
from distill.config import LIMITS, Choice, SweepConfig, log_betas
from distill.errors import DistillError
from distill.jobs import Job

LATENT_DIMS = (2, 3, 4, 8, 16, 32)
BETA_COUNTS = (9, 17, 33, 65)
MAPS = {"auto": "UMAP when ready", "pca": "PCA", "umap": "UMAP"}


def controls(config: SweepConfig) -> SweepConfig:
    """Data set, objective, K and a menu of the rest; the configuration that they now say."""
    mark = config.id  # other settings from outside (a link, another run) make new widgets that begin with them
    data = st.selectbox(
        "Data set",
        datasets.names(),
        datasets.names().index(config.dataset),
        format_func=_data_title,
        key=f"data-{mark}",
        label_visibility="collapsed",
        width=110,
    )
    objective = st.selectbox(
        "Objective",
        objectives.names(),
        objectives.names().index(config.objective),
        format_func=lambda name: objectives.load(name).title,
        key=f"objective-{mark}",
        label_visibility="collapsed",
        width=135,
    )
    sizes = sorted({*LATENT_DIMS, config.latent_dim})
    latent = st.selectbox(
        "Latent dimensions K",
        sizes,
        sizes.index(config.latent_dim),
        format_func=lambda k: f"K {k}",
        key=f"latent-{mark}",
        label_visibility="collapsed",
        width=84,
        help=None,
    )
    changed = replace(config, latent_dim=latent)
    if data != config.dataset:
        changed = replace(changed, dataset=data, dataset_options={}, label=None)
    if objective != config.objective:
        changed = replace(changed, objective=objective, betas=objectives.load(objective).knob.grid)
    return _more(changed, mark)


def view_menu(config: SweepConfig) -> Choice:
    """How the run is shown: colour, map, split."""
    with st.popover("View"):
        colour = st.selectbox(
            "Colour the map by",
            _factors(config),
            format_func=lambda name: "the label" if name == "label" else name,
            key=f"colour-{config.dataset}",
        )
        kind = st.segmented_control("Map", list(MAPS), default="auto", format_func=MAPS.get, key="map") or "auto"
        split = (
            st.segmented_control(
                "Measured on", ["test", "train"], default="test", format_func=lambda name: f"{name} items", key="split"
            )
            or "test"
        )
    return Choice(colour=colour or "label", map=kind, split=split)


def link_menu() -> None:
    """The address that shows the same figure elsewhere."""
    with st.popover("Link"):
        st.caption("Opens this run at this β and step, on any server whose store has it.")
        base = (st.context.url or "").split("?")[0]
        query = "&".join(f"{name}={value}" for name, value in st.query_params.to_dict().items())
        st.code(f"{base}?{query}", language=None, wrap_lines=True)


def standing(job: Job) -> str:
    """Where a training stands, in words for its bar."""
    if job.status == "queued":
        return f"Waiting, place {job.place} in the queue" if job.place else "About to start"
    if not job.steps:
        return "Preparing"
    said = store.read_status(job.path)
    epoch = f"step {job.step:,} of {job.steps:,}"
    left = f" · {max(1, round(job.time_left))} s left" if job.time_left is not None else ""
    device = f" · on {str(said.get('device', 'cpu')).upper()}"
    return f"{'Paused' if job.status == 'paused' else 'Training'} · {epoch}{left}{device}"


def _more(config: SweepConfig, mark: str) -> SweepConfig:
    """The rest of the configuration."""
    with st.popover("More"):
        labels = _labels(config)
        label = st.selectbox(
            "Label: what matters",
            labels,
            labels.index(config.label) if config.label in labels else 0,
            key=f"label-{mark}",
        )
        values = {
            "epochs": _number("Epochs", "epochs", config, mark),
            "seed": _number("Seed", "seed", config, mark),
            "batch_size": _number("Batch size", "batch_size", config, mark),
        }
        rate = st.number_input("Peak learning rate", 1e-5, 1.0, config.learning_rate, format="%.4g", key=f"rate-{mark}")
        hidden = st.text_input("Hidden layers", ", ".join(map(str, config.hidden)), key=f"hidden-{mark}")
        counts = sorted({*BETA_COUNTS, len(config.betas)})
        count = st.selectbox(
            "Number of βs",
            counts,
            counts.index(len(config.betas)),
            key=f"betas-{mark}",
            disabled=config.objective == "deterministic",
        )
        threads = st.number_input(
            "Threads (0: measured)", 0, LIMITS["threads"][1], config.threads or 0, key=f"threads-{mark}"
        )
        device = st.selectbox(
            "Device",
            ["auto", "cpu", "cuda", "mps"],
            ["auto", "cpu", "cuda", "mps"].index(config.device),
            key=f"device-{mark}",
        )
        st.button("Back to the defaults", key=f"defaults-{mark}", on_click=_reset, args=(config,))
    changed = replace(
        config,
        **values,
        learning_rate=rate,
        hidden=_widths(hidden, config.hidden),
        threads=threads or None,
        device=device,
        label=None if label == labels[0] else label,
    )
    return changed if count == len(config.betas) else replace(changed, betas=log_betas(1e-5, 1, count))


def _reset(config: SweepConfig) -> None:
    """Callback: the defaults of the data set and the objective that are chosen."""
    grid = objectives.load(config.objective).knob.grid
    st.session_state["_distill_draft"] = SweepConfig(dataset=config.dataset, objective=config.objective, betas=grid)
    st.query_params.pop("run", None)


def _number(title: str, name: str, config: SweepConfig, mark: str) -> int:
    low, high = LIMITS[name]
    return int(st.number_input(title, low, high, getattr(config, name), key=f"{name}-{mark}"))


def _widths(text: str, before: tuple[int, ...]) -> tuple[int, ...]:
    """Layer widths as a person writes them: 128, 128. What is no such list is said and left as it was."""
    try:
        widths = tuple(int(part) for part in text.replace(",", " ").split())
        return SweepConfig(hidden=widths).hidden
    except (ValueError, DistillError):
        st.caption(f"Hidden layers are whole numbers with commas between them, as in 128, 128; got {text!r}.")
        return before


def _data_title(name: str) -> str:
    return registry.module("datasets", name).TITLE


def _labels(config: SweepConfig) -> list[str]:
    """The factors that can be the label, the data set's own first."""
    return list(registry.module("datasets", config.dataset).FACTORS)


def _factors(config: SweepConfig) -> list[str]:
    return ["label", *_labels(config)]
