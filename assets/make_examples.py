"""Trains the example runs that ship with the program: make examples

Each is a run of the default settings, so that a person who changes nothing sees it at once. Codes, maps and kept
pictures are rounded, so that all examples together stay small, and say so in their attribute `rounded`: whatever is
computed from the codes of an example is computed from rounded ones. Bits, errors and shares are as they were measured.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr

from distill import SweepConfig, arrays, jobs
from distill.layer_config import LayersConfig

EXAMPLES = (SweepConfig(), SweepConfig(dataset="sprites"))
LAYERS = (LayersConfig(), LayersConfig(activation="relu"))
COMMAND = "make examples"
MANTISSA = {"code_mean": 6, "code_scale": 4, "codes_2d": 9, "map_umap": 9}  # bits kept of a float16's ten
GREY_STEP = 8  # kept pictures: 32 levels of grey instead of 256
LARGEST = 6_000_000  # bytes, all examples together


def main() -> None:
    """Train, round, pack, and say how large the whole became."""
    target = Path(__file__).parent / "examples"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DISTILL_STORE"] = folder
        for config in EXAMPLES:
            pack(jobs.train(config, maps=True).load(), target / config.id)
            print(config.dataset, config.id, f"{size(target / config.id):,} bytes", flush=True)
        for config in LAYERS:
            pack_layers(jobs.train(config).load(), target / config.id)
            print(config.activation, config.id, f"{size(target / config.id):,} bytes", flush=True)
    whole = size(target)
    print(f"{whole:,} bytes in all, of {LARGEST:,}")
    if whole > LARGEST:
        raise SystemExit("the examples are too large to ship")


def pack(run: xr.Dataset, path: Path) -> None:
    """Write `run`, its pictures rounded, with one chunk an array."""
    slim = {name: rounded(run[name], kept) for name, kept in MANTISSA.items() if name in run}
    grey = (run.kept.astype(np.uint16) + GREY_STEP // 2) // GREY_STEP * GREY_STEP
    about = run.kept.attrs | {"rounded": f"{256 // GREY_STEP} levels of grey"}
    slim["kept"] = grey.clip(0, 255).astype(np.uint8).assign_attrs(about)
    arrays.write_whole(path, run.assign(slim), run.attrs | {"command": COMMAND}, whole=True)


def pack_layers(run: xr.Dataset, path: Path) -> None:
    """Write a run of layers without its weights, their ranges and first readings, its measures as float16."""
    left_out = ["weights", "lowest", "highest", *(["binned_x", "binned_y"] if "binned_x_whole" in run else [])]
    slim = run.drop_vars(left_out)
    short = {
        name: slim[name].astype(np.float16) for name in slim.data_vars if {"seed", "kernel_seed"} & {*slim[name].dims}
    }
    short = {name: each.assign_attrs(rounded="10 bits of mantissa") for name, each in short.items()}
    how = {name: text for name, text in json.loads(run.attrs["estimators"]).items() if name not in left_out}
    about = run.attrs | {"command": COMMAND, "left_out": ", ".join(left_out), "estimators": json.dumps(how)}
    arrays.write_whole(path, slim.assign(short), about, whole=True)


def rounded(array: xr.DataArray, kept: int) -> xr.DataArray:
    """float16 with `kept` bits of mantissa, rounded to nearest; the zeros behind them compress away.

    What would become 0, a number below the normal ones, stays as it is: a scale of 0 means a code without noise.
    """
    values, dropped = array.values.astype(np.float16), 10 - kept
    bits = (values.view(np.uint16).astype(np.uint32) + (1 << (dropped - 1))) >> dropped << dropped
    short = bits.astype(np.uint16).view(np.float16)
    data = np.where(short == 0, values, short)
    return array.copy(data=data).assign_attrs(rounded=f"{kept} bits of mantissa")


def size(path: Path) -> int:
    """Bytes of all files below `path`."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


if __name__ == "__main__":
    main()
