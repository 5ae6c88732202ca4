"""Jobs over REST: examined, asked for, followed, cancelled; what is wrong is said before anything starts."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from trainwright.errors import EnvironmentProblem
from trainwright.store.events import add_event, add_points
from trainwright.store.projects import ensure_project
from trainwright.store.runs import create_run, get_run, set_state
from trainwright.store.transaction import read, write
from trainwright.store.workspace import DATABASE, Workspace, open_workspace
from trainwright.web.helpers.tables import submit
from trainwright.web.views.points import curves_after

SETTINGS = {"data.target": "bought", "training.families": ["linear"], "data.folds": 2}


def new_run(workspace: Workspace, state: str = "queued") -> int:
    """A run that nobody prepared, in a state."""
    steps = {"queued": [], "training": ["initializing", "training"], "failed": ["failed"]}
    steps["completed"] = [*steps["training"], "evaluating", "completed"]
    with write(workspace) as connection:
        project = ensure_project(connection, "shop")
        run = create_run(connection, project.id, name="a run", settings={})
        for step in steps[state]:
            set_state(connection, run.id, 1, step, "for the test")
    return run.id


def test_a_table_is_examined_then_trained_on(client: TestClient, workspace: Workspace, table: Path) -> None:
    upload = client.post("/api/v1/uploads", params={"name": "shop.csv"}, content=table.read_bytes()).json()["id"]
    seen = client.post("/api/v1/examine", json={"upload": upload, "settings": {"data.target": "bought"}}).json()
    assert seen["rows"] == 160 and set(seen["target"]["classes"]) == {"yes", "no"}
    plan = seen["plan"]
    assert plan["limit"] > 0 and 450 <= plan["memory_mb"] < 1000 and plan["measured"] is None  # no training before
    assert all(step["seconds"] > 0 and step["reason"] for step in plan["steps"]) and len(plan["steps"]) > 3
    assert client.get("/api/v1/jobs").json()["items"] == []  # nothing was written

    wrong = client.post("/api/v1/jobs", json={"upload": upload, "settings": {"data.target": "bougt"}})
    assert wrong.status_code == 422 and "bougt" in wrong.json()["detail"]
    made = client.post("/api/v1/jobs", json={"upload": upload, "settings": SETTINGS, "priority": 3, "key": "first"})
    assert made.status_code == 201 and made.json()["new"]
    run = made.json()["run"]
    again = client.post("/api/v1/jobs", json={"upload": upload, "settings": SETTINGS, "key": "first"}).json()
    assert again == {"run": run, "new": False}
    detail = client.get(f"/api/v1/jobs/{run}").json()
    assert (detail["job"]["state"], detail["job"]["priority"], detail["position"]) == ("queued", 3, 1)
    with read(workspace) as connection:
        assert get_run(connection, run).owner is None  # it waits for any worker
    assert client.post(f"/api/v1/jobs/{run}/cancel").json()["state"] == "cancelled"
    assert [act["action"] for act in client.get("/api/v1/audit").json()["items"]][:2] == ["cancel", "train"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"yaml": "epohs: 3"}, "epochs"),
        ({"yaml": "epochs: [1"}, "line 1"),
        ({"settings": {"data.test_file": "/etc/passwd"}}, "names a file of the server"),
        ({"settings": {"training.base_model": "/etc"}}, "is a path"),
        ({"settings": {"training.base_model": "../models"}}, "is a path"),
        ({"settings": {"search.space": "/etc/space.yaml"}}, "names a file"),
        ({}, "no data is named"),
        ({"upload": 77}, "no upload 77"),
        ({"upload": 77, "priorty": 3}, "priorty"),
    ],
)
def test_what_is_wrong_with_a_job_is_said_at_once(client: TestClient, body: dict[str, Any], words: str) -> None:
    answer = client.post("/api/v1/jobs", json=body)
    assert answer.status_code == 422, answer.text
    assert words in answer.json()["detail"] + str(answer.json().get("remedy"))
    assert client.get("/api/v1/jobs").json()["items"] == []


def test_a_job_that_cannot_be_queued_leaves_no_run_behind(client: TestClient, table: Path) -> None:
    upload = client.post("/api/v1/uploads", params={"name": "shop.csv"}, content=table.read_bytes()).json()["id"]
    refused = client.post("/api/v1/jobs", json={"upload": upload, "settings": SETTINGS, "after": [77]})
    assert refused.status_code == 422 and "there is no run 77" in refused.json()["detail"]
    assert client.get("/api/v1/jobs").json()["items"] == []


def test_a_prepared_run_is_given_up_when_the_queue_refuses_it(
    workspace: Workspace, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: Any, **__: Any) -> None:
        raise EnvironmentProblem("the disk is full")

    monkeypatch.setattr("trainwright.web.helpers.tables.place", refuses)
    with pytest.raises(EnvironmentProblem, match="disk is full"):
        submit(workspace, table=str(table), yaml=None, values=SETTINGS, who="ann")
    with read(workspace) as connection:
        assert get_run(connection, 1).state == "cancelled"


def test_a_job_that_has_ended_cannot_be_cancelled_and_one_that_works_not_tried_again(
    client: TestClient, workspace: Workspace
) -> None:
    done, works, failed = (new_run(workspace, state) for state in ("completed", "training", "failed"))
    for run, act in ((done, "cancel"), (done, "retry"), (works, "retry"), (failed, "cancel")):
        answer = client.post(f"/api/v1/jobs/{run}/{act}")
        assert answer.status_code == 409 and f"job {run} is" in answer.json()["detail"]
    assert client.post("/api/v1/jobs/999/cancel").status_code == 404
    assert client.post(f"/api/v1/jobs/{works}/cancel").json()["cancel_asked"] is True
    assert client.post(f"/api/v1/jobs/{failed}/retry").json()["state"] == "queued"


def test_jobs_are_listed_by_state_and_in_pages(client: TestClient, workspace: Workspace) -> None:
    runs = [new_run(workspace, state) for state in ("completed", "training", "failed", "queued")]

    def listed(**query: Any) -> list[int]:
        return [job["run"] for job in client.get("/api/v1/jobs", params=query).json()["items"]]

    assert listed() == runs[::-1]
    assert listed(state="working") == [runs[1]]
    assert listed(state=["failed", "queued"]) == [runs[3], runs[2]]
    assert listed(project="shop", limit=2) == runs[:1:-1] and listed(project="other") == []
    assert client.get("/api/v1/jobs", params={"state": "sleeping"}).status_code == 422


def test_a_stream_tells_everything_once_and_goes_on_after_a_break(client: TestClient, workspace: Workspace) -> None:
    run = new_run(workspace, "training")
    with write(workspace) as connection:
        add_points(connection, run, 1, [("net/loss", step, 1 / (step + 1)) for step in range(5)])
        add_event(
            connection, run, 1, "fold", data={"trial": "net", "fold": 0, "folds": 2, "metric": "auc", "score": 0.5}
        )
        set_state(connection, run, 1, "evaluating", "nearly done")
        set_state(connection, run, 1, "completed", "done")
    messages = read_stream(client.get(f"/api/v1/jobs/{run}/stream").text)
    assert [line["words"] for line in messages["log"][-3:]] == [
        "net: fold 1 of 2, auc 0.5000",
        "evaluating: nearly done",
        "completed: done",
    ]
    assert messages["points"][0]["series"]["net/loss"][0] == [0.0, 1.0]
    assert messages["job"][-1]["state"] == "completed" and messages["end"] == [{}]
    last = messages["id"][-1]
    again = read_stream(client.get(f"/api/v1/jobs/{run}/stream", headers={"last-event-id": last}).text)
    assert set(again) == {"id", "end"}
    assert client.get(f"/api/v1/jobs/{run}/stream", params={"after": "../1"}).status_code == 422
    assert client.get("/api/v1/jobs/99/stream").status_code == 404


def test_events_and_points_come_after_a_cursor(client: TestClient, workspace: Workspace) -> None:
    run = new_run(workspace, "training")
    with write(workspace) as connection:
        add_points(connection, run, 1, [("a", 0, 1.0), ("a", 1, float("nan"))])
    first = client.get(f"/api/v1/jobs/{run}/points").json()
    assert first["series"] == {"a": [[0.0, 1.0], [1.0, None]]} and not first["thinned"]
    with write(workspace) as connection:
        add_points(connection, run, 1, [("a", 2, 3.0)])
    assert client.get(f"/api/v1/jobs/{run}/points", params={"after": first["next"]}).json()["series"] == {
        "a": [[2.0, 3.0]]
    }
    events = client.get(f"/api/v1/jobs/{run}/events").json()
    assert events["items"][0]["words"] == "queued: waiting to start"
    assert client.get(f"/api/v1/jobs/{run}/events", params={"after": events["next"]}).json()["items"] == []


def test_a_long_curve_is_thinned_and_a_short_one_beside_it_is_not(workspace: Workspace) -> None:
    run = new_run(workspace, "training")
    with write(workspace) as connection:
        for start in range(0, 6000, 1000):
            long = [("net/loss", float(step), 1.0) for step in range(start, start + 1000)]
            add_points(connection, run, 1, [*long, ("net/f1", float(start), 0.5)])
    with read(workspace) as connection:
        found = curves_after(connection, run, 1, most=500)
        all_of_it = curves_after(connection, run, 1, most=10_000)
    assert found.thinned and not all_of_it.thinned
    assert len(all_of_it.series["net/loss"]) == 6000
    steps = [step for step, _ in found.series["net/loss"]]
    assert 300 < len(steps) < 900 and steps == sorted(steps) and steps[-1] == 5999.0
    assert max(b - a for a, b in pairwise(steps)) < 200  # spread over the whole curve
    assert len(found.series["net/f1"]) == 6


def test_the_result_of_a_run_that_has_none_is_a_clear_answer(client: TestClient, workspace: Workspace) -> None:
    run = new_run(workspace, "training")
    answer = client.get(f"/api/v1/runs/{run}/result")
    assert answer.status_code == 409 and "is training" in answer.json()["detail"]
    assert client.get(f"/api/v1/runs/{run}/report").status_code == 404
    assert client.get("/api/v1/runs/99/leaderboard").status_code == 404


def read_stream(text: str) -> dict[str, list[Any]]:
    """The messages of a stream by kind, lists joined, and their ids."""
    found: dict[str, list[Any]] = {"id": []}
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "event" in fields:
            document = json.loads(fields["data"])
            found.setdefault(fields["event"], []).extend(document if isinstance(document, list) else [document])
            found["id"].append(fields["id"])
    return found


def test_a_fault_of_ours_shows_no_traceback(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("trainwright.web.api.projects.projects_at_a_glance", broken)
    answer = client.get("/api/v1/projects")
    assert answer.status_code == 500 and answer.headers["content-type"] == "application/problem+json"
    assert "secret detail" not in answer.text and "Traceback" not in answer.text


def test_a_database_that_another_program_locks_is_said_and_the_server_stays_up(
    tmp_path: Path, serve: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainwright.store.sqlite.BUSY_SECONDS", 0.2)
    workspace = open_workspace(tmp_path / "locked")
    client = serve(workspace)
    with contextlib.closing(sqlite3.connect(workspace.path / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = client.post("/api/v1/tokens", json={"name": "nightly", "role": "viewer"})
        assert refused.status_code == 503 and "locked by another process" in refused.json()["detail"]
        assert client.get("/").status_code == client.get("/api/v1/jobs").status_code == 200
        other.execute("ROLLBACK")
    assert client.post("/api/v1/tokens", json={"name": "nightly", "role": "viewer"}).status_code == 201
    workspace.engine.dispose()


def test_a_database_that_cannot_be_read_is_said_before_anybody_is_known(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object) -> None:
        raise EnvironmentProblem("the database is damaged", remedy="restore it")

    monkeypatch.setattr("trainwright.web.security.callers.find_session", damaged)
    answer = client.get("/api/v1/jobs")
    assert (answer.status_code, answer.json()["remedy"]) == (503, "restore it")
    assert "restore it" in client.get("/").text


def test_the_pages_of_errors_are_pages(client: TestClient, as_role: Callable[..., TestClient]) -> None:
    answer = client.get("/nothing")
    assert answer.status_code == 404 and "text/html" in answer.headers["content-type"]
    assert "there is nothing at this address" in answer.text
