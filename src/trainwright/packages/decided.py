"""Predictions by a version's decision: probabilities for the true shares, the class or accept, review, reject."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.deciding.policy import ACCEPT_WORD, REJECT_WORD, REVIEW, REVIEW_WORD, Policy
from trainwright.packages.outputs import Outputs


class DecidedOutputs(Outputs):
    """Turns predictions into what a decision says about them.

    Args:
        target: what is predicted.
        policy: how is decided.

    Raises:
        UserError: the policy is for another number of classes.

    Example:
        >>> target = Target("ok", "classes", ("good", "bad"), positive="bad")
        >>> outputs = DecidedOutputs(target, Policy(2, 1, low=0.1, high=0.7, middle=0.3, band=True))
        >>> outputs.row(np.array([[0.6, 0.4]]))["decision"]
        'review'
    """

    def __init__(self, target: Target, policy: Policy):
        if target.task != "classes" or policy.classes != len(target.classes):
            raise UserError(
                f"the decision is for {policy.classes} classes, the package has {len(target.classes) or 'none'}",
                remedy="decide again for this version",
            )
        super().__init__(target)
        self.policy, self.by = policy, policy.by

    def corrected(self, prediction: np.ndarray) -> np.ndarray:
        """(n, k) probabilities for the true shares of the classes, where the decision names them."""
        return self.policy.corrected(prediction)

    def frame(self, prediction: np.ndarray, segment: np.ndarray | None = None) -> pl.DataFrame:
        """The columns of `Outputs.frame` and `decision`: the class, or for a review band accept, review or reject; with
        more classes the class or review. A row in review is predicted as it would be decided without a person.

        Args:
            prediction: (n, k) probabilities of the package.
            segment: (n,) values of the column that has thresholds of its own, as texts, or None.
        """
        probability = self.corrected(prediction)
        decided, predicted = self.policy.decide(probability, segment)
        columns = self._columns(probability, predicted)
        columns["decision"] = self._words(decided, columns["prediction"])
        return pl.DataFrame(columns)

    def row(self, prediction: np.ndarray, segment: np.ndarray | None = None) -> dict[str, Any]:
        """The same for a single row, as plain values."""
        return dict(self.frame(prediction, segment).row(0, named=True))

    def _words(self, decided: np.ndarray, predicted: pl.Series) -> pl.Series:
        if self.policy.band and self.policy.positive is not None:
            words = np.where(decided == self.policy.positive, REJECT_WORD, ACCEPT_WORD)
            return pl.Series(np.where(decided == REVIEW, REVIEW_WORD, words).tolist(), dtype=pl.String)
        if self.policy.review_above is None:
            return predicted
        classes = np.array([str(label) for label in self.target.classes], dtype=object)
        return pl.Series(np.where(decided == REVIEW, REVIEW_WORD, classes[decided]).tolist(), dtype=pl.String)
