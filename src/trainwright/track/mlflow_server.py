"""The door to MLflow: a client that gives up in good time, and the experiment, runs and models found or made there."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainwright.errors import EnvironmentProblem
from trainwright.packages.export.mlflow_model import QUIET
from trainwright.track.places import check_reachable, local_file

# What a call may take in seconds, and how often it is tried again by MLflow itself: we try again on our own.
TIMES = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "30", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
# Parameters and metrics that MLflow takes in a call.
PARAMETERS, METRICS = 100, 1000
LONGEST_PARAMETER = 6000
# The alias of the version that answers now.
ALIAS = "active"


def connect(address: str) -> Any:
    """A client of the tracking server or store at an address.

    Raises:
        EnvironmentProblem: MLflow is not installed, or nobody answers.
    """
    if find_spec("mlflow") is None:
        raise EnvironmentProblem("mlflow is not installed here", remedy='pip install "trainwright[track]"')
    check_reachable(address)
    os.environ.update(QUIET)
    for name, value in TIMES.items():
        os.environ.setdefault(name, value)
    import logging

    from mlflow import MlflowClient

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    file = local_file(address)
    with nullcontext() if file is None else _creating(file):
        client = MlflowClient(tracking_uri=address, registry_uri=address)
        try:
            client.search_experiments(max_results=1)  # makes the tables of a fresh store
        except Exception:
            check_reachable(address)  # a server that ended just now is told as one that was not there
            raise
    return client


@contextmanager
def _creating(file: Path) -> Iterator[None]:
    """Lets one process at a time make the tables of a fresh store: MLflow itself fails when several do.

    The lock is one of SQLite's, which the system takes back from a process that dies.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = sqlite3.connect(file.with_name(f"{file.name}.lock"), timeout=60.0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        yield
    except sqlite3.OperationalError as error:
        raise EnvironmentProblem(f"{file} is locked by another process: {error}", remedy="try again later") from None
    finally:
        lock.close()


def experiment(client: Any, address: str, name: str) -> str:
    """The id of the experiment of a project, made where there is none."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        file = local_file(address)
        # Without a server the artifacts would lie wherever this process happens to run.
        place = None if file is None else (file.parent / "mlartifacts").as_uri()
        try:
            return str(client.create_experiment(name, artifact_location=place))
        except MlflowException:  # another made it meanwhile
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def find_run(client: Any, experiment_id: str, tags: dict[str, str]) -> str | None:
    """The id of the run with these tags, if there is one."""
    words = " and ".join(f"tags.`{name}` = '{_quoted(value)}'" for name, value in tags.items())
    found = client.search_runs([experiment_id], filter_string=words, max_results=1)
    return found[0].info.run_id if found else None


def log_parameters(client: Any, run_id: str, values: dict[str, str]) -> None:
    """Writes parameters; MLflow takes the same value again, and no other."""
    from mlflow.entities import Param

    found = [Param(name, _cut(value)) for name, value in values.items()]
    for i in range(0, len(found), PARAMETERS):
        client.log_batch(run_id, params=found[i : i + PARAMETERS])


def log_metrics(client: Any, run_id: str, points: list[tuple[str, int, float, int]], *, unsure: bool) -> None:
    """Writes points (name, step, value, milliseconds since 1970).

    Args:
        unsure: some may be there already, from a sending that was cut off; they are looked for first.
    """
    from mlflow.entities import Metric

    if unsure:
        there = {
            (name, found.step, found.timestamp)
            for name in {point[0] for point in points}
            for found in client.get_metric_history(run_id, name)
        }
        points = [point for point in points if (point[0], point[1], point[3]) not in there]
    for i in range(0, len(points), METRICS):
        batch = [Metric(name, value, at, step) for name, step, value, at in points[i : i + METRICS]]
        client.log_batch(run_id, metrics=batch)


def _cut(value: str) -> str:
    return value if len(value) <= LONGEST_PARAMETER else f"{value[: LONGEST_PARAMETER - 1]}…"


def _quoted(value: str) -> str:
    return value.replace("'", "")
