"""The section on labels that are probably wrong: the likeliest rows, and how to decide about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TITLE = "Doubtful labels"
HEADING = "Labels that are probably wrong"
SHOWN = 15


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    found = result.get("suspected_labels")
    if not isinstance(found, Mapping) or not found.get("rows"):
        return {}
    examples = found.get("examples") or {}
    number = (result.get("target") or {}).get("task") == "number"
    rows = []
    for i, item in enumerate(found["rows"][:SHOWN]):
        cells = examples.get("rows", [])[i] if i < len(examples.get("rows", [])) else []
        rows.append(
            {
                "row": item["row"],
                "given": _text(item["given"]),
                "suggested": _text(item["suggested"]),
                "how": f"{item['probability']:.1f}" if number else f"{item['probability']:.1%}",
                "cells": [_text(value) for value in cells],
            }
        )
    share = found.get("share")
    return {
        "rows": rows,
        "columns": list(examples.get("columns", [])),
        "count": found["count"],
        "looked_at": found["rows_looked_at"],
        "share": None if share is None or number else f"{share:.1%}",
        "overlap": bool(found.get("overlap")),
        "number": number,
        "project": result.get("project"),
    }


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
