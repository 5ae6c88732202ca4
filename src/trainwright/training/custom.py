"""Estimators and metrics handed over in Python join the plan beside our own families."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from trainwright.data.columns import Columns, Dataset
from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.models.spec import Estimator, Report

Factory = Callable[[], Estimator]


def factories(given: list[tuple[str, Any]], target: Target) -> dict[str, Factory]:
    """A factory of contract-keeping estimators for each (name, scikit-learn estimator) pair.

    Raises:
        UserError: a name is taken or an object has no fit and predict.
    """
    from trainwright.models.families import families

    out: dict[str, Factory] = {}
    for name, estimator in given:
        if name in families() or name in out:
            raise UserError(f"families: the name {name!r} is taken", remedy="choose another name")
        needed = ["fit", "predict_proba" if target.task == "classes" else "predict"]
        lacking = [method for method in needed if not hasattr(estimator, method)]
        if lacking:
            raise UserError(f"families: {name!r} ({type(estimator).__name__}) has no {' and no '.join(lacking)}")
        out[name] = partial(ScikitEstimator, target, {"estimator": estimator})
    return out


class ScikitEstimator(Estimator):
    """Wraps a scikit-learn estimator: numbers and times as they are (NaN for missing), categories one-hot.

    It takes part in the comparison but cannot be packaged, because a package holds no pickle.
    """

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
        """Clones the estimator and fits it on the encoded rows."""
        from sklearn.base import clone
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline

        self._levels = [np.unique(X.codes[:, j]) for j in range(X.codes.shape[1])]
        model = clone(self.settings["estimator"])
        names = [name for name in model.get_params() if name.rsplit("__", 1)[-1] == "random_state"]
        model.set_params(**dict.fromkeys(names, seed))
        self._model = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), model)
        extra = {} if sample_weight is None else {f"{self._model.steps[-1][0]}__sample_weight": sample_weight}
        self._model.fit(self._encode(X), y, **extra)
        return self

    def predict(self, X: Columns) -> np.ndarray:
        """(n, k) probabilities with absent classes at 0, or (n,) numbers."""
        encoded = self._encode(X)
        if self.target.task == "number":
            return np.asarray(self._model.predict(encoded), dtype=np.float64)
        out = np.zeros((len(X), len(self.target.classes)))
        out[:, np.asarray(self._model.classes_, dtype=np.int64)] = self._model.predict_proba(encoded)
        return out

    def save(self, folder: Path) -> None:
        """Refused: an arbitrary estimator can only be stored as a pickle."""
        raise UserError(
            f"{type(self.settings['estimator']).__name__} cannot be packaged: a package holds no pickle",
            remedy="it stays in the leaderboard as a comparison",
        )

    def _encode(self, X: Columns) -> np.ndarray:
        """(n, p) float64: numbers, times, then one column per category value of the training rows."""
        hot = [X.codes[:, [j]] == levels[None, :] for j, levels in enumerate(self._levels)]
        return np.hstack([X.numbers.astype(np.float64), X.times, *[h.astype(np.float64) for h in hot]])
