"""A server of the app for the browser part, and the runs that it has to show."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from distill.config import SweepConfig
from distill.errors import DistillError

ROOT = Path(__file__).parents[2]
PATIENCE = 60  # seconds that a server is given to come up


def run_to_look_at(config: SweepConfig, environment: dict[str, str]) -> None:
    """A run in the temporary store, trained there, so that it can be trained anew and its networks be gone on with."""
    changes = [f"--{name}={value}" for name, value in config.changes().items()]
    command = [sys.executable, "-m", "distill", "train", *changes]
    made = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if made.returncode:
        raise DistillError(f"the run to look at could not be trained: {made.stderr.strip()[-300:]}")


def bare_page(folder: Path) -> Path:
    """A script that shows a heading and nothing else, with the app's settings."""
    script = folder / "bare" / "bare.py"
    (script.parent / ".streamlit").mkdir(parents=True)
    script.write_text('import streamlit as st\n\nst.title("Bare")\n')
    shutil.copy(ROOT / ".streamlit/config.toml", script.parent / ".streamlit/config.toml")
    (script.parent / "static").symlink_to(ROOT / "assets")
    return script


@contextmanager
def served(script: Path, environment: dict[str, str]) -> Iterator[str]:
    """The address of a Streamlit server of `script`, visited once, ended afterwards.

    Raises:
        DistillError: where the server does not come up.
    """
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    options = ["--server.headless=true", f"--server.port={port}"]
    command = [sys.executable, "-m", "streamlit", "run", script.name, *options]
    server = subprocess.Popen(
        command, cwd=script.parent, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(server, f"http://localhost:{port}")
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def _await(server: subprocess.Popen, address: str) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        try:
            with urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise DistillError(f"no server came up at {address}")
