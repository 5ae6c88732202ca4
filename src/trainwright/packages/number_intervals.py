"""The bounds of a package that predicts a number: what the manifest keeps of the errors, and what follows for rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.plain_values import is_number
from trainwright.errors import UserError
from trainwright.evaluate.conformal import bounded, cv_plus
from trainwright.evaluate.error_size import CONSTANT, PREDICTION, SPREAD, ErrorSize
from trainwright.packages.plain_json import Reader

CV_PLUS, RESIDUALS = "cv+", "residuals"
ACCEPT, REVIEW = "accept", "review"
WIDTH = "width"  # the kind of a decision on a number: from which width a person looks
MOST_POINTS = 20_000


@dataclass(frozen=True)
class ReviewWidth:
    """Rows whose bounds lie further apart than this go to a person.

    Args:
        value: in the unit of the target, or a share of the prediction.
        relative: it is a share of the prediction's size.

    Example:
        >>> ReviewWidth.parse("20%"), str(ReviewWidth.parse(5))
        (ReviewWidth(value=0.2, relative=True), '5')
    """

    value: float
    relative: bool = False

    @classmethod
    def parse(cls, given: str | float) -> ReviewWidth:
        """A width as people write it: 5, or 20% of the prediction.

        Raises:
            UserError: it is no number above 0.
        """
        text = str(given).strip()
        share = text.endswith("%")
        try:
            value = float(text.removesuffix("%")) / (100 if share else 1)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value > 0):
            raise UserError(
                f"the width for review must be a number above 0, got {given!r}",
                remedy="such as 5 in the unit of the target, or 20% of the prediction",
            )
        return cls(value, share)

    def __str__(self) -> str:
        return f"{100 * self.value:g}%" if self.relative else f"{self.value:g}"

    def exceeded(self, prediction: np.ndarray, width: np.ndarray) -> np.ndarray:
        """(n,) whether a row's bounds lie too far apart."""
        limit = self.value * np.abs(prediction) if self.relative else self.value
        return np.asarray(width > limit)


@dataclass(frozen=True)
class IntervalState:
    """What a package keeps to give bounds; quantiles of errors, never rows.

    Args:
        level: the share of truths that should lie between the bounds.
        method: "cv+" (the fold models with their own errors) or "residuals" (one quantile around the prediction).
        share: the share of the errors that the bounds cover; see `evaluate.conformal.needed_share`.
        size: how large errors are expected to be for a row.
        points: "cv+": for each fold its errors divided by their expected size, as ascending points of equal weight.
        half: "residuals": what the expected size is multiplied by.
        floor: the lower bound is never below it; None for none.
        review: rows with wider bounds are marked for review; None for none.
        claim: what is promised for new rows, in words.
    """

    level: float
    method: str
    share: float
    size: ErrorSize = field(default_factory=ErrorSize)
    points: dict[int, tuple[float, ...]] = field(default_factory=dict)
    half: float | None = None
    floor: float | None = None
    review: ReviewWidth | None = None
    claim: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data; errors are rounded up at six digits."""
        return {
            "level": self.level,
            "method": self.method,
            "share": self.share,
            "size": self.size.to_json(),
            "points": {str(fold): [rounded_up(value) for value in row] for fold, row in self.points.items()},
            "half": None if self.half is None else rounded_up(self.half),
            "floor": self.floor,
            "review": None if self.review is None else str(self.review),
            "claim": self.claim,
        }

    @classmethod
    def read(cls, reader: Reader, folds: Sequence[int | None]) -> IntervalState:
        """The state from a manifest, every key checked.

        Args:
            reader: of the manifest's `interval`.
            folds: the fold of each member.

        Raises:
            UserError: a key is missing or has a wrong value.
        """
        method = reader.text("method")
        if method not in (CV_PLUS, RESIDUALS):
            raise reader.fail("method", f"{CV_PLUS!r} or {RESIDUALS!r}")
        points: dict[int, tuple[float, ...]] = {}
        half = None
        if method == CV_PLUS:
            if any(fold is None for fold in folds):
                raise reader.fail("method", f"{RESIDUALS!r} where a member was trained on all rows")
            for name, row in reader.mapping("points").items():
                if not name.isdecimal() or not _ascending(row) or not row:
                    raise reader.fail("points", "errors by fold, ascending from 0 or more")
                points[int(name)] = tuple(map(float, row))
            if {*points} != {*folds} or sum(map(len, points.values())) > MOST_POINTS:
                raise reader.fail(
                    "points", f"one row for each fold with members, at most {MOST_POINTS:,} values in all"
                )
        else:
            half = reader.number("half", 0)
        review = reader.optional_text("review")
        return cls(
            level=reader.number("level", 0.5, 0.99),
            method=method,
            share=reader.number("share", 0, 1),
            size=_size(Reader(reader.mapping("size"), f"{reader.where}, size")),
            points=points,
            half=half,
            floor=None if reader.data.get("floor") is None else reader.number("floor", -1e300, 1e300),
            review=None if review is None else ReviewWidth.parse(review),
            claim=reader.text("claim", 1_000),
        )


class NumberIntervals:
    """Bounds for rows from what each member predicts.

    Args:
        state: what the package keeps.
        names, folds, weights: of each of the m members.

    Example:
        >>> state = IntervalState(0.9, "residuals", 0.9, half=2.0)
        >>> low, high = NumberIntervals(state, ["a"], [None], [1.0]).bounds(np.array([[5.0]]), np.array([5.0]))
        >>> low, high
        (array([3.]), array([7.]))
    """

    def __init__(
        self, state: IntervalState, names: Sequence[str], folds: Sequence[int | None], weights: Sequence[float]
    ):
        self.state = state
        order: list[int | None] = [*sorted(state.points)] if state.method == CV_PLUS else [None]
        self._points = [np.asarray(state.points[fold]) for fold in order if fold is not None]
        share = np.asarray(weights, dtype=np.float64)
        # For each fold, (m, c): the mean of the members of each of c candidates, and (c,) their weights.
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []
        for fold in order:
            own = np.array([fold is None or other == fold for other in folds])
            candidates = list(dict.fromkeys(name for name, mine in zip(names, own) if mine))
            mean = np.zeros((len(names), len(candidates)))
            for j, candidate in enumerate(candidates):
                rows = np.flatnonzero(own & np.array([name == candidate for name in names]))
                mean[rows, j] = share[rows] / share[rows].sum()
            total = np.array([share[own & np.array([n == c for n in names])].sum() for c in candidates])
            self._parts.append((mean, total / total.sum()))

    def bounds(self, parts: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds.

        Args:
            parts: (n, m) what each member predicts.
            prediction: (n,) what the package predicts.
        """
        state = self.state
        centres, spreads = np.empty((len(parts), len(self._parts))), np.empty((len(parts), len(self._parts)))
        for j, (mean, weight) in enumerate(self._parts):
            by_candidate = parts @ mean  # (n, c)
            centres[:, j] = by_candidate @ weight
            spreads[:, j] = spread_of(by_candidate, weight)
        if state.method == CV_PLUS:
            sizes = state.size.of({PREDICTION: centres, SPREAD: spreads})  # (n, k)
            low, high = cv_plus(centres, sizes, self._points, state.share)
        else:
            assert state.half is not None
            reach = state.half * state.size.of({PREDICTION: prediction, SPREAD: spreads[:, 0]})
            low, high = prediction - reach, prediction + reach
        return bounded(low, high, prediction, state.floor)


def spread_of(by_candidate: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(n,) how far c candidates disagree: the weighted standard deviation of their predictions.

    Example:
        >>> spread_of(np.array([[1.0, 3.0], [2.0, 2.0]]), np.array([0.5, 0.5]))
        array([1., 0.])
    """
    centre = by_candidate @ weight
    return np.asarray(np.sqrt(np.maximum((by_candidate - centre[:, None]) ** 2 @ weight, 0.0)))


def number_columns(
    prediction: np.ndarray, low: np.ndarray, high: np.ndarray, review: ReviewWidth | None
) -> dict[str, pl.Series]:
    """The columns beside `prediction`: `low`, `high`, `width`, and `decision` where a width for review is set."""
    width = high - low
    columns = {"low": pl.Series(low), "high": pl.Series(high), "width": pl.Series(width)}
    if review is not None:
        columns["decision"] = pl.Series(np.where(review.exceeded(prediction, width), REVIEW, ACCEPT))
    return columns


def number_row(prediction: float, low: float, high: float, review: ReviewWidth | None) -> dict[str, Any]:
    """The same for one row, as plain values.

    Example:
        >>> number_row(5.0, 3.0, 7.5, ReviewWidth(4.0))
        {'prediction': 5.0, 'low': 3.0, 'high': 7.5, 'width': 4.5, 'decision': 'review'}
    """
    out: dict[str, Any] = {"prediction": prediction, "low": low, "high": high, "width": high - low}
    if review is not None:
        out["decision"] = REVIEW if review.exceeded(np.asarray(prediction), np.asarray(high - low)) else ACCEPT
    return out


def rounded_up(value: float) -> float:
    """A value of at least 0 with six digits, never smaller than it was.

    Example:
        >>> rounded_up(0.12345611), rounded_up(2.0)
        (0.123457, 2.0)
    """
    if value <= 0 or not math.isfinite(value):
        return max(0.0, value)
    digits = 5 - math.floor(math.log10(value))
    short = round(value, digits)
    return short if short >= value else round(short + 10.0**-digits, digits)


def _ascending(row: Any) -> bool:
    if not isinstance(row, list):
        return False
    plain = all(is_number(value) and value >= 0 for value in row)
    return plain and all(a <= b for a, b in pairwise(row))


def _size(reader: Reader) -> ErrorSize:
    kind = reader.text("kind")
    if kind not in (CONSTANT, PREDICTION, SPREAD):
        raise reader.fail("kind", f"{CONSTANT!r}, {PREDICTION!r} or {SPREAD!r}")
    rows: Mapping[str, list[Any]] = {name: reader.items(name) for name in ("at", "size")}
    for name, row in rows.items():
        if not all(is_number(v) for v in row) or len(row) > 1_000:
            raise reader.fail(name, "at most 1,000 numbers")
    at, size = (tuple(map(float, rows[name])) for name in ("at", "size"))
    if len(at) != len(size) or any(a >= b for a, b in pairwise(at)) or (kind == CONSTANT) != (not at):
        raise reader.fail("at", "ascending, with one size for each")
    if any(value <= 0 for value in size):
        raise reader.fail("size", "numbers above 0")
    return ErrorSize(kind, at, size)
