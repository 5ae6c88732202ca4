"""Several finished candidates made into one: a greedy average or a stacked second level, and what may be scored of it.

What predicts is fitted on all out-of-fold rows; what is scored comes from weights that the row's fold had no part in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trainwright.packages.second_level import SecondLevel
from trainwright.tasks import Metric
from trainwright.training.ensemble import Loss, blend, cross_fitted, greedy_weights
from trainwright.training.scores import OutOfFold
from trainwright.training.stacking import Rows, blocks_of, cross_fitted_stack, fit_second_level
from trainwright.training.trials import Trial, Work

NONE, GREEDY, BAGGING, STACKING = "none", "greedy", "bagging", "stacking"
# Names of the candidates that are made of several models; each is a family of its own in the leaderboard.
ENSEMBLE = "ensemble"
TITLES = {
    GREEDY: "a weighted average of several models",
    BAGGING: "one model fitted on several parts of the rows, averaged",
    STACKING: "several models, weighed by a second one",
}


@dataclass(frozen=True)
class Combined:
    """Several candidates as one.

    Args:
        kind: "greedy" or "stacking".
        name: in the leaderboard.
        weights: by member, its share; they add up to 1.
        prediction: (n, k) or (n,) what it says about the out-of-fold rows as it will be packaged.
        honest: the same from weights that each row's own fold had no part in: what may be scored.
        level: the second level of stacking, or None for an average.
    """

    kind: str
    name: str
    weights: dict[str, float]
    prediction: np.ndarray
    honest: np.ndarray
    level: SecondLevel | None = None

    def mix(self, parts: Mapping[str, np.ndarray]) -> np.ndarray:
        """The predictions of every member, by name, as one, before calibration."""
        if self.level is None:
            return blend([parts[name] for name in self.weights], np.array(list(self.weights.values())))
        return self.level.apply(parts)

    @property
    def pull(self) -> dict[str, float]:
        """By member, what its log-odds or its number are multiplied by."""
        return self.weights if self.level is None or not self.level.bias else self.level.weights


def kind_of(asked: bool | str) -> str:
    """The kind of ensemble that `training.ensemble` asks for.

    Example:
        >>> kind_of(True), kind_of(False), kind_of("stacking")
        ('greedy', 'none', 'stacking')
    """
    if isinstance(asked, str):
        return asked
    return GREEDY if asked else NONE


def combine(
    kind: str,
    names: Sequence[str],
    oof: OutOfFold,
    loss: Loss,
    *,
    units: np.ndarray | None = None,
    seed: int = 0,
) -> Combined | None:
    """The candidates as one; None where fewer than two of them earn a weight, or no combination was asked for.

    Args:
        kind: see `kind_of`; bagging is a candidate by itself, see `bagging`.
        names: candidates that may be members, with predictions in `oof`.
        oof: out-of-fold rows and predictions.
        loss: what greedy weights minimise.
        units: (n,) groups or stretches of time that stay whole where a single validation part is cut; see
            `Columns.units`.
        seed: of the draws of stacking.
    """
    if len(names) < 2:
        return None
    if kind == GREEDY:
        return _greedy(names, oof, loss)
    if kind == STACKING:
        return _stacked(names, oof, units, seed)
    return None


def _greedy(names: Sequence[str], oof: OutOfFold, loss: Loss) -> Combined | None:
    parts = [oof.predictions[name] for name in names]
    found = greedy_weights(parts, oof.y, loss, sample_weight=oof.weight)
    weights = {name: float(w) for name, w in zip(names, found) if w > 0}
    if len(weights) < 2:
        return None
    honest = cross_fitted(parts, oof.y, oof.fold, loss, sample_weight=oof.weight)
    prediction = blend([oof.predictions[name] for name in weights], np.array(list(weights.values())))
    return Combined(GREEDY, ENSEMBLE, weights, prediction, honest)


def _stacked(names: Sequence[str], oof: OutOfFold, units: np.ndarray | None, seed: int) -> Combined | None:
    predictions = {name: oof.predictions[name] for name in names}
    n_classes = next(iter(predictions.values())).shape[1] if next(iter(predictions.values())).ndim == 2 else 0
    rows = Rows(predictions, oof.y, blocks_of(oof.fold, oof.y, units, seed=seed, n_classes=n_classes), oof.weight)
    level = fit_second_level(rows, seed=seed)
    kept = {name: weight for name, weight in level.weights.items() if weight > 0}
    if len(kept) < 2:
        return None
    level = SecondLevel(kept, level.bias, level.floor)
    total = sum(kept.values())
    shares = {name: weight / total for name, weight in kept.items()}
    return Combined(STACKING, STACKING, shares, level.apply(predictions), cross_fitted_stack(rows, seed=seed), level)


def blend_training(trials: Sequence[Trial], combined: Combined, work: Work, metric: Metric) -> np.ndarray:
    """(f,) the metric of the combined members on a sample of each fold's training rows.

    Members that learned from a sample of their own were scored on other rows: then the heaviest member's rows count,
    and the average of those that were scored on them.
    """
    weights = combined.weights
    members = [next(t for t in trials if t.name == name) for name in weights]
    heaviest = max(members, key=lambda t: weights[t.name])
    out = []
    for index in sorted(heaviest.fits):
        rows = heaviest.fits[index].training_rows
        same = [t for t in members if np.array_equal(t.fits[index].training_rows, rows)]
        parts = {t.name: t.fits[index].training_prediction for t in same}
        if len(same) == len(members):
            blended = combined.mix(parts)
        else:
            share = np.array([weights[t.name] for t in same])
            blended = blend(list(parts.values()), share / share.sum())
        out.append(work.score(metric, rows, np.asarray(blended)))
    return np.asarray(out)
