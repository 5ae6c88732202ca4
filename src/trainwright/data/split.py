"""The split of a dataset version: a pure function of the rule, the roles and earlier assignments.

`make_split` tells the whole story; the kinds of draw live in the modules named `split_*` and in `folds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trainwright.data.folds import make_folds
from trainwright.data.split_given import TEST as GIVEN_TEST
from trainwright.data.split_given import check_groups_whole, hold_from, read_parts
from trainwright.data.split_hold import Earlier, Held, hold_out
from trainwright.data.split_inner import inner_cut, inner_folds
from trainwright.data.split_rule import ROW_ORDER, Rows, SplitRule
from trainwright.data.split_value import DEVELOPMENT, LEFT_OUT, TEST, Fold, Split
from trainwright.errors import UserError

__all__ = [
    "DEVELOPMENT",
    "LEFT_OUT",
    "ROW_ORDER",
    "TEST",
    "Fold",
    "Split",
    "SplitRule",
    "inner_cut",
    "inner_folds",
    "make_split",
]

TEST_PURPOSE = 1
SMALL_TEST = 100


def make_split(
    rule: SplitRule,
    n: int,
    *,
    task: str,
    y: np.ndarray | None = None,
    strata: np.ndarray | None = None,
    group: np.ndarray | None = None,
    time: np.ndarray | None = None,
    copies: np.ndarray | None = None,
    split_values: Sequence[Any] | None = None,
    earlier_test: np.ndarray | None = None,
    earlier_development: np.ndarray | None = None,
    classes: Sequence[str] = (),
    strata_names: Sequence[str] = (),
) -> Split:
    """Parts n rows into development, sealed test and left out, and the development rows into folds.

    Args:
        rule: what was asked.
        n: number of rows of the dataset version.
        task: "classes" or "number".
        y: (n,) class positions or numbers.
        strata: (n,) codes of the columns `rule.strata`, combined.
        group: (n,) codes of the column `rule.group`; negative where it is missing.
        time: (n,) float, seconds since 1970; for "row-order" it may be left out.
        copies: (n,) codes of equal rows (`data.copies`), -1 for a row without a copy; a split drawn by chance keeps
            them on one side of every cut, any other ignores them.
        split_values: (n,) values of the column `rule.split_column`.
        earlier_test: (n,) bool, rows of the test part of earlier dataset versions: they stay there, or are
            left out.
        earlier_development: (n,) bool, rows that earlier versions trained on: the test part is never topped
            up with them.
        classes: names of the classes, for messages.
        strata_names: names of the strata codes, for messages.

    Returns:
        The split; equal arguments give equal splits.

    Raises:
        UserError: the rule cannot be kept on these rows; the message says why and what to do.

    Example:
        >>> split = make_split(SplitRule(), 1000, task="classes", y=np.arange(1000) % 2)
        >>> split.n_rows
        {'train': 743, 'validation': 107, 'test': 150}
    """
    if rule.time == ROW_ORDER and time is None:
        time = np.arange(n, dtype=np.float64)
    if not rule.by_chance:
        copies = None
    rows = Rows(n, task, y, strata, group, time, tuple(classes), tuple(strata_names), copies)
    _check(rule, rows)
    earlier = Earlier(_mask(earlier_test, n), _mask(earlier_development, n))
    codes = None if split_values is None else read_parts(split_values, str(rule.split_column))
    held = _hold_test(rule, rows, codes, earlier)
    part = np.full(n, LEFT_OUT, dtype=np.int8)
    part[held.kept] = DEVELOPMENT
    part[held.held] = TEST
    development = np.flatnonzero(held.kept)
    _check_development(rows, development)
    given = None if codes is None else codes[development]
    folds, fold_reasons = make_folds(rule, rows.take(development), n, given)
    return Split(
        part=part,
        folds=folds,
        reason=(*held.reason, *_size_words(held), *fold_reasons),
        left_out=held.lost,
        rule=rule,
        shares=_class_shares(rows, part),
    )


def _hold_test(rule: SplitRule, rows: Rows, codes: np.ndarray | None, earlier: Earlier) -> Held:
    """The sealed test part by the rule, and the rows that may be trained on."""
    if codes is not None:
        check_groups_whole(codes, rows, rule)
        held = codes == GIVEN_TEST
        sentence = f"The parts are those of column {rule.split_column!r}."
        if not held.any():
            sentence += " It names no test row, so nothing is sealed: all figures are cross-validated."
        return _seal(Held(~held, held, [sentence]), earlier)
    if rule.given_test:
        everything = np.ones(rows.n, dtype=bool)
        sentence = "The test part is a file of its own; nothing is held back from this one."
        return _seal(Held(everything, ~everything, [sentence]), earlier)
    if rule.test_from is not None:
        return _seal(hold_from(rows, float(rule.moment("test_from") or 0.0), rule, "test_from"), earlier)
    if rule.test_size == 0:
        everything = np.ones(rows.n, dtype=bool)
        sentence = "No test part is held back, as asked: all figures are cross-validated, none is of sealed rows."
        return _seal(Held(everything, ~everything, [sentence]), earlier)
    share, notes = rule.test_size, []
    if rule.most_rows is not None and share * rows.n > rule.most_rows:
        share = rule.most_rows / rows.n
        notes.append(
            f"The test part has about {rule.most_rows:,} rows rather than {rule.test_size:.0%}: more would "
            "hardly "
            "narrow its intervals."
        )
    held_out = hold_out(rows, share, rule, purpose=TEST_PURPOSE, earlier=earlier)
    held_out.reason.extend(notes)
    if earlier.test.any():
        kept = int((held_out.held & earlier.test).sum())
        held_out.reason.append(f"{kept} rows stay in the test part, where earlier dataset versions sealed them.")
    if not held_out.held.any():
        held_out.reason.append(
            "The test part is empty: no row could be held back that earlier versions did not train on."
        )
    return _seal(held_out, earlier)


def _seal(held: Held, earlier: Earlier) -> Held:
    """A row sealed earlier is never trained on: where the rule does not hold it out, it is left out."""
    broken = held.kept & earlier.test
    if broken.any():
        held = replace(held, kept=held.kept & ~earlier.test)
        why = "sealed as test rows in an earlier dataset version"
        held.lost[why] = held.lost.get(why, 0) + int(broken.sum())
        held.reason.append(f"{int(broken.sum())} rows were {why} and are left out of training.")
    return held


def _size_words(held: Held) -> list[str]:
    """Says how wide the interval of a small test part will be, before anything is trained."""
    size = int(held.held.sum())
    if not 0 < size < SMALL_TEST:
        return []
    width = 2 * 1.96 * (0.8 * 0.2 / size) ** 0.5  # normal interval of a proportion, Wilson (1927) eq. 1
    return [
        f"The test part has only {size} rows: the 95 % interval of a share of 0.8 measured on it is about "
        f"{min(width, 1.0):.2f} wide. Read its figures as a rough check, and the cross-validated ones as "
        "the estimate."
    ]


def _class_shares(rows: Rows, part: np.ndarray) -> dict[str, float]:
    """Share of each class among the development rows; those of the sealed part are nobody's business."""
    if rows.task != "classes" or rows.y is None:
        return {}
    width = max(len(rows.classes), int(rows.y.max(initial=-1)) + 1)
    counts = np.bincount(rows.y[part == DEVELOPMENT].astype(np.int64), minlength=width)
    names = [rows.classes[i] if i < len(rows.classes) else str(i) for i in range(width)]
    return {name: round(float(count / counts.sum()), 6) for name, count in zip(names, counts)}


def _check(rule: SplitRule, rows: Rows) -> None:
    """Arrays that the rule needs are there and aligned; a mismatch is a fault of the caller."""
    needed = {"group": rule.group, "time": rule.time}
    for name, column in needed.items():
        values = getattr(rows, name)
        if (column is not None) != (values is not None):
            raise ValueError(
                f"the rule names {name} {column!r}, but the {name} array is {'absent' if column else 'given'}"
            )
    for name in ("y", "strata", "group", "time", "copies"):
        values = getattr(rows, name)
        if values is not None and len(values) != rows.n:
            raise ValueError(f"{name} has {len(values)} values for {rows.n} rows")
    if rows.n < 2:
        raise UserError(f"the table has {rows.n} labelled rows", remedy="at least two are needed to train and to test")


def _check_development(rows: Rows, development: np.ndarray) -> None:
    if not len(development):
        raise UserError("the split leaves no row for training", remedy="give more rows or a smaller test part")
    if rows.task != "classes" or rows.y is None:
        return
    found = np.unique(rows.y[development])
    if len(found) < 2 <= len(np.unique(rows.y)):
        raise UserError(
            f"all {len(development)} development rows are of class {rows.class_name(int(found[0]))}: "
            "nothing can be "
            "learned from them",
            remedy="use a smaller test part, or another --group or --time column",
        )


def _mask(values: np.ndarray | None, n: int) -> np.ndarray:
    if values is None:
        return np.zeros(n, dtype=bool)
    if len(values) != n:
        raise ValueError(f"an earlier assignment has {len(values)} values for {n} rows")
    return np.asarray(values, dtype=bool)
