"""Figures of tries and comparisons: curves of several runs on one scale, and what each try gained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.evaluate.figure_style import (
    GREEN,
    GREY,
    ORANGE,
    PALETTE,
    Figure,
    dots,
    envelope,
    label,
    line,
    name_axis,
)
from trainwright.evaluate.formats import count
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.try_words import gain_words

MOST_TRIES = 20


def curves_overlaid(curves: Sequence[Mapping[str, Any]]) -> Figure | None:
    """Loss by round of several runs: solid on rows not seen, dotted on rows learned from.

    Args:
        curves: for each {"run": its name, "name", "unit", "loss", "steps", "training", "validation"}.
    """
    shown = [curve for curve in curves if curve.get("validation") and curve.get("steps")]
    if len(shown) < 2 or len({curve.get("loss") for curve in shown}) > 1:
        return None
    traces = []
    for curve, colour in zip(shown, PALETTE):
        name = label(f"{curve['run']} ({curve['name']})", 40)
        traces.append(line(curve["steps"], curve["validation"], f"{name}, not seen", colour))
        if curve.get("training"):
            traces.append(line(curve["steps"], curve["training"], f"{name}, learned from", colour, dash="dot"))
    ends = "; ".join(
        f"{curve['run']} ends at {curve['validation'][-1]:.4g} after {count(curve['steps'][-1])} {curve['unit']}s"
        for curve in shown
    )
    alt = f"{shown[0]['loss']} on rows not seen: {ends}. Less is better."
    layout = {
        "xaxis": {"title": {"text": f"{shown[0].get('unit') or 'step'}s"}},
        "yaxis": {"title": {"text": f"{shown[0]['loss']} (less is better)"}},
    }
    return envelope("Loss by round, side by side", "one fold of each run", alt, traces, layout)


def gains(entries: Sequence[Mapping[str, Any]]) -> Figure | None:
    """What each try gained, with its interval: to the right of zero is better than what it started from."""
    rows = [entry for entry in entries if (entry.get("comparison") or {}).get("low") is not None][-MOST_TRIES:]
    metrics = {str(entry.get("metric")) for entry in rows}
    if len(rows) < 2 or len(metrics) > 1:
        return None
    names = [change_text(entry) for entry in rows]
    found = [entry["comparison"] for entry in rows]
    colours = [GREEN if entry.get("kept") else GREY for entry in rows]
    texts = [gain_words(one) for one in found]
    trace = dots(
        names,
        [(one["difference"], one["low"], one["high"]) for one in found],
        texts,
        title="gain",
        colours=colours,
    )
    title = explain(metrics.pop()).title
    alt = "; ".join(
        f"{name}: better by {text}, {'kept' if entry.get('kept') else 'dropped'}"
        for name, text, entry in zip(names, texts, rows)
    )
    layout = {
        "xaxis": {"title": {"text": f"gain in {title} (right of the line is better)"}, "zeroline": False},
        "yaxis": name_axis(names, autorange="reversed"),
        "shapes": [
            {
                "type": "line",
                "x0": 0,
                "x1": 0,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": {"color": ORANGE, "width": 1.4},
            }
        ],
    }
    shows = "each try against what it started from, on the same held-out rows; green was kept"
    return envelope("What each try gained", shows, f"{alt}.", [trace], layout, height=120 + 34 * len(rows))


def change_text(entry: Mapping[str, Any]) -> str:
    """What a try changed, short.

    Example:
        >>> change_text({"changes": [{"key": "training.class_weight", "old": None, "new": "balanced"}]})
        'class_weight=balanced'
    """
    return ", ".join(
        f"{str(change['key']).rpartition('.')[2]}={_short(change.get('new'))}" for change in entry.get("changes") or []
    )


def _short(value: Any) -> str:
    if value is None:
        return "default"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(map(_short, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
