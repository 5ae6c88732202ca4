"""LightGBM: boosted trees grown leaf by leaf, fast on large tables; plain, or with features engineered in the
fold."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from trainwright.models.boosted import Boosted, Training
from trainwright.models.features.discovery import learn_engineered
from trainwright.models.features.engineered import EngineeredMatrix
from trainwright.models.features.outcome import Outcome, pick_output, pushes
from trainwright.models.features.plain import PlainMatrix
from trainwright.models.features.progress import thinned
from trainwright.models.features.small_models import TrainingRows
from trainwright.models.lightgbm_learning import common_parameters, train
from trainwright.models.settings import check_settings
from trainwright.models.spec import Report, Setting, Spec
from trainwright.models.storage import read_arrays, read_json, write_arrays, write_json

if TYPE_CHECKING:
    from trainwright.data.columns import Columns, Dataset, Layout
    from trainwright.data.schema import Target

SPEC = Spec(
    name="lightgbm",
    title="LightGBM",
    estimator="trainwright.models.lightgbm:LightGBM",
    tasks=("classes", "number"),
    complexity=40,
    explainability="medium",
    explanation="Exact SHAP values say how much each column pushed each prediction.",
    upkeep="Needs the lightgbm package to predict; well under 1 ms for one row.",
    page=(
        "Gradient boosting with trees grown leaf by leaf on binned values. The fastest strong family on large tables. "
        "With features: engineered it also learns averages of the target per category, crosses of categories, numbers "
        "compared with their group, and arithmetic of numbers. On a few hundred rows it overfits sooner than CatBoost."
    ),
    preparation=(
        "Missing values are read natively; categories of up to 255 values natively, others by frequency; dates become "
        "calendar parts; texts become length and word counts. Engineered features are fitted in the fold, target "
        "encodings cross-fitted among its training rows."
    ),
    settings=(
        Setting(
            "n_estimators", 1000, 1, 100_000, log=True, guidance="A ceiling when inner validation rows can stop it."
        ),
        Setting("learning_rate", 0.05, 0.001, 1.0, log=True, guidance="Lower it with more trees for a little more."),
        Setting("num_leaves", 31, 2, 4096, log=True, guidance="Raise it for large tables, lower it for small ones."),
        Setting("min_child_samples", 20, 1, 100_000, log=True, guidance="Raise it against overfitting."),
        Setting("feature_fraction", 0.7, 0.05, 1.0, guidance="Share of features each tree sees."),
        Setting("bagging_fraction", 0.8, 0.05, 1.0, guidance="Share of rows each tree sees."),
        Setting("lambda_l2", 1.0, 0.0, 1000.0, log=True, guidance="Raise it against overfitting."),
        Setting("max_bin", 255, 7, 65_535, log=True, guidance="Cut points per number; lower it to train faster."),
        Setting(
            "extra_trees",
            False,
            choices=(False, True),
            guidance="One random cut point per feature: noisier trees, which differ more in an ensemble.",
        ),
        Setting(
            "features", "plain", choices=("plain", "engineered"), guidance="engineered costs more and often gains."
        ),
        Setting("patience", 50, 1, 10_000, guidance="Rounds without improvement on the inner validation rows."),
    ),
    iterations="n_estimators",
    cost=0.6,
)

Matrix = PlainMatrix | EngineeredMatrix
PASSED = ("learning_rate", "num_leaves", "feature_fraction", "bagging_fraction", "lambda_l2", "max_bin", "extra_trees")


class LightGBM(Boosted):
    """LightGBM on the plain or the engineered matrix; see `SPEC`."""

    spec = SPEC

    _matrix: Matrix | None
    _booster: Any
    _text: str

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
    ) -> LightGBM:
        settings = check_settings(SPEC, self.settings)
        self._outcome = Outcome.learn(y, sample_weight, self.target)
        self._matrix, self._booster = None, None
        self.derived, self.iterations, self.curve = {}, None, None
        if self._outcome.constant or not X.layout.names:
            self.derived["constant"] = True
            return self
        labels = self._outcome.labels(y)
        known = TrainingRows(self._outcome, labels, sample_weight, seed, threads, X.units)
        self._matrix, values = _learn_matrix(X, known, engineered=settings["features"] == "engineered")
        parameters = self._parameters(settings, len(y), seed, threads)
        rows = self._rows(values, labels, sample_weight, X.layout, parameters)
        del values  # only the library holds them now, and lets go of them once they are binned
        rounds = int(settings["n_estimators"])
        self._train(rows, parameters, Training(settings, rounds, validation, seed, threads, report))
        return self

    def _add(self, first: Self, X: Columns, labels: np.ndarray, weight: np.ndarray | None, training: Training) -> bool:
        """See `Boosted._add`."""
        assert first._matrix is not None
        self._matrix = first._matrix
        parameters = self._parameters(training.settings, len(labels), training.seed, training.threads)
        rows = self._rows(self._matrix.transform(X), labels, weight, X.layout, parameters)
        self._train(rows, parameters, training, first._text)
        return True

    def predict(self, X: Columns) -> np.ndarray:
        if self._booster is None or self._matrix is None:
            return self._outcome.constants(len(X))
        return self._outcome.predictions(self._booster.predict(self._matrix.transform(X), raw_score=True))

    def staged(self, X: Columns, rounds: list[int]) -> list[np.ndarray] | None:
        """See `Estimator.staged`."""
        if self._booster is None or self._matrix is None:
            return None
        values, total, begin, out = self._matrix.transform(X), np.zeros(1), 0, []
        for end in rounds:
            part = self._booster.predict(values, raw_score=True, start_iteration=begin, num_iteration=end - begin)
            total, begin = total + part, end
            out.append(self._outcome.predictions(total))
        return out

    def contributions(self, X: Columns) -> dict[str, np.ndarray] | None:
        """Exact TreeSHAP of LightGBM; an engineered feature is shared equally among the columns it is made
        of."""
        if self._booster is None or self._matrix is None:
            return pushes(np.zeros((len(X), 0)), [], X.layout.names)
        values = self._matrix.transform(X)
        width = values.shape[1] + 1
        shap = self._booster.predict(values, pred_contrib=True).reshape(len(X), -1, width)[:, :, :-1]
        raw = self._booster.predict(values, raw_score=True)
        shap = shap[:, 0] if self._outcome.outputs == 1 else shap
        chosen = pick_output(shap, raw, self._outcome, self.target.positive_index)
        return pushes(chosen, self._matrix.parents(X.layout), X.layout.names)

    def save(self, folder: Path) -> None:
        state: dict[str, Any] = {
            "outcome": self._outcome.to_json(),
            "settings": self.settings,
            "derived": self.derived,
            "iterations": self.iterations,
            "features": None,
        }
        if self._matrix is not None:
            # Compressed, because the text of a thousand trees takes megabytes; mtime=0 keeps the clock out of
            # it.
            (folder / "model.txt.gz").write_bytes(gzip.compress(self._text.encode("utf-8"), 6, mtime=0))
            if isinstance(self._matrix, EngineeredMatrix):
                state["features"], arrays = self._matrix.state()
                state["engineered"] = True
                write_arrays(folder / "features.npz", **arrays)
            else:
                state["features"], state["engineered"] = self._matrix.to_json(), False
        write_json(folder / "lightgbm.json", state)

    @classmethod
    def load(cls, folder: Path, target: Target) -> LightGBM:
        state = read_json(folder / "lightgbm.json")
        estimator = cls(target, dict(state["settings"]))
        estimator.derived, estimator.iterations = dict(state["derived"]), state["iterations"]
        estimator._outcome = Outcome.from_json(state["outcome"])
        estimator._matrix, estimator._booster = None, None
        if state["features"] is not None:
            if state["engineered"]:
                arrays = read_arrays(folder / "features.npz")
                estimator._matrix = EngineeredMatrix.restore(state["features"], arrays)
            else:
                estimator._matrix = PlainMatrix.from_json(state["features"])
            packed = (folder / "model.txt.gz").read_bytes()
            estimator._take_up(gzip.decompress(packed).decode("utf-8"))
        return estimator

    def _train(self, rows: Any, parameters: dict[str, Any], training: Training, begin: str | None = None) -> None:
        """Learns from LightGBM's data set `rows`, on from the model whose text is `begin`."""
        trained = train(parameters, rows, self._held(rows, training.validation), training, begin)
        losses = trained.losses
        if self.target.task == "number":  # squared error becomes RMSE in the target's unit
            losses = [float(np.sqrt(loss)) * self._outcome.scale for loss in losses]
        self.curve, self.iterations = thinned(losses, training.after), trained.iterations
        self.derived = {"num_threads": training.threads, "min_child_samples": parameters["min_data_in_leaf"]}
        self._take_up(trained.text)

    def _take_up(self, text: str) -> None:
        """The text is the model, in memory as on disk: predictions before and after `save` are the same numbers."""
        import lightgbm

        self._text, self._booster = text, lightgbm.Booster(model_str=text)

    def _rows(
        self,
        values: np.ndarray,
        labels: np.ndarray,
        weight: np.ndarray | None,
        layout: Layout,
        parameters: dict[str, Any],
    ) -> Any:
        """The training rows as LightGBM's data set."""
        import lightgbm

        assert self._matrix is not None
        categorical = self._matrix.categorical(layout)
        return lightgbm.Dataset(
            values, labels, weight=weight, categorical_feature=categorical, params=parameters, free_raw_data=True
        )

    def _held(self, rows: Any, validation: Dataset | None) -> Any:
        """The rows that may stop the training as LightGBM's data set; None when there are none."""
        stopping = self._outcome.stopping(validation)
        if stopping is None or self._matrix is None:
            return None
        part, labels = stopping
        return rows.create_valid(self._matrix.transform(part.columns), labels, weight=part.weight)

    def _parameters(self, settings: dict[str, Any], n: int, seed: int, threads: int) -> dict[str, Any]:
        """LightGBM's own parameters for these settings and n training rows."""
        parameters: dict[str, Any] = {name: settings[name] for name in PASSED}
        # A leaf of 20 rows would leave a table of 50 rows without a single useful split.
        parameters["min_data_in_leaf"] = max(1, min(settings["min_child_samples"], n // 20))
        if n < 200:
            parameters["min_data_in_bin"] = 1
        if settings["bagging_fraction"] < 1.0:
            parameters["bagging_freq"] = 1
        return parameters | common_parameters(self.target.task, self._outcome.outputs, seed, threads)


def _learn_matrix(X: Columns, training: TrainingRows, *, engineered: bool) -> tuple[Matrix, np.ndarray]:
    """The matrix and the features of the training rows."""
    if engineered:
        return learn_engineered(X, training)
    plain = PlainMatrix.learn(X, training.codes, training.n_classes)
    return plain, plain.transform(X)
