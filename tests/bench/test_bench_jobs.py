"""Jobs under kills, as the benchmark has them: each effect exactly once.

In small; with TRAINWRIGHT_KILLS=full in the environment in the size of the benchmark, which takes hours.
"""

from __future__ import annotations

import argparse
import os
from importlib import import_module
from pathlib import Path

import pytest

FULL = os.environ.get("TRAINWRIGHT_KILLS") == "full"
SIZES = [("child", 3000, 200), ("function", 20_000, 500)] if FULL else [("child", 60, 8), ("function", 400, 10)]
TRAININGS = 20 if FULL else 2


def _options(folder: Path) -> argparse.Namespace:
    return argparse.Namespace(results=folder, again=False, data=None, workers=2, lease=4.0, stuck=120.0, seed=1)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds child processes by /proc")
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize(("kind", "jobs", "kills"), SIZES)
def test_every_effect_is_there_once_whatever_is_killed(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, jobs: int, kills: int, database: str
) -> None:
    server = None if database == "sqlite" else request.getfixturevalue("postgres").address("postgres", tmp_path)
    server = None if server is None else server.partition("?")[0]
    row = import_module("jobs_kill").survived(server, kind, jobs, kills, _options(tmp_path))
    assert row["workers_killed"] + row["trainers_killed"] == kills == row["kills"]
    assert row["exactly_once"] == jobs
    assert (row["twice"], row["without"], row["stuck"], row["orphans"]) == (0, 0, 0, 0)
    assert row["attempts_lost"] > 0


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="processes are killed by POSIX signals")
def test_a_killed_training_ends_as_the_undisturbed_one(tmp_path: Path) -> None:
    options = _options(tmp_path)
    options.trainings = TRAININGS
    row = import_module("jobs_kill").trainings(options)
    assert row["same"] == TRAININGS and max(row["attempts"]) > 1


def test_the_queue_is_timed(tmp_path: Path) -> None:
    speed, write_docs = import_module("jobs_speed"), import_module("write_docs")
    result = import_module("results").Result("jobs_speed", _options(tmp_path))
    row = speed.claims(None, 5)
    assert 0 < row["claim_ms"] <= row["claim_p95_ms"]
    result.add("claim, 5 waiting, SQLite", row)
    result.add("function, SQLite", speed.executed(None, "function", 10))
    page = write_docs.page(tmp_path)
    assert "| SQLite | 5 |" in page and "| SQLite | a function in the worker | 10 | 10 |" in page
