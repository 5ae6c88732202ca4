"""The settings of a family, checked against its Spec in one place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from trainwright.errors import UserError
from trainwright.models.spec import Setting, Spec


def check_settings(spec: Spec, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting of the family: the given values where they are allowed, the defaults elsewhere.

    A default of None means that the family chooses; None may then be given too. A setting whose default (or,
    without one, whose bounds) are whole numbers takes whole numbers only.

    Raises:
        UserError: an unknown name (the nearest is suggested) or a value outside the allowed range.

    Example:
        >>> from trainwright.models.baseline import SPEC
        >>> check_settings(SPEC, {})
        {}
    """
    known = {setting.name: setting for setting in spec.settings}
    for name in settings:
        if name not in known:
            raise _unknown(spec, name, list(known))
    return {
        name: _checked(spec, setting, settings[name]) if name in settings else setting.default
        for name, setting in known.items()
    }


def allowed(setting: Setting) -> str:
    """The values a setting may take, in words.

    Example:
        >>> allowed(Setting("max_depth", 5, low=1, high=30))
        'a whole number from 1 to 30'
    """
    parts = []
    if setting.choices:
        parts.append("one of " + ", ".join(repr(choice) for choice in setting.choices))
    if setting.pattern:
        parts.append(setting.words)
    if _is_ranged(setting):
        noun = "a whole number" if is_whole(setting) else "a number"
        if setting.low is not None and setting.high is not None:
            noun += f" from {setting.low:g} to {setting.high:g}"
        elif setting.low is not None:
            noun += f" of at least {setting.low:g}"
        elif setting.high is not None:
            noun += f" of at most {setting.high:g}"
        parts.append(noun)
    if setting.default is None:
        parts.append("null (chosen automatically)")
    return " or ".join(parts)


def takes_text(setting: Setting, text: str) -> bool:
    """Whether a text is a value of the setting as it stands, whatever else it could be read as.

    Example:
        >>> from trainwright.models.text_transformer import SPEC
        >>> takes_text(SPEC.settings[0], "none"), takes_text(Setting("max_depth", 5, low=1), "5")
        (True, False)
    """
    return text in setting.choices or (bool(setting.pattern) and re.fullmatch(setting.pattern, text) is not None)


def settings_table(spec: Spec) -> str:
    """The settings of a family as a Markdown table, one line for each.

    Example:
        >>> from trainwright.models.decision_tree import SPEC
        >>> settings_table(SPEC).splitlines()[2][:50]
        '| `max_depth` | 5 | a whole number from 1 to 30 | '
    """
    lines = ["| setting | default | allowed | when to change it |", "|---|---|---|---|"]
    for setting in spec.settings:
        default = "chosen" if setting.default is None else str(setting.default)
        lines.append(f"| `{setting.name}` | {default} | {allowed(setting)} | {setting.guidance} |")
    return "\n".join(lines)


def _is_ranged(setting: Setting) -> bool:
    """Whether numbers are allowed."""
    return setting.low is not None or setting.high is not None or not (setting.choices or setting.pattern)


def is_whole(setting: Setting) -> bool:
    """Whether only whole numbers make sense: told by the default, or by the bounds where there is none."""
    given = [setting.default] if setting.default is not None else [setting.low, setting.high]
    return all(isinstance(value, int) and not isinstance(value, bool) for value in given)


def _checked(spec: Spec, setting: Setting, value: Any) -> Any:
    """The value in the setting's own type, or a UserError that says what is allowed."""
    if value is None and setting.default is None:
        return None
    if isinstance(value, bool) and value not in setting.choices and {"on", "off"} <= set(setting.choices):
        value = "on" if value else "off"  # as YAML 1.1 reads these words
    # bool is an int in Python: `True` must be listed as a choice to count.
    if any(type(value) is type(choice) and value == choice for choice in setting.choices):
        return value
    if isinstance(value, Mapping) and setting.pattern:
        value = "; ".join(f"{name}: {words}" for name, words in value.items())
    if isinstance(value, str) and takes_text(setting, value):
        return value
    if _is_ranged(setting) and isinstance(value, (int, float)) and not isinstance(value, bool):
        inside = (setting.low is None or value >= setting.low) and (
            setting.high is None or value <= setting.high
        )  # False for NaN as soon as one bound exists
        if inside and value == value and abs(value) != float("inf"):
            if not is_whole(setting):
                return value
            if float(value).is_integer():
                return int(value)
    raise UserError(
        f"setting '{setting.name}' of family '{spec.name}' must be {allowed(setting)}, got {value!r} instead"
    )


def _unknown(spec: Spec, name: str, known: list[str]) -> UserError:
    near = get_close_matches(str(name), known, n=1, cutoff=0.5)
    if near:
        remedy = f"did you mean '{near[0]}'?"
    elif known:
        remedy = "its settings are " + ", ".join(known)
    else:
        remedy = "it has no settings"
    return UserError(f"family '{spec.name}' has no setting '{name}'", remedy=remedy)
