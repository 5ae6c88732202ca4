"""Which block a key belongs to: finds the full name of a bare key, and the keys inside nested blocks."""

from __future__ import annotations

from difflib import get_close_matches

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from trainwright.config.settings import BLOCKS, Settings

# Keys of `data:` that may stand under `training:` as well, because people write them in either.
EITHER = frozenset(
    ("train_file", "test_file", "target", "train_size", "test_size", "validation_split", "folds", "repeats")
    + ("random_state", "shuffle", "stratify")
)


def field_of(name: str) -> FieldInfo | None:
    """The field of a full key such as "training.epochs" or "problem.costs.review", or None."""
    model: type[BaseModel] = Settings
    field: FieldInfo | None = None
    for part in name.split("."):
        field = model.model_fields.get(part) if isinstance(model, type) else None
        if field is None:
            return None
        annotation = field.annotation
        nested = isinstance(annotation, type) and issubclass(annotation, BaseModel)
        model = annotation if nested and isinstance(annotation, type) else BaseModel
    return field


def is_block(name: str) -> bool:
    """True when the key holds further keys of its own, each with a field."""
    field = field_of(name)
    return field is not None and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def full_name(key: str, block: str | None = None) -> str | None:
    """The key with its block, or None when there is no such key there.

    Args:
        key: the key as written; with dots it is taken as full.
        block: the block it stands in; None for a bare key, which may belong to any.

    Example:
        >>> full_name("epochs"), full_name("target"), full_name("validation_split", "training")
        ('training.epochs', 'data.target', 'data.validation_split')
        >>> full_name("target", "requirements") is None
        True
    """
    if block is not None:
        if field_of(f"{block}.{key}") is not None:
            return f"{block}.{key}"
        return f"data.{key}" if block == "training" and key in EITHER else None
    if field_of(key) is not None:
        return key
    return next((f"{name}.{key}" for name in BLOCKS if field_of(f"{name}.{key}") is not None), None)


def all_keys() -> list[str]:
    """Every full key, in the order of the blocks.

    Example:
        >>> all_keys()[0], "data.target" in all_keys(), "problem.costs.review" in all_keys()
        ('project', True, True)
    """

    def inside(name: str, model: type[BaseModel]) -> list[str]:
        found: list[str] = []
        for part, field in model.model_fields.items():
            full = f"{name}.{part}" if name else part
            annotation = field.annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                found += inside(full, annotation)
            else:
                found.append(full)
        return found

    return inside("", Settings)


def advice(key: str, block: str | None) -> str:
    """What to do about a key that is not there: its right block, the nearest key, or the keys there are."""
    elsewhere = full_name(key)
    if block is not None and elsewhere is not None and "." in elsewhere:
        return f"{key!r} belongs under `{elsewhere.rpartition('.')[0]}:`"
    if block is not None and elsewhere is not None:
        return f"{key!r} stands on its own, not inside `{block}:`"
    known = [name for name in all_keys() if block is None or name.startswith(f"{block}.")]
    short = {name.rpartition(".")[2]: name for name in reversed(known)}
    if block is None:
        short |= {name: name for name in Settings.model_fields}
    near = get_close_matches(key, list(short), n=1, cutoff=0.6)
    if not near and block is not None:  # perhaps a misspelt key of another block
        everywhere = {name.rpartition(".")[2]: name for name in reversed(all_keys())}
        near = get_close_matches(key, list(everywhere), n=1, cutoff=0.8)
        if near:
            return f"did you mean {near[0]!r}, which belongs under `{everywhere[near[0]].rpartition('.')[0]}:`?"
    if near:
        return f"did you mean {near[0]!r}?"
    if block is None:
        return "blocks: " + ", ".join(Settings.model_fields) + "; `trainwright config schema` lists all keys"
    return f"keys of {block}: " + ", ".join(name.removeprefix(f"{block}.") for name in known)
