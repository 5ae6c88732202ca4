"""The section that explains the words and metrics of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import report_view

TITLE = "Words"
HEADING = "Words in this report"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    return {"metrics": report_view.metrics(result, evaluations), "always": True}
