"""The user's own rule for keeping a model, such as "recall>=0.9 and precision>=0.5", held by its cautious bound.

A figure measured on some rows is uncertain, so a rule is kept only if the end of its 95 % interval that speaks against
it keeps it: the lower end for a minimum, the upper end for a maximum.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from trainwright.errors import UserError
from trainwright.evaluate.glossary import METRICS, explain

TERM = re.compile(
    r"\s*(?P<metric>[A-Za-z][\w-]*)\s*(?:\[(?P<label>.+)\])?\s*(?P<sign>>=|<=|=|>|<)\s*"
    r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<percent>%)?\s*"
)
# An "and" that begins another condition; a class may be called "black and white".
AND = re.compile(r"\s+and\s+(?=[A-Za-z][\w-]*\s*(?:\[.+?\])?\s*[<>=])", re.IGNORECASE)
OTHER_NAMES = {"auc": "roc_auc", "auc_roc": "roc_auc", "logloss": "log_loss"}
EXAMPLE = 'write for example --accept "recall>=0.9" or --accept "recall[scratch]>=0.9 and precision>=0.5"'
PER_CLASS = ("precision", "recall", "f1")


@dataclass(frozen=True)
class Condition:
    """One condition of a rule.

    Args:
        metric: its name.
        label: the class it is about, None for the whole.
        least: it is a minimum; else a maximum.
        limit: the number.
    """

    metric: str
    label: str | None
    least: bool
    limit: float

    @property
    def text(self) -> str:
        """As it is written.

        Example:
            >>> Condition("recall", "scratch", True, 0.9).text
            'recall[scratch]>=0.9'
        """
        where = "" if self.label is None else f"[{self.label}]"
        return f"{self.metric}{where}{'>=' if self.least else '<='}{self.limit:g}"


def parse_rule(text: str) -> tuple[Condition, ...]:
    """The conditions of a rule.

    Raises:
        UserError: it cannot be read; the part that is wrong is named.

    Example:
        >>> [one.text for one in parse_rule("recall >= 90% and log_loss <= 0.4")]
        ['recall>=0.9', 'log_loss<=0.4']
    """
    found = []
    for part in AND.split(text.strip()):
        match = TERM.fullmatch(part)
        if match is None or match["sign"] == "=":
            shown = part.strip() or "nothing"
            hint = "conditions are joined by `and`, and `or` is not known; " if re.search(r"\bor\b", part) else ""
            raise UserError(f"--accept {text!r} cannot be read at {shown!r}", remedy=hint + EXAMPLE)
        name = match["metric"].lower().replace("-", "_")
        limit = float(match["number"]) / (100 if match["percent"] else 1)
        found.append(Condition(OTHER_NAMES.get(name, name), match["label"], match["sign"].startswith(">"), limit))
    return tuple(found)


def check_rule(rule: Sequence[Condition], document: Mapping[str, Any]) -> None:
    """Refuses a rule about what is not measured for this target.

    Args:
        rule: the conditions.
        document: the evaluation document of the version that the new run is compared with.

    Raises:
        UserError: an unknown metric or class, with the nearest; or a maximum of what should be large.
    """
    known = [name for name, figure in (document.get("metrics") or {}).items() if figure]
    classes = [str(row["class"]) for row in document.get("per_class") or []]
    for one in rule:
        names = list(PER_CLASS) if one.label is not None else known
        if one.metric not in names:
            near = get_close_matches(one.metric, names, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            what = "measured for a class" if one.label is not None else "measured for this target"
            raise UserError(
                f"--accept: {one.metric!r} is not {what}", remedy=f"{hint}there are: {', '.join(names) or 'none'}"
            )
        if one.label is not None and one.label not in classes:
            near = get_close_matches(one.label, classes, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            listed = ", ".join(classes[:12]) + (", ..." if len(classes) > 12 else "")
            raise UserError(f"--accept: there is no class {one.label!r}", remedy=f"{hint}classes: {listed or 'none'}")
        if one.label is None and explain(one.metric).greater_is_better is not one.least:
            better, sign = ("more", ">=") if explain(one.metric).greater_is_better else ("less", "<=")
            raise UserError(
                f"--accept {one.text}: of {one.metric} {better} is better",
                remedy=f"write {one.metric}{sign}{one.limit:g}",
            )
        if one.label is not None or one.metric in METRICS:
            _check_reach(one)


def _check_reach(one: Condition) -> None:
    """Refuses a limit that no model can keep: what should be large is at most 1, what should be small at least 0."""
    if (one.limit > 1) if one.least else (one.limit < 0):
        raise UserError(
            f"--accept {one.text}: {one.metric} is never {'above 1' if one.least else 'below 0'}, "
            "so no run could be kept",
            remedy="name a limit that it can reach",
        )


def judge_rule(rule: Sequence[Condition], document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How each condition is kept by an evaluation document.

    Returns:
        For each condition {"condition", "value", "bound", "kept", "text"}; `bound` is the end of the 95 % interval that
        speaks against it.

    Example:
        >>> document = {"metrics": {"recall": {"value": 0.93, "low": 0.88, "high": 0.96}}}
        >>> judge_rule(parse_rule("recall>=0.9"), document)[0]["text"]
        'recall>=0.9 is not kept: the lower end of its 95 % interval is 0.880 (the figure itself 0.930)'
    """
    out = []
    for one in rule:
        figure = _figure(one, document) or {}
        value, bound = figure.get("value"), figure.get("low" if one.least else "high")
        kept = bound is not None and (bound >= one.limit if one.least else bound <= one.limit)
        end = "lower" if one.least else "upper"
        if value is None:
            text = f"{one.text} is not kept: it is not defined on these rows"
        elif bound is None:
            text = f"{one.text} is not kept: {value:.3f} has no interval on so few rows"
        else:
            said = "is kept" if kept else "is not kept"
            text = (
                f"{one.text} {said}: the {end} end of its 95 % interval is {bound:.3f} (the figure itself {value:.3f})"
            )
        out.append({"condition": one.text, "value": value, "bound": bound, "kept": bool(kept), "text": text})
    return out


def _figure(one: Condition, document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if one.label is None:
        found: Mapping[str, Any] | None = (document.get("metrics") or {}).get(one.metric)
        return found
    rows = [row for row in document.get("per_class") or [] if str(row["class"]) == one.label]
    return rows[0].get(one.metric) if rows else None
