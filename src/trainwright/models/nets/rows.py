"""Rows of a table as a network reads them, handed over to the training loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainwright.models.nets.columns import NetRows

if TYPE_CHECKING:
    from trainwright.engine.batches import Held


@dataclass(frozen=True)
class Given:
    """Rows that a network learns from or is judged on.

    Args:
        rows: prepared.
        y: (n,) class positions, or numbers on the scale of training.
        weight: (n,) or None.
    """

    rows: NetRows
    y: np.ndarray
    weight: np.ndarray | None


def levels_of(rows: NetRows) -> np.ndarray:
    """(n, c) positions of the categories that are embedded."""
    assert rows.levels is not None
    return rows.levels


def source_of(given: Given) -> Held:
    """The rows as the loop reads them."""
    from trainwright.engine.batches import Held

    whole = given.y.dtype.kind in "iu"
    columns: dict[str, np.ndarray] = {
        "x": given.rows.dense.astype(np.float32),
        "levels": levels_of(given.rows),
        "y": given.y.astype(np.int64 if whole else np.float32),
    }
    if given.weight is not None:
        columns["weight"] = given.weight.astype(np.float32)
    return Held(**columns)
