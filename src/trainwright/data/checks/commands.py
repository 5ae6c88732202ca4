"""Flags as they are typed: remedies name the exact words that apply them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

NAMED = 20


def flag(name: str, values: Sequence[object]) -> str:
    """A flag with its values, quoted where a shell would need it; beyond twenty values it ends in dots.

    Example:
        >>> flag("--ignore", ["a", "b c"])
        "--ignore 'a,b c'"
    """
    shown = ",".join(str(value) for value in values[:NAMED])
    quoted = shlex.quote(shown)
    return f"{name}={quoted}" if shown.startswith("-") else f"{name} {quoted}" + (",..." if len(values) > NAMED else "")
