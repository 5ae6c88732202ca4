"""What each way to decide comes to in 1,000 cases: found, missed, falsely flagged, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainwright.evaluate.formats import count, estimate, number
from trainwright.evaluate.present_process import PRESENT

Result = Mapping[str, Any]
Evaluations = Mapping[str, Mapping[str, Any]]
CASES = 1000


@dataclass(frozen=True)
class PerThousand:
    """One way to decide, in 1,000 cases.

    Args:
        name: of the way.
        n_rows: the rows that were counted.
        positive, found, missed, false: cases looked for; of these found and missed; others flagged. None for more than
            two classes.
        right: cases answered rightly.
        cost: of the mistakes, in the unit of the problem statement; None when costs are not stated.
    """

    name: str
    n_rows: int
    right: float
    positive: float | None = None
    found: float | None = None
    missed: float | None = None
    false: float | None = None
    cost: float | None = None

    @property
    def flagged(self) -> float | None:
        return None if self.found is None or self.false is None else self.found + self.false


def stated_costs(result: Result) -> tuple[float, float] | None:
    """The costs of a false alarm and of a miss, when the problem statement gives both."""
    problem = result.get("problem")
    costs = problem.get("costs") if isinstance(problem, Mapping) else None
    if not isinstance(costs, Mapping):
        return None
    alarm, miss = estimate(costs.get("false_positive"))[0], estimate(costs.get("false_negative"))[0]
    return None if alarm is None or miss is None else (alarm, miss)


def per_thousand(name: str, confusion: Mapping[str, Any] | None, result: Result) -> PerThousand | None:
    """A confusion matrix as counts in 1,000 cases; None without one.

    Example:
        >>> table = {"classes": ["no", "yes"], "matrix": [[80, 10], [4, 6]]}
        >>> found = per_thousand("today", table, {"target": {"positive": "yes"}})
        >>> found.found, found.missed, found.false
        (60.0, 40.0, 100.0)
    """
    matrix = (confusion or {}).get("matrix")
    if not confusion or not matrix:
        return None
    classes, total = [str(c) for c in confusion.get("classes") or []], sum(map(sum, matrix))
    if not total:
        return None
    scale = CASES / total
    right = scale * sum(row[i] for i, row in enumerate(matrix))
    positive = str((result.get("target") or {}).get("positive") or "")
    if len(classes) != 2 or positive not in classes:
        return PerThousand(name, total, right, cost=_cost_of_classes(classes, matrix, scale, result))
    p = classes.index(positive)
    found, missed, false = (scale * n for n in (matrix[p][p], matrix[p][1 - p], matrix[1 - p][p]))
    costs = stated_costs(result)
    cost = None if costs is None else costs[0] * false + costs[1] * missed
    return PerThousand(name, total, right, found + missed, found, missed, false, cost)


def _cost_of_classes(
    classes: Sequence[str], matrix: Sequence[Sequence[float]], scale: float, result: Result
) -> float | None:
    """For more than two classes: every wrong row at the cost of its true class, when each class has one."""
    problem = result.get("problem")
    costs = problem.get("class_costs") if isinstance(problem, Mapping) else None
    if not isinstance(costs, Mapping) or any(name not in costs for name in classes):
        return None
    wrong = [sum(row) - row[i] for i, row in enumerate(matrix)]
    return scale * sum(float(costs[name]) * n for name, n in zip(classes, wrong))


def ways(result: Result, evaluations: Evaluations) -> list[PerThousand]:
    """Every way to decide on the rows of validation: without a model, a simple one, today's, the chosen one last."""
    validation = (evaluations.get("validation") or {}).get("confusion")
    model = per_thousand("the chosen model", validation, result)
    out: list[PerThousand | None] = []
    if model is not None and model.positive is not None:
        costs, other = stated_costs(result), CASES - model.positive
        nothing = None if costs is None else costs[1] * model.positive
        everything = None if costs is None else costs[0] * other
        n, p = model.n_rows, model.positive
        out.append(PerThousand("flag no case", n, other, p, 0.0, p, 0.0, nothing))
        out.append(PerThousand("flag every case", n, p, p, p, 0.0, other, everything))
    elif model is not None and validation:
        sums = [sum(row) for row in validation["matrix"]]
        share = max(sums) / sum(sums)
        name = f"always {validation['classes'][sums.index(max(sums))]}"
        out.append(PerThousand(name, model.n_rows, CASES * share))
    simple = result.get("simple_model")
    if isinstance(simple, Mapping):
        out.append(per_thousand(f"a simple model ({simple.get('name')})", simple.get("confusion"), result))
    today = result.get("present_process")
    if isinstance(today, Mapping):
        out.append(per_thousand(PRESENT, today.get("confusion"), result))
    return [way for way in [*out, model] if way is not None]


def table(found: Sequence[PerThousand], unit: str) -> dict[str, Any] | None:
    """The ways as a table, each figure rounded to whole cases."""
    if len(found) < 2:
        return None
    two = all(way.positive is not None for way in found)
    costs = all(way.cost is not None for way in found)
    head = ["Of 1,000 cases", *(["found", "missed", "falsely flagged"] if two else ["right", "wrong"])]
    if costs:
        head.append(f"cost, {unit}" if unit else "cost")
    rows = []
    for way in found:
        figures = (way.found, way.missed, way.false) if two else (way.right, CASES - way.right)
        cells = [count(value or 0.0) for value in figures]
        if costs:
            cells.append(count(way.cost or 0.0) if (way.cost or 0) >= 100 else number(way.cost))
        rows.append([way.name, *cells])
    return {"head": head, "rows": rows, "mark": len(rows) - 1}
