"""The section on columns left out as weak: which were kept, and in how many folds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.report_words import sentence

TITLE = "Columns left out"
HEADING = "Columns that were left out as weak"
SHOWN = 40  # rows open; the others behind a click


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    found = result.get("selection")
    if not isinstance(found, Mapping):
        return {}
    if "skipped" in found:
        return {"skipped": said(found)}
    rows = [{"name": row["name"], "kept": f"{row['kept']} of {row['of']}"} for row in found.get("columns") or []]
    return {
        "said": said(found),
        "never": found.get("never") or [],
        "first": rows[:SHOWN],
        "more": rows[SHOWN:],
        "method": sentence(str(found.get("method") or "")),
    }


def said(found: Any) -> str | None:
    """What was left out, in one sentence; None when nothing was asked for.

    Example:
        >>> rows = [{"name": "a", "kept": 3, "of": 3}, {"name": "b", "kept": 0, "of": 3}]
        >>> said({"columns": rows, "always": ["a"], "never": ["b"], "per_fold": [1, 1, 1]})
        'Of 2 columns 1 was kept in every fold and 1 in none; each fold sees 1.'
    """
    if not isinstance(found, Mapping):
        return None
    if "skipped" in found:
        return sentence(f"Not decided: {found['skipped']}")
    counts = found["per_fold"]
    span = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    always, never = len(found["always"]), len(found["never"])
    return (
        f"Of {len(found['columns'])} columns {always} {'was' if always == 1 else 'were'} kept in every fold and "
        f"{never} in none; each fold sees {span}."
    )
