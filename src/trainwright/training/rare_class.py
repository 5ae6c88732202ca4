"""What the smallest and the largest finished model find of the rarest class, on rows that they did not learn from."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.data.schema import Target
from trainwright.evaluate.intervals import json_number, normal_quantile
from trainwright.evaluate.resampling import make_units
from trainwright.training.outcome import Outcome
from trainwright.training.trials import Work

FEWEST = 10


def rare_class(outcome: Outcome, work: Work, target: Target) -> dict[str, Any] | None:
    """Compares the simplest with the most complex single model on the rarest class; None for numbers.

    Each flags as many rows as the class has, those that it holds most likely to belong to it: no threshold is chosen,
    and precision equals recall. The difference is paired by row.

    Returns:
        {"class", "n_rows", "smaller": {"name", "found"}, "larger": {...}, "difference": {"value", "low", "high"}} with
        shares of the class's rows, or {"skipped": why}.
    """
    if target.task != "classes":
        return None
    oof = outcome.oof
    support = np.bincount(oof.y, minlength=len(target.classes))
    there = np.flatnonzero(support)
    rare = int(there[support[there].argmin()])
    n = int(support[rare])
    if n < FEWEST:
        return {"skipped": f"{n} rows of the rarest class, {target.classes[rare]}: fewer than {FEWEST} say nothing"}
    singles = [c for c in outcome.candidates if c.family != "baseline" and c.name in oof.predictions]
    ranked = sorted(singles, key=lambda c: (c.complexity, c.size_mb if np.isfinite(c.size_mb) else 0.0))
    if len(ranked) < 2 or ranked[0].complexity == ranked[-1].complexity:
        return {"skipped": "models of one size only were fitted"}
    small, large = ranked[0], ranked[-1]
    own = oof.y == rare
    hits = [_flagged(oof.predictions[c.name][:, rare], n)[own].astype(float) for c in (small, large)]
    change = hits[1] - hits[0]
    group = oof.of(work.dataset.group if work.dataset.group is not None else work.dataset.cluster)
    units = make_units(n, group=None if group is None else group[own])
    half = normal_quantile(0.95) * units.standard_error(change - change.mean())
    # Where no row tells them apart, one that might have done so stands in for what chance leaves open.
    half = max(half, 1.0 / n)
    value = float(change.mean())
    return {
        "class": target.classes[rare],
        "n_rows": n,
        "smaller": {"name": small.name, "found": float(hits[0].mean())},
        "larger": {"name": large.name, "found": float(hits[1].mean())},
        "difference": {
            "value": value,
            "low": json_number(max(value - half, -1.0)),
            "high": json_number(min(value + half, 1.0)),
        },
    }


def _flagged(score: np.ndarray, n: int) -> np.ndarray:
    """(m,) whether a row is among the n with the highest score; equal scores are drawn, the same at every run."""
    order = np.lexsort((np.random.default_rng(0).permutation(len(score)), -score))
    out = np.zeros(len(score), dtype=bool)
    out[order[:n]] = True
    return out
