"""Whoever changes something stands in the audit with it: a walk over every route that may change anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from trainwright.store.audit import acts
from trainwright.store.files import Published, artifact_path
from trainwright.store.projects import get_project
from trainwright.store.transaction import read, write
from trainwright.store.versions import create_version, get_version
from trainwright.store.workspace import Workspace
from trainwright.web.security.guard import GuardedRoute

PASSWORD = "a sentence is a good password"
VERSION = "projects/{project}/versions/{version}"
# Of the routes that take a POST: what they look at is not changed. Sessions are no change of what answers or is kept.
ASKS_ONLY = {
    "POST /api/v1/examine", "POST /api/v1/runs/compare", "POST /api/v1/projects/{project}/compare",
    "POST /api/v1/projects/{project}/predict", f"POST /api/v1/{VERSION}/predict", "POST /new/check",
    "POST /new/statistics", f"POST /{VERSION}/test", "POST /login", "POST /logout",
}  # fmt: skip


class Walk:
    """Sends requests as one person and notes which routes were walked, and what the audit says of each."""

    def __init__(self, client: TestClient, workspace: Workspace):
        self.client, self.workspace, self.walked = client, workspace, set[str]()

    def act(self, route: str, *actions: str, at: str | None = None, **sent: Any) -> Any:
        """One request that must work and leave these rows under its caller; `at` where the address has names."""
        method, path = route.split(" ")
        before = self.rows()
        said = self.client.request(method, at or path, **sent)
        assert said.status_code < 400, (route, said.text)
        found = self.rows()[len(before) :]
        assert [action for action, _ in found] == list(actions), (route, found)
        assert {who for _, who in found} <= {"admin"}, (route, found)
        self.walked.add(route)
        return said.json() if said.headers.get("content-type", "").startswith("application/json") else None

    def rows(self) -> list[tuple[str, str]]:
        """(action, who) of every row, oldest first."""
        with read(self.workspace) as connection:
            return [(row.action, row.who) for row in acts(connection)]


@pytest.fixture
def walk(shop_here: TestClient, trained: Workspace, as_role: Callable[..., TestClient]) -> Walk:
    """Somebody with every right at the trained workspace."""
    return Walk(as_role(shop_here, "admin"), trained)


def test_every_route_that_changes_something_leaves_its_row_in_the_audit(walk: Walk, table: Path) -> None:
    people(walk)
    upload = files(walk, table)
    trainings(walk, upload)
    further_trainings(walk)
    versions(walk)
    decisions(walk)
    schedules(walk)
    questions(walk, upload)
    routes = [route for route in walk.client.app.routes if isinstance(route, GuardedRoute)]  # type: ignore[attr-defined]
    changing = {f"{method} {route.path}" for route in routes for method in (route.methods or set()) - {"GET", "HEAD"}}
    assert changing - ASKS_ONLY == walk.walked - ASKS_ONLY, "a route that nobody walks"


def test_what_is_refused_leaves_no_row(walk: Walk) -> None:
    before = walk.rows()
    for address, body in (
        ("/api/v1/jobs", {"settings": {"epohs": 3}}),
        ("/api/v1/projects/shop/versions/v9/activate", {}),
        ("/api/v1/projects/shop/rollback", None),
        ("/api/v1/projects/shop/versions/v1/decisions", {"threshold": 0.3, "cost": "fp=1 fn=2"}),
        ("/api/v1/schedules", {"project": "shop", "cron": "at noon"}),
        ("/api/v1/tokens", {"name": "", "role": "viewer"}),
    ):
        assert walk.client.post(address, json=body).status_code in (404, 422), address
    assert walk.client.delete("/api/v1/projects/shop/versions/v1").status_code == 422  # it answers
    assert walk.rows() == before


def people(walk: Walk) -> None:
    new = {"name": "ada", "role": "viewer", "password": PASSWORD}
    walk.act("POST /api/v1/accounts", "create account", json=new)
    walk.act("PATCH /api/v1/accounts/{name}", "change account", at="/api/v1/accounts/ada", json={"role": "trainer"})
    walk.act("POST /settings/accounts", "create account", data=new | {"name": "bob"})
    walk.act("POST /settings/accounts/change", "change account", data={"name": "bob", "disabled": "yes"})
    token = walk.act("POST /api/v1/tokens", "create token", json={"name": "nightly", "role": "viewer"})["token"]["id"]
    walk.act("DELETE /api/v1/tokens/{token}", "revoke token", at=f"/api/v1/tokens/{token}")
    walk.act("POST /settings/tokens", "create token", data={"name": "weekly", "role": "viewer"})
    walk.act("POST /settings/tokens/{token}/revoke", "revoke token", at=f"/settings/tokens/{token + 1}/revoke")


def files(walk: Walk, table: Path) -> int:
    content = table.read_bytes()
    kept = walk.act("POST /api/v1/uploads", "upload", params={"name": "shop.csv"}, content=content)
    walk.act("POST /new/upload", "upload", files={"file": ("other.csv", content)})
    place = "/projects/shop/versions/v1/test/upload"
    walk.act(f"POST /{VERSION}/test/upload", "upload", at=place, files={"file": ("more.csv", content)})
    walk.act("DELETE /api/v1/uploads/{upload_id}", "delete upload", at=f"/api/v1/uploads/{kept['id'] + 1}")
    return int(kept["id"])


def trainings(walk: Walk, upload: int) -> None:
    settings = {"data.target": "bought", "training.families": ["linear"], "data.folds": 2}
    run = walk.act("POST /api/v1/jobs", "train", json={"upload": upload, "settings": settings})["run"]
    for prefix in ("/api/v1", ""):
        for verb in ("cancel", "retry"):
            walk.act(f"POST {prefix}/jobs/{{run}}/{verb}", verb, at=f"{prefix}/jobs/{run}/{verb}")
    fields = {"project": "shop", "data.target": "bought", "training.families": "linear", "data.folds": "2"}
    walk.act("POST /new", "train", at=f"/new?upload={upload}", data=fields)


def further_trainings(walk: Walk) -> None:
    walk.act(
        "POST /api/v1/projects/{project}/try", "try",
        at="/api/v1/projects/shop/try", json={"settings": {"training.class_weight": "balanced"}},
    )  # fmt: skip
    walk.act(
        "POST /api/v1/projects/{project}/tune", "tune",
        at="/api/v1/projects/shop/tune", json={"trials": 2, "families": ["linear"], "method": "random"},
    )  # fmt: skip
    walk.act("POST /api/v1/runs/{run}/reproduce", "reproduce", at="/api/v1/runs/1/reproduce", json={})
    v1 = "projects/shop/versions/v1"
    walk.act(f"POST /api/v1/{VERSION}/learning-curve", "learning_curve", at=f"/api/v1/{v1}/learning-curve", json={})
    walk.act(f"POST /api/v1/{VERSION}/stability", "stability", at=f"/api/v1/{v1}/stability", json={"seeds": 3})
    walk.act(f"POST /{VERSION}/measure", "stability", at=f"/{v1}/measure", data={"kind": "stability"})


def versions(walk: Walk) -> None:
    for _ in range(2):
        another_version(walk.workspace)
    for prefix in ("/api/v1/", "/"):
        place = f"{prefix}projects/shop"
        body = {"json": {"decision": "none"}} if prefix != "/" else {"data": {"decision": "none", "expected": "v1"}}
        walk.act(f"POST {prefix}{VERSION}/activate", "activate", at=f"{place}/versions/v2/activate", **body)
        walk.act(f"POST {prefix}projects/{{project}}/rollback", "rollback", at=f"{place}/rollback")
    walk.act(f"DELETE /api/v1/{VERSION}", "delete", at="/api/v1/projects/shop/versions/v2")
    walk.act(f"POST /{VERSION}/delete", "delete", at="/projects/shop/versions/v3/delete")


def decisions(walk: Walk) -> None:
    rest, page = "/api/v1/projects/shop/versions/v1/decisions", "/projects/shop/versions/v1/decisions"
    walk.act(f"POST /api/v1/{VERSION}/decisions", "decide", at=rest, json={"threshold": 0.3})
    walk.act(f"POST /api/v1/{VERSION}/decisions", "decide", "activate", at=rest, json={"threshold": 0.2, "use": True})
    walk.act(f"POST /api/v1/{VERSION}/decisions/{{decision}}/use", "activate", at=f"{rest}/d1/use")
    walk.act(f"POST /{VERSION}/decisions", "decide", at=page, data={"goal": "threshold", "threshold": "0.4"})
    walk.act(f"POST /{VERSION}/decisions/use", "activate", at=f"{page}/use", data={"decision": "none"})


def schedules(walk: Walk) -> None:
    asked = {"project": "shop", "cron": "0 3 * * 1", "zone": "UTC"}
    number = walk.act("POST /api/v1/schedules", "schedule", json=asked)["id"]
    walk.act("DELETE /api/v1/schedules/{schedule}", "unschedule", at=f"/api/v1/schedules/{number}")
    walk.act("POST /settings/schedules", "schedule", data=asked)
    place = f"/settings/schedules/{number + 1}/remove"
    walk.act("POST /settings/schedules/{schedule}/remove", "unschedule", at=place)


def questions(walk: Walk, upload: int) -> None:
    """Looking leaves no row."""
    rows = [{"age": 55.0, "price": 10.0, "kind": "pen"}]
    walk.act("POST /api/v1/examine", json={"upload": upload, "settings": {"data.target": "bought"}})
    walk.act("POST /api/v1/projects/{project}/predict", at="/api/v1/projects/shop/predict", json={"rows": rows})
    walk.act("POST /new/check", data={"data.target": "bought"})


def another_version(workspace: Workspace) -> None:
    """The package of v1 under another number."""
    with write(workspace) as connection:
        project = get_project(connection, "shop")
        v1 = get_version(connection, project, 1)
        package = Published("package", v1.artifact, artifact_path(workspace, "package", v1.artifact), v1.bytes)
        create_version(connection, project.id, package, manifest_sha=v1.manifest_sha, metrics=v1.metrics)
