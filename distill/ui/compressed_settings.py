"""The controls of the Compressed-models page: which network of which sweep is made smaller, and how it is trained."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from distill import objectives, store
from distill.config import SweepConfig
from distill.errors import DistillError
from distill.objectives import Knob
from distill.shrink_config import LIMITS, ShrinkConfig
from distill.ui import looking
from distill.ui.naming import run_names
from distill.ui.opening import plain

NUMBERS = {"seeds": "Networks", "tune_epochs": "Epochs of fine-tuning", "student_epochs": "Epochs of the students"}
HELP = {"seeds": "Each is trained anew with a seed of its own: curves need their spread."}


def controls(config: ShrinkConfig) -> ShrinkConfig:
    """Run, β and a menu of how the smaller ones are trained; what they now say."""
    shelf = _shelf(config)
    mine, names = _key(config), {key: name for key, (name, _) in shelf.items()}
    key = st.selectbox(
        "Network of the run", list(shelf), list(shelf).index(mine), format_func=names.get,
        key=f"compressed-run-{config.id}", label_visibility="collapsed", width=168,
    )  # fmt: skip
    if key != mine:
        return _moved(config, shelf[key][1])
    knob, betas = _knob(config.sweep), _betas(config, shelf[mine][1])
    beta = st.selectbox(
        knob.label, betas, betas.index(config.beta), format_func=lambda value: _beta_words(knob, value),
        key=f"compressed-beta-{config.id}", label_visibility="collapsed", width=104,
    )  # fmt: skip
    return replace(_more(config), beta=beta)


def network_of(config: SweepConfig, beta: float | None, given: ShrinkConfig | None = None) -> ShrinkConfig:
    """What makes the network of a sweep smaller at the β nearest to `beta`, else at the one where a look begins.

    Settings that are not the network's are those of `given`.
    """
    knob = _knob(config)
    wanted = knob.default if beta is None else beta
    inside = min(config.betas) <= wanted <= max(config.betas)
    beta = wanted if inside else float(min(config.betas, key=lambda each: abs(each - wanted)))
    options = {} if given is None else {name: getattr(given, name) for name in _own(given)}
    return ShrinkConfig.of(config, beta, **options)


def _own(config: ShrinkConfig) -> list[str]:
    """The fields that differ from the defaults and are not about the network."""
    return [name for name in config.changes() if name not in ("network", "beta")]


def _shelf(config: ShrinkConfig) -> Mapping[str, tuple[str, SweepConfig]]:
    """Network → its name and the first sweep that has such; that of `config` among them."""
    found: dict[str, tuple[str, SweepConfig]] = {}
    runs = [run for run in looking.sweeps() if run.config.hidden and _has_classes(run)]
    names = run_names(runs)
    for run in sorted(runs, key=lambda each: each.config.id != SweepConfig().id):  # the program's own default first
        try:
            found.setdefault(_key(network_of(run.config, None)), (plain(names[run.id]), run.config))
        except DistillError:
            continue  # of a data set that is no longer here
    mine = _key(config)
    if mine not in found:
        found = {mine: (_called(config), config.sweep)} | found
    return found


def _has_classes(run: store.Run) -> bool:
    """Whether an accuracy can be held out: not of a continuous label, nor of items drawn from a known table."""
    return not ({"covariance_xy", "joint"} & set(run.variables))


def _called(config: ShrinkConfig) -> str:
    """A network of which there is no sweep here."""
    return f"{config.sweep.dataset}, {objectives.load(config.sweep.objective).title}"


def _key(config: ShrinkConfig) -> str:
    return json.dumps(dict(config.network), sort_keys=True)


def _knob(config: SweepConfig) -> Knob:
    return objectives.load(config.objective, **config.objective_options).knob


def _betas(config: ShrinkConfig, sweep: SweepConfig) -> list[float]:
    """The values that can be chosen: those of the sweep, the one where a look begins, and the present one."""
    default = network_of(sweep, None).beta
    knob = _knob(sweep)
    return sorted({*sweep.betas, default, config.beta}, reverse=knob.falls)


def _beta_words(knob: Knob, value: float) -> str:
    return f"{knob.symbol} {value:.2g} {knob.unit}".strip()


def _moved(config: ShrinkConfig, sweep: SweepConfig) -> ShrinkConfig:
    """The same settings for another network; at the same β where that means the same to both."""
    same = _knob(sweep) == _knob(config.sweep)
    return network_of(sweep, config.beta if same else None, config)


def _more(config: ShrinkConfig) -> ShrinkConfig:
    """How the networks and the smaller ones are trained, in a menu."""
    with st.popover("More", width="content", key="compressed-more"):
        left, right = st.columns(2, width=400)
        values: dict[str, int] = {}
        for i, (name, words) in enumerate(NUMBERS.items()):
            low, high = LIMITS[name]
            column = right if i % 2 else left
            values[name] = int(column.number_input(
                words, low, high, getattr(config, name), key=f"compressed-{name}-{config.id}", help=HELP.get(name)
            ))  # fmt: skip
        share = right.number_input(
            "Teacher’s share of the loss", 0.0, 1.0, config.teacher_share, 0.1, key=f"compressed-share-{config.id}"
        )
        temperature = left.number_input(
            "Temperature T", 0.1, 100.0, config.temperature, 0.5, key=f"compressed-temperature-{config.id}"
        )
        for name, words in (("bits", "Bits"), ("sparsities", "Shares of zeros"), ("widths", "Widths of students")):
            values[name] = _list(left if name == "bits" else right, name, words, config)
    return replace(config, teacher_share=float(share), temperature=float(temperature), **values)


def _list(column: object, name: str, words: str, config: ShrinkConfig) -> Sequence[float]:
    """Numbers as a person writes them: 16, 8, 4. What is no such list is said and left as it was."""
    own = getattr(config, name)
    text = column.text_input(words, ", ".join(f"{each:g}" for each in own), key=f"compressed-{name}-{config.id}")
    try:
        number = float if name == "sparsities" else int
        return getattr(replace(config, **{name: tuple(number(each) for each in text.replace(",", " ").split())}), name)
    except (ValueError, DistillError) as error:
        why = str(error) if isinstance(error, DistillError) else f"{words} are numbers with commas between them"
        column.caption(f"{plain(why)}; got {plain(repr(text[:60]))}.")
        return own
