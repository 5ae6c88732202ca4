"""Strict JSON for packages: the same value always gives the same bytes, and what is read is checked key by
key."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from trainwright.data.plain_values import is_number
from trainwright.errors import TrainwrightError, UserError

MAX_BYTES = 64 * 1024 * 1024  # a layout with millions of category values still fits; a bomb does not


def to_bytes(value: Any) -> bytes:
    """The value as JSON with sorted keys: equal values give equal bytes on every machine.

    NumPy scalars become plain numbers; NaN and infinity, which JSON does not know, become null.

    Example:
        >>> to_bytes({"b": float("nan"), "a": 1})
        b'{\\n "a": 1,\\n "b": null\\n}\\n'
    """
    text = json.dumps(_plain(value), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def from_bytes(data: bytes, where: str) -> Any:
    """Parses JSON that may come from anywhere.

    Args:
        data: the bytes of the file.
        where: the file's name for messages.

    Raises:
        UserError: not UTF-8, not JSON, a key twice, NaN, nested too deeply, or larger than `MAX_BYTES`.
    """
    if len(data) > MAX_BYTES:
        raise UserError(f"{where} has {len(data):,} bytes, at most {MAX_BYTES:,} are read")
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_no_twins, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UserError(f"{where} is not the JSON that a package holds: {reason}") from error


class Reader:
    """Takes values out of a JSON object and says which key is wrong.

    Example:
        >>> Reader({"seed": "x"}, "manifest.json").integer("seed")
        Traceback (most recent call last):
        ...
        trainwright.errors.UserError: manifest.json: 'seed' must be a whole number, got 'x'
    """

    def __init__(self, data: Any, where: str):
        self.where = where
        if not isinstance(data, dict):
            raise UserError(f"{where} must hold a JSON object, got {_short(data)}")
        self.data: dict[str, Any] = data

    def fail(self, key: str, expected: str) -> UserError:
        """The error for one key."""
        if key not in self.data:
            return UserError(f"{self.where}: {key!r} is missing, expected {expected}")
        return UserError(f"{self.where}: {key!r} must be {expected}, got {_short(self.data[key])}")

    def text(self, key: str, most: int = 10_000) -> str:
        value = self.data.get(key)
        if not isinstance(value, str) or len(value) > most:
            raise self.fail(key, f"a text of at most {most:,} characters")
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self.data.get(key) is None else self.text(key)

    def integer(self, key: str, low: int | None = None) -> int:
        value = self.data.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or (low is not None and value < low):
            raise self.fail(key, "a whole number" + ("" if low is None else f" of at least {low}"))
        return value

    def number(self, key: str, low: float = -math.inf, high: float = math.inf) -> float:
        value = self.data.get(key)
        if not is_number(value) or not low <= value <= high:
            raise self.fail(key, f"a number from {low:g} to {high:g}")
        return float(value)

    def mapping(self, key: str) -> dict[str, Any]:
        value = self.data.get(key)
        if not isinstance(value, dict):
            raise self.fail(key, "a JSON object")
        return value

    def items(self, key: str) -> list[Any]:
        value = self.data.get(key)
        if not isinstance(value, list):
            raise self.fail(key, "a list")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.items(key)
        if not all(isinstance(item, str) for item in value):
            raise self.fail(key, "a list of texts")
        return tuple(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    raise TrainwrightError(f"a package cannot hold a {type(value).__name__}: {_short(value)}")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in pairs:
        if key in out:
            raise ValueError(f"the key {key!r} stands there twice")
        out[key] = value
    return out


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
