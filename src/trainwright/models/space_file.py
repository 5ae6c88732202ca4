"""Reads a search space that a user wrote, and refuses every mistake in it with its line and what was meant."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from trainwright.config.known import canonical_family
from trainwright.config.yaml_text import MAX_BYTES, Written, read_yaml
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.models.families import families
from trainwright.models.meaning import instead_of, why_without_meaning
from trainwright.models.settings import allowed, check_settings, is_whole
from trainwright.models.space import Dimension, Space
from trainwright.models.spaces import NAMES, default_space
from trainwright.models.spec import Setting, Spec

RANGE = ("low", "high", "log", "step")
SHAPE = "a list such as [4, 6, 8], or a range such as {low: 0.01, high: 0.3, log: true}"


def read_space(path: str | os.PathLike[str], task: str) -> tuple[Space, ...]:
    """The spaces of a file `{family: {setting: [values] | {low, high, log, step}}}`, in its order.

    Args:
        path: the YAML file.
        task: "classes" or "number".

    Raises:
        UserError: the file is not there, or says something that is no space or means nothing for the task; the message
            names the line.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise UserError(f"{path} is a folder, not a file with a search space")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        near = get_close_matches(str(path), NAMES, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UserError(
            f"there is no file {path} with a search space",
            remedy=f"{hint}--space takes {' or '.join(NAMES)}, or a YAML file: {{catboost: {{depth: [4, 6, 8]}}}}",
        ) from None
    except UnicodeDecodeError:
        raise UserError(f"{path.name} is not UTF-8 text", remedy="save it as UTF-8") from None
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be read: {error.strerror}") from error
    line = "catboost: {depth: [4, 6, 8]}"
    written = read_yaml(text, path.name, example=line, empty=f"name a family and what to try, such as `{line}`")
    return _spaces(written, path.name, task)


def space_of(given: Mapping[str, Any], task: str) -> tuple[Space, ...]:
    """The same from values, as `search: {space: ...}` or Python give them.

    Example:
        >>> [space.words() for space in space_of({"forest": {"max_depth": [4, None]}}, "classes")[0].dimensions]
        ['4, none']
    """
    return _spaces(_as_written(given), "the search space", task)


def _spaces(root: Written, name: str, task: str) -> tuple[Space, ...]:
    out: dict[str, Space] = {}
    if not isinstance(root.value, dict) or not root.value:
        raise UserError(f"{name} names no family", remedy=f"write {{family: {{setting: {SHAPE}}}}}")
    for word, block in root.value.items():
        at = _where(name, block)
        family = _placed(at, canonical_family, str(word))
        if family in out:
            raise UserError(f"{at}the family {family!r} is there already", remedy="keep one of the two")
        out[family] = _space(family, block, name, task)
    return tuple(out.values())


def _space(family: str, block: Written, name: str, task: str) -> Space:
    spec, at = families()[family], _where(name, block)
    if task not in spec.tasks:
        raise UserError(f"{at}the family {family!r} does not serve this task")
    if block.value in NAMES:
        return _placed(at, default_space, family, str(block.value), task)
    if not isinstance(block.value, dict) or not block.value:
        raise UserError(
            f"{at}{family} needs settings to vary, or {' or '.join(NAMES)}; found {block.raw or 'nothing'!r}",
            remedy=f"{family}: {{{spec.settings[0].name if spec.settings else 'setting'}: {SHAPE}}}",
        )
    found = [(_dimension(spec, str(word), written, name), written) for word, written in block.value.items()]
    values = {dimension.name: dimension.grid() for dimension, _ in found}
    for dimension, written in found:
        why = why_without_meaning(spec, dimension.name, task, values)
        if why:
            raise UserError(
                f"{_where(name, written)}{family}.{dimension.name} changes nothing here: {why}",
                remedy=instead_of(spec, dimension.name, task),
            )
    return Space(family, tuple(dimension for dimension, _ in found))


def _dimension(spec: Spec, word: str, written: Written, name: str) -> Dimension:
    at = _where(name, written)
    known = {setting.name: setting for setting in spec.settings}
    if word not in known:
        _placed(at, check_settings, spec, {word: None})  # refuses with the nearest name
    setting, value = known[word], written.plain()
    if isinstance(value, dict):
        return _range(spec, setting, value, at)
    values = value if isinstance(value, list) else [value]
    if not values:
        raise UserError(f"{at}the list of {spec.name}.{word} is empty", remedy=f"give {SHAPE}")
    if any(isinstance(one, list | dict) for one in values):
        raise UserError(f"{at}{spec.name}.{word} must be {SHAPE}")
    checked = [_placed(at, check_settings, spec, {word: one})[word] for one in values]
    return Dimension(word, tuple(dict.fromkeys(checked)))


def _range(spec: Spec, setting: Setting, given: dict[str, Any], at: str) -> Dimension:
    what = f"{spec.name}.{setting.name}"
    for key in given:
        if key not in RANGE:
            near = get_close_matches(str(key), RANGE, 1)
            raise UserError(
                f"{at}a range has no key {key!r}",
                remedy=f"did you mean {near[0]!r}?" if near else f"its keys are {', '.join(RANGE)}",
            )
    for key in ("low", "high"):
        if not _is_number(given.get(key)):
            found = f"found {given[key]!r}" if key in given else "it is missing"
            raise UserError(f"{at}{what}: {key} must be a number; {found}", remedy="{low: 1, high: 10}")
    if setting.low is None and setting.high is None:
        raise UserError(f"{at}{what} has no range: it must be {allowed(setting)}", remedy="give a list of values")
    checked = {key: _placed(at, check_settings, spec, {setting.name: given[key]})[setting.name] for key in RANGE[:2]}
    low, high, log, step = checked["low"], checked["high"], given.get("log", False), given.get("step")
    whole = isinstance(low, int) and isinstance(high, int) and is_whole(setting)
    if low >= high:
        raise UserError(f"{at}{what}: low must be less than high, got {low} and {high}")
    if not isinstance(log, bool):
        raise UserError(f"{at}{what}: log must be true or false, got {log!r}")
    if log and low <= 0:
        raise UserError(f"{at}{what}: a logarithmic range must begin above 0, got {low}")
    if step is not None and (not _is_number(step) or step <= 0 or step > high - low or log):
        why = "a logarithmic range has no step" if log else f"step must be above 0 and at most {high - low:g}"
        raise UserError(f"{at}{what}: {why}, got {step!r}")
    if step is not None and whole and not float(step).is_integer():
        raise UserError(f"{at}{what} takes whole numbers: step must be one, got {step!r}")
    return Dimension(setting.name, (), low, high, log=log, step=step, whole=whole)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _where(name: str, written: Written) -> str:
    return f"{name} line {written.line}: " if written.line else f"{name}: "


def _placed(at: str, function: Any, *arguments: Any) -> Any:
    """What the function gives; its refusal with the place in the file before it."""
    try:
        return function(*arguments)
    except UserError as error:
        raise UserError(f"{at}{error.problem}", remedy=error.remedy) from None


def _as_written(value: Any) -> Written:
    """Values without a file: no lines."""
    if isinstance(value, Mapping):
        return Written({str(key): _as_written(item) for key, item in value.items()}, "", 0)
    if isinstance(value, list | tuple):
        return Written([_as_written(item) for item in value], "", 0)
    return Written(value, str(value), 0)
