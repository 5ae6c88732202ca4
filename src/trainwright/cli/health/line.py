"""One line of `trainwright doctor`: what was looked at, how it stands, what was found and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["ok", "note", "problem"]


@dataclass(frozen=True)
class Line:
    """What was found about one thing.

    Args:
        name: what was looked at.
        state: "ok"; "note": works, but worth knowing; "problem": something that is needed is broken.
        found: what is there, in words.
        remedy: what to do about it, "" where nothing is to be done.

    Example:
        >>> Line("memory", "ok", "20 GB free").to_json()["state"]
        'ok'
    """

    name: str
    state: State
    found: str
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        """As plain data."""
        return asdict(self)
