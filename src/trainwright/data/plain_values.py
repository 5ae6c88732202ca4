"""Tells apart the plain values that JSON and YAML hold."""

from __future__ import annotations

from typing import Any, TypeGuard


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether a value is a number; true and false, which Python counts among them, are none.

    Example:
        >>> is_number(2), is_number(2.5), is_number(True), is_number("2")
        (True, True, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool)
