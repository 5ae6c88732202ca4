"""What the report says about figures: tiles, leaderboard, metrics, confusion, classes; plain values for the
template.

Every function takes the result document (or an evaluation document) and returns an empty value when the
data for its section is absent; the template then leaves the section out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.evaluate.ensemble_words import gain_words
from trainwright.evaluate.figures_training import spread
from trainwright.evaluate.lookup import mapping_at
from trainwright.evaluate.report_words import megabytes, optional
from trainwright.evaluate.text import (
    Explanation,
    chosen,
    common_width,
    comparison_rows,
    count,
    duration,
    estimate,
    explain,
    interval,
    is_baseline,
    level_text,
    number,
    percent,
    rows_of,
    score,
    sealed_level,
)

Result = Mapping[str, Any]
GRID_CLASSES = 12  # up to here the confusion matrix is a table one can read and click
PAIRS = 20


def tiles(result: Result) -> list[dict[str, str]]:
    """The few figures at the top: the metric on the sealed test and in validation, the best baseline, the
    rows."""
    metric = str(result.get("metric") or "")
    best = best_baseline(result)
    figures = [(result.get(part) or {}).get(metric) for part in ("test", "validation")]
    # the test's interval is the widest: its decimals do for all three
    width = common_width(figures[:1]) or common_width(figures)
    out = []
    for part, title in (("test", "Sealed test"), ("validation", "Validation")):
        figure = (result.get(part) or {}).get(metric)
        if estimate(figure)[0] is not None:
            level = level_text(sealed_level(result) if part == "test" else 0.95)
            spread = interval(metric, figure, width)
            note = f"{level} interval {spread}" if spread else ""
            value = score(metric, figure, width)
            out.append({"title": f"{title} {explain(metric).title}", "value": value, "note": note})
    if best is not None:
        value = score(metric, best["metrics"][metric], width)
        out.append({"title": "Best baseline", "value": value, "note": str(best.get("name", ""))})
    sealed, learned = rows_of(result, "test"), (result.get("n_rows") or {}).get("train")
    if learned:
        held = mapping_at(result, "split", "sizes").get("development") or learned + (rows_of(result, "validation") or 0)
        note = f"{count(sealed)} of them sealed as test" if sealed else "none sealed as test"
        out.append({"title": "Labelled rows", "value": count(held + (sealed or 0)), "note": note})
    return out


def strip(result: Result) -> list[dict[str, Any]]:
    """Test, validation and best baseline on one common scale: positions in percent of its width."""
    metric = str(result.get("metric") or "")
    candidates = [
        ("Sealed test", (result.get("test") or {}).get(metric), "test"),
        ("Validation", (result.get("validation") or {}).get(metric), "validation"),
    ]
    best = best_baseline(result)
    if best is not None:
        candidates.append((f"Best baseline: {best.get('name', '')}", best["metrics"][metric], "baseline"))
    found = [(name, figure, kind, estimate(figure)) for name, figure, kind in candidates]
    found = [item for item in found if item[3][0] is not None]
    if len(found) < 2:
        return []
    ends = [end for _, _, _, figure in found for end in figure if end is not None]
    low, high = min(ends), max(ends)
    pad = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
    low, span = low - pad, (high - low) + 2 * pad
    width = common_width([figure for _, figure, kind, _ in found if kind == "test"] or [f for _, f, _, _ in found])

    def at(value: float) -> float:
        return round(100 * (value - low) / span, 2)

    return [
        {
            "name": name,
            "kind": kind,
            "value": score(metric, figure, width),
            "dot": at(value or 0.0),
            "left": at(lower if lower is not None else value or 0.0),
            "width": round(at(upper or 0.0) - at(lower), 2) if lower is not None and upper is not None else 0,
        }
        for name, figure, kind, (value, lower, upper) in found
    ]


def best_baseline(result: Result) -> Mapping[str, Any] | None:
    """The leaderboard row of the best simple model, other than the chosen one."""
    metric = str(result.get("metric") or "")
    rows = [
        row
        for row in result.get("leaderboard") or []
        if is_baseline(row)
        and row.get("name") != chosen(result)
        and estimate((row.get("metrics") or {}).get(metric))[0] is not None
    ]
    better = max if explain(metric).greater_is_better else min
    return better(rows, key=lambda row: estimate(row["metrics"][metric])[0] or 0.0) if rows else None


def practice(result: Result, evaluations: Mapping[str, Any]) -> list[str]:
    """What the figures mean for one who acts on the predictions, as sentences with frequencies."""
    document = evaluations.get("test") or evaluations.get("validation") or {}
    metrics = {
        **(result.get("validation") or {}),
        **(result.get("test") or {}),
        **(document.get("metrics") or {}),
    }
    target = result.get("target") or {}
    out = []
    positive = target.get("positive")
    right, found = estimate(metrics.get("precision"))[0], estimate(metrics.get("recall"))[0]
    if positive and right is not None and found is not None:
        out.append(
            f"Of 100 rows it flags as {positive}, about {count(right * 100)} really are; "
            f"of 100 that really are, it finds about {count(found * 100)}."
        )
    accuracy = estimate(metrics.get("accuracy"))[0]
    if not positive and accuracy is not None:
        out.append(f"Of 100 rows, about {count(accuracy * 100)} get the right class.")
    half, typical = estimate(metrics.get("median_absolute_error"))[0], estimate(metrics.get("mae"))[0]
    if half is not None:
        out.append(f"Half of the predictions are within {number(half)} of the truth.")
    elif typical is not None:
        out.append(f"On average a prediction is {number(typical)} away from the truth.")
    return out


def leaderboard(result: Result) -> list[dict[str, Any]]:
    """The rows of the leaderboard as printed."""
    metric = str(result.get("metric") or "")
    verdicts = {str(row.get("name", row.get("candidate"))): row.get("verdict") for row in comparison_rows(result)}
    deviations = [spread(row, metric) for row in result.get("leaderboard") or []]
    words = {
        "better": "better than all",
        "worse": "worse",
        "not distinguishable": "not distinguishable",
    }
    width = common_width((row.get("metrics") or {}).get(metric) for row in result.get("leaderboard") or [])
    width = width or min((2 * deviation for deviation in deviations if deviation), default=None)
    out = []
    for row in result.get("leaderboard") or []:
        figure, name = (row.get("metrics") or {}).get(metric), str(row.get("name", ""))
        said = str(row.get("verdict") or verdicts.get(name) or "")
        deviation = spread(row, metric)
        out.append(
            {
                "name": name,
                "family": row.get("family", ""),
                "chosen": name == chosen(result),
                "baseline": is_baseline(row),
                "value": score(metric, figure, width),
                "interval": interval(metric, figure, width),
                "std": "" if deviation is None else score(metric, deviation, width),
                "verdict": "baseline" if is_baseline(row) and not said else words.get(said, said),
                "says": str(row.get("verdict_text") or ""),
                "tone": {"better": "good", "worse": "bad"}.get(said, ""),
                "fit": optional(duration, row.get("fit_s")),
                "predict": optional(_milliseconds, row.get("row_ms", row.get("predict_ms_per_row"))),
                "size": optional(megabytes, row.get("size_mb")),
                "gain": gain_words(row.get("gain")),
            }
        )
    return out


def metrics(result: Result, evaluations: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every metric once: its explanation and its figure in validation and on the sealed test."""
    held = {
        part: {**(result.get(part) or {}), **((evaluations.get(part) or {}).get("metrics") or {})}
        for part in ("validation", "test")
    }
    first = str(result.get("metric") or "")
    names = sorted(dict.fromkeys([*held["validation"], *held["test"]]), key=lambda name: name != first)
    out = []
    for name in names:
        about: Explanation = explain(name)
        width = common_width(figures.get(name) for figures in held.values())
        row: dict[str, Any] = {"name": name, "title": about.title, "text": about.text, "scale": about.scale}
        for part, figures in held.items():
            figure = figures.get(name)
            if estimate(figure)[0] is not None:
                says = (figure.get("reason") or figure.get("note")) if isinstance(figure, Mapping) else None
                row[part] = {
                    "value": score(name, figure, width),
                    "interval": interval(name, figure, width),
                    "says": says,
                }
        if "validation" in row or "test" in row:
            out.append(row)
    return out


def confusion(document: Mapping[str, Any]) -> dict[str, Any]:
    """The confusion matrix as a grid (few classes) and its most frequent mistakes, each naming its cell."""
    data = document.get("confusion") or {}
    matrix, names = data.get("matrix"), [str(name) for name in data.get("classes") or []]
    if not matrix:
        return {}
    examples = data.get("examples") or {}
    totals = [sum(row) for row in matrix]
    cells = [
        [
            {
                "key": f"{i},{j}",
                "count": count(cell),
                "share": round(cell / totals[i], 3) if totals[i] else 0.0,
                "percent": percent(cell / totals[i]) if totals[i] else "–",
                "right": i == j,
                "open": bool(examples.get(f"{i},{j}")),
                "actual": names[i],
                "predicted": names[j],
                "n": cell,
            }
            for j, cell in enumerate(row)
        ]
        for i, row in enumerate(matrix)
    ]
    wrong = sorted((c for row in cells for c in row if not c["right"] and c["n"]), key=lambda c: -c["n"])
    return {
        "names": names,
        "rows": cells if len(names) <= GRID_CLASSES else [],
        "totals": [count(total) for total in totals],
        "pairs": wrong[:PAIRS] if len(names) > 2 else [],
        "n_pairs": len(wrong),
        "examples": any(c["open"] for row in cells for c in row),
    }


def examples(result: Result, document: Mapping[str, Any]) -> dict[str, Any]:
    """What the browser needs to show the rows behind a cell: row numbers by cell, and the rows' values if
    held."""
    data = document.get("confusion") or {}
    held = result.get("examples") or {}
    columns, rows = list(held.get("columns") or []), held.get("rows", held)
    values = {}
    for key, row in rows.items() if isinstance(rows, Mapping) else []:
        if isinstance(row, Mapping):
            columns = columns or list(row)
            values[str(key)] = [_cell(row.get(name)) for name in columns]
        elif isinstance(row, Sequence) and not isinstance(row, str) and columns:
            values[str(key)] = [_cell(value) for value in row]
    return {
        "classes": [str(name) for name in data.get("classes") or []],
        "matrix": data.get("matrix") or [],
        "cells": data.get("examples") or {},
        "columns": [str(name) for name in columns] if values else [],
        "rows": values,
    }


def per_class(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Precision, recall, F1 and support of each class, as printed."""
    rows = []
    for row in document.get("per_class") or []:
        out: dict[str, Any] = {"class": str(row.get("class", "")), "support": count(row.get("support") or 0)}
        for name in ("precision", "recall", "f1"):
            out[name] = {"value": score(name, row.get(name)), "interval": interval(name, row.get(name))}
        rows.append(out)
    return rows


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _milliseconds(value: float) -> str:
    return duration(value / 1000)
