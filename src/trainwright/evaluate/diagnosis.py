"""What the figures say about the training: good, overfitting, underfitting, a data issue, unstable, and
what to do.

Figures of any metric are first turned into skill: 0 is the baseline that ignores every column, 1 is
perfect. The
limits below are conventions on that scale; each text gives the figures, so that a reader can judge for
himself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.evaluate.intervals import json_number, validation_interval
from trainwright.tasks.metric import Metric

NO_SKILL = 0.02
PERFECT = 0.9995
SPREAD = 0.15
LITTLE_SKILL = 0.15
WIDE_GAP = 0.10
WIDE_SHARE = 0.25


@dataclass(frozen=True)
class Gap:
    """The generalisation gap: how much better the model does on rows it learned from.

    Args:
        training, validation: means over folds.
        difference: training better than validation by so much, in the metric's units (negative: worse).
        low, high: its interval over folds.
        share: the part of the training skill that new rows do not see; NaN when there is no skill.
        text: what it means.
    """

    training: float
    validation: float
    difference: float
    low: float
    high: float
    share: float
    text: str

    def to_json(self) -> dict[str, Any]:
        return {key: json_number(value) if isinstance(value, float) else value for key, value in vars(self).items()}


@dataclass(frozen=True)
class Diagnosis:
    """A verdict on a training in plain words.

    Args:
        code: "good", "overfitting", "underfitting", "data_issue", "unstable" or "validation_above_training".
        title: the verdict in a few words.
        text: the figures behind it.
        advice: what to do, most useful first.
        gap: the generalisation gap.
    """

    code: str
    title: str
    text: str
    advice: tuple[str, ...]
    gap: Gap

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "title": self.title,
            "text": self.text,
            "advice": list(self.advice),
            "gap": self.gap.to_json(),
        }


ADVICE: dict[str, tuple[str, tuple[str, ...]]] = {
    "good": ("good", ("check the sealed test and the confusion matrix, then use it",)),
    "overfitting": (
        "overfitting",
        (
            "prefer a simpler family or stronger regularisation (fewer leaves, less depth, more rows in a leaf)",
            "remove columns that identify rows, hold many rare values, or give the target away",
            "stop earlier where validation turns while training still improves",
            "collect more rows that represent what will be predicted: the gap shrinks with them",
            "judge by cross-validation: one small validation part may not be representative",
        ),
    ),
    "underfitting": (
        "underfitting",
        (
            "try a more flexible family, less regularisation, or more iterations",
            "add columns that bear on the target",
            "check that the columns were read with the right kinds",
            "tune the learning rate: too low and too high both look like this",
            "check the labels: noisy ones hide the pattern",
        ),
    ),
    "data_issue": (
        "data issue",
        (
            "check how the labels were made and whether they belong to their rows",
            "read the findings about the data, above all on leaks and duplicates",
            "ask what would be known at the moment of prediction",
            "check that classes are not too rare to be learned",
        ),
    ),
    "unstable": (
        "unstable",
        (
            "collect more rows, above all of the rarer class",
            "use repeated cross-validation before comparing candidates",
            "look for groups or periods that differ, and declare them",
            "see whether another seed changes as much: trainwright stability",
        ),
    ),
    "validation_above_training": (
        "validation above training",
        (
            "check whether validation rows are easier: another period, group or class share",
            "look for rows that occur in both parts",
            "with few rows it may be chance: repeat with another seed",
            "strong regularisation can do it too: training scores are then held down on purpose",
        ),
    ),
}
"""Title and advice by code."""


def skill(metric: Metric, values: np.ndarray, baseline: float) -> np.ndarray:
    """(k,) values on the scale where the baseline is 0 and a perfect prediction 1; NaN when the baseline is
    perfect.

    Example:
        >>> from trainwright.data.schema import Target
        >>> from trainwright.tasks import task_for
        >>> area = task_for(Target("y", "classes", ("a", "b"))).metrics["roc_auc"]
        >>> skill(area, np.array([0.9]), 0.5).round(3).tolist()
        [0.8]
    """
    best = (1.0 if metric.high is None else metric.high) if metric.greater_is_better else 0.0
    room = best - baseline
    if room == 0 or not math.isfinite(room):
        return np.full(np.shape(values), np.nan)
    return (np.asarray(values, dtype=float) - baseline) / room


def diagnose(
    metric: Metric,
    training: Sequence[float] | np.ndarray,
    validation: Sequence[float] | np.ndarray,
    baseline: float,
) -> Diagnosis:
    """Judges a candidate by its figures on the folds' training and held-out rows.

    Args:
        metric: what was measured.
        training: (k,) the metric of each fold's model on rows that it learned from.
        validation: (k,) the same on its held-out rows.
        baseline: the metric of the baseline that ignores every column (majority, mean) on held-out rows.
    """
    learned, held = np.asarray(training, dtype=float), np.asarray(validation, dtype=float)
    both = np.isfinite(learned) & np.isfinite(held)
    learned, held = learned[both], held[both]
    t, v = skill(metric, learned, baseline), skill(metric, held, baseline)
    gap = _gap(metric, learned, held, t, v)
    figures = f"{metric.title} {gap.training:.3g} in training, {gap.validation:.3g} in validation, "
    figures += f"{baseline:.3g} for the baseline"
    if len(held) == 0 or not np.isfinite(v).all():
        return _say("data_issue", "the folds do not define the figure, or the baseline is already perfect", gap)
    code, why = _judge(t, v)
    return _say(code, f"{why}: {figures}", gap)


def _judge(t: np.ndarray, v: np.ndarray) -> tuple[str, str]:
    """Code and reason from (k,) skills in training and validation."""
    k, training, validation = len(v), float(t.mean()), float(v.mean())
    spread = float(v.std(ddof=1)) if k > 1 else 0.0
    noise = 2 * spread / math.sqrt(k)
    difference = training - validation
    if validation > PERFECT:
        return "data_issue", "almost perfect on new rows, which more often means a leak than a good model"
    if validation <= max(NO_SKILL, noise if k > 2 else 0.0):
        if training < LITTLE_SKILL:
            return (
                "underfitting",
                "neither training nor new rows are predicted better than without the columns",
            )
        return "data_issue", "the training rows were learned, and nothing of it holds on new rows"
    if k > 2 and (spread > SPREAD or spread > max(WIDE_GAP, 0.5 * validation)):
        return (
            "unstable",
            f"folds differ much ({v.min():.0%} to {v.max():.0%} of the way from baseline to perfect)",
        )
    if -difference > max(NO_SKILL, noise):
        return "validation_above_training", "new rows are predicted better than those it learned from"
    if difference > max(WIDE_GAP, WIDE_SHARE * training):
        return "overfitting", f"{difference / training:.0%} of what it learned does not hold on new rows"
    if training < LITTLE_SKILL:
        return (
            "underfitting",
            "even the rows it learned from are predicted little better than by the baseline",
        )
    return "good", f"{max(0.0, 1 - difference / training):.0%} of what it learned holds on new rows"


def _gap(metric: Metric, training: np.ndarray, validation: np.ndarray, t: np.ndarray, v: np.ndarray) -> Gap:
    if len(training) == 0:
        nan = float("nan")
        return Gap(nan, nan, nan, nan, nan, nan, "no fold defines the gap")
    sign = 1.0 if metric.greater_is_better else -1.0
    found = validation_interval(sign * (training - validation))
    share = float((t.mean() - v.mean()) / t.mean()) if t.mean() > NO_SKILL else float("nan")
    if found.low <= 0 <= found.high:
        text = "no gap that folds can tell from chance"
    elif found.value < 0:
        text = "new rows are predicted better than those it learned from"
    elif share < 0.1:
        text = "a small gap: what it learned holds on new rows"
    elif share <= WIDE_SHARE:
        text = "a moderate gap, usual for trees and boosting: trust the validation figure, not the training one"
    else:
        text = "a wide gap: much of what it learned are peculiarities of its training rows"
    means = float(training.mean()), float(validation.mean())
    return Gap(*means, found.value, found.low, found.high, share, text)


def _say(code: str, text: str, gap: Gap) -> Diagnosis:
    title, advice = ADVICE[code]
    return Diagnosis(code, title, text, advice, gap)
