"""Figures that explain the model: what columns push on average, how a push depends on a value, the shapes of a sum."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from trainwright.evaluate.figure_style import BLUE, GREY, ORANGE, PALETTE, Figure, dots, envelope, label, name_axis
from trainwright.evaluate.text import count, number

MOST_BARS = 15
DEPENDENCES, CURVES, TABLES = 4, 6, 2


def attribution_bars(document: Mapping[str, Any]) -> Figure | None:
    """The mean size of what each column pushes."""
    rows = [row for row in document.get("features") or [] if row.get("mean_abs")][:MOST_BARS]
    if not rows:
        return None
    names = [str(row["feature"]) for row in rows]
    figures = [(row["mean_abs"], row.get("low"), row.get("high")) for row in rows]
    trace = dots(names, figures, [number(value) for value, _, _ in figures], title="mean push")
    alt = f"{', '.join(names[:3])} push predictions most; the strongest by {number(figures[0][0])} on average."
    layout = {
        "yaxis": name_axis(names, autorange="reversed"),
        "xaxis": {
            "title": {"text": f"mean size of the push on {label(document.get('scale', ''), 60)}"},
            "rangemode": "tozero",
        },
    }
    shows = f"exact accounts of {count(document.get('n_rows') or 0)} out-of-fold rows"
    return envelope("What pushes the predictions", shows, alt, [trace], layout, height=120 + 26 * len(rows))


def dependence(document: Mapping[str, Any], one: Mapping[str, Any]) -> Figure | None:
    """Value of one column against what it pushed, one dot per row, or one per category."""
    name, scale = str(one["feature"]), label(document.get("scale", ""), 60)
    if one["kind"] == "category":
        return _levels(name, one["values"], f"push on {scale}", "average of its rows; the line spans nine rows in ten")
    if not one.get("x"):
        return None
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": _moments(one["x"]) if one["kind"] == "time" else list(one["x"]),
        "y": list(one["push"]),
        "marker": {"color": BLUE, "size": 5, "opacity": 0.5},
        "hovertemplate": f"{label(name)} %{{x}}<br>push %{{y:.3g}}<extra></extra>",
        "showlegend": False,
    }
    alt = _said(name, one["x"], one["push"])
    if one.get("missing"):
        alt += f" Where it is missing the push is {number(one['missing']['push'])} on average."
    layout = {
        "xaxis": {"title": {"text": label(name, 60)}},
        "yaxis": {"title": {"text": f"push on {scale}"}, "zeroline": True, "zerolinewidth": 2},
    }
    return envelope(f"Push of {name}", "each dot is an out-of-fold row", alt, [trace], layout, height=300)


def shape(document: Mapping[str, Any], term: Mapping[str, Any]) -> Figure | None:
    """One column's curve with the spread of its fold models."""
    name, lines = str(term["columns"][0]), term["lines"]
    shows = f"mean of {count(document.get('folds') or 0)} fold models; the band holds them all"
    title = f"Shape of {name}"
    if term["kind"] == "category":
        named = len(lines) > 1
        rows = [
            {"value": f"{value}, {line['name']}" if named else value, "push": p, "low": lo, "high": hi}
            for line in lines
            for value, p, lo, hi in zip(term["x"], line["push"], line["low"], line["high"])
        ]
        if not named:
            rows.sort(key=lambda row: -row["push"])
        axis = f"adds to {label(lines[0]['name'] if not named else 'the score of the class', 60)}"
        return _levels(name, rows, axis, shows, title=title)
    x = _moments(term["x"]) if term["kind"] == "time" else list(term["x"])
    if not x:
        return None
    traces: list[dict[str, Any]] = []
    for line, colour in zip(lines, PALETTE):
        band = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0, "shape": "hv"}, "hoverinfo": "skip"}
        fill = _faded(colour)
        traces += [
            {**band, "y": line["low"], "showlegend": False},
            {**band, "y": line["high"], "fill": "tonexty", "fillcolor": fill, "showlegend": False},
            {
                "type": "scatter",
                "mode": "lines",
                "name": label(line["name"], 40),
                "x": x,
                "y": line["push"],
                "line": {"color": colour, "width": 2.2, "shape": "hv"},
                "hovertemplate": f"{label(name)} %{{x}}<br>%{{y:.3g}}<extra></extra>",
                "showlegend": len(lines) > 1,
            },
        ]
    alt = _said(name, term["x"], lines[0]["push"], "adds", "" if len(lines) == 1 else f" to {lines[0]['name']}")
    if term.get("missing"):
        alt += f" Where it is missing, {number(term['missing'][0]['push'])}."
    adds = lines[0]["name"] if len(lines) == 1 else "the score of the class"
    layout = {
        "xaxis": {"title": {"text": label(name, 60)}},
        "yaxis": {"title": {"text": f"adds to {label(adds, 60)}"}, "zeroline": True, "zerolinewidth": 2},
    }
    return envelope(title, shows, alt, traces, layout, height=300)


def pair(document: Mapping[str, Any], term: Mapping[str, Any]) -> Figure | None:
    """What two columns add together, beyond what each adds alone."""
    a, b = (str(name) for name in term["columns"])
    x, y = (_words(term[axis], term[f"{axis}_kind"]) for axis in ("x", "y"))
    if not x or not y:
        return None
    reach = max(abs(value) for row in term["push"] for value in row) or 1.0
    trace = {
        "type": "heatmap",
        "z": term["push"],
        "zmin": -reach,
        "zmax": reach,
        "colorscale": [[0, ORANGE], [0.5, "rgba(140,146,156,0.15)"], [1, BLUE]],
        "colorbar": {"title": {"text": "adds"}, "thickness": 12},
        "hovertemplate": f"{label(a)} %{{x}}<br>{label(b)} %{{y}}<br>adds %{{z:.3g}}<extra></extra>",
    }
    best = max((value, i, j) for i, row in enumerate(term["push"]) for j, value in enumerate(row))
    alt = f"Together they add most, {number(best[0])}, where {a} is about {x[best[2]]} and {b} about {y[best[1]]}."
    layout = {
        "xaxis": {**name_axis(x), "title": {"text": label(a, 60)}},
        "yaxis": {**name_axis(y), "title": {"text": label(b, 60)}},
    }
    shows = f"mean of {count(document.get('folds') or 0)} fold models, beyond what each column adds alone"
    return envelope(f"{a} and {b} together", shows, alt, [trace], layout, height=340)


def _levels(name: str, rows: list[dict[str, Any]], axis: str, shows: str, title: str = "") -> Figure | None:
    """Categories, one per line, each with its span."""
    if not rows:
        return None
    names = ["missing" if row["value"] is None else str(row["value"]) for row in rows]
    figures = [(row["push"], row["low"], row["high"]) for row in rows]
    texts = [f"{number(value)} ({number(low)} to {number(high)})" for value, low, high in figures]
    trace = dots(names, figures, texts, title=name, colours=BLUE)
    high, low = max(rows, key=lambda row: row["push"]), min(rows, key=lambda row: row["push"])
    alt = f"Highest for {'missing' if high['value'] is None else high['value']} ({number(high['push'])}), lowest for "
    alt += f"{'missing' if low['value'] is None else low['value']} ({number(low['push'])})."
    layout = {
        "yaxis": name_axis(names, autorange="reversed"),
        "xaxis": {"title": {"text": axis}, "zeroline": True, "zerolinewidth": 2, "zerolinecolor": GREY},
    }
    return envelope(title or f"Push of {name}", shows, alt, [trace], layout, height=120 + 24 * len(rows))


def _said(name: str, x: list[Any], push: list[Any], verb: str = "pushes", to: str = "") -> str:
    """A curve or cloud in words: what happens at both ends."""
    known = sorted((a, b) for a, b in zip(x, push) if b is not None)
    if not known:
        return ""
    tenth = max(1, len(known) // 10)
    low = sum(b for _, b in known[:tenth]) / tenth
    high = sum(b for _, b in known[-tenth:]) / tenth
    return f"At its low end {name} {verb} {number(low)}{to}, at its high end {number(high)}."


def _moments(seconds: list[float]) -> list[str]:
    return [datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M") for value in seconds]


def _words(values: list[Any], kind: str) -> list[str]:
    if kind == "time":
        return _moments(values)
    return [number(value) for value in values] if kind == "number" else [str(value) for value in values]


def _faded(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"
