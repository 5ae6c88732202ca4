"""The section on what would help: more rows, more time, a larger model; and how much of the figure is luck."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.figure_style import Figure
from trainwright.evaluate.figures_growth import growth
from trainwright.evaluate.report_words import sentence

TITLE = "More data, other seeds"
HEADING = "Would more data, time or a larger model help, and how much is luck?"


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    size, seeds = result.get("size_curve"), result.get("seed_stability")
    name = f"{result.get('project')}@{result.get('version')}" if result.get("version") else ""
    out: dict[str, Any] = {}
    if isinstance(size, Mapping):
        out["size"] = _said(size, f"trainwright learning-curve {name}" if name else "")
        if "text" in size:
            folds = f"{size.get('folds')} folds, {size.get('fits')} fits"
            out["measured"] = sentence(f"Measured on {size.get('reason')} ({folds}): {size.get('rule')}")
            out["shortened"] = sentence(str(size.get("shortened") or ""))
    if isinstance(seeds, Mapping):
        out["seeds"] = _said(seeds, f"trainwright stability {name} --seeds 5" if name else "")
        out["warning"] = sentence(str(seeds.get("warning") or ""))
    worth = result.get("worth")
    if isinstance(worth, Mapping):
        out |= {key: _said(worth[key], "") for key in ("twice_the_time", "larger_model") if worth.get(key)}
    return out


def figures(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Figure | None]:
    """The figure against the number of rows."""
    return {"growth": growth(result)}


def _said(found: Mapping[str, Any], command: str) -> dict[str, str]:
    """The answer, or why there is none and the command that gives it."""
    if "skipped" in found:
        return {"text": sentence(f"Not measured: {found['skipped']}"), "command": command}
    return {"text": sentence(str(found.get("text") or "")), "command": ""}
