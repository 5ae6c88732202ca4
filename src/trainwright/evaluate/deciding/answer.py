"""A decision in one line: from where on what happens, and to how many of 1,000 cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.deciding.words import plain_count
from trainwright.evaluate.decision_words import positive_name
from trainwright.evaluate.formats import estimate, number, percent


def answer(document: Mapping[str, Any]) -> str:
    """The decision for somebody in a hurry; the paragraph (`words.paragraph`) says what it costs and how sure that is.

    Args:
        document: a stored decision.

    Example:
        >>> figures = {"flagged": 0.062, "missed_per_1000": 3.0}
        >>> target = {"column": "state", "classes": ["ok", "faulty"], "positive": "faulty"}
        >>> answer({"figures": figures, "target": target, "policy": {"positive": 1, "high": 0.0831}})
        'flag as faulty from a probability of 0.0831 on: 62 of 1,000 cases, and 3 are missed'
    """
    policy, figures = document["policy"], document["figures"]
    review = _thousand(figures.get("review"))
    if policy.get("kind") == "width":
        return f"a person looks where low and high lie more than {_width(str(policy['width']))} apart: {review} cases"
    if policy.get("positive") is None:
        wrong = estimate(figures.get("wrong_per_1000"))[0]
        person = "" if policy.get("review_above") is None else f", or a person for {review} cases"
        return f"the class that is expected to cost least{person}" + (
            "" if wrong is None else f"; {plain_count(wrong)} of 1,000 are decided wrongly"
        )
    missed = estimate(figures.get("missed_per_1000"))[0]
    passed = "" if missed is None else f", and {plain_count(missed)} are missed"
    if policy.get("band") and policy["low"] < policy["high"]:
        between = f"accept below {policy['low']:.3g}, reject from {policy['high']:.3g} on, a person between them"
        return f"{between}: {review} cases{passed}"
    by = f" (by {policy['by']} where that differs)" if policy.get("by") else ""
    name, flagged = positive_name(document), _thousand(figures.get("flagged"))
    return f"flag as {name} from a probability of {policy['high']:.3g} on{by}: {flagged} cases{passed}"


def _thousand(share: Any) -> str:
    value = estimate(share)[0]
    return "an unknown number of" if value is None else f"{plain_count(1000 * value)} of 1,000"


def _width(width: str) -> str:
    share = width.endswith("%")
    value = float(width.removesuffix("%"))
    return f"{percent(value / 100)} of the prediction" if share else number(value)
