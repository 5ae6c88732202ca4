"""What the columns of a table are: their kind, their role, and why we think so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What the values of a column are."""

    NUMBER = "number"
    CATEGORY = "category"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    TEXT = "text"
    IDENTIFIER = "identifier"
    CONSTANT = "constant"


class Role(StrEnum):
    """What a column is for. Only a `FEATURE` is ever shown to a model."""

    FEATURE = "feature"
    TARGET = "target"
    ID = "id"
    GROUP = "group"
    TIME = "time"
    CLUSTER = "cluster"
    WEIGHT = "weight"
    SPLIT = "split"
    IGNORED = "ignored"


@dataclass(frozen=True)
class Column:
    """One column of a dataset version.

    Args:
        name: the column's name in the file.
        kind: what its values are.
        role: what it is for.
        reason: why it got this kind and role, in words for the user.
        missing: number of missing values in the whole dataset version.
        distinct: number of different values that are not missing.
        format: how to read values again in a later file, where the values alone do not say it ("day-first",
            "decimal=,"); empty when nothing is needed.
        marks: the user's own spellings of a missing value, such as "-999", applied in later files too.
    """

    name: str
    kind: Kind
    role: Role = Role.FEATURE
    reason: str = ""
    missing: int = 0
    distinct: int = 0
    format: str = ""
    marks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The column as plain data."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "role": self.role.value,
            "reason": self.reason,
            "missing": self.missing,
            "distinct": self.distinct,
            "format": self.format,
            "marks": list(self.marks),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Column:
        """The column from `to_json`'s plain data."""
        known = {
            "kind": Kind(data["kind"]),
            "role": Role(data["role"]),
            "marks": tuple(data.get("marks", ())),
        }
        return cls(**{**data, **known})


@dataclass(frozen=True)
class Schema:
    """The columns of a dataset version, in the order of the file."""

    columns: tuple[Column, ...]

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns a model may use."""
        return tuple(column for column in self.columns if column.role is Role.FEATURE)

    def with_role(self, role: Role) -> str | None:
        """The name of the one column with this role, or None."""
        return next((column.name for column in self.columns if column.role is role), None)

    def replace(self, name: str, **changes: Any) -> Schema:
        """The same schema with one column changed."""
        return Schema(tuple(replace(c, **changes) if c.name == name else c for c in self.columns))

    def to_json(self) -> list[dict[str, Any]]:
        return [column.to_json() for column in self.columns]

    @classmethod
    def from_json(cls, data: list[dict[str, Any]]) -> Schema:
        return cls(tuple(Column.from_json(item) for item in data))


@dataclass(frozen=True)
class Target:
    """What is predicted.

    Args:
        column: the name of the target column.
        task: "classes" or "number".
        classes: for "classes", the labels in their own spelling, sorted (numerically when all are numbers).
        positive: for two classes, the one that probabilities, thresholds and ranking are about.
        numeric_labels: "int", "float" or "bool" when the labels in the file are not text, so that predictions
            are written back in the labels' own type.
    """

    column: str
    task: str
    classes: tuple[str, ...] = ()
    positive: str | None = None
    numeric_labels: str | None = None

    @property
    def n_outputs(self) -> int:
        """Width of a prediction: the number of classes, or 1 for a number."""
        return len(self.classes) if self.task == "classes" else 1

    @property
    def positive_index(self) -> int:
        """The column of the positive class in a (n, 2) prediction."""
        return self.classes.index(self.positive) if self.positive is not None else 1

    def to_json(self) -> dict[str, Any]:
        return {
            "column": self.column,
            "task": self.task,
            "classes": list(self.classes),
            "positive": self.positive,
            "numeric_labels": self.numeric_labels,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Target:
        return cls(**{**data, "classes": tuple(data["classes"])})
