"""Settings written as the YAML that gives them: only what differs from the defaults, in the order of the blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.config.document import show
from trainwright.config.settings import BLOCKS, Settings


def as_yaml(settings: Mapping[str, Any] | Settings) -> str:
    """The YAML of a run. What a preset brings is left to the preset.

    Args:
        settings: of a run, or what `Settings.to_json` made of them.

    Example:
        >>> print(as_yaml({"project": "adult", "training": {"epochs": 20, "seed": 0}}))
        project: adult
        training:
          epochs: 20
        <BLANKLINE>
    """
    default = Settings().to_json()
    plain = settings.to_json() if isinstance(settings, Settings) else dict(settings)
    if isinstance(settings, Settings):
        for key, origin in settings.origins.items():
            block, _, name = key.partition(".")
            if origin.startswith("preset "):
                plain[block].pop(name, None)
    lines = []
    if plain.get("project") is not None:
        lines.append(f"project: {show(plain['project'])}")
    for block in ("data", *(name for name in BLOCKS if name != "data")):
        changed = _changed(plain.get(block) or {}, default[block])
        if changed:
            lines += [f"{block}:", *_lines(changed, default[block], "  ")]
    return "\n".join(lines) + "\n" if lines else ""


def _changed(values: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    """What differs from the default; a block within a block by its own keys."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        usual = default.get(key)
        if isinstance(value, Mapping) and isinstance(usual, Mapping) and usual:
            inner = _changed(value, usual)
            if inner:
                found[key] = inner
        elif value != usual:
            found[key] = value
    return found


def _lines(values: Mapping[str, Any], default: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for key, value in values.items():
        usual = default.get(key)
        if isinstance(usual, Mapping) and usual:
            lines += [f"{indent}{key}:", *_lines(value, usual, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {show(value)}")
    return lines
