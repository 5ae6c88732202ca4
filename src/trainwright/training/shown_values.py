"""Values of development rows as a result document holds them: those of the columns that matter most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from trainwright.training.material import Material

LONGEST = 300  # characters of a text


def columns_to_show(material: Material, importance: dict[str, Any] | None, most: int) -> list[str]:
    """The most important columns, or the first features where importance was not measured.

    Args:
        material: the run's development rows.
        importance: of the result document.
        most: how many.
    """
    ranked = [item["feature"] for item in (importance or {}).get("features", [])]
    held = set(material.frame.columns)
    names = [name for name in ranked if name in held] or [column.name for column in material.schema.features]
    return names[:most]


def shown_values(material: Material, names: list[str], positions: np.ndarray) -> list[list[Any]]:
    """For each of these development rows its values in the named columns."""
    part = material.frame.select(names)[positions]
    return [[cell(value) for value in values] for values in part.iter_rows()]


def cell(value: Any) -> Any:
    """A value as JSON holds it and a table shows it.

    Example:
        >>> cell(0.123456789), cell(True), cell(None)
        (0.123457, True, None)
    """
    if value is None or isinstance(value, bool | int):
        return value
    return round(value, 6) if isinstance(value, float) else str(value)[:LONGEST]
