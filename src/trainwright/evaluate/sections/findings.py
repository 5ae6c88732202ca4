"""The section on what the checks found in the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import report_record as record

TITLE = "Findings"
HEADING = "Findings about the data"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    return {"findings": record.findings(result), "checked": True} if "findings" in result else {}
