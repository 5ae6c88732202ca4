"""A small table for the tests of networks: numbers, a category of few levels, one of many, and rows to judge by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from trainwright.data.columns import Columns, Dataset, Layout
from trainwright.data.schema import Target

LABELS = {"two": ("no", "yes"), "three": ("high", "low", "mid")}
LAYOUT = Layout(("a", "b"), ("kind", "town"), (), (), (("u", "v", "w"), tuple(f"t{i:02d}" for i in range(30))))


def target_of(task: str) -> Target:
    return Target("y", "number") if task == "number" else Target("y", "classes", LABELS[task])


def rows(n: int, task: str, seed: int = 0) -> Dataset:
    """Rows in which a, b, the kind and the town each say something."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(n, 2))
    codes = np.stack([rng.integers(0, 3, n), rng.integers(0, 30, n)], axis=1).astype(np.int32)
    pull = np.random.default_rng(99).normal(size=30)
    signal = 2 * numbers[:, 0] + numbers[:, 1] + (codes[:, 0] == 0) + pull[codes[:, 1]] + 0.2 * rng.normal(size=n)
    y = 50 + 10 * signal if task == "number" else np.digitize(signal, [0.3] if task == "two" else [-0.7, 1.3])
    texts = np.empty((n, 0), dtype=object)
    X = Columns(numbers, codes, np.empty((n, 0)), texts, LAYOUT)
    return Dataset(X, y if task == "number" else y.astype(np.int64), np.arange(n))


def fitted(family: Any, task: str, settings: dict[str, Any], n: int = 240, **more: Any) -> Any:
    """A network fitted on the first rows, with the next ones to choose its best epoch."""
    data = rows(n + 60, task)
    learn, held = data.take(np.arange(n)), data.take(np.arange(n, n + 60))
    model = family(target_of(task), settings)
    model.checkpoints = more.pop("checkpoints", None)
    return model.fit(learn.columns, learn.y, validation=held, seed=5, **more)


def files(model: Any, folder: Path) -> dict[str, bytes]:
    folder.mkdir(parents=True)
    model.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}
