"""The report of a version written anew: with its decisions, and with how often the sealed test was opened meanwhile."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from trainwright.store.decisions import Decision, decision_in_force, decisions_of
from trainwright.store.evaluations import evaluations_of
from trainwright.store.files import name_artifact
from trainwright.store.openings import list_openings
from trainwright.store.runs import get_run, save_document
from trainwright.store.transaction import read, write
from trainwright.store.versions import Version
from trainwright.store.workspace import Workspace
from trainwright.training.deployed import in_short
from trainwright.training.pages import publish_pages
from trainwright.training.whole_decision import damage


def refresh_report(workspace: Workspace, version: Version) -> str | None:
    """Writes the version's report anew with its decisions; the path, or None when its run kept no result."""
    if version.run_id is None:
        return None
    with read(workspace) as connection:
        run = get_run(connection, version.run_id)
        evaluated = evaluations_of(connection, run_id=run.id)
        result = None if run.result is None else as_it_stands(connection, version, run.project_id, run.result)
    if result is None:
        return None
    page = publish_pages(workspace, result, {e.part: e.document for e in evaluated if e.part in ("validation", "test")})
    with write(workspace) as connection:
        name_artifact(connection, page, f"run {run.id} report", now=time.time())
        save_document(connection, run.id, run.attempt, "result", result)
    return str(result["report"])


def as_it_stands(
    connection: Connection, version: Version, project_id: int, result: Mapping[str, Any]
) -> dict[str, Any]:
    """A training's result with the decisions that its version has by now, and the sealed test's openings until now.

    Args:
        connection: to read with.
        version, project_id: whose.
        result: as the training, or the last report, left it.
    """
    current = decision_in_force(connection, version.id)
    found = decisions_of(connection, version.id)
    opened = len(list_openings(connection, project_id))
    shown = current or (found[-1] if found else None)
    now = {**result, "operating_point": result.get("operating_point") if shown is None else _shown(shown)}
    kept = ("label", "flags", "text", "used")
    now["decisions"] = [{key: in_short(d, current)[key] for key in kept} for d in found]
    if now.get("ledger"):
        now["ledger"] = {**now["ledger"], "total": opened, "as_of": time.strftime("%Y-%m-%d %H:%M")}
    return now


def _shown(decision: Decision) -> dict[str, Any]:
    """A decision as the report shows it; of a damaged one, that it is."""
    why = damage(decision)
    if why is None:
        return {**decision.document, "label": decision.label}
    return {"skipped": f"decision {decision.label} cannot be shown: {why}"}


def openings_since(workspace: Workspace, version: Version) -> int:
    """How often the sealed test of a version's project was opened since its report was written.

    Args:
        workspace: where.
        version: whose report; 0 for one without a sealed test.
    """
    if version.run_id is None:
        return 0
    with read(workspace) as connection:
        run = get_run(connection, version.run_id)
        opened = len(list_openings(connection, run.project_id))
    ledger = (run.result or {}).get("ledger") or {}
    told = ledger.get("total", ledger.get("k"))
    return max(0, opened - told) if isinstance(told, int) else 0
