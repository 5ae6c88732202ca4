"""Which settings of a search mattered: how much of the scores' variance each one explains alone.

A random forest learns the score from the settings of the trials; it is then asked about many settings drawn from the
space. The importance of a setting is the variance of the forest's mean answer over that setting's values, as a share of
the variance of all its answers: the first-order part of functional ANOVA (Hutter, Hoos and Leyton-Brown 2014, "An
efficient approach for assessing hyperparameter importance"), by drawing instead of exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trainwright.models.space import Space

# With fewer trials than this beside two for each setting a forest learns noise.
FEWEST = 8
DRAWS = 256
LEVELS = 12
METHOD = (
    "share of the variance of the score that each setting explains alone, by a random forest fitted on the trials "
    "(functional ANOVA); what is missing to 100 % is joint effects and noise"
)


def setting_importance(
    space: Space, settings: Sequence[Mapping[str, Any]], scores: Sequence[float], *, seed: int = 0
) -> dict[str, float] | None:
    """For each setting of the space the share of variance it explains, largest first; None with too few trials.

    Args:
        space: what was searched.
        settings: of each trial; those outside the space take no part.
        scores: of each trial.
        seed: of the forest and the draws.

    Example:
        >>> from trainwright.models.space import Dimension
        >>> space = Space("forest", (Dimension("a", low=0.0, high=1.0), Dimension("b", low=0.0, high=1.0)))
        >>> tried = [space.draw(np.random.default_rng(i)) for i in range(30)]
        >>> found = setting_importance(space, tried, [s["a"] for s in tried])
        >>> list(found)[0], found["a"] > 0.8 > 0.1 > found["b"]
        ('a', True)
    """
    inside = [(s, v) for s, v in zip(settings, scores) if space.holds(s) and np.isfinite(v)]
    if len(inside) < FEWEST + 2 * len(space.dimensions) or np.ptp([v for _, v in inside]) == 0:
        return None
    from sklearn.ensemble import RandomForestRegressor

    X = _places(space, [s for s, _ in inside])
    y = np.array([v for _, v in inside])
    # A few hopeless trials must not be all that there is to explain.
    y = np.clip(y, *np.quantile(y, [0.05, 0.95]))
    if np.ptp(y) == 0:
        return None
    forest = RandomForestRegressor(n_estimators=64, min_samples_leaf=2, random_state=seed, n_jobs=1).fit(X, y)
    rng = np.random.default_rng(seed)
    drawn = _places(space, [space.draw(rng) for _ in range(DRAWS)])
    total = float(forest.predict(drawn).var())
    if total <= 0:
        return None
    found: dict[str, float] = {}
    for j, dimension in enumerate(space.dimensions):
        levels = np.unique(drawn[:, j])
        if len(levels) > LEVELS:
            levels = np.quantile(drawn[:, j], np.linspace(0, 1, LEVELS))
        means = []
        for level in levels:
            fixed = drawn.copy()
            fixed[:, j] = level
            means.append(float(forest.predict(fixed).mean()))
        found[dimension.name] = min(1.0, float(np.var(means)) / total)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _places(space: Space, settings: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """(n, settings) where each value lies in its dimension, 0 to 1."""
    return np.array([[d.place(s[d.name]) for d in space.dimensions] for s in settings], dtype=float)
