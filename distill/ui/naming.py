"""What runs are called where several are to be told apart: their titles, and the settings in which they differ."""

from collections import Counter
from collections.abc import Sequence

from distill import store
from distill.config import SweepConfig
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
