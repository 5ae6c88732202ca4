"""Jobs that take up what was trained, over REST: a try, a search, a repetition; and runs side by side."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

PROJECT = "/api/v1/projects/shop"
TRIED = {"settings": {"training.class_weight": "balanced"}}


def made(answer: Any) -> int:
    """The number of a job that was made."""
    assert answer.status_code == 201 and answer.json()["new"], answer.text
    return int(answer.json()["run"])


def test_a_try_a_search_and_a_repetition_wait_in_the_queue_under_their_askers_name(shop: TestClient) -> None:
    tried = made(shop.post(f"{PROJECT}/try", json={**TRIED, "version": "v1", "key": "once", "priority": 4}))
    again = shop.post(f"{PROJECT}/try", json={**TRIED, "key": "once"})
    assert again.json() == {"run": tried, "new": False}
    penalty = {"settings": {"linear.C": 0.1}, "note": "a stronger penalty"}
    made(shop.post(f"{PROJECT}/try", json=penalty))
    repeats = made(shop.post("/api/v1/runs/1/reproduce", json={"name": "the same again", "after": [tried]}))
    searched = made(shop.post(f"{PROJECT}/tune", json={"trials": 5, "time_limit": "90s", "families": ["linear"]}))

    jobs = {job["run"]: job for job in shop.get("/api/v1/jobs").json()["items"]}
    assert [jobs[run]["state"] for run in (tried, repeats, searched)] == ["queued"] * 3
    assert jobs[tried]["priority"] == 4 and jobs[repeats]["name"] == "the same again"
    found = shop.get(f"/api/v1/runs/{searched}/settings").json()["settings"]
    asked = {"method": "auto", "space": "first", "trials": 5, "time_limit": 90.0, "families": ["linear"]}
    assert {key: found["search"][key] for key in asked} == asked
    assert (found["data"]["version"], found["training"]["time_limit"]) == ("d1", 150.0)  # 90 s and the 60 s of run 1

    acts = {act["subject"]: act for act in shop.get("/api/v1/audit", params={"project": "shop"}).json()["items"]}
    for run, action in ((tried, "try"), (repeats, "reproduce"), (searched, "tune")):
        assert (acts[f"run {run}"]["action"], acts[f"run {run}"]["who"]) == (action, "server token")
    assert shop.get(f"/api/v1/runs/{repeats}/reproduction").status_code == 409
    unrelated = shop.get("/api/v1/runs/1/reproduction")
    assert unrelated.status_code == 422 and "repeats no other run" in unrelated.json()["detail"]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        (f"{PROJECT}/try", {"settings": {"training.base_model": "../models"}}, "is a path"),
        (f"{PROJECT}/try", {"settings": {"text_transformer.base_model": "/srv/bert"}}, "is a path"),
        (f"{PROJECT}/try", {"settings": {"data.test_file": "/etc/passwd"}}, "names a file of the server"),
        (f"{PROJECT}/try", {"settings": {"decision.cost": "/srv/year=2025/x.yaml"}}, "cost"),
        (f"{PROJECT}/try", {"settings": {"track.mlflow": "/srv/mlruns"}}, "no client may choose"),
        (f"{PROJECT}/try", {"settings": {}}, "nothing is set"),
        (f"{PROJECT}/try", {"settings": {"data.folds": 7}}, "decides how the rows are"),
        (f"{PROJECT}/try", {**TRIED, "accept": "recal>=0.9"}, "recal"),
        (f"{PROJECT}/tune", {"space": "/srv/space.yaml"}, "space"),
        (f"{PROJECT}/tune", {"space": {"text_transformer": {"base_model": ["minilm", "/srv/bert"]}}}, "is a path"),
        (f"{PROJECT}/tune", {"time_limit": "soon"}, "soon"),
        (f"{PROJECT}/versions/v1/learning-curve", {"time_limit": "soon"}, "soon"),
        (f"{PROJECT}/versions/v1/stability", {"seeds": 1}, "seeds"),
        ("/api/v1/runs/compare", {"runs": ["/etc/passwd", "../shop"]}, "no project"),
        ("/api/v1/runs/compare", {"runs": ["shop@v1", "shop@v1"]}, "stand for the same run 1"),
    ],
)
def test_what_is_wrong_is_said_and_no_path_is_opened(
    shop: TestClient, path: str, body: dict[str, Any], words: str
) -> None:
    answer = shop.post(path, json=body)
    assert answer.status_code == 422 and words in answer.text, answer.text
    assert [job["run"] for job in shop.get("/api/v1/jobs").json()["items"]] == [1]


def test_what_is_not_there_is_not_found(shop: TestClient) -> None:
    for path, body in (
        ("/api/v1/projects/nothing/try", TRIED),
        ("/api/v1/projects/nothing/tune", {}),
        (f"{PROJECT}/try", {**TRIED, "version": "v9"}),
        (f"{PROJECT}/tune", {"version": "v9"}),
        (f"{PROJECT}/versions/v9/learning-curve", None),
        (f"{PROJECT}/versions/v9/stability", {"seeds": 3}),
        ("/api/v1/runs/99/reproduce", None),
    ):
        assert shop.post(path, json=body).status_code == 404, path
    assert shop.get("/api/v1/runs/99/reproduction").status_code == 404
    assert shop.get(f"{PROJECT}/versions/v1/export", params={"decision": "../d1"}).status_code == 422
    missing = shop.get(f"{PROJECT}/versions/v1/export", params={"decision": "d4", "format": "folder"})
    assert missing.status_code == 422 and "has no decisions" in missing.json()["detail"]
