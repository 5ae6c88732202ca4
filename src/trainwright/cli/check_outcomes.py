"""Says how the checks ended, so that silence about a check is never taken for an all-clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def unseen(outcomes: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for the checks that did not look though they could have: skipped for want of time, or crashed.

    Args:
        outcomes: how each check ended, see `Outcome.to_json`; checks that are made later count as looking.

    Example:
        >>> unseen([{"code": "TW101", "state": "skipped", "reason": "the 2 seconds for checks were used up"}])
        ['checks  not made: TW101 (the 2 seconds for checks were used up)']
    """
    lines = []
    for state, words in (("skipped", "not made"), ("crashed", "crashed, which is a fault of ours")):
        reasons: dict[str, list[str]] = {}
        for outcome in outcomes:
            if outcome["state"] == state and not str(outcome["reason"]).startswith("the training's own models"):
                reasons.setdefault(str(outcome["reason"]), []).append(str(outcome["code"]))
        for reason, codes in reasons.items():
            lines.append(f"checks  {words}: {', '.join(codes)} ({reason})")
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
