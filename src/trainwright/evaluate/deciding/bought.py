"""What thresholds buy: found, missed, falsely flagged, sent to people and paid, in 1,000 cases, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from trainwright.evaluate.deciding.costs import Costs
from trainwright.evaluate.deciding.fit import Fitted, fit
from trainwright.evaluate.deciding.question import Question
from trainwright.evaluate.deciding.table import Table
from trainwright.evaluate.intervals import bootstrap_interval, json_number, wilson
from trainwright.evaluate.resampling import Units
from trainwright.tasks.metric import divide

CASES = 1000
MOST, FEWEST, ROWS = 400, 60, 4e6
"""Resamples at most and at least; between them as many as make this many drawn rows: sizes decide, never a clock."""
SHARES = ("precision", "recall", "flagged", "review")
PER_THOUSAND = ("positive_per_1000", "found_per_1000", "missed_per_1000", "false_per_1000")

# The slots of a sum: rows flagged, reviewed and passed, of the positive class and of the others.
HIT, ALARM, SEEN, SEEN_OTHER, MISS, PASS = range(6)


def held_out_sums(
    question: Question, table: Table, counts: tuple[np.ndarray, np.ndarray], positive: int, prior: float | None = None
) -> np.ndarray:
    """(6,) sums of all rows, those of each fold decided by thresholds chosen on the other folds."""
    own, other = counts
    out = np.zeros(6)
    for f in range(table.folds):
        if not own[:, f].any() and not other[:, f].any():
            continue
        rest = own.copy(), other.copy()
        rest[0][:, f], rest[1][:, f] = 0.0, 0.0
        found = fit(question, table, rest, positive, prior)
        out += sums_at(table, own[:, f], other[:, f], found.low, found.high)
    return out


def sums_at(table: Table, own: np.ndarray, other: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(6,) sums, in the world, of (s, g) weights decided by (s,) thresholds."""
    out = np.zeros(6)
    for s in range(len(own)):
        top, bottom = table.at_least(float(high[s])), table.at_least(float(low[s]))
        for slot, weights, scale in ((HIT, own[s], table.up), (ALARM, other[s], table.down)):
            flagged, seen = weights[:top].sum(), weights[top:bottom].sum()
            out[slot] += scale * flagged
            out[slot + 2] += scale * seen
            out[slot + 4] += scale * weights[bottom:].sum()
    return out


def figures_of(sums: np.ndarray, costs: Costs | None, positive: int) -> dict[str, np.ndarray]:
    """The figures of (..., 6) sums; NaN where they are not defined."""
    total = sums.sum(-1)
    flagged, seen = sums[..., HIT] + sums[..., ALARM], sums[..., SEEN] + sums[..., SEEN_OTHER]
    positives = sums[..., HIT] + sums[..., SEEN] + sums[..., MISS]
    out = {
        "precision": divide(sums[..., HIT], flagged),
        "recall": divide(sums[..., HIT] + sums[..., SEEN], positives),
        "flagged": divide(flagged, total),
        "review": divide(seen, total),
        "positive_per_1000": CASES * divide(positives, total),
        "found_per_1000": CASES * divide(sums[..., HIT], total),
        "missed_per_1000": CASES * divide(sums[..., MISS], total),
        "false_per_1000": CASES * divide(sums[..., ALARM], total),
    }
    if costs is not None:
        alarm, miss, hit, rest = costs.of_two(positive)
        paid = alarm * sums[..., ALARM] + miss * sums[..., MISS] + hit * sums[..., HIT] + rest * sums[..., PASS]
        out["cost_per_1000"] = CASES * divide(paid + (costs.review or 0.0) * seen, total)
    return out


def resamples(n: int) -> int:
    """How many resamples n rows get.

    Example:
        >>> resamples(5_000), resamples(25_000), resamples(1_000_000)
        (400, 160, 60)
    """
    return int(np.clip(ROWS / max(n, 1), FEWEST, MOST))


def drawn(units: Units, number: int, seed: int) -> Iterator[np.ndarray]:
    """How often each row is drawn, (n,), for each resample: whole units, or stretches of them where time matters."""
    rng = np.random.default_rng([seed, 11])
    starts = units.count - units.block + 1
    for _ in range(number):
        first = rng.integers(0, starts, units.drawn)
        picked = (first[:, None] + np.arange(units.block)).ravel()
        yield np.bincount(picked, minlength=units.count).astype(float)[units.code]


def bought(
    question: Question,
    table: Table,
    positive: int,
    final: Fitted,
    against: dict[str, float],
    *,
    seed: int,
    refit: Callable[[np.ndarray], Fitted],
    number: int | None = None,
) -> dict[str, Any]:
    """What the decision buys, with intervals for what these very thresholds do on new rows.

    On each resample the whole choice is repeated and judged as on the rows themselves; how far that judgement lies from
    what the resample's thresholds do on all rows is how far ours may lie from the truth (the bootstrap of an error,
    Efron and Tibshirani 1993, section 17.6).

    Args:
        question: what for.
        table: the rows, by probabilities that may be scored.
        positive: the position of the positive class.
        final: the choice on all rows.
        against: name of another way -> its threshold, on the scale of the table.
        seed: of the resamples.
        refit: the final choice on rows drawn so often, for the interval of the thresholds.
        number: of resamples; by default as `resamples` says; 0: no intervals.

    Returns:
        {"figures": {name: {value, low, high}}, "against": {name: {figures}}, "thresholds": {"low", "high"},
        "resamples"}.
    """
    costs, prior = question.costs, None if final.by is None else final.by.prior
    counts = table.counts()
    value = held_out_sums(question, table, counts, positive)
    ways = {name: _fixed(table, counts, cut) for name, cut in against.items()}
    size = resamples(len(table.bin)) if number is None else number
    draws: list[np.ndarray] = []
    truths: list[np.ndarray] = []
    others: dict[str, list[np.ndarray]] = {name: [] for name in ways}
    ends: list[tuple[float, float]] = []
    for times in drawn(table.units, size, seed):
        again = table.counts(times)
        if not again[0].any() or not again[1].any():
            continue
        draws.append(held_out_sums(question, table, again, positive, prior))
        found = refit(times)
        ends.append((found.low[-1], found.high[-1]))
        truths.append(sums_at(table, counts[0].sum(1), counts[1].sum(1), found.low, found.high))
        for name, cut in against.items():
            others[name].append(_fixed(table, again, cut))
    ours = figures_of(value, costs, positive)
    made, truth = (figures_of(np.array(sums).reshape(-1, 6), costs, positive) for sums in (draws, truths))
    likely = {name: ours[name] - (made[name] - truth[name]) for name in ours}
    trials = trials_of(table.units, len(table.bin), value)
    out: dict[str, Any] = {
        "figures": with_bounds(ours, likely, table.units, trials),
        "against": {},
        "resamples": len(draws),
        "units": table.units.words,
    }
    bounds = np.array(ends).reshape(-1, 2)
    for name, column, chosen in (("low", 0, final.low[-1]), ("high", 1, final.high[-1])):
        out.setdefault("thresholds", {})[name] = _bounded(float(chosen), bounds[:, column], table.units, 0.0, 1.0)
    for name, sums in ways.items():
        theirs, there = (
            figures_of(np.array(others[name]).reshape(-1, 6), costs, positive),
            figures_of(sums, costs, positive),
        )
        document: dict[str, Any] = {"threshold": against[name]}
        document |= with_bounds(there, theirs, table.units, trials_of(table.units, len(table.bin), sums))
        if costs is not None:
            key = "cost_per_1000"
            error = (theirs[key] - made[key]) - (there[key] - truth[key])
            gain = float(there[key] - ours[key])
            document["saved_per_1000"] = _bounded(gain, gain - error, table.units, None, None)
        out["against"][name] = document
    return out


def _fixed(table: Table, counts: tuple[np.ndarray, np.ndarray], cut: float) -> np.ndarray:
    cuts = np.full(table.segments, cut)
    return sums_at(table, counts[0].sum(1), counts[1].sum(1), cuts, cuts)


def trials_of(units: Units, n_rows: int, sums: np.ndarray) -> dict[str, float]:
    """The independent rows that each share rests on, for figures of 0 and 1, where no resample shows a spread."""
    dependence = units.drawn / max(n_rows, 1) if units.how != "rows" else 1.0
    n = dependence * n_rows / max(float(sums.sum()), 1e-300)
    positives = sums[HIT] + sums[SEEN] + sums[MISS]
    shares = {"precision": sums[HIT] + sums[ALARM], "recall": positives}
    return {name: n * float(shares.get(name, sums.sum())) for name in (*SHARES, *PER_THOUSAND)}


def with_bounds(
    values: dict[str, np.ndarray], draws: dict[str, np.ndarray], units: Units, trials: dict[str, float]
) -> dict[str, Any]:
    """Each figure with its interval; a share of 0 or 1, where no resample shows a spread, has that of Wilson."""
    out = {}
    for name, value in values.items():
        high = 1.0 if name in SHARES else None if name == "cost_per_1000" else float(CASES)
        out[name] = found = _bounded(float(value), draws[name], units, 0.0, high)
        if name != "review" and high is not None and found["low"] is not None and value in (0.0, high):
            edge = wilson(float(value) / high * trials[name], trials[name])
            found["low"], found["high"] = min(found["low"], high * edge.low), max(found["high"], high * edge.high)
    return out


def _bounded(value: float, draws: np.ndarray, units: Units, low: float | None, high: float | None) -> dict[str, Any]:
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    found = bootstrap_interval(value, draws, units, 0.95, low, high)
    return {"value": value, "low": json_number(found.low), "high": json_number(found.high)}
