"""The section on an incremental training: what learned on, how both versions do, and what was forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.formats import duration, estimate, interval, level_text, percent, plural, score
from trainwright.evaluate.incremental_words import new_classes
from trainwright.evaluate.report_words import sentence

TITLE = "Learned on"
HEADING = "What the version keeps, and what it learned"
WHERE = (("sealed", "On the sealed test"), ("held_out", "On rows held out in the folds"))
VERDICTS = {"better": "better", "worse": "worse", "too few rows": "too few rows for a verdict"}


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows; nothing for a training in full."""
    found = result.get("incremental")
    if not isinstance(found, Mapping):
        return {}
    advice = found.get("recommendation") or {}
    return {
        "text": _text(found),
        "advice": sentence(str(advice.get("text") or "")) if advice else "",
        "command": found.get("full_command") or "",
        "full": advice.get("kind") == "full",
        "members": [_member(one) for one in found.get("members") or []],
        "parts": [row for key, title in WHERE for row in _rows(found.get(key), title, str(found["base"]))],
        "base": found["base"],
        "memory": [_memory(one) for one in found.get("forgetting") or []],
        "remembered": sentence(str(found.get("forgetting_text") or "")),
        "forgotten": bool(found.get("forgotten")),
        "new_classes": sentence(new_classes(found)) if found.get("classes_added") else "",
        "unknown": [
            f"{share:.0%} of the new rows in {name}" for name, share in (found.get("unknown_values") or {}).items()
        ],
        "took": duration(found.get("seconds")),
        "skipped": [str(found[key]["skipped"]) for key, _ in WHERE if "skipped" in (found.get(key) or {})],
    }


def _text(found: Mapping[str, Any]) -> str:
    words = (
        f"{found['base']} learned on from {plural(found['new_rows'], 'new row')}, together with "
        f"{found['replayed']:,} of its {found['earlier_rows']:,} earlier rows, so that it keeps what it knew. "
        f"{plural(found['new_sealed'], 'new row')} were sealed, beside the {found['old_sealed']:,} of before."
    )
    if found.get("corrected"):
        words += f" {plural(found['corrected'], 'earlier row')} came again with another label, which now counts."
    return words


def _member(one: Mapping[str, Any]) -> dict[str, Any]:
    rounds = ""
    if one.get("rounds_before") and one.get("rounds") and one["route"] == "continued":
        rounds = f"{one['rounds_before']} rounds, now {one['rounds']}"
    route = str(one["route"]) + (f": {one['reason']}" if one.get("reason") else "")
    return {"name": one["name"], "route": route, "rounds": rounds, "weight": percent(one.get("weight") or 0.0)}


def _rows(document: Any, title: str, base: str) -> list[dict[str, Any]]:
    """Old and new rows on one kind of rows."""
    if not isinstance(document, Mapping) or "skipped" in document:
        return []
    out = []
    for part, name in (("old", "old rows"), ("new", "new rows")):
        found = document.get(part) or {}
        if "skipped" in found or not found:
            continue
        metric = str(found["metric"])
        change = found["difference"]
        shown = estimate(change)[0] is not None
        out.append(
            {
                "where": title,
                "rows": f"{name} ({found['n_rows']:,})",
                "metric": found["title"],
                "before": score(metric, found["before"]),
                "after": score(metric, found["after"]),
                "gain": {"value": score(metric, change), "interval": interval(metric, change)} if shown else None,
                "verdict": VERDICTS.get(str(found["verdict"]), "not distinguishable"),
                "level": level_text(float(found.get("level") or 0.95)),
            }
        )
    return out


def _memory(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": one["class"],
        "rows": f"{one['rows']:,}",
        "before": percent(one["before"]),
        "after": percent(one["after"]),
        "range": f"{one['low'] * 100:+.1f} to {one['high'] * 100:+.1f} points",
        "verdict": one["verdict"],
        "forgotten": one["verdict"] == "forgotten",
    }
