"""Benchmarks stay runnable: every script answers `--help`, results resume, and the page names what is missing."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import polars as pl
import pytest

BENCH = Path(__file__).parents[2] / "bench"
SCRIPTS = [
    "poisoned_test", "permuted_target", "planted_leaks", "check_time", "replay", "reproduce", "time_limit",
    "two_minutes", "cost", "imbalance", "incremental", "decisions", "ensembles", "exports", "calibration",
    "interval_coverage", "million_rows", "write_docs",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Scripts import their neighbours by plain names, which must not stay for other tests."""
    monkeypatch.syspath_prepend(str(BENCH))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "") or "").startswith(str(BENCH)):
            del sys.modules[name]


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_explains_itself(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH / f"{name}.py"), "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"python bench/{name}.py" in done.stdout
    assert "--results" in done.stdout


def test_page_names_what_was_not_measured(tmp_path: Path) -> None:
    page = import_module("write_docs").page(tmp_path)
    for name in SCRIPTS[:-1]:
        assert f"Not measured yet: `python bench/{name}.py`" in page


def _options(folder: Path, again: bool = False) -> argparse.Namespace:
    return argparse.Namespace(results=folder, again=again)


def test_result_goes_on_where_it_stopped(tmp_path: Path) -> None:
    results = import_module("results")
    results.Result("time_limit", _options(tmp_path)).add("adult, 30 s", {"ratio": 1.0})
    assert results.Result("time_limit", _options(tmp_path)).has("adult, 30 s")
    assert not results.Result("time_limit", _options(tmp_path)).has("adult, 120 s")
    assert not results.Result("time_limit", _options(tmp_path, again=True)).has("adult, 30 s")


def test_result_of_other_versions_is_not_mixed_in(tmp_path: Path) -> None:
    results = import_module("results")
    results.Result("cost", _options(tmp_path)).add("commands", {"help_s": 0.1})
    path = tmp_path / "cost.json"
    document = json.loads(path.read_text("utf-8"))
    document["versions"]["numpy"] = "0.1"
    path.write_text(json.dumps(document), "utf-8")
    assert not results.Result("cost", _options(tmp_path)).has("commands")


def test_section_shows_a_missed_aim(tmp_path: Path) -> None:
    row = {
        "table": "adult", "limit_s": 30.0, "wall_s": 40.0, "ratio": 4 / 3, "selected": "linear", "candidates": 3,
        "metric": "roc_auc", "test": 0.9, "peak_mb": 300.0,
    }  # fmt: skip
    import_module("results").Result("time_limit", _options(tmp_path)).add("adult, 30 s", row)
    page = import_module("write_docs").page(tmp_path)
    assert "1.33 times its limit" in page
    assert "**missed**" in page
    assert str(tmp_path) not in page


def test_noise_changes_every_label() -> None:
    noise = import_module("noise")
    rng = np.random.default_rng(0)
    for labels in (pl.Series("y", ["a", "b", "c", "a"] * 50), pl.Series("y", [0, 1, 1] * 50)):
        noisy = noise.every_label(labels, rng)
        assert not (noisy == labels).any()
        assert set(noisy.unique()) <= set(labels.unique())
    numbers = pl.Series("y", np.arange(100.0))
    assert not (noise.every_label(numbers, rng) == numbers).any()


def test_generated_table_holds_every_kind_of_column() -> None:
    from trainwright.data.infer import infer_schema
    from trainwright.data.schema import Kind

    frame = import_module("tables").every_kind(300, "number")
    kinds = {column.kind for column in infer_schema(frame, target="target").schema.features}
    assert kinds == {Kind.NUMBER, Kind.BOOLEAN, Kind.CATEGORY, Kind.DATETIME, Kind.TEXT}


def test_missing_table_is_said(tmp_path: Path) -> None:
    tables = import_module("tables")
    with pytest.raises(tables.MissingTable, match=r"adult-train\.csv is not in the folder of tables"):
        tables.load("adult", tmp_path)


@pytest.mark.skipif(not Path("/proc/self/stat").exists() or not hasattr(os, "wait4"), reason="measures by /proc")
def test_memory_of_a_grandchild_counts(tmp_path: Path) -> None:
    held = "b = bytearray(150_000_000); b[::4096] = b'x' * len(b[::4096])"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', \"{held}\"], check=True)"
    processes = import_module("processes")
    measured = processes.run([sys.executable, "-c", code], cwd=tmp_path)
    assert measured.code == 0, measured.errors
    assert 140 < measured.peak_mb < 260
    light = processes.run([sys.executable, "-c", "pass"], cwd=tmp_path)
    assert light.peak_mb < 60
    assert processes.run([sys.executable, "-c", "raise SystemExit(3)"], cwd=tmp_path).code == 3
