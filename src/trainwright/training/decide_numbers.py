"""A decision for a version whose target is a number: rows whose low and high lie too far apart go to a person.

Works from out-of-fold errors and the finished package's own widths on development rows; nothing is trained, and the
sealed test is not touched.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from trainwright.errors import UserError
from trainwright.evaluate.deciding.capacity import read_capacity
from trainwright.evaluate.formats import count, estimate, number, percent
from trainwright.evaluate.resampling import make_units
from trainwright.evaluate.width_review import Rows, judge_limit, limit_for
from trainwright.packages.number_intervals import WIDTH, ReviewWidth
from trainwright.store.workspace import Workspace
from trainwright.training.judge import open_version
from trainwright.training.reopen import reopen

MOST_ROWS = 50_000
NOTE = (
    "widths are those of rows that most of the fold models learned from; the models may disagree a little more on new "
    "rows, and then a few more go to a person"
)


def decide_numbers(
    workspace: Workspace, name: str, *, max_width: str | float | None = None, capacity: Any = None, **others: Any
) -> dict[str, Any]:
    """Finds or judges the distance between low and high from which a person looks at a row.

    Args:
        workspace: where the version is kept.
        name: such as `housing` or `housing@v2`.
        max_width: the distance: 5 in the unit of the target, or "20%" of the prediction.
        capacity: instead, how many rows people can look at: "50/1000", "5%" or 0.05.
        others: goals that only classes have; refused.

    Returns:
        {"goal", "given", "flags", "policy": {"kind": "width", "width"}, "figures" (see `width_review.judge_limit`),
        "text", "note", "version", "unit"}: what is stored as a decision.

    Raises:
        UserError: no limit or two, one that is no width or no capacity, a package without low and high, or rows whose
            widths are all the same.
    """
    wrong = [key for key, value in others.items() if value]
    if wrong:
        raise UserError(
            f"--{wrong[0].replace('_', '-')} is for classes; a number has no threshold to choose, only a distance "
            "between low and high",
            remedy="give --max-width 5 (or 20% of the prediction), or --capacity 50/1000",
        )
    if (max_width is None) == (capacity is None):
        raise UserError(
            "a decision on a number needs one limit, got "
            + ("none" if max_width is None else "--max-width and --capacity"),
            remedy="give --max-width 5 (or 20% of the prediction), or --capacity 50/1000",
        )
    limit = None if max_width is None else ReviewWidth.parse(max_width)
    share = None if capacity is None else read_capacity(capacity)
    opened = open_version(workspace, name)
    if opened.predictor.target.task != "number":
        raise UserError(
            f"{opened.predictor.target.column!r} has classes, which have no low and high",
            remedy="give --cost, --capacity, --min-precision or --min-recall",
        )
    if opened.predictor.interval is None:
        raise UserError(
            f"{opened.label} has no low and high beside its predictions",
            remedy="train again; training.interval is 0.9 unless it is switched off",
        )
    rows, spans = _rows(workspace, name, opened.predictor, limit is not None and limit.relative)
    if limit is None:
        assert share is not None
        limit = ReviewWidth(limit_for(rows.width, share))
    found = judge_limit(rows, limit.value)
    unit = opened.predictor.target.column
    document = {
        "kind": WIDTH,
        "goal": "max_width" if max_width is not None else "capacity",
        "given": {"max_width": str(max_width)} if max_width is not None else {"capacity": str(capacity)},
        "flags": f"--max-width {max_width}" if max_width is not None else f"--capacity {capacity}",
        "policy": {"kind": WIDTH, "width": repr(limit.value) if not limit.relative else f"{100 * limit.value!r}%"},
        "figures": found,
        "typical_width": float(np.median(spans[:, 2] - spans[:, 1])),
        "unit": unit,
        "version": opened.label,
        "note": NOTE,
    }
    return {**document, "text": paragraph(document)}


def paragraph(document: dict[str, Any]) -> str:
    """What the decision does, for a person who answers for it."""
    found = document["figures"]
    width = ReviewWidth.parse(document["policy"]["width"])
    shown = f"{percent(width.value)} of the prediction" if width.relative else number(width.value)
    share, low, high = estimate(found["review"])
    reach = f" ({count(1000 * low)} to {count(1000 * high)})" if low is not None and high is not None else ""
    text = (
        f"Of 1,000 predictions, {count(1000 * (share or 0))}{reach} go to a person, because their low and high lie "
        f"more than {shown} apart."
    )
    kept, everything, sent = (estimate(found[key])[0] for key in ("error_kept", "error_all", "error_review"))
    if kept is None:
        return f"{text} No prediction passes without one."
    text += f" The others are off by {number(kept)} on average"
    if sent is None:
        return f"{text}, as all are."
    return (
        f"{text}, against {number(everything)} over all and {number(sent)} for those sent; "
        f"{percent(found['saved'])} of the whole error lies in the rows sent."
    )


def _rows(workspace: Workspace, name: str, predictor: Any, relative: bool) -> tuple[Rows, np.ndarray]:
    """Out-of-fold errors with the package's widths, and its (n, 3) spans."""
    reopened = reopen(workspace, name, started=time.time())
    material, oof = reopened.material, reopened.outcome.oof
    some = np.unique(np.linspace(0, len(oof.y) - 1, min(len(oof.y), MOST_ROWS)).astype(np.int64))
    spans = predictor.predict_spans(material.frame[oof.positions[some]])
    width = spans[:, 2] - spans[:, 1]
    if relative:
        with np.errstate(divide="ignore"):
            width = np.where(spans[:, 0] != 0, width / np.abs(spans[:, 0]), np.inf)
    error = np.abs(oof.y - reopened.outcome.prediction)[some]
    data = material.work.dataset

    def role(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[oof.positions[some]]

    moments = role(data.time) if material.split.rule.time is not None else None
    units = make_units(len(some), group=role(data.group), cluster=role(data.cluster), time=moments, loss=error)
    return Rows(width, error, units, material.options.seed), spans
