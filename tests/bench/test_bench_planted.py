"""Planted leaks are what they claim to be: the same at every run, in columns that exist, judged by what was said."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest


def _poisons() -> list[Any]:
    return list(import_module("planted_leaks").poisons())


def _frame(poison: Any) -> pl.DataFrame:
    """A small table of the kind that the poison is meant for."""
    tables = import_module("leaks_tables")
    if poison.kind == "copy of the target: numbers":
        return tables.base("one_strong_number", None, 300)
    if "text typed anew" in poison.strength:
        return tables.base("generated_two", None, 300)
    return tables.base("one_strong", None, 300)


def test_every_poison_is_the_same_at_every_run_and_plants_what_it_names() -> None:
    for poison in _poisons():
        frame = _frame(poison)
        first, second = (poison.plant(frame, "target", poison.rng("here")) for _ in range(2))
        assert first.frame.equals(second.frame), poison.key("here")
        assert set(first.columns) - {"None"} <= set(first.frame.columns), poison.key("here")
        assert not first.frame.equals(frame) or first.test is not None, poison.key("here")
        assert first.codes


def test_poisons_name_known_tables_and_have_keys_of_their_own() -> None:
    clean = import_module("leaks_tables").CLEAN
    keys = [poison.key(table) for poison in _poisons() for table in poison.tables]
    assert len(keys) == len(set(keys))
    assert {table for poison in _poisons() for table in poison.tables} <= set(clean)


def test_clean_tables_that_need_no_folder_can_be_read() -> None:
    tables = import_module("leaks_tables")
    for name, clean in tables.CLEAN.items():
        if clean.group == tables.GENERATED and name not in ("shuffled_target",):
            frame = clean.read(None)
            assert clean.target in frame.columns
            assert frame[clean.target].null_count() == 0


def _document(*findings: tuple[str, str, list[str]]) -> dict[str, Any]:
    return {
        "findings": [{"code": code, "severity": severity, "columns": names} for code, severity, names in findings],
        "checks": [{"code": "TW999", "state": "crashed", "reason": "ValueError: no"}],
        "checks_s": 0.1,
    }


@pytest.mark.parametrize(
    ("findings", "severity", "found"),
    [
        ([("TW201", "warning", ["leak"])], "warning", True),
        ([("TW201", "error", ["leak"])], "error", True),
        ([("TW201", "note", ["leak"])], "note", False),
        ([("TW201", "warning", ["other"])], "nothing", False),
        ([("TW105", "warning", ["leak"])], "nothing", False),
        ([], "nothing", False),
    ],
)
def test_found_needs_the_right_check_the_column_and_the_severity(findings: Any, severity: str, found: bool) -> None:
    planted = import_module("planted")
    poison = planted.Poison("copy", "5 %", lambda *_: None, ("here",), "warning")
    case = planted.Planted(pl.DataFrame({"leak": [1]}), ("TW201", "TW204"), ["leak"])
    row = planted.judged(poison, case, _document(*findings))
    assert (row["severity"], row["found"]) == (severity, found)
    assert row["not_run"] == ["TW999 crashed: ValueError: no"]


def test_a_pair_of_columns_must_be_named_in_full() -> None:
    planted = import_module("planted")
    poison = planted.Poison("owner", "pair", lambda *_: None, ("here",), "warning")
    case = planted.Planted(pl.DataFrame({"site": [1], "no": [1]}), ("TW402",), ["site", "no"], every=True)
    assert not planted.judged(poison, case, _document(("TW402", "warning", ["no"])))["found"]
    assert planted.judged(poison, case, _document(("TW402", "warning", ["no", "site"])))["found"]


def test_a_copy_of_the_target_is_found_and_a_clean_table_stays_quiet(tmp_path: Path) -> None:
    planted, tables = import_module("planted"), import_module("leaks_tables")
    frame = tables.base("one_strong", None, 600)
    clean = planted.answer(frame, "target", task=None, test=None, settings={})
    assert not [f for f in clean["findings"] if f["severity"] != "note" and f["columns"]]
    assert clean["checks_s"] > 0
    poison = next(p for p in _poisons() if p.kind == "copy of the target: classes" and "0% noise, words" in p.strength)
    case = poison.plant(frame, "target", np.random.default_rng(0))
    document = planted.answer(case.frame, "target", task=None, test=None, settings={})
    assert planted.judged(poison, case, document)["found"]


def test_a_refused_setting_is_a_line_of_the_result() -> None:
    planted, tables = import_module("planted"), import_module("leaks_tables")
    frame = tables.base("one_strong", None, 100)
    document = planted.answer_or_crash(frame, "target", task=None, test=None, settings={"no_such_key": 1})
    assert "no_such_key" in planted.not_run(document)[0]
