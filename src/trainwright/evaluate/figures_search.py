"""Figures of a search: score against seconds of each trial with the Pareto front, and the best over the trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.figure_style import BLUE, GREY, ORANGE, Figure, envelope, label, line
from trainwright.evaluate.formats import count, plural, score
from trainwright.evaluate.glossary import explain

Result = Mapping[str, Any]


def trade_off(result: Result) -> Figure | None:
    """Score against seconds of fitting: every complete trial, the defaults marked, the front drawn."""
    search = result.get("search") or {}
    done = _done(search)
    if len(done) < 3:
        return None
    metric = str(search.get("metric") or "")
    about = explain(metric)
    best = (search.get("best") or {}).get("number")
    groups = (
        ("proposed", [row for row in done if row["settings"]], BLUE, "circle"),
        ("defaults", [row for row in done if not row["settings"]], ORANGE, "diamond"),
    )
    traces = [_points(name, rows, colour, symbol, metric) for name, rows, colour, symbol in groups if rows]
    by_number = {row["number"]: row for row in done}
    front = [by_number[n] for n in (search.get("pareto") or {}).get("fit_seconds", []) if n in by_number]
    if len(front) > 1:
        steps = line([r["fit_seconds"] for r in front], [r["score"] for r in front], "front", GREY, dash="dash")
        traces.insert(0, steps)
    better = "more is better" if about.greater_is_better else "less is better"
    layout = {
        "xaxis": {"type": "log", "title": {"text": "seconds of fitting, all folds"}},
        "yaxis": {"title": {"text": f"{about.title} ({better})"}},
    }
    best_score = score(metric, _score_of(by_number, best))
    alt = (
        f"{plural(len(done), 'complete trial')}. The best is trial {best} with {best_score}"
        f". On the dashed line lie the {count(len(front))} trials that no other beats in both score and time."
    )
    return envelope(
        "What better settings cost", f"mean over the folds, search {search.get('name')}", alt, traces, layout
    )


def best_so_far(result: Result) -> Figure | None:
    """The score of each trial in their order, and the best one up to there."""
    search = result.get("search") or {}
    done = _done(search)
    if len(done) < 3:
        return None
    metric, about = str(search.get("metric") or ""), explain(str(search.get("metric") or ""))
    pick = max if about.greater_is_better else min
    best: list[float] = []
    for row in done:
        best.append(pick(best[-1], row["score"]) if best else row["score"])
    numbers = [row["number"] for row in done]
    reached = line(numbers, best, "best so far", ORANGE)
    reached["line"]["shape"] = "hv"
    traces = [_points("trial", done, BLUE, "circle", metric, x="number"), reached]
    better = "more is better" if about.greater_is_better else "less is better"
    layout = {"xaxis": {"title": {"text": "trial"}}, "yaxis": {"title": {"text": f"{about.title} ({better})"}}}
    last = next(i for i, value in enumerate(best) if value == best[-1])
    alt = f"The best score was reached at trial {numbers[last]} of {numbers[-1]}: {score(metric, best[-1])}."
    return envelope("Did more trials help?", f"mean over the folds, search {search.get('name')}", alt, traces, layout)


def _done(search: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The complete trials that have a score and seconds, by number."""
    rows = [row for row in search.get("trials") or [] if row.get("score") is not None and row.get("fit_seconds")]
    return sorted(rows, key=lambda row: row["number"])


def _score_of(rows: Mapping[int, Mapping[str, Any]], number: Any) -> float | None:
    return rows[number]["score"] if number in rows else None


def _points(
    name: str, rows: list[Mapping[str, Any]], colour: str, symbol: str, metric: str, *, x: str = "fit_seconds"
) -> dict[str, Any]:
    words = [f"trial {row['number']}: {row['family']} {settings_words(row['settings'])}" for row in rows]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [row[x] for row in rows],
        "y": [row["score"] for row in rows],
        "customdata": [[label(text, 120), score(metric, row["score"])] for text, row in zip(words, rows)],
        "hovertemplate": "%{customdata[0]}<br>%{customdata[1]}, %{x:.3g}<extra></extra>",
        "marker": {"size": 9, "color": colour, "symbol": symbol},
    }


def settings_words(settings: Mapping[str, Any]) -> str:
    """Settings in words.

    Example:
        >>> settings_words({"depth": 6, "learning_rate": None}), settings_words({})
        ('depth 6, learning_rate none', 'with its defaults')
    """
    return ", ".join(f"{name} {_value(value)}" for name, value in settings.items()) or "with its defaults"


def _value(value: Any) -> str:
    return "none" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
