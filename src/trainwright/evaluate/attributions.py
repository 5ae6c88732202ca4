"""What the columns pushed on average, and how a push depends on the value (Lundberg et al. 2020, figures 3 and 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.data.columns import MISSING, Columns
from trainwright.evaluate.intervals import json_number

SHOWN = 6  # columns whose dependence is drawn
MOST_LEVELS = 15
MOST_POINTS = 400


@dataclass(frozen=True)
class Account:
    """What each column pushed, for n out-of-fold rows.

    Args:
        at: (n,) positions of the rows.
        names: p columns.
        values: (n, p) on the log-odds of a class, or in units of the number.
        towards: (n,) position of the class; -1 for a number.
        note: what the reader must know; "" when nothing.
    """

    at: np.ndarray
    names: tuple[str, ...]
    values: np.ndarray
    towards: np.ndarray
    note: str = ""


def summary(account: Account, columns: Columns, booleans: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The account as the report shows it.

    Args:
        account: of n rows.
        columns: the same n rows.
        booleans: number columns that hold true and false.

    Returns:
        {"n_rows", "features": [{"feature", "mean_abs", "low", "high"}], the strongest first, "dependence": [...],
        "note"}.
    """
    size = np.abs(account.values)
    mean, n = size.mean(axis=0), len(size)
    reach = 1.96 * size.std(axis=0) / np.sqrt(max(n, 1))
    order = np.argsort(-mean, kind="stable")
    features = [
        {
            "feature": account.names[j],
            "mean_abs": json_number(mean[j]),
            "low": json_number(max(mean[j] - reach[j], 0.0)),
            "high": json_number(mean[j] + reach[j]),
        }
        for j in order.tolist()
    ]
    strongest = [j for j in order[:SHOWN].tolist() if mean[j] > 0]
    drawn = [_dependence(account.names[j], account.values[:, j], columns, booleans) for j in strongest]
    return {
        "n_rows": n,
        "features": features,
        "dependence": [one for one in drawn if one is not None],
        "note": account.note,
    }


def _dependence(name: str, push: np.ndarray, columns: Columns, booleans: frozenset[str]) -> dict[str, Any] | None:
    """Value against push: points for a number or a moment, spans for categories; None for a text."""
    layout = columns.layout
    if name in layout.categories:
        j = layout.categories.index(name)
        codes = columns.codes[:, j]
        words = {code: layout.vocabulary[j][code] for code in np.unique(codes[codes >= 0]).tolist()}
        return _levels(name, codes, push, {**words, MISSING: None})
    if name in booleans:
        numbers = columns.numbers[:, layout.numbers.index(name)]
        codes = np.where(np.isnan(numbers), MISSING, numbers).astype(np.int64)
        return _levels(name, codes, push, {0: "false", 1: "true", MISSING: None})
    if name in layout.numbers:
        values, kind = columns.numbers[:, layout.numbers.index(name)].astype(np.float64), "number"
    elif name in layout.times:
        values, kind = columns.times[:, layout.times.index(name)], "time"
    else:
        return None
    known = np.flatnonzero(np.isfinite(values))
    shown = known[:: max(1, -(-len(known) // MOST_POINTS))]
    missing = push[~np.isfinite(values)]
    return {
        "feature": name,
        "kind": kind,
        "x": [float(f"{value:.6g}") if kind == "number" else float(value) for value in values[shown].tolist()],
        "push": [json_number(value) for value in push[shown].tolist()],
        "missing": None if not len(missing) else {"push": float(missing.mean()), "n": len(missing)},
    }


def _levels(name: str, codes: np.ndarray, push: np.ndarray, words: dict[int, str | None]) -> dict[str, Any]:
    """For each of the most frequent values its mean push and the span of nine rows in ten."""
    found, counts = np.unique(codes, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rows: list[dict[str, Any]] = []
    for level in [code for code in found[order].tolist() if code in words][:MOST_LEVELS]:
        own = push[codes == level]
        low, high = np.quantile(own, [0.05, 0.95])
        one = {"value": words[level], "push": float(own.mean()), "low": float(low), "high": float(high), "n": len(own)}
        rows.append(one)
    rows.sort(key=lambda row: -row["push"])
    return {"feature": name, "kind": "category", "values": rows}
