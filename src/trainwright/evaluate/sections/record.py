"""The section with what one needs to make the same model again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import report_record as record

TITLE = "How to repeat it"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    rows = record.record(result)
    settings = result.get("settings")
    text = json.dumps(settings, indent=2, ensure_ascii=False, default=str) if settings else ""
    return {"record": rows, "settings": text} if rows else {}
