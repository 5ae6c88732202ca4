"""The section on what is decided, and for whom, as the user described it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import report_record as record

TITLE = "Decision"
HEADING = "What is decided, and for whom"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    rows = record.decision(result)
    return {"decision": rows} if rows else {}
