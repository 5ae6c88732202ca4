"""What a training's own curves say: converged, still improving, overfitting and from which step, diverged, ...

Pure functions of losses by step (round, epoch). The limits are conventions on the scale of what the curve gained;
every text gives the figures, so that a reader can judge for himself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.evaluate.curve_rules import (
    Curve,
    easier,
    first,
    little,
    memorised,
    no_score,
    nothing,
    settled,
    unsteady,
)
from trainwright.evaluate.intervals import json_number

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
        """The verdict in a word or two."""
        return TITLES[self.code]

    def to_json(self) -> dict[str, Any]:
        """Plain data; NaN becomes None."""
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
        return Convergence("diverged", "not_converged", f"the loss is no number {where}", *nothing())
    if greater_is_better:
        top = 1.0 if max(learned.max(), -np.inf if held is None else held.max()) <= 1 else float(learned.max())
        learned, held = top - learned, None if held is None else top - held
    curve = Curve(at, learned, held, unit, reference, kept)
    code, state, text = first(
        unsteady(curve),
        no_score(curve, None if score is None else np.asarray(score, dtype=float)),
        memorised(curve),
        easier(curve),
        little(curve),
    ) or settled(curve)
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


def over_folds(curves: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any] | None:
    """One verdict on a candidate from its curves: the most frequent over its folds, an unhealthy one where two tie.

    Args:
        curves: of the result document.
        name: of the candidate; None comes back where it has no curve.

    Example:
        >>> curve = {"name": "net", "fold": 0, "verdict": {"code": "plateau", "text": "..."}, "kept": 3, "of": 50}
        >>> over_folds([curve, curve | {"fold": 1}], "net")["folds"]
        '2 of 2 folds'
    """
    own = [curve for curve in curves if curve.get("name") == name]
    if not own:
        return None
    codes = Counter(str(curve["verdict"]["code"]) for curve in own)
    code = max(codes, key=lambda code: (codes[code], code not in HEALTHY))
    shown = next(curve for curve in own if curve["verdict"]["code"] == code)
    return {
        **shown["verdict"],
        "title": TITLES[code],
        "name": name,
        "fold": shown["fold"],
        "folds": f"{codes[code]} of {len(own)} folds",
        "kept": shown["kept"],
        "of": shown["of"],
    }
