"""The section that sets the present process beside the chosen model, metric by metric, on the rows that it decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.report_words import sentence
from trainwright.evaluate.text import common_width, estimate, explain, interval, plural, score

TITLE = "Present process"
HEADING = "Against the present process"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The comparison on out-of-fold rows, on the sealed test, and the figures that were only stated."""
    present = result.get("present_process")
    if not isinstance(present, Mapping):
        return {}
    test = present.get("test")
    parts = [
        _part(title, document)
        for title, document in (("On held-out rows", present), ("On the sealed test", test))
        if isinstance(document, Mapping) and document.get("metrics")
    ]
    own = {**(result.get("validation") or {}), **((evaluations.get("validation") or {}).get("metrics") or {})}
    stated = [
        {"title": explain(name).title, "today": score(name, value), "model": _shown(name, own.get(name))}
        for name, value in (present.get("stated") or {}).items()
    ]
    said = sentence(f"the chosen model is {present['text']}") if present.get("text") else ""
    notes = [sentence(str(note)) for note in present.get("notes") or []]
    if isinstance(test, Mapping):
        notes += [f"On the sealed test: {note}." for note in test.get("notes") or [] if not test.get("metrics")]
    return {"parts": parts, "stated": stated, "text": said, "notes": notes, "column": present.get("column") or ""}


def _part(title: str, document: Mapping[str, Any]) -> dict[str, Any]:
    rows = []
    for name, today in document["metrics"].items():
        model = (document.get("model") or {}).get(name)
        width = common_width([today, model])
        if estimate(today)[0] is None and estimate(model)[0] is None:
            continue
        rows.append(
            {
                "title": explain(name).title,
                "today": {"value": score(name, today, width), "interval": interval(name, today, width)},
                "model": {"value": score(name, model, width), "interval": interval(name, model, width)},
            }
        )
    undecided = document.get("undecided")
    left = f"; {plural(undecided, 'row')} without a decision left out" if undecided else ""
    return {"title": title, "rows": rows, "shows": plural(document.get("n_rows") or 0, "row") + left}


def _shown(name: str, figure: Any) -> str:
    return score(name, figure) if estimate(figure)[0] is not None else "–"
