"""Where two people must agree (`serve --second-approver`), nothing that changes what answers is one person's act."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from trainwright.store.decisions import get_decision
from trainwright.store.deployments import active_deployment
from trainwright.store.files import Published, artifact_path
from trainwright.store.projects import ensure_project, get_project
from trainwright.store.transaction import read, write
from trainwright.store.versions import Version, create_version, get_version
from trainwright.store.workspace import Workspace
from trainwright.training.deployed import record_decision

ADDRESS = "/api/v1/projects/shop/versions/v1"
PAGE = "/projects/shop/versions/v1"


@pytest.fixture
def first(trained: Workspace, serve: Callable[..., TestClient]) -> TestClient:
    """The administrator at a server that asks for a second person."""
    return serve(trained, second_approver=True)


@pytest.fixture
def second(first: TestClient, as_role: Callable[..., TestClient]) -> TestClient:
    """Another person there."""
    return as_role(first, "trainer")


def answers_by(client: TestClient) -> str | None:
    found: str | None = client.get(ADDRESS).json()["decision"]
    return found


def first_version(workspace: Workspace, project: str) -> Version:
    """v1 of a new project, as the end of a training makes it."""
    with write(workspace) as connection:
        v1 = get_version(connection, get_project(connection, "shop"), 1)
        new = ensure_project(connection, project)
        package = Published("package", v1.artifact, artifact_path(workspace, "package", v1.artifact), v1.bytes)
        return create_version(connection, new.id, package, manifest_sha=v1.manifest_sha)


def test_a_decision_is_used_once_a_second_person_asks_for_it(first: TestClient, second: TestClient) -> None:
    made = first.post(f"{ADDRESS}/decisions", json={"threshold": 0.3, "use": True})
    assert (made.status_code, made.json()["label"], made.json()["used"]) == (202, "d1", False), made.text
    for _ in range(2):  # asking again is still one person
        asked = first.post(f"{ADDRESS}/decisions/d1/use")
        assert (asked.status_code, asked.json()["decision"]) == (202, None)
    assert answers_by(first) is None
    agreed = second.post(f"{ADDRESS}/decisions/d1/use")
    assert (agreed.status_code, agreed.json()["decision"]) == (200, "d1")
    # Back to its own threshold is a change, too; what is so already needs nobody.
    assert second.post(f"{ADDRESS}/decisions/none/use").status_code == 202
    assert answers_by(first) == "d1"
    assert first.post(f"{ADDRESS}/decisions/none/use").status_code == 200
    assert first.post(f"{ADDRESS}/decisions/none/use").status_code == 200
    assert answers_by(first) is None
    acts = [(act["action"], act["subject"], act["who"]) for act in first.get("/api/v1/audit").json()["items"]]
    assert acts[:4] == [
        ("activate", "v1", "server token"),
        ("ask to activate", "v1", "trainer"),
        ("activate", "v1 d1", "trainer"),
        ("ask to activate", "v1 d1", "server token"),
    ]


def test_the_pages_ask_for_the_second_person_as_well(first: TestClient, second: TestClient) -> None:
    kept = first.post(f"{PAGE}/decisions", data={"goal": "cost", "fp": "1", "fn": "5", "now": "true"})
    assert kept.status_code == 303 and answers_by(first) is None
    shown = first.get(kept.headers["location"]).text
    assert "d1 is kept; v1 answers by it once a second person asks for it, too" in shown
    assert "server token asked for v1 d1" in shown and "It answers once you ask" not in shown
    assert first.post(f"{PAGE}/decisions/use", data={"decision": "d1"}).status_code == 303
    assert answers_by(first) is None
    assert "It answers once you ask for the same" in second.get(PAGE).text
    # Activating the version by that decision is the same wish.
    agreed = second.post(f"{ADDRESS}/activate", json={"decision": "d1"})
    assert (agreed.status_code, agreed.json()["decision"]) == (200, "d1")


def test_a_decision_of_a_version_that_does_not_answer_waits_for_nobody(first: TestClient, trained: Workspace) -> None:
    with write(trained) as connection:
        v1 = get_version(connection, get_project(connection, "shop"), 1)
        package = Published("package", v1.artifact, artifact_path(trained, "package", v1.artifact), v1.bytes)
        create_version(connection, v1.project_id, package, manifest_sha=v1.manifest_sha)
    refused = first.post("/api/v1/projects/shop/versions/v2/decisions/none/use")
    assert refused.status_code == 422 and "not the active version" in refused.json()["detail"]
    asked = [act for act in first.get("/api/v1/audit").json()["items"] if act["action"] == "ask to activate"]
    assert asked == []


def test_the_first_version_of_a_project_does_not_answer_by_itself(
    first: TestClient, second: TestClient, trained: Workspace
) -> None:
    version = first_version(trained, "bakery")
    document = {"policy": {"kind": "threshold", "threshold": 0.3}}
    with write(trained) as connection:
        record_decision(connection, version.project_id, version, document)
        assert get_decision(connection, version.id, "d1", name="bakery@v1").label == "d1"
        assert active_deployment(connection, version.project_id) is None
    place = "/api/v1/projects/bakery/versions/v1/activate"
    assert first.post(place, json={"decision": "none"}).status_code == 202
    assert second.post(place, json={"decision": "none"}).json()["active"] is True


def test_a_server_that_asks_for_nobody_else_lets_the_first_version_answer_again(
    first: TestClient, trained: Workspace, serve: Callable[..., TestClient]
) -> None:
    for two in (True, False, False):  # noted once each time that it changes
        serve(trained, second_approver=two)
    acts = [act["action"] for act in first.get("/api/v1/audit").json()["items"]]
    assert acts[:2] == ["one person is enough", "two people must agree"]
    assert acts.count("one person is enough") == acts.count("two people must agree") == 1
    version = first_version(trained, "bakery")
    with read(trained) as connection:
        active = active_deployment(connection, version.project_id)
        assert active is not None and active.version_id == version.id


def test_whoever_comes_back_to_what_answered_before_needs_nobody(
    first: TestClient, second: TestClient, trained: Workspace
) -> None:
    assert first.post(f"{ADDRESS}/decisions", json={"threshold": 0.3, "use": True}).status_code == 202
    assert second.post(f"{ADDRESS}/decisions/d1/use").status_code == 200
    assert first.post("/api/v1/projects/shop/rollback").json()["decision"] is None
