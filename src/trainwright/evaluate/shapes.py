"""The shapes of an additive model: what it adds for each value of a column, with the spread over its fold models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trainwright.data.columns import MISSING, Columns

# A fold model's terms: (columns) -> by column, or pair of columns, (n, outputs) what it adds.
Terms = Callable[[Columns], dict[tuple[str, ...], np.ndarray]]

POINTS = 41  # of a curve, at quantiles of the column
MOST_LEVELS = 20
SHOWN = 12  # curves told
PAIRS = 3  # pairs told
PAIR_POINTS = 12
WEIGHED_ROWS = 1_000
MOST_LINES = 4  # classes drawn when there are more than two


def shapes(
    models: Sequence[Terms], columns: Columns, outputs: Sequence[str], booleans: frozenset[str] = frozenset()
) -> list[dict[str, Any]]:
    """The strongest terms of fold models, the strongest first.

    Args:
        models: one per fold.
        columns: rows that say which values occur.
        outputs: names of what the terms add to: one, or one per class.
        booleans: number columns that hold true and false.

    Returns:
        For a column {"columns": [name], "kind": "number" | "time" | "category", "weight", "x", "lines": [{"name",
        "push", "low", "high"}], "missing": the same with one value, or None}; for a pair {"columns": [a, b], "kind":
        "pair", "weight", "x", "y", "push"}. `weight` is the mean size of what the term adds; `low` and `high` are the
        least and the most of the fold models.
    """
    n = len(columns)
    sample = columns.take(np.arange(0, n, max(1, n // WEIGHED_ROWS)))
    added = [model(sample) for model in models]
    names = sorted({name for one in added for name in one})
    weight = {
        name: float(np.mean([np.abs(one[name]).mean() if name in one else 0.0 for one in added])) for name in names
    }
    singles = sorted((name for name in names if len(name) == 1), key=lambda name: -weight[name])[:SHOWN]
    pairs = sorted((name for name in names if len(name) == 2), key=lambda name: -weight[name])[:PAIRS]
    told = [name for name in singles if name[0] not in columns.layout.texts and weight[name] > 0]
    grids = {name[0]: _grid(name[0], columns, booleans) for name in told}
    longest = max((len(grid["codes"]) for grid in grids.values()), default=0)
    rows = _stand_in(columns, {name: _padded(grid["codes"], longest) for name, grid in grids.items()}, longest)
    answers = [model(rows) for model in models]
    out = []
    for name in told:
        grid = grids[name[0]]
        size = len(grid["codes"])
        each = np.stack([one[name][:size] if name in one else np.zeros((size, len(outputs))) for one in answers])
        out.append(_told(name[0], grid, each, outputs, weight[name]))
    for a, b in pairs:
        if weight[(a, b)] > 0 and not {a, b} & set(columns.layout.texts):
            out.append(_pair(a, b, models, columns, booleans, weight[(a, b)]))
    return out


def _grid(name: str, columns: Columns, booleans: frozenset[str], points: int = POINTS) -> dict[str, Any]:
    """Values of a column at which it is drawn: as the models read them, and as people do; missing stands last."""
    layout = columns.layout
    if name in layout.categories:
        j = layout.categories.index(name)
        codes = columns.codes[:, j]
        counts = np.bincount(codes[codes >= 0], minlength=len(layout.vocabulary[j]))
        top = np.argsort(-counts, kind="stable")[: MOST_LEVELS if points == POINTS else points]
        top = top[counts[top] > 0]
        has_missing = bool((codes == MISSING).any())
        shown: list[Any] = [layout.vocabulary[j][level] for level in top.tolist()]
        return _made("category", [*top.tolist(), MISSING] if has_missing else top.tolist(), shown, has_missing)
    if name in layout.numbers:
        values = columns.numbers[:, layout.numbers.index(name)].astype(np.float64)
    else:
        values = columns.times[:, layout.times.index(name)]
    known = values[np.isfinite(values)]
    has_missing = len(known) < len(values)
    at = np.unique(np.quantile(known, np.linspace(0, 1, points), method="nearest")) if len(known) else known
    if name in booleans:
        kind, shown = "category", ["true" if value else "false" for value in at.tolist()]
    else:
        kind, shown = ("time" if name in layout.times else "number"), at.tolist()
    return _made(kind, [*at.tolist(), np.nan] if has_missing else at.tolist(), shown, has_missing)


def _made(kind: str, codes: list[Any], shown: list[Any], missing: bool) -> dict[str, Any]:
    return {"kind": kind, "codes": np.array(codes, dtype=np.float64), "shown": shown, "missing": missing}


def _padded(values: np.ndarray, length: int) -> np.ndarray:
    """The values, the last one repeated up to this length."""
    return np.concatenate([values, np.repeat(values[-1:], length - len(values))])


def _stand_in(columns: Columns, values: dict[str, np.ndarray], n: int) -> Columns:
    """n copies of the first row with these columns' values put in: terms of other columns do not see them."""
    layout = columns.layout
    rows = columns.take(np.zeros(n, dtype=np.int64))
    numbers, codes, times = rows.numbers.copy(), rows.codes.copy(), rows.times.copy()
    for name, given in values.items():
        if name in layout.categories:
            codes[:, layout.categories.index(name)] = given.astype(np.int32)
        elif name in layout.numbers:
            numbers[:, layout.numbers.index(name)] = given
        else:
            times[:, layout.times.index(name)] = given
    return replace(rows, numbers=numbers, codes=codes, times=times)


def _told(name: str, grid: dict[str, Any], each: np.ndarray, outputs: Sequence[str], weight: float) -> dict[str, Any]:
    """One column's term from (folds, points, outputs)."""
    heaviest = np.argsort(-np.abs(each).mean(axis=(0, 1)), kind="stable")[:MOST_LINES]
    lines, missing = [], []
    shown = len(grid["shown"])
    for c in sorted(heaviest.tolist()):
        mean, low, high = each[:, :, c].mean(axis=0), each[:, :, c].min(axis=0), each[:, :, c].max(axis=0)
        spans = {"push": mean, "low": low, "high": high}
        lines.append({"name": outputs[c], **{key: _rounded(value[:shown]) for key, value in spans.items()}})
        if grid["missing"]:
            missing.append({"name": outputs[c], **{key: float(value[-1]) for key, value in spans.items()}})
    told = {"columns": [name], "kind": grid["kind"], "weight": weight, "x": grid["shown"], "lines": lines}
    return {**told, "missing": missing or None}


def _pair(
    a: str, b: str, models: Sequence[Terms], columns: Columns, booleans: frozenset[str], weight: float
) -> dict[str, Any]:
    """Two columns' common term as a table, its mean over the fold models that have it or not."""
    one, two = (_grid(name, columns, booleans, PAIR_POINTS) for name in (a, b))
    across, down = one["codes"][: len(one["shown"])], two["codes"][: len(two["shown"])]
    values = {a: np.tile(across, len(down)), b: np.repeat(down, len(across))}
    rows = _stand_in(columns, values, len(across) * len(down))
    pushes = []
    for model in models:
        found = model(rows)
        push = found.get((a, b), found.get((b, a)))
        pushes.append(np.zeros(len(rows)) if push is None else push[:, 0])
    table = np.mean(pushes, axis=0).reshape(len(down), len(across))
    kinds = {"x_kind": one["kind"], "y_kind": two["kind"]}
    shown = {"x": one["shown"], "y": two["shown"], "push": [_rounded(row) for row in table]}
    return {"columns": [a, b], "kind": "pair", "weight": weight, **kinds, **shown}


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.6g}") for value in values.tolist()]
