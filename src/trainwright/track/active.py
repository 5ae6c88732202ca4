"""Tells MLflow which version of a project answers: the alias "active" of the registered model follows it."""

from __future__ import annotations

from sqlalchemy import select

from trainwright.store import tables
from trainwright.store.deployments import active_deployment
from trainwright.store.outbox import ACTIVE, MLFLOW, Message, hold, let_go, messages
from trainwright.store.process import current_owner
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.track.places import resolve
from trainwright.track.words import safe


def tell_active_versions(workspace: Workspace) -> list[str]:
    """Delivers what is noted about versions that answer; returns what went wrong, in words.

    Only the latest state of a project counts: it is what is told, however many activations were noted.
    """
    with read(workspace) as connection:
        waiting = messages(connection, topics=(ACTIVE,), undone=True)
    problems = []
    holder = str(current_owner())
    for message in waiting:
        with write(workspace) as connection:
            held = hold(connection, message.id, holder)
        if held is None:
            continue
        problem, done = "", False
        try:
            done = _tell(workspace, int(held.payload["project_id"]))
        except Exception as error:  # noqa: BLE001 - a foreign library; what it says is noted and tried again
            problem = f"{type(error).__name__}: {error}"[:1000]
            problems.append(problem)
        with write(workspace) as connection:
            let_go(connection, held.id, holder, done=done, changes={"problem": problem or None})
    return problems


def _tell(workspace: Workspace, project_id: int) -> bool:
    """Sets the alias; False while the run of the version that answers is still being mirrored."""
    from trainwright.track.mlflow_server import ALIAS, connect

    name, mirrored, latest = _state(workspace, project_id)
    source = mirrored or latest
    if source is None:
        return True
    if mirrored is not None and mirrored.done_at is None:
        return False
    client = connect(resolve(workspace, MLFLOW, source.payload["address"]))
    registered = ((mirrored.payload.get("state") or {}).get("registered") if mirrored else None) or {}
    if registered:
        client.set_registered_model_alias(registered["name"], ALIAS, registered["number"])
    else:  # what answers now was never mirrored: nothing there may claim to
        client.delete_registered_model_alias(safe(name), ALIAS)
    return True


def _state(workspace: Workspace, project_id: int) -> tuple[str, Message | None, Message | None]:
    """The project's name, the mirror of the run whose version answers, and the project's latest mirror."""
    version, run, project = tables.version, tables.run, tables.project
    with read(workspace) as connection:
        name = connection.execute(select(project.c.name).where(project.c.id == project_id)).scalar_one()
        runs = set(connection.execute(select(run.c.id).where(run.c.project_id == project_id)).scalars())
        found = [message for message in messages(connection, topics=(MLFLOW,)) if message.run_id in runs]
        deployment = active_deployment(connection, project_id)
        made_by = None
        if deployment is not None:
            query = select(version.c.run_id).where(version.c.id == deployment.version_id)
            made_by = connection.execute(query).scalar_one()
    mirrored = next((message for message in found if message.run_id == made_by), None)
    return str(name), mirrored, found[-1] if found else None
