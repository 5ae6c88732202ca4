"""Which families deserve a wider search, judged by one trial of each with its defaults, on the same folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

MOST = 2


def keep_families(
    scores: Mapping[str, Sequence[float | None]], *, greater_is_better: bool, most: int = MOST
) -> tuple[tuple[str, ...], str]:
    """The best family and those that one standard error of the paired difference does not tell from it.

    Args:
        scores: by family, its score on every fold.
        greater_is_better: direction of the metric.
        most: families kept at most.

    Returns:
        The families, best first, and the reason in words.

    Example:
        >>> folds = {"linear": [0.70, 0.72, 0.71], "catboost": [0.80, 0.81, 0.79], "forest": [0.80, 0.80, 0.795]}
        >>> keep_families(folds, greater_is_better=True)[0]
        ('catboost', 'forest')
    """
    sign = 1.0 if greater_is_better else -1.0
    table = {name: sign * np.array([np.nan if v is None else v for v in row]) for name, row in scores.items()}
    means = {name: float(np.nanmean(row)) for name, row in table.items() if np.isfinite(row).any()}
    if not means:
        return tuple(scores)[:most], "no default could be scored: the first families are searched"
    ordered = sorted(means, key=lambda name: -means[name])
    best = ordered[0]
    near = [best]
    for name in ordered[1:]:
        gaps = table[best] - table[name]
        gaps = gaps[np.isfinite(gaps)]
        error = float(gaps.std(ddof=1) / len(gaps) ** 0.5) if len(gaps) > 1 else 0.0
        if len(near) < most and len(gaps) and float(gaps.mean()) <= error:
            near.append(name)
    if len(ordered) == 1:
        return tuple(near), f"{best} is the only family"
    rest = f"; {near[1]} is within one standard error of it" if len(near) > 1 else ""
    dropped = [name for name in ordered if name not in near]
    words = f"{best} has the best defaults of {len(ordered)} families{rest}"
    if dropped:
        words += f"; not searched further: {', '.join(dropped)}"
    return tuple(near), words
