"""Fits the models of one bag: the same step several times, each time without another part of the training rows.

The part that is left out may stop the fit that did not learn from it, so that no row is lost to stopping; in time it
may not, because what stops a fit must be later than what it learns from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.data.split_inner import inner_folds
from trainwright.models.bagged import Bagged

if TYPE_CHECKING:
    from trainwright.training.steps import Step
    from trainwright.training.trials import RowsFit, Work

# Seeds of fits are 1,000 times the run's seed plus the fold: those within a bag begin far from them.
APART = 2_000_003
LARGEST = 2**31 - 1


def fit_bag(
    step: Step, rows: np.ndarray, work: Work, seed: int, fit: Callable[[Step, np.ndarray, int, Any], RowsFit]
) -> RowsFit:
    """The average of `step.bags` models of the step.

    Args:
        step: what is fitted.
        rows: positions of the training rows within the development rows.
        work: development rows; groups and stretches of time stay whole.
        seed: of the parts and of the first fit.
        fit: `fit(step, rows, seed, stopping)` fits one model; `stopping` are the rows that may stop it, or None.
    """
    data, alone = work.dataset, replace(step, bags=0)
    parts = inner_folds(
        step.bags,
        task=work.target.task,
        y=data.y[rows],
        group=None if data.group is None else data.group[rows],
        time=None if data.time is None else data.time[rows],
        seed=seed,
    )
    fits = []
    for number in np.unique(parts):
        learn, left_out = rows[parts != number], rows[parts == number]
        stopping = left_out if step.inner > 0 and data.time is None else None
        if not len(learn) or not _tells(work, learn):
            learn, stopping = rows, None  # too few rows, or owners, to leave a part out
        fits.append(fit(alone, learn, (seed + (int(number) + 1) * APART) % LARGEST, stopping))
    return replace(
        fits[0],
        estimator=Bagged([one.estimator for one in fits]),
        seconds=sum(one.seconds for one in fits),
    )


def _tells(work: Work, rows: np.ndarray) -> bool:
    """Whether the rows still hold more than one class."""
    return work.target.task != "classes" or len(np.unique(work.dataset.y[rows])) > 1
