"""The folds of the development rows: how many the number of rows asks for, and which row is in which."""

from __future__ import annotations

import numpy as np

from trainwright.data.split_copies import place_copies
from trainwright.data.split_draw import deal, generator, make_strata
from trainwright.data.split_given import VALIDATION, hold_from
from trainwright.data.split_group import assign_groups, whole_groups
from trainwright.data.split_hold import COPIES_PURPOSE, Held, hold_out
from trainwright.data.split_rule import Rows, SplitRule
from trainwright.data.split_time import check_times, unseen_in_window, windows
from trainwright.data.split_value import Fold
from trainwright.errors import UserError

# Rows of the development part below which each scheme is used.
REPEATED = 500
MANY_FOLDS = 5_000
CROSS_VALIDATED = 200_000
VALIDATION_PURPOSE, FOLD_PURPOSE = 2, 3


def fold_counts(rule: SplitRule, n: int) -> tuple[int, int, str]:
    """Number of folds and repeats for n development rows, and why.

    Example:
        >>> fold_counts(SplitRule(), 300)[:2]
        (5, 3)
    """
    if rule.holdout or rule.folds == 1:
        return 1, 1, "One validation part is cut off, as asked."
    if rule.folds is not None:
        repeats = rule.repeats or 1
        times = f", drawn {repeats} times" if repeats > 1 else ""
        return rule.folds, repeats, f"{rule.folds} folds{times}, as asked."
    if n < REPEATED:
        repeats = rule.repeats or 3
        sentence = f"5 folds drawn {repeats} times: under {REPEATED} development rows one draw is too much chance."
        return 5, repeats, sentence
    if n < MANY_FOLDS:
        return (
            8,
            rule.repeats or 1,
            f"8 folds: under {MANY_FOLDS:,} development rows every training row counts.",
        )
    if n <= CROSS_VALIDATED:
        return (
            5,
            rule.repeats or 1,
            f"5 folds: up to {CROSS_VALIDATED:,} development rows all of them validate.",
        )
    sentence = f"One validation part: above {CROSS_VALIDATED:,} development rows it is large enough by itself."
    return 1, 1, sentence


def make_folds(
    rule: SplitRule, rows: Rows, n_all: int, given: np.ndarray | None = None
) -> tuple[tuple[Fold, ...], list[str]]:
    """Cuts the development rows into folds by the rule's roles.

    Args:
        rule: what was asked.
        rows: the development rows.
        n_all: rows of the whole dataset version, of which the shares are meant.
        given: (n,) codes of the split column for these rows, or None.

    Returns:
        Folds in the order in which a plan takes them, and sentences for the user.
    """
    if given is not None and ((given >= 0).any() or (given == VALIDATION).any()):
        return _given(given)
    if rule.validation_from is not None:
        held = hold_from(rows, float(rule.moment("validation_from") or 0.0), rule, "validation_from")
        return (_fold(held),), ["Validation: " + held.reason[0]]
    folds, repeats, why = fold_counts(rule, rows.n)
    if folds == 1:
        share, shrunk = validation_share(rule, rows.n, n_all)
        held = hold_out(rows, share, rule, purpose=VALIDATION_PURPOSE)
        return (_fold(held),), [why, *shrunk, *held.reason[1:]]
    if rows.time is not None:
        return _by_time(rule, rows, folds)
    return _dealt(rule, rows, folds, repeats, why)


def validation_share(rule: SplitRule, n: int, n_all: int) -> tuple[float, list[str]]:
    """Share of the development rows in a single validation part, shrunk where it would be needlessly big."""
    share = (rule.validation_size or SplitRule.validation_size) * n_all / max(n, 1)
    if rule.most_rows is not None and share * n > rule.most_rows:
        sentence = (
            f"The validation part has {rule.most_rows:,} rows rather than {rule.validation_size:.0%}: "
            "more rows would hardly narrow its intervals, and train better."
        )
        return rule.most_rows / n, [sentence]
    return min(share, 0.5), []


def _fold(held: Held) -> Fold:
    return Fold(0, 0, np.flatnonzero(held.kept), np.flatnonzero(held.held))


def _given(codes: np.ndarray) -> tuple[tuple[Fold, ...], list[str]]:
    if (codes == VALIDATION).any():
        fold = Fold(0, 0, np.flatnonzero(codes != VALIDATION), np.flatnonzero(codes == VALIDATION))
        return (fold,), ["The validation part is the one the split column gives."]
    numbers = np.unique(codes)
    folds = tuple(
        Fold(i, 0, np.flatnonzero(codes != number), np.flatnonzero(codes == number)) for i, number in enumerate(numbers)
    )
    return folds, [f"The {len(folds)} folds are those the split column gives."]


def _dealt(rule: SplitRule, rows: Rows, folds: int, repeats: int, why: str) -> tuple[tuple[Fold, ...], list[str]]:
    """Folds that cover every development row exactly once in each repeat."""
    group = None if rows.group is None else whole_groups(rows.group)
    folds, notes = _possible_folds(rule, rows, folds, group)
    if not rule.shuffle and repeats > 1:
        repeats = 1
        notes.append("The folds are drawn once: without shuffling every draw would be the same.")
    strata, merged = make_strata(rows, target=rule.stratify, least=folds)
    made = []
    for repeat in range(repeats):
        rng = generator(rule.seed, FOLD_PURPOSE + repeat) if rule.shuffle else None
        if group is not None:
            place = assign_groups(group, strata, np.full(folds, 1 / folds), rng, jitter=repeat > 0)
            labels = place[group]
        elif rng is None:
            labels = np.arange(rows.n) * folds // rows.n
        elif rows.copies is None:
            labels = deal(strata, folds, rng)
        else:
            apart = generator(rule.seed, COPIES_PURPOSE + FOLD_PURPOSE + repeat)
            labels = place_copies(rows.copies, strata, np.full(folds, 1 / folds), apart)
            single = labels < 0
            labels[single] = deal(strata[single], folds, rng)
        for number in range(folds):
            made.append(Fold(number, repeat, np.flatnonzero(labels != number), np.flatnonzero(labels == number)))
    return tuple(made), [why, *notes, *merged]


def _possible_folds(rule: SplitRule, rows: Rows, folds: int, group: np.ndarray | None) -> tuple[int, list[str]]:
    """Fewer folds where rows, groups or the rarer of two classes do not suffice; names rare classes."""
    notes: list[str] = []
    units, word = rows.n, "rows"
    if group is not None:
        units, word = int(group.max()) + 1 if rows.n else 0, f"groups of {rule.group!r}"
    counts = np.bincount(rows.y.astype(np.int64)) if rows.task == "classes" and rows.y is not None else None
    if units < 2:
        raise UserError(
            f"the development part has {units} {word}, which cannot be cut into folds",
            remedy="give more rows, or a smaller --test-size",
        )
    if units < folds:
        notes.append(f"{units} folds instead of {folds}, because there are only {units} {word}.")
        folds = units
    if counts is not None:
        present = counts[counts > 0]
        rarest = int(present.min())
        if rule.folds is None and len(present) == 2 and 2 <= rarest < folds:
            notes.append(f"{rarest} folds instead of {folds}, because the rarer class has only {rarest} rows.")
            folds = rarest
        rare = [i for i in np.argsort(counts, kind="stable") if 0 < counts[i] < folds]
        if rare:
            named = ", ".join(f"{rows.class_name(int(i))} ({counts[i]})" for i in rare[:5])
            more = f" and {len(rare) - 5} more" if len(rare) > 5 else ""
            notes.append(
                f"Classes with fewer rows than the {folds} folds: {named}{more}. Some folds cannot measure "
                "them: "
                "collect more rows, merge them with another class, or use fewer folds."
            )
    return folds, notes


def _by_time(rule: SplitRule, rows: Rows, folds: int) -> tuple[tuple[Fold, ...], list[str]]:
    """Expanding windows over the later half: train on everything before, validate on the window."""
    time = rows.time
    assert time is not None
    check_times(time, str(rule.time))
    group = third = None
    if rows.group is not None:
        group = whole_groups(rows.group)
        rng = generator(rule.seed, FOLD_PURPOSE)
        labels = make_strata(rows, target=rule.stratify, least=2)[0]
        third = assign_groups(group, labels, np.full(3, 1 / 3), rng)
    made: list[Fold] = []
    unused = 0
    for turn, (start, end) in enumerate(windows(time, folds)):
        if group is None or third is None:
            train = time < start - rule.gap
            validation = (time >= start) & (time < end)
        else:
            train, validation = unseen_in_window(time, group, start, end, rule.gap, third, turn)
        if not validation.any() or not _can_learn(rows, train):
            unused += 1
            continue
        made.append(Fold(len(made), 0, np.flatnonzero(train), np.flatnonzero(validation)))
    if not made:
        raise UserError(
            f"no fold in time is possible: no window of {rule.time!r} has earlier rows to train on"
            + (", of two classes at least" if rows.task == "classes" else ""),
            remedy="use a smaller gap, more rows, or leave --time out",
        )
    sentence = (
        f"{len(made)} folds in time: each window of the later half of the development rows is predicted by "
        "a model "
        "of the rows before it."
    )
    dropped = [f"{unused} windows were dropped for want of earlier training rows."] if unused else []
    return tuple(made), [sentence, *dropped]


def _can_learn(rows: Rows, train: np.ndarray) -> bool:
    if not train.any():
        return False
    if rows.task != "classes" or rows.y is None:
        return True
    return len(np.unique(rows.y[train])) > 1
