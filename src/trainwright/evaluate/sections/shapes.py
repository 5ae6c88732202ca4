"""The section with the shapes of an additive model: the model itself, curve by curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.figure_style import Figure
from trainwright.evaluate.figures_explain import CURVES, TABLES, pair, shape

TITLE = "Shapes"
HEADING = "The model, curve by curve"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    found = result.get("shapes")
    if not isinstance(found, Mapping):
        return {}
    if "skipped" in found:
        return {"skipped": found["skipped"]}
    names = list(_terms(found))
    return {"of": found["of"], "chosen": bool(found.get("chosen")), "selected": result.get("selected"), "names": names}


def figures(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Figure | None]:
    """The strongest curves, then the strongest pairs."""
    found = result.get("shapes") or {}
    terms = _terms(found).items()
    return {name: pair(found, term) if term["kind"] == "pair" else shape(found, term) for name, term in terms}


def _terms(found: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    terms = found.get("terms") or []
    curves = [term for term in terms if term["kind"] != "pair"][:CURVES]
    pairs = [term for term in terms if term["kind"] == "pair"][:TABLES]
    return {f"shape_{i + 1}": term for i, term in enumerate([*curves, *pairs])}
