"""What other seeds change: the spread of the figure, and the share of rows that are decided differently."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainwright.evaluate.formats import one_in, percent, score
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.intervals import json_number
from trainwright.tasks.metric import Metric


def seed_stability(
    metric: Metric,
    scores: Sequence[float],
    decisions: tuple[np.ndarray, float],
    *,
    lead: tuple[str, float] | None = None,
    splits: Sequence[float] = (),
) -> dict[str, Any]:
    """The stability of a candidate over seeds, in figures and in words.

    Args:
        metric: what was measured.
        scores: one figure for each seed, on the same folds.
        decisions: (seeds, n) what each seed decides for each held-out row, and for numbers the error in whose terms
            their differences are told (0 for classes).
        lead: the next best candidate, and how far ahead of it the chosen one is (positive: ahead).
        splits: figures on folds drawn anew, with the run's own seed.

    Example:
        >>> from trainwright.data.schema import Target
        >>> from trainwright.tasks import task_for
        >>> area = task_for(Target("y", "classes", ("a", "b"))).metrics["roc_auc"]
        >>> found = seed_stability(area, [0.90, 0.91, 0.89], (np.array([[0, 1], [0, 1], [0, 0]]), 0.0))
        >>> found["flips"], round(found["std"], 3)
        (0.5, 0.01)
    """
    values = np.asarray(scores, dtype=float)
    table, error = decisions
    std = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
    spread = {"mean": float(values.mean()), "std": std, "low": float(values.min()), "high": float(values.max())}
    width = max(float(values.max() - values.min()), 1e-9)
    reach = f"{score(metric.name, spread['low'], width)} to {score(metric.name, spread['high'], width)}"
    title = explain(metric.name).title
    parts = [f"{title} over {len(values)} seeds: {reach} (standard deviation {_small(metric, std)})"]
    flips = moved = pairs = None
    if error:
        moved = float(np.mean(table.std(axis=0, ddof=1)) / error) if len(table) > 1 else 0.0
        parts.append(f"a prediction moves by about {percent(moved)} of the usual error when the seed changes")
    else:
        flips = float(np.mean((table != table[0]).any(axis=0)))
        pairs = float(np.mean([np.mean(a != b) for i, a in enumerate(table) for b in table[i + 1 :]] or [0.0]))
        parts.append(
            f"{one_in(flips) if flips else 'no'} rows are decided differently by at least one of them "
            f"({percent(pairs)} by another seed)"
        )
    warning = _warning(metric, std, lead)
    if len(splits) > 0:
        drawn = np.asarray([*splits], dtype=float)
        ends = f"{score(metric.name, float(drawn.min()), width)} to {score(metric.name, float(drawn.max()), width)}"
        parts.append(f"folds drawn anew give {ends}")
    return {
        "metric": metric.name,
        "scores": [json_number(value) for value in values.tolist()],
        **{name: json_number(value) for name, value in spread.items()},
        "flips": flips,
        "pairs": pairs,
        "moved": moved,
        "splits": [json_number(float(value)) for value in splits],
        "lead": None if lead is None else {"over": lead[0], "by": json_number(lead[1])},
        "warning": warning,
        "text": "; ".join(parts),
    }


def _warning(metric: Metric, std: float, lead: tuple[str, float] | None) -> str:
    """Said when the choice itself may be luck, else ""."""
    if lead is None or not np.isfinite(std) or std <= 0:
        return ""
    name, by = lead
    if by > std or by <= 0:  # a simpler one was chosen although it is not ahead: seeds do not matter for that
        return ""
    return (
        f"the spread over seeds ({_small(metric, std)}) exceeds the lead over {name} ({_small(metric, by)}): "
        "which of the two is ahead is luck"
    )


def _small(metric: Metric, value: float) -> str:
    """A difference, with two digits of its own."""
    return score(metric.name, value, max(abs(value), 1e-9)) if np.isfinite(value) else "unknown"
