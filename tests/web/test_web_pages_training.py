"""The pages of a new training, of jobs and of projects, without a script: what they show, keep, refuse and start."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient
from test_web_jobs import new_run

from trainwright.config.source import load_settings
from trainwright.data.parts import part_path
from trainwright.jobs.queue import place
from trainwright.store import tables
from trainwright.store.datasets import latest_split
from trainwright.store.events import add_event, add_points
from trainwright.store.runs import get_run, save_document, set_state
from trainwright.store.transaction import read, write
from trainwright.store.trials import finish_trial
from trainwright.store.workspace import Workspace
from trainwright.web.training_form import GROUPS, formed

SPACES = re.compile(r"<[^>]+>|\s+")


def text_of(page: str) -> str:
    """A page as a reader sees it."""
    return " ".join(SPACES.sub(" ", page).split())


def part(page: str, name: str) -> str:
    """A part of the job page, as text."""
    return text_of(page.partition(f'id="{name}"')[2].partition(">")[2].split('id="part-')[0])


def test_an_empty_workspace_says_the_first_step(client: TestClient) -> None:
    page = text_of(client.get("/").text)
    assert "Nothing here yet" in page and "Train on a table" in page and "No worker is at work" in page
    assert "No jobs yet" in text_of(client.get("/jobs").text)
    assert client.get("/projects/none").status_code == 404 and client.get("/jobs/7").status_code == 404


def test_a_project_shows_how_far_it_has_come(shop: TestClient) -> None:
    page = shop.get("/projects/shop").text
    stages = dict(re.findall(r'<li class="(?:passed|coming)">([\w ]+)<span class="hidden">, ([\w ]+)<', page))
    assert stages == {
        "data": "reached",
        "trained": "reached",
        "tested": "reached",
        "decided": "not yet",
        "active": "reached",
        "kept fresh": "not yet",
    }
    assert '"/projects/shop/versions/v1"' in page and '"/jobs/1"' in page
    first = shop.get("/").text
    assert "4 of 6 stages: data, trained, tested, active" in first


def test_a_job_shows_what_it_does_and_ranks_what_can_be_compared(client: TestClient, workspace: Workspace) -> None:
    run = new_run(workspace, "training")
    with write(workspace) as connection:
        steps = [{"name": name} for name in ("linear", "net", "late")]
        add_event(connection, run, 1, "plan", data={"steps": steps, "folds": 2})
        for name, fold, score in (("linear", 0, 0.7), ("linear", 1, 0.8), ("late", 0, 0.99)):
            finish_trial(
                connection, run, 1, name=name, fold=fold, family="linear", scores={"roc_auc": score}, seconds=1.0
            )
            data = {"trial": name, "fold": fold, "folds": 2, "metric": "roc_auc", "score": score}
            add_event(connection, run, 1, "fold", data=data)
        epoch = {"trial": "net", "fold": 1, "epoch": 3, "epochs": 9}
        add_event(connection, run, 1, "epoch", message="Epoch 3/9: loss 0.5", data=epoch)
    page = client.get(f"/jobs/{run}").text
    progress = part(page, "part-progress")
    assert "net, fold 2: Epoch 3/9: loss 0.5" in progress and "Fits 3 of 6" in progress and "Epoch 3 of 9" in progress
    assert 'value="0.450"' in page  # 0.9 of the way are fits
    standings = part(page, "part-standings")
    assert standings.index("linear") < standings.index("late") and "1 of 2 0.9900" in standings
    assert "more is better" in standings
    assert "Cancel" in page and "Try again" not in page


def test_a_failure_says_its_cause_and_can_be_tried_again(
    client: TestClient, workspace: Workspace, as_role: Callable[..., TestClient]
) -> None:
    run = new_run(workspace, "training")
    error = {"cause": "memory", "message": "the system ended it; use fewer rows", "traceback": "File secret.py"}
    with write(workspace) as connection:
        save_document(connection, run, 1, "error", error)
        set_state(connection, run, 1, "failed", error["message"])
    page = client.get(f"/jobs/{run}").text
    assert "The memory ran out" in page and "use fewer rows" in page and "secret.py" not in page
    assert "Try again" in page and "Try again" not in as_role(client, "viewer").get(f"/jobs/{run}").text
    assert "use fewer rows" in client.get("/jobs?state=failed").text
    assert client.post(f"/jobs/{run}/retry").headers["location"] == f"/jobs/{run}"
    with read(workspace) as connection:
        assert get_run(connection, run).state == "queued"
    assert "no worker is at work" in part(client.get(f"/jobs/{run}/parts").text, "part-progress")
    assert client.post(f"/jobs/{run}/cancel").status_code == 303
    assert "Cancelled." in client.get(f"/jobs/{run}").text
    log = client.get(f"/jobs/{run}/log").text
    assert "failed: the system ended it" in log and log.count("\n") >= 5


def test_jobs_are_filtered_and_in_pages(
    client: TestClient, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainwright.web.pages.jobs.PAGE", 2)
    runs = [new_run(workspace, state) for state in ("completed", "failed", "queued")]

    def shown(address: str) -> list[int]:
        return [int(run) for run in re.findall(r'<th scope="row"><a href="/jobs/(\d+)"', client.get(address).text)]

    assert shown("/jobs") == [runs[2], runs[1]]
    older = re.search(r'href="([^"]+)" rel="next"', client.get("/jobs?project=shop").text)
    assert older and shown(older[1].replace("&amp;", "&")) == [runs[0]]
    assert shown("/jobs?state=finished") == [runs[1], runs[0]] and shown("/jobs?project=none") == []
    with write(workspace) as connection:
        place(connection, runs[2])
    assert "place 1" in client.get("/jobs?state=queued").text
    assert client.get("/jobs?state=sleeping").status_code == 422


def test_a_table_is_sent_looked_at_and_trained_on_without_a_script(
    client: TestClient, workspace: Workspace, table: Path
) -> None:
    sent = client.post("/new/upload", files={"file": ("shop.csv", table.read_bytes(), "text/csv")})
    address = sent.headers["location"]
    page = client.get(address).text
    assert re.search(r'<option value="bought" selected>bought \((yes|no)', page)
    looked = text_of(client.get(address + "&look=true&data.target=bought&training.families=linear").text)
    assert "Labelled rows 160 of 160" in looked and "Sealed test" in looked and "What would be trained" in looked
    assert "Classes of bought" in looked and "linear" in looked

    fields = {"data.target": "bought", "project": "shop", "name": "The first", "training.families": "linear"}
    started = client.post(address, data={**fields, "data.folds": "2", "training.epochs": ""})
    assert started.status_code == 303, text_of(started.text)
    with read(workspace) as connection:
        run = get_run(connection, int(started.headers["location"].rpartition("/")[2]))
    assert (run.name, run.state, run.owner) == ("The first", "queued", None)
    assert run.settings and run.settings["data"]["folds"] == 2
    assert "folds: 2" in client.get(started.headers["location"]).text
    again = text_of(client.get("/new?project=shop").text)
    assert "shop d1" in again and "shop.csv" in again


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    client: TestClient, workspace: Workspace, table: Path
) -> None:
    upload = client.post("/api/v1/uploads", params={"name": "shop.csv"}, content=table.read_bytes()).json()["id"]
    typed = {
        "data.target": "bought",
        "name": "My job",
        "training.epochs": "many",
        "training.dropout": "0.2",
        "training.batch_size": "-3",
        "requirements.min_recall": "0.9",
        "yaml": "seed: 4",
    }
    page = client.post(f"/new?upload={upload}", data=typed)
    assert page.status_code == 422
    for key in ("training.epochs", "training.batch_size"):
        found = re.search(rf'id="{key}-problem" role="alert">([^<]+)<', page.text)
        assert found and "must be" in found[1], key
    assert re.search(r'id="training.dropout-problem" role="alert" hidden', page.text)
    for value in ("My job", "many", "-3", "0.9"):
        assert f'value="{value}"' in page.text
    assert ">seed: 4</textarea>" in page.text

    # Only the table can say this one.
    typed |= {"training.epochs": "3", "training.batch_size": "8", "data.target": "bougt"}
    page = client.post(f"/new?upload={upload}", data=typed)
    assert page.status_code == 422 and "bougt" in page.text
    assert client.get("/api/v1/jobs").json()["items"] == []
    assert client.post("/new?upload=99", data=typed).status_code == 404


def test_the_yaml_of_a_form_gives_the_same_settings(client: TestClient) -> None:
    typed = {
        "project": "adult",
        "data.target": "income",
        "data.ignore": "a, b",
        "training.preset": "quick",
        "training.time_limit": "5m",
        "training.epochs": "20",
        "requirements.simplest": "true",
        "requirements.min_recall": "0.9",
        "training.base": "v1",  # of no meaning in a full training
        "yaml": "calibration: isotonic",
    }
    found = client.post("/new/check", data=typed).json()
    assert found["problems"] == {} and "base" not in found["yaml"]
    read_again = load_settings(text=found["yaml"])
    expected = formed(typed).settings
    assert expected is not None and read_again.to_json() == expected.to_json()
    assert read_again.training.time_limit == 300 and read_again.training.families == ("linear", "forest", "lightgbm")
    assert found["values"]["training.batch_size"] == "64"  # what the preset brings stands in grey
    wrong = client.post("/new/check", data={**typed, "training.dropout": "2", "yaml": "epohs: 3"}).json()
    assert "epochs" in wrong["problems"]["yaml"] and wrong["yaml"] == ""


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"training.families": "lnear"}, "training.families", "did you mean 'linear'"),
        ({"data.validation_split": "0.9", "data.test_size": "0.5"}, "data.validation_split", "add up to 1.4"),
        ({"project": "../x"}, "project", "project"),
        ({"training.base_model": "/etc/passwd"}, "training.base_model", "is a path"),
        ({"yaml": "a: [1"}, "yaml", "line 1"),
    ],
)
def test_each_mistake_belongs_to_a_field(typed: dict[str, str], field: str, words: str) -> None:
    problems = formed(typed).problems
    assert list(problems) == [field] and words in problems[field] and "argument" not in problems[field]


def test_every_field_has_a_setting_with_guidance() -> None:
    for field in (field for group in GROUPS for field in group.fields):
        assert field.guidance and field.takes, field.key


def test_a_dataset_version_is_trained_on_again(shop: TestClient) -> None:
    page = text_of(shop.get("/new?project=shop&data.version=d1").text)
    assert "shop d1, 160 rows" in page
    asked: dict[str, Any] = {"project": "shop", "data.version": "d1", "training.families": "linear"}
    started = shop.post("/new", data=asked)
    assert started.status_code == 303, text_of(started.text)
    wrong = shop.get("/new?project=shop&data.version=d9")
    assert wrong.status_code == 404


def test_a_stored_table_is_looked_at_without_its_sealed_rows(shop: TestClient, trained: Workspace) -> None:
    for part in ("test_labels", "test_features"):  # whoever opened them would find them damaged
        with read(trained) as connection:
            row = latest_split(connection, 1)
        assert row is not None
        for file in part_path(trained, row, part).iterdir():
            file.chmod(0o600)
            file.write_bytes(b"sealed")
    asked: dict[str, Any] = {"project": "shop", "data.version": "d1", "training.families": "linear"}
    page = text_of(shop.get("/new", params={**asked, "look": True}).text)
    assert "Labelled rows 160 of 160" in page and "Sealed test 24" in page and "Classes of bought" in page
    assert "Counted on the 136 rows that are not sealed, as are the columns." in page
    assert "What you leave open is as in job 1 , which made the split." in page
    assert "At most 1 min for everything" in page  # of that job
    assert "the training before it took" in page and "Findings" in page

    sent = text_of(shop.post("/new/statistics", data=asked).text)
    assert sent == text_of(shop.get("/new/statistics", params=asked).text) and sent in page
    seen = shop.post("/api/v1/examine", json={"settings": {**asked, "training.families": ["linear"]}}).json()
    assert seen["rows"] == 160 and seen["split"]["sizes"] == {"development": 136, "test": 24, "left_out": 0}
    assert sum(one["rows"] for one in seen["statistics"]["target"]["classes"]) == 136
    families = [step["family"] for step in seen["plan"]["steps"]]
    assert "linear" in families and "lightgbm" not in families and seen["plan"]["limit"] == 60
    later = {check["slug"]: check for check in seen["checks"] if "sealed test" in check["reason"]}
    assert set(later) == {"rows-in-both-parts", "mix-of-places", "told-apart"}
    assert {check["state"] for check in later.values()} == {"skipped"}

    refused = text_of(shop.get("/new/statistics", params={**asked, "data.test_size": "0.5"}).text)
    assert "cannot change on a stored dataset version" in refused
    nameless = shop.post("/api/v1/examine", json={"settings": {"data.version": "d1"}})
    assert nameless.status_code == 422 and "needs the project" in nameless.json()["detail"]
    both = {"upload": 1, "settings": asked}
    shop.post("/api/v1/uploads", params={"name": "shop.csv"}, content=b"a,b\n1,2\n")
    assert "both given" in shop.post("/api/v1/examine", json=both).json()["detail"]
    other_test = shop.post("/api/v1/examine", json={"settings": asked, "test_upload": 1}).json()["detail"]
    assert "data.test_file" in other_test and "cannot change on a stored dataset version" in other_test
    assert "no table is named" in text_of(shop.get("/new/statistics").text)


def test_what_is_seen_follows_the_yaml_of_the_form(client: TestClient, table: Path) -> None:
    upload = client.post("/api/v1/uploads", params={"name": "shop.csv"}, content=table.read_bytes()).json()["id"]
    asked = {"yaml": "data:\n  target: price\n  ignore: [kind]\ntime_limit: 40s\nfamilies: [linear]"}
    for answer in (
        client.post("/new/statistics", params={"upload": upload}, data=asked),
        client.get("/new/statistics", params={"upload": upload, **asked}),
    ):
        page = text_of(answer.text)
        assert "price, a number" in page and "kind category, ignored" in page
        assert "At most 40 s for everything" in page


def test_who_may_only_look_starts_nothing(client: TestClient, as_role: Callable[..., TestClient]) -> None:
    viewer = as_role(client, "viewer")
    assert "New training" not in text_of(viewer.get("/").text.partition("<main")[2])
    for answer in (viewer.get("/new"), viewer.post("/new", data={}), viewer.post("/new/check", data={})):
        assert answer.status_code == 403


def test_the_form_says_what_earlier_trainings_took(shop: TestClient, trained: Workspace, table: Path) -> None:
    upload = shop.post("/api/v1/uploads", params={"name": "shop.csv"}, content=table.read_bytes()).json()["id"]
    asked = {"upload": upload, "data.target": "bought", "project": "shop"}
    page = text_of(shop.get("/new", params=asked).text)
    assert "Measured in" not in page and "The memory that a batch needs is measured before the first step" in page
    with read(trained) as connection:
        peak = round((get_run(connection, 1).record or {})["peak_memory_mb"])
    seen = text_of(shop.get("/new/statistics", params=asked).text)
    assert f"the training before it took {peak:,} MB" in seen
    seen = text_of(shop.get("/new/statistics", params={**asked, "project": "another"}).text)
    assert "roughly 450 MB , as tables of this size took" in seen  # 160 rows

    for size in (16, 64):
        run = new_run(trained, "training")
        with write(trained) as connection:
            add_event(connection, run, 1, "choice", data={"name": "batch_size", "value": size})
            add_event(connection, run, 1, "choice", data={"name": "device", "value": "cpu"})
            add_points(connection, run, 1, [("net/System/memory GiB", epoch, size / 10) for epoch in range(3)])
            for _ in range(4):
                add_event(connection, run, 1, "epoch", data={"trial": "net", "fold": 0})
            at = tables.event.c.at
            same = (tables.event.c.run_id == run) & (tables.event.c.kind == "epoch")
            for number, event in enumerate(connection.execute(select(tables.event.c.id).where(same)).scalars().all()):
                connection.execute(tables.event.update().where(tables.event.c.id == event).values({at: number * 2.5}))
    page = text_of(shop.get("/new", params=asked).text)
    assert f"Measured in job {run} : batch 64, 6.4 GiB, about 2.5 s an epoch." in page
    assert f"Measured in job {run - 1} : batch 16, 1.6 GiB, about 2.5 s an epoch." in page
