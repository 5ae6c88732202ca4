"""The section on what each column pushes, from exact accounts of single predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.figure_style import Figure
from trainwright.evaluate.figures_explain import DEPENDENCES, attribution_bars, dependence

TITLE = "What pushes it"
HEADING = "What pushes a prediction up or down"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    found = result.get("attributions")
    if not isinstance(found, Mapping):
        return {}
    if "skipped" in found:
        return {"skipped": found["skipped"]}
    return {"of": found.get("of"), "scale": found.get("scale"), "note": found.get("note") or "", "names": _names(found)}


def figures(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Figure | None]:
    """Mean pushes, and the dependence of the strongest."""
    found = result.get("attributions") or {}
    if "features" not in found:
        return {}
    drawn = dict(zip(_names(found), found.get("dependence") or []))
    return {
        "attributions": attribution_bars(found),
        **{name: dependence(found, one) for name, one in drawn.items()},
    }


def _names(found: Mapping[str, Any]) -> list[str]:
    return [f"push_{i + 1}" for i in range(min(DEPENDENCES, len(found.get("dependence") or [])))]
