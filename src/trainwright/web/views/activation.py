"""What somebody should know before a version answers: tested, requirements met, threshold set, what it replaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from trainwright.store.decisions import decision_in_force
from trainwright.store.projects import Project
from trainwright.store.versions import Version
from trainwright.web.views.evaluation import documents_of, unmet
from trainwright.web.views.jobs import findings_count
from trainwright.web.views.versions import VersionRow, active_version

MET, OPEN, FAILED = "met", "open", "not met"


@dataclass(frozen=True)
class Check:
    """One thing to know: its state ("met", "open" or "not met"), what it is, and the evidence."""

    state: str
    what: str
    evidence: str


@dataclass(frozen=True)
class Activation:
    """What the question "activate?" shows.

    Args:
        checks: in the order in which they matter.
        replaces: the version that answers now, or None.
        decision: by which the version will answer unless another one is chosen; None for its own threshold.
    """

    checks: list[Check]
    replaces: VersionRow | None
    decision: str | None

    @property
    def expected(self) -> str:
        """What the asker believes to be active, for `versions.activated`."""
        return "none" if self.replaces is None else self.replaces.version


def activation_of(connection: Connection, project: Project, version: Version) -> Activation:
    """What there is to know before a version is activated."""
    found = documents_of(connection, project, version)
    result: dict[str, Any] = {} if found is None else found[0]
    chosen = decision_in_force(connection, version.id)
    checks = [
        _tested(version, result),
        _requirements(version, result),
        *_threshold(result, None if chosen is None else chosen.label),
        *_findings(connection, version),
    ]
    return Activation(checks, active_version(connection, project), None if chosen is None else chosen.label)


def _tested(version: Version, result: dict[str, Any]) -> Check:
    what = "Measured on the sealed test"
    rows = (result.get("n_rows") or {}).get("test")
    if (version.metrics or {}).get("test"):
        times = (result.get("ledger") or {}).get("total", (result.get("ledger") or {}).get("k"))
        said = f"{rows:,} rows that no choice was made on" if rows else "rows that no choice was made on"
        return Check(
            MET, what, said + (f"; the sealed test was opened {times} times so far" if (times or 0) > 1 else "")
        )
    return Check(OPEN, what, "no: its figures are those of validation, on which it was chosen")


def _requirements(version: Version, result: dict[str, Any]) -> Check:
    what, broken = "Requirements", unmet(result)
    asked = ((version.details or {}).get("settings") or {}).get("requirements") or {}
    if broken:
        return Check(FAILED, what, "; ".join(broken))
    if asked:
        return Check(MET, what, ", ".join(f"{key} {value}" for key, value in asked.items()))
    return Check(OPEN, what, "none were asked for, so nothing says when this model is good enough")


def _threshold(result: dict[str, Any], decision: str | None) -> list[Check]:
    what = "Threshold"
    if (result.get("target") or {}).get("task") != "classes":
        return []
    if decision is not None:
        return [Check(MET, what, f"decision {decision}, made for what mistakes cost or who can look at cases")]
    value = (result.get("threshold") or {}).get("value")
    own = "its most probable class" if value is None else f"its own threshold, {value:.3g}"
    return [Check(OPEN, what, f"no decision is in force: it answers by {own}")]


def _findings(connection: Connection, version: Version) -> list[Check]:
    if version.run_id is None:
        return []
    counts = findings_count(connection, version.run_id)
    open_ones = [
        f"{counts[name]} {name}{'s' if counts[name] > 1 else ''}" for name in ("error", "warning") if name in counts
    ]
    if not open_ones:
        return [Check(MET, "Data", "the checks found nothing that needs a person")]
    return [Check(FAILED if "error" in counts else OPEN, "Data", f"the checks found {' and '.join(open_ones)}")]
