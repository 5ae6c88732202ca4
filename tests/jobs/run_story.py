"""What the tests of killed and stopped runs share: a run that is ready, a child held at a moment, its way on."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from training_runs import FEATURES, rows_of, settings, table

from trainwright.jobs import launch, process
from trainwright.jobs.attempt import execute
from trainwright.store.attempts import attempts_of, new_attempt
from trainwright.store.process import Owner, is_alive
from trainwright.store.runs import Run, get_run
from trainwright.store.sweep import sweep
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.training.prepare import prepare

PATIENCE = 120.0


def ready(workspace: Workspace, **overrides: Any) -> Run:
    """A prepared run of three folds of a baseline, a linear model and a small forest."""
    return prepare(workspace, table().select(FEATURES), settings(**overrides)).run


def hold_children(monkeypatch: pytest.MonkeyPatch, moment: str, marker: Path) -> None:
    """From now on `launch` starts children that stand still at the moment."""
    here = str(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([here, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]))
    monkeypatch.setenv("HELD_MOMENT", moment)
    monkeypatch.setenv("HELD_MARKER", str(marker))

    def spawn(module: str, *arguments: str) -> Any:
        assert module == "trainwright.jobs.attempt"
        return process.spawn("held_attempt", *arguments)

    monkeypatch.setattr(launch, "spawn", spawn)


def wait_for(ready: Callable[[], Any], what: str) -> Any:
    """Polls until something is there; the test fails when it never comes."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = ready()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {PATIENCE:.0f} s")


def when_marked(marker: Path, act: Callable[[int], None]) -> threading.Thread:
    """Calls `act` with the child's process number, in a thread, once the child has reached its moment."""

    def loop() -> None:
        wait_for(marker.exists, "the child's moment")
        act(int(marker.read_text(encoding="utf-8")))

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    return thread


def now(workspace: Workspace, run_id: int) -> Run:
    """The run as the database has it."""
    with read(workspace) as connection:
        return get_run(connection, run_id)


def last_owner(workspace: Workspace, run_id: int) -> Owner:
    """The process that executes, or executed, the run's present attempt."""
    with read(workspace) as connection:
        owner = Owner.parse(attempts_of(connection, run_id)[-1].process or "")
    assert owner is not None
    return owner


def resume_here(workspace: Workspace, run_id: int) -> dict[str, Any]:
    """What `launch.resume` does, in this process."""
    with write(workspace) as connection:
        run = new_attempt(connection, run_id, "resumed from the folds already done")
    return execute(workspace, run.id, run.attempt, time.time())


def trials(workspace: Workspace, run_id: int) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Every finished fold of a run: attempt, artifact and the time it was written."""
    found = rows_of(workspace, f"select name, fold, attempt, artifact, created from trial where run_id = {run_id}")
    return {(row[0], row[1]): tuple(row[2:]) for row in found}


def check_sound(workspace: Workspace) -> None:
    """Nothing half-written is left after a sweep, and every artifact that a row names is there and whole."""
    from trainwright.store.files import folder_hash

    sweep(workspace)
    temporary = workspace.path / "tmp"
    left = [folder.name for folder in temporary.iterdir()] if temporary.is_dir() else []
    alive = [name for name in left if (owner := Owner.parse(name)) is not None and is_alive(owner)]
    assert left == alive
    named = {row[0] for row in rows_of(workspace, "select sha from artifact_use union select artifact from version")}
    named |= {row[0] for row in rows_of(workspace, "select artifact from trial where artifact is not null")}
    named |= {row[0] for row in rows_of(workspace, "select artifact from sealed_key")}
    lying = {folder.name: folder for kind in (workspace.path / "artifacts").iterdir() for folder in kind.iterdir()}
    assert named <= set(lying)
    assert [sha for sha in named if folder_hash(lying[sha])[0] != sha] == []
    assert rows_of(workspace, "pragma integrity_check") == [("ok",)]
