"""The plan that a run kept in the database, checked before it is obeyed: somebody may have changed it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from trainwright.errors import EnvironmentProblem
from trainwright.models.families import families
from trainwright.store.damage import RESTORE
from trainwright.store.runs import Run
from trainwright.training.steps import Step

COUNT, TEXT, TEXTS, STEPS = "a number of at least 1", "text", "a list of texts", "a list of steps"
OBJECT, NUMBERS = "an object", "an object of numbers"
NEEDED = {"steps": STEPS, "reasons": TEXTS, "threads": COUNT, "jobs": COUNT}
# What the plan of a completed run holds besides.
EXECUTED = {"completed": TEXTS, "selected": TEXT, "unfinished": OBJECT}
OPTIONAL = {
    "weights": NUMBERS, "search": OBJECT, "ensemble": TEXT, "calibration": TEXT, "shape": TEXT, "copies": COUNT,
    "too_long": TEXTS,
}  # fmt: skip


def kept_plan(run: Run) -> dict[str, Any]:
    """The plan document of a run; {} where it has none yet.

    Raises:
        EnvironmentProblem: it was changed by hand: which row it is, which key is wrong, and what to do.
    """
    if run.plan is None:
        return {}
    found = lacking(run.plan, executed=run.state == "completed")
    if found is not None:
        raise EnvironmentProblem(
            f"the plan of run {run.id} is damaged (column `plan` of row {run.id} in table `run`): it was changed by "
            f"hand, {found}",
            remedy=f"{RESTORE}; or train again",
        )
    return run.plan


def lacking(plan: Any, *, executed: bool = False) -> str | None:
    """What a plan lacks or holds in a wrong form, the first of it in words; None for a whole one.

    Args:
        plan: the document.
        executed: whether its run was completed, so that it says what was fitted and chosen.

    Example:
        >>> lacking({"steps": [], "reasons": [], "threads": 1, "jobs": 1})
        >>> lacking({"steps": [], "reasons": [], "threads": "two", "jobs": 1})
        "'threads' must be a number of at least 1, found 'two'"
    """
    if not isinstance(plan, Mapping):
        return f"it must be an object, found {plan!r:.30}"
    wanted = {**NEEDED, **(EXECUTED if executed or "completed" in plan else {})}
    for name, kind in {**wanted, **OPTIONAL}.items():
        if name not in plan or (plan[name] is None and name not in wanted):
            if name in wanted:
                return f"'{name}' is missing"
            continue
        if not _is(plan[name], kind):
            return f"'{name}' must be {kind}, found {plan[name]!r:.30}"
    unknown = [step["family"] for step in plan["steps"] if not _known(step["family"])]
    return f"'steps' names the family {unknown[0]!r}, which there is not" if unknown else None


def _known(family: str) -> bool:
    return family.startswith("custom:") or family in families()


def _is(value: Any, kind: str) -> bool:
    if kind == COUNT:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if kind in (OBJECT, NUMBERS):
        parts = value.values() if isinstance(value, Mapping) and kind == NUMBERS else ()
        return isinstance(value, Mapping) and all(isinstance(part, int | float) for part in parts)
    if kind == TEXT:
        return isinstance(value, str)
    if kind == TEXTS:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, list) and all(_is_step(item) for item in value)


def _is_step(item: Any) -> bool:
    known = {field.name: field.type for field in fields(Step)}
    kinds: dict[str, Any] = {
        "str": str, "float": int | float, "int": int, "bool": bool, "int | None": int | None, "dict[str, Any]": dict,
    }  # fmt: skip
    whole = isinstance(item, Mapping) and {"name", "family", "settings", "role"} <= set(item) <= set(known)
    return (
        whole
        and item["role"] in ("baseline", "candidate")
        and all(isinstance(value, kinds[str(known[name])]) for name, value in item.items())
    )
