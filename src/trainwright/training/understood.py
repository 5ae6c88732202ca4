"""How a run understood the columns of its table, as the summary of its split keeps it."""

from __future__ import annotations

from typing import Any

from trainwright.data.schema import Schema, Target
from trainwright.store.datasets import SplitRow


def schema_and_target(row: SplitRow) -> tuple[Schema, Target]:
    """What each column is, and what is predicted.

    Args:
        row: the split of a run.
    """
    understood = (row.summary or {})["understood"]
    return Schema.from_json(understood["schema"]), Target.from_json(understood["target"])


def table_notes(row: SplitRow) -> list[dict[str, Any]] | None:
    """What was found out about the table under the settings of that run; None for a run of a release that kept none."""
    found: list[dict[str, Any]] | None = (row.summary or {})["understood"].get("notes")
    return found
