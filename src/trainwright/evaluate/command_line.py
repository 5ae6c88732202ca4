"""Spells the command that trains again as before, with some settings changed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from trainwright.config.flags import flags

TABLE = "TABLE.csv"
FAMILY_SETTINGS = "training.family_settings"


def train_command(result: Mapping[str, Any], changes: Mapping[str, Any] | None = None) -> str:
    """`trainwright train ...` with the settings that the run was given, and the changes.

    Args:
        result: the result document; its `settings` hold what differs from the defaults, `origins` who said so.
        changes: full keys with their new values; a family's setting as "training.family_settings.FAMILY.SETTING".

    Example:
        >>> result = {"source": "a b.csv", "project": "p", "settings": {"data": {"target": "y"}}, "origins": {}}
        >>> train_command(result, {"training.family_settings.catboost.depth": 4, "training.ensemble": False})
        "trainwright train 'a b.csv' --target y --project p --no-ensemble --family-setting catboost.depth=4"
    """
    wanted = dict(_given(result))
    for key, value in (changes or {}).items():
        if key.startswith(f"{FAMILY_SETTINGS}."):
            family, setting = key.removeprefix(f"{FAMILY_SETTINGS}.").split(".", 1)
            held = {name: dict(values) for name, values in (wanted.get(FAMILY_SETTINGS) or {}).items()}
            held.setdefault(family, {})[setting] = value
            wanted[FAMILY_SETTINGS] = held
        else:
            wanted[key] = value
    target = (result.get("target") or {}).get("column")
    wanted.setdefault("data.target", target)
    wanted.setdefault("project", result.get("project"))
    wanted.pop("data.train_file", None)
    order = {"data.target": 0, "project": 1, FAMILY_SETTINGS: 3}
    words = ["trainwright", "train", str(result.get("source") or TABLE)]
    for flag in sorted(flags(), key=lambda flag: order.get(flag.key, 2)):
        value = wanted.get(flag.key)
        if value is not None and value != {}:
            words += _words(flag.key, flag.name, value, switch=flag.switch or (flag.off and value is False))
    return shlex.join(words)


def _given(result: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every setting that differs from its default, by full key, but those that a preset brings along."""
    origins = result.get("origins") or {}

    def walk(block: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
        for name, value in block.items():
            key = f"{prefix}{name}"
            if str(origins.get(key, "")).startswith("preset "):
                continue
            if isinstance(value, Mapping) and not any(flag.key == key for flag in flags()):
                yield from walk(value, f"{key}.")
            else:
                yield key, value

    yield from walk(result.get("settings") or {}, "")


def _words(key: str, name: str, value: Any, *, switch: bool) -> list[str]:
    if switch:
        return [name if value else f"--no-{name[2:]}"]
    if key == FAMILY_SETTINGS:
        pairs = [(f"{family}.{setting}", v) for family, settings in value.items() for setting, v in settings.items()]
        return [word for setting, v in pairs for word in (name, f"{setting}={_text(v)}")]
    if isinstance(value, Mapping):
        return [word for item, v in value.items() for word in (name, f"{item}={_text(v)}")]
    if isinstance(value, list | tuple):
        return [name, ",".join(_text(item) for item in value)]
    return [name, _text(value)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
