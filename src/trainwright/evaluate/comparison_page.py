"""A comparison of runs as one HTML file that opens without a network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainwright.errors import EnvironmentProblem
from trainwright.evaluate.figure_style import DARK, LIGHT, Figure
from trainwright.evaluate.figures_tries import curves_overlaid
from trainwright.evaluate.formats import common_width, interval, level_text, number, score
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.next_try import spelled
from trainwright.evaluate.report import _asset, _hash, _plotly, script_json
from trainwright.evaluate.report_record import sentence

NOT_GIVEN = "not given"


def write_comparison(document: Mapping[str, Any], path: Path) -> Path:
    """Writes a comparison of runs as one self-contained page.

    Args:
        document: see `evaluate.run_comparison.comparison_document`.
        path: the file to write; its folder must exist.

    Raises:
        EnvironmentProblem: the file cannot be written.
    """
    html = render_comparison(document)
    try:
        path.write_text(html, encoding="utf-8", newline="\n")
    except OSError as problem:
        raise EnvironmentProblem(
            f"the comparison {path} cannot be written: {problem.strerror or problem}",
            remedy="free some space or choose a folder that you may write to",
        ) from problem
    return path


def render_comparison(document: Mapping[str, Any]) -> str:
    """The page as one HTML text."""
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup

    found = curves_overlaid(document.get("curves") or [])
    figures: dict[str, Figure] = {} if found is None else {"curves": found}
    captions = {name: figure["layout"]["meta"] for name, figure in figures.items()}
    for figure in figures.values():  # the page prints title and caption itself and adds the theme
        for key in ("title", "template", "meta"):
            figure["layout"].pop(key, None)
    plotly, plotly_hash = _plotly() if figures else ("", "")
    script = _asset("report.js")
    allowed = f"'{_hash(script)}'" + (f" '{plotly_hash}'" if figures else "")
    templates = Environment(
        loader=PackageLoader("trainwright.evaluate"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return templates.get_template("comparison.html.jinja").render(
        **view(document),
        captions=captions,
        terms={},
        figures_json=script_json(figures),
        themes_json=script_json({"light": LIGHT, "dark": DARK}),
        plotly=Markup(plotly),  # base64: no character of it is markup
        script=Markup(script),  # our own file
        style=Markup(_asset("report.css")),
        policy=f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'",
    )


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
