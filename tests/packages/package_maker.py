"""Small packages for the tests of this folder: real families on a table of sixty rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.columns import Columns, Layout
from trainwright.data.schema import Column, Kind, Role, Schema, Target
from trainwright.models.families import families
from trainwright.packages.manifest import Manifest
from trainwright.packages.reference import reference_values
from trainwright.packages.write import Member, write_package

SCHEMA = Schema(
    (
        Column("id", Kind.IDENTIFIER, Role.IGNORED),
        Column("age", Kind.NUMBER),
        Column("hours", Kind.NUMBER),
        Column("member", Kind.BOOLEAN),
        Column("job", Kind.CATEGORY),
        Column("city", Kind.CATEGORY),
        Column("since", Kind.DATETIME),
        Column("remark", Kind.TEXT),
        Column("income", Kind.CATEGORY, Role.TARGET),
    )
)
TWO = Target("income", "classes", ("<=50K", ">50K"), positive=">50K")
THREE = Target("income", "classes", ("high", "low", "mid"))
NUMBER = Target("income", "number")


def table(n: int = 60, seed: int = 0) -> pl.DataFrame:
    """n rows with the columns of `SCHEMA` but the target; the first rows hold missing values."""
    rng = np.random.default_rng(seed)
    words = ["left early", "asked for more time", "came back with the whole family"]
    frame = pl.DataFrame(
        {
            "id": [f"row-{i}" for i in range(n)],
            "age": rng.integers(18, 80, n).astype(float),
            "hours": rng.normal(40, 10, n).round(2),
            "member": rng.random(n) < 0.5,
            "job": rng.choice(["clerk", "nurse", "smith"], n),
            "city": rng.choice(["Bonn", "Köln", "Ulm", "=SUM(A1)"], n),
            "since": np.datetime64("2019-01-01T00:00:00", "us") + rng.integers(0, 10**9, n) * 100_000,
            "remark": rng.choice(words, n),
        }
    )
    return frame.with_columns(
        pl.when(pl.int_range(n) % 11 == 3).then(None).otherwise(pl.col(name)).alias(name) for name in frame.columns[1:]
    )


def outcome(frame: pl.DataFrame, target: Target) -> np.ndarray:
    """(n,) class positions or numbers that depend on age and job."""
    score = frame["age"].fill_null(40).to_numpy() / 20 + (frame["job"] == "nurse").fill_null(False).to_numpy() * 2.0
    if target.task == "number":
        return score
    return cut(score, target)


def cut(score: np.ndarray, target: Target) -> np.ndarray:
    """(n,) class positions, each class with as many of the (n,) scores."""
    cuts = np.quantile(score, np.linspace(0, 1, len(target.classes) + 1)[1:-1])
    return np.searchsorted(cuts, score).astype(np.int64)


def trained(
    columns: Columns,
    y: np.ndarray,
    target: Target,
    names: Sequence[str],
    settings: Callable[[str], Mapping[str, Any]],
) -> list[Member]:
    """Members of the named families, each trained on other rows and with a weight of its own."""
    members = []
    for fold, name in enumerate(names):
        rows = np.flatnonzero(np.arange(len(y)) % (len(names) + 1) != fold)
        estimator = families()[name].load()(target, dict(settings(name)))
        estimator.fit(columns.take(rows), y[rows], seed=fold)
        members.append(Member(f"{name} {fold}", name, fold, 1.0 + fold, estimator))
    return members


def make(
    folder: Path,
    target: Target = TWO,
    names: tuple[str, ...] = ("linear", "linear"),
    settings: dict[str, Any] | None = None,
    marks: tuple[str, ...] = (),
    **more: Any,
) -> Manifest:
    """Trains the named families, each on other rows, and writes the package."""
    frame = table()
    layout = Layout.learn(frame, SCHEMA)
    columns, y = layout.encode(frame), outcome(frame, target)
    members = trained(columns, y, target, names, lambda name: settings or {})
    folder.mkdir(parents=True, exist_ok=True)
    values = {"data_version": "d" * 64, "split": {"kind": "random"}, "metrics": {}, **more}
    return write_package(
        folder,
        target=target,
        schema=Schema(tuple(replace(column, marks=marks) for column in SCHEMA.columns)),
        layout=layout,
        members=members,
        reference=reference_values(columns),
        **values,
    )
