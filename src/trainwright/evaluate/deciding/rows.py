"""The rows that a decision is chosen and judged on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.deciding.question import Question
from trainwright.evaluate.resampling import Units

MOST_SEGMENTS = 50
"""Values of a column that can have thresholds of their own."""


@dataclass(frozen=True)
class Rows:
    """Out-of-fold rows.

    Args:
        target: its classes.
        y: (n,) class positions.
        prediction: (n, k) probabilities that may be scored: what was fitted after the models (weights, calibration)
            came from other folds.
        fold: (n,) number of each row's fold.
        units: what varies independently: rows, or whole groups, copies, stretches of time.
        applied: (n, k) probabilities as the package gives them, on which the final thresholds are chosen; `prediction`
            where None.
        weight: (n,) sample weights, or None.
        segment: (n,) values of the column of the question as texts, or None.
    """

    target: Target
    y: np.ndarray
    prediction: np.ndarray
    fold: np.ndarray
    units: Units
    applied: np.ndarray | None = None
    weight: np.ndarray | None = None
    segment: np.ndarray | None = None

    @cached_property
    def learned(self) -> tuple[float, ...]:
        """(k,) shares of the classes among these rows."""
        counts = np.bincount(self.y, weights=self.weight, minlength=len(self.target.classes))
        return tuple(float(share) for share in counts / counts.sum())

    def factors(self, question: Question) -> np.ndarray:
        """(k,) what a row of each class counts for in the world."""
        if question.prevalence is None:
            return np.ones(len(self.target.classes))
        empty = [name for name, share in zip(self.target.classes, self.learned) if share <= 0]
        if empty:
            raise UserError(f"no row of class {empty[0]!r} was held out, so its prevalence cannot be corrected")
        return np.asarray(question.prevalence) / np.asarray(self.learned)

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The values of the segment column, the most frequent first; missing ones are no segment.

        Raises:
            UserError: there are too many for thresholds of their own.
        """
        if self.segment is None:
            return ()
        values, counts = np.unique(self.segment.astype(str), return_counts=True)
        named = [(str(v), int(c)) for v, c in zip(values, counts) if v != ""]
        check_segments(values)
        return tuple(name for name, _ in sorted(named, key=lambda pair: (-pair[1], pair[0])))

    @cached_property
    def segment_codes(self) -> np.ndarray:
        """(n,) positions in `segments`; its length where a value is missing."""
        if self.segment is None:
            return np.zeros(len(self.y), dtype=np.int64)
        place = {name: i for i, name in enumerate(self.segments)}
        return np.array([place.get(str(value), len(place)) for value in self.segment], dtype=np.int64)


def check_segments(values: np.ndarray) -> None:
    """Refuses a column whose values cannot have thresholds of their own.

    Args:
        values: the distinct ones as texts; "" where a value is missing.

    Raises:
        UserError: there are too many, or a single one.
    """
    named = int((values != "").sum())
    if named > MOST_SEGMENTS:
        raise UserError(
            f"the column has {named:,} values, at most {MOST_SEGMENTS} can have thresholds of their own",
            remedy="name a column with few values, such as a site or a product line",
        )
    if named < 2:
        raise UserError("the column has a single value, so there are no segments", remedy="leave it out")
