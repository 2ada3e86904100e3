"""What runs are called where several are to be told apart: their titles, and the settings in which they differ."""

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
    """What each run is called: its title, and what differs from the defaults and makes two runs of one title two."""
    return {run.id: ", ".join((run.title, *differences(run.config, _usual(run.config)))) for run in listed}


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
