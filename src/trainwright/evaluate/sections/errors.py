"""The section on the mistakes: confusion matrix, the rows behind a cell, each class, residuals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import report_view
from trainwright.evaluate.sections.documents import main_document
from trainwright.evaluate.text import part_label

TITLE = "Where it errs"
FIGURES = ("residuals", "residual_histogram")


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    document = main_document(evaluations)
    confusion, per_class = report_view.confusion(document), report_view.per_class(document)
    if not (confusion or per_class):
        return {}
    return {"confusion": confusion, "per_class": per_class, "shown": part_label(document)}
