"""What a model still knows of the rows it was made from: how often each class is found before and after learning on.

Both models answer the same rows, so the difference is paired. Its interval is that of Bonett and Price 2012 ("Adjusted
Wald confidence interval for a difference of binomial proportions based on paired data", equation 3), its p-value the
exact test of McNemar 1947 on the rows that only one of the two finds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.data.holm import holm
from trainwright.evaluate.intervals import json_number, normal_quantile

LEVEL = 0.95


@dataclass(frozen=True)
class ClassMemory:
    """How often one class was found on old rows, before and after.

    Args:
        name: of the class.
        rows: old rows of the class.
        before, after: share of them that is found (recall).
        difference: after less before.
        low, high: interval of the difference.
        p: of a difference as large when there is none, after Holm's correction over the classes.
        verdict: "forgotten" (less is found, beyond chance), "improved", or "not distinguishable".
    """

    name: str
    rows: int
    before: float
    after: float
    difference: float
    low: float
    high: float
    p: float
    verdict: str

    def to_json(self) -> dict[str, Any]:
        """Plain data; NaN becomes None."""
        numbers = ("before", "after", "difference", "low", "high", "p")
        return {**vars(self), "class": self.name} | {key: json_number(getattr(self, key)) for key in numbers}


def forgetting(
    y: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    classes: Sequence[str],
    *,
    level: float = LEVEL,
) -> list[ClassMemory]:
    """Each class's recall on old rows before and after, with what chance explains.

    Args:
        y: (n,) class positions of old rows that neither model learned from.
        before, after: (n,) classes that the two models decide on.
        classes: names of the classes; one without an old row is left out.
        level: of the intervals; a class is forgotten where the corrected p is below 1 - level.

    Example:
        >>> y = np.zeros(100, dtype=int)
        >>> found = forgetting(y, y, np.where(np.arange(100) < 30, 1, 0), ["ok", "worn"])[0]
        >>> found.before, found.after, found.verdict
        (1.0, 0.7, 'forgotten')
    """
    rows = [np.flatnonzero(y == position) for position in range(len(classes))]
    there = [position for position, own in enumerate(rows) if len(own)]
    found = []
    for position in there:
        own = rows[position]
        then, now = before[own] == position, after[own] == position
        lost, gained = int((then & ~now).sum()), int((now & ~then).sum())
        low, high = _interval(lost, gained, len(own), level)
        found.append((position, len(own), float(then.mean()), float(now.mean()), low, high, _exact(lost, gained)))
    corrected = holm(np.array([one[-1] for one in found]))
    out = []
    for (position, n, then_share, now_share, low, high, _), p in zip(found, corrected.tolist()):
        verdict = "not distinguishable"
        if p < 1 - level:
            verdict = "forgotten" if now_share < then_share else "improved"
        out.append(
            ClassMemory(classes[position], n, then_share, now_share, now_share - then_share, low, high, p, verdict)
        )
    return out


def sentence(found: Sequence[Mapping[str, Any]], where: str) -> str:
    """What happened to the classes on old rows, in one sentence.

    Args:
        found: `ClassMemory.to_json` of each class.
        where: which rows, such as "old sealed rows".

    Example:
        >>> sentence([], "old rows")
        'no class could be measured on old rows'
    """
    if not found:
        return f"no class could be measured on {where}"
    lost = [one for one in found if one["verdict"] == "forgotten"]
    if not lost:
        least = min(found, key=lambda one: one["difference"])
        return (
            f"nothing is forgotten beyond chance on {where}: of {len(found)} classes the largest change for the worse "
            f"is {min(least['difference'], 0.0) * 100:+.1f} points of recall ({least['class']})"
        )
    words = ", ".join(
        f"{one['class']} is found in {one['after']:.0%} of its {one['rows']:,} rows instead of {one['before']:.0%}"
        for one in sorted(lost, key=lambda one: one["difference"])[:3]
    )
    more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
    text = f"{'a class is' if len(lost) == 1 else f'{len(lost)} classes are'} forgotten on {where}: {words}{more}"
    return text + _traded(found)


def _traded(found: Sequence[Mapping[str, Any]]) -> str:
    """Of two classes one is found less often and the other more often: another threshold alone does that, too."""
    improved = [one for one in found if one["verdict"] == "improved"]
    if len(found) != 2 or len(improved) != 1:
        return ""
    other = improved[0]
    return (
        f"; {other['class']} is found in {other['after']:.0%} instead of {other['before']:.0%}: the threshold may have "
        "moved and traded one class for the other, so look at the metric above as well"
    )


def _interval(lost: int, gained: int, n: int, level: float) -> tuple[float, float]:
    """Bounds of the difference of two paired shares."""
    p12, p21 = (lost + 1) / (n + 2), (gained + 1) / (n + 2)
    half = normal_quantile(level) * math.sqrt((p12 + p21 - (p21 - p12) ** 2) / (n + 2))
    return max(-1.0, p21 - p12 - half), min(1.0, p21 - p12 + half)


def _exact(lost: int, gained: int) -> float:
    """Two-sided binomial probability of so uneven a count among the rows on which the two differ."""
    from scipy.special import bdtr

    total = lost + gained
    if total == 0:
        return 1.0
    return float(min(1.0, 2 * bdtr(min(lost, gained), total, 0.5)))
