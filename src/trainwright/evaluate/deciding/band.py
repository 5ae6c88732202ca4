"""A band between two thresholds whose cases a person decides: accept below, review inside, reject above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainwright.evaluate.deciding.costs import Costs
from trainwright.evaluate.deciding.curve import Curve
from trainwright.evaluate.deciding.pick import THEORY_ROWS, blend, by_cost

STEPS = 60
"""Halvings of the price of a review: far finer than any difference in probability that matters."""


@dataclass(frozen=True)
class Band:
    """Two thresholds.

    Args:
        low, high: a case is accepted below `low`, rejected from `high` on, reviewed between; equal where nothing is.
        middle: the threshold that would decide without a person.
        price: what a review would have to cost for this band to be worth it, where a capacity and not the cost of a
            review sets its width; else None.
        theory: the two thresholds that follow from the costs alone.
    """

    low: float
    high: float
    middle: float
    price: float | None = None
    theory: tuple[float, float] = (0.0, 1.0)


def band(costs: Costs, curve: Curve, positive: int, most_review: float | None) -> Band:
    """The band with the least expected cost, at most as wide as a share of the cases allows.

    A case is worth a review where that costs less than the cheaper of the two decisions: between
    (r - tn) / (fn - tn) and (fp - r) / (fp - tp) for a review cost r (Chow 1970, with costs). The thresholds are those
    where the rows cost least, drawn towards these two where there are few rows (see `pick.by_cost`). Where only
    `most_review` of the cases can be seen, the band is that of the least price r that keeps to it: each review then
    goes where it saves most.
    """
    middle = by_cost(costs, curve, positive).threshold
    if costs.review is not None:
        found = _paying(costs, costs.review, curve, positive)
        if most_review is None or share_inside(curve, *found) <= most_review + 1e-9:
            return Band(*found, middle, None, theory(costs, costs.review, positive))
    assert most_review is not None
    low, high = costs.review or 0.0, largest_price(costs, positive)
    if share_inside(curve, *theory(costs, low, positive)) <= most_review + 1e-9:
        high = low
    for _ in range(STEPS if high > low else 0):
        price = (low + high) / 2
        if share_inside(curve, *theory(costs, price, positive)) <= most_review + 1e-9:
            high = price
        else:
            low = price
    ends = theory(costs, high, positive)
    return Band(*ends, min(max(middle, ends[0]), ends[1]), high, ends)


def theory(costs: Costs, price: float, positive: int) -> tuple[float, float]:
    """The two thresholds for a review that costs `price`; both at the threshold of the costs where it never pays.

    Example:
        >>> theory(Costs(((0.0, 5.0), (100.0, 0.0))), 2.0, 1)
        (0.02, 0.6)
    """
    alarm, miss, hit, rest = costs.of_two(positive)
    low = 0.0 if price <= rest else min(1.0, (price - rest) / (miss - rest)) if miss > rest else 1.0
    high = 1.0 if price <= hit else max(0.0, (alarm - price) / (alarm - hit)) if alarm > hit else 0.0
    return (low, high) if low < high else (costs.theory(positive),) * 2


def largest_price(costs: Costs, positive: int) -> float:
    """The cost of a review from which none pays: what the dearer half of an even chance costs.

    Example:
        >>> round(largest_price(Costs(((0.0, 5.0), (100.0, 0.0))), 1), 4)
        4.7619
    """
    alarm, _, hit, _ = costs.of_two(positive)
    even = costs.theory(positive)
    return even * hit + (1 - even) * alarm


def share_inside(curve: Curve, low: float, high: float) -> float:
    """The share of cases, in the world, between two thresholds."""
    if low >= high:
        return 0.0
    table = curve.table
    return float(curve.flagged[table.at_least(low)] - curve.flagged[table.at_least(high)])


def _paying(costs: Costs, price: float, curve: Curve, positive: int) -> tuple[float, float]:
    """Both thresholds where these rows cost least, each drawn towards theory; equal where no review pays."""
    ends = theory(costs, price, positive)
    if ends[0] >= ends[1]:
        only = by_cost(costs, curve, positive).threshold
        return only, only
    alarm, miss, hit, rest = costs.of_two(positive)
    up, down = curve.table.up, curve.table.down
    accepted = up * (miss - price) * (curve.positives - curve.found) + down * (rest - price) * (
        curve.others - curve.wrong
    )
    rejected = up * (hit - price) * curve.found + down * (alarm - price) * curve.wrong
    rows = min(curve.positives, curve.others)
    # Ties go to the narrower band: the first candidate flags or reviews fewest, the last flags most.
    last = len(rejected) - 1 - int(np.argmin(rejected[::-1]))
    low = blend(curve.threshold(int(np.argmin(accepted))), ends[0], rows, THEORY_ROWS)
    high = blend(curve.threshold(last), ends[1], rows, THEORY_ROWS)
    if low >= high:
        only = by_cost(costs, curve, positive).threshold
        return only, only
    return low, high
