"""The section with the curves of the predicted probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TITLE = "Curves"
FIGURES = ("roc", "precision_recall", "reliability", "thresholds", "confidence")


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Nothing beside the figures."""
    return {}
