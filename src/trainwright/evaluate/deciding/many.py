"""Decisions among more than two classes: the one with the least expected cost, or a person where none is cheap."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.evaluate.deciding.bought import CASES, drawn, resamples
from trainwright.evaluate.deciding.policy import REVIEW, Policy
from trainwright.evaluate.deciding.question import Question
from trainwright.evaluate.deciding.rows import Rows
from trainwright.evaluate.intervals import bootstrap_interval, json_number
from trainwright.tasks.metric import divide


def policy_of(question: Question, rows: Rows, weight: np.ndarray | None = None, *, applied: bool = False) -> Policy:
    """The policy for a question; only the width of a review band is chosen on rows.

    A review pays where the least expected cost is above its price (Chow 1970); a capacity sends those of the highest
    least expected cost, at most so many.

    Args:
        question: with costs.
        rows: see `Rows`.
        weight: (n,) how much each row counts in choosing; in the world, once each by default.
        applied: choose on the probabilities as the package gives them.
    """
    assert question.costs is not None
    shares = rows.learned if question.prevalence is not None else None
    policy = Policy(len(rows.target.classes), costs=question.costs.matrix, learned=shares, true=question.prevalence)
    if not question.band:
        return policy
    price = question.costs.review or 0.0
    if question.most_review is not None:
        prediction = rows.applied if applied and rows.applied is not None else rows.prediction
        least = (policy.corrected(prediction) @ np.asarray(question.costs.matrix)).min(1)  # (n,)
        mass = _mass(question, rows) if weight is None else weight
        order = np.argsort(-least, kind="stable")
        share = np.cumsum(mass[order]) / max(mass.sum(), 1e-300)
        allowed = int(np.searchsorted(share, question.most_review + 1e-12, side="right"))
        # Equal costs are never told apart: a whole group of them is reviewed or none.
        limit = float(least[order[allowed]]) if allowed < len(order) else 0.0
        price = max(price, limit)
    return Policy(**{**vars(policy), "review_above": price})


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
    matrix = np.asarray(costs.matrix)
    folds = np.unique(rows.fold)

    def sums(weight: np.ndarray) -> np.ndarray:
        """(4,) weight of all rows, of reviewed ones, of those decided rightly, and the cost of all."""
        decided = np.empty(len(rows.y), dtype=np.int64)
        for f in folds if question.band else [None]:
            own = np.ones(len(rows.y), dtype=bool) if f is None else rows.fold == f
            chosen_on = weight if f is None or len(folds) < 2 else np.where(own, 0.0, weight)
            policy = policy_of(question, rows, chosen_on)
            decided[own] = policy.decide(policy.corrected(rows.prediction[own]))[0]
        seen = decided == REVIEW
        paid = np.where(seen, costs.review or 0.0, matrix[rows.y, np.where(seen, 0, decided)])
        right = ~seen & (decided == rows.y)
        return np.array([weight.sum(), weight @ seen, weight @ right, weight @ paid])

    value, plain = sums(mass), _most_probable(question, rows, mass)
    size = resamples(len(rows.y)) if number is None else number
    draws, others = [], []
    for times in drawn(rows.units, size, seed):
        draws.append(sums(mass * times))
        others.append(_most_probable(question, rows, mass * times))
    made, theirs = np.array(draws).reshape(-1, 4), np.array(others).reshape(-1, 4)
    against = _bounds(_figures(plain), _figures(theirs), rows)
    saved = _figures(theirs)["cost_per_1000"] - _figures(made)["cost_per_1000"]
    gain = float(_figures(plain)["cost_per_1000"] - _figures(value)["cost_per_1000"])
    against["saved_per_1000"] = _one(gain, saved, rows, None, None)
    return {
        "figures": _bounds(_figures(value), _figures(made), rows),
        "against": {"the most probable class": against},
        "resamples": len(made),
        "units": rows.units.words,
    }


def _mass(question: Question, rows: Rows) -> np.ndarray:
    """(n,) how much each row counts in the world."""
    factors = rows.factors(question)[rows.y]
    return factors if rows.weight is None else factors * rows.weight


def _most_probable(question: Question, rows: Rows, weight: np.ndarray) -> np.ndarray:
    assert question.costs is not None
    decided = rows.prediction.argmax(1)
    paid = np.asarray(question.costs.matrix)[rows.y, decided]
    return np.array([weight.sum(), 0.0, weight @ (decided == rows.y), weight @ paid])


def _figures(sums: np.ndarray) -> dict[str, np.ndarray]:
    total, seen, right, paid = (sums[..., i] for i in range(4))
    return {
        "review": divide(seen, total),
        "right": divide(right, total - seen),
        "wrong_per_1000": CASES * divide(total - seen - right, total),
        "cost_per_1000": CASES * divide(paid, total),
    }


def _bounds(values: dict[str, np.ndarray], draws: dict[str, np.ndarray], rows: Rows) -> dict[str, Any]:
    highs = {"review": 1.0, "right": 1.0, "wrong_per_1000": float(CASES)}
    return {name: _one(float(value), draws[name], rows, 0.0, highs.get(name)) for name, value in values.items()}


def _one(value: float, draws: np.ndarray, rows: Rows, low: float | None, high: float | None) -> dict[str, Any]:
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    found = bootstrap_interval(value, draws, rows.units, 0.95, low, high)
    return {"value": value, "low": json_number(found.low), "high": json_number(found.high)}
