"""The section with the rows that were predicted most wrongly, and what pushed them there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.text import count, number, percent

TITLE = "Worst errors"
HEADING = "The rows it gets most wrong"
SHOWN = 10  # open; the others behind a click


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    found = result.get("worst_errors")
    if not isinstance(found, Mapping):
        return {}
    if "skipped" in found:
        return {"skipped": found["skipped"]}
    names = list(found.get("columns") or [])
    rows = [_row(row, names) for row in found.get("rows") or []]
    doubtful = sum(bool(row.get("suspected")) for row in found.get("rows") or [])
    return {
        "first": rows[:SHOWN],
        "more": rows[SHOWN:],
        "measure": found.get("measure") or "",
        "total": f"{count(found.get('n_errors') or 0)} of {count(found.get('n_rows') or 0)}",
        "classes": any(row.get("probability") is not None for row in found.get("rows") or []),
        "doubtful": doubtful,
        "note": found.get("reasons_note") or "",
    }


def _row(row: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    probability = row.get("probability")
    number_like = probability is None
    return {
        "row": row["row"],
        "truth": number(row["truth"]) if number_like else row["truth"],
        "predicted": number(row["predicted"]) if number_like else f"{row['predicted']} ({percent(probability)})",
        "cells": [
            f"{name} {'missing' if value is None else value}" for name, value in zip(names, row.get("values") or [])
        ],
        "reasons": _pushes(row.get("reasons") or []),
        "suspected": bool(row.get("suspected")),
    }


def _pushes(reasons: list[Mapping[str, Any]]) -> str:
    """The strongest pushes in short; the values stand beside them.

    Example:
        >>> _pushes([{"feature": "age", "push": 0.812, "towards": "yes"}, {"feature": "job", "push": -0.2}])
        'towards yes: age +0.812, job −0.200'
    """
    if not reasons:
        return ""
    said = ", ".join(f"{one['feature']} {'+' if one['push'] > 0 else ''}{number(one['push'])}" for one in reasons)
    towards = reasons[0].get("towards")
    return f"towards {towards}: {said}" if towards else said
