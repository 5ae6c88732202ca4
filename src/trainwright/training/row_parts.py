"""Parts of a fold: shares of rows it learns from, blocks of rows it is judged on; what belongs together stays so."""

from __future__ import annotations

import numpy as np

from trainwright.training.trials import Work

# A single validation part is judged in this many blocks of rows, which take the place of folds.
BLOCKS = 8


def part_of(train: np.ndarray, share: float, work: Work, seed: int) -> np.ndarray:
    """A share of a fold's training rows; smaller shares of the same seed lie within larger ones.

    Args:
        train: positions within the development rows.
        share: of them.
        work: groups stay whole; with a time column the latest rows are kept.
        seed: of the draw.
    """
    data = work.dataset
    wanted = max(1, round(share * len(train)))
    rng = np.random.default_rng(seed)
    if data.time is not None:
        moments = data.time[train]
        order = np.argsort(-moments, kind="stable")
        last = moments[order[wanted - 1]]
        return np.sort(train[moments >= last])  # equal times stay together
    units = data.group if data.group is not None else data.cluster
    if units is not None:
        codes, at = np.unique(units[train], return_inverse=True)
        rank = rng.permutation(len(codes))[at]
        sizes = np.bincount(rank, minlength=len(codes)).cumsum()
        most = int(np.searchsorted(sizes, wanted, side="left"))
        return np.sort(train[rank <= most])
    order = rng.permutation(len(train))
    if work.target.task == "classes":
        # Dealt out class by class, so that every part holds each class in its share (as stratified folds do).
        y = data.y[train][order]
        place = np.empty(len(order))
        for value in np.unique(y):
            own = np.flatnonzero(y == value)
            place[own] = (np.arange(len(own)) + 0.5) / len(own)
        order = order[np.argsort(place, kind="stable")]
    return np.sort(train[order[:wanted]])


def blocks_of(work: Work, rows: np.ndarray, seed: int) -> list[np.ndarray]:
    """Blocks of a single validation part: groups whole, stretches of time, else by chance."""
    data = work.dataset
    if data.time is not None:
        return np.array_split(np.argsort(data.time[rows], kind="stable"), BLOCKS)
    units = data.group if data.group is not None else data.cluster
    rng = np.random.default_rng(seed)
    if units is None:
        return np.array_split(rng.permutation(len(rows)), BLOCKS)
    codes, at = np.unique(units[rows], return_inverse=True)
    block = rng.permutation(len(codes))[at] % BLOCKS
    return [np.flatnonzero(block == b) for b in range(BLOCKS) if (block == b).any()]


def words_of_parts(work: Work) -> str:
    """How smaller parts are made, in words."""
    if work.dataset.time is not None:
        return "smaller parts are the latest rows of each fold's training rows: a shorter history"
    if work.dataset.group is not None or work.dataset.cluster is not None:
        return "smaller parts are whole groups of each fold's training rows, drawn at random"
    return "smaller parts are drawn at random from each fold's training rows"
