"""A model as a list of plain steps, from the columns of a table to its prediction: what every export is made from.

A value is a matrix: (n, m) float64, or (n, 1) int64 places in a table. The operations are few and named in
`folder/operations.py`, which carries them out with NumPy; `onnx_file` writes each of them as ONNX nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Step:
    """One operation.

    Args:
        operation: its name.
        inputs: names of the values that it reads.
        output: name of the value that it makes.
        values: what it knows: plain data, arrays, and for a library's own model its bytes.
        member: of which member of the package it is part, in words for messages; empty for all.
    """

    operation: str
    inputs: tuple[str, ...]
    output: str
    values: dict[str, Any]
    member: str = ""


class Steps:
    """Steps in the order in which they are carried out.

    Example:
        >>> steps = Steps()
        >>> age = steps.add("number", column="age", single=False)
        >>> steps.add("fill", age, values=np.array([40.0]))
        '2'
        >>> [step.operation for step in steps]
        ['number', 'fill']
    """

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._made: dict[Any, str] = {}
        self.member = ""  # written into the steps that are added from now on
        self.memory: dict[Any, Any] = {}  # what converters keep for one another, because it takes long to make

    def __iter__(self) -> Any:
        return iter(self._steps)

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, operation: str, *inputs: str, **values: Any) -> str:
        """Adds a step and returns the name of what it makes; an equal step that is there already is used again."""
        key = (operation, inputs, _key(values))
        if key not in self._made:
            self._made[key] = str(len(self._steps) + 1)
            self._steps.append(Step(operation, inputs, self._made[key], values, self.member))
        return self._made[key]

    def replaced(self, change: Callable[[Step], Step]) -> Steps:
        """The same list with every step changed; the names of values stay."""
        other = Steps()
        other._steps = [change(step) for step in self._steps]
        return other

    def join(self, parts: Sequence[str]) -> str:
        """The values side by side."""
        return parts[0] if len(parts) == 1 else self.add("join", *parts)

    def affine(self, value: str, factor: Any = 1.0, shift: Any = 0.0) -> str:
        """The value times a factor plus a shift, each one number or one for every column."""
        return self.add("affine", value, factor=np.atleast_1d(factor) * 1.0, shift=np.atleast_1d(shift) * 1.0)

    def times(self, value: str, weights: np.ndarray) -> str:
        """(n, k) product of the value with (m, k) weights."""
        return self.add("times", value, weights=np.asarray(weights, dtype=np.float64))

    def take(self, value: str, columns: Any) -> str:
        """These columns of the value."""
        return self.add("take", value, columns=np.asarray(columns, dtype=np.int64))

    def look_up(self, places: str, table: np.ndarray) -> str:
        """For each row the row of (places, m) `table` at its place."""
        return self.add("look_up", places, table=np.asarray(table))

    def spread(self, value: str, present: np.ndarray, width: int) -> str:
        """(n, k) over the classes at `present` to (n, width), 0 for the others."""
        selection = np.zeros((len(present), width))
        selection[np.arange(len(present)), present] = 1.0
        return self.times(value, selection)


def _key(values: dict[str, Any]) -> Any:
    """What makes two steps equal."""
    return tuple((name, _plain(value)) for name, value in sorted(values.items()))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    if isinstance(value, list | tuple):
        return tuple(_plain(item) for item in value)
    return value
