"""Figures of an evaluation: pure functions from the evaluation document to a Plotly document, or None
without data.

Plotly itself is never imported; any viewer of Plotly JSON (the report, a page, a notebook) draws them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trainwright.evaluate.figure_style import Figure
from trainwright.evaluate.figures_curves import (
    beside,
    confidence,
    precision_recall,
    reliability,
    roc,
    thresholds,
)
from trainwright.evaluate.figures_errors import confusion, per_class, residual_histogram, residuals

__all__ = [
    "FIGURES",
    "beside",
    "confidence",
    "confusion",
    "per_class",
    "precision_recall",
    "reliability",
    "residual_histogram",
    "residuals",
    "roc",
    "thresholds",
]

Document = Mapping[str, Any]

FIGURES: dict[str, Callable[[Document], Figure | None]] = {
    "confusion": confusion,
    "roc": roc,
    "precision_recall": precision_recall,
    "reliability": reliability,
    "thresholds": thresholds,
    "confidence": confidence,
    "per_class": per_class,
    "residuals": residuals,
    "residual_histogram": residual_histogram,
}
