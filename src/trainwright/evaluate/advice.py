"""What to do about a training: each piece of advice rests on evidence in its result and names key, old and new value.

The causes and remedies are those usually taught for overfitting, underfitting, issues of the data, unstable and slow
training; one is given only where the run shows its cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from trainwright.evaluate import advice_rules as give
from trainwright.evaluate.advice_rules import Remedy, Result

MOST = 6
Rule = Callable[[Result], Iterator[Remedy]]


def remedies(result: Result) -> list[Remedy]:
    """The advice for a training, most useful first; at most six pieces.

    Args:
        result: the result document.

    Example:
        >>> found = remedies({"diagnosis": {"code": "good", "text": "fine"}, "source": "t.csv", "settings": {}})
        >>> found
        []
    """
    diagnosed = str((result.get("diagnosis") or {}).get("code") or "")
    settled = str((result.get("convergence") or {}).get("code") or "")
    rules: list[Rule] = []
    for code in dict.fromkeys((diagnosed, settled)):
        rules += RULES.get(code, [])
    rules += [give.seeds, give.more_rows, give.more_time]
    found: dict[tuple[str, str | None], Remedy] = {}
    for rule in rules:
        for remedy in rule(result):
            found.setdefault((remedy.code, remedy.key), remedy)
    return list(found.values())[:MOST]


RULES: dict[str, list[Rule]] = {
    "overfitting": [
        give.identifiers,
        give.leaks,
        give.stop_earlier,
        give.regularise,
        give.simplest,
        give.folds,
        give.copies,
    ],
    "underfitting": [give.more_rounds, give.freer, give.faster, give.labels, give.class_weight, give.kinds],
    "converged_poor": [give.freer, give.labels, give.kinds],
    "plateau": [give.faster, give.freer, give.labels, give.kinds],
    "slow": [give.faster, give.more_rounds],
    "still_improving": [give.more_rounds],
    "data_issue": [give.leaks, give.labels, give.copies, give.roles, give.identifiers, give.class_weight, give.kinds],
    "unstable": [give.folds, give.roles, give.class_weight, give.labels, give.regularise],
    "oscillating": [give.calmer, give.labels, give.regularise],
    "diverged": [give.calmer, give.labels, give.regularise],
    "validation_above_training": [give.roles, give.copies, give.folds, give.redraw],
}
"""By diagnosis or verdict, what is tried, most useful first."""
