"""The report of a version written anew: with its decisions, and with how often the sealed test was opened meanwhile."""

from __future__ import annotations

import time
from typing import Any

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
        current = decision_in_force(connection, version.id)
        found = decisions_of(connection, version.id)
        evaluated = evaluations_of(connection, run_id=run.id)
        opened = len(list_openings(connection, run.project_id))
    if run.result is None:
        return None
    shown = current or (found[-1] if found else None)
    result = {**run.result, "operating_point": None if shown is None else _shown(shown)}
    kept = ("label", "flags", "text", "used")
    result["decisions"] = [{key: in_short(d, current)[key] for key in kept} for d in found]
    if result.get("ledger"):
        result["ledger"] = {**result["ledger"], "total": opened, "as_of": time.strftime("%Y-%m-%d %H:%M")}
    page = publish_pages(workspace, result, {e.part: e.document for e in evaluated if e.part in ("validation", "test")})
    with write(workspace) as connection:
        name_artifact(connection, page, f"run {run.id} report", now=time.time())
        save_document(connection, run.id, run.attempt, "result", result)
    return str(result["report"])


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
