"""Small tables, quick settings and in-process runs for the tests of whole trainings."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trainwright.config.settings import Settings
from trainwright.config.source import load_settings
from trainwright.jobs import attempt, iterate, launch
from trainwright.jobs.attempt import execute
from trainwright.store.runs import Run
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace, open_workspace
from trainwright.training.material import Custom
from trainwright.training.prepare import prepare
from trainwright.training.prepared import Prepared

# A forest of three trees instead of a hundred: these tests are about the run, not about the figures.
LIGHT = {"forest": {"n_estimators": 3}}
MONTH = 30 * 24 * 3600 * 1_000_000


def table(n: int = 240, *, seed: int = 0, classes: int = 2) -> pl.DataFrame:
    """n rows with features `a`, `b`, `kind`, roles `site`, `day`, `lot`, `importance`, and the target `y`.

    Args:
        classes: of the target; 0 for a number.
    """
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n), rng.normal(size=n)
    signal = 2 * a + b + 0.5 * rng.normal(size=n)
    names = np.array(["low", "mid", "high"]) if classes == 3 else np.array(["no", "yes"])
    y = signal if classes == 0 else names[np.digitize(signal, np.quantile(signal, np.arange(1, classes) / classes))]
    return pl.DataFrame(
        {
            "a": a,
            "b": b,
            "kind": rng.choice(["u", "v", "w"], n),
            "site": rng.integers(0, 80, n).astype(str),
            "lot": rng.integers(0, 12, n).astype(str),
            "day": pl.Series(np.sort(rng.integers(0, 20 * MONTH, n))).cast(pl.Datetime("us")),
            "importance": rng.integers(1, 4, n).astype(np.float64),
            "y": y,
        }
    )


FEATURES = ["a", "b", "kind", "y"]


def settings(**overrides: Any) -> Settings:
    """Settings of a quick run; dots in keys are written as two underscores (`data__group="site"`)."""
    given = {
        "project": "demo",
        "data.target": "y",
        "data.folds": 3,
        "data.repeats": 1,
        "training.families": ("linear",),
        "training.family_settings": LIGHT,
        "training.time_limit": 600,
        "training.threads": 1,
        "training.jobs": 1,
        **{key.replace("__", "."): value for key, value in overrides.items()},
    }
    return load_settings(None, overrides=given, flags=False)


def new_workspace(folder: Path) -> Workspace:
    """An empty workspace under the folder."""
    return open_workspace(folder / "workspace")


def run_here(
    workspace: Workspace, source: Any, wanted: Settings, *, custom: Custom | None = None
) -> tuple[Prepared, dict[str, Any]]:
    """Prepares and executes a run in this process; the prepared run and its result document."""
    prepared = prepare(workspace, source, wanted)
    return prepared, execute(workspace, prepared.run.id, prepared.run.attempt, time.time(), custom=custom)


def rows_of(workspace: Workspace, sql: str) -> list[Any]:
    """What a query finds in the workspace's database."""
    from sqlalchemy import text

    with read(workspace) as connection:
        return list(connection.execute(text(sql)).all())


@pytest.fixture
def sealed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sealed test is opened in this process, quicker than in the fresh one that a real run takes."""
    from trainwright.jobs.sealed_test import test_document

    def open_sealed(workspace: Workspace, run_id: int, number: int, folder: Path, sha: str) -> Any:
        return json.loads(json.dumps(test_document(workspace, run_id, folder, sha)))

    monkeypatch.setattr(attempt, "_open_sealed", open_sealed)


@pytest.fixture
def follow_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that a command follows, such as repetitions, are executed in this process; their child does the same."""

    def follow(workspace: Workspace, run: Run, started: float, **_: Any) -> dict[str, Any]:
        return execute(workspace, run.id, run.attempt, started)

    for module in (launch, iterate):
        monkeypatch.setattr(module, "follow", follow)
