"""Roughly how long a fit takes: a pure function of the data's size, so that the same command plans the same work."""

from __future__ import annotations


def estimate_seconds(
    family: str,
    n_rows: int,
    n_numbers: int,
    n_categories: int,
    n_outputs: int,
    iterations: int,
    threads: int,
) -> float:
    """Seconds to fit a family ("lightgbm:engineered", "catboost", ...) on one machine of ours."""
    outputs = n_outputs if n_outputs > 2 else 1
    speed = max(1.0, threads) ** 0.8
    p = n_numbers + n_categories
    cells = n_rows * max(p, 1) / 1e6
    if family == "catboost":
        return iterations * (0.0016 + 0.012 * cells + 0.03 * n_rows * n_categories / 1e6) * outputs**0.8 / speed + 0.2
    if family.startswith("lightgbm"):
        per = 0.0012 + 0.006 * cells
        base = iterations * 0.5 * per * outputs / speed + 0.2
        return base * (2.5 if family.endswith("engineered") else 1.0)
    if family in ("forest", "extra_trees"):
        return iterations * 0.0015 * (1 + n_rows * max(p, 1) ** 0.5 / 20_000) / speed
    return 0.2 + 2.0 * cells / speed
