"""Rows with texts as a network reads them, handed over to the training loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainwright.models.prepare.preparation import Matrix
from trainwright.models.prepared import softmax

if TYPE_CHECKING:
    from trainwright.engine.batches import Ragged
    from trainwright.models.nets.watch import Watch
    from trainwright.models.text.network import TextLearner

# Rows learned from whose loss is told after each epoch: a share of them, within these bounds.
SHARE_WATCHED, LEAST_WATCHED, MOST_WATCHED = 0.2, 50, 200


@dataclass(frozen=True)
class TextRows(Matrix):
    """Prepared rows with their texts."""

    texts: np.ndarray | None = None

    @property
    def width(self) -> int:
        """Number of columns, the texts as one."""
        return self.dense.shape[1] + 1

    def joined(self) -> list[str]:
        """One text for each row."""
        from trainwright.models.text.tokens import joined

        assert self.texts is not None
        return joined(self.texts)


@dataclass(frozen=True)
class GivenTexts:
    """Rows that a network learns from or is judged on.

    Args:
        rows: prepared.
        ids: the token numbers of each text.
        y: (n,) class positions, or numbers on the scale of training.
        weight: (n,) or None.
    """

    rows: TextRows
    ids: list[np.ndarray]
    y: np.ndarray
    weight: np.ndarray | None

    def extra(self) -> np.ndarray | None:
        """(n, q) the further columns, or None where there are none."""
        return self.rows.dense.astype(np.float32) if self.rows.dense.shape[1] else None

    def source(self, pad: int) -> Ragged:
        """The rows as the loop reads them; `pad` fills up short texts."""
        from trainwright.engine.batches import Ragged

        whole = self.y.dtype.kind in "iu"
        columns: dict[str, np.ndarray] = {"y": self.y.astype(np.int64 if whole else np.float32)}
        if self.weight is not None:
            columns["weight"] = self.weight.astype(np.float32)
        extra = self.extra()
        if extra is not None:
            columns["extra"] = extra
        return Ragged(self.ids, pad=pad, **columns)


def watch_of(
    learner: TextLearner,
    given: GivenTexts,
    held: GivenTexts,
    *,
    pad: int,
    precision: str,
    spread: float,
    seed: int,
    labels: Sequence[str],
    best_by: str,
) -> Watch:
    """What is measured after each epoch.

    Args:
        learner: asked.
        given, held: rows learned from, and validation rows.
        pad: see `GivenTexts.source`.
        precision: the format of the answers.
        spread: of a number, to tell its error in its own units.
        seed: draws the rows learned from.
        labels: name the classes.
        best_by: the figure that chooses the best epoch.
    """
    from trainwright.models.nets.watch import Truth, Watch, judging, some_rows
    from trainwright.models.text.encoder import answers, most_positions, numbers_for

    n = len(given.y)
    rows = some_rows(n, min(max(int(SHARE_WATCHED * n), LEAST_WATCHED), MOST_WATCHED), seed)
    ids, extra = [given.ids[row] for row in rows], given.extra()

    def told() -> np.ndarray:
        with judging(learner.module) as device:
            numbers = numbers_for(learner.module, device=device.type.replace("cuda", "gpu"), precision=precision)
            scores = answers(
                learner.module,
                ids,
                pad=pad,
                numbers=numbers,
                extra=None if extra is None else extra[rows],
                most=most_positions(learner.module.encoder),
            )
        return softmax(scores.astype(np.float64)) if learner.classes else scores[:, 0]

    learned = Truth(given.y[rows], None if given.weight is None else given.weight[rows])
    return Watch(told, learned, Truth(held.y, held.weight), learner.classes, spread, labels, mean_f1=best_by == "f1")
