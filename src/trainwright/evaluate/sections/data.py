"""The section on the rows: how many, how they were split, what was found out about the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import report_record as record
from trainwright.evaluate.report_words import sentences

TITLE = "Data and split"
FIGURES = ("class_distribution",)


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    reasons, notes = record.split_reasons(result), sentences(result.get("notes"))
    if not (result.get("n_rows") or reasons or notes):
        return {}
    return {"parts": record.parts(result), "split_reasons": reasons, "notes": notes}
