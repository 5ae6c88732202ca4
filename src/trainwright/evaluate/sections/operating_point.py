"""The section on from which probability on the model acts: the decision, what it buys, and what others would buy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.figure_style import Figure
from trainwright.evaluate.figures_decision import sweep
from trainwright.evaluate.formats import estimate, number, percent, plural
from trainwright.evaluate.report_words import sentence

TITLE = "Threshold"
HEADING = "From which probability on the model acts"

# Rows of the table: key, title, what it means, and whether it is a share.
FIGURES = (
    ("review", "Goes to a person", "cases between the two thresholds", True),
    ("flagged", "Flagged", "cases answered with the class looked for, without a person", True),
    ("precision", "Precision", "flagged cases that are right", True),
    ("recall", "Recall", "cases looked for that are flagged, or seen by a person", True),
    ("right", "Right", "cases decided rightly, of those decided without a person", True),
    ("missed_per_1000", "Missed", "in 1,000 cases", False),
    ("false_per_1000", "False alarms", "in 1,000 cases", False),
    ("wrong_per_1000", "Wrong", "in 1,000 cases", False),
    ("cost_per_1000", "Cost", "of 1,000 cases", False),
)
SHOWN = tuple(round(0.10 + 0.05 * i, 2) for i in range(17))


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The decision, its figures beside others, the segments, and the sweep from 0.10 to 0.90."""
    found = result.get("operating_point")
    found = found if isinstance(found, Mapping) else {}
    if found.get("kind") == "width":  # a decision on a number stands in the section on low and high
        return {}
    points = _sweep(result, evaluations)
    name = f"{result.get('project')}@{result.get('version')}" if result.get("version") else ""
    if not found and not points:
        return {}
    out: dict[str, Any] = {"sweep": points, "costs": any("cost" in point for point in points)}
    out["marked"] = _marked(result, points)
    if found.get("kind") == "width":
        note = sentence(str(found.get("note") or ""))
        return {"label": found.get("label") or "", "text": found.get("text") or "", "reasons": [note] if note else []}
    if "policy" not in found:
        own = estimate((result.get("threshold") or {}).get("value"))[0]
        said = (
            f"No decision is recorded: a case is flagged from a probability of {own:.3g} on" if own is not None else ""
        )
        why = (result.get("threshold") or {}).get("reason")
        out["text"] = sentence(f"{said}: {why}" if said and why else said)
        out["skipped"] = sentence(str(found.get("skipped") or ""))
        out["command"] = found.get("command") or (f"trainwright decide {name} --cost fp=1 fn=20" if name else "")
        return out
    ways = {"this decision": found["figures"], **(found.get("against") or {})}
    out["label"] = found.get("label") or ""
    out["text"] = found.get("text") or ""
    out["reasons"] = [sentence(reason) for reason in found.get("reasons") or []]
    out["thresholds"] = _thresholds(found)
    out["ways"] = list(ways)
    out["rows"] = _rows(ways)
    out["shows"] = _shows(found)
    out["segments"] = _segments(found)
    out["others"] = [d for d in result.get("decisions") or [] if d.get("label") != found.get("label")]
    out["used"] = next((d.get("used") for d in result.get("decisions") or [] if d.get("label") == out["label"]), None)
    out["command"] = f"trainwright decide {name} --use {out['label']}" if name and out["used"] is False else ""
    return out


def figures(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Figure | None]:
    """What each threshold buys."""
    found = result.get("operating_point")
    return {"operating_point": sweep(found) if isinstance(found, Mapping) else None}


def _sweep(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The sweep of the decision, or that of the evaluation, as texts."""
    found = result.get("operating_point")
    points = (found.get("sweep") if isinstance(found, Mapping) else None) or [
        point
        for point in ((evaluations.get("validation") or {}).get("curves") or {}).get("thresholds") or []
        if round(point.get("threshold") or 0, 2) in SHOWN and (point.get("flagged") or 0) <= 1
    ]
    out = []
    for point in points:
        shown = {key: percent(estimate(point.get(key))[0]) for key in ("flagged", "precision", "recall")}
        row = {"threshold": f"{point['threshold']:.2f}", **shown, "f1": number(estimate(point.get("f1"))[0])}
        cost = estimate(point.get("cost_per_1000"))[0]
        out.append(row if cost is None else {**row, "cost": number(cost)})
    return out


def _marked(result: Mapping[str, Any], points: list[dict[str, Any]]) -> int | None:
    """The line of the sweep that lies nearest to the threshold in use."""
    found = result.get("operating_point")
    policy = found.get("policy") if isinstance(found, Mapping) else None
    value = (policy or {}).get("middle") if policy else estimate((result.get("threshold") or {}).get("value"))[0]
    if value is None or not points or (policy and policy.get("positive") is None):
        return None
    near = [abs(float(point["threshold"]) - value) for point in points]
    return near.index(min(near)) if min(near) <= 0.025 + 1e-9 else None


def _thresholds(found: Mapping[str, Any]) -> str:
    """The thresholds with their intervals, as a sentence."""
    ends, band = found.get("thresholds") or {}, bool(found["policy"].get("band"))
    if not ends:
        return ""
    parts = []
    for name, words in (("low", "accepted below"), ("high", "rejected from" if band else "flagged from")):
        if name == "low" and not band:
            continue
        value, low, high = estimate(ends.get(name))
        spread = "" if low is None else f" (chosen again on resamples: {low:.3g} to {high:.3g})"
        parts.append(f"{words} {value:.3g}{spread}" if value is not None else "")
    text = ", ".join(part for part in parts if part)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _rows(ways: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    out = []
    for key, title, what, share in FIGURES:
        cells = [_cell((figures or {}).get(key), share) for figures in ways.values()]
        values = [estimate((figures or {}).get(key))[0] for figures in ways.values()]
        if any(value is not None for value in values) and not (key == "review" and not any(values)):
            out.append({"title": title, "what": what, "cells": cells})
    return out


def _cell(figure: Any, share: bool) -> dict[str, str] | None:
    value, low, high = estimate(figure)
    if value is None:
        return None
    if low is None or high is None or low == high:
        return {"value": percent(value) if share else number(value), "interval": ""}
    width = high - low
    write = percent if share else number
    return {"value": write(value, width), "interval": f"{write(low, width)} to {write(high, width)}"}


def _shows(found: Mapping[str, Any]) -> str:
    rows = plural(int(found.get("n_rows") or 0), "held-out row")
    resamples = int(found.get("resamples") or 0)
    how = f"intervals from {resamples} resamples {found.get('units')}, the choice repeated in each" if resamples else ""
    return f"{rows}, each decided by thresholds that it had no part in" + (f"; {how}" if how else "")


def _segments(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "value": row["value"],
            "rows": f"{row['n_rows']:,}",
            "positives": f"{row['positives']:,}",
            "threshold": f"{row['threshold']:.3g}",
            "alone": "–" if row.get("alone") is None else f"{row['alone']:.3g}",
            "flagged": percent(row.get("flagged")),
            "precision": percent(row.get("precision")),
            "recall": percent(row.get("recall")),
        }
        for row in found.get("segments") or []
    ]
