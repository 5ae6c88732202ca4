"""Whole trainings in a workspace on PostgreSQL: by the command itself, and by a worker that reads the data first."""

from __future__ import annotations

from pathlib import Path

from training_runs import FEATURES, settings, table

from postgres_server import Server
from trainwright.config.settings import Settings
from trainwright.jobs import launch, queue
from trainwright.jobs.queue import Slots
from trainwright.jobs.unprepared import submit
from trainwright.jobs.worker import Worker
from trainwright.store.events import events_after
from trainwright.store.projects import get_project
from trainwright.store.runs import Run, get_run
from trainwright.store.transaction import read, write
from trainwright.store.versions import list_versions
from trainwright.store.workspace import Workspace, open_workspace


def test_both_databases_and_both_ways_learn_the_same(postgres: Server, empty_workspace: str, tmp_path: Path) -> None:
    path = tmp_path / "parts.csv"
    table().select(FEATURES).write_csv(path)
    wanted = settings(data__train_file=str(path))
    here = open_workspace(tmp_path / "here")
    there = open_workspace(postgres.fresh(tmp_path / "there", like=empty_workspace))
    first = launch.train(here, str(path), wanted)
    by_worker = queued(there, wanted)
    assert Worker(there, Slots(), name="w1").run(once=True) == 1
    run = run_of(there, by_worker)
    assert run.state == "completed" and run.record is not None and run.result is not None
    with read(there) as connection:
        stages = [event.message for event in events_after(connection, by_worker) if event.kind == "stage"]
        versions = list_versions(connection, get_project(connection, "demo").id)
    assert "splitting" in stages and len(versions) == 1
    # Where rows are kept and who reads them changes nothing of what is learned.
    assert scores(first) == scores(run.result) and first["selected"] == run.result["selected"]
    for workspace in (here, there):
        workspace.engine.dispose()


def test_a_mistake_in_data_that_a_worker_reads_fails_the_job_with_its_words(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "here")
    run_id = queued(workspace, settings(data__train_file=str(tmp_path / "none.csv")))
    Worker(workspace, Slots(), name="w1").run(once=True)
    run = run_of(workspace, run_id)
    assert (run.state, run.lost) == ("failed", 0) and run.error is not None
    assert run.error["cause"] == "data" and "none.csv" in run.error["message"]
    with write(workspace) as connection:  # once the file is there
        table().select(FEATURES).write_csv(tmp_path / "none.csv")
        queue.retry(connection, run_id)
    Worker(workspace, Slots(), name="w1").run(once=True)
    assert run_of(workspace, run_id).state == "completed"


def queued(workspace: Workspace, wanted: Settings) -> int:
    with write(workspace) as connection:
        return queue.place(connection, submit(connection, wanted).id).id


def run_of(workspace: Workspace, run_id: int) -> Run:
    with read(workspace) as connection:
        return get_run(connection, run_id)


def scores(document: dict[str, object]) -> object:
    return [(row["name"], row["metrics"]) for row in document["leaderboard"]]  # type: ignore[attr-defined]
