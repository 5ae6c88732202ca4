"""Low and high beside a predicted number, from the errors of the models on rows that they had not seen.

CV+ (Barber, Candès, Ramdas and Tibshirani 2021, "Predictive inference with the jackknife+", equation 3.1) where every
fold has models of its own; else one quantile of the errors around the prediction.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_CELLS = 4_000_000  # numbers held at once


def low_and_high(own: dict[str, Any], parts: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) lower and (n,) upper bounds.

    Args:
        own: the `bounds` of `model.json`.
        parts: (n, m) what each member predicts.
        prediction: (n,) what the model predicts.
    """
    if own["method"] == "cv+":
        folds = sorted(own["points"], key=int)
        pairs = [_of_fold(own["members"], int(fold), parts) for fold in folds]
        centres, spreads = (np.column_stack(values) for values in zip(*pairs))  # (n, k) each
        sizes = _size(own["size"], centres, spreads)
        low, high = _cv_plus(centres, sizes, [np.asarray(own["points"][fold]) for fold in folds], own["share"])
    else:
        _, spread = _of_fold(own["members"], None, parts)
        reach = own["half"] * _size(own["size"], prediction, spread)
        low, high = prediction - reach, prediction + reach
    if own["floor"] is not None:
        low = np.maximum(low, own["floor"])
    return np.minimum(low, prediction), np.maximum(high, prediction)


def told(own: dict[str, Any], prediction: float, low: float, high: float) -> dict[str, Any]:
    """A row's number with its bounds, and `decision` (accept or review) where a width for review is set."""
    out: dict[str, Any] = {"prediction": prediction, "low": low, "high": high, "width": high - low}
    review = own["review"]
    if review is not None:
        limit = review["value"] * abs(prediction) if review["relative"] else review["value"]
        out["decision"] = "review" if high - low > limit else "accept"
    return out


def _of_fold(members: list[dict[str, Any]], fold: int | None, parts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) the mean of a fold's members, those of one name first, and (n,) how far they disagree."""
    mine = [at for at, member in enumerate(members) if fold is None or member["fold"] == fold]
    weights = np.array([member["weight"] for member in members], dtype=np.float64)
    names = list(dict.fromkeys(members[at]["name"] for at in mine))
    by_name, share = [], []
    for name in names:
        rows = [at for at in mine if members[at]["name"] == name]
        by_name.append(parts[:, rows] @ (weights[rows] / weights[rows].sum()))
        share.append(weights[rows].sum())
    said, pull = np.column_stack(by_name), np.array(share) / sum(share)
    centre = said @ pull
    return centre, np.sqrt(np.maximum((said - centre[:, None]) ** 2 @ pull, 0.0))


def _size(own: dict[str, Any], prediction: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """How large errors are expected to be there."""
    if own["kind"] == "constant":
        return np.ones_like(prediction)
    return np.interp({"prediction": prediction, "spread": spread}[own["kind"]], own["at"], own["size"])


def _cv_plus(
    centres: np.ndarray, sizes: np.ndarray, points: list[np.ndarray], share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of prediction plus and minus error over all folds."""
    counts = [len(part) for part in points]
    total, row = sum(counts), np.concatenate(points)
    rank = min(total, math.ceil(share * total - 1e-9)) - 1
    low, high = np.empty(len(centres)), np.empty(len(centres))
    step = max(1, _CELLS // total)
    for start in range(0, len(centres), step):
        part = slice(start, start + step)
        middle = np.repeat(centres[part], counts, axis=1)
        reach = np.repeat(sizes[part], counts, axis=1) * row
        high[part] = np.partition(middle + reach, rank, axis=1)[:, rank]
        low[part] = -np.partition(reach - middle, rank, axis=1)[:, rank]
    return low, high
