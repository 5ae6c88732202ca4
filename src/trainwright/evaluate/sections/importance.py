"""The section on the columns that the model leans on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import report_findings

TITLE = "What it leans on"
FIGURES = ("importance",)


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    note = report_findings.importance_note(result)
    return {"importance_note": note} if note else {}
