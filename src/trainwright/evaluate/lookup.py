"""Reads nested parts of a result document that may be absent, or be something else in a document of long ago."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mapping_at(document: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """The mapping that a document holds under a key, or under keys within each other; empty when it holds none.

    Example:
        >>> result = {"problem": {"costs": {"false_positive": 1}}, "split": "random"}
        >>> mapping_at(result, "problem", "costs"), mapping_at(result, "split", "sizes")
        ({'false_positive': 1}, {})
    """
    found: Any = document
    for key in keys:
        found = found.get(key)
        if not isinstance(found, Mapping):
            return {}
    return found
