"""The rules behind the verdict on a training's curve, each a pure function of losses by step; see `convergence`.

The limits are conventions on the scale of what the curve gained.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trainwright.evaluate.formats import number

FLAT = 0.02  # a curve that moves by less than this share of its level has learned nothing
LITTLE = 0.15  # a training loss that fell by less than this share of its start is still high
RISE = 0.10  # validation lost this share of what it had gained: later steps only memorise
LATE = 0.03  # gained in the last quarter, as a share of all gains, by a curve that still improves
ZIGZAG = 0.20  # mean second difference, as a share of the range, of a curve that jumps
WIDE = 0.50  # share of the training's gain that validation does not see
ABOVE = 0.10  # validation better than training by this share

Verdict = tuple[str, str, str]


@dataclass(frozen=True)
class Curve:
    """Losses, less is better."""

    at: np.ndarray
    training: np.ndarray
    validation: np.ndarray | None
    unit: str
    reference: float | None
    kept: float | None

    @property
    def watched(self) -> np.ndarray:
        """(s,) the losses that tell how good it is: on validation rows, else on the rows that are learned from."""
        return self.training if self.validation is None else self.validation

    def late(self, losses: np.ndarray) -> float:
        """Gained in the last quarter of the steps, as a share of everything gained; at least one interval."""
        gained = float(losses[0] - losses.min())
        if len(losses) < 2 or gained <= 0:
            return 0.0
        begin = self.at[0] + 0.75 * (self.at[-1] - self.at[0])
        before = min(int(np.searchsorted(self.at, begin, side="right")) - 1, len(losses) - 2)
        return float(max(losses[: before + 1].min() - losses[before + 1 :].min(), 0.0)) / gained


def first(*found: Verdict | None) -> Verdict | None:
    """The first verdict that was reached; None when no rule applies."""
    return next((verdict for verdict in found if verdict is not None), None)


def nothing() -> tuple[float, float, float, float]:
    """The figures of a curve that has none: best step, best, last, late gain."""
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


def unsteady(curve: Curve) -> Verdict | None:
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


def no_score(curve: Curve, score: np.ndarray | None) -> Verdict | None:
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


def memorised(curve: Curve) -> Verdict | None:
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


def easier(curve: Curve) -> Verdict | None:
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


def little(curve: Curve) -> Verdict | None:
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


def settled(curve: Curve) -> Verdict:
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


def _skill(curve: Curve, losses: np.ndarray) -> float:
    """The way from the reference to a loss of 0 that the best step has gone."""
    assert curve.reference is not None
    return 1 - float(losses.min()) / curve.reference if curve.reference > 0 else 0.0
