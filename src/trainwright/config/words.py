"""Says in words which values a key takes; error messages, documentation and help use the same words."""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from trainwright.config import keys


def allowed(field: FieldInfo) -> str:
    """The values of a key, in words.

    Example:
        >>> from trainwright.config.training import TrainingSettings
        >>> allowed(TrainingSettings.model_fields["epochs"])
        'a whole number or auto'
        >>> allowed(TrainingSettings.model_fields["dropout"])
        'a number of at least 0 and below 1'
    """
    words = [_words(option, list(field.metadata)) for option in _options(field.annotation) if option is not type(None)]
    return " or ".join(dict.fromkeys(words))


def choices(field: FieldInfo) -> list[str]:
    """The words among the allowed values, for the nearest match of a misspelt one."""
    found: list[str] = []
    for option in _options(field.annotation):
        if get_origin(option) is Literal:
            found += [str(value) for value in get_args(option)]
        elif get_origin(option) is dict:
            found += choices(FieldInfo(annotation=get_args(option)[1]))
    return found


def value_field(field: FieldInfo) -> FieldInfo:
    """The field of the values of a key that holds names with values, such as `kinds`."""
    for option in _options(field.annotation):
        bare = get_args(option)[0] if get_origin(option) is Annotated else option
        if get_origin(bare) is dict:
            return FieldInfo.from_annotation(get_args(bare)[1])
    return field


def _options(annotation: Any) -> list[Any]:
    if get_origin(annotation) in (Union, types.UnionType):
        return [inner for option in get_args(annotation) for inner in _options(option)]
    return [annotation]


def _words(annotation: Any, metadata: list[Any]) -> str:
    for alias, words in _ALIASES:
        if annotation == alias or (
            get_origin(alias) is Annotated
            and annotation == get_args(alias)[0]
            and set(map(repr, get_args(alias)[1:])) <= set(map(repr, metadata))
        ):
            return words
    origin = get_origin(annotation)
    if origin is Annotated:
        return _words(get_args(annotation)[0], [*metadata, *_constraints(get_args(annotation)[1:])])
    if origin is Literal:
        values = [str(value) for value in get_args(annotation)]
        return values[0] if len(values) == 1 else "one of " + ", ".join(values)
    if origin is dict:
        return "keys with values"
    if origin is tuple:
        return "a list"
    if annotation is bool:
        return "true or false"
    if annotation in (int, float):
        return ("a whole number" if annotation is int else "a number") + _range(metadata)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys: " + ", ".join(annotation.model_fields)
    return "text"


def _constraints(metadata: tuple[Any, ...]) -> list[Any]:
    found: list[Any] = []
    for item in metadata:
        found += item.metadata if isinstance(item, FieldInfo) else [item]
    return found


def _range(metadata: list[Any]) -> str:
    names = (("ge", "of at least"), ("gt", "above"), ("le", "at most"), ("lt", "below"))
    parts = [
        f"{words} {_number(getattr(item, name))}"
        for name, words in names
        for item in metadata
        if getattr(item, name, None) is not None
    ]
    return " " + " and ".join(parts) if parts else ""


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


_ALIASES: tuple[tuple[Any, str], ...] = (
    (keys.Duration, "a span of time such as 90s, 5m or 2h"),
    (keys.Share, "a share from 0 to below 1, such as 0.15 or 15%"),
    (keys.PositiveShare, "a share above 0, such as 0.1 or 10%"),
    (keys.Texts, "a list of names"),
    (keys.Words, "a list of names"),
    (keys.Integers, "a list of whole numbers of at least 1"),
    (keys.Text, "text"),
)
