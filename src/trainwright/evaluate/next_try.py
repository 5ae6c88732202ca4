"""What to try next: from the weakest point of a version, by how much evidence speaks for each setting.

Only settings that leave rows, split and seed alone are proposed, because only those can be compared on the same rows,
and none that was tried from this version already.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainwright.config.changeable import why_fixed
from trainwright.evaluate.formats import percent, plural

MOST = 3
# A class counts as weak when so much less of it is found than of all rows.
WEAK_CLASS = 0.15
# What a setting is believed to do for a diagnosis when the run holds no figure of its size.
USUAL = 0.4
CUT_SHORT = 0.2
UNTRIED = 0.1
STRONGEST = "catboost"


@dataclass(frozen=True)
class NextTry:
    """One setting worth trying.

    Args:
        key, old, new: the setting, from what to what.
        text: what it does, as a sentence without its full stop.
        weak_point: what it is meant to improve.
        because: the figures that speak for it.
        evidence: how strongly, from 0 to 1; suggestions are ranked by it.
        command: the line that tries it.
    """

    key: str
    old: Any
    new: Any
    text: str
    weak_point: str
    because: str
    evidence: float
    command: str

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return dict(vars(self))


def next_tries(
    result: Mapping[str, Any],
    log: Sequence[Mapping[str, Any]] = (),
    per_class: Sequence[Mapping[str, Any]] = (),
) -> list[dict[str, Any]]:
    """At most three settings worth trying from a version, the one with most evidence first.

    Args:
        result: the result document of the version's run.
        log: the iterations of the project so far; what was tried from this run is not proposed again.
        per_class: of the evaluation document on out-of-fold rows, where there is one.

    Returns:
        `NextTry` as plain data; none where no weak point names a setting.

    Example:
        >>> next_tries({"diagnosis": {"code": "good"}, "project": "parts", "version": "v1"})
        []
    """
    tried = {
        (change["key"], json.dumps(change["new"], sort_keys=True))
        for entry in log
        if (entry.get("base") or {}).get("run") == result.get("run") and not entry.get("cut")
        for change in entry.get("changes") or []
    }
    name = f"{result.get('project')}@{result['version']}" if result.get("version") else str(result.get("project"))
    found: dict[str, NextTry] = {}
    for one in (*_weak_class(result, per_class, tried), *_advised(result), *_cut_short(result), *_untried(result)):
        key, old, new, text, weak_point, because, evidence = one
        if why_fixed(key) is not None or key.startswith("requirements."):
            continue
        if (key, json.dumps(_plain(new), sort_keys=True)) in tried:
            continue
        command = f"trainwright try {name} --set {shlex.quote(f'{key}={spelled(new)}')}"
        made = NextTry(
            key, _plain(old), _plain(new), text, weak_point, because.rstrip("."), round(evidence, 3), command
        )
        if key not in found or found[key].evidence < made.evidence:
            found[key] = made
    ranked = sorted(found.values(), key=lambda one: -one.evidence)
    return [one.to_json() for one in ranked[:MOST]]


Proposal = tuple[str, Any, Any, str, str, str, float]


def _advised(result: Mapping[str, Any]) -> Iterator[Proposal]:
    """The advice that names a setting; of equal evidence the first is the most useful."""
    diagnosis = result.get("diagnosis") or {}
    weak = str(diagnosis.get("title") or diagnosis.get("code") or "the fit")
    share = (result.get("gap") or {}).get("share")
    size = USUAL
    if diagnosis.get("code") == "overfitting" and isinstance(share, float):
        size = max(0.0, min(1.0, share))
    for at, remedy in enumerate(diagnosis.get("remedies") or []):
        if remedy.get("key"):
            said = str(remedy.get("because") or diagnosis.get("text") or "")
            evidence = size * (1 - 0.02 * at)
            point = f"the fit of {remedy['about']}" if remedy.get("about") else weak
            yield remedy["key"], remedy.get("old"), remedy.get("new"), str(remedy["text"]), point, said, evidence


def _weak_class(
    result: Mapping[str, Any], per_class: Sequence[Mapping[str, Any]], tried: set[tuple[str, str]]
) -> Iterator[Proposal]:
    """More say for the class of which least is found, where that is clearly less than of all rows."""
    given = (result.get("settings") or {}).get("training") or {}
    rows = [row for row in per_class if (row.get("recall") or {}).get("value") is not None and row.get("support")]
    if len(rows) < 2 or given.get("class_weight") or given.get("resample") not in (None, "none"):
        return
    total = sum(row["support"] for row in rows)
    overall = sum(row["support"] * row["recall"]["value"] for row in rows) / total
    worst = min(rows, key=lambda row: row["recall"]["value"])
    lost = overall - worst["recall"]["value"]
    # Of a class that is found as often as the rest, the upper end of the interval reaches the rest.
    if lost < WEAK_CLASS or (worst["recall"].get("high") or 1.0) >= overall:
        return
    because = (
        f"of {plural(worst['support'], 'row')} of {worst['class']}, {percent(worst['recall']['value'])} are found, "
        f"against {percent(overall)} of all rows"
    )
    weak = f"the class {worst['class']}"
    yield (
        *("training.class_weight", None, "balanced", "let mistakes on rare classes weigh more while training"),
        *(weak, because, lost),
    )
    if ("training.class_weight", '"balanced"') in tried:
        text = "copy rows of rare classes among those that a fit learns from"
        yield "training.resample", "none", "over", text, weak, because, lost


def _cut_short(result: Mapping[str, Any]) -> Iterator[Proposal]:
    """Twice the time, where the limit cut the plan."""
    budget = result.get("budget") or {}
    limit, shortened = budget.get("limit_s"), budget.get("shortened") or []
    if limit and shortened:
        because = f"the limit cut {plural(len(shortened), 'part')} of the plan: {shortened[0]}"
        old, new = float(limit), 2 * float(limit)
        yield "training.time_limit", old, new, "allow twice the time", "the time", because, CUT_SHORT


def _untried(result: Mapping[str, Any]) -> Iterator[Proposal]:
    """The family that is strongest on most tables, where the user's choice of families leaves it out."""
    given = (result.get("settings") or {}).get("training") or {}
    named = list(given.get("families") or [])
    if named and STRONGEST not in named and not given.get("model_type"):
        because = f"only {', '.join(named)} and the simple models were compared, and {STRONGEST} is often the strongest"
        new = [*named, STRONGEST]
        yield "training.families", named, new, f"let {STRONGEST} take part", "the choice of families", because, UNTRIED


def spelled(value: Any) -> str:
    """A value as `--set KEY=VALUE` reads it.

    Example:
        >>> spelled(True), spelled(["a", "b"]), spelled(0.1)
        ('true', 'a,b', '0.1')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "default"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ",".join(f"{key}={spelled(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ",".join(spelled(item) for item in value)
    return str(value)


def _plain(value: Any) -> Any:
    """A span of time such as "360s" as the number that settings hold."""
    if isinstance(value, str) and value.endswith("s") and value[:-1].replace(".", "", 1).isdigit():
        return float(value[:-1])
    return list(value) if isinstance(value, tuple) else value
