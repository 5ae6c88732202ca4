"""The server over a workspace on PostgreSQL: from an upload to a version that answers, and every page meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient

from postgres_server import Server
from trainwright.jobs.slots import Slots
from trainwright.jobs.worker import Worker
from trainwright.store.workspace import open_workspace

PAGES = (
    "/",
    "/jobs",
    "/jobs/1",
    "/new?upload=1",
    "/projects/shop",
    "/projects/shop/versions",
    "/projects/shop/versions/v1",
    "/projects/shop/versions/v1/activate",
    "/settings",
    "/settings/audit",
    "/settings/schedules",
    "/api/v1/jobs?state=finished&project=shop",
    "/api/v1/jobs/1",
    "/api/v1/jobs/1/events",
    "/api/v1/jobs/1/points",
    "/api/v1/projects",
    "/api/v1/queue",
    "/api/v1/audit",
)


def test_the_whole_way_on_postgresql(
    postgres: Server, empty_workspace: str, tmp_path: Path, table: Path, serve: Callable[..., TestClient]
) -> None:
    workspace = open_workspace(postgres.fresh(tmp_path / "artifacts", like=empty_workspace))
    client = serve(workspace)
    upload = client.post("/api/v1/uploads", params={"name": table.name}, content=table.read_bytes()).json()["id"]
    settings = {"data.target": "bought", "project": "shop", "training.families": ["linear"], "data.folds": 2}
    asked = {"upload": upload, "settings": settings, "key": "once"}
    assert client.post("/api/v1/jobs", json=asked).json() == {"run": 1, "new": True}
    assert client.post("/api/v1/jobs", json=asked).json() == {"run": 1, "new": False}
    assert client.get("/api/v1/jobs/1").json()["position"] == 1
    assert Worker(workspace, Slots(), name="w1").run(once=True) == 1
    assert client.get("/api/v1/jobs/1").json()["job"]["state"] == "completed"
    for page in PAGES:
        assert client.get(page).status_code == 200, page
    stale = client.post("/api/v1/projects/shop/versions/v1/activate", json={"expected": "none"})
    assert stale.status_code == 409  # the first version of a project answers at once
    assert client.post("/api/v1/projects/shop/versions/v1/activate", json={"expected": "v1"}).json()["active"]
    row = {"age": 60, "price": 10, "kind": "pen"}
    answer = client.post("/api/v1/projects/shop/predict", json={"rows": [row], "explain": 2})
    assert answer.status_code == 200 and len(answer.json()["reasons"][0]) == 2
    workspace.engine.dispose()
