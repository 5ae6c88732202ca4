"""The section on what was tried step by step: what, why, what it did, whether it was kept, and what to try next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.curve_choice import shown_curve
from trainwright.evaluate.figure_style import Figure
from trainwright.evaluate.figures_tries import change_text, curves_overlaid, gains
from trainwright.evaluate.report_words import sentence
from trainwright.evaluate.text import explain, score
from trainwright.evaluate.try_words import gain_words

TITLE = "Step by step"
HEADING = "What was tried, and what to try next"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    log, own, nexts = result.get("iterations") or [], result.get("iteration"), result.get("next_tries") or []
    if not (log or nexts):
        return {}
    return {
        "own": _own(own) if own else None,
        "rows": [_row(entry, result) for entry in log],
        "nexts": [
            {"text": sentence(one["text"]), "because": sentence(f"Because {one['because']}"), "command": one["command"]}
            for one in nexts
        ],
    }


def figures(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Figure | None]:
    """The gain of each try, and this run's curve beside the one it started from."""
    own = result.get("iteration") or {}
    before, now = own.get("base_curve"), shown_curve(result)
    pair = []
    if before and now:
        pair = [{"run": own["base"]["version"], **before}, {"run": result.get("version") or "this try", **now}]
    return {"try_gains": gains(result.get("iterations") or []), "try_curves": curves_overlaid(pair)}


def _own(own: Mapping[str, Any]) -> dict[str, Any]:
    """What became of the run that the report is about."""
    changes = "; ".join(
        f"{change['key']} from {_plain(change.get('old'))} to {_plain(change.get('new'))}" for change in own["changes"]
    )
    return {
        "kept": bool(own.get("kept")),
        "text": sentence(f"This run tried {changes}, starting from {own['base']['version']}"),
        "note": sentence(str(own.get("note") or "")),
        "reason": sentence(f"{'Kept' if own.get('kept') else 'Dropped'}: {own.get('reason')}"),
        "rule": sentence(f"The rule, set before it was trained: {own.get('rule')}"),
        "also": [sentence(text) for text in own.get("also") or []],
    }


def _row(entry: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """A line of the log."""
    metric, found = str(entry.get("metric") or result.get("metric") or ""), entry.get("comparison") or {}
    return {
        "run": entry.get("run"),
        "base": (entry.get("base") or {}).get("version"),
        "change": change_text(entry),
        "note": entry.get("note") or "",
        "metric": explain(metric).title,
        "old": score(metric, entry.get("old")),
        "new": score(metric, entry.get("new")),
        "gain": gain_words(found, rows=False) if found.get("metric") else "",
        "accept": entry.get("accept") or "",
        "kept": bool(entry.get("kept")),
        "version": entry.get("version") or "",
        "this": entry.get("run") == result.get("run"),
    }


def _plain(value: Any) -> str:
    if value in (None, [], {}):
        return "not given"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
