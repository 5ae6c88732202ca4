"""The epochs of a run's networks are listed by what they told, with what lies on the disk and how to take another."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from trainwright.store.events import MetricPoint
from trainwright.training.checkpoints import checkpoints_of

TRAIN = {1: [0.9, 0.6, 0.5, 0.4, 0.3], 2: [0.8, 0.6, 0.5, 0.4]}
HELD = {1: [0.9, 0.7, 0.65, 0.7, 0.8], 2: [0.9, 0.5, 0.6, 0.7]}


def points(trial: str) -> list[MetricPoint]:
    """What two folds told: the first stopped after five epochs, the second after four."""
    found = []
    for kind, folds in (("train", TRAIN), ("validation", HELD)):
        for fold, losses in folds.items():
            for epoch, loss in enumerate(losses, 1):
                found.append((f"{trial}/fold{fold}/Loss/{kind}", epoch, loss))
    found.append((f"{trial}/fold1/Loss/training rows", 1, 9.0))
    return [MetricPoint(1, 1, seq, name, step, value, 0.0) for seq, (name, step, value) in enumerate(found, 1)]


def run(result: dict[str, Any] | None, interval: int = 1) -> Any:
    step = {"name": "neural_network", "family": "neural_network", "settings": {"checkpoint_interval": interval}}
    return SimpleNamespace(id=3, plan={"steps": [step]}, result=result)


def test_each_epoch_is_judged_over_folds_and_the_command_takes_another(tmp_path: Path) -> None:
    done = {"project": "demo", "version": "v2"}
    (trial,) = checkpoints_of(run(done), points("neural_network"), tmp_path, every=False)
    assert trial["folds"] == 2
    assert trial["try"] == "trainwright try demo@v2 --set neural_network.keep_epoch=EPOCH"
    rows = {row["epoch"]: row for row in trial["epochs"]}
    assert [row["best_in"] for row in rows.values()] == [0, 1, 1, 0, 0]
    assert rows[2] == {"epoch": 2, "training": 0.6, "validation": 0.6, "best_in": 1, "on_disk": 0}
    assert (rows[5]["training"], rows[5]["validation"]) == (0.3, 0.8)


def test_epochs_between_two_checkpoints_are_left_out_and_states_on_disk_counted(tmp_path: Path) -> None:
    for fold, name in (
        (0, "epoch-0004-step-00000016"),
        (1, "epoch-0004-step-00000016"),
        (1, "epoch-0002-step-00000008"),
    ):
        (tmp_path / "scratch" / "run-3" / f"neural_network.{fold}.0a1b" / name).mkdir(parents=True)
    (trial,) = checkpoints_of(run(None, interval=4), points("neural_network"), tmp_path, every=False)
    # The fourth was due; the second and third were each a fold's best, the fifth is the last.
    assert [(row["epoch"], row["on_disk"]) for row in trial["epochs"]] == [(2, 1), (3, 0), (4, 2), (5, 0)]
    assert trial["try"] is None  # no version yet
    (everything,) = checkpoints_of(run(None, interval=4), points("neural_network"), tmp_path, every=True)
    assert [row["epoch"] for row in everything["epochs"]] == [1, 2, 3, 4, 5]


def test_a_run_without_a_network_has_none(tmp_path: Path) -> None:
    assert checkpoints_of(run(None), [MetricPoint(1, 1, 1, "lightgbm/loss", 1, 0.5, 0.0)], tmp_path, every=True) == []
