"""The split of an incremental training: earlier rows keep the fold that held them out, new rows get folds of their own.

Fold k of the new run learns on from the model of the base's fold k. So an earlier row is held out where it was held out
before, and a new row that belongs to earlier ones (of their group, or their copy) is held out with them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from trainwright.config.settings import Settings
from trainwright.data.infer import encode_target
from trainwright.data.schema import Target
from trainwright.data.snapshot import row_keys
from trainwright.data.split import DEVELOPMENT, LEFT_OUT, Fold, Split, SplitRule
from trainwright.data.split_keys import number_copies
from trainwright.errors import UserError
from trainwright.training.incremental_base import Base, Pool, unit_names
from trainwright.training.sealing import draw
from trainwright.training.table import Table

# Fewer new rows cannot be cut into parts: all of them are learned from.
LEAST_NEW = 20
# A file with this share of the earlier rows is the earlier table with rows added; with fewer, a match may be chance
# where rows are not all different.
WHOLE_TABLE, ALL_DIFFERENT = 0.5, 0.99


@dataclass(frozen=True)
class Known:
    """Which rows of the new file the base knows.

    Args:
        fresh: (n,) bool, rows that it does not know.
        corrected: positions in the pool of rows that came again with another label.
        labels: positions in the file of these rows.
        whole: the file holds most earlier rows too.
    """

    fresh: np.ndarray
    corrected: np.ndarray
    labels: np.ndarray
    whole: bool


@dataclass(frozen=True)
class Folds:
    """The split of replayed and new rows.

    Args:
        split: of the combined table: the replayed rows first, all in development, then the new rows.
        folds: for each of its folds the base's.
    """

    split: Split
    folds: tuple[int, ...]


def known_rows(frame: pl.DataFrame, pool: Pool, target: Target) -> Known:
    """Compares a new file with the earlier rows.

    Args:
        frame: the new file's rows.
        pool: the earlier rows.
        target: with the new classes.
    """
    n = frame.height
    nothing = np.zeros(0, dtype=np.int64)
    if not set(pool.names) <= set(frame.columns):
        return Known(np.ones(n, dtype=bool), nothing, nothing, False)
    keys = number_copies(row_keys(frame, pool.names))
    order = np.argsort(pool.keys, kind="stable")
    at = np.clip(np.searchsorted(pool.keys[order], keys), 0, max(len(order) - 1, 0))
    place = order[at]
    matched = pool.keys[place] == keys
    sealed = np.isin(keys, pool.sealed)
    whole = bool(matched.sum() + sealed.sum() >= WHOLE_TABLE * (len(pool.keys) + len(pool.sealed)))
    plain = row_keys(pool.frame, pool.names)
    different = len(np.unique(plain)) >= ALL_DIFFERENT * len(plain)
    if not (whole or different):
        return Known(np.ones(n, dtype=bool), nothing, nothing, False)
    rows = np.flatnonzero(matched)
    before = encode_target(pool.frame[target.column], target)[place[rows]]
    now = encode_target(frame[target.column], target)[rows]
    changed = before != now
    return Known(~matched & ~sealed, place[rows[changed]], rows[changed], whole)


def split_new(
    table: Table, settings: Settings, base: Base, masks: tuple[np.ndarray | None, np.ndarray | None]
) -> Split:
    """The new rows parted by the rule of the base: a sealed part of their own, and as many folds.

    Args:
        table: the new rows.
        settings: of the run.
        base: whose rule and folds are followed.
        masks: which rows the project sealed, and which it trained on.

    Raises:
        UserError: the rule cannot be kept on these rows.
    """
    rule = SplitRule.from_json(base.split_row.rule or {})
    folds = (base.split_row.summary or {})["folds"]
    n = table.frame.height
    if n < LEAST_NEW:
        part = np.full(n, DEVELOPMENT, dtype=np.int8)
        if masks[0] is not None:
            part[masks[0]] = LEFT_OUT
        why = f"{n} new rows are too few to hold some back: all are learned from, and none judges the result."
        lost = int((part == LEFT_OUT).sum())
        left = {"sealed by an earlier training": lost} if lost else {}
        return Split(part, (), (why,), left, rule, {})
    numbers = {fold["number"] for fold in folds}
    if rule.split_column is None and rule.validation_from is None:
        if len(folds) == 1:
            rule = replace(rule, holdout=True, folds=None, repeats=None)
        else:
            rule = replace(rule, folds=len(numbers), repeats=1 + max(fold["repeat"] for fold in folds))
    try:
        return draw(table, settings, rule, *masks)
    except UserError as error:
        raise UserError(
            f"the {n:,} new rows of {table.name} cannot be parted as those of {base.label} were: {error.problem}",
            remedy="give more new rows, or train in full on all rows",
        ) from None


def joined(table: Table, new: Split, base: Base, pool: Pool, replay: np.ndarray) -> Folds:
    """The split of the replayed rows followed by the new ones.

    Args:
        table: the new rows.
        new: their split.
        base, pool: the earlier rows.
        replay: positions in the pool of the rows that are learned from again.
    """
    m, n = len(replay), table.frame.height
    part = np.concatenate([np.full(m, DEVELOPMENT, dtype=np.int8), new.part])
    inside = np.full(n, -1, dtype=np.int64)
    inside[new.part == DEVELOPMENT] = m + np.arange(int((new.part == DEVELOPMENT).sum()))
    everything = np.flatnonzero(new.part == DEVELOPMENT)
    place = {(fold.repeat, fold.number): fold for fold in new.folds}
    with_pool = _with_earlier(table, base, pool)[everything]  # position in the pool of a row that each belongs to
    made, kept = [], []
    for index, about in enumerate((base.split_row.summary or {})["folds"]):
        trains, validates = pool.trains[index][replay], pool.validates[index][replay]
        own = place.get((about["repeat"], about["number"]))
        learn = np.ones(len(everything), dtype=bool)
        judge = np.zeros(len(everything), dtype=bool)
        if own is not None:
            learn[:], judge[:] = False, False
            learn[own.train], judge[own.validation] = True, True
        tied = with_pool >= 0
        learn[tied] = pool.trains[index][with_pool[tied]]
        judge[tied] = pool.validates[index][with_pool[tied]]
        train = np.concatenate([np.flatnonzero(trains), m + np.flatnonzero(learn)])
        validation = np.concatenate([np.flatnonzero(validates), m + np.flatnonzero(judge)])
        if len(train) and len(validation):
            made.append(Fold(about["number"], about["repeat"], train, validation))
            kept.append(index)
    if not made:
        raise UserError(
            "no fold holds out a row: neither earlier nor new rows could judge the result",
            remedy="keep more earlier rows (--replay 20%), or train in full on all rows",
        )
    words = (
        f"{m:,} earlier rows are learned from again; each stays in the fold that held it out before, because a fold's "
        "model learns on from that fold's model of then."
    )
    y = encode_target(table.frame[table.target.column], table.target)[everything]
    shares = {}
    if table.target.task == "classes":
        old = encode_target(pool.frame[table.target.column], table.target)[replay]
        counts = np.bincount(np.concatenate([old, y]), minlength=len(table.target.classes))
        shares = {name: round(float(c / counts.sum()), 6) for name, c in zip(table.target.classes, counts)}
    rule = SplitRule.from_json(base.split_row.rule or {})
    return Folds(Split(part, tuple(made), (words, *new.reason), new.left_out, rule, shares), tuple(kept))


def _with_earlier(table: Table, base: Base, pool: Pool) -> np.ndarray:
    """(n,) for each new row an earlier one that it is never parted from, -1 where there is none."""
    rule = SplitRule.from_json(base.split_row.rule or {})
    out = np.full(table.frame.height, -1, dtype=np.int64)
    if rule.time is not None or rule.split_column is not None or not (rule.group or rule.by_chance):
        return out
    units = row_keys(table.frame, unit_names(base.schema))
    order = np.argsort(pool.units, kind="stable")
    at = np.searchsorted(pool.units[order], units)
    there = at < len(order)
    found = order[np.where(there, at, 0)]
    same = there & (pool.units[found] == units)
    out[same] = found[same]
    return out
