"""Loads the settings of a run: defaults, then a preset, then a YAML file, then flags; each value keeps its
origin.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trainwright.config.given import Given
from trainwright.config.keys import is_as_written
from trainwright.config.places import advice, field_of, full_name, is_block
from trainwright.config.presets import PRESETS
from trainwright.config.settings import Settings
from trainwright.config.yaml_text import MAX_BYTES, Written, read_yaml
from trainwright.errors import EnvironmentProblem, UserError

# A later layer's key takes back what an earlier layer said in the other way: a preset's l2_regularization
# must not clash with the weight_decay of a file.
RIVALS = (
    ("training.weight_decay", "training.l2_regularization"),
    ("training.warmup_steps", "training.warmup_ratio"),
    ("training.early_stopping", "training.patience"),
    ("training.model_type", "training.families"),
    ("data.test_file", "data.test_size"),
)


def load_settings(
    path: str | Path | None = None,
    *,
    text: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    flags: bool = True,
) -> Settings:
    """The settings of a run.

    Args:
        path: a YAML file; None for none.
        text: YAML text instead of a file.
        overrides: values that win over the file, by full key ("training.epochs") or bare key ("epochs"); a
            value of None counts as not given.
        flags: overrides come from the command line, so messages call them `--epochs`; else from Python.

    Returns:
        The settings, checked; `settings.origin(key)` says where a value came from.

    Raises:
        UserError: a wrong key or value; the message names the line, what is allowed and the nearest match.
        EnvironmentProblem: the file cannot be read.

    Example:
        >>> settings = load_settings(text="epochs: 20\\ntarget: income", overrides={"seed": 7})
        >>> settings.training.epochs, settings.data.target, settings.training.seed
        (20, 'income', 7)
        >>> settings.origin("training.epochs"), settings.origin("training.seed")
        ('line 1', '--seed')
    """
    name = Path(path).name if path is not None else ""
    if path is not None:
        text = _read(Path(path))
    from_file: dict[str, Given] = {}
    if text is not None:
        from_file = _place(read_yaml(text, name or "the configuration"), f"{name} " if name else "")
        if path is not None:
            _beside(from_file, Path(path))
    from_flags = _overrides(overrides or {}, flags)
    chosen = from_flags.get("training.preset") or from_file.get("training.preset")
    layers = [_preset(chosen), from_file, from_flags]
    merged: dict[str, Given] = {}
    for layer in layers:
        _merge(merged, layer)
    return _validate(merged)


def _read(path: Path) -> str:
    try:
        if path.is_dir():
            raise UserError(f"{path} is a folder, not a YAML file")
        with path.open("rb") as file:  # never more than the limit: it may be a device or a huge file
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UserError(
            f"the configuration file {path} does not exist",
            remedy="`trainwright config init` writes a template",
        ) from None
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise UserError(f"{path.name} is larger than {MAX_BYTES // 1000} kB, which no file of settings is")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(f"{path.name} line {line}: this is not UTF-8 text", remedy="save it as UTF-8") from None


@dataclass(frozen=True)
class _Unknown:
    """A key of the file that there is not."""

    key: str
    block: str | None
    place: str


def _place(root: Written, where: str) -> dict[str, Given]:
    """Every key of the file under its full name.

    Raises:
        UserError: keys that there are not: the first with what may be meant, the others with their lines.
    """
    found: dict[str, Given] = {}
    unknown: list[_Unknown] = []
    for key, written in root.value.items():
        if key == "problem" and isinstance(written.value, str):  # free text
            _put(found, "problem.description", written, where)
        elif key == "decision" and isinstance(written.value, str):  # the decision that the model supports, in words
            _put(found, "problem.decision", written, where)
        elif is_block(key):
            _place_block(found, key, written, where, unknown)
        else:
            _place_key(found, key, None, written, where, unknown)
    if unknown:
        first, *others = unknown
        block = f" in `{first.block}:`" if first.block else ""
        also = ", ".join(f"{one.place} ({one.key})" for one in others)
        problem = f"{first.place}: there is no key {first.key!r}{block}"
        raise UserError(problem + (f"; also unknown: {also}" if also else ""), remedy=advice(first.key, first.block))
    return found


def _place_block(found: dict[str, Given], block: str, written: Written, where: str, unknown: list[_Unknown]) -> None:
    if written.value is None:  # a block whose keys are all commented out
        return
    if not isinstance(written.value, dict):
        raise UserError(
            f"{where}line {written.line}: `{block}:` holds keys with values, found {written.raw or 'a list'!r}",
            remedy="put each key on its own line, indented by two spaces",
        )
    for key, item in written.value.items():
        _place_key(found, key, block, item, where, unknown)


def _place_key(
    found: dict[str, Given], key: str, block: str | None, written: Written, where: str, unknown: list[_Unknown]
) -> None:
    name = full_name(key, block)
    if name is None:
        unknown.append(_Unknown(key, block, f"{where}line {written.line}"))
    elif is_block(name):
        _place_block(found, name, written, where, unknown)
    else:
        _put(found, name, written, where)


def _put(found: dict[str, Given], name: str, written: Written, where: str) -> None:
    field = field_of(name)
    assert field is not None
    if written.value is None and not written.raw.strip():
        return  # `epochs:` with nothing behind it: as if the line were not there
    value = written.spelled() if is_as_written(field) else written.plain()
    if value is None:
        return  # null: leave it to the default
    shown = written.raw or str(written.plain())
    given = Given(value, f"{where}line {written.line}", shown, written)
    before = found.get(name)
    if before is not None and before.value != value:
        key = name.rpartition(".")[2]
        raise UserError(
            f"{where}line {written.line}: {key} is {shown}, but {before.origin} says {before.shown}",
            remedy="keep one of the two lines",
        )
    found[name] = given


def _overrides(overrides: Mapping[str, Any], flags: bool) -> dict[str, Given]:
    from trainwright.config.flags import by_family, flag_name

    found: dict[str, Given] = {}
    for key, value in overrides.items():
        if value is None:
            continue
        words = key == "decision" and isinstance(value, str)
        name = "problem.decision" if words else full_name(key)
        if name is None or is_block(name):
            raise UserError(f"there is no setting {key!r}", remedy=advice(key.rpartition(".")[2], None))
        if name == "training.family_settings" and isinstance(value, Mapping):
            value = by_family(value)
        found[name] = Given(value, (flags and flag_name(name)) or f"argument {key}", str(value))
    return found


def _preset(chosen: Given | None) -> dict[str, Given]:
    # A name that does not exist is refused later, with its line.
    values = PRESETS.get(str(chosen.value), {}) if chosen is not None else {}
    return {name: Given(value, f"preset {chosen.value}", str(value)) for name, value in values.items() if chosen}


def _merge(merged: dict[str, Given], layer: Mapping[str, Given]) -> None:
    for name in layer:
        for pair in RIVALS:
            if name in pair:
                other = pair[1 - pair.index(name)]
                if other not in layer:
                    merged.pop(other, None)
    for name, given in layer.items():
        before = merged.get(name)
        if name == "training.family_settings" and before is not None and isinstance(given.value, dict):
            both = dict(before.value)
            for family, settings in given.value.items():
                inner = both.get(family, {})
                mergeable = isinstance(inner, dict) and isinstance(settings, dict)
                both[family] = {**inner, **settings} if mergeable else settings
            given = Given(both, given.origin, given.shown, given.written)
        merged[name] = given


def _beside(found: dict[str, Given], path: Path) -> None:
    """Reads a relative file name as relative to the configuration file, which may be used from any folder."""
    for name in ("data.train_file", "data.test_file", "search.space"):
        given = found.get(name)
        word = name == "search.space" and given is not None and not str(given.value).endswith((".yaml", ".yml"))
        if given is not None and not word and isinstance(given.value, str) and not Path(given.value).is_absolute():
            beside = path.parent / given.value
            found[name] = Given(os.path.normpath(beside), given.origin, given.shown)


def _validate(merged: Mapping[str, Given]) -> Settings:
    from trainwright.config.explain import check_names, explain
    from trainwright.config.together import check_together

    tree: dict[str, Any] = {}
    for name, given in merged.items():
        *blocks, key = name.split(".")
        inner = tree
        for block in blocks:
            inner = inner.setdefault(block, {})
        inner[key] = given.value
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise explain(error, merged) from None
    check_names(settings, merged)
    settings._origins.update({name: given.origin for name, given in merged.items()})
    check_together(settings)
    return settings
