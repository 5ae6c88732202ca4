"""The worst errors: the rows that were predicted most wrongly, what was said of them, how surely, and the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.data.schema import Target

MOST = 50
_TINY = 1e-15


@dataclass(frozen=True)
class Worst:
    """The rows with the greatest loss.

    Args:
        at: (m,) positions, the worst first.
        loss: (m,) their loss.
        measure: what the loss is, in words.
    """

    at: np.ndarray
    loss: np.ndarray
    measure: str


def worst_rows(y: np.ndarray, prediction: np.ndarray, decided: np.ndarray, target: Target, most: int = MOST) -> Worst:
    """The rows that were predicted most wrongly; rows decided rightly are no errors.

    Args:
        y: (n,) truth.
        prediction: (n, k) or (n,) out-of-fold predictions.
        decided: (n,) decided classes; ignored for a number.
        target: what is predicted.
        most: how many at most.

    Example:
        >>> target = Target("y", "number")
        >>> worst_rows(np.array([1.0, 2.0]), np.array([1.5, 5.0]), np.zeros(2), target).at.tolist()
        [1, 0]
    """
    if target.task == "classes":
        own = prediction[np.arange(len(y)), y]
        loss, wrong = -np.log(np.maximum(own, _TINY)), decided != y
        measure = "log-loss: how surprised the model is by the truth"
    else:
        loss = np.abs(y - prediction)
        wrong, measure = loss > 0, "absolute error"
    candidates = np.flatnonzero(wrong)
    order = candidates[np.argsort(-loss[candidates], kind="stable")][:most]
    return Worst(order, loss[order], measure)


def told_rows(
    worst: Worst, y: np.ndarray, prediction: np.ndarray, decided: np.ndarray, rows: np.ndarray, target: Target
) -> list[dict[str, Any]]:
    """One mapping per row: {"row", "truth", "predicted", "probability" (of what was decided), "loss"}."""
    out = []
    for i, loss in zip(worst.at.tolist(), worst.loss.tolist()):
        if target.task == "classes":
            truth: Any = target.classes[int(y[i])]
            predicted: Any = target.classes[int(decided[i])]
            probability: float | None = float(prediction[i, int(decided[i])])
        else:
            truth, predicted, probability = float(y[i]), float(prediction[i]), None
        told = {"row": int(rows[i]), "truth": truth, "predicted": predicted, "probability": probability}
        out.append({**told, "loss": float(loss)})
    return out
