"""A limit on the distance between low and high: which rows go to a person, and how good the others are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.errors import UserError
from trainwright.evaluate.intervals import bootstrap_interval, wilson
from trainwright.evaluate.resampling import Units

SWEEP = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)  # shares in review that are shown beside the chosen one
ALIKE = 1e-6  # widths that differ by less, relative to the widest, are one width
RESAMPLES = 400


@dataclass(frozen=True)
class Rows:
    """Out-of-fold rows with the widths that the finished model gives them.

    Args:
        width: (n,) distance between low and high, or its share of the prediction's size where the limit is relative.
        error: (n,) absolute errors of models that did not see the row.
        units: what is drawn when intervals are made.
        seed: of the draws.
    """

    width: np.ndarray
    error: np.ndarray
    units: Units
    seed: int = 0


def limit_for(width: np.ndarray, share: float) -> float:
    """The smallest limit that sends at most this share of the rows to a person.

    Raises:
        UserError: every row has the same width, so that a limit sends all or none.

    Example:
        >>> limit_for(np.arange(1.0, 11.0), 0.2)
        8.0
    """
    widest = float(width.max())
    if widest - float(width.min()) <= ALIKE * max(widest, 1e-300):
        raise UserError(
            f"every row has the same distance between low and high ({widest:.4g}): a limit sends all rows to a person, "
            "or none",
            remedy="nothing tells the sure rows from the unsure ones here; look at the segments where it is weak "
            "(trainwright explain)",
        )
    order = np.sort(width)
    return float(order[max(0, len(order) - 1 - int(np.floor(share * len(order) + 1e-9)))])


def judge_limit(rows: Rows, limit: float) -> dict[str, Any]:
    """What a limit does, as plain data.

    Returns:
        "limit", "review" (share of rows in review, with Wilson's interval), "error_kept", "error_review", "error_all"
        (mean absolute errors of rows that pass, of rows in review and of all, with bootstrap intervals), "saved" (share
        of the summed error that lies in review), "sweep" [{"share", "limit", "error_kept"}].
    """
    sent = rows.width > limit
    n = len(sent)
    found: dict[str, Any] = {
        "limit": limit,
        "n_rows": n,
        "review": wilson(float(sent.sum()), n).to_json(),
        "error_kept": _mean_error(rows, ~sent),
        "error_review": _mean_error(rows, sent),
        "error_all": _mean_error(rows, np.ones(n, dtype=bool)),
        "saved": float(rows.error[sent].sum() / rows.error.sum()) if rows.error.sum() > 0 else 0.0,
    }
    found["sweep"] = _sweep(rows)
    return found


def _mean_error(rows: Rows, kept: np.ndarray) -> dict[str, Any] | None:
    """The mean error of some rows with its interval; None without rows."""
    if not kept.any():
        return None
    value = float(rows.error[kept].mean())
    sums = np.stack(
        [
            np.bincount(rows.units.code, weights=rows.error * kept, minlength=rows.units.count),
            np.bincount(rows.units.code, weights=kept.astype(np.float64), minlength=rows.units.count),
        ],
        axis=1,
    )
    totals = rows.units.blocks(sums)
    rng = np.random.default_rng([rows.seed, 5])
    made = np.array([totals[rng.integers(0, len(totals), rows.units.drawn)].sum(0) for _ in range(RESAMPLES)])
    values = made[made[:, 1] > 0, 0] / made[made[:, 1] > 0, 1]
    return bootstrap_interval(value, values, rows.units, 0.95, 0.0, None).to_json()


def _sweep(rows: Rows) -> list[dict[str, float]]:
    """The error of the rows that pass, for several shares in review."""
    order = np.argsort(rows.width, kind="stable")
    running = np.cumsum(rows.error[order]) / np.arange(1, len(order) + 1)
    out = []
    for share in SWEEP:
        kept = len(order) - int(np.floor(share * len(order) + 1e-9))
        out.append(
            {"share": share, "limit": float(rows.width[order][kept - 1]), "error_kept": float(running[kept - 1])}
        )
    return out
