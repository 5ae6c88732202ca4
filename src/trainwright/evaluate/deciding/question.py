"""What is asked of a decision: one goal, perhaps per segment, with a review band, or for the true share of a class."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.deciding.capacity import read_capacity
from trainwright.evaluate.deciding.costs import Costs, read_costs
from trainwright.evaluate.deciding.prevalence import read_prevalence

# The goals by the name of their key; exactly one is given.
GOALS = ("cost", "capacity", "min_precision", "min_recall", "recall_at", "beta", "threshold")
FLAGS = {name: "--" + name.replace("_", "-") for name in (*GOALS, "by", "review_band", "prevalence")}
EVEN = "each false alarm and each miss counts 1, because no costs are given"


@dataclass(frozen=True)
class Question:
    """What a decision is made for.

    Args:
        goal: a name of `GOALS`.
        level: the share, precision, recall, beta or threshold of the goal; None for costs.
        costs: of each kind of mistake, where given; a review band always has them.
        band: whether a person decides the cases in between.
        most_review: the largest share of cases that people can review, for a band.
        by: the column whose values get thresholds of their own.
        prevalence: (k,) true shares of the classes, or None.
        given: the keys as the user gave them, to be said and repeated.
        assumed: what was assumed, in words.
    """

    goal: str
    level: float | None = None
    costs: Costs | None = None
    band: bool = False
    most_review: float | None = None
    by: str | None = None
    prevalence: tuple[float, ...] | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()

    def flags(self) -> str:
        """The flags that ask the same again.

        Example:
            >>> Question("capacity", 0.2, given={"capacity": "200/1000"}).flags()
            '--capacity 200/1000'
        """
        words: list[str] = []
        for name, value in self.given.items():
            if value is None or value is False:
                continue
            words.append(FLAGS[name])
            if value is True:
                continue
            if isinstance(value, Mapping) and all(
                not isinstance(part, Mapping | list | tuple) for part in value.values()
            ):
                joined = [f"{key}={part}" for key, part in value.items()]
                words += [shlex.quote(word) for word in joined] if name == "cost" else [shlex.quote(",".join(joined))]
            elif isinstance(value, Mapping | list | tuple):
                words.append("costs.yaml")
            elif name == "cost":
                words += [shlex.quote(word) for word in str(value).replace(",", " ").split()]
            else:
                words.append(shlex.quote(str(value)))
        return " ".join(words)


def ask(
    target: Target,
    *,
    cost: Any = None,
    capacity: Any = None,
    min_precision: Any = None,
    min_recall: Any = None,
    recall_at: Any = None,
    beta: Any = None,
    threshold: Any = None,
    by: str | None = None,
    review_band: bool = False,
    prevalence: Any = None,
    n_rows: int | None = None,
    unit: str | None = None,
) -> Question:
    """Reads a question and refuses what cannot be answered.

    Args:
        target: what is predicted.
        cost: see `costs.read_costs`.
        capacity: "200/1000", "20%" or 0.2: the share of cases that can be looked at.
        min_precision, min_recall: a share that the lower 95 % bound must keep.
        recall_at: a recall that is reached on the rows themselves, with the most precision there is.
        beta: of F-beta; above 1 recall counts more.
        threshold: this probability.
        by: a column whose values get thresholds of their own.
        review_band: let a person decide the cases in between.
        prevalence: the true share of the positive class, or of each class.
        n_rows: the rows there are; a capacity above them is refused.
        unit: of the costs, where they do not name their own.

    Raises:
        UserError: no goal or two, a goal that this target does not allow, or a wrong value.

    Example:
        >>> target = Target("y", "classes", ("no", "yes"), positive="yes")
        >>> ask(target, capacity="200/1000").level
        0.2
        >>> ask(target, beta=2, min_recall=0.9)
        Traceback (most recent call last):
        ...
        trainwright.errors.UserError: two goals are given: --min-recall and --beta; give one of them
    """
    asked = {
        "cost": cost, "capacity": capacity, "min_precision": min_precision, "min_recall": min_recall,
        "recall_at": recall_at, "beta": beta, "threshold": threshold,
    }  # fmt: skip
    goals = [name for name in GOALS if asked[name] is not None]
    if isinstance(cost, Path):
        asked["cost"] = str(cost)
    kept = {**{name: asked[name] for name in goals}, "by": by, "review_band": review_band or None}
    kept["prevalence"] = prevalence
    given = {name: value for name, value in kept.items() if value is not None}
    if target.task != "classes":
        raise UserError(
            f"{target.column!r} is a number: a number has no threshold to choose",
            remedy="its predictions carry low and high; requirements.review_width sends rows to a person where they "
            "lie far apart",
        )
    if by is not None and review_band:
        raise UserError("--by and --review-band do not go together", remedy="give one of them")
    shares = None if prevalence is None else read_prevalence(target, prevalence)
    if review_band:
        return _band(target, asked, goals, given, shares, n_rows, unit)
    if len(goals) > 1:
        raise UserError(f"two goals are given: {FLAGS[goals[0]]} and {FLAGS[goals[1]]}", remedy="give one of them")
    if not goals and len(target.classes) > 2:
        raise UserError(
            "no goal is given: what shall the decision be made for?",
            remedy="say what each mistake costs (--cost costs.yaml), or --review-band --capacity 200/1000 to send "
            "the least certain cases to people",
        )
    if not goals:
        raise UserError(
            "no goal is given: what shall the decision be made for?",
            remedy="one of --cost fp=1 fn=20, --capacity 200/1000, --min-precision 0.9, --min-recall 0.95, "
            "--recall-at 0.9, --beta 2, --threshold 0.3",
        )
    goal, value = goals[0], asked[goals[0]]
    if len(target.classes) > 2:
        return _many(target, goal, value, by, shares, given, unit)
    costs, level = None, None
    if goal == "cost":
        costs = _with_unit(read_costs(target, value), unit)
        if costs.review is not None:
            raise UserError(
                "costs: review= says what a look by a person costs, and nothing goes to a person",
                remedy="add --review-band, or leave review= out",
            )
    elif goal == "capacity":
        level = read_capacity(value, n_rows)
    elif goal == "beta":
        level = _number(value, "--beta", 0.0, 100.0, open_low=True)
    else:
        level = _number(value, FLAGS[goal], 0.0, 1.0, open_low=goal != "threshold")
    return Question(goal, level, costs, by=by, prevalence=shares, given=given)


def _band(
    target: Target,
    asked: Mapping[str, Any],
    goals: list[str],
    given: Mapping[str, Any],
    shares: tuple[float, ...] | None,
    n_rows: int | None,
    unit: str | None,
) -> Question:
    """A review band: costs say where it pays, a capacity how much of it there can be; they go together."""
    wrong = [name for name in goals if name not in ("cost", "capacity")]
    if wrong:
        raise UserError(
            f"a review band is found from costs or a capacity, not from {FLAGS[wrong[0]]}",
            remedy="give --cost fp=1 fn=20 review=2, or --capacity 200/1000, or both",
        )
    share = None if asked["capacity"] is None else read_capacity(asked["capacity"], n_rows)
    k = range(len(target.classes))
    assumed: tuple[str, ...] = ()
    if asked["cost"] is None:
        costs, assumed = Costs(tuple(tuple(float(i != j) for j in k) for i in k)), (EVEN,)
    else:
        costs = _with_unit(read_costs(target, asked["cost"]), unit)
    if costs.review is None and share is None:
        raise UserError(
            "how wide the review band may be is not said",
            remedy="say what a look by a person costs (--cost fp=1 fn=20 review=2) or how many there can be "
            "(--capacity 200/1000)",
        )
    return Question("cost", None, costs, True, share, None, shares, given, assumed)


def _many(
    target: Target,
    goal: str,
    value: Any,
    by: str | None,
    shares: tuple[float, ...] | None,
    given: Mapping[str, Any],
    unit: str | None,
) -> Question:
    """More than two classes: costs decide, and there is no threshold that could differ by segment."""
    k = len(target.classes)
    if goal != "cost":
        raise UserError(
            f"{FLAGS[goal]} needs two classes, {target.column!r} has {k}",
            remedy="give what each mistake costs (--cost costs.yaml), with --review-band --capacity 200/1000 to send "
            "the least certain cases to people",
        )
    if by is not None:
        raise UserError("--by needs two classes: with more, costs decide and there is no threshold to choose")
    costs = _with_unit(read_costs(target, value), unit)
    return Question("cost", None, costs, prevalence=shares, given=given)


def _with_unit(costs: Costs, unit: str | None) -> Costs:
    return costs if costs.unit or not unit else Costs(costs.matrix, costs.review, unit)


def _number(value: Any, name: str, low: float, high: float, *, open_low: bool) -> float:
    try:
        text = str(value).strip()
        number = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        raise UserError(f"{name} must be a number, got {value!r:.40}") from None
    if not low <= number <= high or (open_low and number <= low):
        least = f"above {low:g}" if open_low else f"at least {low:g}"
        raise UserError(f"{name} must be {least} and at most {high:g}, got {number:g}")
    return number
