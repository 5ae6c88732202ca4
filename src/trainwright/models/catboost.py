"""CatBoost: boosted symmetric trees that read categories natively; the strongest single family on most
tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from trainwright.models.boosted import Boosted, Training
from trainwright.models.catboost_learning import KEPT, decided, derived_rate, held_losses, own_parameters, scrub, train
from trainwright.models.catboost_rows import features_data, tells
from trainwright.models.features.numeric import NumericBlock
from trainwright.models.features.outcome import Outcome, pick_output, pushes
from trainwright.models.features.progress import thinned
from trainwright.models.settings import check_settings
from trainwright.models.spec import Report, Setting, Spec
from trainwright.models.storage import read_json, write_json

if TYPE_CHECKING:
    from trainwright.data.columns import Columns, Dataset
    from trainwright.data.schema import Target

SPEC = Spec(
    name="catboost",
    title="CatBoost",
    estimator="trainwright.models.catboost:CatBoost",
    tasks=("classes", "number"),
    complexity=40,
    explainability="medium",
    explanation="Exact SHAP values say how much each column pushed each prediction.",
    upkeep="Needs the catboost package to predict; about 0.1 ms for one row.",
    page=(
        "Gradient boosting with symmetric trees and statistics of categories computed so that a row never sees its own "
        "label. Strong without tuning, also on small tables and with many categories. Slower to train than LightGBM on "
        "large tables, and its cost grows with the number of classes."
    ),
    preparation=(
        "Categories and missing values are read natively; dates become calendar parts and days elapsed; texts become "
        "length, number of words and counts of frequent words."
    ),
    settings=(
        Setting("iterations", 1000, 1, 100_000, log=True, guidance="Lower it to save time; the learning rate adapts."),
        Setting(
            "learning_rate",
            None,
            0.001,
            1.0,
            log=True,
            guidance="Leave empty: CatBoost derives it from rows and iterations.",
        ),
        Setting(
            "depth", 6, 1, 12, guidance="Raise to 8 for large tables with interactions; cost doubles with each step."
        ),
        Setting(
            "l2_leaf_reg",
            3.0,
            0.0,
            1000.0,
            log=True,
            guidance="Raise it when training scores are far better than validation.",
        ),
        Setting(
            "random_strength", 1.0, 0.0, 100.0, guidance="Noise when choosing splits; raise it against overfitting."
        ),
        Setting(
            "bagging_temperature",
            None,
            0.0,
            10.0,
            guidance="Given, rows are weighted at random for each tree; 1 is usual.",
        ),
        Setting(
            "rsm", 1.0, 0.05, 1.0, guidance="Share of features tried at each split; lower it for hundreds of columns."
        ),
        Setting(
            "one_hot_max_size", None, 2, 255, guidance="Categories with at most this many values are one-hot encoded."
        ),
        Setting("max_ctr_complexity", None, 1, 4, guidance="Categories combined in one feature; 1 is fastest."),
        Setting(
            "border_count",
            128,
            8,
            1024,
            guidance="Cut points tried per number; CatBoost's own 254 doubles the time of small tables.",
        ),
        Setting(
            "boosting_type",
            None,
            choices=(None, "Plain", "Ordered"),
            guidance="Ordered helps small tables and costs more.",
        ),
        Setting(
            "patience",
            50,
            1,
            10_000,
            guidance="Iterations without improvement on the inner validation rows before it stops.",
        ),
    ),
    iterations="iterations",
    cost=2.0,
)

# Values of a category that added trees tell apart one by one (CatBoost allows 255), with room for held-out rows.
ONE_BY_ONE, ONE_HOT_MOST = 200, 255


class CatBoost(Boosted):
    """CatBoost on native categories; see `SPEC`."""

    spec = SPEC

    _block: NumericBlock
    _model: Any

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
    ) -> CatBoost:
        self._outcome = Outcome.learn(y, sample_weight, self.target)
        self._block = NumericBlock.learn(X, y, len(self.target.classes))
        self._model = None
        self.derived, self.iterations, self.curve = {}, None, None
        numbers = self._block.transform(X, np.float32)
        if self._outcome.constant or not tells(numbers, X.codes):
            self.derived["constant"] = True
            return self
        settings = check_settings(SPEC, self.settings)
        training = Training(settings, int(settings["iterations"]), validation, seed, threads, report)
        rows = self._rows(numbers, X.codes, self._outcome.labels(y), sample_weight)
        held = self._held(validation)
        parameters = own_parameters(training, SPEC.defaults(), self._outcome, stop=held is not None)
        if "learning_rate" not in parameters and "l2_leaf_reg" in parameters:
            parameters["learning_rate"] = derived_rate(rows, held, parameters)
        self._model = self._train(parameters, rows, held, training)
        self.iterations = int(self._model.tree_count_)
        scrub(self._model)
        return self

    def _add(self, first: Self, X: Columns, labels: np.ndarray, weight: np.ndarray | None, training: Training) -> bool:
        """See `Boosted._add`."""
        from catboost import sum_models

        self._block = first._block
        numbers = self._block.transform(X, np.float32)
        if not tells(numbers, X.codes):
            return False
        rows = self._rows(numbers, X.codes, labels, weight, first)
        held = self._held(training.validation, first)
        parameters = own_parameters(training, SPEC.defaults(), self._outcome, stop=held is not None)
        # What CatBoost derived from the rows of the first fit holds for the trees that are added.
        parameters |= {name: first.derived[name] for name in KEPT if name in first.derived}
        # Counters of categories belong to the rows of one fit. Two fits' counters of a column cannot stand in one file,
        # and CatBoost's init_model merges them, which changes what the first trees say. Added trees tell categories
        # apart one by one, and leave out columns of too many values for that.
        many = [j for j, codes in enumerate(X.codes.T, numbers.shape[1]) if len(np.unique(codes)) > ONE_BY_ONE]
        if len(many) == rows.num_col():
            return False
        parameters |= {"one_hot_max_size": ONE_HOT_MOST, "ignored_features": many}
        added = self._train(parameters, rows, held, training)
        self._model = sum_models([first._model, added], ctr_merge_policy="FailIfCtrIntersects")
        self.iterations = int(self._model.tree_count_)
        scrub(self._model)
        return True

    def predict(self, X: Columns) -> np.ndarray:
        if self._model is None:
            return self._outcome.constants(len(X))
        return self._outcome.predictions(self._raw(self._pool(X)))

    def staged(self, X: Columns, rounds: list[int]) -> list[np.ndarray] | None:
        """See `Estimator.staged`."""
        if self._model is None:
            return None
        total: Any = 0.0
        begin, out = 0, []
        pool = self._pool(X)
        for end in rounds:
            # The bias belongs to the first part only (CatBoost adds it where ntree_start is 0).
            part = self._model.predict(pool, prediction_type="RawFormulaVal", ntree_start=begin, ntree_end=end)
            total, begin = total + np.asarray(part), end
            out.append(self._outcome.predictions(total))
        return out

    def contributions(self, X: Columns) -> dict[str, np.ndarray] | None:
        """Exact TreeSHAP of CatBoost; see `Estimator.contributions`."""
        parents = self._block.parents(X.layout) + [(name,) for name in X.layout.categories]
        if self._model is None:
            return pushes(np.zeros((len(X), len(parents))), parents, X.layout.names)
        pool = self._pool(X)
        shap = np.asarray(self._model.get_feature_importance(pool, type="ShapValues"))[..., :-1]
        chosen = pick_output(shap, self._raw(pool), self._outcome, self.target.positive_index)
        return pushes(chosen, parents, X.layout.names)

    def save(self, folder: Path) -> None:
        state = {
            "outcome": self._outcome.to_json(),
            "block": self._block.to_json(),
            "settings": self.settings,
            "derived": self.derived,
            "iterations": self.iterations,
            "model": self._model is not None,
        }
        write_json(folder / "catboost.json", state)
        if self._model is not None:
            self._model.save_model(str(folder / "model.cbm"))

    @classmethod
    def load(cls, folder: Path, target: Target) -> CatBoost:
        state = read_json(folder / "catboost.json")
        estimator = cls(target, dict(state["settings"]))
        estimator.derived, estimator.iterations = dict(state["derived"]), state["iterations"]
        estimator._outcome = Outcome.from_json(state["outcome"])
        estimator._block = NumericBlock.from_json(state["block"])
        estimator._model = None
        if state["model"]:
            from catboost import CatBoost as Booster

            estimator._model = Booster().load_model(str(folder / "model.cbm"))
        return estimator

    def _train(self, parameters: dict[str, Any], rows: Any, held: Any, training: Training) -> Any:
        """CatBoost's model of the pool `rows`; what it decided and its loss by round are noted."""
        model = train(parameters, rows, held, training)
        self.derived = {**decided(model), "thread_count": training.threads}
        self.curve = thinned([loss * self._outcome.scale for loss in held_losses(model)], training.after)
        return model

    def _rows(
        self,
        numbers: np.ndarray,
        codes: np.ndarray,
        labels: np.ndarray,
        weight: np.ndarray | None,
        first: CatBoost | None = None,
    ) -> Any:
        """n rows to learn from; their predictions begin at what the fitted model `first` says of them."""
        from catboost import Pool

        features = features_data(numbers, codes)
        baseline = None if first is None else first._raw(Pool(features))
        return Pool(features, labels, weight=weight, baseline=baseline)

    def _held(self, validation: Dataset | None, first: CatBoost | None = None) -> Any:
        """The rows that may stop the training, as `_rows` has those to learn from; None when there are none."""
        stopping = self._outcome.stopping(validation)
        if stopping is None:
            return None
        part, labels = stopping
        numbers = self._block.transform(part.columns, np.float32)
        return self._rows(numbers, part.columns.codes, labels, part.weight, first)

    def _pool(self, X: Columns) -> Any:
        """n rows to predict."""
        from catboost import Pool

        return Pool(features_data(self._block.transform(X, np.float32), X.codes))

    def _raw(self, pool: Any) -> np.ndarray:
        """(n,) or (n, k) raw scores."""
        raw = self._model.predict(pool, "RawFormulaVal", thread_count=1 if pool.num_row() < 5_000 else -1)
        return np.asarray(raw, dtype=np.float64)
