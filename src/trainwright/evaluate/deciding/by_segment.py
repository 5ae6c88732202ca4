"""Thresholds of single segments, drawn towards the one of all rows as far as chance explains their differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from trainwright.evaluate.deciding.curve import Curve
from trainwright.evaluate.deciding.pick import Pick, logit
from trainwright.evaluate.deciding.table import Table

FEWEST = 20
"""Rows of each class below which a segment keeps the threshold of all rows."""
DRAWS, SURE = 24, 0.05
"""Resamples of a segment's rows, and the level at which segments are told apart."""

Choose = Callable[[Curve], Pick]


@dataclass(frozen=True)
class BySegment:
    """Thresholds by segment.

    Args:
        threshold: of all rows.
        own: (s,) thresholds by segment; that of all rows where a segment has too few rows.
        raw: (s,) what each segment's rows alone would choose; NaN where it has too few rows.
        rows: (s,) rows of the rarer class.
        prior: rows of the rarer class that the threshold of all rows counts for; infinite where the segments differ no
            more than chance explains.
        met: whether the goal is reached on all rows.
        pick: the choice for all rows.
    """

    threshold: float
    own: np.ndarray
    raw: np.ndarray
    rows: np.ndarray
    prior: float
    pick: Pick = field(default_factory=lambda: Pick(0.5))


def by_segment(
    table: Table, positive: np.ndarray, other: np.ndarray, choose: Choose, prior: float | None = None
) -> BySegment:
    """The threshold of all rows, and those of the segments.

    logit t_s = (n_s logit raw_s + m logit t) / (n_s + m), where n_s are the segment's rows of the rarer class and
    m = noise / between. `noise` is the variance of logit raw_s over resamples of the segment's rows, per row of the
    rarer class; `between` what is left of the variance between segments when that is taken away (the method of moments
    of DerSimonian and Laird 1986). This is the empirical Bayes estimate of a normal prior. Where
    Cochran's Q does not tell the segments apart (at 5 %), all keep t.

    Args:
        table: whose scores.
        positive, other: (s, f, g) weights by segment, fold and score.
        choose: the goal.
        prior: m, where it is known; measured by default.
    """
    everywhere = choose(Curve.of(table, positive.sum((0, 1)), other.sum((0, 1))))
    t, n_segments = everywhere.threshold, positive.shape[0]
    rows = np.minimum(positive.sum((1, 2)), other.sum((1, 2)))
    raw = np.full(n_segments, np.nan)
    own = np.full(n_segments, t)
    able = np.flatnonzero(rows >= FEWEST)
    for s in able:
        found = choose(Curve.of(table, positive[s].sum(0), other[s].sum(0)))
        if found.met:
            raw[s] = found.threshold
    able = np.flatnonzero(np.isfinite(raw))
    if prior is None:
        prior = _prior(table, positive, other, choose, raw, rows, able)
    for s in able:
        share = 0.0 if math.isinf(prior) else float(rows[s] / (rows[s] + prior))
        own[s] = t if share == 0 else _logistic(share * logit(float(raw[s])) + (1 - share) * logit(t))
    return BySegment(t, own, raw, rows, prior, everywhere)


def _prior(
    table: Table,
    positive: np.ndarray,
    other: np.ndarray,
    choose: Choose,
    raw: np.ndarray,
    rows: np.ndarray,
    able: np.ndarray,
) -> float:
    """Noise for a row of the rarer class over the variance between segments; infinite where there is none."""
    from scipy.special import chdtrc

    if len(able) < 2:
        return math.inf
    loss = float(max(np.median(table.loss_recall), 1.0))  # rows of one unit come and go together
    noise = []
    for s in able:
        rng = np.random.default_rng([int(s), 17])
        own, rest = positive[s].sum(0) / loss, other[s].sum(0) / loss
        again = [choose(Curve.of(table, rng.poisson(own) * loss, rng.poisson(rest) * loss)) for _ in range(DRAWS)]
        noise.append(max(float(np.var([logit(found.threshold) for found in again], ddof=1)), 1e-6))
    each = np.array([logit(float(raw[s])) for s in able])
    mass = rows[able] / rows[able].sum()
    per_row = float((mass * rows[able] * np.array(noise)).sum())
    expected = per_row / rows[able]  # pooled: a segment's own estimate of its noise is noisy too
    centre = float((each / expected).sum() / (1 / expected).sum())
    q = float(((each - centre) ** 2 / expected).sum())
    if chdtrc(len(able) - 1, q) > SURE:
        return math.inf
    centre = float(mass @ each)
    between = float(mass @ (each - centre) ** 2) - float((mass * (1 - mass)) @ expected)
    between /= max(1 - float((mass**2).sum()), 1e-9)
    return math.inf if between <= 1e-9 else per_row / between


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))
