"""The rule of a split: what the user or a default asked for, as plain data, and the rows it is applied to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np

from trainwright.errors import UserError

ROW_ORDER = "row-order"


@dataclass(frozen=True)
class SplitRule:
    """How rows are parted into development, test and folds. Every fraction is of all rows of the dataset
    version.

    Args:
        test_size: share of rows sealed as the test part; 0 holds nothing back.
        validation_size: share of rows of the validation part, where one cut replaces folds.
        folds: number of folds; None lets the number of rows decide.
        repeats: how often the folds are drawn anew; None lets the number of rows decide.
        stratify: keep the shares of the target (classes, or ten quantile bins of a number) alike in all
            parts.
        strata: further columns whose shares are kept alike.
        group: the column whose values must never stand on both sides of a cut.
        time: the column that orders the rows, or "row-order"; what is held out is later than what is trained
            on.
        gap: seconds (rows for "row-order") left out before each cut in time.
        cluster: the column that widens intervals; the split ignores it.
        shuffle: False keeps the order of the file: the last rows are the test part and folds are blocks.
        seed: of every draw.
        split_column: the column in which the user says which row is in which part.
        validation_from, test_from: first moment of the part, an ISO date or a number on the scale of `time`.
        given_test: the test part is a file of its own: nothing is held back here.
        holdout: one cut into training and validation rows instead of folds.
        most_rows: a part drawn by its default share is never larger than this; None for shares the user gave.

    Example:
        >>> SplitRule(time="sold_at", gap=86400).to_json()["time"]
        'sold_at'
    """

    test_size: float = 0.15
    validation_size: float = 0.15
    folds: int | None = None
    repeats: int | None = None
    stratify: bool = True
    strata: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None
    gap: float = 0.0
    cluster: str | None = None
    shuffle: bool = True
    seed: int = 0
    split_column: str | None = None
    validation_from: str | float | None = None
    test_from: str | float | None = None
    given_test: bool = False
    holdout: bool = False
    most_rows: int | None = 100_000

    def __post_init__(self) -> None:
        for name in ("test_size", "validation_size"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise UserError(
                    f"{name} must be a share of the rows from 0 to below 1, got {value}",
                    remedy=f"write for example {name}: 0.15",
                )
        if self.test_size + self.validation_size >= 1:
            raise UserError(
                f"test_size {self.test_size} and validation_size {self.validation_size} leave no row for training",
                remedy="their sum must stay below 1",
            )
        for name in ("folds", "repeats"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"{name} must be at least 1, got {value}", remedy=f"leave {name} out for the default")
        if self.gap < 0:
            raise UserError(f"gap must be 0 or more seconds (rows for row-order), got {self.gap}")
        if self.gap and self.time is None:
            raise UserError(
                "gap is given, but no time column: a gap lies between earlier and later rows",
                remedy="name the column with --time, or leave gap out",
            )
        if (self.validation_from is not None or self.test_from is not None) and self.time is None:
            raise UserError(
                "validation_from and test_from need the column that they are compared with",
                remedy="name it with --time",
            )

    @property
    def by_chance(self) -> bool:
        """Whether rows are parted without regard to time, groups, their order or a column of parts."""
        return self.shuffle and not (self.time or self.group or self.split_column)

    def to_json(self) -> dict[str, Any]:
        """The rule as plain data."""
        return {**asdict(self), "strata": list(self.strata)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SplitRule:
        """The rule from `to_json`'s plain data; keys of a later release are left out."""
        known = {field.name for field in fields(cls)}
        kept = {name: value for name, value in data.items() if name in known}
        return cls(**{**kept, "strata": tuple(kept.get("strata", ()))})

    def moment(self, name: str) -> float | None:
        """`validation_from` or `test_from` on the scale of the time array: seconds since 1970, or a row."""
        value: str | float | None = getattr(self, name)
        if value is None or not isinstance(value, str):
            return None if value is None else float(value)
        try:
            when = datetime.fromisoformat(value)
        except ValueError:
            raise UserError(
                f"{name}: {value!r} is not a date", remedy="write it as 2026-03-01 or 2026-03-01T12:00"
            ) from None
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True)
class Rows:
    """What a split may look at, aligned over n rows.

    Args:
        n: number of rows.
        task: "classes" or "number".
        y: (n,) class positions or numbers, or None.
        strata: (n,) codes of further columns to stratify by, or None.
        group: (n,) codes; a negative code is a row without a group, which counts as a group of its own.
        time: (n,) float, or None.
        copies: (n,) codes of rows that equal each other and stay on one side of a cut drawn by chance, -1 for a
            row without a copy; or None.
        classes: names of the classes, for messages.
        strata_names: names of the strata codes, for messages.
    """

    n: int
    task: str
    y: np.ndarray | None = None
    strata: np.ndarray | None = None
    group: np.ndarray | None = None
    time: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    strata_names: tuple[str, ...] = ()
    copies: np.ndarray | None = None

    def take(self, positions: np.ndarray) -> Rows:
        """The rows at these positions."""

        def part(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[positions]

        return Rows(
            n=len(positions),
            task=self.task,
            y=part(self.y),
            strata=part(self.strata),
            group=part(self.group),
            time=part(self.time),
            classes=self.classes,
            strata_names=self.strata_names,
            copies=part(self.copies),
        )

    def class_name(self, code: int) -> str:
        """The name of a class in a message."""
        return repr(self.classes[code]) if 0 <= code < len(self.classes) else str(code)

    def stratum_name(self, code: int) -> str:
        """The name of a stratum in a message."""
        return repr(self.strata_names[code]) if 0 <= code < len(self.strata_names) else str(code)
