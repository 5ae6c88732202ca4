"""The one candidate of a curve that serves a goal best, and how far the goal is reached there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trainwright.evaluate.deciding.costs import Costs
from trainwright.evaluate.deciding.curve import Curve, wilson_bound
from trainwright.evaluate.deciding.question import Question
from trainwright.tasks.metric import divide

THEORY_ROWS = 50.0
"""Rows of the rarer class that theory counts for beside those found when a threshold follows from costs."""
CHUNK = 64


@dataclass(frozen=True)
class Pick:
    """A threshold for one goal on some rows.

    Args:
        threshold: the probability from which a row is flagged.
        met: whether the rows say that the goal is reached.
        best: the best that these rows can vouch for, for goals that may be out of reach; else None.
        found: the threshold that these rows alone would choose, before theory is mixed in.
        share: how much these rows count beside theory, 1 where theory plays no part.
    """

    threshold: float
    met: bool = True
    best: float | None = None
    found: float | None = None
    share: float = 1.0


def pick(question: Question, curve: Curve, positive: int) -> Pick:
    """The threshold that serves the goal best.

    Args:
        question: with the goal.
        curve: of the rows it is chosen on.
        positive: the position of the positive class.
    """
    level = question.level or 0.0
    if question.goal == "threshold":
        return Pick(level)
    if question.goal == "cost":
        assert question.costs is not None
        return by_cost(question.costs, curve, positive)
    if curve.positives <= 0 and question.goal != "capacity":
        return Pick(0.5, met=False, best=0.0)
    if question.goal == "capacity":
        return Pick(curve.threshold(int(np.flatnonzero(curve.flagged <= level + 1e-12)[-1])))
    if question.goal == "min_recall":
        return _min_recall(level, curve)
    if question.goal == "min_precision":
        return _min_precision(level, curve)
    if question.goal == "recall_at":
        gain = np.where(curve.recall >= level - 1e-12, curve.precision, -1.0)
    else:
        # F-beta: van Rijsbergen 1979, chapter 7.
        b2, up, down = level**2, curve.table.up, curve.table.down
        hit, alarm = up * curve.found, down * curve.wrong
        gain = divide((1 + b2) * hit, hit + alarm + b2 * up * curve.positives, empty=0.0)
    return Pick(curve.threshold(int(gain.argmax())))


def by_cost(costs: Costs, curve: Curve, positive: int) -> Pick:
    """The threshold where the rows cost least, drawn towards theory where the rarer class has few rows.

    logit t = (n logit t_rows + 50 logit t_theory) / (n + 50), n being the rows of the rarer class: the mean of a normal
    prior worth 50 rows and what the rows say (Efron and Morris 1975); t_theory is `Costs.theory`.
    """
    alarm, miss, hit, rest = costs.of_two(positive)
    up, down = curve.table.up, curve.table.down
    missed, passed = curve.positives - curve.found, curve.others - curve.wrong
    total = up * (miss * missed + hit * curve.found) + down * (alarm * curve.wrong + rest * passed)
    found = curve.threshold(int(total.argmin()))
    theory = costs.theory(positive)
    rows = min(curve.positives, curve.others)
    return Pick(blend(found, theory, rows), found=found, share=rows / (rows + THEORY_ROWS))


def blend(found: float, other: float, rows: float, prior: float = THEORY_ROWS) -> float:
    """Two thresholds averaged as log-odds: `rows` count for the first, `prior` for the other.

    Example:
        >>> round(blend(0.2, 0.1, 50), 4), blend(0.2, 0.1, 0)
        (0.1429, 0.1)
    """
    share = rows / (rows + prior)
    return 1 / (1 + math.exp(-(share * logit(found) + (1 - share) * logit(other)))) if share > 0 else other


def logit(value: float) -> float:
    """Log-odds, of thresholds of 0 and 1 too."""
    value = min(max(value, 1e-6), 1 - 1e-6)
    return math.log(value / (1 - value))


def _min_recall(level: float, curve: Curve) -> Pick:
    """The fewest flagged whose recall keeps its lower bound: the bound only grows with the rows flagged, so the first
    candidate that keeps it errs no more often than the bound itself does."""
    low, high = 0, len(curve.found) - 1
    best = curve.recall_bound(high)
    if best < level:
        return Pick(curve.threshold(high), met=False, best=best)
    while low < high:
        middle = (low + high) // 2
        if curve.recall_bound(middle) >= level:
            high = middle
        else:
            low = middle + 1
    # Between two candidates of one recall the fewest others are flagged by the first.
    return Pick(curve.threshold(low), best=best)


def _min_precision(level: float, curve: Curve) -> Pick:
    """The most found whose precision keeps its lower bound."""
    up, down = curve.table.up, curve.table.down
    rows = curve.found + curve.wrong
    trials = rows / curve.table.loss_precision
    share = divide(curve.found, rows, empty=0.0)
    needed = level * down / (up * (1 - level) + level * down)  # the same level before classes are reweighted
    likely = np.flatnonzero((wilson_bound(share, trials) >= needed - 0.02) & (rows > 0))[::-1]
    for start in range(0, len(likely), CHUNK):
        at = likely[start : start + CHUNK]
        kept = at[curve.precision_bounds(at) >= level]
        if len(kept):  # of those that find as many, the one that flags fewest
            return Pick(curve.threshold(int(np.searchsorted(curve.found, curve.found[kept[0]]))))
    at = np.flatnonzero(rows > 0)
    if not len(at):
        return Pick(1.0, met=False, best=0.0)
    near = at[np.argsort(wilson_bound(share[at], trials[at]))[-CHUNK:]]
    bounds = curve.precision_bounds(near)
    best = int(bounds.argmax())
    return Pick(curve.threshold(int(near[best])), met=False, best=float(bounds[best]))
