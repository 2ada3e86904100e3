"""The command line: python -m distill train | runs | export | encode | decode | worker | bench."""

import argparse
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from distill import flags, sending
from distill.config import Choice, SweepConfig
from distill.errors import DistillError, InvalidValue, unknown

if TYPE_CHECKING:
    import xarray as xr
    from rich.console import Console

INTERRUPTED = 130  # what a shell expects of a program that Ctrl-C ended
WIDE = 160  # columns of a table that goes to a file


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and gives the exit status; an error is one sentence on standard error."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments[:1] == ["bench"]:
            from distill import bench

            return bench.main(arguments[1:]) or 0
        given = flags.parser(train, runs, export, sending.encode, sending.decode, worker).parse_args(arguments)
        return given.command(given)
    except DistillError as error:
        print(f"distill: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndistill: interrupted", file=sys.stderr)
        return INTERRUPTED


def train(given: argparse.Namespace) -> int:
    """Trains the configuration that the flags describe, or continues it where it was stopped."""
    from distill import store

    _bring(given)
    config = SweepConfig(**{each.name: getattr(given, each.name) for each in fields(SweepConfig) if each.name in given})
    path = Path(given.out).expanduser().absolute() if given.out else store.place_of(config)
    before = _before(path, config, given.anew)
    screen = _console(stderr=True)
    status = "done" if before == "done" else _record(config, path, screen, given)
    run = store.open_run(path)
    last = int(run.step[-1])
    print(f"id    {config.id}\npath  {path}")
    _print_table(run)
    if status == "stopped":
        how = "give the same command again to continue it"
        screen.print(f"Stopped at step {last} of {run.attrs['steps']}; {how}.", highlight=False)
        return INTERRUPTED
    if before == "done":
        screen.print("This run was already trained; --anew trains it again.")
    return 0


def runs(given: argparse.Namespace) -> int:
    """Lists the runs of the store and the examples, or deletes one."""
    from rich.table import Table

    from distill import store

    if given.delete:
        store.delete(store.check_id(given.delete))
        print(f"deleted {given.delete}")
        return 0
    found = store.list_runs()
    if not found:
        print(f"There are no runs in {store.root()} yet; make one: {flags.PROGRAM} train")
        return 0
    table = Table("id", "title", "status", "steps", "size", "when", box=None, pad_edge=False)
    for run in found:
        when = datetime.fromtimestamp(run.modified).strftime("%Y-%m-%d %H:%M") if run.modified else ""
        state = f"{run.status}, example" if run.example else run.status
        table.add_row(run.id, run.title, state, f"{max(run.last_step, 0)}/{run.steps}", _size(run.size), when)
    _console().print(table)
    print(f"yours lie in {store.root()}")
    return 0


def export(given: argparse.Namespace) -> int:
    """Writes one figure of a run to a file."""
    from distill import exporting, store

    file = Path(given.out).expanduser()
    exporting.format_of(file)
    figures = exporting.figures()
    if given.figure not in figures:
        raise unknown("figure", given.figure, figures)
    run = store.open_run(given.run).load()
    figures = exporting.figures(str(run.attrs.get("kind", "")))
    if given.figure not in figures:
        raise InvalidValue(f"'{given.figure}' is no figure of such a run; there are {', '.join(sorted(figures))}")
    choice = _choice(run, given)
    exporting.write(file, figures[given.figure](run, choice), run, choice)
    print(file)
    return 0


def worker(given: argparse.Namespace) -> int:
    """Serves a cluster's scheduler until it goes."""
    if find_spec("distributed") is None:
        raise DistillError("a worker of a cluster needs the package distributed: pip install distributed")
    import asyncio

    from distributed import Worker

    _reach(given.address)

    async def serve() -> None:
        async with Worker(given.address, nthreads=1) as serving:
            print(f"worker {serving.address} serves {given.address}; Ctrl-C ends it", flush=True)
            await serving.finished()

    asyncio.run(serve())
    return 0


def _reach(address: str) -> None:
    """A sentence now, where distributed would try again without end."""
    import socket
    from urllib.parse import urlsplit

    try:
        where = urlsplit(address)
        socket.create_connection((where.hostname or "", where.port or 0), timeout=10).close()
    except (OSError, ValueError) as error:
        text = f"no scheduler answers at {address!r} ({error}); an address looks like tcp://192.168.0.10:8786"
        raise DistillError(text) from None


def _bring(given: argparse.Namespace) -> None:
    """Keeps the table in the file that the data set's options name; its id takes the place of the file."""
    options = getattr(given, "dataset_options", {})
    if getattr(given, "dataset", "") == "table" and "file" in options:
        from distill import tables

        id = tables.bring_file(str(options["file"]))
        given.dataset_options = {name: value for name, value in options.items() if name != "file"} | {"table": id}


def _before(path: Path, config: SweepConfig, anew: bool) -> str:
    """What lies at `path`: none, partial or done; an error if it is anything but this configuration's run."""
    from distill import store

    if not store.exists(path):
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            raise InvalidValue(f"{path} holds something that is not a run; choose a new folder for --out")
        return "none"
    there = store.summary(path)
    if anew:
        return "none"
    if there.config != config:
        changes = "another configuration" if there.config is None else _plain_changes(there.config)
        raise InvalidValue(f"{path} holds a run of {changes}; choose another --out, or replace it with --anew")
    return "done" if there.complete else "partial"


def _plain_changes(config: SweepConfig) -> str:
    return ", ".join(f"{name} {value}" for name, value in config.changes().items())[:80] or "the default configuration"


def _record(config: SweepConfig, path: Path, screen: "Console", given: argparse.Namespace) -> str:
    """Trains with a progress bar, then computes what follows; "done" or "stopped"."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from distill import jobs, store

    with store.lock(path):
        store.request(path, None)
        if given.anew:
            store.drop_checkpoint(path)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen) as bar, _stopping(path, screen):
        task = bar.add_task("starting torch", total=None)
        from distill import finishing, recording

        def notify(step: int, steps: int) -> None:
            bar.update(task, description=f"training {len(config.betas)} βs", completed=step, total=steps)

        status = recording.record(config, path, notify)
        if status == "done":
            bar.update(task, description="what is kept", total=None)
            finishing.finish(path)
            for i in range(len(config.betas) if given.maps else 0):
                bar.update(task, description="maps", completed=i, total=len(config.betas))
                if store.requested(path) == "stop" or not finishing.map_beta(path, i):
                    break
            store.write_status(path, after=jobs.ALL_FOLLOWED if given.maps else 1)
    return status


@contextmanager
def _stopping(path: Path, screen: "Console") -> Iterator[None]:
    """While it lasts, a first Ctrl-C asks the training to stop after its present step; a second one interrupts."""
    from distill import store

    def stop(number: int, frame: FrameType | None) -> None:
        if store.requested(path) == "stop":
            raise KeyboardInterrupt
        store.request(path, "stop")
        screen.print("Stopping after the present step; Ctrl-C again ends at once.")

    previous = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)
        store.request(path, None)


def _choice(run: "xr.Dataset", given: argparse.Namespace) -> Choice:
    """The indices of the β and the step that were asked for, or nearest to it."""
    picked: dict[str, int] = {}
    for name, asked in (("beta", given.beta), ("step", given.step)):
        if asked is not None and name not in run.coords:
            raise InvalidValue(f"run '{run.attrs.get('id', '')}' has no {name}; leave out --{name}")
        if asked is not None:
            values = run[name].values.tolist()
            got = min(values, key=lambda value, asked=asked: abs(value - asked))
            picked[name] = values.index(got)
            if abs(got - asked) > 1e-3 * abs(asked):
                print(f"The run has nothing at {name} {asked:g}; the nearest is drawn, {got:g}.", file=sys.stderr)
    return Choice(**{name: getattr(given, name) for name in flags.LOOKS}, **picked)


def _print_table(run: "xr.Dataset") -> None:
    """Five values of the knob, last step, test split; of several seeds the mean."""
    from rich.table import Table

    from distill.measures.seeds import averaged

    at = averaged(run.sel(split="test").isel(step=-1).load())
    rows = sorted({round(i * (run.sizes["beta"] - 1) / 4) for i in range(5)})
    columns = {"I(X;Z)": "information_x", "I(Z;Y)": "information_y", "H(Y) − CE": "bound_y"}
    seeds = f"\nmean of {run.sizes['seed']} seeds" if "seed" in run.dims else ""
    title = f"step {int(at.step)}, test split, N = {int(at.samples)}, bits{seeds}"
    header = [json.loads(run.attrs["knob"])["symbol"], *columns, "error"]
    table = Table(*header, title=title, title_justify="left", box=None, pad_edge=False)
    for i in rows:
        each = at.isel(beta=i)
        bits = [f"{float(each[name]):.2f}" for name in columns.values()]
        error = "none" if each.error_one.isnull() else f"{float(each.error_one):.1%}"  # none of a continuous Y
        table.add_row(f"{float(each.beta):.3g}", *bits, error)
    _console().print(table)


def _console(stderr: bool = False) -> "Console":
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else WIDE)


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


if __name__ == "__main__":
    sys.exit(main())
