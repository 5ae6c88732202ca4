"""How a setting is declared: its guidance, its example and how text becomes its value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo

from trainwright.config.durations import parse_duration


class Block(BaseModel):
    """A block of settings: an unknown key is an error, and nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True)
class AsWritten:
    """Marks text that is taken as it stands in the file: a column named `yes` or a class named `2024` is
    text there, although YAML would read a truth value or a number."""


def _text(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return str(value)
    return value


def _list(value: Any) -> Any:
    """One value, or text with commas as on the command line, becomes a list."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, bool | int | float):
        return [value]
    return value


def _share(value: Any) -> Any:
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            return float(value.strip()[:-1]) / 100
        except ValueError:
            return value  # refused as the text that it is
    return value


def _share_or_count(value: Any) -> Any:
    """A share, or above 1 a number of rows; more than 100% would be read as a few rows."""
    found = _share(value)
    if found is not value and found > 1:
        raise ValueError("must be a share from 0% to 100%, or a number of rows")
    return found


def _seconds(value: Any) -> Any:
    from trainwright.errors import UserError

    if value is None:
        return None
    try:
        return parse_duration(value)
    except UserError as error:
        raise ValueError(error.problem) from None


def true_false_or_count(value: Any, counted: str) -> Any:
    """A key that is true, false or a count; pydantic would read the text "1" of a flag as true.

    Args:
        value: as given.
        counted: what a number counts, for the message.
    """
    if isinstance(value, str) and value.strip().lstrip("+-").isdigit():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value < 1:
        raise ValueError(f"must be true, false or a number of {counted} of at least 1; got {value}")
    return value


Text = Annotated[str, BeforeValidator(_text), AsWritten()]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_list), AsWritten()]
Words = Annotated[tuple[str, ...], BeforeValidator(_list)]
Integers = Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(_list)]
Share = Annotated[float, BeforeValidator(_share), Field(ge=0, lt=1)]
PositiveShare = Annotated[float, BeforeValidator(_share), Field(gt=0, le=1)]
Replay = Annotated[float, BeforeValidator(_share_or_count), Field(ge=0)]
Duration = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]


def key(
    default: Any,
    guidance: str,
    *,
    example: Any,
    concerns: str | None = None,
    flag: str | None = None,
    **constraints: Any,
) -> Any:
    """A field of a block.

    Args:
        default: the value when nothing is given; None mostly means that the plan chooses and says what it
            chose.
        guidance: what it does and when to change it, in a sentence or two; becomes help, documentation and
            schema.
        example: a value as it would stand in the file.
        concerns: "neural" when only neural networks read it.
        flag: the name on the command line where it is not the key itself; "" for a key without a flag.
        constraints: passed to pydantic (`ge`, `le`, ...).
    """
    extra: dict[str, Any] = {}
    if concerns is not None:
        extra["concerns"] = concerns
    if flag is not None:
        extra["flag"] = flag
    return Field(default, description=guidance, examples=[example], json_schema_extra=extra or None, **constraints)


def extra(field: FieldInfo, name: str) -> Any:
    """What `key` was told beyond pydantic's own words ("concerns", "flag"), or None."""
    found = field.json_schema_extra
    return found.get(name) if isinstance(found, dict) else None


def is_as_written(field: FieldInfo) -> bool:
    """True when the field's text is taken as it stands in the file."""
    return _has_marker(field.annotation) or any(isinstance(item, AsWritten) for item in field.metadata)


def _has_marker(annotation: Any) -> bool:
    metadata = getattr(annotation, "__metadata__", ())
    if any(isinstance(item, AsWritten) for item in metadata):
        return True
    return any(_has_marker(argument) for argument in getattr(annotation, "__args__", ()))


def fields_of(block: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """The keys of a block, in the order they are declared."""
    yield from block.model_fields.items()
