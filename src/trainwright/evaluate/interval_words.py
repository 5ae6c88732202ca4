"""What low and high come to in plain words: for the terminal, the report and the guide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.formats import count, estimate, number, percent, plural

ROWS = {"test": "sealed test rows", "validation": "out-of-fold rows", "file": "rows of the file"}


def said(measured: Mapping[str, Any], part: str) -> str:
    """How often the truth lay between low and high, and how wide these were.

    Args:
        measured: what `interval_coverage.measure` gives.
        part: "test", "validation" or "file".

    Example:
        >>> coverage = {"value": 0.91, "low": 0.88, "high": 0.93}
        >>> found = said({"level": 0.9, "n_rows": 400, "coverage": coverage, "width": {"median": 6.21}}, "test")
        >>> found.partition("; their")[0]
        '91 of 100 true values lie between low and high (88 to 93; 90 were asked for)'
    """
    value, low, high = estimate(measured.get("coverage"))
    if value is None:
        return "no row has a truth to compare low and high with"
    reach = f"{hundred(low)} to {hundred(high)}; " if low is not None and high is not None else ""
    width = number((measured.get("width") or {}).get("median"))
    return (
        f"{hundred(value)} of 100 true values lie between low and high ({reach}{hundred(measured['level'])} were asked "
        f"for); their typical distance is {width} (measured on {count(measured['n_rows'])} {ROWS[part]})"
    )


def verdict(measured: Mapping[str, Any]) -> str:
    """Whether the share is what was asked for, as far as the rows can tell; "" when they cannot.

    Example:
        >>> verdict({"level": 0.9, "coverage": {"value": 0.8, "low": 0.76, "high": 0.84}})
        'too_low'
    """
    _, low, high = estimate(measured.get("coverage"))
    if low is None or high is None:
        return ""
    if high < measured["level"]:
        return "too_low"
    return "more" if low > measured["level"] else "kept"


def segment(one: Mapping[str, Any]) -> str:
    """A kind of row on which the share is clearly too low, in one line.

    Example:
        >>> segment({"where": "age < 25", "n": 412, "coverage": {"value": 0.71}, "width": 5.0})
        'age < 25: 71 of 100 between low and high (412 rows)'
    """
    value = hundred(estimate(one.get("coverage"))[0])
    return f"{one['where']}: {value} of 100 between low and high ({plural(one['n'], 'row')})"


def hundred(share: float | None) -> str:
    """A share as a number out of a hundred.

    Example:
        >>> hundred(0.9), hundred(0.905), hundred(0.987)
        ('90', '90.5', '98.7')
    """
    return "–" if share is None else f"{round(100 * share, 1):g}"


def floor_words(floor: float | None) -> str:
    """Why low is never below zero, or ""."""
    return "" if floor is None else f"low is never below {floor:g}, because no training row is"


def share_in_review(share: float) -> str:
    """A share of rows that goes to a person.

    Example:
        >>> share_in_review(0.0625).replace("\u00a0", " ")
        '6.2 % of the rows go to a person'
    """
    return f"{percent(share)} of the rows go to a person"


def beside_numbers(result: Mapping[str, Any]) -> list[str]:
    """What a training says of low and high, in lines; none for classes."""
    found = result.get("interval")
    if not isinstance(found, Mapping):
        return []
    if "skipped" in found:
        return [f"no low and high beside the predictions: {found['skipped']}"]
    part = str(found.get("measured_on") or "validation")
    measured = found.get(part) or {}
    if not measured.get("coverage"):
        return [f"low and high at {hundred(found.get('level'))} of 100 were not measured: {measured.get('skipped')}"]
    lines = [f"low and high: {said(measured, part)}"]
    return lines + ([f"  {found['claim']}"] if found.get("claim") else [])
