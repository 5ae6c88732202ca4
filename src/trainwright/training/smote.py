"""SMOTE: rows of rare classes made up between a row and one of its nearest neighbours, by imbalanced-learn.

Chawla et al. 2002, "SMOTE: Synthetic Minority Over-sampling Technique", section 4.2; SMOTE-NC (section 6.1) when
there are categories beside numbers, SMOTE-N (section 6.2) when there are only categories. What cannot be put between
two rows (missing values, texts, categories of many values, roles and weights) is taken from the nearest real row of
the same class; numbers that are whole in every training row stay whole. Otherwise a model would learn to tell made-up
rows from real ones.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from trainwright.data.columns import Columns, Dataset
from trainwright.errors import EnvironmentProblem
from trainwright.training.rebalance import MOST_SOURCES

NEIGHBOURS = 5  # Chawla et al. 2002, section 4.2
# Category values that vote; columns beyond them are taken from the nearest row. The vote is a dense array.
MOST_VALUES = 200
# Among this many nearest rows by numbers, the one that agrees in the most categories is the nearest.
CLOSE = 8


def require() -> None:
    """Checks that imbalanced-learn is installed.

    Raises:
        EnvironmentProblem: it is not, with the command that installs it.
    """
    if find_spec("imblearn") is None:
        raise EnvironmentProblem(
            "resample: smote needs the library imbalanced-learn, which is not installed",
            remedy='pip install "trainwright[imbalance]", or use resample: over',
        )


def with_made_up_rows(learn: Dataset, counts: np.ndarray, goals: np.ndarray, rng: np.random.Generator) -> Dataset:
    """The rows, with made-up ones behind the real row that each is nearest to.

    A class of one row has no neighbour: its row is copied.

    Args:
        learn: n rows with units.
        counts, goals: (k,) rows of each class now and afterwards.
        rng: draws sources, neighbours and places between them.
    """
    table = _Table(learn.columns)
    origin, parts = [np.arange(len(learn))], [learn]
    for c in np.flatnonzero(goals > counts):
        own = np.flatnonzero(learn.y == c)
        if len(own) > MOST_SOURCES:
            own = np.sort(rng.choice(own, MOST_SOURCES, replace=False))
        new, donor = table.between(own, int(goals[c] - counts[c]), int(rng.integers(2**31)))
        parts.append(replace(learn.take(donor), columns=new))
        origin.append(donor)
    return _joined(parts).take(np.argsort(np.concatenate(origin), kind="stable"))


class _Table:
    """The columns as imbalanced-learn takes them.

    Args:
        columns: the training rows; means and scales are theirs.
    """

    def __init__(self, columns: Columns):
        self.columns = columns
        self.raw = np.hstack([columns.numbers.astype(np.float64), columns.times])  # (n, p)
        with np.errstate(all="ignore"):
            known = np.isfinite(self.raw)
            safe = np.where(known, self.raw, 0.0)
            n = np.maximum(known.sum(axis=0), 1)
            self.mean = safe.sum(axis=0) / n
            spread = np.sqrt((np.where(known, self.raw - self.mean, 0.0) ** 2).sum(axis=0) / n)
            self.scale = np.where((spread > 0) & np.isfinite(spread), spread, 1.0)
            self.whole = (~known | (self.raw == np.round(self.raw))).all(axis=0)
        # Missing ones stand at the mean while distances are measured, and are missing again afterwards.
        self.scaled = np.where(known, (self.raw - self.mean) / self.scale, 0.0)
        two = self.whole & (safe.min(axis=0, initial=0) >= 0) & (safe.max(axis=0, initial=0) <= 1)
        self.flags, self.numbers = np.flatnonzero(two), np.flatnonzero(~two)  # yes-or-no columns vote
        self.voting = self._voting()

    def _voting(self) -> np.ndarray:
        """Category columns whose values vote: those of few values first, while there is room."""
        sizes = np.array([len(np.unique(column)) for column in self.columns.codes.T], dtype=np.int64)
        order = np.argsort(sizes, kind="stable")
        room = np.cumsum(sizes[order]) + 2 * len(self.flags) <= MOST_VALUES
        return np.sort(order[room])

    def between(self, own: np.ndarray, count: int, seed: int) -> tuple[Columns, np.ndarray]:
        """Rows made up between rows of one class.

        Args:
            own: (m,) the rows of the class.
            count: how many to make.
            seed: of the draws.

        Returns:
            The made-up rows, and (count,) the real row nearest to each.
        """
        if len(own) == 1:
            donor = np.repeat(own, count)
            return self.columns.take(donor), donor
        flags = np.rint(np.where(np.isfinite(self.raw), self.raw, -1.0)[:, self.flags])
        votes = np.hstack([flags, self.columns.codes[:, self.voting]])  # (n, q)
        numbers, chosen = _imbalanced_learn(self.scaled[own][:, self.numbers], votes[own], count, seed)
        donor = own[_nearest(numbers, chosen, self.scaled[own][:, self.numbers], votes[own])]
        real = self.columns.take(donor)
        values = self.raw[donor]  # (count, p)
        made = numbers * self.scale[self.numbers] + self.mean[self.numbers]
        made = np.where(self.whole[self.numbers], np.rint(made), made)
        values[:, self.numbers] = np.where(np.isfinite(values[:, self.numbers]), made, np.nan)
        flagged = chosen[:, : len(self.flags)]
        values[:, self.flags] = np.where(flagged < 0, np.nan, flagged)
        codes = real.codes.copy()
        codes[:, self.voting] = chosen[:, len(self.flags) :].astype(np.int32)
        width = self.columns.numbers.shape[1]
        block = values[:, :width].astype(self.columns.numbers.dtype)
        return replace(real, numbers=block, codes=codes, times=values[:, width:]), donor


def _imbalanced_learn(numbers: np.ndarray, votes: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(count, p) numbers and (count, q) category values of made-up rows.

    Args:
        numbers: (m, p) of one class, on one scale.
        votes: (m, q) category values.
    """
    m, p = numbers.shape
    if p + votes.shape[1] == 0:
        return np.empty((count, 0)), np.empty((count, 0))
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    given: dict[str, Any] = {
        "sampling_strategy": {1: m + count},
        "k_neighbors": min(NEIGHBOURS, m - 1),
        "random_state": seed,
    }
    both = np.hstack([numbers, votes])
    # The library wants a second class, which it never looks at: one row of the same stands in.
    X, y = np.vstack([both, both[:1]]), np.array([1] * m + [0])
    if votes.shape[1] == 0:
        sampler = SMOTE(**given)
    elif p == 0:
        sampler = SMOTEN(**given)
    else:
        sampler = SMOTENC(categorical_features=list(range(p, both.shape[1])), **given)
    made = np.asarray(sampler.fit_resample(X, y)[0][m + 1 :], dtype=np.float64)
    return made[:, :p], np.rint(made[:, p:])


def _nearest(numbers: np.ndarray, votes: np.ndarray, sources: np.ndarray, source_votes: np.ndarray) -> np.ndarray:
    """(count,) position of the real row nearest to each made-up one: by numbers, then by categories that agree."""
    from sklearn.neighbors import NearestNeighbors

    if numbers.shape[1]:
        search = NearestNeighbors(n_neighbors=min(CLOSE, len(sources))).fit(sources)
        near = search.kneighbors(numbers, return_distance=False)  # (count, c), nearest first
    else:
        step = max(1, len(sources) // 200)  # categories alone: a sample of the rows is compared
        near = np.tile(np.arange(0, len(sources), step), (len(votes), 1))
    if not votes.shape[1]:
        return np.asarray(near[:, 0])
    differ = np.zeros(near.shape, dtype=np.int64)
    for j in range(votes.shape[1]):
        differ += source_votes[near, j] != votes[:, [j]]
    return np.asarray(near[np.arange(len(near)), differ.argmin(axis=1)])


def _joined(parts: list[Dataset]) -> Dataset:
    """One dataset below the other; roles are there in all of them or in none."""

    def stacked(name: str) -> np.ndarray | None:
        values = [getattr(part, name) for part in parts]
        return None if values[0] is None else np.concatenate(values)

    blocks = [part.columns for part in parts]
    numbers, codes, times, texts = (
        np.concatenate([getattr(block, name) for block in blocks]) for name in ("numbers", "codes", "times", "texts")
    )
    units = np.concatenate([block.units for block in blocks if block.units is not None])
    columns = Columns(numbers, codes, times, texts, blocks[0].layout, units)
    roles = {name: stacked(name) for name in ("weight", "group", "time", "cluster")}
    return Dataset(columns, np.concatenate([p.y for p in parts]), np.concatenate([p.rows for p in parts]), **roles)
