"""The first section: the page for the person who decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.decision_page import decision_page

TITLE = "Decision"
HEADING = "For the person who decides"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The parts of the page."""
    parts = decision_page(result, evaluations)
    return {"parts": parts} if parts else {}
