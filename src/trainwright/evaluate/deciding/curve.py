"""What each threshold finds and flags wrongly on some of the rows of a table, and how sure its shares are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trainwright.evaluate.deciding.table import Table
from trainwright.evaluate.intervals import normal_quantile
from trainwright.tasks.metric import divide

LEVEL = 0.95
"""Of the two-sided interval whose lower bound a held precision or recall must keep."""


@dataclass(frozen=True)
class Curve:
    """Candidates i = 0 ... g: the i highest scores of a table are flagged.

    Args:
        table: whose scores.
        found, wrong: (g + 1,) weight of the positive and of the other rows that are flagged.
    """

    table: Table
    found: np.ndarray
    wrong: np.ndarray

    @classmethod
    def of(cls, table: Table, positive: np.ndarray, other: np.ndarray) -> Curve:
        """From (g,) weights by score."""
        start = np.zeros(1)
        return cls(table, np.concatenate((start, np.cumsum(positive))), np.concatenate((start, np.cumsum(other))))

    @property
    def positives(self) -> float:
        return float(self.found[-1])

    @property
    def others(self) -> float:
        return float(self.wrong[-1])

    @cached_property
    def recall(self) -> np.ndarray:
        """(g + 1,) share of the positive rows that are flagged."""
        return divide(self.found, self.positives, empty=0.0)

    @cached_property
    def precision(self) -> np.ndarray:
        """(g + 1,) share of the flagged rows that are positive, in the world; 0 where none is flagged."""
        up, down = self.table.up * self.found, self.table.down * self.wrong
        return divide(up, up + down, empty=0.0)

    @cached_property
    def flagged(self) -> np.ndarray:
        """(g + 1,) share of all rows that are flagged, in the world."""
        up, down = self.table.up, self.table.down
        return divide(up * self.found + down * self.wrong, up * self.positives + down * self.others, empty=0.0)

    def threshold(self, i: int) -> float:
        """The probability from which a row is flagged so that candidate i results: halfway to the next lower score
        that occurs among these rows, so that rows as good as those seen stay on the right side."""
        table, g = self.table, len(self.table.high)
        same = (self.found == self.found[i]) & (self.wrong == self.wrong[i])
        first, last = int(np.flatnonzero(same)[0]), int(np.flatnonzero(same)[-1])
        above = float(table.low[first - 1]) if first > 0 else 1.0
        below = float(table.high[last]) if last < g else 0.0
        value = (above + below) / 2
        return value if value > below or last >= g else above

    def recall_bound(self, i: int) -> float:
        """The lower bound of the recall of candidate i."""
        trials = self.positives / float(self.table.loss_recall[i])
        return float(lower_bound(np.array([self.recall[i]]), np.array([trials]))[0])

    def precision_bounds(self, at: np.ndarray) -> np.ndarray:
        """The lower bounds of the precision of these candidates, in the world."""
        rows = self.found[at] + self.wrong[at]
        share = divide(self.found[at], rows, empty=0.0)
        bound = lower_bound(share, rows / self.table.loss_precision[at])
        up, down = self.table.up * bound, self.table.down * (1 - bound)
        return divide(up, up + down, empty=0.0)


def lower_bound(share: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """The lower end of the 95 % interval of shares: Clopper and Pearson 1934, on the effective number of trials (Korn
    and Graubard 1998), which never promises more than it holds.

    Example:
        >>> lower_bound(np.array([1.0]), np.array([40.0])).round(3).tolist()
        [0.912]
    """
    from scipy.special import betaincinv

    hits = share * trials
    tail = (1 - LEVEL) / 2
    some = (hits > 1e-9) & (trials > 0)
    out = np.zeros(len(share))
    out[some] = betaincinv(hits[some], trials[some] - hits[some] + 1, tail)
    return out


def wilson_bound(share: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """The lower end by Wilson 1927, never below that of Clopper and Pearson by much, and far cheaper: it makes the
    short list of candidates whose exact bound is worth computing."""
    z2 = normal_quantile(LEVEL) ** 2
    n = np.maximum(trials, 1e-9)
    middle = share + z2 / (2 * n)
    half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n**2)))
    return np.clip((middle - half) / (1 + z2 / n), 0.0, 1.0)
