"""The section on low and high: how far a single predicted number may be from the truth, and how often it is further."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.figure_style import Figure
from trainwright.evaluate.figures_intervals import by_prediction, rows
from trainwright.evaluate.formats import number, percent, plural
from trainwright.evaluate.interval_words import floor_words, said, segment, verdict
from trainwright.evaluate.report_words import sentence

TITLE = "Low and high"
HEADING = "How far a single prediction may be off"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    found = result.get("interval")
    if not isinstance(found, Mapping):
        return {}
    if "skipped" in found:
        return {"skipped": str(found["skipped"])}
    shown = [(part, found[part]) for part in ("test", "validation") if (found.get(part) or {}).get("coverage")]
    if not shown:
        return {"unmeasured": str((found.get("validation") or {}).get("skipped") or "no row was left for it")}
    part, measured = shown[0]
    weak = [one for one in measured.get("per_segment") or [] if one.get("too_low")]
    width = measured.get("width") or {}
    groups = measured.get("by_group") or {}
    return {
        "said": sentence(said(measured, part)),
        "also": [sentence(said(other, name)) for name, other in shown[1:]],
        "tone": verdict(measured),
        "claim": sentence(str(found.get("claim") or "")),
        "follows": sentence(f"The distance is {_follows(found)}: {found.get('reason')}"),
        "reach": f"{number(width.get('narrow'))} to {number(width.get('wide'))}"
        if width.get("wide") and width["wide"] > 1.02 * (width.get("narrow") or 0)
        else "",
        "floor": sentence(floor_words(found.get("floor"))),
        "groups": f"{100 * groups['value']:.0f}" if groups.get("value") is not None else "",
        "weak": [segment(one) for one in weak],
        "tried": plural(int(measured.get("segments_tried") or 0), "kind of row", "kinds of rows"),
        "looked": bool(measured.get("segments_tried")),
        "review": str(found.get("review") or ""),
        "decision": _decision(result),
        "name": f"{result.get('project')}@{result.get('version')}" if result.get("version") else "",
    }


def _follows(found: Mapping[str, Any]) -> str:
    """What the distance follows, in words."""
    said = str(found.get("follows"))
    if found.get("kind") == "constant" and found.get("method") == "cv+":
        return f"{said} but for where the models of the folds disagree"
    return said


def _decision(result: Mapping[str, Any]) -> dict[str, Any]:
    """The decision from which width a person looks, where there is one."""
    found = result.get("operating_point")
    if not isinstance(found, Mapping) or found.get("kind") != "width":
        return {}
    limit = percent if str((found.get("policy") or {}).get("width")).endswith("%") else number
    rows = [
        {"share": percent(at["share"]), "limit": limit(at["limit"]), "error": number(at["error_kept"])}
        for at in (found.get("figures") or {}).get("sweep") or []
    ]
    text, note = str(found.get("text") or ""), sentence(str(found.get("note") or ""))
    return {"label": str(found.get("label") or ""), "text": text, "note": note, "sweep": rows}


def figures(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Figure | None]:
    """Some rows with their bounds and truths, and the share for small to large predictions."""
    return {"interval_rows": rows(result), "interval_bands": by_prediction(result)}
