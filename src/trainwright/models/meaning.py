"""Settings that mean nothing for a task, or beside another setting: searching or trying them would waste the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.models.spec import Spec

TARGETS = {"classes": "targets that are classes", "number": "targets that are numbers"}


def why_without_meaning(spec: Spec, name: str, task: str, others: Mapping[str, Sequence[Any]] | None = None) -> str:
    """Why a setting of a family changes nothing, in words; "" where it means something.

    Args:
        spec: the family.
        name: of the setting.
        task: "classes" or "number".
        others: the values that the family's other settings may take; those absent stay at their default.

    Example:
        >>> from trainwright.models.linear import SPEC
        >>> why_without_meaning(SPEC, "alpha", "classes")
        'it is for targets that are numbers'
        >>> why_without_meaning(SPEC, "l1_ratio", "classes", {"penalty": ["l2", "l1"]})
        'it is read only where penalty is elasticnet'
        >>> why_without_meaning(SPEC, "l1_ratio", "classes", {"penalty": ["l2", "elasticnet"]})
        ''
    """
    setting = next(setting for setting in spec.settings if setting.name == name)
    if setting.tasks and task not in setting.tasks:
        return f"it is for {' and '.join(TARGETS[one] for one in setting.tasks)}"
    if setting.only_with is not None:
        key, value = setting.only_with
        if value not in (others or {}).get(key, [spec.defaults()[key]]):
            return f"it is read only where {key} is {value}"
    return ""


def instead_of(spec: Spec, name: str, task: str) -> str:
    """What to do about a setting that changes nothing: the settings that mean something, or the one to give with it.

    Example:
        >>> from trainwright.models.linear import SPEC
        >>> instead_of(SPEC, "alpha", "classes")
        'settings of linear that mean something here: penalty, C, l1_ratio'
    """
    setting = next(setting for setting in spec.settings if setting.name == name)
    if setting.only_with is not None and not (setting.tasks and task not in setting.tasks):
        key, value = setting.only_with
        return f"let {key} be {value} as well, or leave {name} out"
    named = ", ".join(one.name for one in spec.settings if not one.tasks or task in one.tasks)
    return f"settings of {spec.name} that mean something here: {named}"


def read_settings(spec: Spec, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting of the family as it is read: one that another switches off counts as its default.

    Example:
        >>> from trainwright.models.linear import SPEC
        >>> read_settings(SPEC, {"penalty": "l1", "l1_ratio": 0.2})["l1_ratio"]
        0.5
    """
    defaults = spec.defaults()
    found = {**defaults, **settings}
    for setting in spec.settings:
        if setting.only_with is not None and found[setting.only_with[0]] != setting.only_with[1]:
            found[setting.name] = defaults[setting.name]
    return found
