"""Parts that the user gives: a column that names each row's part or fold, or dates at which parts begin."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from trainwright.data.split_group import whole_groups
from trainwright.data.split_hold import Held
from trainwright.data.split_rule import Rows, SplitRule
from trainwright.data.split_time import check_times
from trainwright.errors import UserError

TRAIN, VALIDATION, TEST = -1, -2, -3
SPELLINGS = {
    TRAIN: ("train", "training", "learn", "fit", "tr"),
    VALIDATION: ("validation", "valid", "validate", "val", "dev", "tune", "tuning"),
    TEST: ("test", "testing", "holdout", "hold-out", "hold_out", "eval", "te"),
}
MEANING = {spelling: part for part, spellings in SPELLINGS.items() for spelling in spellings}
FOLD = re.compile(r"(?:fold|cv)?[ _-]?(\d+)(?:\.0+)?")


def read_parts(values: Sequence[Any], column: str) -> np.ndarray:
    """(n,) int64: `TRAIN`, `VALIDATION`, `TEST`, or a fold number from the column's values.

    Raises:
        UserError: values that are no part, or training words mixed with fold numbers.

    Example:
        >>> read_parts(["Train", "test", "fold 2"][:2], "part").tolist()
        [-1, -3]
    """
    seen: dict[Any, int] = {}
    unknown: dict[str, int] = {}
    codes = np.zeros(len(values), dtype=np.int64)
    for i, value in enumerate(values):
        if value not in seen:
            seen[value] = _meaning(value)
        codes[i] = seen[value]
        if seen[value] == UNKNOWN:
            shown = "missing" if value is None else repr(str(value))
            unknown[shown] = unknown.get(shown, 0) + 1
    if unknown:
        listed = ", ".join(f"{name} ({count} rows)" for name, count in list(unknown.items())[:5])
        raise UserError(
            f"split column {column!r} holds values that are no part: {listed}",
            remedy="allowed are train, validation and test, or fold numbers (with test for the sealed rows)",
        )
    if (codes >= 0).any() and ((codes == TRAIN) | (codes == VALIDATION)).any():
        raise UserError(
            f"split column {column!r} mixes fold numbers with train or validation",
            remedy="use either train, validation and test, or fold numbers and test",
        )
    if not ((codes >= 0) | (codes == TRAIN)).any():
        raise UserError(f"split column {column!r} names no training row", remedy="mark training rows as train")
    if len(np.unique(codes[codes >= 0])) == 1:
        raise UserError(
            f"split column {column!r} names a single fold", remedy="number at least two folds, or write train"
        )
    return codes


UNKNOWN = -9


def _meaning(value: Any) -> int:
    if value is None:
        return UNKNOWN
    text = str(value).strip().lower()
    fold = FOLD.fullmatch(text)
    return int(fold[1]) if fold else MEANING.get(text, UNKNOWN)


def check_groups_whole(codes: np.ndarray, rows: Rows, rule: SplitRule) -> None:
    """Refuses given parts (or folds) that cut through a declared group."""
    if rows.group is None:
        return
    group = whole_groups(rows.group)
    pairs = np.unique(np.column_stack([group, codes]), axis=0)
    broken = int((np.bincount(pairs[:, 0]) > 1).sum())
    if broken:
        raise UserError(
            f"{broken} groups of {rule.group!r} have rows in several parts of split column {rule.split_column!r}",
            remedy="leave --group out, or let the split be drawn by group",
        )


def hold_from(rows: Rows, start: float, rule: SplitRule, name: str) -> Held:
    """Holds out the rows from a given moment on; with groups, only those of groups that no earlier row has.

    Raises:
        UserError: no row, or every row, lies on one side of the moment.
    """
    time = rows.time
    assert time is not None
    check_times(time, str(rule.time))
    late = time >= start
    given = getattr(rule, name)
    if not late.any() or late.all():
        side = "at or after" if not late.any() else "before"
        raise UserError(
            f"{name} is {given}, but no row of column {rule.time!r} lies {side} it",
            remedy="choose a moment inside the column's range",
        )
    kept = time < start - rule.gap
    held = late.copy()
    lost: dict[str, int] = {}
    near = int((~late & ~kept).sum())
    if near:
        lost[f"closer than the gap of {rule.gap:g} to the cut in time"] = near
    if rows.group is not None:
        group = whole_groups(rows.group)
        known = np.zeros(int(group.max()) + 1, dtype=bool)
        known[group[~late]] = True
        held &= ~known[group]
        lost["later than the cut, but of a group that earlier rows have"] = int((late & ~held).sum())
    if not held.any() or not kept.any():
        raise UserError(
            f"{name} {given} leaves {int(kept.sum())} earlier and {int(held.sum())} held-out rows",
            remedy="choose another moment, a smaller gap, or leave --group out",
        )
    sentence = f"Rows from {given} on in {rule.time} are held out."
    return Held(kept, held, [sentence], {why: count for why, count in lost.items() if count})
