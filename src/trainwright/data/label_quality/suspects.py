"""What a model's held-out predictions say about labels: rows whose label is probably wrong, the likeliest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

# Of what is found, the rows that are kept and listed; the counts cover all of them.
MOST_LISTED = 1_000


@dataclass(frozen=True)
class Suspects:
    """Labels that are probably wrong.

    Args:
        positions: (s,) positions within the rows looked at, the most suspicious first.
        given: (s,) class positions, or the numbers in the table.
        suggested: (s,) class positions, or the numbers that the model expects.
        probability: (s,) of the suggested class; for numbers how many robust standard deviations lie between.
        given_probability: (s,) of the given class; for numbers NaN.
        share: the estimated share of wrong labels among all rows; None where it cannot be told.
        overlap: the classes overlap so far that an unusual case and a wrong label look alike.
        pairs: how many suspects have label i and suggestion j, for classes.
        rows: how many rows were looked at.
    """

    positions: np.ndarray
    given: np.ndarray
    suggested: np.ndarray
    probability: np.ndarray
    given_probability: np.ndarray
    share: float | None
    overlap: bool
    pairs: dict[tuple[int, int], int]
    rows: int

    def __len__(self) -> int:
        return len(self.positions)

    def to_json(self, row_numbers: np.ndarray, classes: tuple[str, ...] = ()) -> dict[str, Any]:
        """The suspects as plain data, at most a thousand rows of them.

        Args:
            row_numbers: (n,) the number in the dataset version of each row looked at.
            classes: the labels' spelling; empty for numbers.
        """

        def shown(value: Any) -> Any:
            return classes[int(value)] if classes else float(value)

        columns = (self.positions, self.given, self.suggested, self.probability, self.given_probability)
        listed = [
            {
                "row": int(row_numbers[position]),
                "given": shown(given),
                "suggested": shown(suggested),
                "probability": round(float(sure), 4),
                "given_probability": None if np.isnan(own) else round(float(own), 4),
            }
            for position, given, suggested, sure, own in zip(*(column[:MOST_LISTED] for column in columns))
        ]
        pairs = sorted(self.pairs.items(), key=lambda item: -item[1])
        return {
            "rows_looked_at": self.rows,
            "count": len(self),
            "share": None if self.share is None else round(self.share, 4),
            "overlap": self.overlap,
            "pairs": [{"given": shown(i), "suggested": shown(j), "count": n} for (i, j), n in pairs[:20]],
            "rows": listed,
        }
