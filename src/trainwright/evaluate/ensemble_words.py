"""What an ensemble gains and costs, in one sentence; a pure function of the result document's `ensemble`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.text import duration, explain

SOURCES = {
    "greedy": "the weighted average of {names}",
    "bagging": "{models} models like {names} on parts of the rows, averaged,",
    "stacking": "the second model over {names}",
}


def sentence(document: Mapping[str, Any]) -> str:
    """The gain with its interval, and the cost, for people.

    Example:
        >>> gain = {"difference": 0.004, "low": 0.001, "high": 0.007, "verdict": "better", "level": 0.95}
        >>> members = [{"name": "catboost", "models": 1}, {"name": "lightgbm", "models": 1}]
        >>> document = {"kind": "greedy", "single": "catboost", "metric": "roc_auc", "members": members}
        >>> words = sentence({**document, "gain": gain, "cost": {}})
        >>> words.split(": ")[0]
        'the weighted average of catboost and lightgbm is better than catboost alone'
        >>> words.split(": ")[1].split(";")[0]
        'ROC-AUC 0.004 better (95 % interval of the gain 0.001 to 0.007)'
    """
    gain, names = document["gain"], [str(m["name"]) for m in document["members"]]
    models = max((int(m.get("models") or 1) for m in document["members"]), default=1)
    who = SOURCES[document["kind"]].format(names=_list(names), models=models)
    verb = {
        "better": "is better than",
        "worse": "is worse than",
        "not distinguishable": "cannot be told apart from",
    }.get(str(gain.get("verdict")), "has too few rows to be compared with")
    words = f"{who} {verb} {document['single']} alone"
    difference = gain.get("difference")
    if difference is not None:
        side = "better" if difference >= 0 else "worse"
        words += f": {explain(str(document['metric'])).title} {amount(abs(difference))} {side}"
        if gain.get("low") is not None:
            level = f"{100 * gain.get('level', 0.95):.0f} %"
            words += f" ({level} interval of the gain {amount(gain['low'])} to {amount(gain['high'])})"
    return words + "; " + cost_words(document["cost"])


def gain_words(gain: Any) -> str:
    """What the ensemble's row of the leaderboard says about its gain.

    Example:
        >>> gain_words({"over": "linear", "difference": 0.0312, "low": 0.01, "high": 0.052, "verdict": "better"})
        '0.031 better than linear (0.01 to 0.052)'
    """
    if not isinstance(gain, Mapping) or gain.get("difference") is None:
        return ""
    difference = float(gain["difference"])
    words = f"{amount(abs(difference))} {'better' if difference >= 0 else 'worse'} than {gain['over']}"
    if gain.get("low") is not None:
        words += f" ({amount(gain['low'])} to {amount(gain['high'])})"
    return words + (", not distinguishable" if gain.get("verdict") == "not distinguishable" else "")


def amount(value: float | None) -> str:
    """A difference with the two digits that say anything.

    Example:
        >>> amount(0.00412), amount(-31.7), amount(None)
        ('0.0041', '−32', '–')
    """
    if value is None or value != value:
        return "–"
    return f"{float(f'{value:.2g}'):,.10g}".replace("-", "−")


def cost_words(cost: Mapping[str, Mapping[str, Any]]) -> str:
    """How many times the cost of the single model it takes.

    Example:
        >>> cost_words({"fit_s": {"single": 2.0, "ensemble": 5.0}, "row_ms": {"single": 1.0, "ensemble": 1.04}})
        'it takes 2.5 times the training time and as long for a row'
    """
    parts = []
    for key, more, same in (
        ("fit_s", "{} times the training time", "the same training time"),
        ("row_ms", "{} times as long for a row", "as long for a row"),
        ("size_mb", "{} times the size", "the same size"),
    ):
        one, several = (cost.get(key) or {}).get("single"), (cost.get(key) or {}).get("ensemble")
        if not one or several is None or several != several or one != one:
            continue
        ratio = several / one
        parts.append(same if 0.95 <= ratio <= 1.05 else more.format(times(ratio)))
    return "it takes " + _list(parts) if parts else "its cost was not measured"


def times(ratio: float) -> str:
    """A ratio as people say it.

    Example:
        >>> times(2.96), times(2.5), times(41.3)
        ('3', '2.5', '41')
    """
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}".removesuffix(".0")


def costs(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """The rows of the table of costs: what, for the single model, for the ensemble."""
    cost = document.get("cost") or {}
    rows = []
    for key, title, shown in (
        ("models", "Models", lambda v: f"{v:g}"),
        ("fit_s", "Training, all folds", duration),
        ("row_ms", "One row", lambda v: f"{v:.2g} ms"),
        ("size_mb", "Size of one fold's models", lambda v: f"{v:.2g} MB"),
        ("explainability", "How clear it is", str),
    ):
        pair = cost.get(key)
        if pair and all(v is not None and v == v for v in pair.values()):
            rows.append({"what": title, "single": shown(pair["single"]), "ensemble": shown(pair["ensemble"])})
    return rows


def told(document: Any) -> str | None:
    """The line for the terminal; None when there is nothing to say.

    Example:
        >>> told({"kind": "bagging", "skipped": "no time was left for it"})
        'No bagging: no time was left for it.'
        >>> told({"kind": "greedy", "skipped": "there was only one model to combine"}) is None
        True
    """
    if not isinstance(document, Mapping):
        return None
    if "skipped" in document:  # what nobody asked for is not missed
        asked = document.get("kind") in ("bagging", "stacking")
        return f"No {document['kind']}: {document['skipped']}." if asked else None
    text = str(document.get("sentence") or "")
    ending = "" if document.get("selected") else "; the single model is kept"
    return text[:1].upper() + text[1:] + ending + "." if text else None


def _list(words: list[str]) -> str:
    """Words as a list in a sentence."""
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]
