"""Distill: squeeze a network's code and watch what it gives up first.

`import distill` is light. `train`, `submit` and `open_run`, and the parts `datasets`, `measures`, `figures`, … are
imported where they are first used; torch, umap and scikit-learn only by what trains.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from distill.config import Choice, SweepConfig, log_betas
from distill.layer_config import LayersConfig
from distill.shrink_config import ShrinkConfig
from distill.wall_config import WallConfig

__version__ = "0.1.0"
__all__ = [
    "Choice", "LayersConfig", "ShrinkConfig", "SweepConfig", "WallConfig", "__version__", "log_betas", "open_run",
    "submit", "train",
]  # fmt: skip

LAZY = {"train": "distill.direct", "submit": "distill.jobs", "open_run": "distill.store"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (a function or a module)
    if name in LAZY:
        return getattr(import_module(LAZY[name]), name)
    if not name.startswith("_") and find_spec(f"{__name__}.{name}"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"distill has no '{name}'; its names are {', '.join(dir())} and its parts")


def __dir__() -> list[str]:
    return __all__
