"""A run tells what its own settings made of the table, whatever an earlier run on the same rows was told, and names the
columns that are not in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from training_runs import new_workspace, run_here, settings, table

from trainwright.errors import UserError
from trainwright.training.table import understand


def test_a_key_without_effect_is_told_in_its_own_run_alone(tmp_path: Path) -> None:
    workspace, rows = new_workspace(tmp_path), table(120)
    _, first = run_here(workspace, rows, settings(training__families=["linear"], training__interval=0.9))
    _, second = run_here(workspace, rows, settings(training__families=["linear"]))
    told = [[n["message"] for n in run["notes"] if n["code"] == "without_effect"] for run in (first, second)]
    assert first["dataset"] == second["dataset"]
    assert any("training.interval" in words for words in told[0])
    assert not any("training.interval" in words for words in told[1])


def test_a_column_to_stratify_by_that_is_not_there_is_named() -> None:
    rows = table(120)
    name = str(rows.columns[0])
    with pytest.raises(UserError, match=f"column '{name}x' .stratify") as refused:
        understand(rows, settings(data__stratify=[f"{name}x"]))
    assert refused.value.remedy == f"did you mean {name!r}?"
