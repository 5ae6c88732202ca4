"""What a search may try: for each setting of a family a list of values or a range, as plain data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from trainwright.models.spec import Setting

# A range that a grid must walk through is tried at its two ends and in the middle.
GRID_POINTS = 3
# A range of whole numbers this short is tried completely.
SHORT = 5
# This close to an end of its range (share of the range) a value counts as lying on it.
EDGE = 0.03
# How far an end is moved when the best value lies on it: by this factor, or by half of the range.
FACTOR = 4.0


@dataclass(frozen=True)
class Dimension:
    """The values of one setting that a search may try: listed ones, or a range.

    Args:
        name: of the setting.
        values: the listed values; empty for a range.
        low, high: inclusive ends of a range.
        log: the range is searched on a logarithmic scale.
        step: distance of two neighbours in a range, or None.
        whole: the range holds whole numbers.

    Example:
        >>> depth = Dimension("depth", low=4, high=8, step=2, whole=True)
        >>> depth.grid(), depth.size, depth.edge(8)
        ([4, 6, 8], 3, 'highest')
    """

    name: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    step: float | None = None
    whole: bool = False

    @property
    def size(self) -> float:
        """How many different values there are; infinite for a range of real numbers."""
        if self.values:
            return len(self.values)
        if self.step is not None:
            return math.floor((self.high - self.low) / self.step + 1e-9) + 1
        return int(self.high - self.low) + 1 if self.whole else math.inf

    def grid(self) -> list[Any]:
        """The values that a grid search tries, in order."""
        if self.values:
            return list(self.values)
        if self.step is not None:
            return [self._kind(self.low + i * self.step) for i in range(int(self.size))]
        if self.size <= SHORT:
            return [self._kind(self.low + i) for i in range(int(self.size))]
        return list(dict.fromkeys(self._at(i / (GRID_POINTS - 1)) for i in range(GRID_POINTS)))

    def draw(self, rng: np.random.Generator) -> Any:
        """A value by chance, each as likely as any other (on the logarithmic scale where the range has one)."""
        if self.values:
            return self.values[int(rng.integers(len(self.values)))]
        if self.step is not None:
            return self._kind(self.low + int(rng.integers(int(self.size))) * self.step)
        if self.whole and not self.log:
            return int(rng.integers(int(self.low), int(self.high) + 1))
        return self._at(float(rng.random()))

    def holds(self, value: Any) -> bool:
        """Whether a value is one that may be tried.

        Example:
            >>> Dimension("C", low=0.1, high=10.0, log=True).holds(None)
            False
        """
        if self.values:
            return any(type(value) is type(known) and value == known for known in self.values)
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return self.low <= value <= self.high

    def place(self, value: Any) -> float:
        """Where a value lies between 0 and 1: of a list its position, of a range the share of the way."""
        if self.values:
            return self.values.index(value) / max(1, len(self.values) - 1)
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def edge(self, value: Any) -> str | None:
        """On which end ("lowest", "highest") a value lies beyond which better ones may lie; None on neither.

        Of a list only three numbers or more have ends; "none" beside the `max_...` numbers means without limit, so the
        largest number is no end there.

        Example:
            >>> Dimension("max_depth", (4, 8, 12, None)).edge(12) is None
            True
        """
        if self.values:
            numbers = self._numbers()
            if len(numbers) < 3 or value not in numbers or isinstance(value, bool):
                return None
            if value == numbers[0]:
                return "lowest"
            unlimited = None in self.values and self.name.startswith("max")
            return "highest" if value == numbers[-1] and not unlimited else None
        if not self.holds(value):
            return None
        at = self.place(value)
        return "lowest" if at <= EDGE else "highest" if at >= 1 - EDGE else None

    def wider(self, end: str, setting: Setting) -> Dimension | None:
        """The same with that end moved outwards; None where the setting itself allows nothing beyond it.

        Example:
            >>> rate = Setting("learning_rate", 0.1, 0.001, 1.0, log=True)
            >>> Dimension("learning_rate", low=0.01, high=0.4, log=True).wider("highest", rate).high
            1.0
        """
        if self.values:
            numbers = self._numbers()
            inner, last = (numbers[1], numbers[0]) if end == "lowest" else (numbers[-2], numbers[-1])
            far = last * last / inner if last * inner > 0 else 2 * last - inner
            moved = self._kind_like(_inside(far, setting), last)
            if moved in numbers:
                return None
            return replace(self, values=(moved, *self.values) if end == "lowest" else (*self.values, moved))
        span = self.high - self.low
        low, high = self.low, self.high
        if end == "lowest":
            low = low / FACTOR if self.log else low - span / 2
        else:
            high = high * FACTOR if self.log else high + span / 2
        if self.whole:
            low, high = math.floor(low), math.ceil(high)
        low, high = _inside(low, setting), _inside(high, setting)
        if (low, high) == (self.low, self.high) or (self.log and low <= 0):
            return None
        return replace(self, low=low, high=high)

    def tidy(self, value: float) -> Any:
        """A value of the range with four digits: more would only make it unreadable.

        Example:
            >>> Dimension("rate", low=0.01, high=0.3, log=True).tidy(0.123456789)
            0.1235
        """
        return self._kind(value if self.step is not None else float(f"{value:.4g}"))

    def words(self) -> str:
        """The values as a person writes them.

        Example:
            >>> Dimension("C", low=0.1, high=10.0, log=True).words(), Dimension("depth", (4, None)).words()
            ('0.1 to 10', '4, none')
        """
        if self.values:
            return ", ".join("none" if value is None else str(value) for value in self.values)
        return f"{self.low:g} to {self.high:g}"

    def to_json(self) -> dict[str, Any]:
        """As a space file has it: {"values"} or {"low", "high", "log", "step", "whole"}."""
        if self.values:
            return {"values": list(self.values)}
        return {"low": self.low, "high": self.high, "log": self.log, "step": self.step, "whole": self.whole}

    @classmethod
    def from_json(cls, name: str, data: Mapping[str, Any]) -> Dimension:
        """What `to_json` wrote."""
        if "values" in data:
            return cls(name, tuple(data["values"]))
        return cls(name, (), data["low"], data["high"], data["log"], data["step"], data["whole"])

    def _numbers(self) -> list[Any]:
        """The listed numbers in ascending order."""
        return sorted(v for v in self.values if isinstance(v, int | float) and not isinstance(v, bool))

    def _at(self, share: float) -> Any:
        """The value at a share of the way."""
        if self.log:
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + (self.high - self.low) * share
        return self.tidy(value)

    def _kind(self, value: float) -> Any:
        value = round(value) if self.whole else float(f"{value:.10g}")
        return min(self.high, max(self.low, value))

    @staticmethod
    def _kind_like(value: float, known: Any) -> Any:
        return round(value) if isinstance(known, int) else float(f"{value:.4g}")


@dataclass(frozen=True)
class Space:
    """What a search may try of one family.

    Args:
        family: its name.
        dimensions: one for each setting that varies; the others keep their defaults.

    Example:
        >>> space = Space("linear", (Dimension("C", (0.1, 1.0)), Dimension("penalty", ("l2", "l1"))))
        >>> space.combinations, next(space.grid())
        (4, {'C': 0.1, 'penalty': 'l2'})
    """

    family: str
    dimensions: tuple[Dimension, ...]

    @property
    def size(self) -> float:
        """Different settings in all; infinite with a range of real numbers."""
        return math.prod(dimension.size for dimension in self.dimensions)

    @property
    def combinations(self) -> int:
        """What a grid search would try."""
        return math.prod(len(dimension.grid()) for dimension in self.dimensions)

    def grid(self) -> Iterator[dict[str, Any]]:
        """Every combination in order, the last setting changing fastest."""
        names = [dimension.name for dimension in self.dimensions]
        for values in product(*(dimension.grid() for dimension in self.dimensions)):
            yield dict(zip(names, values))

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """Settings by chance."""
        return {dimension.name: dimension.draw(rng) for dimension in self.dimensions}

    def holds(self, settings: Mapping[str, Any]) -> bool:
        """Whether the settings lie in the space."""
        return all(d.name in settings and d.holds(settings[d.name]) for d in self.dimensions)

    def to_json(self) -> dict[str, Any]:
        return {dimension.name: dimension.to_json() for dimension in self.dimensions}

    @classmethod
    def from_json(cls, family: str, data: Mapping[str, Any]) -> Space:
        return cls(family, tuple(Dimension.from_json(name, value) for name, value in data.items()))


def _inside(value: float, setting: Setting) -> float:
    """The value, or the setting's own bound where it lies beyond it."""
    if setting.low is not None:
        value = max(value, setting.low)
    return value if setting.high is None else min(value, setting.high)
