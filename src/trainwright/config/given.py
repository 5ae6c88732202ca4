"""A value with the place it was given at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainwright.config.yaml_text import Written


@dataclass(frozen=True)
class Given:
    """A value and where it came from.

    Args:
        value: as plain data.
        origin: "run.yaml line 4", "preset balanced", "--epochs".
        shown: the value as the user spelled it.
        written: the value with the lines of everything inside it, when it comes from a file.
    """

    value: Any
    origin: str
    shown: str
    written: Written | None = None

    def inside(self, path: Sequence[int | str]) -> Given:
        """The part of the value at a path of keys and positions, as far as it goes, with its own line."""
        value, origin, shown, written = self.value, self.origin, self.shown, self.written
        for part in path:
            if not (isinstance(value, dict) and part in value) and not (
                isinstance(value, list) and isinstance(part, int)
            ):
                break
            value = value[part]  # type: ignore[index]
            shown = str(value)
            known = isinstance(written.value, list) or part in written.value if written is not None else False
            written = written.value[part] if written is not None and known else None
            if written is not None:
                origin = re.sub(r"\d+$", str(written.line), origin)
                shown = written.raw or shown
        return Given(value, origin, shown, written)
