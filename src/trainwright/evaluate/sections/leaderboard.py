"""The section that compares every candidate with the baselines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import report_view
from trainwright.evaluate.as_chosen import corrected

TITLE = "Does it beat the baseline?"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    rows = report_view.leaderboard(result)
    return {"leaderboard": rows, "corrected": corrected(result)} if rows else {}
