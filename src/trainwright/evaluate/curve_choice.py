"""Which of a run's curves is shown where one must stand for the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def shown_curve(result: Mapping[str, Any]) -> dict[str, Any] | None:
    """The heaviest member's curve in a fold that shows its verdict, as `train` shows it; None without rounds.

    Returns:
        {"name", "fold", "unit", "loss", "steps", "training", "validation", "kept"}.
    """
    curves = [curve for curve in result.get("curves") or [] if isinstance(curve, Mapping)]
    if not curves:
        return None
    said = result.get("convergence") or {}
    fits = (c for c in curves if c.get("name") == said.get("name") and c.get("fold") == said.get("fold"))
    curve = next(fits, curves[0])
    wanted = ("name", "fold", "unit", "loss", "steps", "training", "validation", "kept")
    return {key: curve.get(key) for key in wanted}
