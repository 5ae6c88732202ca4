"""Rows of a table as a network reads them, handed over to the training loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainwright.models.nets.columns import NetRows

if TYPE_CHECKING:
    from trainwright.engine.batches import Held
    from trainwright.models.nets.learner import NetLearner
    from trainwright.models.nets.watch import Watch

WATCHED = 1_000  # rows learned from whose loss is told after each epoch


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


def watch_of(
    learner: NetLearner, given: Given, held: Given, *, spread: float, seed: int, labels: Sequence[str], best_by: str
) -> Watch:
    """What is measured after each epoch; `seed` draws the rows learned from, `spread` is that of a number, `labels`
    name the classes, and `best_by` is the figure that chooses the best epoch."""
    import torch

    from trainwright.models.nets.watch import Truth, Watch, judging, some_rows

    rows = some_rows(len(given.y), WATCHED, seed)
    batch = {
        "x": torch.from_numpy(given.rows.dense[rows].astype(np.float32)),
        "levels": torch.from_numpy(levels_of(given.rows)[rows]),
    }

    def answers() -> np.ndarray:
        with judging(learner.module) as device:
            said: np.ndarray = learner.predict({name: part.to(device) for name, part in batch.items()}).cpu().numpy()
        return said

    learned = Truth(given.y[rows], None if given.weight is None else given.weight[rows])
    return Watch(answers, learned, Truth(held.y, held.weight), learner.classes, spread, labels, mean_f1=best_by == "f1")
