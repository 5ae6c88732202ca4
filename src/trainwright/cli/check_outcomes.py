"""Says how the checks ended, so that silence about a check is never taken for an all-clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def unseen(outcomes: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for the checks that did not look though they could have, in words: skipped for want of time, or crashed.

    Args:
        outcomes: how each check ended, see `Outcome.to_json`; checks that are made later count as looking.

    Example:
        >>> late = {"code": "TW101", "slug": "duplicate-rows", "state": "skipped", "reason": "no time was left"}
        >>> unseen([late])
        ['checks  not made: TW101 duplicate rows (no time was left)']
    """
    lines = []
    for state, words in (("skipped", "not made"), ("crashed", "crashed, which is a fault of ours")):
        reasons: dict[str, list[str]] = {}
        for outcome in outcomes:
            if outcome["state"] == state and not str(outcome["reason"]).startswith("the training's own models"):
                reasons.setdefault(str(outcome["reason"]), []).append(_named(outcome))
        for reason, names in reasons.items():
            lines.append(f"checks  {words}: {', '.join(names)} ({reason})")
    return lines


def summary(outcomes: Sequence[Mapping[str, Any]]) -> list[str]:
    """How all checks ended: those that passed or had nothing to look at by code, the others as `unseen` says it.

    Example:
        >>> summary([{"code": "TW101", "state": "passed", "reason": ""}])
        ['checks  passed: TW101']
    """
    lines = []
    for state in ("passed", "not applicable"):
        codes = [str(outcome["code"]) for outcome in outcomes if outcome["state"] == state]
        if codes:
            lines.append(f"checks  {state}: {', '.join(codes)}")
    return lines + unseen(outcomes)


def _named(outcome: Mapping[str, Any]) -> str:
    """The code, and what the check looks for."""
    return f"{outcome['code']} {str(outcome['slug']).replace('-', ' ')}"
