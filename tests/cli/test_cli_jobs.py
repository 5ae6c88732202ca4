"""The queue on the command line: a training is left to a worker, watched, cancelled, tried again; schedules."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import QUICK, run

from trainwright.jobs import queue
from trainwright.jobs.queue import Slots
from trainwright.store.projects import ensure_project
from trainwright.store.runs import create_run, get_run
from trainwright.store.transaction import read, write
from trainwright.store.workspace import open_workspace


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "shop.csv"
    rows = [f"{i % 7},{(i * 5) % 11},{'yes' if i % 7 > 3 else 'no'}" for i in range(120)]
    path.write_text("\n".join(["a,b,y", *rows]), encoding="utf-8")
    return path


def test_a_queued_training_is_executed_by_a_worker_and_shown(tmp_path: Path, table: Path) -> None:
    place = ("--workspace", tmp_path / "ws")
    said = run("train", table, "--target", "y", *QUICK, "--queue", "--priority", "3", *place)
    assert said.code == 0, said.err
    assert "run 1 is queued" in said.out and "no worker is at work" in said.out
    shown = run("jobs", "show", "1", "--json", *place).document
    assert (shown["state"], shown["priority"], shown["position"]) == ("queued", 3, 1)
    assert "no worker is at work" in shown["waits_for"]
    later = run(
        "train", "--project", "shop", "--data-version", "d1", *QUICK, "--queue", "--after", "1", "--json", *place
    )
    assert later.code == 0, later.err
    assert run("jobs", "show", "2", *place).out.startswith("run 2 of shop: queued (after run 1)")
    assert run("jobs", "cancel", "2", *place).out == "run 2 is cancelled\n"
    worked = run("worker", "--once", "--name", "box", *place)
    assert worked.code == 0, worked.err
    assert "run 1 is completed" in worked.out and "1 job executed" in worked.out
    jobs = run("jobs", "list", "--json", *place).document
    assert [(job["run"], job["state"], job["owner"]) for job in jobs] == [
        (2, "cancelled", None),
        (1, "completed", "box"),
    ]
    assert "box" in run("jobs", "list", "shop", "--state", "completed", *place).out
    watched = run("jobs", "watch", "1", *place)
    assert watched.code == 0 and "trainwright predict shop@v1" in watched.out
    log = run("jobs", "logs", "1", *place).out
    assert "taken by the worker box" in log and "completed" in log
    story = run("jobs", "show", "1", *place).out
    assert "initializing" in story and "trainwright runs show 1" in story
    refused = run("jobs", "cancel", "1", *place)
    assert refused.code == 2 and "completed already" in refused.err
    stopped = run("jobs", "watch", "2", *place)
    assert stopped.code == 1 and "Ctrl-C" not in stopped.err
    assert run("jobs", "retry", "2", "--json", *place).document == [
        {"run": 2, "state": "queued", "cancel_asked": False}
    ]


def test_what_cannot_be_is_one_message(tmp_path: Path, table: Path) -> None:
    place = ("--workspace", tmp_path / "ws")
    alone = run("train", table, "--target", "y", "--priority", "3", *place)
    assert alone.code == 2 and "add --queue" in alone.err
    assert not (tmp_path / "ws").exists()
    needs = run("train", table, "--target", "y", "--queue", "--needs", "cores=2", *place)
    assert needs.code == 2 and "--needs" in needs.err
    open_workspace(tmp_path / "ws")
    for verb in ("show", "watch", "logs", "cancel", "retry"):
        missing = run("jobs", verb, "7", *place)
        assert (missing.code, missing.err.count("\n")) == (2, 1) and "there is no run 7" in missing.err
    later = run("train", table, "--target", "y", "--queue", "--after", "7", *place)
    assert later.code == 2 and "there is no run 7" in later.err
    assert run("jobs", "list", "--json", *place).document == []
    slots = run("worker", "--once", "--slots", "cpu=0", *place)
    assert slots.code == 2 and "cpu=N" in slots.err
    assert run("worker", "--once", "--workspace", tmp_path / "none").code == 2


def test_a_job_that_fits_no_worker_says_so_and_several_are_cancelled_together(tmp_path: Path) -> None:
    space = open_workspace(tmp_path / "ws")
    with write(space) as connection:
        project = ensure_project(connection, "p", target="y")
        ids = [create_run(connection, project.id, name="r", settings={}).id for _ in range(3)]
        for run_id in ids:
            queue.place(connection, run_id, gpu=1)
    queue.enter(space, "box", Slots(cpu=4))
    shown = run("jobs", "show", str(ids[0]), "--json", "--workspace", tmp_path / "ws").document
    assert "cpu=1,gpu=1" in shown["waits_for"]
    refused = run("jobs", "cancel", *map(str, ids), "99", "--workspace", tmp_path / "ws")
    assert refused.code == 2
    with read(space) as connection:
        assert {get_run(connection, run_id).state for run_id in ids} == {"queued"}
    assert run("jobs", "cancel", *map(str, ids), "--workspace", tmp_path / "ws").out.count("is cancelled") == 3


def test_a_schedule_of_an_upload_shows_the_upload_by_its_name(tmp_path: Path, table: Path) -> None:
    place = ("--workspace", tmp_path / "ws")
    assert run("train", table, "--target", "y", *QUICK, "--queue", *place).code == 0
    kept = tmp_path / "ws" / "artifacts" / "upload" / ("0" * 64) / "parts.csv"
    kept.parent.mkdir(parents=True)
    table.rename(kept)
    made = run("schedule", "add", "shop", "--cron", "0 3 * * 1", "--file", kept, "--json", *place).document
    assert made["file"] == "parts.csv (uploaded)"
    listed = run("schedule", "list", *place).out
    assert "parts.csv (uploaded)" in listed and "artifacts" not in listed


def test_schedules_are_added_listed_and_removed(tmp_path: Path, table: Path) -> None:
    place = ("--workspace", tmp_path / "ws")
    assert run("train", table, "--target", "y", *QUICK, "--queue", *place).code == 0
    wrong = run("schedule", "add", "shop", "--cron", "0 25 * * *", *place)
    assert wrong.code == 2 and "no cron line" in wrong.err
    words = ("schedule", "add", "shop", "--cron", "0 3 * * 1", "--zone", "Europe/Zurich", "--json")
    made = run(*words, *place).document
    assert made["file"] == str(table) and made["kind"] == "full" and made["next_at"] > 0
    listed = run("schedule", "list", "shop", *place).out
    assert "0 3 * * 1" in listed and "Europe/Zurich" in listed and "03:00" in listed
    assert run("schedule", "remove", "1", *place).out == "schedule 1 of project shop is removed\n"
    assert run("schedule", "list", "--json", *place).document == []
    assert run("schedule", "remove", "1", *place).code == 2
    nothing = run("schedule", "remove", "shop", *place)
    assert nothing.code == 2 and "project 'shop' has no schedule" in nothing.err
    for line in ("0 3 * * 1", "0 4 * * 1"):
        assert run("schedule", "add", "shop", "--cron", line, *place).code == 0
    assert run("schedule", "remove", "shop", *place).out.count("of project shop is removed") == 2
    assert "no project 'shp'" in run("schedule", "remove", "shp", *place).err
