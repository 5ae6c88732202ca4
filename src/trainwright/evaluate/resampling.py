"""What is drawn again and again in a bootstrap: rows, groups or blocks of time, and the draws themselves.

A metric that is a function of sums (`Metric.tally`) needs only the sums of each unit, so 1,000 resamples
are one
product of a (resamples, units) matrix of counts with a (units, slots) matrix of sums. Many rows are first
dealt at
random into `PACKETS` packets: the mean of packets varies as the mean of rows does, at a fixed cost.
"""

from __future__ import annotations

import math
import time as clock
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from trainwright.tasks.metric import Metric, Tally

PACKETS = 2_000
RESAMPLES = 1_000
FEWEST = 200
"""Resamples made even when the time is up: fewer say nothing about a 95 % bound."""
# What one core does in a second, roughly. How many resamples a number of seconds affords follows from the sizes alone,
# never from a clock: the same evaluation gives the same bounds, on a busy machine too.
PRODUCTS_PER_SECOND = 1e9
ROWS_PER_SECOND = 5e6


@dataclass(frozen=True)
class Units:
    """How n rows form the units that are drawn.

    Args:
        code: (n,) int64, each row's unit.
        count: number of units.
        block: units in sequence that are drawn together (1: each for itself).
        how: "rows", "groups" or "time".
        words: the same for the reader, with the block length where there is one.
    """

    code: np.ndarray
    count: int
    block: int = 1
    how: str = "rows"
    words: str = "of rows"

    @property
    def drawn(self) -> int:
        """Number of independent draws in one resample."""
        return max(1, round(self.count / self.block))

    def totals(self, tally: Tally, weight: np.ndarray | None = None) -> np.ndarray:
        """(u, s) totals of everything that can be drawn: the units, or all overlapping blocks of them."""
        return self.blocks(tally.totals(self.code, self.count, weight))

    def blocks(self, by_unit: np.ndarray) -> np.ndarray:
        """(u, s) sums over the overlapping blocks of (count, s) sums by unit (Künsch 1989)."""
        if self.block == 1:
            return by_unit
        running = np.concatenate([np.zeros((1, by_unit.shape[1])), np.cumsum(by_unit, axis=0)])
        return running[self.block :] - running[: -self.block]

    def standard_error(self, influence: np.ndarray) -> float:
        """Standard error of a mean whose rows have this (n,) influence (mean zero)."""
        n = len(influence)
        sums = self.blocks(np.bincount(self.code, weights=influence, minlength=self.count)[:, None])[:, 0]
        if self.how == "rows" and self.count == n:
            return float(np.sqrt((sums**2).sum()) / n)
        if self.block > 1:
            return float(np.sqrt(self.drawn * np.mean((sums - sums.mean()) ** 2)) / n)
        return float(np.sqrt((sums**2).sum() * self.count / max(self.count - 1, 1)) / n)


def make_units(
    n: int,
    *,
    group: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
    time: np.ndarray | None = None,
    loss: np.ndarray | None = None,
    seed: int = 0,
) -> Units:
    """The units of n rows: clusters before groups, groups before time, time before single rows.

    Args:
        n: number of rows.
        group, cluster: (n,) codes, or None.
        time: (n,) seconds or row order, or None.
        loss: (n,) losses in which dependence over time is measured for the length of a block.
        seed: deals the rows into packets.
    """
    by = cluster if cluster is not None else group
    if by is not None:
        found, code = np.unique(by, return_inverse=True)
        word = "clusters" if cluster is not None else "groups"
        words = f"of {len(found):,} {word}"
        if len(found) > 2 * PACKETS:  # many groups: whole groups are dealt into packets
            dealt = np.random.default_rng([seed, 1]).permutation(len(found)) % PACKETS
            return Units(dealt[code], PACKETS, 1, "groups", words)
        return Units(code.astype(np.int64), len(found), 1, "groups", words)
    if time is not None:
        order = np.argsort(time, kind="stable")
        length = block_length(n, None if loss is None else loss[order])
        step = max(1, math.ceil(n / (2 * PACKETS)))  # rows to a unit: a few thousand units at most
        block = max(1, round(length / step))
        code = np.empty(n, dtype=np.int64)
        code[order] = np.arange(n) // step
        count = int(code.max()) + 1 if n else 0
        return Units(code, count, block, "time", f"of blocks of {block * step:,} rows in sequence")
    if n <= PACKETS:
        return Units(np.arange(n), n)
    code = np.random.default_rng([seed, 1]).permutation(n) % PACKETS
    return Units(code, PACKETS, 1, "rows", "of rows")


def block_length(n: int, loss: np.ndarray | None) -> int:
    """Rows to a block: the automatic choice of Politis and White 2004 for the mean of (n,) losses in time
    order,
    at least the cube root of n and at most a tenth of the rows."""
    least, most = max(1, round(n ** (1 / 3))), max(1, n // 10)
    if loss is None or n < 30 or not np.isfinite(loss).all() or loss.std() == 0:
        return min(least, most)
    centred = loss - loss.mean()
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    covariance = np.fft.irfft(spectrum * np.conj(spectrum), size)[: n // 2] / n
    quiet = max(5, round(math.sqrt(math.log10(n))))
    small = np.abs(covariance / covariance[0]) < 2 * math.sqrt(math.log10(n) / n)
    # The first lag after which the correlation stays small for `quiet` lags.
    calm = np.convolve(small[1:], np.ones(quiet), mode="valid") == quiet
    lag = int(calm.argmax()) if calm.any() else len(covariance) // 2 - 1
    reach = np.arange(1, min(2 * max(lag, 1), len(covariance) - 1) + 1)
    taper = np.clip(2 * (1 - reach / len(reach)), 0, 1)
    g = 2 * (taper * reach * covariance[reach]).sum()
    spread = covariance[0] + 2 * (taper * covariance[reach]).sum()
    if spread <= 0:
        return min(least, most)
    length = (2 * g**2 / (4 / 3 * spread**2)) ** (1 / 3) * n ** (1 / 3)
    return int(min(max(least, math.ceil(length)), most))


# One: candidates and metrics that are compared on the same rows come one after the other. At most some ten MB.
@lru_cache(maxsize=1)
def drawn_counts(seed: int, units: int, drawn: int, resamples: int) -> np.ndarray:
    """(resamples, units) how often each unit is drawn; the same array for whoever asks for the same, so read only."""
    picks = np.random.default_rng([seed, 2]).integers(0, units, (resamples, drawn))
    flat = (picks + units * np.arange(resamples)[:, None]).ravel()
    counts = np.bincount(flat, minlength=units * resamples).reshape(resamples, units).astype(float)
    counts.flags.writeable = False
    return counts


@dataclass
class Resampler:
    """The same draws for every metric of one set of predictions.

    Args:
        y: (n,) class positions or numbers.
        prediction: (n, k) or (n,).
        units: what is drawn.
        weight: (n,) or None.
        resamples: number of draws.
        seed: of the draws; the same seed and units give the same draws for another prediction, so that
            differences of two candidates are paired.
        seconds: what a metric's resamples may cost, as far as their sizes tell; None for no limit. A metric of the
            user's own, whose cost nobody knows, obeys the clock instead.
    """

    y: np.ndarray
    prediction: np.ndarray
    units: Units
    weight: np.ndarray | None = None
    resamples: int = RESAMPLES
    seed: int = 0
    seconds: float | None = None
    _draws: np.ndarray | None = field(default=None, init=False, repr=False)
    _sums: dict[int, tuple[object, np.ndarray]] = field(default_factory=dict, init=False, repr=False)

    def values(self, metric: Metric) -> np.ndarray:
        """(b,) values of a metric on the resamples; b is smaller than `resamples` when the time was up."""
        if metric.tally is not None and metric.finish is not None:
            return metric.finish(self.sums(metric.tally))
        return self._by_rows(metric)

    def sums(self, tally: Callable[[np.ndarray, np.ndarray], Tally]) -> np.ndarray:
        """(b, s) totals of a tally on the resamples; kept, since several metrics share one tally."""
        known = self._sums.get(id(tally))
        if known is None:
            totals = self.units.totals(tally(self.y, self.prediction), self.weight)
            made = self._affordable(PRODUCTS_PER_SECOND / max(totals.size, 1), FEWEST)
            # The tally is kept too: its id must not be given away.
            known = (tally, self._counts(len(totals))[:made] @ totals)
            self._sums[id(tally)] = known
        return known[1]

    def _affordable(self, per_second: float, fewest: int) -> int:
        """The number of resamples, no fewer than `fewest`, that `seconds` buy at so many a second."""
        if self.seconds is None:
            return self.resamples
        return min(self.resamples, max(fewest, int(self.seconds * per_second)))

    def _counts(self, units: int) -> np.ndarray:
        """(resamples, units) how often each unit is drawn."""
        if self._draws is None:
            self._draws = drawn_counts(self.seed, units, self.units.drawn, self.resamples)
        return self._draws

    def _by_rows(self, metric: Metric) -> np.ndarray:
        """For a metric that is no function of sums: computed on the rows of each resample, one by one."""
        rng = np.random.default_rng([self.seed, 3])
        order = np.argsort(self.units.code, kind="stable")
        start = np.searchsorted(self.units.code[order], np.arange(self.units.count + 1))
        choices = self.units.count - self.units.block + 1
        timed = self.seconds is not None and metric.kind == "user"
        most = self.resamples if timed else self._affordable(ROWS_PER_SECOND / max(len(self.y), 1), FEWEST // 4)
        end = clock.monotonic() + (self.seconds or 0.0)
        out = []
        for made in range(most):
            if timed and made >= FEWEST // 4 and clock.monotonic() > end:
                break
            picks = rng.integers(0, choices, self.units.drawn)
            rows = np.concatenate([order[start[u] : start[u + self.units.block]] for u in picks])
            weight = None if self.weight is None else self.weight[rows]
            out.append(metric(self.y[rows], self.prediction[rows], weight))
        return np.array(out)
