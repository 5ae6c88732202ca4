"""The probability from which a row counts as positive: chosen on out-of-fold predictions, scored on other
folds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.deciding.alone import by_question
from trainwright.evaluate.deciding.question import Question
from trainwright.evaluate.intervals import json_number
from trainwright.tasks.metric import divide
from trainwright.tasks.ranking import ranked

IMBALANCED = 0.30
"""Share of positive rows under which 0.5 flags too little, and F1 chooses instead."""


@dataclass(frozen=True)
class ThresholdRule:
    """What a threshold is chosen for; with nothing set, F1 of a rare positive class, else 0.5.

    Args:
        fixed: this threshold.
        false_positive, false_negative: costs of the two mistakes; both or neither.
        min_precision: the most recall with at least this precision.
        min_recall: the most precision with at least this recall.
        maximise: "f1" whatever the share of positives.
        most_flagged: at most this share of the rows, whatever the rest says.
        question: a goal of `evaluate.deciding` instead of all of these but `most_flagged`.
    """

    fixed: float | None = None
    false_positive: float | None = None
    false_negative: float | None = None
    min_precision: float | None = None
    min_recall: float | None = None
    maximise: str | None = None
    most_flagged: float | None = None
    question: Question | None = None

    def __post_init__(self) -> None:
        for name in ("fixed", "min_precision", "min_recall", "most_flagged"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise UserError(f"threshold rule: {name} must lie between 0 and 1, got {value}")
        alarm, miss = self.false_positive, self.false_negative
        if (alarm is None) != (miss is None):
            raise UserError("threshold rule: give both costs, false_positive and false_negative, or neither")
        if alarm is not None and miss is not None and (min(alarm, miss) < 0 or alarm + miss <= 0):
            raise UserError(f"threshold rule: costs must be at least 0 and not both 0, got {alarm}, {miss}")
        if self.maximise not in (None, "f1"):
            raise UserError(f"threshold rule: maximise must be 'f1', got '{self.maximise}'")

    def to_json(self) -> dict[str, Any]:
        """The settings that are set."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "question"}
        return {key: value for key, value in values.items() if value is not None}


@dataclass(frozen=True)
class ThresholdChoice:
    """A threshold and why it was chosen.

    Args:
        value: the probability from which a row counts as positive.
        reason: why, in words.
        met: whether the rule's demand is met on the rows it was chosen on.
        by_row: (n,) thresholds, each chosen without the row's own fold; deciding with these scores the choice
            honestly. None when there are no folds.
    """

    value: float
    reason: str
    met: bool = True
    by_row: np.ndarray | None = None

    @property
    def cut(self) -> float | np.ndarray:
        """What the scores that the choice was made from are decided by: `by_row` where there is one."""
        return self.value if self.by_row is None else self.by_row

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value, "reason": self.reason, "met": self.met}


def choose_threshold(
    target: Target,
    y: np.ndarray,
    prediction: np.ndarray,
    *,
    rule: ThresholdRule | None = None,
    fold: np.ndarray | None = None,
    weight: np.ndarray | None = None,
) -> ThresholdChoice | None:
    """Chooses a threshold for two classes; None for any other target.

    Args:
        target: with its positive class.
        y: (n,) class positions.
        prediction: (n, 2) out-of-fold probabilities.
        rule: what for.
        fold: (n,) number of each row's fold, for `by_row`.
        weight: (n,) or None.
    """
    if target.task != "classes" or len(target.classes) != 2:
        return None
    rule = rule or ThresholdRule()
    label = y == target.positive_index
    score = prediction[:, target.positive_index]
    p = target.positive_index
    value, reason, met = _choose(score, label, rule, weight, p)
    if fold is None or len(np.unique(fold)) < 2:
        return ThresholdChoice(value, reason, met)
    by_row = np.empty(len(y))
    for number in np.unique(fold):
        own = fold == number
        part = None if weight is None else weight[~own]
        by_row[own] = _choose(score[~own], label[~own], rule, part, p)[0]
    return ThresholdChoice(value, reason, met, by_row)


def sweep(
    target: Target, y: np.ndarray, prediction: np.ndarray, *, step: float = 0.05
) -> list[dict[str, float | None]]:
    """Precision, recall, F1 and the share of rows flagged at thresholds from `step` to 1 - `step`."""
    score, label = prediction[:, target.positive_index], y == target.positive_index
    at = np.round(np.arange(1, round(1 / step)) * step, 6)  # (t,)
    positive, all_rows = np.sort(score[label]), np.sort(score)
    found = len(positive) - np.searchsorted(positive, at, side="left")
    flagged = len(all_rows) - np.searchsorted(all_rows, at, side="left")
    precision, recall = divide(found, flagged), divide(found, len(positive))
    f1 = divide(2 * found, flagged + len(positive), empty=0.0)
    return [
        {
            "threshold": float(at[i]),
            "precision": json_number(precision[i]),
            "recall": json_number(recall[i]),
            "f1": float(f1[i]),
            "flagged": float(flagged[i] / max(len(all_rows), 1)),
        }
        for i in range(len(at))
    ]


def _choose(
    score: np.ndarray, label: np.ndarray, rule: ThresholdRule, weight: np.ndarray | None, positive: int = 1
) -> tuple[float, str, bool]:
    """Threshold, reason, and whether the rule's demand is met on these rows."""
    if rule.question is not None and len(score) and label.any():
        value, reason, met = by_question(rule.question, score, label, weight, positive)
    else:
        value, reason, met = _freely(score, label, rule, weight)
    if rule.most_flagged is None or len(score) == 0:
        return value, reason, met
    least = _least(score, rule.most_flagged, weight)
    if value >= least:
        return value, reason, met
    demand = rule.min_recall is not None or rule.question is not None
    why = f"from {least:.3g} on instead of {value:.3g} ({reason})"
    words = f"at most {rule.most_flagged:.0%} of the rows can be reviewed: {why}"
    return least, words, met and not demand


def _least(score: np.ndarray, share: float, weight: np.ndarray | None) -> float:
    """The lowest threshold that flags at most this share of the rows."""
    r = ranked(score, np.zeros(len(score), dtype=bool), weight)
    mass, scores = r.negative[::-1], r.scores[::-1]
    kept = int((np.cumsum(mass) <= share * mass.sum() + 1e-9).sum())
    above = float(scores[kept - 1]) if kept else 1.0
    below = float(scores[kept]) if kept < len(scores) else 0.0
    value = (above + below) / 2
    return value if value > below else above


def _freely(
    score: np.ndarray, label: np.ndarray, rule: ThresholdRule, weight: np.ndarray | None
) -> tuple[float, str, bool]:
    """The same without a limit to what can be flagged."""
    if rule.fixed is not None:
        return rule.fixed, "as asked", True
    if replace(rule, most_flagged=None) == ThresholdRule() and len(score):
        share = float(np.average(label, weights=weight))
        if share >= IMBALANCED:
            return 0.5, f"{share:.0%} of the rows are positive: from a probability of one half on", True
    if len(score) == 0 or not label.any():
        return 0.5, "no positive row to choose on: from a probability of one half on", False
    r = ranked(score, label, weight)
    found = np.cumsum(r.positive[::-1])  # (g,) positives from the highest score down to this one
    wrong = np.cumsum(r.negative[::-1])
    missed = found[-1] - found
    precision, recall = divide(found, found + wrong, empty=0.0), found / found[-1]
    met, why = True, "it gives the most F1 for the positive class"
    if rule.min_recall is not None:
        met, why = True, f"it keeps recall at {rule.min_recall:.0%} with the most precision"
        gain = np.where(recall >= rule.min_recall - 1e-12, precision, -1.0)
    elif rule.min_precision is not None:
        met = bool((precision >= rule.min_precision).any())
        why = f"it keeps precision at {rule.min_precision:.0%} with the most recall"
        gain = np.where(precision >= rule.min_precision - 1e-12, recall, -1.0) if met else precision
        if not met:
            why = f"no threshold reaches a precision of {rule.min_precision:.0%}: this one comes nearest"
    elif rule.false_positive is not None and rule.false_negative is not None:
        gain = -(rule.false_positive * wrong + rule.false_negative * missed)
        why = f"it costs least at {rule.false_positive:g} for a false alarm, {rule.false_negative:g} for a miss"
        if gain.max() < -rule.false_negative * found[-1]:  # flagging nothing is cheaper still
            return 1.0, why, True
    else:
        gain = divide(2 * found, found + wrong + found[-1])
    best = int(gain.argmax())
    scores = r.scores[::-1]
    # Halfway to the next lower score: rows as good as those seen stay on the right side.
    below = scores[best + 1] if best + 1 < len(scores) else max(0.0, 2 * scores[best] - 1)
    value = float((scores[best] + below) / 2)
    return (value if value > below else float(scores[best])), why, met
