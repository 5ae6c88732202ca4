"""The section on whether probabilities can be believed: before and after calibration, with what was chosen and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.figure_style import Figure
from trainwright.evaluate.figures_reliability import before_and_after
from trainwright.evaluate.formats import common_width, count, estimate, interval, level_text, score
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.report_words import sentence

TITLE = "Probabilities"
HEADING = "Can the probabilities be believed?"
ROWS = ("calibration_error", "log_loss", "brier", "brier_reliability", "brier_resolution", "brier_uncertainty")
DOES = {
    "identity": "The probabilities are shown as the models give them.",
    "temperature": "One number, the temperature, makes all probabilities more cautious or bolder alike. No row gets "
    "another most probable class.",
    "sigmoid": "Two numbers for each class, a factor and a shift of the log-odds (Platt scaling), mend how bold the "
    "probabilities are and whether they are too high or too low altogether. Two classes keep the order of their rows.",
    "isotonic": "A curve that rises, learned from many rows (isotonic regression through the middles of its steps), "
    "turns each probability into the share that came true. Two classes keep the order of their rows, and none tie.",
}


def view(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows."""
    found = result.get("reliability")
    if not isinstance(found, Mapping):
        return {}
    if "skipped" in found:
        return {"skipped": sentence(f"Not measured: {found['skipped']}")}
    calibrated = found.get("after") is not None
    kind = str(found.get("chosen") or "identity")
    return {
        "said": str(found.get("sentence") or ""),
        "does": DOES.get(kind, ""),
        "many": calibrated and found.get("about") is None and kind in ("sigmoid", "isotonic"),
        "chosen": sentence(f"Why: {found['reason']}") if found.get("reason") else "",
        "rows": [_row(name, found) for name in ROWS if name in found["before"]["metrics"]],
        "calibrated": calibrated,
        "level": level_text(float(found.get("level") or 0.95)),
        "method": str(found.get("method") or ""),
        "drawn": f"Measured on {count(found['n_rows'])} of {count(found['of_rows'])} rows, drawn at random."
        if found.get("of_rows", found.get("n_rows")) != found.get("n_rows")
        else "",
    }


def figures(result: Mapping[str, Any], evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Figure | None]:
    """The curve before and after."""
    return {"before_and_after": before_and_after(result)}


def _row(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """One figure before and after, and the change with its interval."""
    sides = [((found.get(side) or {}).get("metrics") or {}).get(name) for side in ("before", "after")]
    change = (found.get("difference") or {}).get(name)
    width = common_width([side for side in sides if side is not None])
    words = explain(name)
    shown = [None if side is None or estimate(side)[0] is None else _figure(name, side, width) for side in sides]
    return {
        "title": words.title,
        "text": words.text,
        "scale": words.scale,
        "before": shown[0],
        "after": shown[1],
        "change": None if change is None or estimate(change)[0] is None else _figure(name, change, None),
    }


def _figure(name: str, figure: Mapping[str, Any], width: float | None) -> dict[str, str]:
    return {"value": score(name, figure, width), "interval": interval(name, figure, width), "says": ""}
