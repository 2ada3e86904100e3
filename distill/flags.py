"""The flags of the command line: one for every field of SweepConfig, and help that teaches by examples."""

import argparse
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from types import NoneType
from typing import get_args, get_origin, get_type_hints

from distill import __version__, registry
from distill.config import Choice, SweepConfig, log_betas
from distill.errors import InvalidValue

Command = Callable[[argparse.Namespace], int]
PROGRAM = "python -m distill"

ABOUT = """\
Squeeze a network's code and watch what it gives up first: train an information bottleneck at many compression
strengths β at once, keep the run, and take its figures away."""
EXAMPLES = {
    "": f"""\
examples:
  {PROGRAM} train                          the default: digits, VIB, 33 βs
  {PROGRAM} runs                           what has been trained
  {PROGRAM} export RUN --figure information_plane --out plane.pdf
  {PROGRAM} encode RUN items digits.dst    write the codes of its items as bytes, and decode reads them
  {PROGRAM} train --help                   every setting, with its default

Runs lie in $DISTILL_STORE, or in ~/.local/share/distill where it is not set.""",
    "train": f"""\
examples:
  {PROGRAM} train --dataset sprites --label shape
  {PROGRAM} train --betas 1e-4:1:17 --epochs 40 --snapshots 20
  {PROGRAM} train --betas 0,0.001,0.01,0.1 --hidden 256,256 --out ~/runs/four
  {PROGRAM} train --dataset table --dataset-options 'file=wine.csv,factors=["cultivar","year"]' --epochs 400

A table's first factor is its label, and its inputs are all other columns of numbers, unless inputs=[…] names them.
Ctrl-C stops after the present step and keeps what was measured; the same command then continues the run.""",
    "runs": f"""\
examples:
  {PROGRAM} runs
  {PROGRAM} runs --delete 3f9a0c12b7de""",
    "export": f"""\
examples:
  {PROGRAM} export 3f9a0c12b7de --figure information_plane --out plane.svg
  {PROGRAM} export ~/runs/four --figure code_map --beta 0.03 --out map.png
  {PROGRAM} export 3f9a0c12b7de --figure kept_and_discarded --beta 0.03 --step 500 --out kept.csv

The file says which run it shows, with its configuration and estimators: SVG and PNG in their metadata, PDF in the
caption, CSV in the lines that begin with #. SVG, PDF and PNG need Chromium or Chrome; CSV needs neither.""",
    "encode": f"""\
examples:
  {PROGRAM} encode 3f9a0c12b7de items digits.dst
  {PROGRAM} encode 3f9a0c12b7de mine.png mine.dst --beta 0.03

IN is the word items, for the test items that the run carries, or a file of inputs in the data set's own units: .npy
(N, D), .csv with an item a line, or .png, one picture or a sheet of them. The file that is written holds nothing of
the network: only the same run reads it.""",
    "decode": f"""\
examples:
  {PROGRAM} decode 3f9a0c12b7de digits.dst labels.csv
  {PROGRAM} decode 3f9a0c12b7de digits.dst kept.png

OUT is .csv for the label of each item, the probability of every class and their entropy, .png for a sheet of what is
kept of each picture, .npy for the codes as they arrive.""",
    "worker": f"""\
A worker for a cluster: it trains what a program with DISTILL_SCHEDULER=ADDRESS submits. Both need the package
distributed and one folder of runs that they share.

example:
  {PROGRAM} worker tcp://192.168.0.10:8786""",
}
FIELD_HELP = {
    "dataset": "name of the data set",
    "dataset_options": "its options, as NAME=VALUE,NAME=VALUE: items=2000,rho=[0.9,0.6], …",
    "label": "the factor to keep, where it is not the data set's own label",
    "weights": "several factors to keep at once and what each weighs, as NAME=NUMBER,NAME=NUMBER",
    "objective": "what is minimised",
    "objective_options": "its options, as NAME=VALUE,NAME=VALUE: marginal=mixture, eta=2, …",
    "betas": "values of the knob, as 0,0.001,0.1 or LOW:HIGH:COUNT (log-spaced, with 0); each objective has its own",
    "latent_dim": "dimensions of the code",
    "hidden": "widths of the encoder's hidden layers, as 128,128",
    "decoder_hidden": "widths of the label decoder's hidden layers; linear where none is given",
    "epochs": "passes over the training items",
    "batch_size": "items a step",
    "learning_rate": "largest step size",
    "seed": "of weights, batches and noise",
    "seeds": "networks at each strength, with seeds from that one on",
    "start": "id of a run whose networks the training begins with, β by β",
    "points": "most items measured, N, for each split",
    "snapshots": "how often to measure",
    "device": "auto, cpu, cuda or mps",
    "threads": "CPU threads; measured while training where not given",
}


class _Parser(argparse.ArgumentParser):
    """Errors as one sentence, with where to read on."""

    def error(self, message: str) -> None:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser(
    train: Command, runs: Command, export: Command, encode: Command, decode: Command, worker: Command
) -> argparse.ArgumentParser:
    """What reads the command line; the namespace that it gives has the chosen command as `command`."""
    about = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
    whole = _Parser(prog=PROGRAM, description=ABOUT, epilog=EXAMPLES[""], **about)
    whole.add_argument("--version", action="version", version=f"distill {__version__}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, does: Command, text: str) -> _Parser:
        made = commands.add_parser(name, help=text, description=text, epilog=EXAMPLES[name], **about)
        made.set_defaults(command=does)
        return made

    _add_train(command("train", train, "train every β of one configuration at once, and keep the run"))
    each = command("runs", runs, "list the runs that are kept, or delete one")
    each.add_argument("--delete", metavar="ID", help="delete this run; there is no way back")
    _add_export(command("export", export, "write one figure of a run as SVG, PDF, PNG (300 dpi) or CSV"))
    _add_encode(command("encode", encode, "write the codes of items as a file of bytes, at one strength"))
    each = command("decode", decode, "read such a file with the run that it was made with")
    each.add_argument("run", metavar="RUN", help="id of the run that the file was made with, or its folder")
    each.add_argument("input", metavar="IN", help="file of codes")
    each.add_argument("out", metavar="OUT", help="its ending is the format: .csv .png .npy")
    each = command("worker", worker, "serve a cluster's scheduler")
    each.add_argument("address", metavar="ADDRESS", help="of the scheduler, such as tcp://192.168.0.10:8786")
    commands.add_parser("bench", help="measure the speed of this machine; bench --help says more")
    return whole


def _add_train(parser: _Parser) -> None:
    settings = parser.add_argument_group("settings")
    hints, defaults = get_type_hints(SweepConfig), SweepConfig()
    for each in fields(SweepConfig):
        flag, reader = "--" + each.name.replace("_", "-"), _reader(hints[each.name])
        text = _help(each.name, getattr(defaults, each.name))
        metavar = METAVARS.get(reader, each.name.upper())
        settings.add_argument(flag, type=reader, default=argparse.SUPPRESS, metavar=metavar, help=text)
    parser.add_argument("--out", metavar="RUN", help="folder of the run (default: its place in the store)")
    parser.add_argument("--anew", action="store_true", help="train again what is there already, from the start")
    parser.add_argument("--maps", action="store_true", help="compute the UMAP maps too, about two seconds for each β")


LOOKS = ("split", "colour", "map", "scale", "estimator")


def _add_export(parser: _Parser) -> None:
    parser.add_argument("run", metavar="RUN", help="id of a run in the store or of an example, or its folder")
    parser.add_argument("--figure", metavar="NAME", required=True, help="such as information_plane")
    parser.add_argument("--out", metavar="FILE", required=True, help="its ending is the format: .svg .pdf .png .csv")
    parser.add_argument("--beta", type=_number, metavar="VALUE", help="compression strength; the nearest one is drawn")
    parser.add_argument("--step", type=_whole, metavar="STEP", help="optimiser step (default: the last)")
    for name in LOOKS:
        default = getattr(Choice(), name)
        parser.add_argument(f"--{name}", default=default, help=f"as on the page (default {default})")


def _add_encode(parser: _Parser) -> None:
    parser.add_argument("run", metavar="RUN", help="id of a run in the store or of an example, or its folder")
    parser.add_argument("input", metavar="IN", help="items, or a file of inputs: .npy .csv .png")
    parser.add_argument("out", metavar="OUT", help="file of codes")
    parser.add_argument("--beta", type=_number, metavar="VALUE", help="compression strength; the nearest one is taken")
    parser.add_argument("--seed", type=_whole, default=0, metavar="N", help="of the dither, 0 … 65535 (default 0)")
    text = "of a code without noise: its steps, in eighths of the codes' deviation (default 1)"
    parser.add_argument("--step", type=_number, default=1.0, metavar="X", help=text)


def _help(name: str, default: object) -> str:
    known = ", ".join(registry.names(f"{name}s")) if name in ("dataset", "objective") else ""
    notes = [known and f"one of {known}", (value := plain(default)) and f"default {value}"]
    text = FIELD_HELP.get(name, name.replace("_", " "))
    return f"{text} ({'; '.join(filter(None, notes))})" if any(notes) else text


def _reader(hint: object) -> Callable[[str], object]:
    """What reads a flag's text into a field of this type."""
    kinds = [each for each in get_args(hint) if each is not NoneType] if NoneType in get_args(hint) else [hint]
    kind = get_origin(kinds[0]) or kinds[0]
    if kind is tuple:
        return _numbers if get_args(kinds[0])[0] is float else _wholes
    return {int: _whole, float: _number, Mapping: _options}.get(kind, str)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _wholes(text: str) -> tuple[int, ...]:
    return tuple(_whole(each) for each in text.split(",") if each)


def _numbers(text: str) -> tuple[float, ...]:
    if text.count(":") != 2:
        return tuple(_number(each) for each in text.split(","))
    low, high, count = text.split(":")
    try:
        return log_betas(_number(low), _number(high), _whole(count))
    except InvalidValue as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _options(text: str) -> dict[str, object]:
    # a comma within brackets, as in rho=[0.9,0.6], is the value's own: the next option begins with a name and its =
    pairs = [pair.partition("=") for pair in re.split(r",(?=\s*[A-Za-z_]\w*=)", text.strip(",")) if pair]
    if not all(name and sign for name, sign, _ in pairs):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE,NAME=VALUE")
    return {name: _value(value) for name, _, value in pairs}


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


METAVARS = {_whole: "N", _wholes: "N,N", _number: "X", _numbers: "X,X", _options: "NAME=VALUE,…"}


def plain(value: object) -> str:
    """A default as it would be typed."""
    if isinstance(value, tuple) and len(value) > 4:
        return f"{len(value)} values from {value[0]:g} to {value[-1]:g}"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value) if value not in (None, {}) else ""
