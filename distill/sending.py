"""The commands encode and decode: items to a file of codes, and the file to labels, pictures or codes."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from distill import formats
from distill.errors import DistillError, InvalidValue

if TYPE_CHECKING:
    import xarray as xr


CLASSES_SHOWN = 12
BLOCK = 4096  # items encoded at once


def encode(given: argparse.Namespace) -> int:
    """Writes codes of items to a file, and says what they take."""
    from distill import store
    from distill.coding import semantic

    _check_out(given)
    run = store.open_run(given.run).load()
    if "kind" in run.attrs:  # a sweep has none
        raise InvalidValue(f"run '{given.run}' ({run.attrs['title']}) is no sweep of bottlenecks, so it has no codes")
    if not semantic.has_codec(run):
        raise InvalidValue(f"run '{given.run}' has no codec, which is added after the training: train it anew")
    beta = _beta(run, given.beta)
    means = semantic.to_send(run)[beta] if given.input == formats.STORED else _encoded(run, given, beta)
    blob = semantic.encode(run, beta, means, given.seed, given.step)
    bits = semantic.surprises(run, beta, means, given.seed, given.step)
    formats.write_bytes(Path(given.out), blob)
    _report_written(run, beta, blob, bits)
    return 0


def decode(given: argparse.Namespace) -> int:
    """Reads a file of codes and writes what it says as CSV, PNG or NPY."""
    from distill import store
    from distill.coding import semantic

    out = Path(given.out)
    formats.check_ending(out)
    _check_out(given)
    run = store.open_run(given.run).load()
    found = semantic.decode(formats.read_bytes(Path(given.input)), run)
    formats.write(out, run, found)
    print(f"{len(found.codes)} items, {_strength(run, found.beta)}")
    for name, shares in found.labels.items():
        print(f"{name}: {_tally(json.loads(run.attrs['classes'])[name], shares)}")
    print(out)
    return 0


def _check_out(given: argparse.Namespace) -> None:
    """Raises InvalidValue where what is read would be written over."""
    source, out = (Path(each).expanduser() for each in (given.input, given.out))
    if source.exists() and out.exists() and source.samefile(out):
        raise InvalidValue(f"OUT must be another file than IN, which would be lost; both are {given.out}")


def _beta(run: "xr.Dataset", asked: float | None) -> int:
    """Index of the value of the knob that was asked for (or is its default), or of the nearest one, which is said."""
    values = run.beta.values.tolist()
    wanted = json.loads(run.attrs["knob"])["default"] if asked is None else asked
    if asked is not None and not min(values) <= asked <= max(values):
        symbol = json.loads(run.attrs["knob"])["symbol"]
        raise InvalidValue(
            f"this run has no {symbol} {asked:g}: its values lie from {min(values):g} to {max(values):g}"
        )
    index = min(range(len(values)), key=lambda i: abs(values[i] - wanted))
    if asked is not None and abs(values[index] - asked) > 1e-3 * abs(asked):
        print(f"The run has nothing at β {asked:g}; the nearest is taken, {values[index]:g}.", file=sys.stderr)
    return index


def _encoded(run: "xr.Dataset", given: argparse.Namespace, beta: int) -> np.ndarray:
    """What the run's encoder makes of the inputs in a file, (n, latent), at one β."""
    from distill import store
    from distill.sidefiles import ID

    path = store.path_of(given.run) if ID.fullmatch(given.run) else Path(given.run)
    if not store.has_checkpoint(path):
        raise DistillError(f"run '{given.run}' carries no networks, as a shipped example, so it can encode its stored "
                           f"items alone: give '{formats.STORED}' in the place of {given.input}")  # fmt: skip
    inputs = formats.inputs_of(Path(given.input), run)  # what is wrong with it is said before torch is loaded
    import torch

    from distill import finishing

    trainer = finishing.trained(path, run)
    with torch.no_grad():
        blocks = torch.from_numpy(inputs).split(BLOCK)  # every β's network runs, and hidden layers are wide
        means = torch.cat([trainer.model.encode(each.to(trainer.strength))[0][beta] for each in blocks]).cpu().numpy()
    return _drawn(means, given.seed) if run.attrs.get("code") == "categorical" else means


def _drawn(probabilities: np.ndarray, seed: int) -> np.ndarray:
    """One symbol of each row of probabilities (n, K), one-hot."""
    ends = probabilities.astype(np.float64).cumsum(-1)
    chosen = (np.random.default_rng(seed).random((len(ends), 1)) * ends[:, -1:] >= ends).sum(-1)
    return np.eye(probabilities.shape[-1])[chosen]


def _report_written(run: "xr.Dataset", beta: int, blob: bytes, bits: np.ndarray) -> None:
    from distill.coding.semantic import HEADER_BYTES

    count, pictures = len(bits), np.size(run.attrs["input_shape"]) > 1
    each, unit = (1, "a byte a value") if pictures else (4, "four bytes a value")
    print(f"{count} items, {_strength(run, beta)}")
    print(f"{len(blob)} bytes, of which {HEADER_BYTES} are header and checksum")
    if count:
        payload = 8 * (len(blob) - HEADER_BYTES) / count
        print(f"{payload:.3f} bits an item; cross-entropy of the model {bits.mean():.3f} bits an item")
    print(f"raw inputs: {count * each * run.sizes['feature']} bytes, {unit}")


def _strength(run: "xr.Dataset", beta: int) -> str:
    return f"{json.loads(run.attrs['knob'])['symbol']} = {float(run.beta[beta]):.3g}"


def _tally(classes: list[str], shares: np.ndarray) -> str:
    """How many items are read as each class."""
    counts = np.bincount(shares.argmax(-1), minlength=len(classes))
    most = [i for i in np.argsort(-counts, kind="stable")[:CLASSES_SHOWN] if counts[i]]
    return ", ".join(f"{classes[i]} × {counts[i]}" for i in sorted(most)) or "no items"
