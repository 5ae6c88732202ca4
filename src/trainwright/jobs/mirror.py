"""Starts the mirrors of a training (MLflow, TensorBoard) in a process of their own, where an address is configured.

They are begun and forgotten: the training neither waits for them nor hears of them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any

from trainwright.errors import EnvironmentProblem, TrainwrightError
from trainwright.jobs.process import spawn_apart
from trainwright.store.outbox import ACTIVE, MLFLOW, TENSORBOARD, messages, open_message
from trainwright.store.runs import Run, get_run
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace

# By name, never imported: what trains does not depend on what mirrors it.
PROCESS = "trainwright.track.process"
VARIABLES = {MLFLOW: "MLFLOW_TRACKING_URI", TENSORBOARD: "TRAINWRIGHT_TENSORBOARD"}


def addresses(settings: Mapping[str, Any] | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Where a run is mirrored to: topic -> address, from its settings or else from the environment.

    An address of the environment may hold a password, so it is never written down: it stands as "$" and its variable.

    Example:
        >>> addresses({"track": {"mlflow": "http://mlflow:5000"}}, {"TRAINWRIGHT_TENSORBOARD": "runs"})
        {'mlflow': 'http://mlflow:5000', 'tensorboard': '$TRAINWRIGHT_TENSORBOARD'}
        >>> addresses({}, {})
        {}
    """
    given = (settings or {}).get("track") or {}
    found = {topic: given.get(topic) or (environment.get(name) and f"${name}") for topic, name in VARIABLES.items()}
    return {topic: address for topic, address in found.items() if address}


def begin(workspace: Workspace, run: Run) -> None:
    """Notes that a run is to be mirrored and starts who does it; nothing where no address is configured.

    No mirror ever fails a training: where the database cannot be written for a while, this run has none.
    """
    wanted = addresses(run.settings, os.environ)
    if not wanted:
        return
    try:
        with write(workspace) as connection:
            for topic, address in wanted.items():
                open_message(connection, topic, run.id, {"address": address})
    except EnvironmentProblem:
        return
    start(workspace, str(run.id))


def begin_run(workspace: Workspace, run_id: int) -> None:
    """`begin` for a run by its number."""
    try:
        with read(workspace) as connection:
            run = get_run(connection, run_id)
    except TrainwrightError:
        return
    begin(workspace, run)


def tell(workspace: Workspace) -> None:
    """Starts who tells MLflow that another version answers, where that is to be told."""
    try:
        with read(workspace) as connection:
            waiting = bool(messages(connection, topics=(ACTIVE,), undone=True))
    except EnvironmentProblem:
        return
    if waiting:
        start(workspace)


def start(workspace: Workspace, *arguments: str) -> None:
    """Starts the mirroring process; its end is taken note of, so that none stays behind as a zombie."""
    try:
        process = spawn_apart(PROCESS, str(workspace.path), *arguments)
    except OSError:
        return
    threading.Thread(target=process.wait, name="mirror", daemon=True).start()
