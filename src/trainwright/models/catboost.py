"""CatBoost: boosted symmetric trees that read categories natively; the strongest single family on most
tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.models.features.numeric import NumericBlock
from trainwright.models.features.outcome import Outcome, pick_output, pushes
from trainwright.models.features.progress import Progress, thinned
from trainwright.models.settings import check_settings
from trainwright.models.spec import Estimator, Report, Setting, Spec
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
        "Gradient boosting with symmetric trees and statistics of categories computed so that a row never "
        "sees its "
        "own label. Strong without tuning, also on small tables and with many categories. Slower to train "
        "than "
        "LightGBM on large tables, and its cost grows with the number of classes."
    ),
    preparation=(
        "Categories and missing values are read natively; dates become calendar parts and days elapsed; "
        "texts become "
        "length, number of words and counts of frequent words."
    ),
    settings=(
        Setting(
            "iterations",
            1000,
            1,
            100_000,
            log=True,
            guidance="Lower it to save time; the learning rate adapts.",
        ),
        Setting(
            "learning_rate",
            None,
            0.001,
            1.0,
            log=True,
            guidance="Leave empty: CatBoost derives it from rows and iterations.",
        ),
        Setting(
            "depth",
            6,
            1,
            12,
            guidance="Raise to 8 for large tables with interactions; cost doubles with each step.",
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
            "random_strength",
            1.0,
            0.0,
            100.0,
            guidance="Noise when choosing splits; raise it against overfitting.",
        ),
        Setting(
            "bagging_temperature",
            None,
            0.0,
            10.0,
            guidance="Given, rows are weighted at random for each tree; 1 is usual.",
        ),
        Setting(
            "rsm",
            1.0,
            0.05,
            1.0,
            guidance="Share of features tried at each split; lower it for hundreds of columns.",
        ),
        Setting(
            "one_hot_max_size",
            None,
            2,
            255,
            guidance="Categories with at most this many values are one-hot encoded.",
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

# Settings that CatBoost knows by the same name.
PASSED = (
    "learning_rate",
    "depth",
    "l2_leaf_reg",
    "random_strength",
    "rsm",
    "one_hot_max_size",
    "max_ctr_complexity",
    "boosting_type",
)
WHOLE = ("depth", "one_hot_max_size", "max_ctr_complexity")
# What CatBoost decided itself and is read back after training.
READ_BACK = (
    "learning_rate",
    "boosting_type",
    "bootstrap_type",
    "subsample",
    "max_ctr_complexity",
    "one_hot_max_size",
    "leaf_estimation_method",
    "leaf_estimation_iterations",
)
# Of these, what trees that are added take over from the first fit.
KEPT = ("learning_rate", "boosting_type", "leaf_estimation_method", "leaf_estimation_iterations")
# Values of a category that added trees tell apart one by one (CatBoost allows 255), with room for held-out rows.
ONE_BY_ONE, ONE_HOT_MOST = 200, 255
# Entries of the model file that differ between equal trainings, or tell nothing a prediction needs.
SCRUBBED = {
    "model_guid": "",
    "train_finish_time": "",
    "training": "{}",
    "output_options": "{}",
    "catboost_version_info": "",
}


class CatBoost(Estimator):
    """CatBoost on native categories; see `SPEC`."""

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
        self._model: Any = None
        self.derived, self.iterations, self.curve = {}, None, None
        numbers = self._block.transform(X, np.float32)
        if self._outcome.constant or not _varies(numbers, X.codes):
            self.derived["constant"] = True
            return self
        from catboost import CatBoost as Booster
        from catboost import Pool

        settings = check_settings(SPEC, self.settings)
        train = Pool(_features(numbers, X.codes), self._outcome.labels(y), weight=sample_weight)
        held = None
        stopping = self._outcome.stopping(validation)
        if stopping is not None:
            part, labels = stopping
            held_numbers = self._block.transform(part.columns, np.float32)
            held = Pool(_features(held_numbers, part.columns.codes), labels, weight=part.weight)
        parameters = self._parameters(settings, seed, threads, stop=held is not None)
        if "learning_rate" not in parameters and "l2_leaf_reg" in parameters:
            parameters["learning_rate"] = _derived_rate(train, held, parameters)
        model = Booster(parameters)
        model.fit(
            train,
            eval_set=held,
            callbacks=None if report is None else [_Callback(report, int(settings["iterations"]))],
        )
        self._read_back(model, threads)
        losses: list[float] = next(iter((model.get_evals_result().get("validation") or {}).values()), [])
        self.curve = thinned([loss * self._outcome.scale for loss in losses])
        metadata = model.get_metadata()
        for key, nothing in SCRUBBED.items():
            metadata[key] = nothing
        self._model = model
        return self

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
    ) -> CatBoost | None:
        """See `Estimator.more`: trees are added that correct what the ones it has get wrong."""
        if self._model is None:
            return None
        labels = self._outcome.labels(y)
        if not np.isfinite(labels).all():
            return None
        from catboost import CatBoost as Booster
        from catboost import sum_models

        grown = CatBoost(self.target, dict(self.settings))
        grown._outcome, grown._block = self._outcome, self._block
        settings = check_settings(SPEC, self.settings)
        before = int(self.iterations or 0)
        settings["iterations"] = max(1, rounds or before)
        if not _varies(self._block.transform(X, np.float32), X.codes):
            return None
        train = self._pool_from_here(X, labels, sample_weight)
        held = None
        stopping = self._outcome.stopping(validation)
        if stopping is not None:
            part, held_labels = stopping
            held = self._pool_from_here(part.columns, held_labels, part.weight)
        parameters = grown._parameters(settings, seed, threads, stop=held is not None)
        # What CatBoost derived from the rows of the first fit holds for the trees that are added.
        parameters |= {name: self.derived[name] for name in KEPT if name in self.derived}
        # Counters of categories belong to the rows of one fit. Two fits' counters of a column cannot stand in one file,
        # and CatBoost's init_model merges them, which changes what the first trees say. Added trees tell categories
        # apart one by one, and leave out columns of too many values for that.
        first = train.num_col() - X.codes.shape[1]
        many = [first + j for j in range(X.codes.shape[1]) if len(np.unique(X.codes[:, j])) > ONE_BY_ONE]
        if len(many) == train.num_col():
            return None
        parameters |= {"one_hot_max_size": ONE_HOT_MOST, "ignored_features": many}
        model = Booster(parameters)
        model.fit(
            train,
            eval_set=held,
            callbacks=None if report is None else [_Callback(report, settings["iterations"])],
        )
        grown._read_back(model, threads)
        grown.derived["learned_on_from"] = before
        losses: list[float] = next(iter((model.get_evals_result().get("validation") or {}).values()), [])
        grown.curve = thinned([loss * grown._outcome.scale for loss in losses], before)
        both = sum_models([self._model, model], ctr_merge_policy="FailIfCtrIntersects")
        metadata = both.get_metadata()
        for key in list(metadata.keys()):
            metadata[key] = SCRUBBED.get(key.split(":")[-1], "") if ":" in key else SCRUBBED.get(key, metadata[key])
        grown._model, grown.iterations = both, int(both.tree_count_)
        return grown

    def _pool_from_here(self, X: Columns, labels: np.ndarray, weight: np.ndarray | None) -> Any:
        """n rows whose predictions begin at what this model says of them."""
        from catboost import Pool

        features = _features(self._block.transform(X, np.float32), X.codes)
        return Pool(features, labels, weight=weight, baseline=self._raw(X))

    def predict(self, X: Columns) -> np.ndarray:
        if self._model is None:
            return self._outcome.constants(len(X))
        return self._outcome.predictions(self._raw(X))

    def staged(self, X: Columns, rounds: list[int]) -> list[np.ndarray] | None:
        """See `Estimator.staged`."""
        if self._model is None:
            return None
        total: Any = 0.0
        begin, out = 0, []
        from catboost import Pool

        pool = Pool(_features(self._block.transform(X, np.float32), X.codes))
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
        from catboost import Pool

        pool = Pool(_features(self._block.transform(X, np.float32), X.codes))
        shap = np.asarray(self._model.get_feature_importance(pool, type="ShapValues"))[..., :-1]
        chosen = pick_output(shap, self._raw(X), self._outcome, self.target.positive_index)
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

    def _raw(self, X: Columns) -> np.ndarray:
        """(n,) or (n, k) raw scores."""
        from catboost import Pool

        pool = Pool(_features(self._block.transform(X, np.float32), X.codes))
        raw = self._model.predict(pool, "RawFormulaVal", thread_count=1 if len(X) < 5_000 else -1)
        return np.asarray(raw, dtype=np.float64)

    def _parameters(self, settings: dict[str, Any], seed: int, threads: int, *, stop: bool) -> dict[str, Any]:
        """CatBoost's own parameters for these settings."""
        # Only what differs from the default is named: CatBoost derives its learning rate and the steps per
        # leaf from the data only while parameters such as l2_leaf_reg are left alone.
        defaults = SPEC.defaults()
        parameters: dict[str, Any] = {
            name: int(settings[name]) if name in WHOLE else settings[name]
            for name in PASSED
            if settings[name] != defaults[name]
        }
        parameters |= {"iterations": settings["iterations"], "border_count": settings["border_count"]}
        if settings["bagging_temperature"] is not None:
            parameters |= {
                "bootstrap_type": "Bayesian",
                "bagging_temperature": settings["bagging_temperature"],
            }
        if self.target.task == "number":
            parameters["loss_function"] = "RMSE"
        elif self._outcome.outputs == 1:
            parameters["loss_function"] = "Logloss"
        else:
            parameters |= {"loss_function": "MultiClass", "classes_count": self._outcome.outputs}
        if stop:
            parameters |= {"use_best_model": True, "early_stopping_rounds": settings["patience"]}
        return parameters | {
            "random_seed": seed,
            "thread_count": threads,
            "allow_writing_files": False,
            "logging_level": "Silent",
        }

    def _read_back(self, model: Any, threads: int) -> None:
        """Records what CatBoost decided itself, so that the fit can be repeated from its record."""
        decided = model.get_all_params()
        self.derived = {name: decided[name] for name in READ_BACK if name in decided}
        self.derived["thread_count"] = threads
        self.iterations = int(model.tree_count_)


class _Callback:
    """CatBoost's callback: hands its progress on and never stops it."""

    def __init__(self, report: Report, total: int):
        self._progress = Progress(report, "catboost", total)

    def after_iteration(self, info: Any) -> bool:
        """Called by CatBoost after each iteration; True goes on."""
        part = info.metrics.get("validation") or info.metrics.get("learn") or {}
        losses: list[float] = next(iter(part.values()), [])
        self._progress.step(info.iteration, float(losses[-1]) if losses else None)
        return True


class _StopAtOnce:
    """Ends a training after its first iteration."""

    def after_iteration(self, info: Any) -> bool:
        """Called by CatBoost after each iteration; False stops."""
        return False


def _derived_rate(train: Any, held: Any, parameters: dict[str, Any]) -> float:
    """The learning rate that CatBoost would derive if l2_leaf_reg were left alone: it gives up deriving it
    (and takes 0.03) as soon as that parameter is named, so one iteration is trained without it."""
    from catboost import CatBoost as Booster

    left_alone = {name: value for name, value in parameters.items() if name != "l2_leaf_reg"}
    probe = Booster(left_alone).fit(train, eval_set=held, callbacks=[_StopAtOnce()])
    return float(probe.get_all_params()["learning_rate"])


_WORDS = np.array([str(code).encode() for code in range(-2, 1024)], dtype=object)


def _words(top: int) -> np.ndarray:
    """Spellings of the codes -2..top as bytes, kept between calls because one row must be quick."""
    global _WORDS
    if len(_WORDS) < top + 3:
        _WORDS = np.array([str(code).encode() for code in range(-2, 2 * top + 1)], dtype=object)
    return _WORDS


def _features(numbers: np.ndarray, codes: np.ndarray) -> Any:
    """The two blocks as CatBoost reads them fastest: (n, p) float32 and (n, q) spelled codes."""
    from catboost import FeaturesData

    if not codes.shape[1]:
        return FeaturesData(num_feature_data=numbers)
    spelled = _words(int(codes.max(initial=0)))[codes + 2]
    return FeaturesData(num_feature_data=numbers if numbers.shape[1] else None, cat_feature_data=spelled)


def _varies(numbers: np.ndarray, codes: np.ndarray) -> bool:
    """Whether any column has two different values; CatBoost refuses tables where none has."""
    if codes.size and (codes != codes[0]).any():
        return True
    if not numbers.size:
        return False
    first = numbers[0]
    return bool(((numbers != first) & ~(np.isnan(numbers) & np.isnan(first))).any())
