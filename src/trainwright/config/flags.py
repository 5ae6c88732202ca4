"""The flag of each setting on the command line, generated from the same model as the file's keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from trainwright.config.keys import extra
from trainwright.config.places import all_keys, field_of
from trainwright.config.words import allowed, choices


@dataclass(frozen=True)
class Flag:
    """A setting as a flag.

    Args:
        key: the full key, to be given to `load_settings(overrides=...)`.
        name: such as "--learning-rate".
        help: what it does, as in the documentation.
        allowed: the values it takes, in words.
        choices: the words among them, for completion.
        switch: it is true or false, so `--name` and `--no-name`.
        off: false is one of several values, so `--no-name` is short for `--name false`.
        pairs: it takes NAME=VALUE, as often as needed, and the override is a dict.
        block: the block of the key, for grouping the help.
    """

    key: str
    name: str
    help: str
    allowed: str
    choices: tuple[str, ...]
    switch: bool
    off: bool
    pairs: bool
    block: str


@cache
def flags() -> tuple[Flag, ...]:
    """Every flag, in the order of the blocks.

    Example:
        >>> next(flag.name for flag in flags() if flag.key == "training.learning_rate")
        '--learning-rate'
    """
    return tuple(_flag(key) for key in all_keys() if _name(key))


def flag_name(key: str) -> str | None:
    """The flag of a full key, or None when it has none."""
    return _name(key) or None


def parse_pairs(values: list[str], flag: str) -> dict[str, str]:
    """NAME=VALUE pairs as a dict.

    Raises:
        UserError: a value without `=`, or a name twice.

    Example:
        >>> parse_pairs(["postcode=category", "age=number"], "--kind")
        {'postcode': 'category', 'age': 'number'}
    """
    from trainwright.errors import UserError

    found: dict[str, str] = {}
    for value in values:
        name, mark, rest = value.rpartition("=")
        if not mark or not name:
            raise UserError(f"{flag} {value!r} must be NAME=VALUE", remedy=f"for example {flag} postcode=category")
        if name in found:
            raise UserError(f"{flag} names {name!r} twice")
        found[name] = rest
    return found


def by_family(pairs: Mapping[str, Any]) -> dict[str, Any]:
    """FAMILY.SETTING pairs, as from `--family-setting catboost.depth=4`, as settings by family.

    Values are read as YAML reads them, unless the setting takes the text itself; what is by family already stays as
    it is.

    Raises:
        UserError: a name without a family.

    Example:
        >>> by_family({"catboost.depth": "4", "lightgbm.features": "plain"})
        {'catboost': {'depth': 4}, 'lightgbm': {'features': 'plain'}}
        >>> by_family({"text_transformer.base_model": "none", "linear.C": "none"})
        {'text_transformer': {'base_model': 'none'}, 'linear': {'C': None}}
    """
    from trainwright.config.known import takes_text
    from trainwright.errors import UserError

    found: dict[str, Any] = {}
    for name, value in pairs.items():
        if not isinstance(value, str):
            found[name] = value
            continue
        family, mark, setting = name.partition(".")
        if not mark or not setting:
            raise UserError(
                f"--family-setting {name}={value} names no setting of a family",
                remedy="for example --family-setting catboost.depth=4",
            )
        found.setdefault(family, {})[setting] = value if takes_text(family, setting, value) else _scalar(value)
    return found


def _scalar(text: str) -> Any:
    """A number, a truth value or null as YAML spells them, else the text."""
    words = {"true": True, "false": False, "null": None, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _name(key: str) -> str:
    field = field_of(key)
    if field is None:
        return ""
    chosen = extra(field, "flag")
    if chosen is not None:
        return str(chosen)
    return "--" + key.rpartition(".")[2].replace("_", "-")


def _flag(key: str) -> Flag:
    field: Any = field_of(key)
    pairs = str(field.annotation).startswith(("dict", "typing.Annotated[dict"))
    return Flag(
        key=key,
        name=_name(key),
        help=field.description or "",
        allowed=allowed(field),
        choices=tuple(choices(field)),
        switch=field.annotation in (bool, bool | None),
        off=bool in get_args(field.annotation) and field.annotation != (bool | None),
        pairs=pairs,
        block=key.rpartition(".")[0],
    )
