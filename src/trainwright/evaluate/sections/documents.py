"""Which evaluation a section is about: validation where there is one, because only it may show rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main_document(evaluations: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The validation document, else the test's, else any other; empty when there is none.

    Example:
        >>> main_document({"test": {"part": "test"}, "validation": {"part": "validation"}})["part"]
        'validation'
    """
    found = evaluations.get("validation") or evaluations.get("test")
    return found or next(iter(evaluations.values()), {})
