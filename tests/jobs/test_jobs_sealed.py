"""The labels of the sealed test have one door, and whoever passes it is in the ledger before he sees a label."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, rows_of, run_here, settings, table

import trainwright
from trainwright.data import sealed
from trainwright.data.parts import LABELS_FILE
from trainwright.jobs import attempt, process
from trainwright.store.datasets import get_split
from trainwright.store.transaction import read

SOURCE = Path(trainwright.__file__).parent
DOORS = {"data/sealed.py", "data/parts.py"}


def mentions(path: Path) -> set[str]:
    """Names, imported names and strings of a module, without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            found.add(node.value)
    return found


def modules_that_mention(pattern: str) -> set[str]:
    """Paths, relative to the package, of the modules in which a name or string matches."""
    return {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if any(re.search(pattern, word) for word in mentions(path))
    }


def test_no_other_module_knows_the_labels() -> None:
    assert modules_that_mention(r"LABELS_FILE|test_labels") == DOORS
    assert modules_that_mention(r"^part_path$") == DOORS


def test_one_process_alone_opens_the_test() -> None:
    assert modules_that_mention(r"^open_test$") == {"jobs/sealed_test.py"}
    assert modules_that_mention(r"jobs\.sealed_test$") == {"jobs/attempt.py"}


def test_the_ledger_is_written_before_the_labels_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trainwright.training.prepare import prepare

    workspace = new_workspace(tmp_path)
    prepared = prepare(workspace, table().select(FEATURES), settings())
    with read(workspace) as connection:
        row = get_split(connection, prepared.run.split_id or 0)
    seen: list[int] = []

    def refuse(source: Any, *args: Any, **kwargs: Any) -> pl.DataFrame:
        seen.append(len(rows_of(workspace, "select * from test_opening")))
        raise OSError("the labels cannot be read")

    monkeypatch.setattr(sealed.pl, "read_parquet", refuse)
    with pytest.raises(OSError, match="cannot be read"):
        sealed.open_test(workspace, row, run_id=1, manifest_sha="a" * 64, purpose="a look", who="somebody")
    assert seen == [1]
    assert rows_of(workspace, "select k, who, purpose from test_opening") == [(1, "somebody", "a look")]


def test_every_opening_counts_and_widens_the_next(tmp_path: Path) -> None:
    from trainwright.training.prepare import prepare

    workspace = new_workspace(tmp_path)
    frame = table().select(FEATURES)
    looks = []
    for seed in (1, 2, 3):
        prepared = prepare(workspace, frame, settings(training__seed=seed))
        with read(workspace) as connection:
            row = get_split(connection, prepared.run.split_id or 0)
        package = str(seed) * 64
        for _ in range(2):  # the same run and package once more is the same look
            looks.append(
                sealed.open_test(
                    workspace, row, run_id=prepared.run.id, manifest_sha=package, purpose="a look", who="x"
                )
            )
    assert [look.k for look in looks] == [1, 1, 2, 2, 3, 3]
    assert [look.level for look in looks[::2]] == pytest.approx([0.95, 0.975, 1 - 0.05 / 3])


def test_training_opens_the_test_once_on_the_finished_package_in_a_fresh_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = new_workspace(tmp_path)
    started: list[tuple[str, int, Path, str]] = []

    def spawn(module: str, *arguments: str, **options: Any) -> Any:
        from trainwright.packages.predictor import Predictor

        folder, sha = Path(arguments[3]), arguments[4]
        assert Predictor.open(folder, expected_sha=sha).manifest.members  # whole, and of this hash
        assert rows_of(workspace, "select * from test_opening") == []
        child = process.spawn(module, *arguments, **options)
        started.append((module, child.pid, folder, sha))
        return child

    monkeypatch.setattr(attempt, "spawn", spawn)
    monkeypatch.setattr(sealed, "record_opening", None)  # this process could not open it
    _, result = run_here(workspace, table().select(FEATURES), settings())
    [(module, pid, folder, sha)] = started
    assert module == "trainwright.jobs.sealed_test" and pid != os.getpid()
    assert (str(folder), sha) == (result["package"]["path"], result["package"]["sha256"])
    assert rows_of(workspace, "select k, run_id, manifest_sha from test_opening") == [(1, result["run"], sha)]


@pytest.mark.usefixtures("sealed_here")
@pytest.mark.parametrize("classes", [2, 3, 0])
def test_what_is_kept_of_the_test_are_figures_never_rows(tmp_path: Path, classes: int) -> None:
    workspace = new_workspace(tmp_path)
    frame = table(classes=classes).select(FEATURES).with_columns(pl.Series("serial", [f"S{i:05}" for i in range(240)]))
    prepared, result = run_here(workspace, frame, settings(data__id="serial"))
    [(document,)] = rows_of(workspace, "select document from evaluation where part = 'test'")
    assert "examples" not in str(document) and '"actual"' not in str(document)
    sealed_rows = set(prepared.split.test.tolist())
    shown = {int(row) for row in (result["examples"] or {"rows": {}})["rows"]}
    assert not shown & sealed_rows
    written = Path(result["report"]).read_text(encoding="utf-8") + str(result) + str(document)
    serials = frame["serial"].to_list()
    named = [serials[row] for row in sealed_rows if serials[row] in written]
    assert named == []
    assert LABELS_FILE not in written
