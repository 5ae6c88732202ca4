"""What each threshold buys, drawn: precision, recall, the share flagged and the cost, with the chosen thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.figure_style import BLUE, GREEN, GREY, ORANGE, RED, Figure, envelope, line
from trainwright.evaluate.formats import estimate, number, percent, plural

LINES = (
    ("precision", "precision", BLUE, "solid"),
    ("recall", "recall", ORANGE, "dash"),
    ("flagged", "share flagged", GREY, "dot"),
)


def sweep(found: Mapping[str, Any]) -> Figure | None:
    """The sweep of a decision as a figure; None for more than two classes or without a decision.

    Args:
        found: the decision's document.
    """
    points = found.get("sweep")
    if not points:
        return None
    at = [point["threshold"] for point in points]
    traces = [
        line(at, [point.get(key) for point in points], name, colour, dash=dash) for key, name, colour, dash in LINES
    ]
    costs = [point.get("cost_per_1000") for point in points]
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": "threshold on the probability"}, "range": [0, 1], "tickformat": ".0%"},
        "yaxis": {"title": {"text": "share"}, "range": [-0.01, 1.02], "tickformat": ".0%", "zeroline": False},
        "shapes": _marks(found),
    }
    cheapest = ""
    if all(cost is not None for cost in costs):
        top = max(costs) or 1.0
        trace = line(at, [cost / top for cost in costs], f"cost, of at most {number(top)}", GREEN, dash="dashdot")
        traces.append(trace)
        best = min(range(len(costs)), key=lambda i: costs[i])
        cheapest = f" Of these thresholds {at[best]:.2f} costs least, {number(costs[best])} in 1,000 cases."
    band = bool(found["policy"].get("band"))
    low, high = (estimate((found.get("thresholds") or {}).get(name))[0] for name in ("low", "high"))
    chosen = (
        f"between {low:.3g} and {high:.3g} a person decides"
        if band and low is not None and high is not None
        else (f"the decision flags from {high:.3g} on" if high is not None else "the decision has no single threshold")
    )
    first, last = points[0], points[-1]
    precision, recall = (f"{percent(first.get(key))} to {percent(last.get(key))}" for key in ("precision", "recall"))
    alt = f"From a threshold of {at[0]:.2f} to {at[-1]:.2f} precision goes from {precision}, recall from {recall}; "
    alt += f"{chosen}.{cheapest}"
    shows = f"held-out predictions of {plural(int(found.get('n_rows') or 0), 'row')}; shaded: where resamples put it"
    return envelope("What each threshold buys", shows, alt, traces, layout)


def _marks(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A line for each threshold, with a band for its interval."""
    band = bool(found["policy"].get("band"))
    shapes: list[dict[str, Any]] = []
    for name in ("low", "high") if band else ("high",):
        value, low, high = estimate((found.get("thresholds") or {}).get(name))
        if value is None:
            continue
        if low is not None and high is not None:
            shapes.append(
                {
                    "type": "rect", "x0": low, "x1": high, "y0": 0, "y1": 1, "fillcolor": RED, "opacity": 0.12,
                    "line": {"width": 0},
                }
            )  # fmt: skip
        shapes.append(
            {"type": "line", "x0": value, "x1": value, "y0": 0, "y1": 1, "line": {"color": RED, "width": 1.5}}
        )
    return shapes
