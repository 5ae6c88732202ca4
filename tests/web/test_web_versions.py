"""Versions over REST: listed, tried, activated, taken away; two people at once, and what a client may not reach."""

from __future__ import annotations

import html
import io
import re
import shutil
import threading
import zipfile
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from trainwright.errors import UserError
from trainwright.store.files import artifact_path
from trainwright.store.projects import get_project
from trainwright.store.transaction import read, write
from trainwright.store.versions import Version, create_version, get_version
from trainwright.store.workspace import Workspace
from trainwright.web.settings import WebSettings

ROWS = [{"age": 55.0, "price": 10.0, "kind": "pen"}, {"age": 25.0, "price": 30.0, "kind": None}]


def another_version(workspace: Workspace) -> Version:
    """v2: the package of v1 under another number."""
    from trainwright.store.files import Published

    with write(workspace) as connection:
        project = get_project(connection, "shop")
        v1 = get_version(connection, project, 1)
        package = Published("package", v1.artifact, artifact_path(workspace, "package", v1.artifact), v1.bytes)
        return create_version(connection, project.id, package, manifest_sha=v1.manifest_sha, metrics=v1.metrics)


def test_a_version_is_shown_with_its_figures(shop: TestClient) -> None:
    listed = shop.get("/api/v1/projects/shop/versions").json()["items"]
    assert [(one["name"], one["active"], one["model"]) for one in listed] == [("shop@v1", True, "linear")]
    assert listed[0]["figure"]["low"] <= listed[0]["figure"]["value"] <= listed[0]["figure"]["high"]
    assert shop.get("/api/v1/projects/shop/versions/v1").json() == listed[0]
    assert shop.get("/api/v1/projects/shop/versions/v9").status_code == 404
    assert shop.get("/api/v1/projects/shop/versions/9").status_code == 422
    glance = shop.get("/api/v1/projects/shop").json()
    assert (glance["active"]["label"], glance["last_run"]["state"], glance["target"]) == ("v1", "completed", "bought")
    assert glance["active"]["figure"] == listed[0]["figure"]


def test_many_versions_come_in_pages(shop: TestClient, trained: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        another_version(trained)
    place, found, after = "/api/v1/projects/shop/versions", [], None
    while True:
        page = shop.get(place, params={"limit": 2, **({"after": after} if after else {})}).json()
        assert len(page["items"]) <= 2
        found += [one["version"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert found == ["v5", "v4", "v3", "v2", "v1"]
    monkeypatch.setattr("trainwright.web.pages.versions.PAGE", 2)
    seen, at = [], "/projects/shop/versions"
    while at:
        text = shop.get(at).text
        assert "Compare two" in text and "What answered when" in text
        seen += re.findall(r'<th scope="row"><a href="/projects/shop/versions/(v\d)"', text)
        older = re.search(r'<a href="([^"]*)" rel="next"', text)
        at = html.unescape(older[1]) if older else ""
    assert seen == found


def test_rows_are_predicted_with_reasons(shop: TestClient) -> None:
    answer = shop.post("/api/v1/projects/shop/predict", json={"rows": ROWS, "explain": 2})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [row["prediction"] for row in found["predictions"]] == ["yes", "no"]
    assert found["version"] == "shop@v1" and [len(row) for row in found["reasons"]] == [2, 2]
    assert found["reasons"][0][0]["text"].startswith("price = 10 speaks")
    inputs = shop.get("/api/v1/projects/shop/versions/v1/inputs").json()
    kinds = {column["name"]: column["kind"] for column in inputs["columns"]}
    assert kinds == {"age": "number", "price": "number", "kind": "category"}
    for body, words in (({"rows": [{"age": 1}]}, "lack"), ({"rows": []}, "no row"), ({}, "either"),
                        ({"rows": ROWS, "decision": "d7"}, "no decision")):  # fmt: skip
        answer = shop.post("/api/v1/projects/shop/predict", json=body)
        assert answer.status_code == 422 and words in answer.json()["detail"], body
    assert shop.post("/api/v1/projects/shop/predict", json={"rows": [{"age": [1]}]}).status_code == 422


def test_two_people_activate_at_once_and_one_is_told(shop: TestClient, trained: Workspace) -> None:
    another_version(trained)
    third = another_version(trained)
    answers: list[int] = []

    def activate(label: str) -> None:
        address = f"/api/v1/projects/shop/versions/{label}/activate"
        answers.append(shop.post(address, json={"expected": "v1"}).status_code)

    people = [threading.Thread(target=activate, args=(label,)) for label in ("v2", third.label)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert sorted(answers) == [200, 409]
    active = [one["version"] for one in shop.get("/api/v1/projects/shop/versions").json()["items"] if one["active"]]
    acts = [act for act in shop.get("/api/v1/audit").json()["items"] if act["action"] == "activate"]
    assert len(active) == 1 and acts[0]["subject"] == active[0] and acts[0]["who"] == "server token"


def test_where_two_must_agree_a_version_answers_after_the_second(
    trained: Workspace, serve: Callable[..., TestClient], as_role: Callable[..., TestClient]
) -> None:
    another_version(trained)
    first = serve(trained, second_approver=True)
    second, address = as_role(first, "trainer"), "/api/v1/projects/shop/versions/v2/activate"
    assert "Two people must agree" in first.get("/projects/shop/versions/v2/activate").text
    for _ in range(2):  # asking twice is still one person
        asked = first.post(address)
        assert (asked.status_code, asked.json()["active"]) == (202, False)
    assert "server token asked for v2" in second.get("/projects/shop/versions/v2/activate").text
    assert second.post(address.replace("v2", "v1"), json={"expected": "v2"}).status_code == 409
    agreed = second.post(address)
    assert (agreed.status_code, agreed.json()["active"]) == (200, True)
    acts = [(act["action"], act["subject"], act["who"]) for act in first.get("/api/v1/audit").json()["items"]]
    assert acts[:2] == [("activate", "v2", "trainer"), ("ask to activate", "v2", "server token")]
    assert second.post("/api/v1/projects/shop/rollback").json()["version"] == "v1"  # helps at once
    assert second.post(address).status_code == 202  # what was asked for before does not count any more
    with pytest.raises(UserError, match="lets everybody in unnamed"):
        WebSettings(login=False, second_approver=True).checked()


def test_activate_roll_back_delete(shop: TestClient, trained: Workspace) -> None:
    another_version(trained)
    assert shop.post("/api/v1/projects/shop/rollback").status_code == 422
    assert shop.post("/api/v1/projects/shop/versions/v2/activate").json()["active"] is True
    assert shop.delete("/api/v1/projects/shop/versions/v2").status_code == 422  # it answers
    assert shop.post("/api/v1/projects/shop/rollback").json()["version"] == "v1"
    assert shop.delete("/api/v1/projects/shop/versions/v2").status_code == 204
    assert shop.get("/api/v1/projects/shop/versions/v2").status_code == 404
    kept = shop.get("/api/v1/projects/shop/versions", params={"deleted": True}).json()["items"]
    assert [(one["version"], one["state"]) for one in kept] == [("v2", "deleted"), ("v1", "kept")]


def test_a_package_and_a_report_are_fetched(shop: TestClient) -> None:
    answer = shop.get("/api/v1/projects/shop/versions/v1/package")
    assert 'filename="shop-v1.zip"' in answer.headers["content-disposition"]
    assert "manifest.json" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    page = shop.get("/api/v1/runs/1/report")
    assert page.status_code == 200 and page.headers["content-security-policy"].startswith("sandbox")
    card = shop.get("/api/v1/runs/1/report", params={"format": "md", "download": True})
    assert "run-1-model_card.md" in card.headers["content-disposition"]
    assert shop.get("/api/v1/runs/1/report", params={"format": "../x"}).status_code == 422
    assert shop.get("/api/v1/runs/1/findings").json()["checks"]
    assert shop.get("/api/v1/runs/1/settings").json()["settings"]["data"]["target"] == "bought"
    assert set(shop.get("/api/v1/runs/1/evaluations").json()) >= {"validation"}


def test_a_package_that_is_gone_is_the_surroundings_fault(shop: TestClient, trained: Workspace) -> None:
    with read(trained) as connection:
        version = get_version(connection, get_project(connection, "shop"), 1)
    shutil.rmtree(artifact_path(trained, "package", version.artifact))
    answer = shop.post("/api/v1/projects/shop/predict", json={"rows": ROWS})
    assert answer.status_code == 503 and "backup" in answer.json()["remedy"]


def test_a_decision_is_made_used_and_audited_under_its_asker(
    shop: TestClient, as_role: Callable[[TestClient, str], TestClient]
) -> None:
    address = "/api/v1/projects/shop/versions/v1/decisions"
    trainer = as_role(shop, "trainer")
    refused = trainer.post(address, json={"cost": "/etc/hosts.yaml"})
    assert refused.status_code == 422 and "names a file" in refused.json()["detail"]
    made = trainer.post(address, json={"cost": {"fp": 1, "fn": 5}, "use": True})
    assert made.status_code == 201, made.text
    assert [(d["label"], d["used"], d["who"]) for d in trainer.get(address).json()] == [("d1", True, "trainer")]
    assert trainer.get(f"{address}/d1").json()["label"] == "d1" and trainer.get(f"{address}/d2").status_code == 404
    predicted = shop.post("/api/v1/projects/shop/predict", json={"rows": ROWS}).json()
    assert predicted["decision"] == "d1"
    assert trainer.post(f"{address}/none/use").json()["decision"] is None
    acts = shop.get("/api/v1/audit", params={"project": "shop"}).json()["items"]
    assert {"decide", "activate"} <= {act["action"] for act in acts if act["who"] == "trainer"}


def test_a_schedule_is_made_and_ended(shop: TestClient) -> None:
    wrong = shop.post("/api/v1/schedules", json={"project": "shop", "cron": "every day"})
    assert wrong.status_code == 422 and "cron" in wrong.json()["detail"]
    made = shop.post("/api/v1/schedules", json={"project": "shop", "cron": "0 3 * * 1", "zone": "UTC"}).json()
    assert made["next_at"] > made["created"] and made["who"] == "server token"
    assert shop.get("/api/v1/schedules", params={"project": "shop"}).json()["items"] == [made]
    assert shop.delete(f"/api/v1/schedules/{made['id']}").status_code == 204
    assert shop.get("/api/v1/schedules").json()["items"] == []
    assert shop.delete("/api/v1/schedules/99").status_code == 404


@pytest.mark.parametrize("name", ["..", "shop%2f..%2f..", "%00", "shop@v1"])
def test_no_name_of_a_project_leads_elsewhere(shop: TestClient, name: str) -> None:
    assert shop.get(f"/api/v1/projects/{name}/versions").status_code == 404
