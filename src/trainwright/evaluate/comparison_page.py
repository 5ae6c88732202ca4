"""A comparison of runs as one HTML file that opens without a network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainwright.evaluate.figure_style import Figure
from trainwright.evaluate.figures_tries import curves_overlaid
from trainwright.evaluate.formats import common_width, interval, level_text, number, score
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.next_try import spelled
from trainwright.evaluate.page import html_templates, shell, take_captions, write_page
from trainwright.evaluate.report_words import sentence

if TYPE_CHECKING:
    from markupsafe import Markup

NOT_GIVEN = "not given"


def write_comparison(document: Mapping[str, Any], path: Path) -> Path:
    """Writes a comparison of runs as one self-contained page.

    Args:
        document: see `evaluate.run_comparison.comparison_document`.
        path: the file to write; its folder must exist.

    Raises:
        EnvironmentProblem: the file cannot be written.
    """
    return write_page("comparison", render_comparison(document), path)


def render_comparison(document: Mapping[str, Any]) -> str:
    """The page as one HTML text."""
    body, figures = comparison_body(document)
    values = {**view(document), "terms": {}, "body": body, **shell(figures, draws=bool(figures))}
    return html_templates().get_template("comparison.html.jinja").render(values)


def comparison_body(document: Mapping[str, Any]) -> tuple[Markup, dict[str, Figure]]:
    """The tables of a comparison, for any page that shows one, and its figures by the element they are drawn in."""
    from markupsafe import Markup

    found = curves_overlaid(document.get("curves") or [])
    figures: dict[str, Figure] = {} if found is None else {"curves": found}
    values = {**view(document), "terms": {}, "captions": take_captions(figures)}
    return Markup(html_templates().get_template("comparison_body.html.jinja").render(values)), figures  # escaped there


def view(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the template shows, as plain text."""
    names = [run["name"] for run in document["runs"]]
    metric = str(document.get("metric") or "")
    return {
        "title": " and ".join(names),
        "names": names,
        "runs": document["runs"],
        "metric": explain(metric).title,
        "verdicts": [sentence(one["text"]) for one in document["verdicts"]],
        "warnings": [sentence(text) for text in document["warnings"]],
        "data": [{"what": row["what"], "cells": [_text(value) for value in row["values"]]} for row in document["data"]],
        "settings": [
            {
                "what": row["key"],
                "cells": [
                    _text(value) if origin == "default" else f"{_text(value)} ({origin})"
                    for value, origin in zip(row["values"], row["origins"])
                ],
            }
            for row in document["settings"]
        ],
        "fitted": [one for one in document["fitted"] if one["differences"]],
        "parts": [part for part in (_figures(document, "validation"), _figures(document, "test")) if part["rows"]],
        "classes": [
            {
                "name": row["class"],
                "support": row["support"],
                "cells": [_figure("recall", one) for one in row["recall"]],
            }
            for row in document["per_class"]
        ],
        "decided": sentence(document.get("decided") or ""),
        "costs": [
            {"what": row["what"], "cells": [number(value) for value in row["values"]]} for row in document["costs"]
        ],
    }


def _figures(document: Mapping[str, Any], part: str) -> dict[str, Any]:
    """The figures of one part, with the differences to the first run."""
    rows = []
    for row in document["metrics"]:
        if row["part"] != part:
            continue
        name = row["metric"]
        width = common_width(row["values"])
        cells = [_figure(name, one, width) for one in row["values"]]
        rows.append(
            {
                "title": explain(name).title,
                "cells": cells,
                "gains": [_gain(name, one) for one in row["differences"][1:]] if part == "validation" else [],
            }
        )
    return {"name": "Out-of-fold rows" if part == "validation" else "Sealed test", "rows": rows}


def _figure(metric: str, figure: Any, width: float | None = None) -> str:
    if not figure or figure.get("value") is None:
        return "–"
    reach = interval(metric, figure, width)
    return score(metric, figure, width) + (f" ({reach})" if reach else "")


def _gain(metric: str, found: Mapping[str, Any] | None) -> str:
    if not found or found.get("difference") is None:
        return "–"
    if found.get("low") is None:
        return score(metric, found["difference"])
    width = found["high"] - found["low"]
    reach = interval(metric, {"low": found["low"], "high": found["high"]}, width)
    level = "" if found.get("level") == 0.95 else f", {level_text(found['level'])}"
    return f"{score(metric, found['difference'], width)} ({reach}{level})"


def _text(value: Any) -> str:
    return NOT_GIVEN if value in (None, [], {}) else spelled(value)
