"""The frame of families whose trees a boosting library grows: a first fit and rounds added later are one training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from trainwright.models.features.outcome import Outcome
from trainwright.models.settings import check_settings
from trainwright.models.spec import Estimator, Report, Spec

if TYPE_CHECKING:
    from trainwright.data.columns import Columns, Dataset


@dataclass(frozen=True)
class Training:
    """What a training is given besides its rows.

    Args:
        settings: every setting of the family with its value.
        rounds: at most so many are trained.
        validation, seed, threads, report: see `Estimator.fit`.
        after: rounds that are there already.
    """

    settings: dict[str, Any]
    rounds: int
    validation: Dataset | None
    seed: int
    threads: int
    report: Report | None
    after: int = 0


class Boosted(Estimator):
    """An estimator whose rounds can be added to. `iterations` is None where nothing was there to learn."""

    spec: ClassVar[Spec]

    _outcome: Outcome

    def _add(self, first: Self, X: Columns, labels: np.ndarray, weight: np.ndarray | None, training: Training) -> bool:
        """What a family supplies: takes over the encodings of `first` and learns (n,) labels on from it. False when
        these rows say nothing."""
        raise NotImplementedError

    def more(
        self,
        X: Columns,
        y: np.ndarray,
        *,
        rounds: int | None = None,
        sample_weight: np.ndarray | None = None,
        validation: Dataset | None = None,
        seed: int = 0,
        threads: int = 1,
        report: Report | None = None,
    ) -> Self | None:
        """See `Estimator.more`: trees are added that correct what the ones it has get wrong."""
        if self.iterations is None:
            return None
        labels = self._outcome.labels(y)
        if not np.isfinite(labels).all():
            return None
        grown = type(self)(self.target, dict(self.settings))
        grown._outcome = self._outcome
        before = int(self.iterations)
        settings = check_settings(self.spec, self.settings)
        training = Training(settings, max(1, rounds or before), validation, seed, threads, report, after=before)
        if not grown._add(self, X, labels, sample_weight, training):
            return None
        grown.derived["learned_on_from"] = before
        return grown
