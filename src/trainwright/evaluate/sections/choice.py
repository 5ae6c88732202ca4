"""The section on the chosen model: why it, what it does not keep, from which probability it says yes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import report_findings
from trainwright.evaluate.lookup import mapping_at
from trainwright.evaluate.report_words import sentences
from trainwright.evaluate.text import estimate

TITLE = "Chosen model"
HEADING = "The chosen model, and why"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    reason = mapping_at(result, "threshold").get("reason")
    value = estimate(result.get("threshold"))[0]
    choice, unmet = report_findings.choice(result), report_findings.unmet(result)
    if not (choice or unmet or value is not None):
        return {}
    return {"choice": choice, "unmet": unmet, "threshold": value, "threshold_reason": sentences(reason)}
