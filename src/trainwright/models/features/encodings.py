"""Categories as numbers learned from their rows: cross-fitted average target, and how often the value
occurs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.models.prepare.codes import Slots
from trainwright.models.prepare.target_encoder import TargetEncoder


@dataclass(frozen=True)
class Encodings:
    """Average targets and counts of some columns of codes, read with one look-up for all of them.

    Args:
        encoder: the target encoder over (n, c) codes.
        counts: (slots,) logarithm of one plus the number of training rows with that value.
        counted: (d,) positions among the c columns whose counts are features.
    """

    encoder: TargetEncoder
    counts: np.ndarray
    counted: np.ndarray

    @classmethod
    def learn(
        cls,
        codes: np.ndarray,
        y: np.ndarray,
        folds: np.ndarray,
        weight: np.ndarray | None,
        *,
        n_classes: int,
        counted: np.ndarray,
        max_outputs: int = 10,
    ) -> tuple[Encodings, np.ndarray]:
        """Learns from n training rows and encodes them, each row's averages coming from the other folds.

        Returns:
            the encodings, and (n, c * outputs + d) features of the training rows.
        """
        encoder = TargetEncoder(n_classes, max_outputs=max_outputs)
        averages = encoder.fit_transform(codes, y, folds, weight)
        places = encoder.slots(codes)
        counts = np.log1p(np.bincount(places.ravel(), minlength=encoder.slots.total).astype(np.float64))
        encodings = cls(encoder, counts, counted)
        return encodings, np.concatenate([averages, counts[places[:, counted]]], axis=1)

    @property
    def outputs(self) -> int:
        """Number of average targets per column."""
        return len(self.encoder.outputs)

    def transform(self, codes: np.ndarray) -> np.ndarray:
        """(n, c) codes of any rows to (n, c * outputs + d) features."""
        places = self.encoder.slots(codes)
        averages = self.encoder.table[places].reshape(len(codes), -1)
        if not len(self.counted):
            return averages
        return np.concatenate([averages, self.counts[places[:, self.counted]]], axis=1)

    def columns(self) -> np.ndarray:
        """For each feature the position of its column among the c."""
        c = len(self.encoder.slots.sizes)
        return np.concatenate([np.repeat(np.arange(c), self.outputs), self.counted])

    def arrays(self) -> dict[str, np.ndarray]:
        """What was learned, as named arrays."""
        return {
            "sizes": self.encoder.slots.sizes,
            "table": self.encoder.table,
            "outputs": np.array(self.encoder.outputs, dtype=np.int64),
            "shape": np.array([self.encoder.n_classes, self.encoder.max_outputs], dtype=np.int64),
            "smoothing": np.array([self.encoder.smoothing]),
            "counts": self.counts,
            "counted": self.counted,
        }

    @classmethod
    def restore(cls, arrays: dict[str, Any]) -> Encodings:
        """The encodings from `arrays`."""
        n_classes, max_outputs = (int(value) for value in arrays["shape"])
        encoder = TargetEncoder(n_classes, smoothing=float(arrays["smoothing"][0]), max_outputs=max_outputs)
        encoder.slots, encoder.table = Slots(arrays["sizes"]), arrays["table"]
        encoder.outputs = arrays["outputs"].tolist()
        return cls(encoder, arrays["counts"], arrays["counted"])
