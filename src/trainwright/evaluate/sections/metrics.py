"""The section with every metric, in validation and on the sealed test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import report_record as record
from trainwright.evaluate import report_view

TITLE = "How good it is"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    rows = report_view.metrics(result, evaluations)
    return {"metrics": rows, "ledger": record.ledger(result)} if rows else {}
