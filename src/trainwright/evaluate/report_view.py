"""What the report says, section by section: plain values ready for the template, computed from the documents.

Every function takes the result document (or an evaluation document) and returns an empty value when the data for its
section is absent; the template then leaves the section out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.evaluate.figures_training import is_baseline
from trainwright.evaluate.text import (
    Explanation,
    chosen,
    comparison_rows,
    count,
    duration,
    estimate,
    explain,
    interval,
    level_text,
    number,
    percent,
    plural,
    score,
    sealed_level,
)

Result = Mapping[str, Any]
GRID_CLASSES = 12  # up to here the confusion matrix is a table one can read and click
PAIRS = 20
SEVERITIES = ("error", "warning", "note")


def tiles(result: Result) -> list[dict[str, str]]:
    """The few figures at the top: the metric on the sealed test and in validation, the best baseline, the rows."""
    metric = str(result.get("metric") or "")
    out = []
    for part, title in (("test", "Sealed test"), ("validation", "Validation")):
        figure = (result.get(part) or {}).get(metric)
        if estimate(figure)[0] is not None:
            level = level_text(sealed_level(result) if part == "test" else 0.95)
            spread = interval(metric, figure)
            note = f"{level} interval {spread}" if spread else ""
            out.append({"title": f"{title} {explain(metric).title}", "value": score(metric, figure), "note": note})
    best = best_baseline(result)
    if best is not None:
        value = score(metric, best["metrics"][metric])
        out.append({"title": "Best baseline", "value": value, "note": str(best.get("name", ""))})
    rows = result.get("n_rows") or {}
    total = sum(value for value in rows.values() if isinstance(value, int))
    if rows.get("test") and rows.get("train"):
        note = f"{count(rows['test'])} of them sealed as test"
        out.append({"title": "Labelled rows", "value": count(total), "note": note})
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

    def at(value: float) -> float:
        return round(100 * (value - low) / span, 2)

    return [
        {
            "name": name,
            "kind": kind,
            "value": score(metric, figure),
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
    metrics = {**((result.get("validation") or {})), **(result.get("test") or {}), **(document.get("metrics") or {})}
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


def decision(result: Result) -> list[tuple[str, str]]:
    """What was decided and for whom, as the user described it."""
    problem = result.get("problem") or result.get("decision") or {}
    if isinstance(problem, str):
        return [("Decision supported", problem)]
    names = {
        "decision": "Decision supported",
        "for": "For",
        "users": "For",
        "audience": "For",
        "owner": "Owner",
        "costs": "What mistakes cost",
        "present_process": "How it is decided today",
        "description": "Background",
        "comments": "Comments",
    }
    return [
        (names.get(key, key.replace("_", " ").capitalize()), _plain(value))
        for key, value in problem.items()
        if value not in (None, "", [], {})
    ]


def findings(result: Result) -> list[dict[str, Any]]:
    """Findings, the most serious first."""
    rows = [dict(row) for row in result.get("findings") or [] if isinstance(row, Mapping)]
    rank = {name: at for at, name in enumerate(SEVERITIES)}
    return sorted(rows, key=lambda row: rank.get(str(row.get("severity")), len(SEVERITIES)))


def sentences(value: Any) -> list[str]:
    """Notes or reasons, given as text, as a list, or as `{"message": ...}`."""
    if not value:
        return []
    items = [value] if isinstance(value, str | Mapping) else value
    return [
        str(item.get("message") or item.get("text") or item.get("reason") or "") if isinstance(item, Mapping) else str(item)
        for item in items
    ]


def leaderboard(result: Result) -> list[dict[str, Any]]:
    """The rows of the leaderboard as printed."""
    metric = str(result.get("metric") or "")
    verdicts = {str(row.get("name", row.get("candidate"))): row.get("verdict") for row in comparison_rows(result)}
    words = {
        "better": "beats the baselines",
        "worse": "worse",
        "not distinguishable": "not distinguishable",
    }
    out = []
    for row in result.get("leaderboard") or []:
        figure, name = (row.get("metrics") or {}).get(metric), str(row.get("name", ""))
        said = str(row.get("verdict") or verdicts.get(name) or "")
        spread = estimate(row.get("std"))[0]
        out.append(
            {
                "name": name,
                "family": row.get("family", ""),
                "chosen": name == chosen(result),
                "baseline": is_baseline(row),
                "value": score(metric, figure),
                "interval": interval(metric, figure),
                "std": "" if spread is None else score(metric, {"value": spread}),
                "verdict": "baseline" if is_baseline(row) and not said else words.get(said, said),
                "tone": {"better": "good", "worse": "bad"}.get(said, ""),
                "fit": _optional(duration, row.get("fit_s")),
                "predict": _optional(_milliseconds, row.get("predict_ms_per_row")),
                "size": _optional(_megabytes, row.get("size_mb")),
            }
        )
    return out


def choice(result: Result) -> list[str]:
    """Why this model: the reasons given, and the simplest one within a standard error."""
    selected, comparison = result.get("selected"), result.get("comparison")
    out = sentences(selected.get("reason") or selected.get("reasons")) if isinstance(selected, Mapping) else []
    if isinstance(comparison, Mapping):
        out += sentences(comparison.get("reason") or comparison.get("text"))
        simplest = comparison.get("simplest") or comparison.get("simplest_within_one_standard_error")
        name = simplest.get("name") if isinstance(simplest, Mapping) else simplest
        if name and name == chosen(result):
            out.append(f"{name} is itself the simplest model within one standard error of the best.")
        elif name:
            out.append(f"The simplest model within one standard error of the best is {name}.")
    return out


def metrics(result: Result, evaluations: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every metric once: its explanation and its figure in validation and on the sealed test."""
    parts = {
        part: {**(result.get(part) or {}), **((evaluations.get(part) or {}).get("metrics") or {})}
        for part in ("validation", "test")
    }
    first = str(result.get("metric") or "")
    names = sorted(dict.fromkeys([*parts["validation"], *parts["test"]]), key=lambda name: name != first)
    out = []
    for name in names:
        about: Explanation = explain(name)
        row: dict[str, Any] = {"name": name, "title": about.title, "text": about.text, "scale": about.scale}
        for part, figures in parts.items():
            figure = figures.get(name)
            if estimate(figure)[0] is not None:
                method = figure.get("method") if isinstance(figure, Mapping) else None
                row[part] = {"value": score(name, figure), "interval": interval(name, figure), "method": method}
        if "validation" in row or "test" in row:
            out.append(row)
    return out


def ledger(result: Result) -> str:
    """How often the test part has been opened, and what that does to its interval."""
    book = result.get("ledger")
    if not isinstance(book, Mapping):
        return ""
    k = book.get("k", book.get("opening", book.get("number")))
    if not isinstance(k, int):
        return ""
    level = level_text(float(book.get("level") or 1 - 0.05 / k))
    if k == 1:
        return f"This is opening number 1 of this project's test part; its intervals are at level {level}."
    return (
        f"This is opening number {k} of this project's test part. Repeated looks make lucky figures likelier, "
        f"so its intervals are at level {level} instead of 95 %."
    )


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
    """What the browser needs to show the rows behind a cell: row numbers by cell, and the rows' values if held."""
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


def diagnosis(result: Result) -> list[dict[str, Any]]:
    """The diagnosis: title, text, advice; one or several."""
    given = result.get("diagnosis")
    if isinstance(given, str):
        return [{"title": given.replace("_", " ").capitalize(), "text": "", "advice": []}]
    items = [given] if isinstance(given, Mapping) else given or []
    return [
        {
            "title": str(item.get("title") or item.get("code") or ""),
            "text": str(item.get("text") or ""),
            "advice": sentences(item.get("advice")),
            "tone": "good" if item.get("code") in ("good", "ok") else "caution",
        }
        for item in items
        if isinstance(item, Mapping)
    ]


def gap(result: Result) -> list[tuple[str, str]]:
    """The generalisation gap: training, validation and their difference."""
    data, metric = result.get("gap"), str(result.get("metric") or "")
    if not isinstance(data, Mapping):
        return []
    names = {"training": "On rows it learned from", "train": "On rows it learned from", "validation": "On rows it had not seen"}
    names |= {"gap": "Difference", "difference": "Difference", "test": "On the sealed test"}
    return [(title, score(metric, data[key])) for key, title in names.items() if estimate(data.get(key))[0] is not None]


def trials(result: Result) -> list[dict[str, Any]]:
    """The trials of the plan, in the order they were run."""
    plan = result.get("plan")
    rows = plan.get("trials", []) if isinstance(plan, Mapping) else plan or []
    return [
        {
            "name": str(row.get("name", "")),
            "family": str(row.get("family", "")),
            "folds": _plain(row.get("folds", row.get("fold", ""))),
            "iterations": _plain(row.get("iterations") or ""),
            "seconds": _optional(duration, row.get("seconds", row.get("fit_s"))),
            "state": str(row.get("state", row.get("reason", ""))),
        }
        for row in rows
        if isinstance(row, Mapping)
    ]


def budget(result: Result) -> dict[str, Any]:
    """The time allowed, where it went, and what was shortened to keep to it."""
    data = result.get("budget") if isinstance(result.get("budget"), Mapping) else {}
    plan = result.get("plan") if isinstance(result.get("plan"), Mapping) else {}
    limit = data.get("limit_s", data.get("limit", data.get("time_limit")))  # type: ignore[union-attr]
    spent = data.get("spent") or data.get("stages") or {}  # type: ignore[union-attr]
    shortened = data.get("shortened") or plan.get("shortened")  # type: ignore[union-attr]
    wall = estimate(result.get("wall_s"))[0]
    if limit is None and wall is None and not shortened:
        return {}
    stages = [(str(name).replace("_", " "), estimate(value)[0] or 0.0) for name, value in spent.items()]
    total = sum(seconds for _, seconds in stages) or 1.0
    return {
        "limit": _optional(duration, limit),
        "wall": _optional(duration, wall),
        "stages": [(name, duration(seconds), round(100 * seconds / total, 1)) for name, seconds in stages],
        "shortened": sentences(shortened),
    }


def record(result: Result) -> list[tuple[str, str]]:
    """What one needs to make the same model again."""
    package = result.get("package") or {}
    split = result.get("split") if isinstance(result.get("split"), Mapping) else {}
    known = [
        ("Project and version", " ".join(str(result[k]) for k in ("project", "version") if result.get(k))),
        ("Run", result.get("run")),
        ("Data version (SHA-256)", result.get("data_version")),
        ("Split rule", split.get("rule")),  # type: ignore[union-attr]
        ("Seed", result.get("seed")),
        ("Threads", result.get("threads")),
        ("Package", package.get("path")),
        ("Package size", _optional(_megabytes, package.get("size_mb"))),
        ("Package SHA-256", package.get("sha256") or package.get("sha")),
        ("Versions", result.get("versions") or result.get("libraries")),
        ("Hardware", result.get("hardware")),
        ("Written", result.get("written") or result.get("created")),
    ]
    return [(name, _plain(value)) for name, value in known if value not in (None, "", {}, [])]


def left_out(result: Result) -> list[str]:
    """Rows that are in no part, with the reason."""
    split = result.get("split")
    given = split.get("left_out") if isinstance(split, Mapping) else None
    if isinstance(given, Mapping):
        return [f"{plural(n, 'row')} left out: {why}" for why, n in given.items() if isinstance(n, int) and n]
    return [f"{plural(given, 'row')} left out"] if isinstance(given, int) and given else sentences(given)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{str(k).replace('_', ' ')} {_plain(v)}" for k, v in value.items() if v not in (None, "", [], {}))
    if isinstance(value, list | tuple):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, float) and not value.is_integer() else str(value)


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _optional(style: Any, value: Any) -> str:
    return style(value) if estimate(value)[0] is not None else ""


def _milliseconds(value: float) -> str:
    return duration(value / 1000) if value >= 0.1 else f"{number(value * 1000)}\u00a0µs"


def _megabytes(value: float) -> str:
    return f"{number(value)}\u00a0MB"
