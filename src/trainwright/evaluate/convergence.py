"""What a training's own curves say: converged, still improving, overfitting and from which step, diverged, ...

Pure functions of losses by step (round, epoch). The limits are conventions on the scale of what the curve gained;
every text gives the figures, so that a reader can judge for himself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.evaluate.formats import number
from trainwright.evaluate.intervals import json_number

FLAT = 0.02  # a curve that moves by less than this share of its level has learned nothing
LITTLE = 0.15  # a training loss that fell by less than this share of its start is still high
RISE = 0.10  # validation lost this share of what it had gained: later steps only memorise
LATE = 0.03  # gained in the last quarter, as a share of all gains, by a curve that still improves
ZIGZAG = 0.20  # mean second difference, as a share of the range, of a curve that jumps
WIDE = 0.50  # share of the training's gain that validation does not see
ABOVE = 0.10  # validation better than training by this share

TITLES = {
    "converged": "converged",
    "still_improving": "still improving",
    "converged_poor": "converged, but poor",
    "overfitting": "overfitting",
    "underfitting": "underfitting",
    "oscillating": "oscillating",
    "diverged": "diverged",
    "plateau": "no progress",
    "validation_above_training": "validation above training",
    "slow": "slow",
    "data_issue": "data issue",
}
"""Title by code."""
HEALTHY = ("converged", "still_improving")


@dataclass(frozen=True)
class Convergence:
    """The verdict on one curve.

    Args:
        code: a key of `TITLES`.
        state: "converged", "still_improving", "converged_poor" or "not_converged": an underfit model converges too, to
            a poor level.
        text: the figures behind it.
        best_step: the step with the best validation (without one, training) figure.
        best, last: that figure there and at the end.
        late_gain: share of all gains made in the last quarter of the steps.
    """

    code: str
    state: str
    text: str
    best_step: float
    best: float
    last: float
    late_gain: float

    @property
    def title(self) -> str:
        return TITLES[self.code]

    def to_json(self) -> dict[str, Any]:
        numbers = {k: json_number(v) for k, v in vars(self).items() if isinstance(v, float)}
        return {**vars(self), **numbers, "title": self.title}


def judge_curve(
    training: Sequence[float] | np.ndarray,
    validation: Sequence[float] | np.ndarray | None = None,
    *,
    steps: Sequence[float] | np.ndarray | None = None,
    score: Sequence[float] | np.ndarray | None = None,
    greater_is_better: bool = False,
    reference: float | None = None,
    kept: float | None = None,
    unit: str = "step",
) -> Convergence:
    """The verdict on a training's curve.

    Args:
        training: (s,) loss, or score, on rows that are learned from.
        validation: (s,) the same on rows that are not, or None.
        steps: (s,) rounds or epochs, ascending; 1, 2, 3, ... when not given.
        score: (s,) a score on validation rows where more is better, such as accuracy beside a loss, or None.
        greater_is_better: the curves are scores, such as accuracy.
        reference: the loss of an answer that ignores every column; tells "poor" from "good".
        kept: the step whose model is kept where an early stop went back to it; what came later harms nobody.
        unit: what a step is called in the text.

    Example:
        >>> judge_curve([2.5, 1.8, 1.2, 0.8], [2.6, 1.9, 1.3, 1.5], unit="epoch").text
        'after epoch 3 validation rises from 1.30 to 1.50 while training goes on from 1.20 to 0.800'
        >>> judge_curve([1.0, 1.8, 0.9, 2.4, 1.3]).code
        'oscillating'
    """
    learned = np.asarray(training, dtype=float)
    at = np.arange(1, len(learned) + 1, dtype=float) if steps is None else np.asarray(steps, dtype=float)
    held = None if validation is None else np.asarray(validation, dtype=float)
    if len(learned) != len(at) or (held is not None and len(held) != len(at)):
        raise ValueError(f"steps, training and validation differ in length: {len(at)}, {len(learned)}")
    broken = ~np.isfinite(learned) | (False if held is None else ~np.isfinite(held))
    if broken.any() or not len(at):
        where = f"at {unit} {at[broken.argmax()]:g}" if len(at) else f"without a single {unit}"
        return Convergence("diverged", "not_converged", f"the loss is no number {where}", *_nothing())
    if greater_is_better:
        top = 1.0 if max(learned.max(), -np.inf if held is None else held.max()) <= 1 else float(learned.max())
        learned, held = top - learned, None if held is None else top - held
    curve = _Curve(at, learned, held, unit, reference, kept)
    code, state, text = _first(
        _unsteady(curve),
        _no_score(curve, None if score is None else np.asarray(score, dtype=float)),
        _memorised(curve),
        _easier(curve),
        _little(curve),
    ) or _settled(curve)
    watched = curve.watched
    best = int(watched.argmin())
    shown = watched if not greater_is_better else top - watched
    return Convergence(code, state, text, float(at[best]), float(shown[best]), float(shown[-1]), curve.late(watched))


def judge_document(curve: Mapping[str, Any]) -> Convergence:
    """The verdict on a curve as the result document has it (`steps`, `training`, `validation`, `reference`, `kept`)."""
    return judge_curve(
        curve["training"],
        curve.get("validation"),
        steps=curve["steps"],
        reference=curve.get("reference"),
        kept=curve.get("kept"),
        unit=str(curve.get("unit") or "step"),
    )


Verdict = tuple[str, str, str]


@dataclass(frozen=True)
class _Curve:
    """Losses, less is better."""

    at: np.ndarray
    training: np.ndarray
    validation: np.ndarray | None
    unit: str
    reference: float | None
    kept: float | None

    @property
    def watched(self) -> np.ndarray:
        return self.training if self.validation is None else self.validation

    def late(self, losses: np.ndarray) -> float:
        """Gained in the last quarter of the steps, as a share of everything gained; at least one interval."""
        gained = float(losses[0] - losses.min())
        if len(losses) < 2 or gained <= 0:
            return 0.0
        begin = self.at[0] + 0.75 * (self.at[-1] - self.at[0])
        before = min(int(np.searchsorted(self.at, begin, side="right")) - 1, len(losses) - 2)
        return float(max(losses[: before + 1].min() - losses[before + 1 :].min(), 0.0)) / gained


def _first(*found: Verdict | None) -> Verdict | None:
    return next((verdict for verdict in found if verdict is not None), None)


def _nothing() -> tuple[float, float, float, float]:
    return math.nan, math.nan, math.nan, math.nan


def _zigzag(losses: np.ndarray) -> bool:
    """Whether the curve jumps up and down: it turns at least twice, and by much of its own range."""
    moves = np.diff(losses)
    reach = float(losses.max() - losses.min())
    if len(moves) < 3 or reach <= FLAT * max(abs(float(losses[0])), 1e-12):
        return False
    telling = moves[np.abs(moves) > 0.05 * reach]
    turns = int((np.diff(np.sign(telling)) != 0).sum())
    return turns >= max(2, 0.3 * (len(moves) - 1)) and float(np.abs(np.diff(moves)).mean()) / 2 > ZIGZAG * reach


def _unsteady(curve: _Curve) -> Verdict | None:
    """Diverged, oscillating, or validation that fluctuates while training falls steadily."""
    losses = curve.training
    span = f"from {number(losses[0])} to {number(losses[-1])}"
    if _zigzag(losses):
        words = f"the training loss jumps between {number(losses.min())} and {number(losses.max())} instead of falling"
        return "oscillating", "not_converged", words
    scale = max(abs(float(losses[0])), 1e-12)
    if losses[-1] - losses[0] > 0.2 * scale:
        return "diverged", "not_converged", f"the training loss grows, {span}"
    if curve.validation is not None and _zigzag(curve.validation):
        held = curve.validation
        words = (
            f"validation jumps between {number(held.min())} and {number(held.max())} while training falls steadily: "
            "too few validation rows, or labels that contradict each other"
        )
        return "data_issue", "not_converged", words
    return None


def _no_score(curve: _Curve, score: np.ndarray | None) -> Verdict | None:
    """A loss that becomes low without any gain in the score that counts."""
    if score is None or len(score) < 3:
        return None
    fell = float(curve.training[0] - curve.training[-1])
    low = fell > 0.5 * max(abs(float(curve.training[0])), 1e-12)
    gained = float(score.max() - score[0])
    if low and gained < FLAT:
        words = (
            f"the training loss fell from {number(curve.training[0])} to {number(curve.training[-1])}, and the "
            f"validation score gained {gained:.2g}"
        )
        return "data_issue", "converged_poor", words
    return None


def _memorised(curve: _Curve) -> Verdict | None:
    """Validation that turns, or stays far behind, while training goes on."""
    held, learned = curve.validation, curve.training
    if held is None or len(held) < 3:
        return None
    last = len(held) - 1
    if curve.kept is not None:
        last = max(int(np.searchsorted(curve.at, curve.kept, side="right")) - 1, 0)
    best = int(held[: last + 1].argmin())
    gained = float(held[0] - held[best])
    rise = float(held[last] - held[best])
    if best < last and learned[last] < learned[best] and rise > RISE * max(gained, FLAT * abs(float(held[0]))):
        words = (
            f"after {curve.unit} {curve.at[best]:g} validation rises from {number(held[best])} to {number(held[last])} "
            f"while training goes on from {number(learned[best])} to {number(learned[last])}"
        )
        return "overfitting", "not_converged", words
    fell = float(learned[0] - learned[last])
    if fell > LITTLE * abs(float(learned[0])) and fell - gained > WIDE * fell:
        words = (
            f"training falls from {number(learned[0])} to {number(learned[last])}, validation only from "
            f"{number(held[0])} to {number(held[last])}: {1 - max(gained, 0.0) / fell:.0%} of what is learned does not "
            "hold on new rows"
        )
        return "overfitting", "converged", words
    return None


def _easier(curve: _Curve) -> Verdict | None:
    """Validation clearly better than training through the later half."""
    held, learned = curve.validation, curve.training
    if held is None or len(held) < 3:
        return None
    half = len(held) // 2
    ahead = learned[half:] - held[half:]
    if ahead.min() > 0 and ahead.mean() > ABOVE * max(float(np.abs(learned[half:]).mean()), 1e-12):
        words = f"validation ends at {number(held[-1])}, better than training at {number(learned[-1])}"
        return "validation_above_training", "converged", words
    return None


def _little(curve: _Curve) -> Verdict | None:
    """A training loss that hardly fell: not at all, slowly but steadily, or until it levelled off too high."""
    losses = curve.training
    if len(losses) < 3:
        return None
    level = max(abs(float(losses[0])), 1e-12)
    fell = float(losses[0] - losses.min())
    pace = np.maximum(-np.diff(losses), 0.0) / np.diff(curve.at)
    last = max(1, round(len(pace) / 4))
    steady = float(pace[-last:].mean()) > 0.33 * float(pace[: max(1, len(pace) // 2)].mean())
    fallen = f"from {number(losses[0])} to {number(losses[-1])} in {curve.at[-1]:g} {curve.unit}s"
    if fell > LITTLE * level or (curve.reference is not None and _skill(curve, losses) > LITTLE):
        return None
    if steady and fell > 0:
        return "slow", "still_improving", f"the training loss falls steadily but slowly, {fallen}"
    if fell <= FLAT * level:
        return "plateau", "converged_poor", f"the training loss does not fall, {fallen}"
    both = "" if curve.validation is None else f", validation {number(curve.validation[-1])}"
    words = f"even the training loss stays high, {fallen}{both}, and it levels off"
    return "underfitting", "converged_poor", words


def _settled(curve: _Curve) -> Verdict:
    """Healthy curves: still improving, converged, or converged at a poor level."""
    watched = curve.watched
    name = "training" if curve.validation is None else "validation"
    late = max(curve.late(curve.training), curve.late(watched)) if len(watched) < 10 else curve.late(watched)
    span = f"{name} from {number(watched[0])} to {number(watched[-1])}"
    if len(watched) < 2:
        return "still_improving", "still_improving", f"one {curve.unit} says nothing yet"
    # A steady fall to the end is not settled, however short the curve.
    if late > LATE:
        share = f"{late:.0%} of the gain came in the last quarter of the {curve.unit}s"
        return "still_improving", "still_improving", f"{span}; {share}"
    if curve.reference is not None and _skill(curve, watched) < LITTLE:
        words = (
            f"{span}, and it levels off {_skill(curve, watched):.0%} of the way from {number(curve.reference)}, the "
            "answer that ignores every column, to perfect"
        )
        return "converged_poor", "converged_poor", words
    return "converged", "converged", f"{span}; nothing more is gained in the last quarter of the {curve.unit}s"


def _skill(curve: _Curve, losses: np.ndarray) -> float:
    """The way from the reference to a loss of 0 that the best step has gone."""
    assert curve.reference is not None
    return 1 - float(losses.min()) / curve.reference if curve.reference > 0 else 0.0
