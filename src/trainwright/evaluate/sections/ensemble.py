"""The section on several models together: what they gain over the best single one, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate import ensemble_words as words
from trainwright.evaluate.figure_style import BLUE, ORANGE, Figure, envelope
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.report_words import sentence
from trainwright.evaluate.text import number, score

TITLE = "One model or several"
HEADING = "Does it take several models?"
KINDS = {
    "greedy": "Several models are averaged. The shares are found on rows that the models had not seen, by adding again "
    "and again the model that helps most.",
    "bagging": "The best single model is fitted several times, each time without another part of the rows it learns "
    "from, and the answers are averaged. One model of all the same rows is what it is compared with: the gain is that "
    "of averaging.",
    "stacking": "A second, very small model weighs what the models say. It learned from their answers to rows that "
    "they had not seen, never from the columns, and no weight is negative.",
}


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    found = result.get("ensemble")
    if not isinstance(found, Mapping) or (found.get("kind") == "none" and "skipped" in found):
        return {}
    if "skipped" in found:
        return {"skipped": sentence(f"No {_name(found)}: {found['skipped']}")}
    said = str(found.get("sentence") or "")
    chosen = "It is what was chosen." if found.get("selected") else "The simpler model was kept."
    return {
        "about": KINDS.get(str(found.get("kind")), ""),
        "said": sentence(said[:1].upper() + said[1:]),
        "chosen": chosen,
        "method": str((found.get("gain") or {}).get("method") or ""),
        "single": found["single"],
        "name": found["name"],
        "costs": words.costs(found),
        "members": [_member(member, str(found.get("metric"))) for member in found.get("members") or []],
        "weights": found.get("kind") != "bagging",
        "stacked": found.get("kind") == "stacking",
        "average": _average(found),
    }


def figures(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Figure | None]:
    """The gain in every fold."""
    return {"ensemble_folds": in_every_fold(result)}


def in_every_fold(result: Mapping[str, Any]) -> Figure | None:
    """How far the ensemble is ahead of the best single model in each fold."""
    found = result.get("ensemble")
    if not isinstance(found, Mapping) or "skipped" in found:
        return None
    rows = {row.get("name"): row for row in result.get("leaderboard") or []}
    single, several = (str(found.get(key)) for key in ("single", "name"))
    pairs = list(zip(*((rows.get(name) or {}).get("fold_scores") or [] for name in (single, several))))
    if len(pairs) < 2 or any(value is None or value != value for pair in pairs for value in pair):
        return None
    about = explain(str(found.get("metric")))
    sign = 1 if about.greater_is_better else -1
    ahead = [sign * (b - a) for a, b in pairs]
    folds = [f"fold {i + 1}" for i in range(len(ahead))]
    bars = {
        "type": "bar",
        "x": folds,
        "y": ahead,
        "marker": {"color": [BLUE if value > 0 else ORANGE for value in ahead]},
        "hovertemplate": "%{x}: %{y:+.3g}<extra></extra>",
    }
    layout = {"yaxis": {"title": {"text": f"gain in {about.title}"}, "zeroline": True}, "showlegend": False}
    won = sum(value > 0 for value in ahead)
    alt = (
        f"{several} is ahead of {single} in {won} of {len(folds)} folds; the gains reach from "
        f"{words.amount(min(ahead))} to {words.amount(max(ahead))}, more is better."
    )
    return envelope("Ahead or behind", f"{several} against {single}, each fold's held-out rows", alt, [bars], layout)


def _name(found: Mapping[str, Any]) -> str:
    return {"greedy": "weighted average", "bagging": "bagging", "stacking": "stacking"}.get(
        str(found.get("kind")), "ensemble"
    )


def _member(member: Mapping[str, Any], metric: str) -> dict[str, str]:
    value = member.get("value")
    return {
        "name": str(member.get("name")),
        "weight": number(member.get("weight")),
        "models": f"{member.get('models') or 1:g}",
        "value": "–" if value is None else score(metric, value),
    }


def _average(found: Mapping[str, Any]) -> str:
    """Stacking against the plain average, in words."""
    average = found.get("average")
    if not isinstance(average, Mapping):
        return ""
    verb = {
        "better": "better than",
        "worse": "worse than",
        "not distinguishable": "not distinguishable from",
    }.get(str(average.get("verdict")))
    if verb is None:
        return ""
    amount = words.amount(abs(average.get("difference") or 0.0))
    low, high = words.amount(average.get("low")), words.amount(average.get("high"))
    return (
        f"It is {verb} the plain weighted average of the same models (difference {amount}; interval {low} to {high})."
    )
