"""A small table with every kind of column, and fitted families over it, for the contract suite."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.columns import MISSING, UNSEEN, Columns, Layout
from trainwright.data.schema import Column, Kind, Schema, Target
from trainwright.models.families import families
from trainwright.models.spec import Estimator, Spec

TARGETS = {
    "two": Target("y", "classes", ("no", "yes"), "yes"),
    "four": Target("y", "classes", ("a", "b", "c", "d")),
    "number": Target("y", "number"),
}
ROWS = 240


@cache
def table(task: str) -> tuple[Columns, np.ndarray]:
    """(features, y) of 240 rows in which numbers, categories, dates and words each say something about y."""
    rng = np.random.default_rng(7)
    size = rng.normal(size=ROWS)
    colour = rng.choice(["red", "green", "blue"], ROWS)
    town = np.array([f"town{k}" for k in rng.integers(0, 15, ROWS)])
    leaking = rng.random(ROWS) < 0.4
    day = rng.integers(0, 900, ROWS)
    signal = 1.5 * size + (colour == "red") * 1.0 + leaking * 1.2 + day / 900 + 0.3 * rng.normal(size=ROWS)
    frame = pl.DataFrame(
        {
            "size": [None if rng.random() < 0.1 else float(v) for v in size],
            "noise": rng.normal(size=ROWS),
            "flag": rng.random(ROWS) < 0.5,
            "colour": [None if rng.random() < 0.1 else str(v) for v in colour],
            "town": town.tolist(),
            "seen": [None if rng.random() < 0.05 else datetime(2020, 1, 1) + timedelta(days=int(d)) for d in day],
            "note": [f"the pump {'leaks badly' if bad else 'runs well'} today" for bad in leaking],
        }
    )
    kinds = [Kind.NUMBER, Kind.NUMBER, Kind.BOOLEAN, Kind.CATEGORY, Kind.CATEGORY, Kind.DATETIME, Kind.TEXT]
    schema = Schema(tuple(Column(name, kind) for name, kind in zip(frame.columns, kinds)))
    X = Layout.learn(frame, schema).encode(frame)
    if task == "number":
        return X, 100 + 10 * signal
    cuts = {"two": [1.2], "four": [0.2, 1.2, 2.2]}[task]
    return X, np.digitize(signal, cuts).astype(np.int64)


def strange_rows(X: Columns) -> Columns:
    """Rows with everything missing, everything unseen, and values far outside."""
    odd = X.take(np.arange(4))
    numbers, codes, times, texts = (block.copy() for block in (odd.numbers, odd.codes, odd.times, odd.texts))
    numbers[0], codes[0], times[0], texts[0] = np.nan, MISSING, np.nan, ""
    numbers[1], codes[1], times[1], texts[1] = 0.0, UNSEEN, 4e9, "zzz qqq"
    numbers[2], codes[2], times[2], texts[2] = 1e300, UNSEEN, -9e9, "\u6c34\u6f0f\u308c \U0001f527"
    numbers[3], texts[3] = -1e30, "word " * 300
    return Columns(numbers, codes, times, texts, X.layout)


# A network small enough for a test: it begins from nothing.
TINY: dict[str, Any] = {"base_model": "none", "width": 32, "vocabulary": 200, "learning_rate": 0.005, "batch_size": 32}


SMALL: dict[str, dict[str, Any]] = {
    "text_transformer": TINY,
    "neural_network": {"learning_rate": 0.01},
    "tabular_net": {"width": 32},
}


def quick(spec: Spec) -> dict[str, Any]:
    """Settings that keep a fit short."""
    return ({spec.iterations: 12} if spec.iterations else {}) | SMALL.get(spec.name, {})


def make(family: str, task: str) -> Estimator:
    """An unfitted estimator with quick settings."""
    spec = families()[family]
    return spec.load()(TARGETS[task], quick(spec))


@cache
def fitted(family: str, task: str) -> Estimator:
    """The family fitted on the first 200 rows, once for all tests."""
    X, y = table(task)
    rows = np.arange(200)
    return make(family, task).fit(X.take(rows), y[rows], seed=3)


def files_of(model: Estimator, folder: Path) -> dict[str, bytes]:
    """The bytes of every file that the model writes."""
    folder.mkdir(parents=True)
    model.save(folder)
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
