"""What browser tests share: a Chromium, a served script."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from distill.bench.browser import CHROMIUM, FLAGS

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "server.headless": "true", "server.address": "localhost", "server.enableStaticServing": "true",
    "server.showEmailPrompt": "false", "server.fileWatcherType": "none", "browser.gatherUsageStats": "false",
    "client.toolbarMode": "viewer",
}  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """A headless Chromium; the test is skipped, with the reason, where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: apt-get install chromium")
    with sync_api.sync_playwright() as play:
        made = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """serve(script, env={}, settings={}) → address of a Streamlit server of that script, ended after the session.

    A script of the repository's root is served where it stands; another one from a folder that has its own `static`.
    """
    running: list[subprocess.Popen] = []

    def start(script: Path, env: dict[str, str] | None = None, settings: dict[str, str] | None = None) -> str:
        here, port = script.parent, _free_port()
        if not (here / "static").exists():
            here = tmp_path_factory.mktemp("served")
            (here / script.name).write_bytes(script.read_bytes())
            (here / "static").symlink_to(ROOT / "assets")
        options = [f"--{name}={value}" for name, value in (SETTINGS | (settings or {})).items()]
        command = [sys.executable, "-m", "streamlit", "run", script.name, f"--server.port={port}", *options]
        log = (tmp_path_factory.mktemp("log") / "server.txt").open("w")
        environment = os.environ | {"STAGE_ROOT": str(ROOT)} | (env or {})
        server = subprocess.Popen(command, cwd=here, env=environment, stdout=log, stderr=subprocess.STDOUT)
        running.append(server)
        _await(server, f"http://localhost:{port}", Path(log.name))
        return f"http://localhost:{port}"

    yield start
    for server in running:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()


@pytest.fixture
def page(browser) -> Iterator:
    """A page of 1440×900. The test fails on errors in its console and on requests that leave the machine."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    made, faults = context.new_page(), []
    made.on("console", lambda message: _is_fault(message) and faults.append(f"{message.text} {message.location}"))
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.on("request", lambda request: _outside(request.url) and faults.append(f"outside request: {request.url}"))
    yield made
    context.close()
    assert not faults


@pytest.fixture(scope="session")
def stage_address(serve: Callable[..., str]) -> str:
    """The stage with made-up content, served."""
    return serve(ROOT / "tests/browser/stage_harness.py")


@pytest.fixture
def stage(page, stage_address: str):
    """A page with the stage on it, plotly included."""
    page.goto(stage_address)
    page.wait_for_selector(".stage.ready")
    page.wait_for_selector("#at", state="attached")
    return page


def _is_fault(message) -> bool:
    """An error; but at /runs Streamlit's own client first asks for /runs/_stcore/…, which is not there."""
    return message.type == "error" and not ("404" in message.text and "/runs/_stcore/" in message.location["url"])


def _outside(address: str) -> bool:
    return address.startswith(("http", "ws")) and "//localhost:" not in address and "//127.0.0.1:" not in address


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def _await(server: subprocess.Popen, address: str, log: Path) -> None:
    for _ in range(600):
        if server.poll() is not None:
            pytest.fail(f"the server ended: {log.read_text()[-800:]}")
        try:
            with urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"the server did not answer: {log.read_text()[-800:]}")
