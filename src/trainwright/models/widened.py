"""A classifier given further classes: the one that was there tells the known classes apart, a second one finds the new.

The second one answers "one of the known, or which of the new?"; the first shares what is left among the classes it
knows: P(c) = P(known) * P(c | known). So what was known stays, and only the new classes are learned from few rows.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainwright.data.columns import Columns, Dataset
from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.models.spec import Estimator, Report
from trainwright.models.storage import read_json, write_json

FILE = "widened.json"
KNOWN, ADDED = "known", "added"
ANY_KNOWN = "(known)"
"""The class that stands for all known ones in the second model; no label is spelled so."""


class Widened(Estimator):
    """Two fitted classifiers of one family as one.

    Args:
        target: with every class, the known ones first.
        known: of the known classes.
        added: of `added_target`: all known classes together, then each new one.
    """

    def __init__(self, target: Target, known: Estimator, added: Estimator):
        super().__init__(target, known.settings)
        self.known, self.added = known, added
        self.derived = {**added.derived, "learned_on_from": known.iterations or 0}
        self.iterations = known.iterations

    def fit(
        self,
        X: Columns,
        y: np.ndarray,
        *,
        sample_weight: np.ndarray | None = None,
        validation: Dataset | None = None,
        seed: int = 0,
        threads: int = 1,
        report: Report | None = None,
    ) -> Estimator:
        """Not offered: it is made of two models that are fitted."""
        raise NotImplementedError("a widened model is made of two fitted ones")

    def predict(self, X: Columns) -> np.ndarray:
        """(n, k) probabilities."""
        found = self.added.predict(X)
        return np.concatenate([found[:, :1] * self.known.predict(X), found[:, 1:]], axis=1)

    def save(self, folder: Path) -> None:
        """Writes each model into a folder of its own, and how many classes were known."""
        for name, model in ((KNOWN, self.known), (ADDED, self.added)):
            place = folder / name
            place.mkdir()
            model.save(place)
        write_json(folder / FILE, {"known": len(self.known.target.classes)})


def known_target(target: Target, count: int) -> Target:
    """The target of the first so many classes.

    Example:
        >>> known_target(Target("y", "classes", ("a", "b", "c")), 2).classes
        ('a', 'b')
    """
    return Target(target.column, "classes", target.classes[:count], None, target.numeric_labels)


def added_target(target: Target, count: int) -> Target:
    """The target of the second model.

    Example:
        >>> added_target(Target("y", "classes", ("a", "b", "c")), 2).classes
        ('(known)', 'c')
    """
    return Target(target.column, "classes", (ANY_KNOWN, *target.classes[count:]))


def count_known(folder: Path, target: Target) -> int:
    """How many classes the first model of a saved one knows.

    Raises:
        UserError: the file does not say, or it does not fit the target.
    """
    data = read_json(folder / FILE)
    count = data.get("known") if isinstance(data, dict) else None
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count < len(target.classes):
        raise UserError(f"{FILE} must hold the number of known classes, from 2 to {len(target.classes) - 1}")
    return count
