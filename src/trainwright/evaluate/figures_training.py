"""Figures of a training: pure functions from the result document to a Plotly document, or None without
data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trainwright.evaluate.figure_style import (
    BLUE,
    GREY,
    ORANGE,
    PALETTE,
    Figure,
    dots,
    envelope,
    label,
    name_axis,
)
from trainwright.evaluate.lookup import mapping_at
from trainwright.evaluate.text import (
    chosen,
    count,
    estimate,
    explain,
    interval,
    is_baseline,
    number,
    percent,
    plural,
    rows_of,
    score,
)

Result = Mapping[str, Any]
MOST_COLUMNS = 20


def spread(row: Mapping[str, Any], metric: str) -> float | None:
    """The standard deviation over folds, given for the run's metric or for each."""
    std = row.get("std")
    return estimate(std.get(metric) if isinstance(std, Mapping) else std)[0]


def fold_scores(row: Mapping[str, Any], metric: str) -> list[float | None]:
    """The score in each fold, given for the run's metric or for each; None where a fold does not define
    it."""
    scores = row.get("fold_scores", row.get("folds"))
    if isinstance(scores, Mapping):
        scores = scores.get(metric)
    return [estimate(value)[0] for value in scores] if isinstance(scores, Sequence) else []


def leaderboard(result: Result) -> Figure | None:
    """Every candidate's validation score with its interval; baselines grey, the best baseline as a line."""
    metric = str(result.get("metric") or "")
    rows = [r for r in result.get("leaderboard") or [] if estimate((r.get("metrics") or {}).get(metric))[0] is not None]
    if not rows:
        return None
    names = [str(row.get("name", "")) for row in rows]
    figures = [_with_spread(row, metric) for row in rows]
    texts = [_value_text(metric, row) for row in rows]
    pick = chosen(result)
    colours = [GREY if is_baseline(row) else ORANGE if name == pick else BLUE for row, name in zip(rows, names)]
    better = max if explain(metric).greater_is_better else min
    simple = [figure[0] for row, figure in zip(rows, figures) if is_baseline(row) and figure[0] is not None]
    layout: dict[str, Any] = {
        "yaxis": name_axis(names, autorange="reversed"),
        "xaxis": {"title": {"text": explain(metric).title + _direction(metric)}, "zeroline": False},
        "showlegend": False,
    }
    far = _zoom(layout, rows, figures)
    first = better(range(len(rows)), key=lambda i: figures[i][0] or 0.0)
    alt = f"{names[first]} scores best: {texts[first]}."
    if pick and pick != names[first] and pick in names:
        alt += f" Chosen: {pick} (orange), {texts[names.index(pick)]}."
    if simple:
        line = better(simple)
        layout["shapes"] = [
            {"type": "line", "x0": line, "x1": line, "yref": "paper", "y0": 0, "y1": 1,
             "line": {"color": GREY, "width": 1.5, "dash": "dot"}}
        ]  # fmt: skip
        alt += f" The best baseline (grey, dotted line) reaches {score(metric, line)}."
    if any(estimate(row["metrics"][metric])[1] is None and spread(row, metric) for row in rows):
        alt += " The bars reach one standard deviation over folds to each side."
    if far:
        alt += f" Off the scale: {', '.join(names[i] + ' with ' + score(metric, figures[i][0]) for i in far)}."
    validated = rows_of(result, "validation")
    shows = f"held-out folds of {count(validated)} development rows" if validated else "held-out rows"
    trace = dots(names, figures, texts, title="score", colours=colours)
    return envelope("Candidates and baselines", shows, alt, [trace], layout, height=120 + 34 * len(rows))


def folds(result: Result) -> Figure | None:
    """The score of the best candidates in each fold: how much it depends on which rows are asked."""
    metric = str(result.get("metric") or "")
    known = [(row, fold_scores(row, metric)) for row in result.get("leaderboard") or []]
    pick = chosen(result)
    rows = sorted(
        (
            (row, values)
            for row, values in known
            if sum(v is not None for v in values) > 1 and row.get("family") != "baseline"
        ),
        key=lambda pair: pair[0].get("name") != pick,
    )[:6]
    if not rows:
        return None
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": label(row.get("name", "")),
            "x": list(range(1, len(values) + 1)),
            "y": values,
            "line": {"color": colour, "width": 2},
            "marker": {"symbol": symbol, "size": 8},
        }
        for (row, values), colour, symbol in zip(
            rows, PALETTE, ("circle", "square", "diamond", "x", "triangle-up", "cross")
        )
    ]
    best = [value for value in rows[0][1] if value is not None]
    alt = f"Over the folds {rows[0][0].get('name')} ranges "
    alt += f"from {score(metric, min(best))} to {score(metric, max(best))}."
    layout = {
        "xaxis": {"title": {"text": "fold"}, "dtick": 1, "tickformat": "d"},
        "yaxis": {"title": {"text": explain(metric).title}, "zeroline": False},
        "showlegend": True,
    }
    return envelope("Scores fold by fold", "held-out rows of each fold", alt, traces, layout)


def gap(result: Result) -> Figure | None:
    """Training against validation score for each candidate: the distance is what was memorised."""
    metric = str(result.get("metric") or "")
    rows = [
        (
            str(row.get("name", "")),
            _train_score(row, metric),
            estimate((row.get("metrics") or {}).get(metric))[0],
        )
        for row in result.get("leaderboard") or []
        if row.get("family") != "baseline"  # a constant answer has nothing to memorise
    ]
    rows = [row for row in rows if row[1] is not None and row[2] is not None]
    if not rows:
        return None
    names = [name for name, _, _ in rows]
    bridges = [
        {
            "type": "line",
            "x0": train,
            "x1": held,
            "y0": i,
            "y1": i,
            "layer": "below",
            "line": {"color": GREY, "width": 2},
        }
        for i, (_, train, held) in enumerate(rows)
    ]
    traces = [
        dots(
            names,
            [(value, None, None) for value in values],
            [score(metric, value) for value in values],
            title=title,
            colours=colour,
        )
        for values, title, colour in (
            ([train for _, train, _ in rows], "rows it learned from", ORANGE),
            ([held for _, _, held in rows], "rows it had not seen", BLUE),
        )
    ]
    traces[0]["marker"]["symbol"] = "circle-open"
    widest = max(rows, key=lambda row: abs((row[1] or 0) - (row[2] or 0)))
    alt = f"The widest gap is {widest[0]}'s: {score(metric, widest[1])} in training, "
    alt += f"{score(metric, widest[2])} in validation."
    layout = {
        "yaxis": name_axis(names, autorange="reversed"),
        "xaxis": {"title": {"text": explain(metric).title + _direction(metric)}, "zeroline": False},
        "shapes": bridges,
    }
    return envelope(
        "Training against validation",
        "fold models, mean over folds",
        alt,
        traces,
        layout,
        height=150 + 30 * len(rows),
    )


def importance(result: Result) -> Figure | None:
    """How much the score drops when a column is shuffled, with intervals."""
    data = mapping_at(result, "importance")
    rows = data.get("features", data.get("rows")) if data else result.get("importance")
    rows = [row for row in rows or [] if estimate(row)[0] is not None]
    if not rows:
        return None
    rows = sorted(rows, key=lambda row: -(estimate(row)[0] or 0.0))[:MOST_COLUMNS]
    names = [str(row.get("feature", row.get("column", row.get("name", "")))) for row in rows]
    figures = [estimate(row) for row in rows]
    metric = str(data.get("metric") or result.get("metric") or "")
    texts = [f"{number(v)}" + (f" ({number(lo)} to {number(hi)})" if lo is not None else "") for v, lo, hi in figures]
    clear = [name for name, (_, low, _) in zip(names, figures) if low is not None and low > 0]
    alt = f"The model leans most on {', '.join(names[:3])}."
    left_out = data.get("left_out")
    if left_out:
        alt += f" {plural(len(left_out), 'column')} could not be measured in time."
    if clear:
        alt += f" For {len(clear)} of {len(names)} columns shown the importance is clearly above zero."
    layout = {
        "yaxis": name_axis(names, autorange="reversed"),
        "xaxis": {
            "title": {"text": f"change of {explain(metric).title} for the worse"},
            "zeroline": True,
            "zerolinewidth": 2,
        },
    }
    trace = dots(names, figures, texts, title="importance")
    shows = "out-of-fold rows, one column shuffled at a time"
    return envelope("Importance of the columns", shows, alt, [trace], layout, height=120 + 26 * len(rows))


def class_distribution(result: Result) -> Figure | None:
    """How many rows each class has in development and test."""
    split = mapping_at(result, "split")
    shares = split.get("classes", split.get("class_shares"))
    if isinstance(shares, Mapping) and not all(isinstance(part, Mapping) for part in shares.values()):
        shares = {"all rows": shares}
    if isinstance(shares, Mapping):  # {"development": {class: n}, "test": {class: n}}
        names = list(dict.fromkeys(name for part in shares.values() for name in part))
        shares = [{"class": name, **{part: held.get(name, 0) for part, held in shares.items()}} for name in names]
    if not isinstance(shares, Sequence) or len(shares) < 2:
        return None
    rows = sorted(
        shares, key=lambda row: -sum(v for k, v in row.items() if k != "class" and isinstance(v, int | float))
    )
    parts = [k for k in rows[0] if k != "class" and isinstance(rows[0][k], int | float)]
    total = {part: sum(row.get(part) or 0 for row in rows) or 1 for part in parts}
    shown = rows[:30]
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": part,
            "x": [(row.get(part) or 0) / total[part] for row in shown],
            "y": list(range(len(shown))),
            "marker": {"color": colour},
            "customdata": [[label(row["class"], 80), number(row.get(part) or 0)] for row in shown],
            "hovertemplate": "%{customdata[0]}<br>%{x:.1%}<extra>" + label(part) + "</extra>",
        }
        for part, colour in zip(parts, (BLUE, ORANGE, *PALETTE[2:]))
    ]
    first = parts[0]
    alt = f"Most common: {rows[0]['class']}, {percent((rows[0].get(first) or 0) / total[first])} of {first}; "
    alt += f"rarest: {rows[-1]['class']}, {percent((rows[-1].get(first) or 0) / total[first])}."
    layout = {
        "barmode": "group",
        "yaxis": name_axis([row["class"] for row in shown], autorange="reversed"),
        "xaxis": {"tickformat": ".0%", "title": {"text": "share of the rows"}},
    }
    return envelope(
        "How common the classes are", "labels of each part", alt, traces, layout, height=150 + 30 * len(shown)
    )


FIGURES: dict[str, Callable[[Result], Figure | None]] = {
    "class_distribution": class_distribution,
    "leaderboard": leaderboard,
    "folds": folds,
    "gap": gap,
    "importance": importance,
}


def _zoom(
    layout: dict[str, Any], rows: Sequence[Mapping[str, Any]], figures: Sequence[Sequence[float | None]]
) -> list[int]:
    """Keeps constant answers, usually far away, from squeezing the others together; returns the rows left
    outside."""
    near = [end for row, f in zip(rows, figures) if row.get("family") != "baseline" for end in f if end is not None]
    away = [i for i, row in enumerate(rows) if row.get("family") == "baseline"]
    if not near or not away:
        return []
    pad = (max(near) - min(near)) * 0.08 or abs(max(near)) * 0.02
    low, high = min(near) - pad, max(near) + pad
    away = [i for i in away if not low - 10 * pad <= (figures[i][0] or 0.0) <= high + 10 * pad]
    if away:
        layout["xaxis"]["range"] = [low, high]
        layout["annotations"] = [_pointer(figures[i][0] or 0.0, i, low) for i in away]
    return away


def _pointer(value: float, row: int, low: float) -> dict[str, Any]:
    """A mark at the edge of the plot that points to a value outside."""
    left = value < low
    return {
        "x": 0 if left else 1,
        "xref": "paper",
        "xanchor": "left" if left else "right",
        "y": row,
        "showarrow": False,
        "font": {"color": GREY},
        "text": f"◂ {number(value)}" if left else f"{number(value)} ▸",
    }


def _with_spread(row: Mapping[str, Any], metric: str) -> tuple[float | None, float | None, float | None]:
    """The score with its interval; without one, plus and minus the standard deviation over folds."""
    value, low, high = estimate(row["metrics"][metric])
    deviation = spread(row, metric)
    if low is None and value is not None and deviation is not None:
        return value, value - deviation, value + deviation
    return value, low, high


def _value_text(metric: str, row: Mapping[str, Any]) -> str:
    """The score with its interval or, where there is none, its standard deviation over folds."""
    figure, deviation = row["metrics"][metric], spread(row, metric)
    reach = interval(metric, figure)
    if not reach and deviation:
        width = 2 * deviation
        return f"{explain(metric).title} {score(metric, figure, width)} ± {score(metric, deviation, width)}"
    return f"{explain(metric).title} {score(metric, figure)}" + (f" ({reach})" if reach else "")


def _train_score(row: Mapping[str, Any], metric: str) -> float | None:
    training = row.get("train_metrics", row.get("training"))
    return estimate(training.get(metric) if isinstance(training, Mapping) else training)[0]


def _direction(metric: str) -> str:
    return " (more is better)" if explain(metric).greater_is_better else " (less is better)"
