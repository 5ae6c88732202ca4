"""A decision in a paragraph that somebody understands who does not build models: counts in 1,000 cases, with ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.deciding.bought import CASES
from trainwright.evaluate.deciding.decide import HALF, OWN
from trainwright.evaluate.decision_words import of_hundred, positive_name
from trainwright.evaluate.formats import estimate, number

Document = Mapping[str, Any]


def paragraph(document: Document, today: Mapping[str, Any] | None = None) -> str:
    """What the decision does to 1,000 cases, against how it would go otherwise.

    Args:
        document: of `decide.decide`.
        today: {"name", "missed", "flagged", "cost"} of the present process in 1,000 cases, or None.

    Example:
        >>> figures = {"flagged": 0.062, "missed_per_1000": 3.0, "found_per_1000": 28.0, "positive_per_1000": 31.0}
        >>> target = {"column": "state", "classes": ["ok", "faulty"], "positive": "faulty"}
        >>> paragraph({"figures": figures, "target": target, "policy": {"positive": 1}})
        'Of 1,000 cases 62 are flagged as faulty, 28 of them rightly. 3 faulty cases pass unnoticed.'
    """
    if document["policy"].get("positive") is None:
        return _many(document)
    figures, name = document["figures"], positive_name({"target": document["target"]})
    out = _band(figures, name) if document["policy"].get("band") else _flags(figures, name)
    other = _against(document, today)
    if other is not None:
        out[-1] = f"{out[-1][:-1]}, against {other}."
    return " ".join([*out, *_costs(document, today)])


def _flags(figures: Document, name: str) -> list[str]:
    found, missed = figures.get("found_per_1000"), figures.get("missed_per_1000")
    return [
        f"Of 1,000 cases {_of_cases(figures['flagged'])} are flagged as {name}, {_cases(found)} of them rightly.",
        f"{_cases(missed, start=True)} {name} {_noun(missed)} unnoticed.",
    ]


def _band(figures: Document, name: str) -> list[str]:
    review, flagged = figures["review"], figures["flagged"]
    wrong, missed = figures.get("false_per_1000"), figures.get("missed_per_1000")
    if not (estimate(review)[0] or 0.0):
        return [f"No case goes to a person. {_flags(figures, name)[0]}", _flags(figures, name)[1]]
    return [
        f"Of 1,000 cases {_of_cases(review)} go to a person; {_of_cases(flagged)} are rejected as {name} without one, "
        f"{_cases(wrong)} of them wrongly, and the rest are accepted.",
        f"Among the accepted {_cases(missed)} {name} {_noun(missed)} unnoticed.",
    ]


def _against(document: Document, today: Mapping[str, Any] | None) -> str | None:
    """How many pass otherwise: today where that is known, else by the version's own threshold or 0.5."""
    if today is not None and today.get("missed") is not None:
        return f"{plain_count(today['missed'])} {today.get('name') or 'today'}"
    ways = document.get("against") or {}
    for way in (OWN, HALF):
        missed = estimate((ways.get(way) or {}).get("missed_per_1000"))[0]
        if missed is not None:
            at = f" of {ways[way]['threshold']:.3g}" if way == OWN else ""
            return f"{plain_count(missed)} with {way}{at}"
    return None


def _costs(document: Document, today: Mapping[str, Any] | None) -> list[str]:
    cost = estimate(document["figures"].get("cost_per_1000"))
    if cost[0] is None:
        return []
    unit = (document.get("costs") or {}).get("unit")
    words = f" {unit}" if unit else ""
    what = "Mistakes and reviews" if document["policy"].get("band") else "Mistakes"
    text = f"{what} cost {_money(cost)}{words} in 1,000 cases"
    if today is not None and today.get("cost") is not None:
        return [f"{text}, against {_amount(today['cost'])}{words} {today.get('name') or 'today'}."]
    for way in (OWN, HALF, *(document.get("against") or {})):
        figures = (document.get("against") or {}).get(way)
        saved = None if figures is None else figures.get("saved_per_1000")
        value, low, high = estimate(saved)
        if figures is None or value is None:
            continue
        text += f", against {_amount(estimate(figures['cost_per_1000'])[0] or 0.0)}{words} with {way}"
        if low is not None and high is not None:
            sure = "saves" if low > 0 else "costs more by" if high < 0 else "the difference may be chance:"
            ends = (low, high) if high >= 0 or low > 0 else (-high, -low)
            ends = (low, high) if low <= 0 <= high else ends
            text += f" ({sure} {_amount(ends[0])} to {_amount(ends[1])})"
        break
    return [f"{text}."]


def _many(document: Document) -> str:
    figures = document["figures"]
    right, wrong = estimate(figures["right"])[0], figures["wrong_per_1000"]
    out = []
    if document["policy"].get("review_above") is not None:
        out.append(f"Of 1,000 cases {_of_cases(figures['review'])} go to a person.")
        out.append(f"Of the others {of_hundred(right)} are decided rightly; {_cases(wrong)} are wrong.")
    else:
        out.append(f"Of 1,000 cases {_cases(wrong)} are decided wrongly.")
    return " ".join([*out, *_costs(document, None)])


def _of_cases(figure: Any) -> str:
    """A share as cases in 1,000."""
    value, low, high = estimate(figure)
    return _cases({"value": _times(value), "low": _times(low), "high": _times(high)})


def _times(share: float | None) -> float | None:
    return None if share is None else CASES * share


def _cases(figure: Any, *, start: bool = False) -> str:
    value, low, high = estimate(figure)
    if value is None:
        return "An unknown number of" if start else "an unknown number"
    text = plain_count(value)
    if low is None or high is None or (plain_count(low) == text == plain_count(high)):
        return text
    return f"{text} ({plain_count(low)} to {plain_count(high)})"


def plain_count(value: float) -> str:
    """A count of cases: whole from 10 on, with a decimal below."""
    return f"{round(value):,}" if value >= 9.95 else f"{value:.1f}".removesuffix(".0")


def _noun(figure: Any) -> str:
    value = estimate(figure)[0]
    return "case passes" if value is not None and plain_count(value) == "1" else "cases pass"


def _amount(value: float) -> str:
    return f"{round(value):,}".replace("-", "−") if abs(value) >= 100 else number(value)


def _money(figure: tuple[float | None, float | None, float | None]) -> str:
    value, low, high = figure
    text = _amount(value or 0.0)
    return text if low is None or high is None else f"{text} ({_amount(low)} to {_amount(high)})"


def told(found: Mapping[str, Any] | None) -> list[str]:
    """What the screen of a training says about its decision: the paragraph, or why there is none and what to do.

    Example:
        >>> told({"skipped": "d1 was made for parts@v1", "command": "trainwright decide parts@v2 --beta 2"})
        ['no decision: d1 was made for parts@v1', '  trainwright decide parts@v2 --beta 2']
    """
    if not found:
        return []
    if "skipped" in found:
        command = found.get("command")
        return [f"no decision: {found['skipped']}", *([f"  {command}"] if command else [])]
    label = found.get("label")
    return [f"decision {label}: {found['text']}" if label else f"decision: {found['text']}"]
