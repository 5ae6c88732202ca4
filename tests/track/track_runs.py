"""Runs for the tests of mirrors: rows as a training writes them, and what MLflow and TensorBoard hold of them."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

from trainwright.store.attempts import new_attempt
from trainwright.store.events import add_points
from trainwright.store.outbox import open_message
from trainwright.store.projects import ensure_project
from trainwright.store.runs import create_run, set_state
from trainwright.store.transaction import write
from trainwright.store.trials import finish_trial
from trainwright.store.workspace import Workspace

SETTINGS = {
    "data": {"target": "y", "folds": 2},
    "training": {"seed": 7, "epochs": 3, "families": ["net"], "jobs": None},
}
TAGS = ("Loss/train", "Loss/validation", "Accuracy/validation", "Learning rate")


def curves(epochs: range, folds: range = range(2)) -> list[tuple[str, float, float]]:
    """The points of some epochs: every value is another."""
    return [
        (f"net/fold{fold + 1}/{tag}", float(epoch), 1 / (1 + epoch + 10 * fold + 100 * i))
        for epoch in epochs
        for fold in folds
        for i, tag in enumerate(TAGS)
    ]


def begin_run(workspace: Workspace, addresses: dict[str, str], *, project: str = "demo") -> int:
    """A run that trains, to be mirrored to the addresses."""
    with write(workspace) as connection:
        found = ensure_project(connection, project)
        run = create_run(connection, found.id, name=project, settings=SETTINGS)
        for state in ("initializing", "training"):
            set_state(connection, run.id, 1, state, "for the test")
        for topic, address in addresses.items():
            open_message(connection, topic, run.id, {"address": address})
    return run.id


def add(workspace: Workspace, run_id: int, points: list[tuple[str, float, float]], attempt: int = 1) -> None:
    """Points as the channel of an attempt writes them."""
    with write(workspace) as connection:
        add_points(connection, run_id, attempt, points)


def add_fold(workspace: Workspace, run_id: int, fold: int, score: float, attempt: int = 1) -> None:
    """A fold that has ended."""
    with write(workspace) as connection:
        finish_trial(
            connection,
            run_id,
            attempt,
            name="net",
            fold=fold,
            family="neural_network",
            settings={"layers": [8, 4]},
            seed=fold,
            scores={"roc_auc": score},
        )


def end(workspace: Workspace, run_id: int, state: str = "failed", attempt: int = 1) -> None:
    """The end of a run."""
    with write(workspace) as connection:
        set_state(connection, run_id, attempt, state, "for the test")


def again(workspace: Workspace, run_id: int) -> None:
    """A further attempt at a run that has ended."""
    with write(workspace) as connection:
        new_attempt(connection, run_id, "for the test")
        set_state(connection, run_id, 2, "initializing", "for the test")
        set_state(connection, run_id, 2, "training", "for the test")


def in_mlflow(address: str) -> tuple[dict[str, Any], dict[str, Counter[tuple[str, int, float]]]]:
    """Runs by name, and every point that MLflow's client finds in their histories, counted."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=address, registry_uri=address)
    runs = {}
    for experiment in client.search_experiments():
        for run in client.search_runs([experiment.experiment_id]):
            assert run.info.run_name not in runs, "a run was made twice"
            runs[run.info.run_name] = run
    points = {
        name: Counter(
            (key, found.step, math.inf if math.isnan(found.value) else found.value)
            for key in run.data.metrics
            for found in client.get_metric_history(run.info.run_id, key)
        )
        for name, run in runs.items()
    }
    return runs, points


def in_tensorboard(folder: Path) -> dict[str, Any]:
    """What TensorBoard's own reader finds, by the folder of the event files."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = {}
    for path in sorted({path.parent for path in folder.rglob("events.out.tfevents.*")}):
        reader = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0, "histograms": 0})
        reader.Reload()
        found[path.relative_to(folder).as_posix()] = reader
    return found


def scalars(folder: Path) -> Counter[tuple[str, str, int, float]]:
    """Every scalar (folder, tag, step, value) that TensorBoard's own reader finds, counted."""
    found: Counter[tuple[str, str, int, float]] = Counter()
    for name, reader in in_tensorboard(folder).items():
        for tag in reader.Tags()["scalars"]:
            found.update((name, tag, one.step, one.value) for one in reader.Scalars(tag))
    return found
