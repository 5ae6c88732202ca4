"""Runs in the real MLflow, read back by its client: every parameter and metric is there, and none twice."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from mlflow_stores import Server, fresh
from track_runs import SETTINGS, add, add_fold, begin_run, curves, end, in_mlflow

from trainwright.store import tables
from trainwright.store.outbox import MLFLOW, messages
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.track import mirror, mlflow_mirror
from trainwright.track.listing import list_mirrors
from trainwright.track.mirror import follow
from trainwright.track.words import flat

pytest.importorskip("mlflow")

Points = list[tuple[str, float, float]]


def sync(workspace: Workspace, run_id: int) -> str:
    with read(workspace) as connection:
        (message,) = messages(connection, run_id=run_id)
    return follow(workspace, message.id, patient=False)


def expected(points: Points) -> dict[tuple[str, int, float], int]:
    """As MLflow holds them: by fold and tag."""
    return {(name.removeprefix("net/"), int(step), value): 1 for name, step, value in points}


def of_curves(found: dict[tuple[str, int, float], int]) -> dict[tuple[str, int, float], int]:
    return {point: count for point, count in found.items() if point[0].startswith("fold") and "folds/" not in point[0]}


def test_every_parameter_and_metric_is_read_back(workspace: Workspace, store: str) -> None:
    run = begin_run(workspace, {MLFLOW: store})
    add(workspace, run, curves(range(1, 200)))  # more than MLflow takes in a call
    assert sync(workspace, run) == "waiting"
    add(workspace, run, [*curves(range(200, 203)), ("net/fold1/Loss/train", 203.0, math.nan)])
    for fold, score in enumerate((0.75, 0.875)):
        add_fold(workspace, run, fold, score)
    end(workspace, run)
    assert sync(workspace, run) == "done"
    runs, points = in_mlflow(store)
    parent, trial = runs["demo (run 1)"], runs["net"]
    assert parent.data.params == flat(SETTINGS) and parent.data.params["training.seed"] == "7"
    assert trial.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert trial.data.params == {"family": "neural_network", "settings.layers": "[8, 4]", "seed": "0, 1"}
    nan = {("fold1/Loss/train", 203, math.inf): 1}
    assert of_curves(points["net"]) == {**expected(curves(range(1, 203))), **nan}
    assert {("folds/roc_auc", 0, 0.75), ("folds/roc_auc", 1, 0.875)} <= set(points["net"])
    assert parent.data.tags["trainwright.project"] == "demo"
    assert [one.info.status for one in (parent, trial)] == ["FAILED", "FAILED"]


def test_what_arrived_but_was_not_noted_is_not_doubled(workspace: Workspace, store: str) -> None:
    run = begin_run(workspace, {MLFLOW: store})
    add(workspace, run, curves(range(1, 4)))
    add_fold(workspace, run, 0, 0.75)
    sync(workspace, run)
    with write(workspace) as connection:  # as if killed before the first note
        connection.execute(tables.outbox.update().values(payload={"address": store}))
    add(workspace, run, curves(range(4, 6)))
    end(workspace, run)
    assert sync(workspace, run) == "done"
    assert sync(workspace, run) == "held"  # delivered: nothing is sent again
    runs, points = in_mlflow(store)
    assert set(runs) == {"demo (run 1)", "net"}
    assert of_curves(points["net"]) == expected(curves(range(1, 6)))
    assert all(count == 1 for counts in points.values() for count in counts.values())


def test_a_call_that_fails_half_way_is_repeated_without_doubling(
    workspace: Workspace, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin_run(workspace, {MLFLOW: store})
    add(workspace, run, curves(range(1, 4)))
    whole = mlflow_mirror.server.log_metrics

    def half(client: Any, run_id: str, points: Any, *, unsure: bool) -> None:
        whole(client, run_id, points[: len(points) // 2], unsure=unsure)
        raise ConnectionError("the network is gone")

    with monkeypatch.context() as patch:
        patch.setattr(mlflow_mirror.server, "log_metrics", half)
        assert sync(workspace, run) == "ConnectionError: the network is gone"
    (row,) = list_mirrors(workspace)
    assert (row.state, row.problem) == ("behind", "ConnectionError: the network is gone")
    end(workspace, run)
    assert sync(workspace, run) == "done"
    assert of_curves(in_mlflow(store)[1]["net"]) == expected(curves(range(1, 4)))
    assert list_mirrors(workspace)[0].problem is None


def test_a_store_that_was_set_up_anew_gets_everything_again(
    workspace: Workspace, store: str, mlflow_tables: Path
) -> None:
    run = begin_run(workspace, {MLFLOW: store})
    add(workspace, run, curves(range(1, 4)))
    sync(workspace, run)
    file = Path(store.removeprefix("sqlite:///"))
    file.unlink()
    from mlflow.tracking._tracking_service.utils import _get_store

    _get_store(store).engine.dispose()
    fresh(file.parent, mlflow_tables)
    add(workspace, run, curves(range(4, 6)))
    assert sync(workspace, run) == "waiting"
    assert of_curves(in_mlflow(store)[1]["net"]) == expected(curves(range(1, 6)))


def test_a_server_killed_in_the_middle_is_caught_up_with(
    workspace: Workspace, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(tmp_path / "mlflow", store)
    try:
        server.start()
        run = begin_run(workspace, {MLFLOW: server.address})
        add(workspace, run, curves(range(1, 20)))
        assert sync(workspace, run) == "waiting"
        server.kill()
        add(workspace, run, curves(range(20, 30)))
        end(workspace, run)
        said = sync(workspace, run)
        assert said.startswith(f"nobody answers at {server.address}")
        # One that is patient gives up a while after the end of the run, whatever it waits for.
        monkeypatch.setattr(mirror, "AFTER_END", 0.0)
        waits: list[float] = []
        with read(workspace) as connection:
            (message,) = messages(connection, run_id=run)
        assert follow(workspace, message.id, patient=True, pause=waits.append).startswith("nobody answers")
        assert len(waits) <= 1
        assert list_mirrors(workspace)[0].state == "behind"
        server.start()
        assert sync(workspace, run) == "done"
        runs, points = in_mlflow(server.address)
        assert of_curves(points["net"]) == expected(curves(range(1, 30)))
        assert runs["demo (run 1)"].info.status == "FAILED"
    finally:
        server.kill()
