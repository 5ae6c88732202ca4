"""The Pareto front: the trials that no other trial beats on both of two figures."""

from __future__ import annotations

from collections.abc import Sequence


def pareto_front(values: Sequence[float], costs: Sequence[float | None], *, greater_is_better: bool) -> list[int]:
    """Positions of the points for which no other is at least as good and as cheap, and better in one; cheapest first.

    Args:
        values: what should be good.
        costs: what should be small; a point without one is left out.
        greater_is_better: direction of `values`.

    Example:
        >>> pareto_front([0.7, 0.9, 0.8, 0.85], [1.0, 9.0, 3.0, 5.0], greater_is_better=True)
        [0, 2, 3, 1]
        >>> pareto_front([0.7, 0.9, 0.6], [1.0, 1.0, 3.0], greater_is_better=True)
        [1]
    """
    sign = 1.0 if greater_is_better else -1.0
    known = [(cost, -sign * value, i) for i, (value, cost) in enumerate(zip(values, costs)) if cost is not None]
    front: list[int] = []
    least = float("inf")
    for _, loss, i in sorted(known):
        if loss < least:
            least = loss
            front.append(i)
    return front
