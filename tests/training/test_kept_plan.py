"""A plan that somebody changed by hand in the database is named by its row before anything obeys it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from damage import damaged
from training_runs import FEATURES, new_workspace, run_here, settings, table

from trainwright.errors import EnvironmentProblem, TrainwrightError
from trainwright.store.runs import Run, get_run
from trainwright.store.tables import run as run_table
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.training.decide import decide_version
from trainwright.training.kept_plan import kept_plan, lacking
from trainwright.training.reopen import reopen
from trainwright.training.run_compare import compare_named

JUNK: tuple[Any, ...] = (None, 7, "x", [], {}, [{}], {"linear": "x"})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Run]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trainwright.jobs.attempt._open_sealed", lambda *_: None)
        workspace = new_workspace(tmp_path_factory.mktemp("plan"))
        prepared, _ = run_here(workspace, table(120).select(FEATURES), settings())
        run_here(workspace, table(120).select(FEATURES), settings(training__seed=1))
    with read(workspace) as connection:
        return workspace, get_run(connection, prepared.run.id)


def put(workspace: Workspace, run: Run, plan: Any) -> None:
    with write(workspace) as connection:
        connection.execute(run_table.update().where(run_table.c.id == run.id).values(plan=plan))


def changed_plans(plan: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from damaged(plan, [(key,) for key in plan] + [("steps", 0, key) for key in plan["steps"][0]], JUNK)
    yield from (("a list", []), ("a text", "plan"), ("a number", 4))


def test_what_a_training_writes_is_whole(made: tuple[Workspace, Run]) -> None:
    _, run = made
    assert kept_plan(run) == run.plan and kept_plan(replace(run, plan=None)) == {}
    assert lacking(json.loads(json.dumps(run.plan)), executed=True) is None


def test_a_plan_changed_by_hand_is_named_or_obeyed(made: tuple[Workspace, Run], tmp_path: Path) -> None:
    workspace, run = made
    assert run.plan is not None
    refused = 0
    for case, plan in changed_plans(run.plan):
        if lacking(plan, executed=True) is None:
            put(workspace, run, plan)
            try:
                reopen(workspace, "demo@v1", started=time.time())
            except TrainwrightError:
                pass
            except Exception as error:
                raise AssertionError(f"{case} is taken for whole, and ends in {error!r}") from error
            continue
        refused += 1
        with pytest.raises(EnvironmentProblem) as told:
            kept_plan(replace(run, plan=plan))
        assert f"the plan of run {run.id} is damaged" in str(told.value) and "restore" in str(told.value), case
    assert refused > 60
    put(workspace, run, {key: value for key, value in run.plan.items() if key != "jobs"})
    for ask in (
        lambda: decide_version(workspace, "demo@v1", beta=2),
        lambda: compare_named(workspace, ["demo@v1", "v2"]),
    ):
        with pytest.raises(EnvironmentProblem, match="'jobs' is missing"):
            ask()
    put(workspace, run, run.plan)
    assert decide_version(workspace, "demo@v1", beta=2)["label"] == "d1"
