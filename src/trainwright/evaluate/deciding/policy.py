"""How a decision decides: probabilities corrected for the true shares, then thresholds, a review band, or costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from trainwright.errors import UserError
from trainwright.evaluate.deciding.prevalence import corrected

REVIEW = -1
ACCEPT_WORD, REVIEW_WORD, REJECT_WORD = "accept", "review", "reject"


@dataclass(frozen=True)
class Policy:
    """What is applied to each row.

    Args:
        classes: k, how many.
        positive: the position of the positive class of two; None for more.
        low, high: of two classes: the other class below `low`, the positive one from `high` on, a person between.
        middle: the threshold by which a row in between is predicted until the person has decided.
        band: whether rows may go to a person.
        by: the column that has thresholds of its own.
        segments: threshold by value of that column, as text; other values use `high`.
        costs: (k, k) for more than two classes: the class with the least expected cost is decided.
        review_above: the least expected cost above which a person decides; None: never.
        learned, true: (k,) shares of the classes where the probabilities were learned and in the world; both or none.
    """

    classes: int
    positive: int | None = None
    low: float = 0.5
    high: float = 0.5
    middle: float = 0.5
    band: bool = False
    by: str | None = None
    segments: Mapping[str, float] = field(default_factory=dict)
    costs: tuple[tuple[float, ...], ...] | None = None
    review_above: float | None = None
    learned: tuple[float, ...] | None = None
    true: tuple[float, ...] | None = None

    def corrected(self, prediction: np.ndarray) -> np.ndarray:
        """(n, k) probabilities for the true shares of the classes."""
        if self.learned is None or self.true is None:
            return prediction
        return corrected(prediction, self.learned, self.true)

    def decide(self, probability: np.ndarray, segment: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """(n,) position of the class decided or `REVIEW`, and (n,) the class predicted for all rows.

        Args:
            probability: (n, k), already corrected.
            segment: (n,) values of the column `by` as texts, or None.

        Example:
            >>> policy = Policy(2, 1, low=0.1, high=0.8, middle=0.4, band=True)
            >>> decided, predicted = policy.decide(np.array([[0.95, 0.05], [0.5, 0.5], [0.1, 0.9]]))
            >>> decided.tolist(), predicted.tolist()
            ([0, -1, 1], [0, 1, 1])
        """
        if self.positive is None:
            expected = probability @ np.asarray(self.costs, dtype=float)  # (n, k)
            predicted = expected.argmin(1)
            decided = predicted.copy()
            if self.review_above is not None:
                decided[expected.min(1) > self.review_above] = REVIEW
            return decided, predicted
        score = probability[:, self.positive]
        low, high, middle = self.low, self.high, self.middle
        if self.segments and segment is not None:
            own = np.array([self.segments.get(str(value), np.nan) for value in segment])
            cut = np.where(np.isnan(own), high, own)
            chosen = np.where(score >= cut, self.positive, 1 - self.positive)
            return chosen, chosen
        predicted = np.where(score >= middle, self.positive, 1 - self.positive)
        decided = np.where(score >= high, self.positive, np.where(score < low, 1 - self.positive, REVIEW))
        return decided, np.where(decided == REVIEW, predicted, decided)

    def to_json(self) -> dict[str, Any]:
        """The policy as plain data; what is not used is left out."""
        out: dict[str, Any] = {"classes": self.classes, "positive": self.positive}
        if self.positive is not None:
            out |= {"low": self.low, "high": self.high, "middle": self.middle, "band": self.band}
        for name in ("by", "costs", "review_above", "learned", "true"):
            value = getattr(self, name)
            if value is not None:
                out[name] = [list(row) for row in value] if name == "costs" else value
        if self.segments:
            out["segments"] = dict(self.segments)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in out.items()}

    @classmethod
    def from_json(cls, data: Any) -> Policy:
        """The policy from `to_json`'s plain data.

        Raises:
            UserError: it is not what this release writes.
        """
        try:
            costs, segments = data.get("costs"), data.get("segments") or {}
            made = cls(
                classes=int(data["classes"]),
                positive=None if data["positive"] is None else int(data["positive"]),
                low=float(data.get("low", 0.5)),
                high=float(data.get("high", 0.5)),
                middle=float(data.get("middle", 0.5)),
                band=bool(data.get("band", False)),
                by=data.get("by"),
                segments={str(name): float(value) for name, value in segments.items()},
                costs=None if costs is None else tuple(tuple(float(cell) for cell in row) for row in costs),
                review_above=None if data.get("review_above") is None else float(data["review_above"]),
                learned=_shares(data.get("learned")),
                true=_shares(data.get("true")),
            )
            _check_shape(made)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise UserError(
                f"the stored decision cannot be read: {why}", remedy="it may come from another release; decide again"
            ) from None
        return made


def _check_shape(policy: Policy) -> None:
    """Refuses what cannot be applied to (n, k) probabilities.

    Raises:
        ValueError: saying what is wrong.
    """
    k = policy.classes
    if policy.positive is None and policy.costs is None:
        raise ValueError("neither thresholds nor costs")
    if policy.positive is not None and not (k == 2 and policy.positive in (0, 1)):
        raise ValueError(f"the positive class is number {policy.positive} of {k}")
    if policy.costs is not None and [len(row) for row in policy.costs] != [k] * k:
        raise ValueError(f"the costs are no table of {k} x {k}")
    if any(shares is not None and len(shares) != k for shares in (policy.learned, policy.true)):
        raise ValueError(f"the shares are not those of {k} classes")
    if not all(map(math.isfinite, (policy.low, policy.high, policy.middle, *policy.segments.values()))):
        raise ValueError("a threshold is no number")


def segment_texts(values: pl.Series) -> np.ndarray:
    """(n,) values of a column as the texts by which segments are known; whole numbers without a decimal point, however
    the file types them; missing values are "".

    Example:
        >>> segment_texts(pl.Series([1.0, 2.5, None])).tolist(), segment_texts(pl.Series(["1", " a "])).tolist()
        (['1', '2.5', ''], ['1', 'a'])
    """
    if values.dtype.is_float():
        return np.array(["" if v is None else f"{v:.0f}" if float(v).is_integer() else str(v) for v in values], object)
    return values.cast(pl.String).str.strip_chars().fill_null("").to_numpy().astype(object)


def _shares(value: Any) -> tuple[float, ...] | None:
    return None if value is None else tuple(float(share) for share in value)
