"""The whole choice for two classes on some of the rows: what is repeated without a fold, and on every resample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainwright.evaluate.deciding.band import Band, band
from trainwright.evaluate.deciding.by_segment import BySegment, by_segment
from trainwright.evaluate.deciding.curve import Curve
from trainwright.evaluate.deciding.pick import Pick, pick
from trainwright.evaluate.deciding.policy import Policy
from trainwright.evaluate.deciding.question import Question
from trainwright.evaluate.deciding.rows import Rows
from trainwright.evaluate.deciding.table import Table, make_table


@dataclass(frozen=True)
class Fitted:
    """What was chosen.

    Args:
        low, high: (s,) thresholds by segment; equal without a review band.
        middle: the threshold that decides without a person.
        pick: the choice of a single threshold for all rows.
        band: the review band, where one is asked for.
        by: thresholds of segments, where they are asked for.
    """

    low: np.ndarray
    high: np.ndarray
    middle: float
    pick: Pick
    band: Band | None = None
    by: BySegment | None = None


def table_of(question: Question, rows: Rows, *, applied: bool = False) -> Table:
    """The rows sorted by the corrected probability of the positive class.

    Args:
        question: with the true shares and whether there are segments.
        rows: see `Rows`.
        applied: by the probabilities as the package gives them.
    """
    p = rows.target.positive_index
    prediction = rows.applied if applied and rows.applied is not None else rows.prediction
    policy = Policy(2, p, learned=rows.learned if question.prevalence else None, true=question.prevalence)
    factors = rows.factors(question)
    return make_table(
        policy.corrected(prediction)[:, p],
        rows.y == p,
        rows.fold,
        rows.units,
        segment=rows.segment_codes if question.by else None,
        segments=len(rows.segments) + 1 if question.by else 1,
        weight=rows.weight,
        up=float(factors[p]),
        down=float(factors[1 - p]),
    )


def fit(
    question: Question,
    table: Table,
    counts: tuple[np.ndarray, np.ndarray],
    positive: int,
    prior: float | None = None,
) -> Fitted:
    """Chooses the thresholds.

    Args:
        question: what for.
        table: whose scores.
        counts: (s, f, g) weights of the positive and of the other rows to choose on.
        positive: the position of the positive class.
        prior: for segments, see `by_segment`; measured by default.
    """
    own, other = counts
    if question.by is not None:
        # The last segment holds the rows without a value, which keep the threshold of all.
        found = by_segment(table, own, other, lambda curve: pick(question, curve, positive), prior)
        cuts = np.append(found.own[:-1], found.threshold)
        return Fitted(cuts, cuts, found.threshold, found.pick, by=found)
    curve = Curve.of(table, own.sum((0, 1)), other.sum((0, 1)))
    if question.band:
        assert question.costs is not None
        between = band(question.costs, curve, positive, question.most_review)
        ends = np.array([between.low]), np.array([between.high])
        return Fitted(*ends, between.middle, Pick(between.middle), band=between)
    chosen = pick(question, curve, positive)
    cut = np.array([chosen.threshold])
    return Fitted(cut, cut, chosen.threshold, chosen)


def policy_of(question: Question, rows: Rows, fitted: Fitted) -> Policy:
    """What is stored and applied to new rows."""
    segments = {}
    if question.by is not None and fitted.by is not None:
        segments = {name: float(cut) for name, cut in zip(rows.segments, fitted.by.own) if cut != fitted.by.threshold}
    return Policy(
        2,
        rows.target.positive_index,
        low=float(fitted.low[-1]),
        high=float(fitted.high[-1]),
        middle=float(fitted.middle),
        band=question.band,
        by=question.by,
        segments=segments,
        learned=rows.learned if question.prevalence is not None else None,
        true=question.prevalence,
    )
