"""What a decision is made for, read from a run's settings: the block `decision:`, requirements, stated costs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trainwright.config.decision import GOALS
from trainwright.config.settings import Settings
from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.deciding.costs import of_classes
from trainwright.evaluate.deciding.question import Question, ask

# What messages about a goal begin with, where it is not the key.
NAMED = {"costs": "cost"}


def question_of(settings: Settings, target: Target) -> Question | None:
    """What the block `decision:` of a run asks, or None.

    A review band takes its costs from `problem.costs` and its width from `requirements.max_review_share` where the
    block names none.

    Raises:
        UserError: it cannot be answered for this target.
    """
    wanted = settings.decision
    if not wanted.asked:
        return None
    given = dict(wanted.given())
    if wanted.review_band:
        given |= _for_band(settings, target, given)
    try:
        return ask(target, unit=settings.problem.costs.unit, **given)
    except UserError as error:
        raise in_the_file(error, settings) from None


def in_the_file(error: UserError, settings: Settings) -> UserError:
    """What is wrong about a decision, told of the key in the file that asks for it instead of a flag.

    Example:
        >>> from trainwright.config.source import load_settings
        >>> asked = load_settings(text="decision: {capacity: 7/5}")
        >>> print(in_the_file(UserError("capacity 7/5: no", remedy="such as --capacity 200/1000"), asked))
        decision.capacity (line 1): capacity 7/5: no; such as capacity: 200/1000
    """
    first = re.split(r"[: ]", error.problem, maxsplit=1)[0].removeprefix("--").replace("-", "_")
    key = f"decision.{NAMED.get(first, first)}"
    key = key if settings.given(key) else "decision"
    remedy = None if error.remedy is None else _as_keys(error.remedy)
    return UserError(f"{key} ({settings.origin(key)}): {_as_keys(error.problem)}", remedy=remedy)


def _as_keys(text: str) -> str:
    """Flags of the command line as keys of the file."""
    rows = "a row for each true class, such as cost: {crack: {dent: 5, none: 100}}"
    text = text.replace("a file with a row for each true class: --cost costs.yaml", rows)
    text = text.replace("--cost costs.yaml", "cost: {crack: {dent: 5, none: 100}} and so on")
    text = text.replace("--review-band --", "review_band: true and --").replace("--review-band", "review_band: true")
    text = re.sub(r"--([a-z]+(?:-[a-z]+)*) (?=\w)(?!needs\b)", lambda m: f"{m[1].replace('-', '_')}: ", text)
    return re.sub(r"--([a-z]+(?:-[a-z]+)*)", lambda m: m[1].replace("-", "_"), text)


def goal_of(settings: Settings, target: Target) -> tuple[dict[str, Any], str]:
    """The goal that a run's settings state in any block, as arguments of `ask`, and where it stands; ({}, "") when none
    does.

    Example:
        >>> from trainwright.config.source import load_settings
        >>> stated = load_settings(text="problem: {costs: {false_positive: 1, false_negative: 20}}")
        >>> goal_of(stated, Target("y", "classes", ("no", "yes"), positive="yes"))
        ({'cost': {'fp': 1.0, 'fn': 20.0}}, 'problem.costs')
    """
    if settings.decision.asked:
        return settings.decision.given(), "decision"
    needs, costs = settings.requirements, stated_costs(settings, target)
    for name in ("min_recall", "min_precision"):
        value = getattr(needs, name)
        value = value.get(target.positive) if isinstance(value, dict) else value
        if value is not None and len(target.classes) == 2:
            return {name: value}, f"requirements.{name}"
    if costs:
        return {"cost": costs}, "problem.costs" if len(target.classes) == 2 else "problem.class_costs"
    if needs.max_review_share is not None and len(target.classes) == 2:
        return {"capacity": needs.max_review_share}, "requirements.max_review_share"
    return {}, ""


def stated_costs(settings: Settings, target: Target) -> Any:
    """The costs of the problem statement as `costs.read_costs` takes them, or None."""
    costs = settings.problem.costs
    if len(target.classes) == 2 and costs.false_positive and costs.false_negative:
        return {"fp": costs.false_positive, "fn": costs.false_negative}
    if len(target.classes) > 2 and settings.problem.class_costs:
        found = of_classes(target, settings.problem.class_costs)
        return None if found is None else [list(row) for row in found.matrix]
    return None


def _for_band(settings: Settings, target: Target, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a review band takes from other blocks: costs with the review's, and the share that can be reviewed."""
    out: dict[str, Any] = {}
    stated, review = stated_costs(settings, target), settings.problem.costs.review
    if "cost" not in given and isinstance(stated, dict):
        out["cost"] = stated if review is None else {**stated, "review": review}
    if "capacity" not in given and settings.requirements.max_review_share is not None:
        out["capacity"] = settings.requirements.max_review_share
    return out


def complete(asked: Mapping[str, Any], settings: Settings, target: Target) -> tuple[dict[str, Any], list[str]]:
    """The arguments of `ask` with what the settings add where the user named no goal, and what was added, in words.

    Args:
        asked: the keys that the user gave.
        settings: of the version's run.
        target: of the version.
    """
    given = {key: value for key, value in asked.items() if value is not None and value is not False}
    if target.task != "classes":
        return given, []
    if given.get("review_band"):
        added = _for_band(settings, target, given)
        # A cost of a review that the user gave must not be lost beside a stated table.
        words = {"cost": "the costs of the problem statement", "capacity": "requirements.max_review_share"}
        return {**given, **added}, [f"{words[key]} of the training's settings" for key in added]
    if any(name in given for name in GOALS):
        return given, []
    goal, where = goal_of(settings, target)
    if not goal:
        return given, []
    return {**goal, **given}, [f"the goal of the training's settings ({where})"]
