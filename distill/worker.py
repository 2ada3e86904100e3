"""The worker process: how it is started, and what runs inside it.

It answers in plain text, so that nothing of torch travels back to the caller.
"""

import json
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Executor
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from distill import config, kinds
from distill.errors import DistillError

Answer = tuple[str, str]  # what came of it, and a sentence if it failed
WATCH = 0.5  # seconds between two looks at whether the caller is still there
_busy = threading.Event()


def executor() -> Executor:
    """For the caller: loky's executor with one worker, or that of the cluster that DISTILL_SCHEDULER names.

    Raises:
        DistillError: where a cluster is named and the package distributed is not installed.
    """
    address = os.environ.get("DISTILL_SCHEDULER")
    if address:
        try:
            return import_module("distributed").Client(address).get_executor()
        except ImportError:
            text = f"DISTILL_SCHEDULER is {address!r}, but the package distributed is not installed"
            raise DistillError(f"{text}; install it, or unset DISTILL_SCHEDULER") from None
    from loky import ProcessPoolExecutor

    # loky would replace a worker that grows by 300 MB, and importing umap is enough for that
    grow = {"LOKY_MAX_MEMORY_LEAK_SIZE": "1e15"}
    return ProcessPoolExecutor(1, timeout=None, initializer=start, initargs=(os.getpid(),), env=grow)


def start(parent: int) -> None:
    """Prepares a new worker: Ctrl-C is the caller's to handle, and the worker goes when process `parent` has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent or _busy.is_set():
        time.sleep(WATCH)
    os._exit(0)


def train(function: str, config_json: str, path: str) -> Answer:
    """Calls `function` ("module:name") with a configuration and a path; (its answer, "") or ("failed", a sentence)."""
    return _told(lambda: named(function)(kinds.read(config_json), Path(path)))


def follow_up(function: str, path: str, index: int) -> Answer:
    """Calls `function` with the path of a run and the number of the part, or of the β; answers as `train` does."""
    return _told(lambda: named(function)(Path(path), index))


def asked(function: str, path: str, *arguments: float | str) -> Answer:
    """Calls `function` with the path of a run and what else it is given; its answer as JSON, or as `train` fails."""
    return _told(lambda: json.dumps(named(function)(Path(path), *arguments)))


def rehearse(function: str) -> Answer:
    """Trains the smallest of runs and forgets it: the first training that counts is then spared 4 s of imports."""
    small = config.SweepConfig(betas=(0.0, 1.0), hidden=(8,), latent_dim=3, epochs=1, snapshots=2, points=20)
    with TemporaryDirectory(prefix="distill-") as folder:
        return train(function, small.to_json(), str(Path(folder) / small.id))


def named(function: str) -> Callable[..., object]:
    """What is called `function` ("module:name"), imported now."""
    module, name = function.split(":")
    return getattr(import_module(module), name)


def _told(work: Callable[[], object]) -> Answer:
    _busy.set()
    try:
        return str(work()), ""
    except DistillError as error:
        return "failed", str(error)
    except MemoryError:
        return "failed", "there was not enough memory; try fewer β, a narrower network or fewer points"
    except Exception as error:  # torch's own errors included: the caller must not unpickle them
        traceback.print_exc()
        reason = (str(error).strip().splitlines() or ["no reason given"])[0][:200]
        return "failed", f"the worker met an error it did not expect, {type(error).__name__}: {reason}"
    finally:
        _busy.clear()
