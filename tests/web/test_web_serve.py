"""`trainwright serve` as a user starts it: an address that signs in, workers that are replaced, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from trainwright.cli.serve import size
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.store.transaction import read
from trainwright.store.workers import list_workers
from trainwright.store.workspace import Workspace, open_workspace
from trainwright.web.helpers.pool import Helpers
from trainwright.web.server import listen
from trainwright.web.settings import WebSettings
from trainwright.web.workers import Workers

Served = tuple["subprocess.Popen[str]", dict[str, Any]]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts the command; what it printed comes with the process."""
    processes: list[subprocess.Popen[str]] = []

    def start(*words: str) -> Served:
        command = [sys.executable, "-m", "trainwright", "serve", "--port", "0", "--json", *words]
        command += ["--workspace", str(tmp_path / "workspace")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] != "}\n":
            lines.append(process.stdout.readline())
            assert lines[-1], "it ended before it served"
        return process, json.loads("".join(lines))

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_an_answer_is_sent_at_once() -> None:
    """Else the body waits for the acknowledgement of the head, 40 ms, on every connection that stays open."""
    with listen(WebSettings(port=0)) as listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_address_signs_in_and_a_killed_worker_is_replaced(served: Callable[..., Served], tmp_path: Path) -> None:
    process, said = served("--workers", "1")
    with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(said["address"]) as answer:
        assert answer.url.endswith("/") and "Nothing here yet" in answer.read().decode()
    workspace = open_workspace(tmp_path / "workspace")

    def live() -> list[int]:
        with read(workspace) as connection:
            rows = list_workers(connection, live=True)
        return [int(str(row.process).split("-")[1]) for row in rows]

    until(lambda: len(live()) == 1)
    first = live()[0]
    os.kill(first, signal.SIGKILL)
    until(lambda: len(found := live()) == 1 and found[0] != first)
    second = live()[0]
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    assert live() == [] and not Path(f"/proc/{second}").exists()
    workspace.engine.dispose()


def test_workers_end_with_a_server_that_is_killed(served: Callable[..., Served], tmp_path: Path) -> None:
    process, _ = served("--workers", "1")
    workspace = open_workspace(tmp_path / "workspace")

    def live() -> int:
        with read(workspace) as connection:
            return len(list_workers(connection, live=True))

    until(lambda: live() == 1)
    process.kill()
    until(lambda: live() == 0)
    workspace.engine.dispose()


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} .* is taken"):
            listen(WebSettings(port=port))
    with pytest.raises(UserError, match=r"cannot listen on 192\.0\.2\.1"):
        listen(WebSettings(host="192.0.2.1"))


def test_a_worker_that_dies_at_once_is_not_started_in_a_loop() -> None:
    started = []

    def start() -> subprocess.Popen[bytes]:
        started.append(time.monotonic())
        return subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE)

    with Workers([start]):
        until(lambda: len(started) == 3)
    assert started[2] - started[1] > started[1] - started[0] - 0.5 > 0  # each pause is longer


@pytest.mark.parametrize("text", ["", "G", "-1", "1T1", "nan", "0"])
def test_a_size_that_is_none_is_said(text: str) -> None:
    with pytest.raises(UserError, match="is no size"):
        size(text)


def test_the_server_itself_imports_no_learning_library(trained_folder: Path) -> None:
    """Its memory stays small: what needs such a library runs in a child."""
    script = """
import sys
from starlette.testclient import TestClient
from trainwright.store.workspace import open_workspace
from trainwright.web.app import create_app
from trainwright.web.settings import WebSettings
client = TestClient(create_app(open_workspace(sys.argv[1]), settings=WebSettings(login=False)), base_url="http://localhost")
for path in ("/", "/api/v1/projects/shop/versions", "/api/v1/jobs", "/api/v1/jobs/1", "/api/v1/runs/1/result"):
    assert client.get(path).status_code == 200, path
assert client.post("/api/v1/projects/shop/rollback").status_code == 422
heavy = {"sklearn", "scipy", "lightgbm", "catboost", "torch", "pandas", "plotly"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(trained_folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_child_that_takes_too_long_is_ended_and_replaced(trained: Workspace) -> None:
    helpers = Helpers(trained, most=1, seconds=120)
    with pytest.raises(EnvironmentProblem, match="took too long"):
        helpers.ask("inputs", name="shop@v1", seconds=0.05)
    assert helpers.ask("inputs", name="shop@v1")["version"] == "shop@v1"
    with pytest.raises(UserError, match="no project"):
        helpers.ask("inputs", name="other")
    child = helpers._idle[0]
    os.kill(child._process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child._process.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(EnvironmentProblem, match="signal 9"):
        helpers.ask("inputs", name="shop@v1")
    assert helpers.ask("inputs", name="shop@v1")["version"] == "shop@v1"
    pid = helpers._idle[0]._process.pid
    helpers.close()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(EnvironmentProblem, match="shutting down"):
        helpers.ask("inputs", name="shop@v1")


def test_too_many_at_once_are_told_to_come_again(shop: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainwright.web.helpers.pool.WAITING", 0)
    answer = shop.post("/api/v1/projects/shop/predict", json={"rows": [{"age": 1}]})
    assert answer.status_code == 503 and "busy" in answer.json()["detail"]


def until(holds: Callable[[], bool]) -> None:
    """Waits for something that another process does; the test command's own limit ends it."""
    while not holds():
        time.sleep(0.05)
