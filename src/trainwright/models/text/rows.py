"""Rows with texts as a network reads them, handed over to the training loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainwright.models.prepare.preparation import Matrix

if TYPE_CHECKING:
    from trainwright.engine.batches import Ragged


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
