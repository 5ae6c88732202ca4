"""The section on the search for better settings: what it gained once corrected, what mattered, what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import figures_search
from trainwright.evaluate.figure_style import Figure
from trainwright.evaluate.figures_search import settings_words
from trainwright.evaluate.report_words import sentence
from trainwright.evaluate.text import count, duration, explain, number, percent, plural, score

TITLE = "Search for settings"
HEADING = "Did searching for better settings pay?"
SHOWN = 8
WORDS = {
    "better": "The gain is clear beyond chance, also after the correction for how many were tried.",
    "worse": "It does worse than the defaults; the search did not pay.",
    "not distinguishable": "Chance alone could make such a difference: the defaults may do as well.",
    "too few rows": "There are too few rows to tell the difference from chance.",
}


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    search = result.get("search")
    if not isinstance(search, Mapping) or not search.get("best"):
        return {}
    metric, best, gain = str(search["metric"]), search["best"], search.get("gain") or {}
    name = result.get("project") or "PROJECT"
    done = sum(1 for row in search["trials"] if row["score"] is not None)
    counts = ", ".join(f"{count(n)} {state}" for state, n in search["counts"].items())
    width = _width(search)
    how = [
        sentence(f"Search {search['name']}, {search['method']}: {search['reason']}"),
        *(sentence(words) for words in search.get("reasons") or []),
        *(sentence(words) for words in search.get("warnings") or []),
        sentence(f"Trials: {counts}; it ended because of this: {search['ended']}"),
    ]
    return {
        "best": f"{best['family']}: {settings_words(best['settings'])}",
        "number": best["number"],
        "figures": _figures(metric, gain, search.get("over_base"), width),
        "verdict": WORDS.get(str(gain.get("verdict")), "No trial was better than the defaults."),
        "method": sentence(str(gain.get("method") or "")),
        "edges": [sentence(f"Worth a wider range: {edge['text']}") for edge in search.get("edges") or []],
        "importance": _importance(search.get("importance") or {}),
        "skipped": sentence(f"Not known: {(search.get('importance') or {}).get('skipped')}")
        if "skipped" in (search.get("importance") or {})
        else "",
        "importance_method": sentence(str((search.get("importance") or {}).get("method") or "")),
        "patience": _patience(search.get("patience"), metric, width),
        "rows": _rows(search, metric, width),
        "more": plural(done - SHOWN, "more complete trial") if done > SHOWN else "",
        "how": how,
        "note": sentence(str(search.get("note") or "")),
        "command": f"trainwright tune {name} --search {search['search']} --trials {2 * int(search['wanted'])}",
    }


def figures(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Figure | None]:
    """Score against time, and the best over the trials."""
    return {"search_trade_off": figures_search.trade_off(result), "search_best": figures_search.best_so_far(result)}


def _width(search: Mapping[str, Any]) -> float | None:
    """How wide figures of the trials spread, so that all have the same decimals."""
    gain = search.get("gain") or {}
    if gain.get("low") is not None and gain.get("high") is not None:
        return float(gain["high"]) - float(gain["low"]) or None
    return None


def _figures(metric: str, gain: Mapping[str, Any], over: Any, width: float | None) -> list[dict[str, str]]:
    """The best trial's figure as chosen and corrected, and the gain over the defaults and over the earlier choice."""
    rows = [
        {
            "title": f"{explain(metric).title} as chosen",
            "value": score(metric, gain.get("score_as_chosen"), width),
            "says": f"mean over the folds; flattering, as the best of {plural(gain.get('candidates') or 0, 'trial')}",
        },
        {
            "title": f"{explain(metric).title} corrected",
            "value": score(metric, gain.get("score_corrected"), width),
            "says": f"{number(gain.get('bias'), width)} taken off for having been chosen",
        },
    ]
    if gain.get("value") is not None:
        low, high = number(gain.get("low"), width), number(gain.get("high"), width)
        rows.append(
            {
                "title": "Gain over the best defaults, corrected",
                "value": number(gain["value"], width),
                "says": f"95 % interval {low} to {high}, on the same rows; above 0 is better",
            }
        )
    if isinstance(over, Mapping):
        low, high = number(over.get("low"), width), number(over.get("high"), width)
        rows.append(
            {
                "title": f"Gain over {over['selected']}, which run {over['run']} chose, corrected",
                "value": number(over["value"], width),
                "says": f"95 % interval {low} to {high}, on the same rows: {over['verdict']}",
            }
        )
    return rows


def _importance(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"setting": row["setting"], "share": percent(row["share"]), "bar": round(100 * float(row["share"]), 1)}
        for row in found.get("settings") or []
    ]


def _patience(found: Any, metric: str, width: float | None) -> str:
    """Does twice the search pay, in a sentence."""
    if not isinstance(found, Mapping):
        return ""
    half, gained = score(metric, found["half"], width), number(found["gain"], width)
    if not found["gain"]:
        return f"The first half of the {plural(found['trials'], 'complete trial')} had already found the best ({half})."
    return f"Does twice the search pay? After half of the complete trials the best was {half}; the rest added {gained}."


def _rows(search: Mapping[str, Any], metric: str, width: float | None) -> list[dict[str, Any]]:
    """The best trials, and the defaults of the winner wherever they stand."""
    done = [row for row in search["trials"] if row["score"] is not None]
    done.sort(key=lambda row: row["score"], reverse=bool(search["greater_is_better"]))
    default = (search.get("default") or {}).get("number")
    chosen = done[:SHOWN] + [row for row in done[SHOWN:] if row["number"] == default]
    fronts = search.get("pareto") or {}
    out = []
    for row in chosen:
        on = [
            word
            for key, word in (("fit_seconds", "time"), ("predict_ms_per_row", "prediction"), ("size_mb", "size"))
            if row["number"] in fronts.get(key, [])
        ]
        out.append(
            {
                "number": row["number"],
                "family": row["family"],
                "settings": settings_words(row["settings"]),
                "value": score(metric, row["score"], width),
                "fit": duration(row["fit_seconds"]),
                "predict": f"{row['predict_ms_per_row']:.3g}" if row["predict_ms_per_row"] is not None else "–",
                "size": f"{row['size_mb']:.2f}" if row["size_mb"] is not None else "–",
                "front": ", ".join(on),
                "default": row["number"] == default,
            }
        )
    return out
