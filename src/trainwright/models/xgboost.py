"""XGBoost: boosted trees grown level by level, with native categories; another strong booster to compare with."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from trainwright.models.boosted import Boosted, Training
from trainwright.models.extras import require
from trainwright.models.features.outcome import Outcome, pick_output, pushes
from trainwright.models.features.plain import PlainMatrix
from trainwright.models.features.progress import Progress, thinned
from trainwright.models.settings import check_settings
from trainwright.models.spec import Report, Setting, Spec
from trainwright.models.storage import read_json, write_json

if TYPE_CHECKING:
    from trainwright.data.columns import Columns, Dataset, Layout
    from trainwright.data.schema import Target

SPEC = Spec(
    name="xgboost",
    title="XGBoost",
    estimator="trainwright.models.xgboost:XGBoost",
    tasks=("classes", "number"),
    complexity=43,
    explainability="medium",
    explanation="Exact SHAP values say how much each column pushed each prediction.",
    upkeep="Needs the xgboost package (extra 'xgboost') to predict; well under 1 ms for one row.",
    page=(
        "Gradient boosting with trees grown level by level on binned values. Of the same strength as LightGBM on most "
        "tables; choose it where a team already runs it, or as one more view of the table in an ensemble."
    ),
    preparation=(
        "Missing values are read natively; categories of up to 255 values natively, others by frequency; dates become "
        "calendar parts; texts become length, number of words and counts of frequent words. Numbers are read with "
        "about seven digits."
    ),
    settings=(
        Setting(
            "n_estimators", 1000, 1, 100_000, log=True, guidance="A ceiling when inner validation rows can stop it."
        ),
        Setting("learning_rate", 0.05, 0.001, 1.0, log=True, guidance="Lower it with more trees for a little more."),
        Setting(
            "max_depth", 6, 1, 20, guidance="Raise it for large tables with interactions, lower it for small ones."
        ),
        Setting("min_child_weight", 1.0, 0.0, 10_000.0, guidance="Raise it against overfitting."),
        Setting("subsample", 0.8, 0.05, 1.0, guidance="Share of rows each tree sees."),
        Setting("colsample_bytree", 0.7, 0.05, 1.0, guidance="Share of features each tree sees."),
        Setting("reg_lambda", 1.0, 0.0, 1000.0, log=True, guidance="Raise it against overfitting."),
        Setting("reg_alpha", 0.0, 0.0, 1000.0, guidance="Raise it to make leaves of no use exactly zero."),
        Setting("max_bin", 256, 8, 65_535, log=True, guidance="Cut points per number; lower it to train faster."),
        Setting("patience", 50, 1, 10_000, guidance="Rounds without improvement on the inner validation rows."),
    ),
    iterations="n_estimators",
    cost=0.6,
    extra="xgboost",
)

PASSED = (
    "learning_rate",
    "max_depth",
    "min_child_weight",
    "subsample",
    "colsample_bytree",
    "reg_lambda",
    "reg_alpha",
    "max_bin",
)
FEW_ROWS = 5_000  # fewer are predicted by one thread


class XGBoost(Boosted):
    """XGBoost on native categories; see `SPEC`."""

    spec = SPEC

    _matrix: PlainMatrix | None
    _booster: Any
    _bytes: bytes

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
    ) -> XGBoost:
        settings = check_settings(SPEC, self.settings)
        self._outcome = Outcome.learn(y, sample_weight, self.target)
        self._matrix, self._booster = None, None
        self.derived, self.iterations, self.curve = {}, None, None
        if self._outcome.constant or not X.layout.names:
            self.derived["constant"] = True
            return self
        require([SPEC])
        self._matrix = PlainMatrix.learn(X, y, len(self.target.classes))
        training = Training(settings, int(settings["n_estimators"]), validation, seed, threads, report)
        self._train(X, self._outcome.labels(y), sample_weight, training)
        return self

    def _add(self, first: Self, X: Columns, labels: np.ndarray, weight: np.ndarray | None, training: Training) -> bool:
        """See `Boosted._add`."""
        self._matrix = first._matrix
        self._train(X, labels, weight, training, first._bytes)
        return True

    def predict(self, X: Columns) -> np.ndarray:
        if self._booster is None or not len(X):
            return self._outcome.constants(len(X))
        rows = self._data(X, threads=1 if len(X) < FEW_ROWS else None)
        return self._outcome.predictions(self._raw(rows))

    def contributions(self, X: Columns) -> dict[str, np.ndarray] | None:
        """Exact TreeSHAP of XGBoost, in the precision of its own numbers (about seven digits)."""
        if self._booster is None or self._matrix is None:
            return pushes(np.zeros((len(X), 0)), [], X.layout.names)
        rows = self._data(X)
        shap = np.asarray(self._booster.predict(rows, pred_contribs=True), dtype=np.float64)[..., :-1]
        chosen = pick_output(shap, self._raw(rows), self._outcome, self.target.positive_index)
        return pushes(chosen, self._matrix.parents(X.layout), X.layout.names)

    def staged(self, X: Columns, rounds: list[int]) -> list[np.ndarray] | None:
        """See `Estimator.staged`."""
        if self._booster is None:
            return None
        rows = self._data(X)
        parts = [self._booster.predict(rows, output_margin=True, iteration_range=(0, end)) for end in rounds]
        return [self._outcome.predictions(np.asarray(part, dtype=np.float64)) for part in parts]

    def save(self, folder: Path) -> None:
        state: dict[str, Any] = {
            "outcome": self._outcome.to_json(),
            "settings": self.settings,
            "derived": self.derived,
            "iterations": self.iterations,
            "features": None,
        }
        if self._matrix is not None:
            (folder / "model.ubj.gz").write_bytes(gzip.compress(self._bytes, 6, mtime=0))
            state["features"] = self._matrix.to_json()
        write_json(folder / "xgboost.json", state)

    @classmethod
    def load(cls, folder: Path, target: Target) -> XGBoost:
        state = read_json(folder / "xgboost.json")
        estimator = cls(target, dict(state["settings"]))
        estimator.derived, estimator.iterations = dict(state["derived"]), state["iterations"]
        estimator._outcome = Outcome.from_json(state["outcome"])
        estimator._matrix, estimator._booster = None, None
        if state["features"] is not None:
            require([SPEC])
            estimator._matrix = PlainMatrix.from_json(state["features"])
            estimator._take_up(gzip.decompress((folder / "model.ubj.gz").read_bytes()))
        return estimator

    def _train(
        self,
        X: Columns,
        labels: np.ndarray,
        weight: np.ndarray | None,
        training: Training,
        begin: bytes | None = None,
    ) -> None:
        """Learns from n rows, on from the model whose bytes are `begin`."""
        import xgboost

        rows = self._data(X, labels, weight, training.threads)
        stopping = self._outcome.stopping(training.validation)
        held = None
        if stopping is not None:
            part, held_labels = stopping
            held = self._data(part.columns, held_labels, part.weight, training.threads)
        history: dict[str, dict[str, list[float]]] = {}
        booster = xgboost.train(
            self._parameters(training.settings, training.seed, training.threads),
            rows,
            num_boost_round=training.rounds,
            evals=[] if held is None else [(held, "held")],
            early_stopping_rounds=None if held is None else int(training.settings["patience"]),
            callbacks=None if training.report is None else [_telling(training.report, training.rounds)],
            evals_result=history,
            verbose_eval=False,
            xgb_model=None if begin is None else xgboost.Booster(model_file=bytearray(begin)),
        )
        losses = next(iter(history.get("held", {}).values()), [])
        self.curve = thinned([float(loss) * self._outcome.scale for loss in losses], training.after)
        if held is not None:
            booster = booster[: booster.best_iteration + 1]
        self.iterations = int(booster.num_boosted_rounds())
        self.derived = {"nthread": training.threads}
        # Attributes hold what stopped the training, which predicting does not need.
        booster.set_attr(best_iteration=None, best_score=None)
        self._take_up(bytes(booster.save_raw("ubj")))

    def _take_up(self, model: bytes) -> None:
        """The bytes are the model, in memory as on disk: predictions before and after `save` are the same numbers."""
        import xgboost

        self._bytes, self._booster = model, xgboost.Booster(model_file=bytearray(model))

    def _raw(self, rows: Any) -> np.ndarray:
        """(n,) or (n, k) scores before they become probabilities, of rows as `_data` has them."""
        self._booster.set_param({"nthread": 1 if rows.num_row() < FEW_ROWS else 0})
        return np.asarray(self._booster.predict(rows, output_margin=True), dtype=np.float64)

    def _data(
        self,
        X: Columns,
        labels: np.ndarray | None = None,
        weight: np.ndarray | None = None,
        threads: int | None = 1,
    ) -> Any:
        """n rows as the library reads them."""
        import xgboost

        assert self._matrix is not None
        return xgboost.DMatrix(
            _bounded(self._matrix.transform(X)),
            labels,
            weight=weight,
            feature_types=_feature_types(self._matrix, X.layout),
            enable_categorical=True,
            nthread=threads,
        )

    def _parameters(self, settings: dict[str, Any], seed: int, threads: int) -> dict[str, Any]:
        """XGBoost's own parameters for these settings."""
        parameters: dict[str, Any] = {name: settings[name] for name in PASSED}
        if self.target.task == "number":
            parameters["objective"] = "reg:squarederror"
        elif self._outcome.outputs == 1:
            parameters["objective"] = "binary:logistic"
            parameters["eval_metric"] = "logloss"
        else:
            parameters |= {"objective": "multi:softprob", "num_class": self._outcome.outputs}
            parameters["eval_metric"] = "mlogloss"
        return parameters | {"tree_method": "hist", "seed": seed % 2**31, "nthread": threads, "verbosity": 0}


def _bounded(values: np.ndarray) -> np.ndarray:
    """The features as float32; what lies beyond its range becomes its largest number, because infinite is refused."""
    most = float(np.finfo(np.float32).max)
    return np.clip(values, -most, most).astype(np.float32)


def _feature_types(matrix: PlainMatrix, layout: Layout) -> list[str]:
    """For each feature "c" for a category, "q" for a quantity."""
    types = ["q"] * len(matrix.parents(layout))
    for j in matrix.categorical(layout):
        types[j] = "c"
    return types


def _telling(report: Report, rounds: int) -> Any:
    """XGBoost's callback that hands its progress on and never stops it."""
    import xgboost

    progress = Progress(report, "xgboost", rounds)

    class Telling(xgboost.callback.TrainingCallback):
        """Counts rounds."""

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            """Called by XGBoost after each round; False goes on."""
            losses: list[float] = next(iter(evals_log["held"].values()), []) if evals_log else []
            progress.step(epoch + 1, float(losses[-1]) if losses else None)
            return False

    return Telling()
