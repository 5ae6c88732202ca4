"""Gives rare classes more say: class weights, or rows copied, left out or made up, on a fold's training rows alone.

Off unless asked for. It is applied to the rows that one fit learns from, after the rows that may stop the training
were cut off: held-out rows, stopping rows and test rows keep the mix of classes that they have. What it does to the
probabilities is undone afterwards: see `recalibrate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.data.columns import Dataset
from trainwright.data.schema import Target
from trainwright.errors import UserError

if TYPE_CHECKING:
    from trainwright.config.training import TrainingSettings

# Copies and made-up rows never make a table more than this many times as long.
LONGEST = 4.0
# Under-sampling leaves every class at least this many of its rows: the rarest class alone may be a handful.
FEWEST = 50
# SMOTE makes at most this many rows for one fit, and looks for neighbours among at most so many rows of a class.
MOST_MADE, MOST_SOURCES = 20_000, 4_000
TITLES = {
    "weights": "class weights",
    "over": "over-sampling (rows of rare classes are copied)",
    "under": "under-sampling (rows of frequent classes are left out)",
    "smote": "SMOTE (rows of rare classes are made up between neighbours)",
}


@dataclass(frozen=True)
class Rebalanced:
    """What the rows of one fit became.

    Args:
        dataset: what the fit learns from.
        before, after: (k,) rows of each class.
        weight: (k,) weight of a row of each class, 1 without class weights.
    """

    dataset: Dataset
    before: np.ndarray
    after: np.ndarray
    weight: np.ndarray

    @property
    def shift(self) -> np.ndarray:
        """(k,) how much more a row of each class counts than before, as the learner sees it: 1 on average."""
        ratio = np.where(self.before > 0, self.after * self.weight / np.maximum(self.before, 1), 1.0)
        return ratio * self.before.sum() / max(float((ratio * self.before).sum()), 1e-300)

    def to_json(self) -> dict[str, list[float]]:
        """Rows and weights by position of the class, as the record of a trial keeps them."""
        return {
            "before": [int(n) for n in self.before],
            "after": [int(n) for n in self.after],
            "weight": [round(float(w), 6) for w in self.weight],
        }


@dataclass(frozen=True)
class Rebalance:
    """What is asked for.

    Args:
        kind: "weights", "over", "under" or "smote".
        target: whose classes are meant.
        weights: for "weights", by class; classes without one count 1. Empty: the rarer, the heavier ("balanced").

    Example:
        >>> target = Target("y", "classes", ("no", "yes"), positive="yes")
        >>> Rebalance("over", target).goals(np.array([90, 10])).tolist()
        [90, 90]
        >>> Rebalance("weights", target).class_weights(np.array([90.0, 10.0])).round(2).tolist()
        [0.56, 5.0]
    """

    kind: str
    target: Target
    weights: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, class_weight: Any, resample: str | None, target: Target) -> Rebalance | None:
        """What the two keys ask for; None when they ask for nothing.

        Args:
            class_weight: None, "balanced" or a mapping from class to weight.
            resample: None, "none", "over", "under" or "smote".
            target: what is predicted.

        Raises:
            UserError: the target is a number, both are asked for, or a class is not one of the target's.
            EnvironmentProblem: SMOTE is asked for and imbalanced-learn is not installed.
        """
        kind = None if resample in (None, "none") else str(resample)
        if class_weight is None and kind is None:
            return None
        asked = "class_weight" if kind is None else f"resample: {kind}"
        if target.task != "classes":
            raise UserError(
                f"{asked} is for classes, but the target {target.column!r} is a number",
                remedy="leave it out; for numbers give rows a weight of their own with a weight column",
            )
        if class_weight is not None and kind is not None:
            raise UserError(
                f"class_weight and resample: {kind} both give rare classes more say",
                remedy="give one of them",
            )
        if kind == "smote":
            from trainwright.training.smote import require

            require()
        weights = {}
        if isinstance(class_weight, Mapping):
            weights = {str(name): float(value) for name, value in class_weight.items()}
            unknown = [name for name in weights if name not in target.classes]
            if unknown:
                raise UserError(
                    f"class_weight names the class {unknown[0]!r}, which the target {target.column!r} does not have",
                    remedy=f"its classes: {', '.join(target.classes[:20])}",
                )
        return cls(kind or "weights", target, weights)

    @classmethod
    def from_settings(cls, settings: TrainingSettings, target: Target) -> Rebalance | None:
        """What a run's settings ask for; raises as `of`."""
        return cls.of(settings.class_weight, settings.resample, target)

    @property
    def title(self) -> str:
        """The way in words."""
        return TITLES[self.kind]

    def goals(self, counts: np.ndarray) -> np.ndarray:
        """(k,) rows of each class afterwards.

        Over-sampling and SMOTE bring every class up to the largest, within `LONGEST` and `MOST_MADE`; under-sampling
        brings every class down to the smallest, but not below `FEWEST` rows. Classes without rows stay without.

        Args:
            counts: (k,) rows of each class that the fit learns from.
        """
        present = counts > 0
        if self.kind == "weights" or present.sum() < 2:
            return counts.copy()
        if self.kind == "under":
            level = max(int(counts[present].min()), FEWEST)
            return np.minimum(counts, level)
        most = LONGEST * counts.sum()
        if self.kind == "smote":
            most = min(most, counts.sum() + MOST_MADE)
        level = _level(counts[present], most)
        return np.where(present, np.maximum(counts, level), 0)

    def class_weights(self, mass: np.ndarray) -> np.ndarray:
        """(k,) weights of the classes; multiplied with `mass` they leave its sum as it is, so only ratios matter.

        Args:
            mass: (k,) rows, or summed sample weights, of each class.
        """
        present = mass > 0
        if self.weights:
            raw = np.array([self.weights.get(name, 1.0) for name in self.target.classes])
        else:
            raw = np.where(present, 1.0 / np.where(present, mass, 1.0), 1.0)
        total = float((raw * mass).sum())
        return raw * mass.sum() / total if total > 0 else np.ones(len(mass))

    def apply(self, learn: Dataset, seed: int) -> Rebalanced:
        """The rows that a fit learns from, rebalanced; the same seed gives the same rows.

        Rows stay in their order, with copies behind their originals. Copies, and rows made from others, share the
        unit of their original, so that no family parts them within its own training rows.

        Args:
            learn: n rows of the fold's training part; nothing else is looked at.
            seed: of the fit.
        """
        k = len(self.target.classes)
        counts = np.bincount(learn.y, minlength=k)
        ones = np.ones(k)
        if (counts > 0).sum() < 2:
            return Rebalanced(learn, counts, counts, ones)
        if self.kind == "weights":
            rows = np.ones(len(learn)) if learn.weight is None else learn.weight
            weights = self.class_weights(np.bincount(learn.y, weights=rows, minlength=k))
            return Rebalanced(replace(learn, weight=rows * weights[learn.y]), counts, counts, weights)
        goals = self.goals(counts)
        rng = np.random.default_rng([seed, 7])
        if self.kind == "smote":
            from trainwright.training.smote import with_made_up_rows

            made = with_made_up_rows(_with_units(learn), counts, goals, rng)
            return Rebalanced(made, counts, np.bincount(made.y, minlength=k), ones)
        parts = [_drawn(np.flatnonzero(learn.y == c), int(goals[c]), rng) for c in range(k) if counts[c]]
        if self.kind == "over":
            learn = _with_units(learn)
        return Rebalanced(learn.take(np.sort(np.concatenate(parts))), counts, goals, ones)


def stopping_rows(validation: Dataset, shift: np.ndarray) -> Dataset:
    """The rows that may stop the training: the same rows, weighed like the classes of the rows that are learned.

    None is copied or left out. Without the weights the loss on them would be about another mix of classes than the
    one that is learned, and would stop the training at the wrong round.

    Args:
        validation: rows cut from the fold's training part.
        shift: (k,) of `Rebalanced.shift`.
    """
    rows = np.ones(len(validation)) if validation.weight is None else validation.weight
    return replace(validation, weight=rows * shift[validation.y])


def _level(counts: np.ndarray, most: float) -> int:
    """The number of rows that every class is brought up to: the largest class, or less when the sum would pass
    `most`."""
    level = int(counts.max())
    if np.maximum(counts, level).sum() <= most:
        return level
    low, high = 0, level  # low keeps within `most`, high does not
    while high - low > 1:
        middle = (low + high) // 2
        if np.maximum(counts, middle).sum() <= most:
            low = middle
        else:
            high = middle
    return low


def _drawn(rows: np.ndarray, goal: int, rng: np.random.Generator) -> np.ndarray:
    """`goal` of these rows: all of them as often as they fit, the rest drawn without repetition."""
    whole, rest = divmod(goal, len(rows))
    return np.concatenate([np.tile(rows, whole), rng.choice(rows, rest, replace=False)])


def _with_units(learn: Dataset) -> Dataset:
    """The rows, each its own unit where it has none yet."""
    if learn.columns.units is not None:
        return learn
    return replace(learn, columns=replace(learn.columns, units=np.arange(len(learn), dtype=np.int64)))
