"""What is measured of a run of the Shannon wall: the one place that names its variables."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from distill.coding import autoregressive
from distill.coding.adaptive import ideal_bits
from distill.coding.codecs import Codec, codecs
from distill.coding.entropies import order_entropy
from distill.coding.learning import MEASURED, as_sent
from distill.coding.measuring import Measured, measured
from distill.control import versions
from distill.sources import Source
from distill.wall.training import Wall

PACKAGES = ("torch", "numpy", "xarray", "zarr", "constriction", "zstandard", "brotli", "pillow")
RAW = Codec("raw", "raw", "raw", bytes, bytes, "8 bits a symbol, as it lies in memory", 0.0)
NETWORK, NETWORK_TITLE = "network", "network"
ORDERS = (0, 1, 2, 3)
PICTURES_SHOWN, SYMBOLS_SHOWN = 24, 600
LOSS = f"mean −log2 q of N symbols, at most {MEASURED}, the same at every step; weights as trained, before rounding"
WHOLE = "−Σ log2 q of all that is sent"
SIZE = "size of the file that was written, read back and compared"

BITS, PLAIN, SECONDS = {"units": "bits"}, {"units": "1"}, {"units": "s"}
ATTRIBUTES = {
    "network_bits": BITS | {"long_name": "network, bits a symbol of what is sent", "estimator": LOSS},
    "training_bits": BITS | {"long_name": "network, bits a symbol of its training part", "estimator": LOSS},
    "seconds": SECONDS | {"long_name": "time in optimiser steps"},
    "samples": PLAIN | {"long_name": "symbols measured, N"},
    "bytes": {"units": "bytes", "long_name": "bytes of the file", "estimator": SIZE},
    "empty_bytes": {"units": "bytes", "long_name": "bytes of the file of nothing", "estimator": SIZE},
    "model_bytes": {
        "units": "bytes", "long_name": "bytes of the model that its reader needs",
        "estimator": "file of the network's weights, whole numbers, range coded; 0 for coders that need none",
    },
    "encode_seconds": SECONDS | {"long_name": "time to write", "estimator": "once, the largest count, one thread"},
    "decode_seconds": SECONDS | {"long_name": "time to read", "estimator": "once, the largest count, one thread"},
    "operations": PLAIN | {
        "long_name": "arithmetic operations an item", "estimator": "counted in the algorithm; two for each weight"
    },
    "ideal_bits": BITS | {"long_name": "ideal length under the model", "estimator": WHOLE},
    "order_entropy": BITS | {
        "long_name": "order-k entropy, bits a symbol", "estimator": "plug-in, counts of all that is sent"
    },
    "shown": PLAIN | {"long_name": "the first of what is sent"},
}  # fmt: skip


def snapshot(wall: Wall) -> xr.Dataset:
    """One step of a run."""
    values = {"seconds": wall.learner.seconds if wall.learner else 0.0}
    if wall.learner:
        values["network_bits"] = wall.learner.bits(wall.canvas)
        values["training_bits"] = wall.learner.bits(wall.learner.canvas)
        values["samples"] = min(MEASURED, wall.canvas.count)
    found = {name: ("step", np.array([value], np.float64), ATTRIBUTES[name]) for name, value in values.items()}
    return xr.Dataset(found, {"step": ("step", [wall.step], PLAIN | {"long_name": "optimiser steps"})})


def classical(wall: Wall, proceed: Callable[[int], bool] = lambda step: True) -> xr.Dataset | None:
    """What every coder but the learned one makes of the source; the learned one's place is kept, with NaNs.

    `proceed(step)` is asked before every coder, since large files take long; None where it says no.
    """
    source, sent = wall.source, wall.counts
    rows: list[tuple[Codec, Measured, float]] = []
    for each in (RAW, *codecs(source).values()):
        if not proceed(wall.step):
            return None
        with threadpool_limits(1):
            rows.append((each, measured(each, source, sent), _ideal(each, source)))
    if wall.learner:
        unknown = Measured(np.full(len(sent), math.nan), math.nan, math.nan, math.nan)
        rows.append((_network_codec(wall), unknown, math.nan))
    orders = [order_entropy(source.symbols, order) for order in ORDERS]
    return _over_methods(rows, source.item_symbols).assign(
        order_entropy=("order", np.array(orders), ATTRIBUTES["order_entropy"]),
        shown=(("first", "symbol"), _shown(source), ATTRIBUTES["shown"]),
    ).assign_coords({
        "count": ("count", list(sent), PLAIN | {"long_name": f"{source.item}s sent"}),
        "order": ("order", list(ORDERS), PLAIN | {"long_name": "symbols that the next one is conditioned on"}),
    })  # fmt: skip


def learned(wall: Wall, run: xr.Dataset) -> xr.Dataset:
    """The variables of `run` that the network's own files change, and what is to be said of the network."""
    network, bits = as_sent(wall.learner)
    codec = replace(
        _network_codec(wall), encode=partial(autoregressive.encode, network),
        decode=partial(autoregressive.decode, network), operations=network.operations,
    )  # fmt: skip
    with threadpool_limits(1):
        files = measured(codec, wall.source, wall.counts)
    row = codec, files, autoregressive.ideal_bits(network, wall.source.symbols)
    own = _over_methods([row], wall.source.item_symbols).isel({"method": 0})
    own["model_bytes"] = own.model_bytes + len(network.file)
    changed = {name: run[name].copy().drop_vars([*run[name].coords]) for name in own.data_vars}
    at = run.method.values.tolist().index(NETWORK)
    for name, values in changed.items():
        values[{"method": at}] = own[name].values
    return xr.Dataset(changed, attrs={"model_bits": bits, "parameters": sum(each.size for each in network.levels)})


def _over_methods(rows: list[tuple[Codec, Measured, float]], item_symbols: int) -> xr.Dataset:
    """Variables over `method`, one row each; operations are those of an item."""
    operations = [math.nan if codec.operations is None else codec.operations * item_symbols for codec, _, _ in rows]
    values = {
        "empty_bytes": [found.empty for _, found, _ in rows],
        "model_bytes": [0.0] * len(rows),
        "encode_seconds": [found.encode_seconds for _, found, _ in rows],
        "decode_seconds": [found.decode_seconds for _, found, _ in rows],
        "operations": operations,
        "ideal_bits": [ideal for _, _, ideal in rows],
    }
    found = {name: ("method", np.array(each, np.float64), ATTRIBUTES[name]) for name, each in values.items()}
    found["bytes"] = (("method", "count"), np.stack([each.bytes for _, each, _ in rows]), ATTRIBUTES["bytes"])
    named = {"method": "name", "title": "title", "family": "family", "note": "note"}
    return xr.Dataset(found, {
        name: ("method", [getattr(codec, field) for codec, _, _ in rows], {"long_name": f"coder, {name}"})
        for name, field in named.items()
    })  # fmt: skip


def _network_codec(wall: Wall) -> Codec:
    """The learned coder before it can be used."""
    config = wall.config
    note = f"{config.width} + {config.width} hidden units, sees {config.context} symbols, trained on others"
    return Codec(NETWORK, NETWORK_TITLE, "network", bytes, bytes, note)


def _ideal(codec: Codec, source: Source) -> float:
    """−Σ log2 q of an adaptive coder, bits; NaN for those that have no such model."""
    order = codec.name.removeprefix("kt")
    if codec.family != "adaptive" or not order.isdigit():
        return math.nan
    return ideal_bits(source.symbols.tobytes(), int(order))


def _shown(source: Source) -> np.ndarray:
    """(first, symbol) uint8: the first pictures, or one row of a stream's first symbols."""
    if source.shape:
        return source.symbols[: PICTURES_SHOWN * source.item_symbols].reshape(-1, source.item_symbols)
    return source.symbols[None, :SYMBOLS_SHOWN]


def attributes(wall: Wall) -> dict[str, object]:
    """The attributes that make a run readable without the program that made it."""
    config, source = wall.config, wall.source
    found = {name: each["estimator"] for name, each in ATTRIBUTES.items() if "estimator" in each}
    return {
        "kind": config.KIND,
        "config": config.to_json(),
        "id": config.id,
        "title": f"{source.title}, sent without loss",
        "source": config.source,
        "source_title": source.title,
        "item": source.item,
        "item_symbols": source.item_symbols,
        "alphabet": source.alphabet,
        "shape": json.dumps(source.shape),
        "entropy_rate": math.nan if source.entropy_rate is None else float(source.entropy_rate),
        "entropy_note": source.entropy_note,
        "label_bits": math.nan if source.label_bits is None else float(source.label_bits),
        "letters": source.letters,
        "items": source.items,
        "training_items": len(source.training) // source.item_symbols,
        "network_note": wall.why,
        "steps": wall.steps,
        "device": str(wall.device),
        "threads": config.threads or "chosen while training",
        "versions": json.dumps(versions(PACKAGES)),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "estimators": json.dumps(found),
    }
