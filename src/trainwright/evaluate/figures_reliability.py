"""The figure of reliability before and after calibration: probability given against the share that came true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.evaluate.figure_style import BLUE, GREY, ORANGE, Figure, envelope, line
from trainwright.evaluate.formats import count, number, percent

Point = Mapping[str, Any]


def before_and_after(result: Mapping[str, Any]) -> Figure | None:
    """The curve of the probabilities as they came and, where they were calibrated, as they are shown."""
    found = result.get("reliability") or {}
    before, after = ((found.get(side) or {}).get("curve") or [] for side in ("before", "after"))
    if not before:
        return None
    shown = after or before
    traces = [_trace(shown, "as shown" if after else "as the models give them", BLUE, bars=True)]
    if after:
        traces.append(_trace(before, "before calibration", ORANGE, bars=False))
    traces.append(line([0, 1], [0, 1], "perfect", GREY, dash="dot"))
    about = found.get("named") or found.get("about")
    axis = {"range": [-0.01, 1.02], "tickformat": ".0%", "zeroline": False}
    axes = {
        "xaxis": {**axis, "title": {"text": "probability given"}},
        "yaxis": {**axis, "title": {"text": "share that turned out so"}},
    }
    what = f"probabilities of {about}" if about is not None else "how sure it is of its answers"
    shows = f"{what}, out-of-fold predictions of {count(found.get('n_rows') or 0)} development rows"
    return envelope("Probability given, and what turned out so", shows, _words(before, after), traces, axes)


def _trace(points: Sequence[Point], name: str, colour: str, *, bars: bool) -> dict[str, Any]:
    """One curve; with bars for what chance leaves open."""
    dash = "solid" if bars else "dash"
    trace = line([p["mean_probability"] for p in points], [p["share"] for p in points], name, colour, dash=dash)
    trace |= {
        "mode": "lines+markers",
        "marker": {"size": 8 if bars else 6},
        "customdata": [count(p["n"]) for p in points],
        "hovertemplate": "probability %{x:.1%}<br>turned out so %{y:.1%}<br>%{customdata} rows<extra></extra>",
    }
    if bars:
        trace["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": [max(0.0, p["high"] - p["share"]) for p in points],
            "arrayminus": [max(0.0, p["share"] - p["low"]) for p in points],
            "thickness": 1.2,
            "width": 3,
            "color": GREY,
        }
    return trace


def _words(before: Sequence[Point], after: Sequence[Point]) -> str:
    """The figure in words."""
    shown = after or before
    far = max(shown, key=lambda p: abs(p["share"] - p["mean_probability"]))
    text = f"On average {number(100 * _off(shown), 1)} percentage points away from what happened"
    if after:
        text += f", before calibration {number(100 * _off(before), 1)}"
    text += f"; furthest where {percent(far['mean_probability'])} were given and {percent(far['share'])} turned out so."
    return (
        f"{text} Each of the {len(shown)} points stands for about as many rows; the bars are what chance leaves open."
    )


def _off(points: Sequence[Point]) -> float:
    """Mean distance of probability and share."""
    rows = sum(p["n"] for p in points)
    return float(sum(abs(p["share"] - p["mean_probability"]) * p["n"] for p in points) / max(rows, 1))
