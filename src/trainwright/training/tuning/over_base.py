"""What a search's winner gains over what its project has already: the candidate that the base run chose.

The families' defaults are what a search improves on; a plan's own contenders have settings of their own, so a gain over
the defaults may be no gain over the version that answers today.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.store.workspace import Workspace
from trainwright.training.held_out import read_held_out
from trainwright.training.scores import compared
from trainwright.training.tuning.ground import Ground


def gain_over_base(
    workspace: Workspace, ground: Ground, prediction: np.ndarray, bias: float, *, seed: int
) -> dict[str, Any] | None:
    """The difference to the base run's choice on the same held-out rows; None where that run kept none of them.

    Args:
        workspace: where the base run is kept.
        ground: what the search stands on.
        prediction: (m, k) or (m,) out-of-fold predictions of the winner.
        bias: what having been chosen among the trials flatters the winner by, in the metric's units.
        seed: of the interval.

    Returns:
        {"run", "selected", "value", "low", "high", "verdict", "method"}; above 0 the winner is better.
    """
    base = read_held_out(workspace, ground.run)
    rows, data = ground.rows, ground.work.dataset
    if base is None or not np.array_equal(base.rows, data.rows[rows.positions]):
        return None
    both = {"winner": prediction, "base": base.prediction}
    found = compared(rows, data, both, "base", ground.metric, seed=seed)[0]
    value, low = found.difference - bias, found.low - bias
    verdict = "not distinguishable" if found.verdict == "better" and low <= 0 else found.verdict
    return {
        "run": ground.run.id,
        "selected": (ground.run.result or {}).get("selected"),
        "value": value,
        "low": low,
        "high": max(found.high, value),
        "verdict": verdict,
        "method": found.method,
    }
