"""How values of a result document become words of the report: sentences, plain values, sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trainwright.evaluate.formats import estimate, number


def sentence(text: str) -> str:
    """The text with a capital and a full stop, unless it begins with a name."""
    if not text:
        return ""
    first = text.split(" ", 1)[0]
    capital = text[:1].upper() + text[1:] if first.islower() and first.isalpha() else text
    return capital if capital.endswith((".", "!", "?")) else f"{capital}."


def sentences(value: Any) -> list[str]:
    """Notes or reasons, given as text, as a list, or as `{"message": ...}`."""
    if not value:
        return []
    items = [value] if isinstance(value, str | Mapping) else value
    texts = [
        item.get("message") or item.get("text") or item.get("reason") if isinstance(item, Mapping) else item
        for item in items
    ]
    return [sentence(str(text)) for text in texts if text]


def optional(style: Callable[[float], str], value: Any) -> str:
    """The value in this style, or "" when there is none."""
    return style(value) if estimate(value)[0] is not None else ""


def megabytes(value: float) -> str:
    """A size in megabytes, small ones in kilobytes."""
    if value < 0.0995:
        return f"{value * 1000:.0f}\u00a0kB" if value >= 0.0005 else "<\u00a01\u00a0kB"
    return f"{number(value)}\u00a0MB"


def plain(value: Any) -> str:
    """Plain data in one line: mappings and lists with commas, what is empty or false left out of a mapping."""
    if isinstance(value, Mapping):
        return ", ".join(
            f"{str(k).replace('_', ' ')} {plain(v)}"
            for k, v in value.items()
            if v is not False and v not in (None, "", [], {})
        )
    if isinstance(value, list | tuple):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
