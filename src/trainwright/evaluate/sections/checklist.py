"""The section with the checklist of the training: done, open or not applicable, with the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.checklist import STAGES, checklist, tally

TITLE = "Checklist"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The lines by stage; nothing for a document without a chosen model."""
    if not result.get("selected"):
        return {}
    lines = checklist(result, evaluations)
    stages = [(stage, [line for line in lines if line.stage == stage]) for stage in STAGES]
    return {"stages": stages, "tally": tally(lines)}
