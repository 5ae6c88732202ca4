"""A run tells what its own settings made of the table, whatever an earlier run on the same rows was told."""

from __future__ import annotations

from pathlib import Path

from training_runs import new_workspace, run_here, settings, table


def test_a_key_without_effect_is_told_in_its_own_run_alone(tmp_path: Path) -> None:
    workspace, rows = new_workspace(tmp_path), table(120)
    _, first = run_here(workspace, rows, settings(training__families=["linear"], training__interval=0.9))
    _, second = run_here(workspace, rows, settings(training__families=["linear"]))
    told = [[n["message"] for n in run["notes"] if n["code"] == "without_effect"] for run in (first, second)]
    assert first["dataset"] == second["dataset"]
    assert any("training.interval" in words for words in told[0])
    assert not any("training.interval" in words for words in told[1])
