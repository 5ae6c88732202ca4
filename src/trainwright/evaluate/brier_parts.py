"""The Brier score taken apart: how far probabilities are from what happened, how well they tell rows apart, and what is
uncertain whatever one does.

Murphy 1973, "A new vector partition of the probability score", in bins with the same number of rows; corrected for what
the bins' own chance adds, by Ferro and Fricker 2012, "A bias-corrected decomposition of the Brier score".
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trainwright.tasks.metric import Metric, Tally, divide, from_tally
from trainwright.tasks.probabilities import CALIBRATION_BINS, quantile_bins


def parts(classes: tuple[int, ...]) -> dict[str, Metric]:
    """Reliability (less is better), resolution (more is better) and uncertainty as metrics of (n, k) probabilities.

    The Brier score is about reliability - resolution + uncertainty; what is missing varies within the bins.

    Args:
        classes: positions of the classes whose parts are added up: the positive one of two, or all of more.

    Example:
        >>> y = np.tile([0, 1], 200)
        >>> p = np.where(y == 1, 0.9, 0.1)
        >>> found = parts((1,))
        >>> [round(part(y, np.column_stack([1 - p, p])), 2) for part in found.values()]
        [0.01, 0.25, 0.25]
    """
    tally = _tally(classes)
    shapes: tuple[tuple[str, bool, Callable[[np.ndarray], np.ndarray]], ...] = (
        ("reliability", False, _reliability),
        ("resolution", True, _resolution),
        ("uncertainty", False, _uncertainty),
    )
    out = {}
    for name, greater, part in shapes:
        finish = _finish(part, len(classes))
        title = f"{name} part of the Brier score"
        compute = from_tally(tally, finish)
        out[name] = Metric(
            f"brier_{name}", title, greater, "probability", compute, low=0.0, tally=tally, finish=finish, binned=True
        )
    return out


def _tally(classes: tuple[int, ...]) -> Callable[[np.ndarray, np.ndarray], Tally]:
    """Per class and bin the totals of rows, probability and truth: slot (class, figure, bin)."""

    def tally(y: np.ndarray, prediction: np.ndarray) -> Tally:
        most = min(CALIBRATION_BINS, max(2, len(y) // 10))
        entries: list[tuple[np.ndarray | int, np.ndarray | float]] = []
        for at, c in enumerate(classes):
            p = prediction[:, c].astype(float)
            bins, _ = quantile_bins(p, most)
            first = 3 * at * CALIBRATION_BINS
            entries.append((first + bins, 1.0))
            entries.append((first + CALIBRATION_BINS + bins, p))
            entries.append((first + 2 * CALIBRATION_BINS + bins, (y == c).astype(float)))
        return Tally(3 * len(classes) * CALIBRATION_BINS, tuple(entries))

    return tally


def _finish(part: Callable[[np.ndarray], np.ndarray], classes: int) -> Callable[[np.ndarray], np.ndarray]:
    """A part from the totals, summed over the classes."""

    def finish(totals: np.ndarray) -> np.ndarray:
        by_class = totals.reshape(*totals.shape[:-1], classes, 3, CALIBRATION_BINS)
        return np.asarray(np.maximum(part(by_class), 0.0).sum(axis=-1))

    return finish


def _reliability(totals: np.ndarray) -> np.ndarray:
    """(..., c) mean squared distance of probability and share over the bins, less what chance alone gives."""
    rows, p, hit = totals[..., 0, :], totals[..., 1, :], totals[..., 2, :]
    squared = (divide(p - hit, rows, empty=0.0)) ** 2 - _chance(rows, hit)
    return divide((rows * squared).sum(-1), rows.sum(-1), empty=0.0)


def _resolution(totals: np.ndarray) -> np.ndarray:
    """(..., c) mean squared distance of the bins' shares from the overall share, less what chance alone gives."""
    rows, hit = totals[..., 0, :], totals[..., 2, :]
    n, base = rows.sum(-1), _base(rows, hit)
    squared = (divide(hit, rows, empty=0.0) - base[..., None]) ** 2 - _chance(rows, hit)
    return divide((rows * squared).sum(-1), n, empty=0.0) + divide(base * (1 - base), n - 1, empty=0.0)


def _uncertainty(totals: np.ndarray) -> np.ndarray:
    """(..., c) the Brier score of always answering the overall share."""
    rows, hit = totals[..., 0, :], totals[..., 2, :]
    base = _base(rows, hit)
    return base * (1 - base) + divide(base * (1 - base), rows.sum(-1) - 1, empty=0.0)


def _base(rows: np.ndarray, hit: np.ndarray) -> np.ndarray:
    """(..., c) overall share."""
    return divide(hit.sum(-1), rows.sum(-1), empty=0.0)


def _chance(rows: np.ndarray, hit: np.ndarray) -> np.ndarray:
    """(..., c, bins) variance of a bin's share."""
    share = divide(hit, rows, empty=0.0)
    return divide(share * (1 - share), np.maximum(rows - 1, 0.0), empty=0.0)
