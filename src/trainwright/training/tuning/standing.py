"""Where a search stands: the score of a trial, and the best one so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainwright.store.search_trials import SearchTrial


def mean_score(scores: Sequence[float | None] | None) -> float | None:
    """The mean over the folds on which the metric is defined; None without any.

    Example:
        >>> mean_score([0.5, None, 0.7]), mean_score([])
        (0.6, None)
    """
    known = [score for score in scores or [] if score is not None]
    return float(np.mean(known)) if known else None


def best_trial(trials: Sequence[SearchTrial], *, greater_is_better: bool) -> SearchTrial | None:
    """The completed trial with the best mean score, the earlier one of equal ones; None without any."""
    ordered = ranked(trials, greater_is_better=greater_is_better)
    return ordered[0] if ordered else None


def ranked(trials: Sequence[SearchTrial], *, greater_is_better: bool) -> list[SearchTrial]:
    """The completed trials that have a score, best first."""
    sign = -1.0 if greater_is_better else 1.0
    scored = [(mean_score(t.scores), t) for t in trials if t.state == "completed"]
    known = [(sign * score, t.number, t) for score, t in scored if score is not None]
    return [trial for _, _, trial in sorted(known, key=lambda item: item[:2])]
