"""The section on rows that have something in common and are predicted worse than the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.text import count, number, percent, plural

TITLE = "Where it is weak"
HEADING = "Kinds of rows on which it is weak"
SMALL_SHARE = 0.1  # of the rows: below it more examples are the first remedy


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    found = result.get("segments")
    if not isinstance(found, Mapping):
        return {}
    if "skipped" in found:
        return {"skipped": found["skipped"]}
    shares = found.get("measure") == "share decided wrongly"
    shown = percent if shares else number
    rows = [
        {"text": sentence(one, shares), "share": percent(one["share"]), "remedy": remedy(one, shares)}
        for one in found.get("segments") or []
    ]
    halves = found.get("n_rows") or [0, 0]
    how = (
        f"{plural(found.get('tried') or 0, 'slice')} of single columns and pairs were looked at on {count(halves[0])} "
        f"out-of-fold rows; the {found.get('carried') or 0} worst were then measured on {count(halves[1])} other rows, "
        "whose figures are told here. Told are those that stay clearly worse after the correction for how many were "
        "measured (Holm, 5 %)."
    )
    return {
        "found": rows,
        "how": how if found.get("tried") else "",
        "note": found.get("note") or "",
        "measure": found.get("measure") or "",
        "overall": shown(found.get("overall")),
    }


def sentence(segment: Mapping[str, Any], shares: bool) -> str:
    """A segment in one line.

    Example:
        >>> sentence({"where": "age < 25", "value": 0.23, "elsewhere": 0.09, "n": 412}, True)
        'age < 25: error 23 % against 9 % elsewhere (n=412)'
    """
    word = "error" if shares else "mean absolute error"
    shown = (lambda v: f"{100 * v:.0f} %") if shares else number
    value, other = shown(segment["value"]), shown(segment["elsewhere"])
    return f"{segment['where']}: {word} {value} against {other} elsewhere (n={segment['n']:,})"


def remedy(segment: Mapping[str, Any], shares: bool) -> str:
    """What to do about a segment, the likeliest first."""
    if "is missing" in segment["where"] or "is empty" in segment["where"]:
        return "Fill the gap where the rows come from, or send such rows to a person."
    inside, outside = segment.get("outcome"), segment.get("outcome_elsewhere")
    if not shares and inside and outside and abs(inside) > 1.3 * abs(outside):
        return (
            f"The numbers themselves are larger here ({number(inside)} against {number(outside)} on average), so part "
            "of the error is size; a metric in percent may suit the decision better."
        )
    if segment["share"] < SMALL_SHARE:
        return f"Only {percent(segment['share'])} of the rows are like this: collect more labelled examples of them."
    return (
        "There are many such rows already: ask those who know them which column would tell them apart, and let a "
        "person look at the unsure ones."
    )
