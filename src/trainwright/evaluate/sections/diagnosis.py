"""The section on what kind of fit it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import report_record as record
from trainwright.evaluate.figure_style import Figure
from trainwright.evaluate.figures_growth import loss_curve

TITLE = "Diagnosis"
FIGURES = ("gap", "folds")


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    diagnosis, gap = record.diagnosis(result), record.gap(result)
    if not (diagnosis or gap):
        return {}
    text = record.sentence(str(record.gap_document(result).get("text") or ""))
    return {
        "diagnosis": diagnosis,
        "gap": gap,
        "gap_text": text,
        "convergence": record.convergence(result),
        "remedies": record.remedies(result),
    }


def figures(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Figure | None]:
    """Loss by round, where the chosen candidate learns in rounds."""
    return {"loss": loss_curve(result)}
