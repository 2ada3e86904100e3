"""The controls of the Explore page: what to train, how it is shown, and the link to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import streamlit as st

from distill import datasets, objectives, store
from distill.config import DEVICES, LIMITS, Choice, SweepConfig
from distill.errors import DistillError
from distill.jobs import Job
from distill.objectives import Knob
from distill.objectives._options import options as options_of
from distill.ui import own_table
from distill.ui.state import State

LATENT_DIMS = (2, 3, 4, 8, 16, 32)
BETA_COUNTS = (9, 17, 33, 65)
ONE_HIDDEN = (64,)
MAPS = {"auto": "UMAP when ready", "pca": "PCA", "umap": "UMAP"}


def controls(config: SweepConfig) -> SweepConfig:
    """Data set, objective, K and a menu of the rest; the configuration that they now say."""
    mark = config.id  # other settings from outside (a link, another run) make new widgets that begin with them
    shelf = own_table.options(config)
    data = _pick("Data set", shelf, config.dataset, lambda name: own_table.title(name, config), "data-set", 112)
    if data == own_table.ANOTHER:
        own_table.ask()
        st.session_state.pop("_data-set")  # the picker goes back to what is shown until the dialog has been used
        st.rerun()
    made = own_table.dialog()
    if made is not None:
        return own_table.with_table(defaults(own_table.NAME, config.objective), made)
    objective = _pick("Objective", objectives.names(), config.objective, _objective_title, "objective-of", 148)
    sizes = sorted({*LATENT_DIMS, config.latent_dim})
    latent = _pick("Latent dimensions K", sizes, config.latent_dim, lambda k: f"K {k}", "latent-dimensions", 84)
    changed = replace(_more(config, mark), latent_dim=latent)
    if (data, objective) != (config.dataset, config.objective):
        changed = _moved(changed, data, objective)
    return changed if changed == config else replace(changed, start=None)  # other settings are a training from scratch


def defaults(dataset: str, objective: str) -> SweepConfig:
    """What the page begins with for a data set and an objective."""
    said = datasets.defaults(dataset) | objectives.defaults(objective) | {"betas": _grid(dataset, objective, {})}
    return SweepConfig(dataset=dataset, objective=objective, **said)


def beginning(dataset: str, objective: str) -> SweepConfig:
    """`defaults`; of a table the one that was used last, and the digits where there is none."""
    found = defaults(dataset, objective)
    if dataset != own_table.NAME:
        return found
    return own_table.last_used(found) or defaults("digits", objective)


def _moved(config: SweepConfig, dataset: str, objective: str) -> SweepConfig:
    """The same settings for another data set or objective, but for those whose defaults are others there."""
    here, there = defaults(config.dataset, config.objective), defaults(dataset, objective)
    names = [each.name for each in fields(SweepConfig) if getattr(here, each.name) != getattr(there, each.name)]
    if dataset != config.dataset:
        names += ["label", "weights", "dataset_options"]
    if objective != config.objective:
        names += ["betas", "objective_options"]
    if config.weights and not objectives.load(objective).weighs:
        names += ["weights"]
    return replace(config, **{name: getattr(there, name) for name in names})


def _grid(dataset: str, objective: str, options: Mapping[str, Any]) -> tuple[float, ...]:
    """The values that are trained: those of the data set, if it has any and β is as most objectives mean it."""
    knob = objectives.load(objective, **options).knob
    return datasets.defaults(dataset).get("betas", knob.grid) if knob == Knob() else knob.grid


def view_menu(config: SweepConfig, state: State) -> State:
    """How the run is shown: colour, map, split; `state` with what the menu now says."""
    mark = (
        f"{config.dataset}-{state.colour}-{state.map}-{state.split}"  # an address changed from outside makes new ones
    )
    colours, default = ["label", *factors(config)], Choice()
    with st.popover("View"):
        colour = st.selectbox(
            "Colour the map by", colours, colours.index(state.colour) if state.colour in colours else 0,
            format_func=lambda name: "the label" if name == "label" else name, key=f"colour-{mark}",
        )  # fmt: skip
        kind = st.segmented_control(
            "Map", list(MAPS), default=state.map or default.map, format_func=MAPS.get, key=f"map-{mark}"
        )
        split = st.segmented_control(
            "Measured on", ["test", "train"], default=state.split or default.split,
            format_func=lambda name: f"{name} items", key=f"split-{mark}",
        )  # fmt: skip
    said = {"colour": colour, "map": kind or default.map, "split": split or default.split}
    return replace(state, **{name: "" if value == getattr(default, name) else value for name, value in said.items()})


def link_menu() -> None:
    """The address that shows the same figure elsewhere; made when the menu is opened, since a drag changes it."""
    with st.popover("Link", key="link", on_change="rerun"):
        st.caption("Opens this run at this β and step, on any server whose store has it.")
        here = urlsplit(st.context.url or "")
        base = f"{here.scheme}://{here.netloc}{here.path or '/'}"
        st.code(f"{base}?{urlencode(st.query_params.to_dict())}", language=None, wrap_lines=True)


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
    """The rest of the configuration, in a menu of two columns."""
    with st.popover("More", width="content"):
        left, right = st.columns(2, width=420)
        with left:
            asked = _asked(config, mark)
            values = {name: _number(name, config, mark) for name in ("epochs", "batch_size", "seed", "seeds")}
        with right:
            count = _count(config, mark)
            rate = st.number_input(
                "Peak learning rate", 1e-5, 1.0, config.learning_rate, format="%.4g", key=f"rate-{mark}"
            )
            hidden = _widths(
                st.text_input("Hidden layers", ", ".join(map(str, config.hidden)), key=f"hidden-{mark}"), config
            )
            device = st.selectbox("Device", DEVICES, DEVICES.index(config.device), key=f"device-{mark}")
        decoders = tuple(dict.fromkeys(((), ONE_HIDDEN, config.decoder_hidden)))
        decoder = left.selectbox(
            "Label decoder", decoders, decoders.index(config.decoder_hidden), format_func=_decoder_words,
            key=f"decoder-{mark}",
        )  # fmt: skip
        most = LIMITS["threads"][1]
        threads = left.number_input("Threads (0: measured)", 0, most, config.threads or 0, key=f"threads-{mark}")
        with right:
            options = _options(config, mark)
        right.button("Back to the defaults", key=f"defaults-{mark}", on_click=_reset, args=(config,))
    changed = replace(
        config, **values, learning_rate=rate, hidden=hidden, decoder_hidden=decoder, threads=threads or None,
        device=device, **asked,
    )  # fmt: skip
    grids = [_grid(config.dataset, config.objective, each) for each in (config.objective_options, options)]
    betas = config.betas
    if count != len(betas) or grids[0] != grids[1]:  # the same range and spacing, or that of other options
        betas = replace(Knob(), grid=grids[1]).grid_of(count)
    return replace(changed, objective_options=options, betas=betas)


def _asked(config: SweepConfig, mark: str) -> dict[str, Any]:
    """What the network is asked for: one factor, or what the menu What matters has weighed."""
    own = factors(config)[0]
    now = " + ".join(config.weights) or config.label or own
    names = list(dict.fromkeys((now, *factors(config), datasets.SHUFFLED)))
    words = {datasets.SHUFFLED: "shuffled (control)"}
    label = st.selectbox("Label: what matters", names, format_func=lambda n: words.get(n, n), key=f"label-{mark}")
    if label == now:
        return {"label": config.label, "weights": config.weights}
    return {"label": None if label == own else label, "weights": {}}


def _count(config: SweepConfig, mark: str) -> int:
    """How many values of the knob are trained."""
    knob = objectives.load(config.objective, **config.objective_options).knob
    counts = sorted({*BETA_COUNTS, len(config.betas)})
    place, alone = counts.index(len(config.betas)), len(knob.grid) == 1
    return st.selectbox(f"Number of {knob.symbol}s", counts, place, key=f"betas-{mark}", disabled=alone)


def _options(config: SweepConfig, mark: str) -> dict[str, Any]:
    """The objective's own options; those that stand at their defaults are left out, so that ids stay the same."""
    found, given = {}, config.objective_options
    for name, (about, default) in options_of(objectives.load(config.objective)).items():
        value, key = given.get(name, default), f"{name}-{mark}"
        if isinstance(default, bool):
            found[name] = st.checkbox(about.label, value, key=key)
        elif isinstance(default, str):
            found[name] = st.selectbox(about.label, about.choices, about.choices.index(value), key=key)
        else:
            kind = type(default)
            found[name] = st.number_input(about.label, kind(about.low), kind(about.high), kind(value), key=key)
        if found[name] == default:
            del found[name]
    return found


def _reset(config: SweepConfig) -> None:
    """Callback: the defaults of the data set and the objective that are chosen."""
    plain = defaults(config.dataset, config.objective)
    if config.dataset == own_table.NAME:  # its columns are no setting that has a default
        plain = own_table.with_table(plain, config.dataset_options)
    st.session_state["_distill_draft"] = plain
    st.query_params.pop("run", None)


def _pick(title: str, options: Sequence[Any], value: object, words: Callable[[Any], str], key: str, width: int) -> Any:  # noqa: ANN401 (one of the options)
    shown = {"label_visibility": "collapsed", "width": width}
    return st.selectbox(title, options, format_func=words, key=told(key, value), **shown)


def in_words(value: object) -> str:
    """A setting without brackets and quotes; of a joint table, its size; of a table of one's own, what was chosen."""
    if isinstance(value, Mapping) and own_table.NAME in value:
        return own_table.in_words(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {in_words(each)}" for name, each in value.items())
    if not isinstance(value, (tuple, list)):
        return f"{value:g}" if isinstance(value, float) else str(value)
    table = bool(value) and isinstance(value[0], (tuple, list))
    return f"{len(value)} × {len(value[0])} table" if table else " ".join(map(str, value)) or "none"


def told(key: str, value: object) -> str:
    """`key`, of a widget that is given `value` whenever that is another one than it was given last.

    A key that changes with the value would make another widget, and both would be seen until the page is drawn.
    """
    if key not in st.session_state or st.session_state.get(f"_{key}") != value:
        st.session_state[key] = st.session_state[f"_{key}"] = value
    return key


def heard(key: str, value: object) -> None:
    """Notes what a widget of `told` says, where it goes into the address at once: Back then gives it the one before."""
    st.session_state[f"_{key}"] = value


def _number(name: str, config: SweepConfig, mark: str) -> int:
    low, high = LIMITS[name]
    title = name.replace("_", " ").capitalize()
    return int(st.number_input(title, low, high, getattr(config, name), key=f"{name}-{mark}"))


def _widths(text: str, config: SweepConfig) -> tuple[int, ...]:
    """Layer widths as a person writes them: 128, 128. What is no such list is said and left as it was."""
    try:
        return replace(config, hidden=tuple(int(part) for part in text.replace(",", " ").split())).hidden
    except (ValueError, DistillError):
        st.caption(f"Hidden layers are whole numbers with commas between them, as in 128, 128; got {text!r}.")
        return config.hidden


def _decoder_words(widths: tuple[int, ...]) -> str:
    return f"hidden {', '.join(map(str, widths))}" if widths else "linear"


def _objective_title(name: str) -> str:
    return objectives.load(name).title


def factors(config: SweepConfig) -> list[str]:
    """The factors that can be the label, the data set's own first."""
    return list(datasets.factors(config.dataset, config.dataset_options))
