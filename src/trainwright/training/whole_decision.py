"""Whether the stored document of a decision is whole: what predictions, the screen and the report read from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.errors import EnvironmentProblem, UserError
from trainwright.evaluate.deciding.costs import Costs
from trainwright.evaluate.deciding.policy import Policy
from trainwright.packages.number_intervals import WIDTH, ReviewWidth
from trainwright.store.decisions import NONE, Decision

# What every document holds, and what that is.
NEEDED = {"policy": "object", "figures": "object", "text": "text", "flags": "text"}
# What it may hold besides.
OPTIONAL = {
    "against": "object of objects",
    "thresholds": "object",
    "costs": "object",
    "today": "object",
    "given": "object",
    "target": "object",
    "sweep": "list of objects",
    "segments": "list of objects",
    "resamples": "number",
    "n_rows": "number",
    "positives": "number",
    "label": "text",
    "units": "text",
}
POINT = {"threshold": "number", "f1": "number"}
SEGMENT = {"value": "text", "n_rows": "number", "positives": "number", "threshold": "number"}
# What their lines may hold besides; a share is absent where no row stands behind it.
SHARES = dict.fromkeys(("flagged", "precision", "recall", "alone", "cost_per_1000", "error_kept"), "number")


def whole(decision: Decision, called: str) -> Decision:
    """The decision, if its document can be used.

    Args:
        decision: of the store.
        called: its version, such as "parts@v2", for the message.

    Raises:
        EnvironmentProblem: somebody changed the document by hand: which row it is, and what to do.
    """
    why = damage(decision)
    if why is None:
        return decision
    flags = decision.document.get("flags")
    again = flags if isinstance(flags, str) and flags else "with its goal"
    raise EnvironmentProblem(
        f"decision {decision.label} of {called} is damaged (row {decision.id} of the table `decision`): {why}",
        remedy=f"make it again: trainwright decide {called} {again}; until then --decision {NONE} answers by the "
        "version's own threshold",
    )


def damage(decision: Decision) -> str | None:
    """Why a decision cannot be used, in words; None for a whole one."""
    if decision.damage is not None:
        return decision.damage
    found = lacking(decision.document)
    return None if found is None else f"its document was changed by hand, {found}"


def lacking(document: Mapping[str, Any]) -> str | None:
    """What a stored decision lacks or holds in a wrong form, the first of it in words; None for a whole one.

    Args:
        document: as `decide` or `decide_numbers` made it, perhaps by an earlier release, perhaps changed by hand.

    Example:
        >>> lacking({"figures": {}, "text": "", "flags": ""})
        "'policy' is missing"
        >>> lacking({"policy": 3})
        "'policy' must be an object, found 3"
    """
    found = _wrong(document, NEEDED, needed=True) or _wrong(document, OPTIONAL)
    if found is not None:
        return found
    policy = document["policy"]
    if (document.get("kind") == WIDTH) != (policy.get("kind") == WIDTH):
        return f"'kind' is {document.get('kind')!r:.30}, which does not fit its policy"
    if policy.get("kind") == WIDTH:
        return _of_width(document)
    found = _wrong(document, {"reasons": "list of texts"}, needed=True)
    found = found or _inside(document, "sweep", POINT) or _inside(document, "segments", SEGMENT)
    if found is None and policy.get("positive") is not None:
        found = _wrong(policy, dict.fromkeys(("low", "high", "middle"), "number"), needed=True)
    if found is not None:
        return found
    try:
        Policy.from_json(policy)
    except UserError as error:
        return f"'policy': {error.problem}"
    return _of_costs(document)


def _of_costs(document: Mapping[str, Any]) -> str | None:
    """The costs, which a labelled file is judged by."""
    costs, k = document.get("costs"), document["policy"]["classes"]
    try:
        sizes = [] if costs is None else [len(row) for row in Costs.from_json(costs).matrix]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        return f"'costs' cannot be read: {error}"
    return None if costs is None or sizes == [k] * k else f"'costs' are no table of {k} x {k}"


def _of_width(document: Mapping[str, Any]) -> str | None:
    """A decision on a number: from which width a person looks."""
    found = _wrong(document, {"note": "text"}, needed=True)
    found = found or _wrong(document["figures"], {"sweep": "list of objects"}, needed=True)
    found = found or _inside(document["figures"], "sweep", dict.fromkeys(("share", "limit"), "number"))
    if found is not None:
        return found
    width = document["policy"].get("width")
    try:
        ReviewWidth.parse(width if isinstance(width, str) else "")
    except UserError as error:
        return f"'policy', 'width': {error.problem}"
    return None


def _inside(document: Mapping[str, Any], name: str, needed: Mapping[str, str]) -> str | None:
    for item in document.get(name) or []:
        found = _wrong(item, needed, needed=True) or _wrong(item, SHARES)
        if found is not None:
            return f"'{name}': {found}"
    return None


def _wrong(document: Mapping[str, Any], kinds: Mapping[str, str], *, needed: bool = False) -> str | None:
    for name, kind in kinds.items():
        value = document.get(name)
        if value is None and not needed:
            continue
        if name not in document:
            return f"'{name}' is missing"
        if not _is(value, kind):
            article = "an" if kind.startswith("o") else "a"
            return f"'{name}' must be {article} {kind}, found {value!r:.30}"
    return None


def _is(value: Any, kind: str) -> bool:
    whole, _, parts = kind.partition(" of ")
    if whole == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if whole == "text":
        return isinstance(value, str)
    kept = isinstance(value, Mapping if whole == "object" else list)
    inside = value.values() if whole == "object" and kept else value
    return kept and (not parts or all(_is(item, parts.removesuffix("s")) for item in inside))
