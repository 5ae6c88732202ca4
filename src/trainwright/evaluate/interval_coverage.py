"""How often the truth lay between `low` and `high`, how wide these were, and on which kinds of rows it failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.data.columns import Columns
from trainwright.data.schema import Kind, Schema
from trainwright.evaluate.intervals import NAN, Interval, json_number, t_quantile, wilson
from trainwright.evaluate.resampling import Units, make_units
from trainwright.evaluate.slices import cuts_of

BANDS = 5  # of the prediction, equally many rows each
FEWEST_IN_BAND, FEWEST_IN_SEGMENT = 20, 50
SEGMENTS_KEPT = 12
SEGMENT_ROWS = 100_000
SURE = 0.05  # chance that any segment is called too low though it is not, over all segments looked at (Bonferroni)


@dataclass(frozen=True)
class Bounds:
    """Rows with their truth and their bounds.

    Args:
        y, prediction, low, high: (n,).
        level: the share of truths that should lie between low and high.
    """

    y: np.ndarray
    prediction: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float

    @classmethod
    def of(cls, y: np.ndarray, spans: np.ndarray, level: float) -> Bounds:
        """The bounds of (n, 3) predictions with their lower and upper bound."""
        return cls(y, spans[:, 0], spans[:, 1], spans[:, 2], level)

    def take(self, rows: np.ndarray) -> Bounds:
        """Some of the rows, by positions or as a mask."""
        return Bounds(self.y[rows], self.prediction[rows], self.low[rows], self.high[rows], self.level)

    @property
    def width(self) -> np.ndarray:
        return self.high - self.low

    @property
    def inside(self) -> np.ndarray:
        """(n,) whether the truth lies between the bounds."""
        return (self.low <= self.y) & (self.y <= self.high)


def measure(
    bounds: Bounds,
    *,
    columns: Callable[[np.ndarray], Columns] | None = None,
    booleans: frozenset[str] = frozenset(),
    group: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
    time: np.ndarray | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Coverage and width of bounds on rows with their truth, as plain data.

    Args:
        bounds: the rows; those without a finite truth are left out.
        columns: gives the features of some of these rows by positions, for the coverage of single kinds of rows; at
            most `SEGMENT_ROWS` are asked for.
        booleans: number columns that hold true and false.
        group, cluster, time: (n,) roles, by which the intervals of shares are made.
        seed: of what is drawn.

    Returns:
        "level", "n_rows", "coverage" {"value", "low", "high", "method"}, "width" {"mean", "median", and as
        "narrow" and "wide" the 10 % and 90 % quantiles}, "below" and "above" (shares of truths beyond either
        bound), "score" (interval score of Gneiting and Raftery 2007, equation 43: less is better), "by_group" (each
        group counted once) where there are groups, "by_prediction", "per_segment", "segments_tried".

    Example:
        >>> y = np.arange(100.0)
        >>> found = measure(Bounds(y, y, y - 1, y + np.where(y < 90, 1, -0.5), 0.9))
        >>> found["coverage"]["value"], found["width"]["median"]
        (0.9, 2.0)
    """
    kept = np.isfinite(bounds.y)
    rows = np.flatnonzero(kept)
    if not kept.all():
        bounds = bounds.take(kept)
        group, cluster, time = (None if role is None else role[kept] for role in (group, cluster, time))
    n = len(bounds.y)
    if n == 0:
        return {"level": bounds.level, "n_rows": 0, "coverage": _share(np.zeros(0), 1.0).to_json()}
    inside, width = bounds.inside.astype(np.float64), bounds.width
    units = make_units(n, group=group, cluster=cluster, time=time, loss=1 - inside, seed=seed)
    spread = _design_effect(inside, units)
    miss = np.maximum(bounds.low - bounds.y, 0) + np.maximum(bounds.y - bounds.high, 0)
    document: dict[str, Any] = {
        "level": bounds.level,
        "n_rows": n,
        "coverage": _share(inside, spread).to_json(),
        "width": {
            "mean": float(width.mean()),
            "median": float(np.median(width)),
            "narrow": float(np.quantile(width, 0.1)),
            "wide": float(np.quantile(width, 0.9)),
        },
        "below": float((bounds.y < bounds.low).mean()),
        "above": float((bounds.y > bounds.high).mean()),
        "score": float((width + 2 / (1 - bounds.level) * miss).mean()),
        "by_prediction": _bands(bounds, spread),
        "per_segment": [],
        "segments_tried": 0,
    }
    if group is not None:
        document["by_group"] = _by_group(inside, group).to_json()
    if columns is not None:
        some = np.unique(np.linspace(0, n - 1, min(n, SEGMENT_ROWS)).astype(np.int64))
        found = _segments(bounds.take(some), columns(rows[some]), booleans, spread)
        document["per_segment"], document["segments_tried"] = found
    return document


def booleans_of(schema: Schema) -> frozenset[str]:
    """The columns that hold true and false, which `slices.cuts_of` spells so."""
    return frozenset(column.name for column in schema.columns if column.kind is Kind.BOOLEAN)


def _share(inside: np.ndarray, spread: float, level: float = 0.95) -> Interval:
    """A share with Wilson's interval; rows that depend on one another count as fewer."""
    trials = len(inside) / spread
    found = wilson(float(inside.mean()) * trials if len(inside) else 0.0, trials, level)
    method = "Wilson" if spread <= 1 else "Wilson, rows that belong together counted as fewer"
    return Interval(found.value, found.low, found.high, level, method, found.reason)


def _design_effect(inside: np.ndarray, units: Units) -> float:
    """How many rows say as much as one independent row (Kish 1965): at least 1."""
    share = float(inside.mean())
    if units.how == "rows" or share in (0.0, 1.0) or units.drawn < 2:
        return max(1.0, len(inside) / max(units.drawn, 1)) if units.how != "rows" else 1.0
    error = units.standard_error(inside - share)
    return max(1.0, error**2 * len(inside) / (share * (1 - share)))


def _by_group(inside: np.ndarray, group: np.ndarray) -> Interval:
    """The mean over groups of each group's coverage, with Student's t over groups."""
    _, code = np.unique(group, return_inverse=True)
    shares = np.bincount(code, weights=inside) / np.bincount(code)
    method = f"mean over {len(shares)} groups, t"
    mean = float(shares.mean())
    if len(shares) < 5:
        return Interval(mean, NAN, NAN, 0.95, method, "fewer than 5 groups carry no interval")
    half = t_quantile(0.95, len(shares) - 1) * float(shares.std(ddof=1)) / np.sqrt(len(shares))
    return Interval(mean, max(0.0, mean - half), min(1.0, mean + half), 0.95, method)


def _bands(bounds: Bounds, spread: float) -> list[dict[str, Any]]:
    """Coverage and width for small to large predictions."""
    n = len(bounds.y)
    count = min(BANDS, n // FEWEST_IN_BAND)
    if count < 2:
        return []
    order = np.argsort(bounds.prediction, kind="stable")
    out = []
    for part in np.array_split(order, count):
        own = bounds.take(part)
        out.append(
            {
                "from": float(own.prediction[0]),
                "to": float(own.prediction[-1]),
                "n": len(part),
                "coverage": _share(own.inside.astype(np.float64), spread).to_json(),
                "width": float(own.width.mean()),
            }
        )
    return out


def _segments(
    bounds: Bounds, columns: Columns, booleans: frozenset[str], spread: float
) -> tuple[list[dict[str, Any]], int]:
    """The kinds of rows covered least, and how many kinds were looked at.

    "low" of a segment says that even the upper end of its interval, widened for all segments looked at, lies below the
    level.
    """
    inside, width = bounds.inside.astype(np.float64), bounds.width
    looked = []
    for cut in cuts_of(columns, booleans):
        count = np.bincount(cut.code, minlength=len(cut.names))
        hits = np.bincount(cut.code, weights=inside, minlength=len(cut.names))
        reach = np.bincount(cut.code, weights=width, minlength=len(cut.names))
        for s, name in enumerate(cut.names):
            if name is not None and FEWEST_IN_SEGMENT <= count[s] <= 0.9 * len(inside):
                looked.append((name, cut.column, int(count[s]), float(hits[s]), float(reach[s] / count[s])))
    out: list[dict[str, Any]] = []
    for name, column, n, hit, mean_width in looked:
        trials = n / spread
        sure = wilson(hit / n * trials, trials, 1 - 2 * SURE / len(looked))
        shown = wilson(hit / n * trials, trials)
        out.append(
            {
                "where": name,
                "column": column,
                "n": n,
                "coverage": {key: json_number(getattr(shown, key)) for key in ("value", "low", "high")},
                "width": mean_width,
                "too_low": bool(sure.high < bounds.level),
            }
        )
    out.sort(key=lambda one: (not one["too_low"], one["coverage"]["value"]))
    return out[:SEGMENTS_KEPT], len(looked)
