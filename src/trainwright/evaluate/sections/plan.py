"""The section on what was planned, what it took, and what was shortened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import report_record as record

TITLE = "Plan and budget"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    trials, budget, reasons = record.trials(result), record.budget(result), record.plan_reasons(result)
    return {"trials": trials, "budget": budget, "plan_reasons": reasons} if trials or budget or reasons else {}
