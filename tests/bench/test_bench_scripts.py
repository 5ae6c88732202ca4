"""Benchmarks stay runnable: every script answers `--help`, results resume, and the page names what is missing."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import polars as pl
import pytest

BENCH = Path(__file__).parents[2] / "bench"
# Every script that measures has the common options, so a new one is tested here without being named.
SCRIPTS = sorted(path.stem for path in BENCH.glob("*.py") if "= results.parser(__doc__)" in path.read_text("utf-8"))


@pytest.mark.parametrize("name", [*SCRIPTS, "write_docs"])
def test_script_explains_itself(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH / f"{name}.py"), "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"python bench/{name}.py" in done.stdout
    assert "--results" in done.stdout
    if name in SCRIPTS:
        assert re.search(r"[Aa]bout \w+ minutes", " ".join(done.stdout.split())), "how long it takes is not said"


def test_page_names_what_was_not_measured(tmp_path: Path) -> None:
    write_docs = import_module("write_docs")
    assert set(write_docs.SCRIPTS) == set(SCRIPTS)
    page = write_docs.page(tmp_path)
    for name in SCRIPTS:
        why = write_docs.NOT_RUN.get(name)
        assert (f"Not run: {why}." if why else "Not measured yet:") + f" `python bench/{name}.py`" in page


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


def test_rows_that_share_values_come_back_whole(tmp_path: Path) -> None:
    results = import_module("results")
    rows = {
        "first": {"kind": "copy", "least": "note", "found": True, "share": 0.1},
        "second": {"kind": "copy", "least": "note", "found": False, "share": float("nan")},
        "third": {"columns": 3},
    }
    together = (("kind", "least"), results.STAMP)
    result = results.Result("planted_leaks", _options(tmp_path), together)
    for key, row in rows.items():
        result.add(key, row)
    path = tmp_path / "planted_leaks.json"
    whole = results.read(path)
    assert repr(whole["rows"]["second"]) != repr(rows["second"])  # the stamp is there, too
    for key, row in rows.items():
        assert {name: repr(whole["rows"][key][name]) for name in row} == {name: repr(row[name]) for name in row}
        assert set(whole["rows"][key]) == {*row, *results.STAMP}
    assert path.read_text("utf-8").count('"copy"') == 1
    # Without groups the file holds the same rows, and it is gone on with either way.
    path.write_text(json.dumps(whole), "utf-8")
    assert results.Result("planted_leaks", _options(tmp_path), together).has("first")
    assert repr(results.read(path)) == repr(whole)


def test_a_row_that_changes_is_one_line_that_changes(tmp_path: Path) -> None:
    results = import_module("results")
    rows = {"a": {"x": 1, "parts": {"deep": [1, 2]}, "load": 0.1}, "b": {"x": 2, "load": 0.1}}
    document = {"name": "cost", "machine": {}, "versions": {}, "rows": rows}
    before = results.written(document).splitlines()
    rows["b"]["x"] = 3
    after = results.written(document).splitlines()
    assert len(before) == len(after)
    assert sum(one != other for one, other in zip(before, after)) == 1


def test_what_cannot_be_measured_is_left_out_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results, tables = import_module("results"), import_module("tables")
    result = results.Result("time_limit", _options(tmp_path))
    result.measured("adult, 30 s", tables.load, "adult", tmp_path)
    assert "adult, 30 s: not measured, adult/adult-train.csv is not in the folder of tables" in capsys.readouterr().err
    result.measured("wine, 30 s", lambda ratio: {"ratio": ratio}, 1.0)
    result.measured("wine, 30 s", lambda ratio: {"ratio": ratio}, 2.0)
    assert "wine, 30 s: measured before" in capsys.readouterr().err
    rows = results.read(tmp_path / "time_limit.json")["rows"]
    assert {key: row["ratio"] for key, row in rows.items()} == {"wine, 30 s": 1.0}


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
