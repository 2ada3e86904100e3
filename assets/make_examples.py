"""Trains the example runs that ship with the program: make examples

Each is a run of the settings that its page begins with, so that a person who changes nothing sees it at once. Those of
COMPANIONS are there to be compared with: they keep their numbers and their last codes, without pictures and maps.
`make_examples.py sweeps`, `layers`, `walls` or `shrinks` makes one kind anew and leaves the others. Codes, maps,
decoders and readings of single items and inputs are rounded, so that all examples together stay small, and say so in
their attribute `rounded`: whatever is computed from the codes of an example is computed from rounded ones. Bits, errors
and shares of a whole run are kept to seven digits.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr

from distill import LayersConfig, ShrinkConfig, SweepConfig, WallConfig, arrays, datasets, direct, sources
from distill.config import Configuration

EXAMPLES = (SweepConfig(), SweepConfig(dataset="sprites"))
COMPANIONS = (
    *(SweepConfig(objective=each) for each in ("deterministic", "squared", "budget", "ceb", "beta_vae")),
    SweepConfig(label=datasets.SHUFFLED),
    SweepConfig(dataset="sprites", weights={"shape": 1, "colour": 0.4}),
    *(SweepConfig(dataset=each, **datasets.defaults(each)) for each in ("gaussian", "letters")),
)
LAYERS = (LayersConfig(), LayersConfig(activation="relu"))
SENT = ("digits", "mnist", "letters", "markov", "random_bytes")
WALLS = tuple(WallConfig(source=each, **sources.defaults(each)) for each in SENT)
SHRINKS = (ShrinkConfig(),)
COMMAND = "make examples"
MANTISSA = {  # bits kept of a float16's ten; a companion's are one fewer
    "code_mean": 5, "code_scale": 4, "codes_2d": 6, "map_umap": 6, "item_bits": 5, "item_uncertainty": 5,
    "r_squared": 5, "fisher_bits": 4, "fisher_bits_of": 2, "word_bits": 5, "decoder_out_bias": 7,
}  # fmt: skip
WEIGHT_LEVELS = 31  # of the decoder's last layer, on either side of 0: its pictures are within 8 of 255 levels
OF_ITEMS = (  # what a companion goes without
    "kept", "decoder_", "fisher_", "word_bits", "r_squared", "map_", "item_", "codec_", "label_weight", "label_bias",
)  # fmt: skip
EVERY = 4  # snapshots, of which a companion keeps one
LARGEST = 6_000_000  # bytes, all examples together


def main(kinds: list[str]) -> None:
    """Train, round, pack, and say how large the whole became."""
    target = Path(__file__).parent / "examples"
    makers = {"sweeps": _make_sweep, "layers": _make_layers, "walls": _make_whole, "shrinks": _make_whole}
    configs = {"sweeps": (*EXAMPLES, *COMPANIONS), "layers": LAYERS, "walls": WALLS, "shrinks": SHRINKS}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DISTILL_STORE"] = folder
        made = Path(folder) / "made"
        for kind in kinds or makers:
            for config in configs[kind]:
                makers[kind](config, made / config.id)
                shorten(made / config.id)
                print(kind, config.id, f"{size(made / config.id):,} bytes", flush=True)
        kept = {config.id for kind in makers for config in configs[kind]}
        for old in target.glob("*"):
            if old.name not in kept or (made / old.name).exists():
                shutil.rmtree(old)
        for new in made.glob("*"):
            shutil.copytree(new, target / new.name)
    whole = size(target)
    print(f"{whole:,} bytes in all, of {LARGEST:,}")
    if whole > LARGEST:
        raise SystemExit("the examples are too large to ship")


def _make_sweep(config: SweepConfig, path: Path) -> None:
    companion = config in COMPANIONS
    pack(direct.train(config, maps=not companion).load(), path, companion)


def _make_layers(config: LayersConfig, path: Path) -> None:
    pack_layers(direct.train(config).load(), path)


def _make_whole(config: Configuration, path: Path) -> None:
    run = direct.train(config).load()
    arrays.write_whole(path, run, run.attrs | {"command": COMMAND}, whole=True)


def pack(run: xr.Dataset, path: Path, companion: bool = False) -> None:
    """Write `run`, its codes and pictures rounded, with one chunk an array."""
    about = run.attrs | {"command": COMMAND, "left_out": "codes before the last step (NaN), but for their maps"}
    if companion:
        run = run.drop_vars([name for name in run.data_vars if str(name).startswith(OF_ITEMS)])
        run = run.isel(code_step=[-1])
        about["left_out"] = "decoder, codec, maps of inputs, readings of items, map_umap, codes before the last step"
        if "joint" not in run and "covariance_xy" not in run:  # those are looked at for themselves
            last, every = run.sizes["step"] - 1, np.arange(run.sizes["step"])
            run = run.isel(step=every[(every % EVERY == 0) | (every == last)])
            about["left_out"] += f"; of {EVERY} snapshots all but one"
    last = run.code_step == run.code_step[-1]
    run = run.assign({name: run[name].where(last) for name in ("code_mean", "code_scale")})
    slim = {name: rounded(run[name], kept - companion) for name, kept in MANTISSA.items() if name in run}
    slim |= {name: single(each) for name, each in run.data_vars.items() if each.dtype == np.float64}
    if "decoder_out" in run:
        slim["decoder_out"] = as_bytes(run.decoder_out)
    arrays.write_whole(path, run.assign(slim), about, whole=True)


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


def single(array: xr.DataArray) -> xr.DataArray:
    """float32: a bit to seven digits, where twice as many are noise that does not compress."""
    return array.astype(np.float32).assign_attrs(array.attrs, rounded="float32")


def as_bytes(array: xr.DataArray) -> xr.DataArray:
    """int8, with the factor by which xarray makes the numbers of it again."""
    values = array.values.astype(np.float64)
    factor = float(np.abs(values).max()) / WEIGHT_LEVELS
    said = {"scale_factor": factor, "rounded": f"{2 * WEIGHT_LEVELS + 1} levels"}
    return array.copy(data=(values / factor).round().astype(np.int8)).assign_attrs(said)


def shorten(path: Path) -> None:
    """Take the blanks out of the metadata of a run: there are many arrays, and no person reads it."""
    for file in path.rglob("zarr.json"):
        file.write_text(json.dumps(json.loads(file.read_text()), separators=(",", ":")))


def size(path: Path) -> int:
    """Bytes of all files below `path`."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


if __name__ == "__main__":
    main(sys.argv[1:])
