"""Whether an exported model answers as ours does, row by row; no file is published otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.packages.outputs import typed_labels

TOLERANCE = 1e-5


@dataclass(frozen=True)
class Parity:
    """What the comparison found.

    Args:
        rows: how many were compared, and how many of them were made up.
        made_up: see `trial_rows`.
        worst: the largest difference: of a probability, or of a number as a share of its own size or, where that is
            larger, of the spread of the predictions.
        worst_row: where it was, with what both said.
        tolerance: the largest difference allowed.
        labels: rows that are decided otherwise although neither probability is within the tolerance of the border.
    """

    rows: int
    made_up: int
    worst: float
    worst_row: dict[str, Any]
    tolerance: float
    labels: int

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain data."""
        return dict(vars(self))

    @property
    def text(self) -> str:
        """The comparison in a sentence."""
        return (
            f"the same on {self.rows:,} rows ({self.made_up:,} of them made up, with missing and unseen values): "
            f"largest difference {self.worst:.1e}, at most {self.tolerance:.0e} allowed"
        )


def compare(
    ours: np.ndarray,
    theirs: np.ndarray,
    labels: Sequence[Any] | None,
    target: Target,
    threshold: float,
    made_up: int = 0,
    tolerance: float = TOLERANCE,
    costs: Sequence[Sequence[float]] | None = None,
) -> Parity:
    """Compares two sets of predictions of the same rows.

    Args:
        ours, theirs: (n, k) probabilities or (n,) numbers.
        labels: (n,) the classes that the exported model decided; None for a number.
        target: what is predicted.
        threshold: for two classes, of the positive class.
        made_up: how many of the rows were made up.
        tolerance: see `Parity`.
        costs: of more than two classes, (k, k): the class of the least expected cost is decided.

    Raises:
        UserError: the export gave another number of predictions, or something that is no number.

    Example:
        >>> target = Target("price", "number")
        >>> found = compare(np.array([1.0, 2.0]), np.array([1.0, 2.1]), None, target, 0.5)
        >>> round(found.worst, 3), found.worst_row["row"]
        (0.05, 1)
    """
    theirs = np.asarray(theirs, dtype=np.float64)
    if theirs.shape != ours.shape:
        raise UserError(f"the exported model gave predictions of shape {theirs.shape}, expected {ours.shape}")
    difference = np.abs(ours - theirs)
    difference[~np.isfinite(theirs)] = np.inf
    if target.task == "number":
        difference /= np.maximum(np.abs(ours), max(float(ours.std()), 1e-12))
    by_row = difference.reshape(len(ours), -1).max(axis=1, initial=0.0)
    at = int(by_row.argmax()) if len(by_row) else 0
    worst_row = {"row": at, "ours": ours[at].tolist(), "theirs": theirs[at].tolist()} if len(ours) else {}
    other = 0 if labels is None else _decided_otherwise(ours, labels, target, threshold, tolerance, costs)
    worst = float(by_row[at]) if len(by_row) else 0.0
    return Parity(len(ours), made_up, worst, worst_row, tolerance, other)


def require(parity: Parity, what: str) -> None:
    """Refuses an export that does not answer as ours does.

    Raises:
        UserError: with the worst row.
    """
    if parity.worst <= parity.tolerance and not parity.labels:
        return
    row = parity.worst_row
    if parity.worst > parity.tolerance:
        found = f"in row {row['row']} it says {_short(row['theirs'])}, ours {_short(row['ours'])}"
        found += f": a difference of {parity.worst:.2g}, at most {parity.tolerance:.0e} allowed"
    else:
        found = f"it decides {parity.labels} rows otherwise"
    raise UserError(
        f"the {what} does not answer as the version does: of {parity.rows:,} rows, {found}; nothing was written",
        remedy="use --format mlflow, which runs the version's own package, or train with --families lightgbm,linear",
    )


def _decided_otherwise(
    ours: np.ndarray,
    labels: Sequence[Any],
    target: Target,
    threshold: float,
    tolerance: float,
    costs: Sequence[Sequence[float]] | None,
) -> int:
    """Rows whose label differs although it is not a matter of rounding."""
    spelt = [str(label) for label in typed_labels(target)]
    known = {**{label: at for at, label in enumerate(target.classes)}, **{s: at for at, s in enumerate(spelt)}}
    theirs = np.array([known.get(str(label), -1) for label in labels])
    if target.n_outputs == 2:
        positive = ours[:, target.positive_index]
        chosen = np.where(positive >= threshold, target.positive_index, 1 - target.positive_index)
        close = np.abs(positive - threshold) <= tolerance
    else:
        worth = ours if costs is None else -ours @ np.asarray(costs)
        chosen = worth.argmax(axis=1)
        two = np.sort(worth, axis=1)[:, -2:]
        close = two[:, 1] - two[:, 0] <= 2 * tolerance * (1 if costs is None else np.abs(costs).sum(axis=0).max())
    return int(((theirs != chosen) & ~close).sum())


def _short(value: Any) -> str:
    numbers = value if isinstance(value, list) else [value]
    return ", ".join(f"{number:.6g}" for number in numbers[:5]) + (", ..." if len(numbers) > 5 else "")
