"""The controls of the Layers page: which networks are trained, and which stand beside them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from distill import registry
from distill.config import LIMITS
from distill.errors import DistillError
from distill.layer_config import ACTIVATIONS, LayersConfig
from distill.ui.own_table import ready

Pair = tuple[LayersConfig, ...]  # one, or two that stand beside each other
ALONE = "alone"
NUMBERS = ("seeds", "epochs", "batch_size", "seed", "snapshots")


def controls(pair: Pair) -> Pair:
    """Data set, activation, the one beside it, and a menu of the rest; what they now say."""
    mark = "-".join(config.id for config in pair)
    names, first = ready(), pair[0]
    data = _pick("Data set", names, first.dataset, _data_title, f"data-{mark}", 132)
    activation = _pick("Activation", tuple(ACTIVATIONS), first.activation, ACTIVATIONS.get, f"activation-{mark}", 110)
    others = [name for name in ACTIVATIONS if name != activation] + [ALONE]
    second = pair[1].activation if len(pair) > 1 else ALONE
    second = second if second in others else next(name for name in ACTIVATIONS if name != activation)
    beside = _pick("Beside it", others, second, _beside_words, f"beside-{mark}-{activation}", 148)
    changed = replace(_more(first, mark), activation=activation)
    if data != first.dataset:
        changed = replace(changed, dataset=data, dataset_options={})
    return (changed,) if beside == ALONE else (changed, replace(changed, activation=beside))


def _more(config: LayersConfig, mark: str) -> LayersConfig:
    """The rest of the configuration, in a menu of two columns."""
    with st.popover("More", width="content"):
        left, right = st.columns(2, width=420)
        widths = _widths(
            left.text_input("Hidden layers", ", ".join(map(str, config.widths)), key=f"widths-{mark}"), config
        )
        values: dict[str, int] = {}
        for i, name in enumerate(NUMBERS):
            title = {"seeds": "Networks", "seed": "First seed"}.get(name, name.replace("_", " ").capitalize())
            column = right if i % 2 == 0 else left
            low, high = LIMITS[name]
            values[name] = int(column.number_input(title, low, high, getattr(config, name), key=f"{name}-{mark}"))
        rate = left.number_input(
            "Learning rate", 1e-5, 1.0, config.learning_rate, 5e-4, format="%.4g", key=f"rate-{mark}"
        )
    return replace(config, widths=widths, learning_rate=rate, **values)


def _widths(text: str, config: LayersConfig) -> tuple[int, ...]:
    """Layer widths as a person writes them: 10, 7, 5. What is no such list is said and left as it was."""
    try:
        return replace(config, widths=tuple(int(part) for part in text.replace(",", " ").split())).widths
    except (ValueError, DistillError):
        st.caption(f"Hidden layers are whole numbers with commas between them, as in 10, 7, 5, 4, 3; got {text!r}.")
        return config.widths


def _data_title(name: str) -> str:
    return registry.module("datasets", name).TITLE


def _beside_words(name: str) -> str:
    return "alone" if name == ALONE else f"beside {ACTIVATIONS[name]}"


def _pick(title: str, options: Sequence[str], value: str, words: Callable[[str], str], key: str, width: int) -> str:
    place = list(options).index(value)
    return st.selectbox(
        title, options, place, format_func=words, key=key, label_visibility="collapsed", width=width
    )  # fmt: skip
