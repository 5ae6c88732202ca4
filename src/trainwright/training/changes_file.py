"""A YAML file of settings as a try reads it: what it names is what is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trainwright.config.source import load_settings
from trainwright.training.change import FAMILY_SETTINGS
from trainwright.training.setting_values import at

COMMENTS = "training.comments"


def read_changes(path: str | Path) -> tuple[dict[str, Any], str | None]:
    """The settings that a file names, by key, and its `comments` as the reason why they are tried.

    Args:
        path: a YAML file such as `train --config` reads.

    Raises:
        UserError: a wrong key or value, with its line.
    """
    settings = load_settings(path)
    document = settings.to_json()
    found: dict[str, Any] = {}
    for key in settings.origins:
        if key == COMMENTS:
            continue
        if key == FAMILY_SETTINGS:
            for family, values in (at(document, key) or {}).items():
                found |= {f"{family}.{setting}": value for setting, value in values.items()}
        else:
            found[key] = at(document, key)
    return found, settings.training.comments
