"""A training of the command line or of Python, with no server and no worker beside it, is live on the page; whoever may
cancel it there ends it, and the one who waits for it is told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from test_web_jobs import read_stream
from web_client import csrf_of

from trainwright.store.workspace import Workspace

PATIENCE = 240.0
# The child stands still once a fold is committed: see `held_attempt`.
HELD = "import sys\nfrom trainwright.jobs import launch\nlaunch.ATTEMPT = 'held_attempt'\n"
WAYS = {
    "command line": """
from trainwright.cli.app import main
main(["train", sys.argv[1], "--target", "bought", "--families", "linear", "--folds", "2", "--repeats", "1",
      "--time-limit", "60s", "--workspace", sys.argv[2]])
""",
    "Python": """
import trainwright as tw
tw.train(sys.argv[1], "bought", families=["linear"], time_limit="60s", workspace=sys.argv[2],
         settings={"data.folds": 2, "data.repeats": 1})
""",
}


@pytest.fixture
def start(table: Path, workspace: Workspace, tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts a training in a process of its own, by one of the ways; it stands still after a fold."""
    begun: list[subprocess.Popen[str]] = []

    def begin(way: str) -> subprocess.Popen[str]:
        there = str(Path(__file__).parents[1] / "jobs")
        path = os.pathsep.join([there, *filter(None, [os.environ.get("PYTHONPATH")])])
        held = {"HELD_MOMENT": "a fold is committed", "HELD_MARKER": str(tmp_path / "held"), "PYTHONPATH": path}
        command = [sys.executable, "-c", HELD + WAYS[way], str(table), str(workspace.path)]
        begun.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **held}))
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def wait_for(found: Callable[[], Any]) -> Any:
    """Looks again and again until there is something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if there := found():
            return there
        time.sleep(0.1)
    raise AssertionError("it never came")


@pytest.mark.parametrize("way", list(WAYS))
def test_a_training_without_a_server_is_live_on_the_page_and_cancelled_from_there(
    way: str,
    start: Callable[[str], subprocess.Popen[str]],
    client: TestClient,
    as_role: Callable[[TestClient, str], TestClient],
    tmp_path: Path,
) -> None:
    process = start(way)
    wait_for(lambda: (tmp_path / "held").exists() or process.poll() is not None)
    assert process.poll() is None, process.stderr and process.stderr.read()

    assert [(job["run"], job["state"]) for job in client.get("/api/v1/jobs?state=working").json()["items"]] == [
        (1, "training")
    ]
    assert 'href="/jobs/1"' in client.get("/jobs", params={"state": "working"}).text
    detail = client.get("/api/v1/jobs/1").json()
    folds = {one["name"]: one["folds"] for one in detail["standings"]}
    assert folds["linear"] >= 1, detail["standings"]
    page = client.get("/jobs/1").text
    assert 'action="/jobs/1/cancel"' in page and "linear" in page
    # Lines are written twice a second, so the last of them may come a moment later.
    wait_for(lambda: any("linear" in one["words"] for one in client.get("/api/v1/jobs/1/events").json()["items"]))

    refused = as_role(client, "viewer").post("/jobs/1/cancel")
    assert refused.status_code == 403 and process.poll() is None
    cancelled = client.post("/jobs/1/cancel", data={"csrf": csrf_of(page)})
    assert (cancelled.status_code, cancelled.headers["location"]) == (303, "/jobs/1")
    assert process.wait(PATIENCE) == 1
    said = process.stderr.read() if process.stderr else ""
    assert "cancelled; what is finished is kept" in said and ("Traceback" in said) == (way == "Python")

    assert client.get("/api/v1/jobs/1").json()["job"]["state"] == "cancelled"
    told = read_stream(client.get("/api/v1/jobs/1/stream").text)
    assert told["end"] == [{}] and any("cancelled" in line["words"] for line in told["log"])
    assert "Try again" in client.get("/jobs/1").text
    acts = client.get("/api/v1/audit").json()["items"]
    assert [(act["action"], act["who"]) for act in acts if act["subject"] == "run 1"] == [("cancel", "server token")]
