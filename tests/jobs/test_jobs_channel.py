"""What a training reports reaches the database: lines as events, curves as points."""

from __future__ import annotations

import threading
from pathlib import Path

from trainwright.jobs.channel import Channel
from trainwright.store.attempts import begin_attempt
from trainwright.store.events import events_after, points_after
from trainwright.store.projects import ensure_project
from trainwright.store.runs import create_run
from trainwright.store.transaction import read, write
from trainwright.store.workspace import open_workspace


def test_points_of_an_event_become_points_of_curves_and_its_line_an_event(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "workspace")
    with write(workspace) as connection:
        run = create_run(connection, ensure_project(connection, "p", target="y").id, name="r", settings={}, origins={})
        begin_attempt(connection, run.id, 1, "test")
    with Channel(workspace, run.id, 1, threading.Event()) as report:
        points = [["Loss/step", 5, 0.25], ["Gradient norm", 5, float("nan")]]
        report({"kind": "step", "trial": "mlp", "message": "Step 5/9: loss=0.25", "points": points})
        report({"kind": "iteration", "family": "catboost", "step": 3, "loss": 0.5})
    with read(workspace) as connection:
        told = [event for event in events_after(connection, run.id) if event.kind == "step"]
        found = {(point.name, point.step, point.value) for point in points_after(connection, run.id, 1)}
    assert [(event.message, event.data) for event in told] == [("Step 5/9: loss=0.25", {"trial": "mlp"})]
    assert found == {("mlp/Loss/step", 5.0, 0.25), ("mlp/Gradient norm", 5.0, None), ("catboost/loss", 3.0, 0.5)}
    workspace.engine.dispose()
