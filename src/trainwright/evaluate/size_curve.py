"""Would more rows help? A power law through the figures at several sizes, and what it says of twice the rows.

The law: loss(n) = a + b n^-c, the inverse power law of Cortes et al. (1994, "Learning curves: asymptotic values and
rate of convergence") and Figueroa et al. (2012, "Predicting sample size required for classification performance",
equation 1). Later points weigh more, as in Figueroa et al. Intervals: folds are drawn again with replacement; since
folds share training rows, deviations are stretched as Nadeau and Bengio (2003, "Inference for the generalization
error") correct the variance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.evaluate.formats import number
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.intervals import json_number, t_quantile
from trainwright.tasks.metric import Metric

EXPONENTS = np.geomspace(0.1, 2.5, 40)
# Where data say little about the exponent, it is near what is usual: 0.7, within a factor of about 2.5.
USUAL, FACTOR = 0.7, math.log(2.5)
DRAWS = 500
NEXT_TO_NOTHING = 0.002  # of the way to perfect: a gain below is none that anyone would pay for


@dataclass(frozen=True)
class SizeCurve:
    """What was measured at several sizes, the law through it, and its answer.

    Args:
        metric: name of the figure.
        sizes: (s,) mean number of training rows.
        scores: (s,) mean over folds, in the metric's units.
        low, high: (s,) the law's 95 % band there.
        law: a, b, c of loss(n) = a + b (n / n_full)^-c.
        ahead: sizes from the smallest to four times the largest, with the law's value and band, for the figure.
        gain: value, low and high of what twice the rows would give; positive is better, in the metric's units.
        told: "gain", "nothing", or "unknown": what can be said.
        text: the answer in words.
    """

    metric: str
    sizes: tuple[float, ...]
    scores: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    law: tuple[float, float, float]
    ahead: dict[str, list[float]]
    gain: tuple[float, float, float]
    told: str
    text: str

    def to_json(self) -> dict[str, Any]:
        """Plain data for the result document."""
        value, low, high = (json_number(v) for v in self.gain)
        return {
            **vars(self),
            "points": [
                {"rows": rows, "value": json_number(v), "low": json_number(lo), "high": json_number(hi)}
                for rows, v, lo, hi in zip(self.sizes, self.scores, self.low, self.high)
            ],
            "law": {"a": self.law[0], "b": self.law[1], "c": self.law[2]},
            "gain": {"value": value, "low": low, "high": high},
        }


def size_curve(
    metric: Metric,
    sizes: Sequence[float] | np.ndarray,
    scores: np.ndarray,
    *,
    ratio: float | None = None,
    seed: int = 0,
) -> SizeCurve:
    """Fits the law to the figures of each fold at each size and says what twice the rows would give.

    Args:
        metric: what was measured.
        sizes: (s,) training rows, ascending; the last is the full size.
        scores: (f, s) the metric of fold f at size s, on the same held-out rows at every size.
        ratio: held-out rows over training rows of a fold; 1/(f - 1) by default, as in cross-validation.
        seed: of the draws.

    Raises:
        ValueError: fewer than two folds or three sizes.

    Example:
        >>> from trainwright.data.schema import Target
        >>> from trainwright.tasks import task_for
        >>> rmse = task_for(Target("y", "number")).metrics["rmse"]
        >>> n = np.array([125, 250, 500, 1000])
        >>> found = size_curve(rmse, n, 1 + 20 / n + np.array([[0.001], [0.0], [-0.001]]))
        >>> round(found.gain[0], 3), found.told
        (0.01, 'gain')
    """
    n = np.asarray(sizes, dtype=float)
    values = np.asarray(scores, dtype=float)
    values = values[np.isfinite(values).all(axis=1)]
    if len(n) < 3 or len(values) < 2:
        raise ValueError(f"a law needs three sizes and two folds, got {len(n)} and {len(values)}")
    top = _top(metric)
    losses = top - values if metric.greater_is_better else values - top
    folds = len(values)
    share = n / n[-1]
    mean = losses.mean(axis=0)
    # What folds differ by at every size alike says nothing about growth: noise is what is left of it.
    left = losses - losses.mean(axis=1, keepdims=True) - (mean - mean.mean())
    ratio = 1 / max(folds - 1, 1) if ratio is None else ratio
    variance = float((left**2).sum()) / max((folds - 1) * (len(n) - 1), 1) * (1 / folds + ratio)
    stretch = math.sqrt((1 / folds + ratio) * folds * folds / (folds - 1)) * t_quantile(0.95, folds - 1) / 1.96
    drawn = np.random.default_rng(seed).integers(0, folds, (DRAWS, folds))
    means = mean + stretch * (losses[drawn].mean(axis=1) - mean)
    floor = 0.0 if metric.low is not None or metric.greater_is_better else -math.inf
    a, b, c = fit_law(share, np.vstack([mean, means]), noise=variance, floor=floor)
    gains = b * (1 - 2.0**-c)
    gain = float(gains[0]), *(float(q) for q in np.quantile(gains[1:], [0.025, 0.975]))
    ahead = np.geomspace(share[0], 4.0, 25)
    sign = -1.0 if metric.greater_is_better else 1.0

    def band(at: np.ndarray) -> np.ndarray:
        """(3, p) value, low and high of the law in the metric's units."""
        curves = a[:, None] + b[:, None] * at ** -c[:, None]
        lines = np.vstack([curves[:1], np.quantile(curves[1:], [0.025, 0.975], axis=0)])
        lines[1:] = np.array([np.minimum(lines[1], lines[0]), np.maximum(lines[2], lines[0])])
        return top + sign * lines if sign > 0 else (top - lines)[[0, 2, 1]]

    points, line = band(share), band(ahead)
    gain = gain[0], min(gain[1:][0], gain[0]), max(gain[1:][1], gain[0])
    told, text = _answer(metric, gain, mean, grew=float(b[0]) > 0)
    return SizeCurve(
        metric=metric.name,
        sizes=tuple(n.tolist()),
        scores=tuple(values.mean(axis=0).tolist()),
        low=tuple(points[1].tolist()),
        high=tuple(points[2].tolist()),
        law=(float(a[0]), float(b[0]), float(c[0])),
        ahead={
            "rows": (ahead * n[-1]).tolist(),
            "value": line[0].tolist(),
            "low": line[1].tolist(),
            "high": line[2].tolist(),
        },
        gain=gain,
        told=told,
        text=text,
    )


def fit_law(
    share: np.ndarray, losses: np.ndarray, *, noise: float = 0.0, floor: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The laws a + b share^-c through several sets of losses.

    For each exponent of a grid, a and b >= 0 follow by weighted least squares; among the exponents the one with the
    smallest sum of squares, plus a pull towards the usual one that counts where `noise` hides the exponent.

    Args:
        share: (s,) sizes over the full size.
        losses: (d, s) less is better.
        noise: variance of one mean loss.
        floor: no law ends below.

    Returns:
        (d,) a, b and c.

    Example:
        >>> share = np.array([0.125, 0.25, 0.5, 1.0])
        >>> a, b, c = fit_law(share, 0.2 + 0.1 * share[None, :] ** -0.5)
        >>> round(float(a[0]), 2), round(float(b[0]), 2), round(float(c[0]), 1)
        (0.19, 0.11, 0.5)
    """
    weight = np.arange(1, len(share) + 1) / len(share)
    weight = weight / weight.sum() * len(share)
    best = np.full(len(losses), np.inf)
    found = np.zeros((3, len(losses)))
    for exponent in EXPONENTS:
        z = share**-exponent
        zc = z - np.average(z, weights=weight)
        level = losses @ weight / weight.sum()
        b = np.maximum(losses @ (weight * zc) / (weight @ zc**2), 0.0)
        a = level - b * np.average(z, weights=weight)
        low = a < floor
        if low.any():
            b[low] = np.maximum((losses[low] - floor) @ (weight * z) / (weight @ z**2), 0.0)
            a[low] = floor
        squares = ((losses - a[:, None] - b[:, None] * z) ** 2) @ weight
        squares = squares + max(noise, 1e-18) * (math.log(exponent / USUAL) / FACTOR) ** 2
        better = squares < best
        best = np.where(better, squares, best)
        found[:, better] = np.vstack([a, b, np.full(len(losses), exponent)])[:, better]
    return found[0], found[1], found[2]


def _top(metric: Metric) -> float:
    """The perfect value, from which losses are counted."""
    if metric.greater_is_better:
        return 1.0 if metric.high is None else float(metric.high)
    return 0.0


def _answer(metric: Metric, gain: tuple[float, float, float], mean: np.ndarray, *, grew: bool) -> tuple[str, str]:
    """What can be said: "gain", "nothing" or "unknown", and the sentence.

    Args:
        mean: (s,) losses by size. Where they rise with the rows no law fits, and nothing is promised either way.
    """
    value, low, high = gain
    small = NEXT_TO_NOTHING * (1.0 if metric.greater_is_better else max(float(mean[-1]), 1e-12))
    title, scale, unit = explain(metric.name).title, 1.0, ""
    if metric.greater_is_better and metric.high is not None:
        scale, unit = 100.0, " points"  # hundredths, whether the figure is shown as a percentage or not
    width = scale * max(high - low, 1e-6)

    def shown(amount: float) -> str:
        return number(scale * amount, width)

    if high < small and (grew or np.ptp(mean) < small):
        return "nothing", f"twice the rows would change {title} by next to nothing (at most {shown(high)}{unit})"
    if low > 0.05 * value and grew:
        word = "raise" if metric.greater_is_better else "lower"
        about = f"{shown(value)}{unit} ({shown(low)} to {shown(high)})"
        return "gain", f"twice the rows would {word} {title} by about {about}"
    reach = f"anything from {shown(max(low, 0.0))} to {shown(high)}{unit}"
    why = "the folds differ by more than the sizes do" if grew else "the figure did not grow with the rows measured"
    return "unknown", f"whether more rows would help cannot be told ({reach} for twice as many): {why}"
