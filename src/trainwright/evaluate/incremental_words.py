"""An incremental training in plain sentences: for the terminal and for the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.formats import score

PARTS = {"old": "old rows", "new": "new rows"}


def learned_on(document: Mapping[str, Any] | None) -> list[str]:
    """What became of old and of new rows, and what was forgotten; nothing for a training in full."""
    if not document:
        return []
    out = [compared(document, part) for part in PARTS]
    lines = [line for line in out if line]
    if document.get("forgetting_text"):
        lines.append(("warning " if document.get("forgotten") else "") + str(document["forgetting_text"]))
    lines += [new_classes(document)] if document.get("classes_added") else []
    advice = document.get("recommendation") or {}
    if advice.get("kind") == "full":
        lines.append(f"training in full is recommended all the same: {document['full_command']}")
    return lines


def compared(document: Mapping[str, Any], part: str) -> str:
    """Both versions on old or on new rows, in one sentence; "" where nothing was measured.

    Example:
        >>> one = {"n_rows": 90, "metric": "accuracy", "title": "Accuracy", "before": 0.8, "after": 0.9,
        ...        "difference": {"value": 0.1, "low": 0.05, "high": 0.15}, "verdict": "better"}
        >>> compared({"base": "a@v1", "old": one}, "old").replace("\u202f", " ").replace("\xa0", " ")
        'old rows: better than a@v1: Accuracy 90.0 % instead of 80.0 % (90 rows that neither learned from)'
    """
    found = document.get(part)
    if not found:
        return ""
    if "skipped" in found:
        return f"{PARTS[part]}: not compared, {found['skipped']}"
    name = str(found["metric"])
    words = {"better": "better than", "worse": "worse than", "too few rows": "too few to tell it from"}
    says = words.get(str(found["verdict"]), "not distinguishable from")
    figures = f"{found['title']} {score(name, found['after'])} instead of {score(name, found['before'])}"
    return f"{PARTS[part]}: {says} {document['base']}: {figures} ({found['n_rows']:,} rows that neither learned from)"


def new_classes(document: Mapping[str, Any]) -> str:
    """What the comparison means where a class is new."""
    named = ", ".join(map(str, document["classes_added"][:5]))
    those = "that class" if len(document["classes_added"]) == 1 else "these classes"
    return (
        f"{document['base']} cannot answer with {named}: on rows of {those} it is wrong by construction, which is part "
        "of its figure on new rows"
    )
