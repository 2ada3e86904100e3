"""A whole run in this process, without a queue: its training, and what follows it."""

from collections.abc import Callable
from pathlib import Path

import xarray as xr

from distill import store
from distill.config import Configuration
from distill.handle import ALL_FOLLOWED, followed
from distill.worker import named


def train(
    config: Configuration,
    path: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    maps: bool = False,
) -> xr.Dataset:
    """Trains `config` anew, in this process, and returns the run; `path` None is its place in the store.

    `progress` is called with (step, steps) after every snapshot. `maps` computes the UMAP layouts too, which takes
    about two seconds for each β. An equal run that lies there is replaced at the first snapshot.

    Raises:
        DistillError: while another process trains the same run, and where it cannot be written.
    """
    from distill import finishing, recording

    place = Path(path).absolute() if path is not None else store.place_of(config)
    with store.lock(place):
        store.drop_checkpoint(place)
        store.request(place, None)
    if not followed(config):
        named(config.RECORDER)(config, place, progress)
    elif recording.record(config, place, progress) == "done":
        finishing.finish(place)
        any(not finishing.map_beta(place, i) for i in range(len(config.betas) if maps else 0))  # up to the last map
        store.write_status(place, after=ALL_FOLLOWED if maps else 1)
    return store.open_run(place)
