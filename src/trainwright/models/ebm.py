"""The explainable boosting machine: boosting that learns one shape per column and a few pairs, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.models.additive import Additive, Bins, Term
from trainwright.models.extras import require
from trainwright.models.features.levels import Levels
from trainwright.models.features.numeric import NumericBlock, varying
from trainwright.models.features.outcome import Outcome, pick_output, pushes
from trainwright.models.inner import inner_folds
from trainwright.models.settings import check_settings
from trainwright.models.spec import Estimator, Report, Setting, Spec
from trainwright.models.storage import read_arrays, read_json, write_arrays, write_json

if TYPE_CHECKING:
    from trainwright.data.columns import Columns, Dataset
    from trainwright.data.schema import Target

SPEC = Spec(
    name="ebm",
    title="Explainable boosting machine",
    estimator="trainwright.models.ebm:ExplainableBoosting",
    tasks=("classes", "number"),
    complexity=25,  # a sum of curves is simpler than a forest
    explainability="high",
    explanation="The prediction is a sum of one term per column and a few pairs; the terms' shapes are the model.",
    upkeep="None: arrays, predictions by NumPy alone; training needs the extra 'explain'.",
    page=(
        "Boosting that visits one column at a time, so that what it learned can be drawn: for each column a curve that "
        "says how much each value adds, and for a few pairs of columns a table. Often within a point of the strongest "
        "boosters, and the only strong family that can be read and checked line by line by those who know the subject. "
        "It cannot use interactions of three columns, and with more than two classes it learns no pairs."
    ),
    preparation=(
        "Numbers are cut into bins, missing is a bin of its own. The 200 most frequent values of a category each have "
        "their own score, rare and new ones share one. Dates become calendar parts; texts become length, number of "
        "words and counts of frequent words."
    ),
    settings=(
        Setting(
            "max_rounds", 2000, 1, 50_000, log=True, guidance="A ceiling: each bag stops by rows that it left out."
        ),
        Setting("learning_rate", 0.04, 0.001, 1.0, log=True, guidance="Lower it for smoother shapes, at more time."),
        Setting("interactions", 10, 0, 100, guidance="Pairs of columns to learn; 0 gives a model of curves alone."),
        Setting("max_bins", 128, 8, 4096, log=True, guidance="Cut points per number; lower it for smoother shapes."),
        Setting("max_leaves", 2, 2, 16, guidance="Steps that one round may add to a shape."),
        Setting("min_samples_leaf", 4, 1, 10_000, log=True, guidance="Raise it when shapes are ragged."),
        Setting("bags", 2, 1, 50, guidance="Models averaged in each fold, stopped by other rows; more are smoother."),
        Setting("patience", 50, 1, 10_000, guidance="Rounds without improvement before a bag stops."),
    ),
    iterations="max_rounds",
    cost=1.0,
    extra="explain",
)

TOLERANCE = 1e-4  # relative improvement below which a round counts as none
PAIR_BINS = 32  # per column of a pair
FEWEST_TO_STOP = 40  # rows below which none can be spared to stop the training
FEW_ROUNDS = 100  # rounds then


class ExplainableBoosting(Estimator):
    """A sum of shapes learned by boosting; see `SPEC`."""

    _model: Additive | None

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
    ) -> ExplainableBoosting:
        settings = check_settings(SPEC, self.settings)
        self._outcome = Outcome.learn(y, sample_weight, self.target)
        self._block = NumericBlock.learn(X, y, len(self.target.classes))
        self._levels = Levels.learn(X.codes)
        self._model = None
        self.derived, self.iterations = {}, None
        values = self._values(X)
        self._kept = np.flatnonzero(varying(values))
        if self._outcome.constant or not len(self._kept):
            self.derived["constant"] = True
            return self
        require([SPEC])
        labels, weight, held = self._outcome.labels(y), sample_weight, None
        if validation is not None:
            inner = self._outcome.labels(validation.y)
            known = np.flatnonzero(np.isfinite(inner))  # without classes that the training rows lack
            part = validation.take(known)
            held = np.repeat([False, True], [len(y), len(known)])
            values = np.concatenate([values, self._values(part.columns)])
            labels = np.concatenate([labels, inner[known]])
            if weight is not None:
                weight = np.concatenate([weight, np.ones(len(known)) if part.weight is None else part.weight])
        bags = self._bags(labels, held, X.units, int(settings["bags"]), seed)
        n_numbers = int((self._kept < values.shape[1] - X.codes.shape[1]).sum())
        machine = self._machine(settings, bags, seed, n_numbers)
        rows = np.arange(len(labels)) if weight is None else np.flatnonzero(weight > 0)
        machine.fit(
            values[np.ix_(rows, self._kept)],
            labels[rows] if self.target.task == "number" else labels[rows].astype(np.int64),
            sample_weight=None if weight is None else weight[rows],
            bags=None if bags is None else bags[rows],
        )
        self._model = _taken_over(machine, self._kept)
        steps = np.asarray(machine.best_iteration_)[0]  # (bags,) of the curves; an entry is a step of one term
        self.iterations = max(1, int(np.ceil(np.max(steps) / len(self._kept))))
        pairs = sum(len(term.features) > 1 for term in self._model.terms)
        self.derived |= {"bags": 1 if bags is None else bags.shape[1], "pairs": pairs}
        return self

    def predict(self, X: Columns) -> np.ndarray:
        if self._model is None:
            return self._outcome.constants(len(X))
        raw = self._model.raw(self._values(X))
        return self._outcome.predictions(raw[:, 0] if self._outcome.outputs == 1 else raw)

    def contributions(self, X: Columns) -> dict[str, np.ndarray] | None:
        """Exact by construction: the term of a column, and half of each pair that it is part of."""
        if self._model is None:
            return pushes(np.zeros((len(X), 0)), [], X.layout.names)
        values = self._values(X)
        added = self._model.pushes(values)  # (n, outputs, terms)
        one = self._outcome.outputs == 1
        raw = self._model.raw(values)
        chosen = pick_output(added[:, 0] if one else added, raw, self._outcome, self.target.positive_index)
        return pushes(chosen, self._columns_of_terms(X), X.layout.names)

    def terms(self, X: Columns) -> dict[tuple[str, ...], np.ndarray]:
        """What each term adds, by the one or two original columns it reads.

        Returns:
            (n, 1) on the number, in its unit, or on the log-odds of the positive class; (n, k) on the score of each
            class when there are more than two.
        """
        if self._model is None:
            return {}
        added = self._model.pushes(self._values(X))
        outcome = self._outcome
        if outcome.outputs == 1:
            turned = outcome.task == "classes" and outcome.present[1] != self.target.positive_index
            added = added * (-1.0 if turned else outcome.scale)
        elif outcome.width > outcome.outputs:
            full = np.zeros((len(X), outcome.width, added.shape[2]))
            full[:, outcome.present] = added
            added = full
        out: dict[tuple[str, ...], np.ndarray] = {}
        for t, columns in enumerate(self._columns_of_terms(X)):
            name = tuple(dict.fromkeys(columns))  # two calendar parts of one date are that date
            out[name] = out.get(name, 0.0) + added[:, :, t]
        return out

    def save(self, folder: Path) -> None:
        state: dict[str, Any] = {
            "outcome": self._outcome.to_json(),
            "block": self._block.to_json(),
            "levels": self._levels.to_json(),
            "kept": self._kept.tolist(),
            "settings": self.settings,
            "derived": self.derived,
            "iterations": self.iterations,
            "terms": None,
        }
        if self._model is not None:
            state["terms"], arrays = self._model.state()
            write_arrays(folder / "ebm.npz", **arrays)
        write_json(folder / "ebm.json", state)

    @classmethod
    def load(cls, folder: Path, target: Target) -> ExplainableBoosting:
        state = read_json(folder / "ebm.json")
        estimator = cls(target, dict(state["settings"]))
        estimator.derived, estimator.iterations = dict(state["derived"]), state["iterations"]
        estimator._outcome = Outcome.from_json(state["outcome"])
        estimator._block = NumericBlock.from_json(state["block"])
        estimator._levels = Levels.from_json(state["levels"])
        estimator._kept = np.array(state["kept"], dtype=np.int64)
        estimator._model = None
        if state["terms"] is not None:
            estimator._model = Additive.restore(state["terms"], read_arrays(folder / "ebm.npz", "intercept"))
        return estimator

    def _values(self, X: Columns) -> np.ndarray:
        """(n, p) float64: the numeric block, then the ranks of the categories."""
        return np.concatenate([self._block.transform(X, np.float64), self._levels.transform(X.codes)], axis=1)

    def _columns_of_terms(self, X: Columns) -> list[tuple[str, ...]]:
        """For each term the original columns that it reads."""
        assert self._model is not None
        parents = self._block.parents(X.layout) + [(name,) for name in X.layout.categories]
        return [tuple(name for j in term.features for name in parents[j]) for term in self._model.terms]

    def _bags(
        self, labels: np.ndarray, held: np.ndarray | None, units: np.ndarray | None, count: int, seed: int
    ) -> np.ndarray | None:
        """(n, bags) int8: 1 learn from the row, -1 let it stop the training, 0 leave it out; None: learn from all.

        Each bag leaves out another part of the training rows, whole units together. Rows given to stop the training
        stop every bag; otherwise the part left out does."""
        own = np.arange(len(labels)) if held is None else np.flatnonzero(~held)
        if len(own) < FEWEST_TO_STOP and held is None:
            return None
        classes = len(self._outcome.present)
        parts = max(count, 6)  # a sixth is enough to stop by
        folds = inner_folds(
            labels[own] if not classes else labels[own].astype(np.int64), parts, seed, n_classes=classes, units=units
        )
        bags = np.ones((len(labels), count), dtype=np.int8)
        if held is not None:
            bags[held] = -1
        for b in range(count):
            if held is None or count > 1:
                bags[own[folds == b], b] = -1 if held is None else 0
            for c in range(classes):  # a class must not be left out altogether
                rows = own[labels[own] == c]
                if not (bags[rows, b] == 1).any():
                    bags[rows, b] = 1
            if (bags[:, b] == 1).sum() < 2:
                bags[own, b] = 1
        return bags

    def _machine(self, settings: dict[str, Any], bags: np.ndarray | None, seed: int, n_numbers: int) -> Any:
        """The library's own estimator for these settings."""
        import warnings

        from interpret.glassbox import ExplainableBoostingClassifier, ExplainableBoostingRegressor

        # It warns that its own drawings leave missing values out; ours do not.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"interpret\.")
        kind = ExplainableBoostingRegressor if self.target.task == "number" else ExplainableBoostingClassifier
        n = len(self._kept)
        most_pairs = n * (n - 1) // 2 if self._outcome.outputs == 1 else 0
        rounds = int(settings["max_rounds"])
        return kind(
            feature_types=["continuous"] * n_numbers + ["nominal"] * (n - n_numbers),
            max_bins=int(settings["max_bins"]),
            max_interaction_bins=min(PAIR_BINS, int(settings["max_bins"])),
            interactions=min(int(settings["interactions"]), most_pairs),
            outer_bags=1 if bags is None else bags.shape[1],
            validation_size=0 if bags is None else 0.15,  # with bags given only their rows stop the training
            learning_rate=settings["learning_rate"],
            max_rounds=min(rounds, FEW_ROUNDS) if bags is None else rounds,
            early_stopping_rounds=int(settings["patience"]),
            early_stopping_tolerance=TOLERANCE,
            max_leaves=int(settings["max_leaves"]),
            min_samples_leaf=int(settings["min_samples_leaf"]),
            n_jobs=1,  # its own workers would be processes
            random_state=seed % 2**31,
        )


def _taken_over(machine: Any, kept: np.ndarray) -> Additive:
    """The library's model as arrays of our own, so that predicting needs no library."""
    terms = []
    for features, scores in zip(machine.term_features_, machine.term_scores_):
        bins = []
        for axis, feature in enumerate(features):
            levels = machine.bins_[feature]
            cut = levels[min(len(levels), len(features)) - 1]
            size = scores.shape[axis]
            if isinstance(cut, dict):
                place = np.full(max((int(float(rank)) for rank in cut), default=0) + 1, size - 1, dtype=np.int64)
                for rank, position in cut.items():
                    place[int(float(rank))] = position
                bins.append(Bins(None, place, size))
            else:
                bins.append(Bins(np.asarray(cut, dtype=np.float64), None, size))
        table = np.asarray(scores, dtype=np.float64)
        table = table.reshape(*table.shape, 1) if table.ndim == len(features) else table
        terms.append(Term(tuple(int(kept[j]) for j in features), tuple(bins), table))
    return Additive(np.atleast_1d(np.asarray(machine.intercept_, dtype=np.float64)), tuple(terms))
