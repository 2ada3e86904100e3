"""What runs are called where several are to be told apart, and which page shows a run of each kind."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from distill import store
from distill.config import Configuration, SweepConfig
from distill.errors import DistillError
from distill.ui import settings

TELLING = (
    "label", "weights", "dataset_options", "objective_options", "latent_dim", "hidden", "decoder_hidden", "epochs",
    "batch_size", "learning_rate", "seed", "seeds", "start",
)  # fmt: skip
NAMED = {
    "latent_dim": "K", "weights": "", "dataset_options": "", "objective_options": "", "learning_rate": "rate",
    "start": "from",
}  # fmt: skip


class Page(NamedTuple):
    """Where runs of a kind are looked at: the page's title, its file ("" the home page), the State field of its run."""

    title: str
    file: str
    field: str


PAGES: Mapping[str, Page] = {  # by the KIND of a configuration
    "": Page("Explore", "", "run"),
    "layers": Page("Layers", "pages/4_layers.py", "layers"),
    "wall": Page("Shannon wall", "pages/6_shannon_wall.py", "wall"),
    "shrink": Page("Compressed models", "pages/7_compressed_models.py", "shrink"),
}


def page_of(config: Configuration | None) -> Page:
    """The page that shows runs of such a configuration; Explore where it cannot be read."""
    return PAGES[config.KIND if config else ""]


def asked_for(config: Configuration) -> str:
    """What a training that has no run yet is called: its kind, and of what."""
    subject = getattr(config, "dataset", "") or getattr(config, "source", "") or config.network.get("dataset", "digits")
    return f"{subject}, {getattr(config, 'objective', page_of(config).title.lower())}"


def run_names(listed: Sequence[store.Run]) -> dict[str, str]:
    """What each run is called: its title, what differs from the defaults, and its id where two are called the same."""
    names = {run.id: ", ".join((run.title, *differences(run.config, _usual(run.config)))) for run in listed}
    twice = {name for name, count in Counter(names.values()).items() if count > 1}
    return {id: f"{name} ({id})" if name in twice else name for id, name in names.items()}


def _usual(config: SweepConfig) -> SweepConfig:
    """What a training of these data by this objective begins with, where both are of this version."""
    try:
        return settings.defaults(config.dataset, config.objective)
    except DistillError:
        return SweepConfig()


def differences(config: SweepConfig, other: SweepConfig) -> list[str]:
    """The settings of `config` that make its networks others than those of `other`, in words."""
    found = []
    for name in TELLING:
        value = getattr(config, name)
        if value != getattr(other, name):
            found.append(f"{NAMED.get(name, name.replace('_', ' '))} {settings.in_words(value)}".strip())
    return found
