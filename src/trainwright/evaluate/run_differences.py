"""What differs between runs: settings with their origins, data, split and seed, and what the clock decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Settings that say something about a run and change nothing of its model.
WORDS = (
    "project", "training.comments", "training.verbose", "data.train_file", "data.version", "data.on_finding",
    "data.ignore_findings", "problem.description", "problem.decision", "problem.audience", "problem.risks",
)  # fmt: skip
FAMILY_SETTINGS = "training.family_settings"


def setting_differences(
    settings: Sequence[Mapping[str, Any]], origins: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    """The settings in which runs differ.

    Args:
        settings: `Settings.to_json()` of each run.
        origins: for each run, where each value came from, by full key.

    Returns:
        For each {"key", "values": one per run, "origins": one per run}, in the order of the keys.

    Example:
        >>> runs = [{"training": {"seed": 0}}, {"training": {"seed": 1}}]
        >>> rows = setting_differences(runs, [{}, {"training.seed": "--seed"}])
        >>> rows[0]["key"], rows[0]["values"], rows[0]["origins"]
        ('training.seed', [0, 1], ['default', '--seed'])
    """
    flat = [_flat(one) for one in settings]
    out = []
    for key in sorted({key for one in flat for key in one}):
        values = [one.get(key) for one in flat]
        if key in WORDS or all(value == values[0] for value in values):
            continue
        whole = FAMILY_SETTINGS if key.startswith(f"{FAMILY_SETTINGS}.") else key
        said = ["default" if value is None else one.get(whole, "default") for value, one in zip(values, origins)]
        out.append({"key": key, "values": values, "origins": said})
    return out


def plan_differences(
    old: Mapping[str, Any], new: Mapping[str, Any], changes: Sequence[Mapping[str, Any]] = ()
) -> list[str]:
    """What was fitted otherwise in the new run, in words: mostly what the clock decided.

    Args:
        old, new: plan documents as executed.
        changes: {"key", ...} of what was changed on purpose, which is not told again.

    Example:
        >>> old = {"steps": [{"name": "catboost", "family": "catboost", "settings": {"iterations": 240}}]}
        >>> new = {"steps": [{"name": "catboost", "family": "catboost", "settings": {"iterations": 200}}]}
        >>> plan_differences(old, new)
        ['catboost was fitted with iterations 200 instead of 240']
    """
    meant = {str(change["key"]).removeprefix(f"{FAMILY_SETTINGS}.") for change in changes}
    before, after = _done(old), _done(new)
    out = [f"{name} is no candidate any more" for name in before if name not in after]
    out += [f"{name} is a candidate that was none before" for name in after if name not in before]
    for name in (name for name in after if name in before):
        a, b = before[name], after[name]
        held, given = a.get("settings") or {}, b.get("settings") or {}
        for key in sorted({*held, *given}):
            if held.get(key) != given.get(key) and f"{b.get('family')}.{key}" not in meant:
                was, now = held.get(key, "its default"), given.get(key, "its default")
                out.append(f"{name} was fitted with {key} {now} instead of {was}")
        if a.get("max_rows") != b.get("max_rows"):
            was, now = (step.get("max_rows") or "all" for step in (a, b))
            out.append(f"{name} learned from at most {now} rows instead of {was}")
    for key, words in (("threads", "threads of one fit"), ("jobs", "fits side by side")):
        if old.get(key) != new.get(key):
            out.append(f"{words}: {new.get(key)} instead of {old.get(key)}")
    return out


def _done(plan: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The steps that were carried out, by name."""
    completed = plan.get("completed")
    return {
        str(step["name"]): step for step in plan.get("steps") or [] if completed is None or step["name"] in completed
    }


def _flat(block: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Every value by its full key; empty ones and None count as not given."""
    out: dict[str, Any] = {}
    for name, value in block.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping) and value and key != "training.class_weight":
            out |= _flat(value, f"{key}.")
        elif value not in (None, [], {}, ()):
            out[key] = value
    return out
