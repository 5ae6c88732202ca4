"""Holding out one part of the rows: random or stratified, in order, grouped, by time, grouped and by time.

Serves the sealed test part (with the memory of earlier dataset versions), a validation part, and inner cuts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from trainwright.data.split_copies import earlier_bins, parted_already, place_copies
from trainwright.data.split_draw import draw, generator, make_strata
from trainwright.data.split_group import assign_groups, earlier_groups, whole_groups
from trainwright.data.split_rule import Rows, SplitRule
from trainwright.data.split_time import check_times, later_and_unseen, latest
from trainwright.errors import UserError

# Copies are placed by draws of their own, so that a table without copies is parted as ever.
COPIES_PURPOSE = 1_000


@dataclass
class Held:
    """Rows on both sides of a cut, and what to say about it.

    Args:
        kept: (n,) bool, rows that may be trained on.
        held: (n,) bool, rows held out.
        reason: sentences for the user.
        lost: rows on neither side, counted by reason.
    """

    kept: np.ndarray
    held: np.ndarray
    reason: list[str] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Earlier:
    """What earlier dataset versions of the project did with these rows, each (n,) bool."""

    test: np.ndarray
    development: np.ndarray


def hold_out(rows: Rows, share: float, rule: SplitRule, *, purpose: int, earlier: Earlier | None = None) -> Held:
    """Holds out a share of the rows by the rule's roles.

    Args:
        rows: the rows to part.
        share: wanted share of held rows.
        rule: its group, time, gap, shuffle, stratify and seed are obeyed.
        purpose: keeps the draws of test, validation and inner parts apart.
        earlier: earlier assignment, obeyed: a test row never becomes a kept row.

    Raises:
        UserError: one group, one moment, or a group on both sides earlier.
    """
    none = np.zeros(rows.n, dtype=bool)
    earlier = earlier or Earlier(none, none)
    rng = generator(rule.seed, purpose)
    if rows.group is not None:
        group = whole_groups(rows.group)
        if rows.n and int(group.max()) < 1:
            raise UserError(
                f"column {rule.group!r} has a single group, so no part can consist of groups never seen",
                remedy="name another column, or leave --group out",
            )
        fixed = earlier_groups(rows, group, earlier.test, earlier.development, str(rule.group))
        labels = make_strata(rows, target=rule.stratify, least=2)[0]
        if rows.time is not None:
            return _by_group_and_time(rows, group, labels, share, rule, fixed, rng)
        return _by_group(rows, group, labels, share, rule, fixed, rng)
    if rows.time is not None:
        return _by_time(rows.time, share, rule, earlier)
    if not rule.shuffle:
        return _last_rows(rows.n, share, earlier)
    strata, notes = make_strata(rows, target=rule.stratify, least=max(2, round(1 / max(share, 1e-9))))
    before, free = earlier.test, ~earlier.development
    if rows.copies is not None:
        before, free = _copies_first(rows.copies, strata, share, rule, purpose, earlier)
    held = draw(strata, share, rng, held=before, eligible=free)
    return Held(~held, held, [_random_words(rows, rule), *notes])


def _copies_first(
    copies: np.ndarray, strata: np.ndarray, share: float, rule: SplitRule, purpose: int, earlier: Earlier
) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are held before the draw because their copies are, and those that the draw may add."""
    unit = parted_already(copies, earlier.test, earlier.development)
    placed = place_copies(
        unit,
        strata,
        np.array([1 - share, share]),
        generator(rule.seed, COPIES_PURPOSE + purpose),
        fixed=earlier_bins(unit, earlier.test, earlier.development),
        whole_strata=True,
    )
    return earlier.test | (placed == 1), ~earlier.development & (placed < 0)


def _random_words(rows: Rows, rule: SplitRule) -> str:
    alike = []
    if rule.stratify and rows.y is not None:
        alike.append("the classes" if rows.task == "classes" else "ten ranges of the target")
    if rows.strata is not None:
        alike.append(" and ".join(rule.strata) or "the given strata")
    if not alike:
        return f"Rows are drawn at random (seed {rule.seed})."
    return f"Rows are drawn at random (seed {rule.seed}), with equal shares of {' and '.join(alike)}."


def _last_rows(n: int, share: float, earlier: Earlier) -> Held:
    """Without shuffling the last rows of the file are held."""
    held = earlier.test.copy()
    free = np.flatnonzero(~held & ~earlier.development)
    more = max(0, round(share * n) - int(held.sum()))
    held[free[len(free) - min(more, len(free)) :]] = True
    return Held(~held, held, ["Rows are not shuffled: the last rows of the file are held out."])


def _by_group(
    rows: Rows,
    group: np.ndarray,
    labels: np.ndarray,
    share: float,
    rule: SplitRule,
    fixed: np.ndarray,
    rng: np.random.Generator,
) -> Held:
    order = rng if rule.shuffle else None
    place = assign_groups(group, labels, np.array([1 - share, share]), order, fixed=fixed)
    held = place[group] == 1
    sentence = (
        f"Groups of {rule.group!r} stay whole: {int((place == 1).sum())} of {len(place)} groups are held "
        "out, "
        "so the figures are about groups never seen."
    )
    return Held(~held, held, [sentence])


def _by_time(time: np.ndarray, share: float, rule: SplitRule, earlier: Earlier) -> Held:
    check_times(time, str(rule.time))
    start = _sticky_start(time, share, earlier)
    late = time >= start
    held = late & ~earlier.development
    near = ~late & (time >= start - rule.gap)
    kept = ~late & ~near & ~earlier.test
    lost = {
        f"closer than the gap of {rule.gap:g} to the cut in time": int((near & ~earlier.test).sum()),
        "sealed in an earlier dataset version, but before the cut in time": int((~late & earlier.test).sum()),
        "trained on in an earlier dataset version, but after the cut in time": int((late & earlier.development).sum()),
    }
    sentence = f"Rows are ordered by {rule.time}: the latest are held out, every kept row is earlier."
    return Held(kept, held, [sentence], {why: count for why, count in lost.items() if count})


def _sticky_start(time: np.ndarray, share: float, earlier: Earlier) -> float:
    """The first held moment; an earlier cut stays while the part keeps 0.5 to 1.5 times its share."""
    start = latest(time, share)
    wanted = share * len(time)
    if earlier.test.any():
        before = float(time[earlier.test].min())
        count = int((time >= before).sum())
        clean = before > time.min() and not (earlier.development & (time >= before)).any()
        if clean and 0.5 * wanted <= count <= 1.5 * wanted:
            return before
    if earlier.development.any():
        after = time > float(time[earlier.development].max())
        if after.sum() >= 0.5 * wanted and after.any():
            start = max(start, float(time[after].min()))
    return start


def _by_group_and_time(
    rows: Rows,
    group: np.ndarray,
    labels: np.ndarray,
    share: float,
    rule: SplitRule,
    fixed: np.ndarray,
    rng: np.random.Generator,
) -> Held:
    time = rows.time
    assert time is not None
    check_times(time, str(rule.time))
    kept, held, way = later_and_unseen(time, group, labels, share, rule.gap, rng, fixed=fixed)
    if not held.any() or not kept.any():
        raise UserError(
            f"no row is both later in {rule.time!r} and of a group of {rule.group!r} that earlier rows do not have",
            remedy="use one of --group and --time; for groups that recur, --time with --cluster",
        )
    neither = int((~kept & ~held).sum())
    sentence = (
        f"Held-out rows are later in {rule.time} than every kept row and of groups of {rule.group!r} never "
        "seen "
        f"({way}); {neither} rows are neither and were left out."
    )
    lost = {"neither earlier than the cut nor of an unseen group": neither} if neither else {}
    return Held(kept, held, [sentence], lost)
