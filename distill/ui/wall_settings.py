"""The controls of a run of the wall: which source is sent, its sliders, and the network that learns it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from distill import registry, sources
from distill.ui import wall_file
from distill.wall_config import LIMITS, WallConfig

ORDER = ("digits", "mnist", "letters", "markov", "independent", "random_bytes")  # then what else there is
NUMBERS = {"width": "Units a layer", "context": "Symbols seen", "steps": "", "batch_size": "", "seed": ""}
PROBABILITIES = (0.7, 0.15, 0.1, 0.05)  # of the iid source that is begun with
FEWEST, MOST = 2, 16  # states of a Markov source
ASKED = "_wall_asked"  # how often the dialog of files was opened
FINEST = 10_000  # parts of 1 in which probabilities are kept
COUNTED = 1000  # symbols that are made to see the entropy rate


def controls(config: WallConfig) -> WallConfig:
    """Source, what it can be asked, and a menu of the network; the configuration that they now say."""
    others = [name for name in sources.names() if name not in (*ORDER, wall_file.NAME)]
    shelf = [*ORDER, *others, *([wall_file.NAME] if config.source == wall_file.NAME else []), wall_file.ANOTHER]
    asked = st.session_state.get(ASKED, 0)
    name = st.selectbox(
        "Source", shelf, shelf.index(config.source), format_func=lambda each: title(each, config),
        key=f"wall-source-{config.id}-{asked}", label_visibility="collapsed", width=160,
    )  # fmt: skip
    if name == wall_file.ANOTHER:
        wall_file.ask()
        st.session_state[ASKED] = asked + 1  # the picker goes back to what is shown until the dialog has been used
        st.rerun()
    made = wall_file.dialog()
    if made is not None:
        return _beginning(wall_file.NAME, made)
    if name != config.source:
        return _beginning(name, {})
    return _more(config)


def _beginning(name: str, options: Mapping[str, Any]) -> WallConfig:
    """What is first asked of a source."""
    return WallConfig(source=name, source_options=options, **sources.defaults(name))


def title(name: str, config: WallConfig) -> str:
    """How the picker calls a source: a file of one's own by its name."""
    if name == wall_file.NAME:
        return wall_file.called(config.source_options.get(wall_file.NAME, ""))
    return registry.module("sources", wall_file.NAME if name == wall_file.ANOTHER else name).TITLE


def _more(config: WallConfig) -> WallConfig:
    """The sliders of the source, and the network, in a menu."""
    with st.popover("More", width="content", key="wall-more"):
        options = config.source_options
        if config.source in SLIDERS:
            st.caption("The source")
            options = SLIDERS[config.source](options, config.id)
            _entropy(config.source, options)
        st.caption("The network that learns it")
        left, right = st.columns(2, width=380)
        values: dict[str, int] = {}
        for i, (name, words) in enumerate(NUMBERS.items()):
            low, high = LIMITS[name]
            column = right if i % 2 else left
            words = words or name.replace("_", " ").capitalize()
            values[name] = int(
                column.number_input(words, low, high, getattr(config, name), key=f"wall-{name}-{config.id}")
            )
    return replace(config, source_options=options, **values)


def _entropy(name: str, options: Mapping[str, Any]) -> None:
    """The entropy rate of the source that the sliders say."""
    found = sources.load(name, {**options, "count": COUNTED})
    if found.entropy_rate is not None:
        st.caption(f"Entropy rate: {found.entropy_rate:.3f} bits a symbol.")


def _probabilities(options: Mapping[str, Any], mark: str) -> Mapping[str, Any]:
    """A slider for each of the symbols: what is set stays, and the others follow, so that all make 1."""
    given = tuple(options.get("probabilities", PROBABILITIES))
    shown = apportioned(given, 100)
    said = [
        st.slider(f"Symbol {i + 1}", 0, 100, each, key=f"wall-p{i}-{mark}", format="%d %%")
        for i, each in enumerate(shown)
    ]
    moved = next((i for i, each in enumerate(said) if each != shown[i]), None)
    return options if moved is None else {**options, "probabilities": with_one_set(given, moved, said[moved] / 100)}


def with_one_set(given: Sequence[float], place: int, value: float) -> list[float]:
    """The probabilities with one set by hand, and the others scaled to what it leaves, in ten-thousandths.

    Where the others are all 0 they share alike.
    """
    others = [0.0 if i == place else float(each) for i, each in enumerate(given)]
    if not sum(others):
        others = [float(i != place) for i in range(len(given))]
    kept = round(FINEST * value)
    parts = apportioned(others, FINEST - kept)
    return [(kept if i == place else each) / FINEST for i, each in enumerate(parts)]


def apportioned(shares: Sequence[float], whole: int) -> list[int]:
    """Whole numbers in the proportions of `shares` that sum to `whole`: the largest remainders are rounded up."""
    exact = [round(whole * each / sum(shares), 9) for each in shares]
    out = [int(each) for each in exact]
    first = sorted(range(len(out)), key=lambda i: out[i] - exact[i])
    for i in first[: whole - sum(out)]:
        out[i] += 1
    return out


def _states(options: Mapping[str, Any], mark: str) -> Mapping[str, Any]:
    """How many states there are, how often the next symbol is the same, and which of the others it is then."""
    usual = _defaults("markov")
    count, stay, skew = (options.get(name, usual[name]) for name in ("states", "stay", "skew"))
    said = {
        "states": st.slider("States", FEWEST, MOST, int(count), key=f"wall-states-{mark}"),
        "stay": st.slider("Chance to stay", 0.0, 0.99, float(stay), 0.01, key=f"wall-stay-{mark}"),
        "skew": st.slider("How much rarer each next symbol is", 0.01, 1.0, float(skew), 0.01, key=f"wall-skew-{mark}"),
    }
    changed = {name: value for name, value in said.items() if value != usual[name]}
    return {name: value for name, value in options.items() if name not in said} | changed


def _defaults(name: str) -> Mapping[str, Any]:
    """What a source is made with where nothing is said."""
    import inspect

    found = inspect.signature(registry.module("sources", name).make).parameters
    return {each: parameter.default for each, parameter in found.items()}


SLIDERS: Mapping[str, Callable[[Mapping[str, Any], str], Mapping[str, Any]]] = {
    "independent": _probabilities,
    "markov": _states,
}
