"""What the report says in words of what was found: findings, the choice, the diagnosis and what to do.

Every function takes the result document and returns an empty value when the data for its section is absent;
the template then leaves the section out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.data.checks.finding import SEVERITIES
from trainwright.evaluate.calibration_words import WORDS
from trainwright.evaluate.formats import plural
from trainwright.evaluate.lookup import mapping_at
from trainwright.evaluate.report_words import plain, sentence, sentences
from trainwright.evaluate.text import chosen, count, estimate, interval, number, percent, score

Result = Mapping[str, Any]


def findings(result: Result) -> list[dict[str, Any]]:
    """Findings, the most serious first."""
    rows = [dict(row) for row in result.get("findings") or [] if isinstance(row, Mapping)]
    rank = {name: at for at, name in enumerate(SEVERITIES)}
    return sorted(rows, key=lambda row: rank.get(str(row.get("severity")), len(SEVERITIES)))


def choice(result: Result) -> list[str]:
    """Why this model: the reasons given, the simplest within a standard error, what it is made of."""
    selected, comparison = mapping_at(result, "selected"), mapping_at(result, "comparison")
    out = sentences(selected.get("reason") or selected.get("reasons"))
    if comparison:
        out += sentences(comparison.get("reason") or comparison.get("text"))
        simplest = comparison.get("simplest") or comparison.get("simplest_within_one_standard_error")
        name = simplest.get("name") if isinstance(simplest, Mapping) else simplest
        best = comparison.get("best") or chosen(result)
        if name and name == chosen(result) == best:
            out.append("Paired on the same rows, nothing simpler comes within one standard error of it")
        elif name and name == chosen(result):
            out.append(f"The best, {best}, is not more than one standard error ahead of {name}")
        elif name:
            out.append(f"The simplest model within one standard error of the best is {name}")
    weights = mapping_at(result, "weights")
    if len(weights) > 1:
        shares = sorted(weights.items(), key=lambda pair: -pair[1])
        out.append("It averages " + ", ".join(f"{name} ({percent(share, 0.1)})" for name, share in shares))
    calibration = mapping_at(result, "calibration")
    kind = calibration.get("kind")
    if kind == "temperature":
        out.append(f"Its probabilities are scaled by the temperature {number(calibration.get('temperature'))}")
    elif kind not in (None, "identity"):
        out.append(f"Its probabilities are calibrated by {WORDS.get(str(kind), str(kind))}")
    out += sentences(mapping_at(result, "package").get("reason"))
    return [sentence(text) for text in out if text]


def unmet(result: Result) -> list[str]:
    """Requirements that the chosen model does not keep."""
    return sentences(mapping_at(result, "requirements").get("unmet"))


def diagnosis(result: Result) -> list[dict[str, Any]]:
    """The diagnosis: title, text, advice; one or several."""
    given = result.get("diagnosis")
    if isinstance(given, str):
        return [{"title": given.replace("_", " ").capitalize(), "text": "", "advice": []}]
    items = [given] if isinstance(given, Mapping) else given or []
    return [
        {
            "title": sentence(str(item.get("title") or item.get("code") or ""))[:-1],
            "text": sentence(str(item.get("text") or "")),
            "advice": sentences(item.get("advice")),
            "tone": "good" if item.get("code") in ("good", "ok") else "caution",
        }
        for item in items
        if isinstance(item, Mapping)
    ]


def convergence(result: Result) -> str:
    """The verdict on the chosen candidate's curve, as a sentence; "" without a curve."""
    found = mapping_at(result, "convergence")
    if not found.get("title"):
        return ""
    rounds = f", {count(found['kept'])} rounds kept" if found.get("kept") else ""
    where = f" ({found.get('name')}, {found.get('folds')}{rounds})" if found.get("name") else ""
    return sentence(f"The loss by round: {found['title']}{where}. {str(found.get('text') or '').capitalize()}")


def told_by_networks(result: Result) -> list[str]:
    """What the trainings of networks told beside their curves, as sentences."""
    found = []
    for one in result.get("networks") or []:
        for event in one.get("events") or []:
            folds = f" ({plural(event['folds'], 'fold')})" if event.get("folds") else ""
            found.append(sentence(f"{one.get('name')}{folds}: {event.get('text')}"))
    return found


def remedies(result: Result) -> list[dict[str, str]]:
    """What to do, with the setting it changes, the figures it rests on and the command."""
    out = []
    for row in mapping_at(result, "diagnosis").get("remedies") or []:
        old, new = (plain(row.get(key)) or "nothing" for key in ("old", "new"))
        change = f" ({row['key'].rpartition('.')[2]}: {old} to {new})" if row.get("key") else ""
        because = sentence(f"Because {row['because']}") if row.get("because") else ""
        text = sentence(f"{row.get('text')}{change}")
        out.append({"text": text, "because": because, "command": str(row.get("command") or "")})
    return out


def gap_document(result: Result) -> Mapping[str, Any]:
    """The generalisation gap as given, by itself or within the diagnosis."""
    return mapping_at(result, "gap") or mapping_at(result, "diagnosis", "gap")


def gap(result: Result) -> list[tuple[str, str]]:
    """The generalisation gap: training, validation and their difference."""
    data, metric = gap_document(result), str(result.get("metric") or "")
    names = {
        "training": "On rows it learned from",
        "train": "On rows it learned from",
        "validation": "On rows it had not seen",
        "gap": "Difference",
        "difference": "Difference",
        "test": "On the sealed test",
    }
    out = []
    for key, title in names.items():
        figure = data.get(key)
        if key == "difference" and data.get("low") is not None:
            figure = {"value": figure, "low": data.get("low"), "high": data.get("high")}
        if estimate(figure)[0] is not None:
            reach = interval(metric, figure)
            out.append((title, score(metric, figure) + (f" ({reach})" if reach else "")))
    return out


def importance_note(result: Result) -> str:
    """How to read the importance."""
    note = str(mapping_at(result, "importance").get("note") or "")
    return f"{note[:1].upper()}{note[1:]}." if note else ""
