"""Figures of low and high: some rows with their bounds and truths, and the share for small to large predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.figure_style import BLUE, GREY, ORANGE, Figure, envelope
from trainwright.evaluate.formats import count, estimate, level_text, number, plural
from trainwright.evaluate.interval_words import ROWS, hundred

Result = Mapping[str, Any]


def rows(result: Result) -> Figure | None:
    """Rows from the smallest prediction to the largest: a bar from low to high, a dot for the truth."""
    found = result.get("interval") or {}
    shown = found.get("shown") or {}
    truth = shown.get("y")
    if not truth:
        return None
    low, high, prediction = shown["low"], shown["high"], shown["prediction"]
    place = list(range(len(truth)))
    inside = [a <= y <= b for a, y, b in zip(low, truth, high)]
    bars: dict[str, Any] = {
        "type": "bar",
        "name": "from low to high",
        "x": place,
        "base": low,
        "y": [b - a for a, b in zip(low, high)],
        "width": 0.5,
        "marker": {"color": GREY, "opacity": 0.4},
        "customdata": [[number(p), number(a), number(b)] for p, a, b in zip(prediction, low, high)],
        "hovertemplate": "predicted %{customdata[0]}<br>low %{customdata[1]}, high %{customdata[2]}<extra></extra>",
    }
    traces = [bars]
    for name, colour, wanted in (("truth inside", BLUE, True), ("truth outside", ORANGE, False)):
        at = [i for i in place if inside[i] == wanted]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": at,
                "y": [truth[i] for i in at],
                "marker": {"color": colour, "size": 7, "symbol": "circle" if wanted else "diamond"},
                "hovertemplate": "truth %{y:,.4g}<extra></extra>",
            }
        )
    alt = f"{sum(inside)} of {plural(len(truth), 'row')} shown have their true value between low and high."
    layout = {
        "xaxis": {"title": {"text": "rows, from the smallest prediction to the largest"}, "showticklabels": False},
        "yaxis": {"title": {"text": str((result.get("target") or {}).get("column") or "value")}},
        "showlegend": True,
    }
    shows = f"{count(len(truth))} out-of-fold rows, evenly spread"
    return envelope("Low, high and the truth", shows, alt, traces, layout, height=380)


def by_prediction(result: Result) -> Figure | None:
    """The share between low and high for small to large predictions, with the share that was asked for."""
    found = result.get("interval") or {}
    part = str(found.get("measured_on") or "validation")
    measured = found.get(part) or {}
    bands = measured.get("by_prediction") or []
    if len(bands) < 2:
        return None
    figures = [estimate(band["coverage"]) for band in bands]
    names = [f"{number(band['from'])} to {number(band['to'])}" for band in bands]
    trace = {
        "type": "scatter",
        "mode": "markers",
        "name": "share between low and high",
        "x": list(range(len(bands))),
        "y": [value for value, _, _ in figures],
        "marker": {"size": 10, "color": BLUE},
        "customdata": [[names[i], count(band["n"]), number(band["width"])] for i, band in enumerate(bands)],
        "hovertemplate": "predicted %{customdata[0]}<br>%{y:.1%} of %{customdata[1]} rows"
        "<br>mean distance %{customdata[2]}<extra></extra>",
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [(high or value or 0) - (value or 0) for value, _, high in figures],
            "arrayminus": [(value or 0) - (low if low is not None else value or 0) for value, low, _ in figures],
            "thickness": 1.6,
            "width": 5,
            "color": GREY,
        },
    }
    level = float(found["level"])
    ends = [low for _, low, _ in figures if low is not None] + [value for value, _, _ in figures if value is not None]
    layout = {
        "xaxis": {"title": {"text": "prediction"}, "tickmode": "array", "tickvals": trace["x"], "ticktext": names},
        "yaxis": {
            "title": {"text": "share between low and high"},
            "range": [max(0.0, min([*ends, level]) - 0.05), 1.02],
            "tickformat": ".0%",
        },
        "shapes": [
            {"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": level, "y1": level,
             "line": {"color": ORANGE, "dash": "dash", "width": 1.6}},
        ],
        "showlegend": False,
    }  # fmt: skip
    least = min(range(len(bands)), key=lambda i: figures[i][0] or 0.0)
    alt = (
        f"The dashed line is what was asked for, {level_text(level)}. Least for predictions of {names[least]}: "
        f"{hundred(figures[least][0])} of 100."
    )
    shows = f"{count(measured['n_rows'])} {ROWS[part]}"
    return envelope("Does it hold for small and large predictions?", shows, alt, [trace], layout, height=320)
