"""The report: one HTML file that holds everything it shows and opens without a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from trainwright.evaluate import report_view as view
from trainwright.evaluate.asked_words import passed_over
from trainwright.evaluate.figure_style import Figure
from trainwright.evaluate.figures import FIGURES as EVALUATION_FIGURES
from trainwright.evaluate.figures import beside, thresholds
from trainwright.evaluate.figures_training import FIGURES as TRAINING_FIGURES
from trainwright.evaluate.page import html_templates, script_json, shell, take_captions, write_page
from trainwright.evaluate.sections import Section, sections
from trainwright.evaluate.sections.documents import main_document
from trainwright.evaluate.text import TERMS, estimate, explain, verdict

if TYPE_CHECKING:
    from markupsafe import Markup

Result = Mapping[str, Any]
Made = TypeVar("Made")
# What goes wrong where a document lacks or misshapes what a figure or section expects.
PROBLEMS: tuple[type[Exception], ...] = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def write_report(result: Result, evaluations: Mapping[str, Mapping[str, Any]], path: Path) -> Path:
    """Writes the report of a training as one self-contained HTML file.

    Args:
        result: the result document; every section whose data is absent is left out.
        evaluations: evaluation documents by part, "validation" and "test".
        path: the file to write; its folder must exist.

    Returns:
        The path written.

    Raises:
        EnvironmentProblem: when the file cannot be written.
    """
    return write_page("report", render_report(result, evaluations), path)


def render_report(result: Result, evaluations: Mapping[str, Mapping[str, Any]]) -> str:
    """The report as one HTML text. The same documents give the same text."""
    parts = report_parts(result, evaluations)
    values = {
        **shell(parts.figures),
        **parts.context,
        "sections": parts.sections,
        "examples_json": script_json(parts.examples),
    }
    return html_templates().get_template("report.html.jinja").render(values)


@dataclass(frozen=True)
class ReportParts:
    """What a report shows, for any page that shows it too.

    Args:
        context: the names that templates use: verdict, tiles, terms, captions, ...
        sections: each with its HTML below the heading.
        figures: by the name of the element that they are drawn in; titles are in `context["captions"]`.
        examples: the rows behind the cells of the confusion matrix, for the script.
    """

    context: dict[str, Any]
    sections: list[tuple[Section, Markup]]
    figures: dict[str, Figure]
    examples: dict[str, Any]


def report_parts(result: Result, evaluations: Mapping[str, Mapping[str, Any]]) -> ReportParts:
    """The report in parts. Arguments are those of `write_report`."""
    from jinja2 import TemplateError
    from markupsafe import Markup

    templates = html_templates()
    context = _context(result, evaluations)
    figures, bodies, left_out = context.pop("figures"), [], context["undrawn"]
    for section, values in context.pop("views"):
        template = templates.get_template(section.template)
        body = _attempt(
            section.name, partial(template.render, context, view=values), left_out, (*PROBLEMS, TemplateError)
        )
        if body is not None:
            bodies.append((section, Markup(body)))  # made by templates that escape every value
    return ReportParts(context, bodies, figures, view.examples(result, main_document(evaluations)))


def _attempt(
    name: str, make: Callable[[], Made], undrawn: list[str], problems: tuple[type[Exception], ...] = PROBLEMS
) -> Made | None:
    """What `make` makes, or None.

    A finished training must not be lost for a figure or a section: one that fails is named in the report instead.
    """
    try:
        return make()
    except problems as problem:
        undrawn.append(f"{name} ({type(problem).__name__}: {problem})")
        return None


def _draw(
    makers: Mapping[str, Callable[[Mapping[str, Any]], Figure | None]],
    document: Mapping[str, Any],
    undrawn: list[str],
) -> dict[str, Figure]:
    """The figures that the document has data for."""
    made = {name: _attempt(name, partial(make, document), undrawn) for name, make in makers.items()}
    return {name: figure for name, figure in made.items() if figure is not None}


def _context(result: Result, evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Everything the template names."""
    threshold = estimate(result.get("threshold"))[0]
    undrawn: list[str] = []
    figures = _evaluation_figures(result, evaluations, threshold, undrawn)
    views = []
    for section in sections():
        drawn = _attempt(section.name, partial(section.figures, result, evaluations), undrawn)
        figures |= {name: figure for name, figure in (drawn or {}).items() if figure is not None}
        found = _attempt(section.name, partial(section.view, result, evaluations), undrawn)
        if found or any(name in figures for name in (*section.shown, *(drawn or {}))):
            views.append((section, found or {}))
    for figure in figures.values():  # the page prints the title itself
        figure["layout"]["margin"] = {**figure["layout"]["margin"], "t": 36}
    return {
        "result": result,
        "target": result.get("target") or {},
        "metric": explain(str(result.get("metric") or "")),
        "verdict": verdict(result),
        "tiles": view.tiles(result),
        "strip": view.strip(result),
        "practice": [*filter(None, [passed_over(result)]), *view.practice(result, evaluations)],
        "views": views,
        "terms": TERMS,
        "undrawn": undrawn,
        "captions": take_captions(figures),
        "figures": figures,
    }


def _evaluation_figures(
    result: Result, evaluations: Mapping[str, Mapping[str, Any]], threshold: float | None, undrawn: list[str]
) -> dict[str, Figure]:
    """The figures of the training and of its evaluation; the test's curves beside validation's."""
    document, test = main_document(evaluations), evaluations.get("test") or {}
    figures = _draw(TRAINING_FIGURES, result, undrawn)
    marked = partial(thresholds, threshold=threshold)
    figures |= _draw({**EVALUATION_FIGURES, "thresholds": marked}, document, undrawn)
    if test and document is not test:
        seen = _draw(EVALUATION_FIGURES, test, undrawn)
        figures |= {
            name: beside(figures[name], seen[name])
            for name in ("roc", "precision_recall")
            if name in figures and name in seen
        }
    return figures
