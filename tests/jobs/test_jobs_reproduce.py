"""`reproduce`: a run repeated from its record, compared figure by figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, rows_of, run_here, settings, table

from trainwright.errors import EnvironmentProblem, UserError
from trainwright.jobs.reproduce import comparison, reproduce
from trainwright.store.runs import get_run, save_document
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace

pytestmark = pytest.mark.usefixtures("sealed_here", "follow_here")


@pytest.mark.parametrize("classes", [2, 0])
def test_a_version_comes_out_the_same(tmp_path: Path, classes: int) -> None:
    workspace = new_workspace(tmp_path)
    run_here(workspace, table(classes=classes).select(FEATURES), settings())
    found = reproduce(workspace, "demo@v1")
    assert found["same"] and found["text"].startswith("the same: the package byte for byte")
    assert all(part["present"] for part in found["record"]), found["record"]
    assert found["predictions"]["same"] and found["predictions"]["rows"] > 100
    assert len(found["figures"]) > 30 and found["environment"] == []
    assert rows_of(workspace, "select count(*) from version") == [(1,)]
    assert rows_of(workspace, "select count(*) from test_opening") == [(1,)]


def test_what_differs_is_named(tmp_path: Path) -> None:
    """The record says an older library and another figure: both are told, and where the packages part."""
    workspace = new_workspace(tmp_path)
    run_here(workspace, table().select(FEATURES), settings())
    run_here(workspace, table().select(FEATURES), settings(training__seed=5))
    with read(workspace) as connection:
        first, other = get_run(connection, 1), get_run(connection, 2)
    record = dict(first.record or {})
    record["environment"] = {**record["environment"], "packages": {**record["environment"]["packages"], "numpy": "1.0"}}
    with write(workspace) as connection:
        save_document(connection, 1, 1, "record", record)
        first = get_run(connection, 1)
    found = comparison(workspace, first, other, "demo@v1")
    assert not found["same"] and found["text"].startswith("not the same: the package differs")
    assert {"what": "numpy", "then": "1.0"}.items() <= found["environment"][0].items()
    assert any(words.startswith("seed: 0, now 5") for words in found["package"]["differences"])
    different = [row for row in found["figures"] if not row["same"]]
    assert different and all(row["then"] != row["now"] for row in different)


def test_a_package_that_was_changed_since_is_named(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    _, result = run_here(workspace, table().select(FEATURES), settings())
    [member] = list((Path(result["package"]["path"]) / "members").iterdir())[:1]
    file = next(path for path in sorted(member.iterdir()) if path.is_file())
    file.chmod(0o644)
    file.write_bytes(file.read_bytes() + b" ")
    found = comparison(workspace, *_twice(workspace), "demo@v1")
    assert not found["same"] and found["package"]["same"]
    assert "the package in the workspace was changed since it was made" in found["text"]
    assert file.name in found["package"]["damage"]


def _twice(workspace: Workspace) -> tuple[Any, Any]:
    """The first run, as its own repetition."""
    with read(workspace) as connection:
        return get_run(connection, 1), get_run(connection, 1)


def test_what_cannot_be_repeated_is_refused(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    run_here(workspace, table().select(FEATURES), settings())
    with pytest.raises(UserError, match="there is no run 99"):
        reproduce(workspace, "99")
    [part] = list((workspace.path / "artifacts" / "part").glob("*/development.parquet"))
    frame = pl.read_parquet(part)
    frame.with_columns(pl.col("a") + 1).write_parquet(part)
    with pytest.raises(EnvironmentProblem, match="are not what it learned from"):
        reproduce(workspace, "demo@v1")
    part.parent.rename(workspace.path / "lost")
    with pytest.raises(EnvironmentProblem, match="is not in the workspace any more"):
        reproduce(workspace, "demo@v1")
    assert rows_of(workspace, "select count(*) from run") == [(1,)]
