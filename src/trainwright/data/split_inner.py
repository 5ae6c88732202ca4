"""Cuts inside a fold's own training rows: for early stopping, and for encodings fitted across parts.

They obey the same roles as the folds: groups stay whole, what is held out is later, equal times stay
together.
"""

from __future__ import annotations

import numpy as np

from trainwright.data.split_draw import deal, generator, make_strata
from trainwright.data.split_group import assign_groups, whole_groups
from trainwright.data.split_hold import hold_out
from trainwright.data.split_rule import Rows, SplitRule
from trainwright.errors import UserError

SMALLEST = 50
CUT_PURPOSE, ENCODING_PURPOSE = 101, 102


def inner_cut(
    fraction: float,
    *,
    task: str,
    y: np.ndarray,
    group: np.ndarray | None = None,
    time: np.ndarray | None = None,
    strata: np.ndarray | None = None,
    gap: float = 0.0,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Cuts a validation part out of training rows, so that a fold's held-out rows never stop its training.

    Args:
        fraction: share of rows in the validation part.
        task: "classes" or "number".
        y: (n,) class positions or numbers.
        group: (n,) codes, or None.
        time: (n,) moments, or None.
        strata: (n,) codes of further columns to stratify by, or None.
        gap: on the scale of `time`, left out of training before the validation part.
        seed: of the draw.

    Returns:
        Training and validation positions, ascending; None where no sensible cut exists: under 50 rows, one
        group, one moment, an empty side, or training rows of a single class.

    Example:
        >>> train, validation = inner_cut(0.2, task="number", y=np.arange(100.0))
        >>> len(train), len(validation)
        (80, 20)
    """
    n = len(y)
    if n < SMALLEST:
        return None
    rows = Rows(n, task, y=y, strata=strata, group=group, time=time)
    rule = SplitRule(seed=seed, gap=gap if time is not None else 0.0, group="group", time="time")
    try:
        held = hold_out(rows, fraction, rule, purpose=CUT_PURPOSE)
    except UserError:
        return None
    train, validation = np.flatnonzero(held.kept), np.flatnonzero(held.held)
    if not len(validation) or not len(train):
        return None
    if task == "classes" and len(np.unique(y[train])) < 2:
        return None
    return train, validation


def inner_folds(
    k: int,
    *,
    task: str,
    y: np.ndarray,
    group: np.ndarray | None = None,
    time: np.ndarray | None = None,
    strata: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Labels training rows with the part they belong to, for encodings that must not see a row's own label.

    Without time, rows of part j are encoded by what was learned from all other parts. With time (and no
    groups) the parts are blocks in order of time, equal times together, and rows of part j are encoded by
    what was learned from parts before j; part 0 has none before it and gets the encoding of "nothing known".
    With groups, also together with time, groups stay whole, because the model will meet groups it never saw.

    Args:
        k: number of parts.
        task, y, group, time, strata, seed: as in `inner_cut`.

    Returns:
        (n,) int64 labels from 0; fewer than k different ones where rows, groups or moments do not suffice.

    Example:
        >>> inner_folds(2, task="number", y=np.zeros(4), time=np.array([3.0, 1.0, 2.0, 2.0])).tolist()
        [1, 0, 1, 1]
    """
    n = len(y)
    rng = generator(seed, ENCODING_PURPOSE)
    if group is None and time is not None:
        _, where, counts = np.unique(time, return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - counts / 2
        block = np.minimum((middle * k / max(n, 1)).astype(np.int64), k - 1)
        return np.unique(block, return_inverse=True)[1][where.reshape(-1)].astype(np.int64)
    rows = Rows(n, task, y=y, strata=strata, group=group)
    labels = make_strata(rows, target=True, least=k)[0]
    if group is not None:
        whole = whole_groups(group)
        k = min(k, int(whole.max()) + 1) if n else k
        return assign_groups(whole, labels, np.full(k, 1 / k), rng)[whole]
    return deal(labels, min(k, max(n, 1)), rng)
