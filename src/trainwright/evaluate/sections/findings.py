"""The section on what the checks found in the data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import report_findings

# A flag in a remedy, which no line may break in two.
FLAG = re.compile(r"(--[a-z][a-z-]+)")
TITLE = "Findings"
HEADING = "Findings about the data"


STATES = {
    "found": "found something",
    "passed": "passed",
    "not applicable": "not applicable",
    "skipped": "skipped",
    "crashed": "crashed",
}


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows: findings, and how every check ended, so that silence is never taken for an all-clear."""
    if "findings" not in result:
        return {}
    outcomes = [dict(row) for row in result.get("checks") or []]
    counts = {state: sum(row["state"] == state for row in outcomes) for state in STATES}
    return {
        "findings": [
            {**row, "parts": FLAG.split(str(row.get("remedy") or ""))} for row in report_findings.findings(result)
        ],
        "checked": True,
        "outcomes": [{**row, "name": str(row["slug"]).replace("-", " ")} for row in outcomes],
        "passed": [_named(row) for row in outcomes if row["state"] == "passed"],
        "summary": ", ".join(f"{n} {STATES[state]}" for state, n in counts.items() if n),
        "unseen": [_named(row) for row in outcomes if row["state"] in ("skipped", "crashed")],
    }


def _named(outcome: Mapping[str, Any]) -> str:
    """What a check looks for, and its code."""
    return f"{str(outcome['slug']).replace('-', ' ')} ({outcome['code']})"
