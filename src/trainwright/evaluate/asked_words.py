"""What is said where a family that was asked for by name is not what was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.formats import score
from trainwright.evaluate.verdict import chosen

# The reason that a plan gives a step which the user named.
ASKED = "asked for by name"


def passed_over(result: Mapping[str, Any]) -> str:
    """What is chosen in place of the families that were asked for, and why; "" where one of them is chosen.

    Args:
        result: the result document of a training.

    Example:
        >>> trials = [{"name": "neural_network", "reason": ASKED, "state": "finished"}]
        >>> rows = [{"name": "linear", "metrics": {"r2": 0.9}}, {"name": "neural_network", "metrics": {"r2": 0.7}}]
        >>> found = {"metric": "r2", "selected": "linear", "plan": {"trials": trials}, "leaderboard": rows}
        >>> passed_over({**found, "comparison": {"reason": "it has the best mean R²"}})
        'neural_network was asked for; linear is chosen, because it has the best mean R² (0.90 against 0.70).'
    """
    trials = [row for row in (result.get("plan") or {}).get("trials") or [] if row.get("reason") == ASKED]
    made_of = {chosen(result), *(result.get("weights") or {})}
    if not trials or not chosen(result) or any(row["name"] in made_of for row in trials):
        return ""
    names = [str(row["name"]) for row in trials if row.get("state") == "finished"]
    if not names:
        return ""  # that it could not be finished is said already
    metric, rows = str(result.get("metric") or ""), {row.get("name"): row for row in result.get("leaderboard") or []}
    figures = [(rows.get(name) or {}).get("metrics", {}).get(metric) for name in (chosen(result), *names)]
    known = [float(value) for value in figures if value is not None and value == value]
    spread = abs(known[0] - known[1]) if len(known) == 2 else 0.0
    shown = f" ({score(metric, known[0], spread)} against {score(metric, known[1], spread)})" if spread else ""
    reason = str((result.get("comparison") or {}).get("reason") or "").split("; ")[0]
    why = f", because {reason}{shown}" if reason else shown
    return f"{' and '.join(names)} {'was' if len(names) == 1 else 'were'} asked for; {chosen(result)} is chosen{why}."
