"""The section with every metric, in validation and on the sealed test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import report_record as record
from trainwright.evaluate import report_view
from trainwright.evaluate.formats import count, estimate, interval, level_text
from trainwright.evaluate.glossary import explain

TITLE = "How good it is"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    rows = report_view.metrics(result, evaluations)
    return {"metrics": rows, "ledger": record.ledger(result), "promise": promise(result)} if rows else {}


def promise(result: Mapping[str, Any]) -> str:
    """What was expected of the sealed test before it was opened, and whether it came so; "" when nothing was.

    Example:
        >>> expected = {"value": 0.9, "low": 0.87, "high": 0.93, "level": 0.95, "n_rows": 400}
        >>> promise({"metric": "roc_auc", "expected": expected, "test": {"roc_auc": {"value": 0.91}}})[-11:]
        'It came so.'
    """
    metric, expected = str(result.get("metric") or ""), result.get("expected") or {}
    _, low, high = estimate(expected)
    if low is None or high is None:
        return ""
    said = (
        f"Before the sealed test was opened, a {explain(metric).title} of {interval(metric, expected)} was expected "
        f"of its {count(expected['n_rows'])} rows ({level_text(expected['level'])})."
    )
    reached = estimate((result.get("test") or {}).get(metric))[0]
    if reached is None:
        return said
    if low <= reached <= high:
        return f"{said} It came so."
    side = "better" if (reached > high) == explain(metric).greater_is_better else "worse"
    return f"{said} It came out {side} than that: look for what differs between these rows and the others."
