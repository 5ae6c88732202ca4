"""What `versions show` says of a version on one screen: its figures, what it was made of, by what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trainwright.cli import output

# Lines of each kind, and metrics beside the one that chose, that are shown without --full.
MOST, METRICS = 5, 3


def say_version(document: Mapping[str, Any]) -> None:
    """Shows a version.

    Args:
        document: of `versions show --json`.
    """
    lines = list(_lines(document))
    width = max(len(title) for title, _ in lines)
    for title, text in lines:
        output.say(f"{title:{width}}  {text}")
    output.say(f"  trainwright versions show {document['name']} --full")


def _lines(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    from trainwright.evaluate.text import explain, score
    from trainwright.training.setting_values import shown

    details = document["details"]
    yield document["name"], "active" if document["active"] else "not active"
    took = f" in {details['duration_s']:.0f} s" if isinstance(details.get("duration_s"), int | float) else ""
    base = f", learned on from {details['base_model']}" if details.get("base_model") else ""
    yield "made", f"{document['date']}, run {document['run']} on {details.get('dataset')}{took}{base}"
    if document.get("comments"):
        yield "comments", str(document["comments"])
    weights = details.get("weights") or {}
    parts = ", ".join(f"{name} {share:.0%}" for name, share in weights.items()) if len(weights) > 1 else ""
    yield "model", f"{details.get('selected')}{f' ({parts})' if parts else ''}"
    latency = f", {details['latency_ms']:.2g} ms for a row" if details.get("latency_ms") else ""
    yield "package", f"{document['size_mb']:.1f} MB{latency}: {document['package']}"
    sides = {"validation": document.get("validation") or {}, "sealed test": document.get("test") or {}}
    names = dict.fromkeys([document["metric"], *(name for side in sides.values() for name in side)])
    for name in list(names)[: METRICS + 1]:
        said = [
            f"{where} {score(name, side[name])}{_spread(name, side[name])}"
            for where, side in sides.items()
            if side.get(name)
        ]
        if said:
            yield explain(name).title, ", ".join(said)
    yield (
        "settings",
        _few([f"{key}: {shown(value)}" for key, value in _flat(details.get("settings") or {})], "none given"),
    )
    yield from _answers(document)
    for title, kind in (("evaluated on", "evaluations"), ("stress tests", "stress_tests")):
        for row in document[kind][-MOST:]:
            yield title, _evaluated(row)
        if len(document[kind]) > MOST:
            yield "", f"and {len(document[kind]) - MOST} earlier ones"


def _answers(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """By what it answers, and its other decisions."""
    decisions = document["decisions"]
    used = next((d for d in decisions if d["used"]), None)
    yield "answers by", "its own threshold" if used is None else f"{used['label']}: {used['answer']}"
    others = [d for d in decisions if d is not used]
    for one in others[-MOST:]:
        yield f"decision {one['label']}", str(one["answer"])
    if len(others) > MOST:
        yield "", f"and {len(others) - MOST} earlier ones: trainwright decide {document['name']} --list"


def _evaluated(row: Mapping[str, Any]) -> str:
    from trainwright.evaluate.text import explain, score

    figure, metric = row.get("figure"), str(row.get("metric"))
    reached = f"{explain(metric).title} {score(metric, figure)}{_spread(metric, figure)}" if figure else "no figure"
    seen = f", {row['seen']:,} of them trained on" if row.get("seen") else ""
    by = f", decided by {row['decision']}" if row.get("decision") else ""
    name = f"{row['name']}: " if row.get("name") else ""
    return f"{name}{row['source']}, {row['date']}: {reached} on {row['rows']:,} rows{seen}{by}"


def _spread(metric: str, figure: Any) -> str:
    from trainwright.evaluate.text import interval

    spread = interval(metric, figure)
    return f" ({spread})" if spread else ""


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _few(texts: list[str], none: str) -> str:
    more = len(texts) - 2 * MOST
    return ("; ".join(texts[: 2 * MOST]) or none) + (f"; and {more} more" if more > 0 else "")
