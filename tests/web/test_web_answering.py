"""REST knows what the pages know: the checks before an activation, what answered when, how far a project has come."""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.testclient import TestClient
from test_web_versions import another_version
from web_client import TOKEN

import trainwright as tw
from trainwright.store.workspace import Workspace

PROJECT = "/api/v1/projects/shop"


def test_what_is_known_before_a_version_answers(shop: TestClient, trained: Workspace) -> None:
    another_version(trained)
    known = shop.get(f"{PROJECT}/versions/v2/activation").json()
    assert (known["replaces"], known["expected"], known["decision"]) == ("v1", "v1", None)
    assert (known["two_people"], known["waits"]) == (False, None)
    page = shop.get("/projects/shop/versions/v2/activate").text
    assert [one["what"] for one in known["checks"]][:2] == ["Measured on the sealed test", "Requirements"]
    for check in known["checks"]:
        assert check["state"] in ("met", "open", "not met") and check["what"] in page and check["evidence"] in page
    sent = {"expected": known["expected"]}
    assert shop.post(f"{PROJECT}/versions/v2/activate", json=sent).json()["active"]
    assert shop.get(f"{PROJECT}/versions/v1/activation").json()["expected"] == "v2"
    assert shop.get(f"{PROJECT}/versions/v9/activation").status_code == 404


def test_what_waits_for_a_second_person_is_told(
    trained: Workspace, serve: Callable[..., TestClient], as_role: Callable[..., TestClient]
) -> None:
    another_version(trained)
    first = serve(trained, second_approver=True)
    assert first.post(f"{PROJECT}/versions/v2/activate").status_code == 202
    known = as_role(first, "viewer").get(f"{PROJECT}/versions/v2/activation").json()
    assert known["two_people"] and known["waits"]["label"] == "v2" and known["expected"] == "v1"


def test_what_answered_when(shop: TestClient, trained: Workspace) -> None:
    another_version(trained)
    shop.post(f"{PROJECT}/versions/v2/activate")
    shop.post(f"{PROJECT}/rollback")
    found = shop.get(f"{PROJECT}/deployments").json()["items"]
    told = [(one["version"], one["action"], one["ended_at"] is None) for one in found]
    assert told == [("v1", "rollback", True), ("v2", "activate", False), ("v1", "activate", False)]
    assert found[0]["started_at"] == found[1]["ended_at"] and found[1]["decision"] is None
    page = shop.get(f"{PROJECT}/deployments", params={"limit": 2}).json()
    rest = shop.get(f"{PROJECT}/deployments", params={"after": page["next"]}).json()
    assert [*page["items"], *rest["items"]] == found and rest["next"] is None
    assert shop.get("/api/v1/projects/none/deployments").status_code == 404


def test_a_decision_that_answered_is_named(shop: TestClient) -> None:
    made = shop.post(f"{PROJECT}/versions/v1/decisions", json={"cost": {"fp": 1, "fn": 3}, "use": True})
    assert made.status_code in (200, 201), made.text
    newest = shop.get(f"{PROJECT}/deployments").json()["items"][0]
    assert (newest["version"], newest["decision"]) == ("v1", "d1")
    assert shop.get(f"{PROJECT}/versions/v1/activation").json()["decision"] == "d1"
    history = shop.get("/projects/shop/versions").text.partition("What answered when")[2]
    assert re.search(r'<th scope="row">v1 <span class="muted small">by d1</span></th>', history)


def test_how_far_a_project_has_come(shop: TestClient) -> None:
    [listed] = shop.get("/api/v1/projects").json()["items"]
    assert shop.get(PROJECT).json() == listed
    reached = [one["word"] for one in listed["stages"] if one["reached"]]
    assert reached == ["data", "trained", "tested", "active"] and all(one["meaning"] for one in listed["stages"])


def test_a_client_looks_at_a_dataset_version(trained: Workspace, live: Callable[..., str]) -> None:
    server = tw.connect(live(trained), token=TOKEN)
    seen = server.examine(settings={"project": "shop", "data.version": "d1"})
    assert seen["rows"] == 160 and seen["statistics"]["counted"] == 136 and seen["plan"]["settings_of"] == 1
    assert [one["name"] for one in server.projects()] == ["shop"]
