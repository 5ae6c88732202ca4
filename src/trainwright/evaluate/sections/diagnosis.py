"""The section on what kind of fit it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import report_findings
from trainwright.evaluate.figure_style import Figure
from trainwright.evaluate.figures_growth import loss_curve
from trainwright.evaluate.report_words import sentence

TITLE = "Diagnosis"
FIGURES = ("gap", "folds")


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    diagnosis, gap = report_findings.diagnosis(result), report_findings.gap(result)
    if not (diagnosis or gap):
        return {}
    text = sentence(str(report_findings.gap_document(result).get("text") or ""))
    return {
        "diagnosis": diagnosis,
        "gap": gap,
        "gap_text": text,
        "convergence": report_findings.convergence(result),
        "told": report_findings.told_by_networks(result),
        "remedies": report_findings.remedies(result),
    }


def figures(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Figure | None]:
    """Loss by round, where the chosen candidate learns in rounds."""
    return {"loss": loss_curve(result)}
