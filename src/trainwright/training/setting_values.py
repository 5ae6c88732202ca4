"""Values of settings as people write and read them, and their places in a settings document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.errors import UserError


def shown(value: Any) -> str:
    """A value of a setting as people write it.

    Example:
        >>> shown(None), shown(True), shown(["a", "b"]), shown({"yes": 5.0})
        ('not given', 'true', 'a,b', 'yes=5')
    """
    if value is None or value == [] or value == {}:
        return "not given"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ",".join(f"{key}={shown(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ",".join(shown(item) for item in value)
    return str(value)


def parse_sets(given: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE texts by key as written.

    Raises:
        UserError: a text without `=`, or a key twice.

    Example:
        >>> parse_sets(["training.class_weight=no=1,yes=5"])
        {'training.class_weight': 'no=1,yes=5'}
    """
    found: dict[str, str] = {}
    for text in given:
        key, mark, value = text.partition("=")
        key = key.strip()
        if not mark or not key or not value.strip():
            raise UserError(
                f"--set {text!r} must be KEY=VALUE", remedy="for example --set training.class_weight=balanced"
            )
        if key in found:
            raise UserError(f"--set names {key!r} twice", remedy="give each setting one value")
        found[key] = value.strip()
    return found


def at(document: Mapping[str, Any], key: str) -> Any:
    """The value at a full key of a settings document."""
    value: Any = document
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def put(document: dict[str, Any], key: str, value: Any) -> None:
    """Sets the value at a full key; what is shared with other documents is copied on the way."""
    *path, last = key.split(".")
    for part in path:
        document[part] = dict(document.get(part) or {})
        document = document[part]
    document[last] = value
