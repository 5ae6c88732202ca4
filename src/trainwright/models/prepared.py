"""The frame that the families of this package share: check settings, prepare columns, learn, store, answer.

A family written on it supplies four small methods that deal with matrices only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from trainwright.data.columns import Columns, Dataset
from trainwright.data.schema import Target
from trainwright.models.prepare.preparation import Matrix, Preparation, Recipe
from trainwright.models.settings import check_settings
from trainwright.models.spec import Estimator, Report, Spec
from trainwright.models.storage import read_arrays, read_json, write_arrays, write_json


class PreparedEstimator(Estimator):
    """An estimator over a prepared matrix.

    Classes that y lacks are taken out before learning and get probability 0 afterwards. With a single class,
    or without any column that says something, the answer is the prior and nothing is learned.
    """

    spec: ClassVar[Spec]
    recipe: ClassVar[Recipe] = Recipe()
    uses_columns: ClassVar[bool] = True  # False: the prior always answers, and no column is prepared

    chosen: dict[str, Any]  # every setting with its value
    present: np.ndarray  # (k,) positions in target.classes that y held
    prior: np.ndarray  # (k,) their shares, or (1,) the mean
    is_constant: bool
    preparation: Preparation
    seed: int
    threads: int
    report: Report | None = None  # while `learn` runs
    held_weight: np.ndarray | None = None  # (m,) of the rows of `held`, while `learn` runs

    # What a family supplies.

    def learn(
        self, Z: Matrix, y: np.ndarray, weight: np.ndarray | None, held: tuple[Matrix, np.ndarray] | None
    ) -> bool:
        """Learns from a matrix and y, (n,) positions in `present` or numbers; `held` may stop or choose.
        Returns False when there is nothing to learn, and the prior answers."""
        raise NotImplementedError

    def answer(self, Z: Matrix) -> np.ndarray:
        """(n, k) probabilities over `present`, or (n,) numbers."""
        raise NotImplementedError

    def arrays(self) -> dict[str, np.ndarray]:
        """What was learned, as arrays."""
        raise NotImplementedError

    def restore_arrays(self, arrays: dict[str, np.ndarray], width: int) -> None:
        """Takes up `arrays`' output for matrices of `width` columns."""
        raise NotImplementedError

    # What a family that reads more than a matrix changes.

    def _first_matrix(self, X: Columns, y: np.ndarray, weight: np.ndarray | None, seed: int) -> Matrix:
        """The training rows, prepared; the preparation learns from them."""
        return self.preparation.fit_transform(
            X, y, n_classes=self._n_classes, classes=self._labels, weight=weight, seed=seed
        )

    def _matrix(self, X: Columns) -> Matrix:
        """Any rows, prepared."""
        return self.preparation.transform(X)

    # The contract of Estimator.

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
    ) -> Self:
        """See `Estimator.fit`."""
        self.chosen = check_settings(self.spec, self.settings)
        self.derived, self.iterations, self.curve, self.events = {}, None, None, []
        self.seed, self.threads, self.report, self.held_weight = seed, threads, report, None
        weight = _mean_one(sample_weight)
        inside = self._set_target(y, weight)
        self.preparation = Preparation(self._recipe())
        nothing = not self.uses_columns or not X.layout.names
        self.is_constant = bool(len(y) < 2 or (inside == inside[0]).all() or nothing)
        try:
            self.is_constant = self.is_constant or not self._learned(X, inside, weight, validation)
        finally:
            self.report = None
        if self.is_constant:
            self.derived["constant"] = True
        return self

    def predict(self, X: Columns) -> np.ndarray:
        """See `Estimator.predict`."""
        if self.is_constant or not len(X):
            answer = np.repeat(self.prior[None, :], len(X), axis=0)
            answer = answer if self._n_classes else answer[:, 0]
        else:
            answer = self.answer(self._matrix(X))
        if not self._n_classes or len(self.present) == len(self.target.classes):
            return answer
        out = np.zeros((len(X), len(self.target.classes)))
        out[:, self.present] = answer
        return out

    def save(self, folder: Path) -> None:
        """See `Estimator.save`: `model.json` and, when something was learned, `model.npz`."""
        facts = {
            "family": self.spec.name,
            "settings": self.written_settings(),
            "derived": self.derived,
            "iterations": self.iterations,
            "present": self.present.tolist(),
            "prior": self.prior.tolist(),
            "is_constant": bool(self.is_constant),
        }
        if not self.is_constant:
            facts["preparation"] = self.preparation.state()
            write_arrays(folder / "model.npz", **self.arrays())
        write_json(folder / "model.json", facts)

    def written_settings(self) -> dict[str, Any]:
        """The settings that a saved model keeps."""
        return self.chosen

    @classmethod
    def load(cls, folder: Path, target: Target) -> Estimator:
        """See `Estimator.load`."""
        facts = read_json(folder / "model.json")
        model = cls(target, dict(facts["settings"]))
        model.chosen = dict(facts["settings"])
        model.derived, model.iterations = facts["derived"], facts["iterations"]
        model.present = np.array(facts["present"], dtype=np.int64)
        model.prior = np.array(facts["prior"], dtype=np.float64)
        model.is_constant = facts["is_constant"]
        model.seed, model.threads = 0, 1
        if not model.is_constant:
            model.preparation = Preparation.restore(facts["preparation"])
            model.restore_arrays(read_arrays(folder / "model.npz"), len(model.preparation.names))
        return model

    # Helpers for families.

    def _learned(self, X: Columns, y: np.ndarray, weight: np.ndarray | None, validation: Dataset | None) -> bool:
        """Prepares the rows and learns from them; whether there was anything to learn."""
        Z = self._first_matrix(X, y, weight, self.seed)
        held = None if validation is None else self._held(validation)
        return Z.width > 0 and self.learn(Z, y, weight, held)

    def _follower(self, *names: str, seed: int, threads: int, report: Report | None) -> Self:
        """A model of the same settings that is to learn on, with what this one learned under these names."""
        grown = type(self)(self.target, dict(self.settings))
        grown.chosen = check_settings(self.spec, self.chosen)  # settings that a model of an earlier release lacks
        for name in ("preparation", "prior", "present", *names):
            setattr(grown, name, getattr(self, name))
        grown.seed, grown.threads, grown.report, grown.is_constant = seed, threads, report, False
        return grown

    def _joined(self, known: PreparedEstimator, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Notes the classes of these rows beside those that a fitted model knows; y in terms of both."""
        if not known._n_classes:
            return np.asarray(y, dtype=np.float64)
        self._set_target(y, weight)
        present = np.union1d(known.present, self.present)
        prior = np.zeros(len(present))
        prior[np.searchsorted(present, self.present)] = self.prior
        self.present, self.prior = present, prior
        return np.searchsorted(present, y)

    @property
    def _n_classes(self) -> int:
        """Number of classes that y held; 0 for a number."""
        return len(self.present) if self.target.task == "classes" else 0

    @property
    def _labels(self) -> list[str]:
        return [self.target.classes[k] for k in self.present.tolist()] if self._n_classes else []

    def _recipe(self) -> Recipe:
        """The recipe, where settings may change it."""
        return self.recipe

    def _set_target(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Notes which classes are there and their shares, or the mean; returns y in terms of them."""
        if self.target.task == "classes":
            self.present, inside = np.unique(y, return_inverse=True)
            counts = np.bincount(inside, weights=weight, minlength=len(self.present)).astype(np.float64)
            self.prior = counts / counts.sum()
            return inside
        self.present = np.zeros(0, dtype=np.int64)
        numbers = np.asarray(y, dtype=np.float64)
        self.prior = np.array([np.average(numbers, weights=weight)])
        return numbers

    def _held(self, validation: Dataset) -> tuple[Matrix, np.ndarray] | None:
        """The caller's inner validation rows, prepared, less those of a class never trained on."""
        y = validation.y
        if self._n_classes:
            rows = np.flatnonzero(np.isin(y, self.present))
            validation = validation.take(rows)
            y = np.searchsorted(self.present, validation.y)
        if not len(y):
            return None
        self.held_weight = validation.weight
        return self._matrix(validation.columns), np.asarray(y)


def _mean_one(weight: np.ndarray | None) -> np.ndarray | None:
    """Weights that sum to the number of rows, so that settings which count rows or weigh losses keep their
    meaning; None when they say nothing."""
    if weight is None:
        return None
    weight = np.asarray(weight, dtype=np.float64)
    total = weight.sum()
    return weight * (len(weight) / total) if total > 0 else None


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Holds the numerical libraries loaded so far to this many threads."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=max(threads, 1)):
        yield


def softmax(scores: np.ndarray) -> np.ndarray:
    """(n, k) scores to probabilities, without overflow.

    Example:
        >>> softmax(np.array([[1000.0, 1000.0]])).tolist()
        [[0.5, 0.5]]
    """
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def sigmoid_pair(log_odds: np.ndarray) -> np.ndarray:
    """(n,) log-odds of the second class to (n, 2) probabilities."""
    return softmax(np.stack([np.zeros(len(log_odds)), log_odds], axis=1))
