"""Decisions among more than two classes: the one with the least expected cost, or a person where none is cheap."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from trainwright.evaluate.deciding.bought import CASES, drawn, resamples
from trainwright.evaluate.deciding.policy import Policy
from trainwright.evaluate.deciding.question import Question
from trainwright.evaluate.deciding.rows import Rows
from trainwright.evaluate.intervals import bootstrap_interval, json_number
from trainwright.evaluate.resampling import Units
from trainwright.tasks.metric import divide


def policy_of(question: Question, rows: Rows) -> Policy:
    """The policy for a question; only the width of a review band is chosen on rows, by the package's probabilities.

    A review pays where the least expected cost is above its price (Chow 1970); a capacity sends those of the highest
    least expected cost, at most so many.

    Args:
        question: with costs.
        rows: see `Rows`.
    """
    assert question.costs is not None
    policy = _without_review(question, rows)
    if not question.band:
        return policy
    least = _expected(question, rows, rows.prediction if rows.applied is None else rows.applied).min(1)
    order = np.argsort(-least, kind="stable")
    return replace(policy, review_above=_price(question, least, order, _mass(question, rows)))


def bought(question: Question, rows: Rows, *, seed: int, number: int | None = None) -> dict[str, Any]:
    """What the decision buys, with intervals; the same keys as for two classes where they make sense.

    Args:
        question: with costs.
        rows: see `Rows`.
        seed: of the resamples.
        number: of resamples; by default as many as their size affords.
    """
    assert question.costs is not None
    costs, mass = question.costs, _mass(question, rows)
    expected = _expected(question, rows, rows.prediction)
    least, best = expected.min(1), expected.argmin(1)
    order = np.argsort(-least, kind="stable")
    paid = np.asarray(costs.matrix)[rows.y, best]
    folds = np.unique(rows.fold)

    def sums(weight: np.ndarray) -> np.ndarray:
        """(4,) weight of all rows, of reviewed ones, of those decided rightly, and the cost of all."""
        seen = np.zeros(len(rows.y), dtype=bool)
        for f in folds if question.band else ():
            own = rows.fold == f
            chosen_on = np.where(own, 0.0, weight) if len(folds) > 1 else weight
            seen |= own & (least > _price(question, least, order, chosen_on))
        right = ~seen & (best == rows.y)
        cost = np.where(seen, costs.review or 0.0, paid)
        return np.array([weight.sum(), weight @ seen, weight @ right, weight @ cost])

    value, plain = sums(mass), _most_probable(question, rows, mass)
    size = resamples(len(rows.y)) if number is None else number
    draws, others = [], []
    for times in drawn(rows.units, size, seed):
        draws.append(sums(mass * times))
        others.append(_most_probable(question, rows, mass * times))
    made, theirs = np.array(draws).reshape(-1, 4), np.array(others).reshape(-1, 4)
    against = bounds(figures(plain), figures(theirs), rows.units)
    saved = figures(theirs)["cost_per_1000"] - figures(made)["cost_per_1000"]
    gain = float(figures(plain)["cost_per_1000"] - figures(value)["cost_per_1000"])
    against["saved_per_1000"] = _one(gain, saved, rows.units, None, None)
    return {
        "figures": bounds(figures(value), figures(made), rows.units),
        "against": {"the most probable class": against},
        "resamples": len(made),
        "units": rows.units.words,
    }


def _without_review(question: Question, rows: Rows) -> Policy:
    assert question.costs is not None
    learned = rows.learned if question.prevalence is not None else None
    matrix = question.costs.matrix
    return Policy(len(rows.target.classes), costs=matrix, learned=learned, true=question.prevalence)


def _expected(question: Question, rows: Rows, prediction: np.ndarray) -> np.ndarray:
    """(n, k) what each decision is expected to cost."""
    assert question.costs is not None
    probability = _without_review(question, rows).corrected(prediction)
    return np.asarray(probability @ np.asarray(question.costs.matrix))


def _price(question: Question, least: np.ndarray, order: np.ndarray, weight: np.ndarray) -> float:
    """The least expected cost above which a case goes to a person."""
    assert question.costs is not None
    price = question.costs.review or 0.0
    if question.most_review is None:
        return price
    share = np.cumsum(weight[order]) / max(weight.sum(), 1e-300)
    allowed = int(np.searchsorted(share, question.most_review + 1e-12, side="right"))
    # Equal costs are never told apart: a whole group of them is reviewed or none.
    return max(price, float(least[order[allowed]]) if allowed < len(order) else 0.0)


def _mass(question: Question, rows: Rows) -> np.ndarray:
    """(n,) how much each row counts in the world."""
    factors = rows.factors(question)[rows.y]
    return factors if rows.weight is None else factors * rows.weight


def _most_probable(question: Question, rows: Rows, weight: np.ndarray) -> np.ndarray:
    assert question.costs is not None
    decided = rows.prediction.argmax(1)
    paid = np.asarray(question.costs.matrix)[rows.y, decided]
    return np.array([weight.sum(), 0.0, weight @ (decided == rows.y), weight @ paid])


def figures(sums: np.ndarray) -> dict[str, np.ndarray]:
    """The figures of (..., 4) sums: of all rows, reviewed ones, those decided rightly, and the cost of all."""
    total, seen, right, paid = (sums[..., i] for i in range(4))
    return {
        "review": divide(seen, total),
        "right": divide(right, total - seen),
        "wrong_per_1000": CASES * divide(total - seen - right, total),
        "cost_per_1000": CASES * divide(paid, total),
    }


def bounds(values: dict[str, np.ndarray], draws: dict[str, np.ndarray], units: Units) -> dict[str, Any]:
    """Each figure with its interval."""
    highs = {"review": 1.0, "right": 1.0, "wrong_per_1000": float(CASES)}
    return {name: _one(float(value), draws[name], units, 0.0, highs.get(name)) for name, value in values.items()}


def _one(value: float, draws: np.ndarray, units: Units, low: float | None, high: float | None) -> dict[str, Any]:
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    found = bootstrap_interval(value, draws, units, 0.95, low, high)
    return {"value": value, "low": json_number(found.low), "high": json_number(found.high)}
