"""What the field's lines say: improvability, wins, time and size; the section of `docs/benchmarks.md`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The lines of the result file; of two about the same table, system and seed the later one counts."""
    if not path.exists():
        return []
    found = {}
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        found[row["table"], row["system"], row["seed"]] = row
    return list(found.values())
