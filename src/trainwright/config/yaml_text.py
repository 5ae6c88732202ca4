"""Reads YAML into values that remember their line and their spelling; refuses what could harm or mislead.

The text is scanned as a stream of events before anything is built, so neither aliases that multiply nor
nesting without end cost more than the file's own size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from trainwright.errors import UserError

MAX_BYTES = 1_000_000
MAX_EVENTS = 50_000
MAX_DEPTH = 30
MAX_ALIASES = 100
MAX_EXPANDED = 100_000
TEMPLATE = "`trainwright config init` writes a template"

_PREFIX = "tag:yaml.org,2002:"
_PLAIN = {_PREFIX + name for name in ("null", "bool", "int", "float", "str", "timestamp")}
# YAML 1.1 reads 5e-5 as text because it has no dot; everybody who writes it means the number.
_SCIENTIFIC = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")


@dataclass(frozen=True)
class Written:
    """A value as it stands in the file.

    Args:
        value: None, bool, int, float or str; for a mapping dict[str, Written]; for a list list[Written].
        raw: a scalar's own spelling, else "".
        line: counted from 1.
    """

    value: Any
    raw: str
    line: int

    def plain(self) -> Any:
        """The value without lines."""
        if isinstance(self.value, dict):
            return {name: item.plain() for name, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def spelled(self, *, inside: bool = False) -> Any:
        """The value with every scalar as it is spelled; only an empty value on its own is None."""
        if isinstance(self.value, dict):
            return {name: item.spelled(inside=True) for name, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.spelled(inside=True) for item in self.value]
        return None if self.value is None and not inside else self.raw


def read_yaml(text: str, name: str, *, example: str = "target: income", empty: str = TEMPLATE) -> Written:
    """The file's mapping of keys to values.

    Args:
        text: the file's content.
        name: what to call it in messages.
        example: a line that could stand in it.
        empty: what to do about a file without a key.

    Raises:
        UserError: not YAML, not a mapping, a duplicate key, or something that settings never need.
    """
    if len(text) > MAX_BYTES:
        raise UserError(f"{name} is larger than {MAX_BYTES // 1000} kB, which no file of settings is")
    try:
        _scan(text, name)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise _syntax(error, text, name) from None
    if node is None:
        raise UserError(f"{name} holds no settings", remedy=empty)
    if not isinstance(node, yaml.MappingNode):
        raise UserError(
            f"{name} line {_line(node)}: expected keys with values, such as `{example}`, found {_noun(node)}"
        )
    return _Builder(name).build(node)


class _Builder:
    """Turns nodes into values, counting what aliases multiply."""

    def __init__(self, name: str):
        self.name = name
        self.built = 0
        self.open: list[int] = []

    def build(self, node: yaml.Node) -> Written:
        self.built += 1
        if self.built > MAX_EXPANDED or id(node) in self.open:
            raise UserError(
                f"{self.name} line {_line(node)}: its aliases (*name) multiply without end",
                remedy="write the values out",
            )
        self.open.append(id(node))
        try:
            return Written(self._value(node), getattr(node, "value", "") if _scalar(node) else "", _line(node))
        finally:
            self.open.pop()

    def _value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            if node.tag != _PREFIX + "map":
                raise self._tag(node)
            return dict(self._pairs(node))
        if isinstance(node, yaml.SequenceNode):
            if node.tag != _PREFIX + "seq":
                raise self._tag(node)
            return [self.build(item) for item in node.value]
        if node.tag not in _PLAIN:
            raise self._tag(node)
        if node.tag == _PREFIX + "timestamp":
            return node.value
        if getattr(node, "style", None) is None and _SCIENTIFIC.fullmatch(node.value):
            return float(node.value)
        try:
            return yaml.constructor.SafeConstructor().construct_object(node)
        except (ValueError, KeyError, yaml.YAMLError):
            return node.value  # such as !!int "abc": the check of the key says what it must be

    def _pairs(self, node: yaml.MappingNode) -> Iterator[tuple[str, Written]]:
        lines: dict[str, int] = {}
        for key, value in node.value:
            where = f"{self.name} line {_line(key)}"
            if not _scalar(key):
                raise UserError(f"{where}: a key must be a word, found {_noun(key)}")
            if key.tag == _PREFIX + "merge":
                raise UserError(f"{where}: merging with `<<` is not supported", remedy="write the keys out")
            if key.value in lines:
                raise UserError(
                    f"{where}: the key {key.value!r} is there already in line {lines[key.value]}",
                    remedy="keep one of the two",
                )
            lines[key.value] = _line(key)
            built = self.build(value)
            # The key's line says where to look, also for a value that begins on the next line.
            yield key.value, Written(built.value, built.raw, _line(key))

    def _tag(self, node: yaml.Node) -> UserError:
        return UserError(
            f"{self.name} line {_line(node)}: the tag {node.tag.replace(_PREFIX, '!!')!r} is not allowed here",
            remedy="settings are plain text, numbers, lists and keys",
        )


def _scan(text: str, name: str) -> None:
    """Refuses by counting events, before any node is built."""
    depth = aliases = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        line = event.start_mark.line + 1 if event.start_mark is not None else 0
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
        if depth > MAX_DEPTH:
            raise UserError(f"{name} line {line}: nested more than {MAX_DEPTH} deep, which no settings are")
        if aliases > MAX_ALIASES:
            raise UserError(
                f"{name} line {line}: too many aliases (*name), at most {MAX_ALIASES} are read",
                remedy="write the values out",
            )
        if count > MAX_EVENTS:
            raise UserError(f"{name} line {line}: too many values, at most {MAX_EVENTS:,} are read")


def _syntax(error: yaml.YAMLError, text: str, name: str) -> UserError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or str(error).splitlines()[0]
    if mark is None:
        return UserError(f"{name} cannot be read as YAML: {what}")
    lines = text.splitlines()
    before = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in before[: len(before) - len(before.lstrip())]:
        return UserError(
            f"{name} line {mark.line + 1}: indented with a tab, which YAML does not allow",
            remedy="use spaces",
        )
    if "expected a single document" in str(error):
        return UserError(f"{name} line {mark.line + 1}: a second document begins here", remedy="keep one")
    return UserError(
        f"{name} line {mark.line + 1}, column {mark.column + 1}: this is not YAML ({what})",
        remedy="check colons, quotes and indentation; a value with ':' or '#' in it needs quotes",
    )


def _scalar(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode)


def _line(node: yaml.Node) -> int:
    assert node.start_mark is not None  # composing from text always marks
    return int(node.start_mark.line) + 1


def _noun(node: yaml.Node) -> str:
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    return "keys with values" if isinstance(node, yaml.MappingNode) else f"{node.value[:40]!r}"
