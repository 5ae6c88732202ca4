"""A goal of a decision as a single threshold on the model's own probabilities: the default that a package carries."""

from __future__ import annotations

import numpy as np

from trainwright.evaluate.deciding.curve import Curve
from trainwright.evaluate.deciding.pick import pick
from trainwright.evaluate.deciding.prevalence import corrected
from trainwright.evaluate.deciding.question import FLAGS, Question
from trainwright.evaluate.deciding.table import make_table
from trainwright.evaluate.resampling import make_units


def by_question(
    question: Question, score: np.ndarray, label: np.ndarray, weight: np.ndarray | None, positive: int
) -> tuple[float, str, bool]:
    """The threshold, why, and whether the goal is reached on these rows.

    Segments and a review band need more than one threshold; the package carries the one without them.

    Args:
        question: with the goal.
        score: (n,) probabilities of the positive class.
        label: (n,) whether a row is of the positive class.
        weight: (n,) or None.
        positive: the position of the positive class.
    """
    share = float(np.average(label, weights=weight))
    pair = np.column_stack((1 - score, score))
    learned, up, down = (1 - share, share), 1.0, 1.0
    true = None
    if question.prevalence is not None and 0 < share < 1:
        true = (question.prevalence[1 - positive], question.prevalence[positive])
        pair, up, down = corrected(pair, learned, true), true[1] / share, true[0] / (1 - share)
    fold = np.zeros(len(score), dtype=np.int64)
    table = make_table(pair[:, 1], label, fold, make_units(len(score)), weight=weight, up=up, down=down)
    own, other = table.counts()
    found = pick(question, Curve.of(table, own.sum((0, 1)), other.sum((0, 1))), positive)
    value = found.threshold
    if true is not None:
        value = float(corrected(np.array([[1 - value, value]]), true, learned)[0, 1])
    if question.goal == "cost" and question.costs is not None:
        alarm, miss = question.costs.of_two(positive)[:2]
        return value, f"it costs least at {alarm:g} for a false alarm, {miss:g} for a miss", True
    level = question.level or 0.0
    words = {
        "threshold": "as asked",
        "capacity": f"it flags at most {level:.1%} of the rows",
        "min_recall": f"the lower bound of its recall keeps {level:.0%} with the fewest flagged",
        "min_precision": f"the lower bound of its precision keeps {level:.0%} with the most recall",
        "recall_at": f"it reaches a recall of {level:.0%} with the most precision",
        "beta": f"it gives the most F{level:g} for the positive class",
    }[question.goal]
    if not found.met:
        words = f"no threshold keeps {FLAGS[question.goal]} {level:g} by its lower bound: this one comes nearest"
    return value, words, found.met
