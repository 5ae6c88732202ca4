"""The report: one HTML file that holds everything it shows and opens without a network."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from trainwright.errors import EnvironmentProblem
from trainwright.evaluate import report_view as view
from trainwright.evaluate.figure_style import DARK, LIGHT, Figure
from trainwright.evaluate.figures import FIGURES as EVALUATION_FIGURES
from trainwright.evaluate.figures import beside, thresholds
from trainwright.evaluate.figures_training import FIGURES as TRAINING_FIGURES
from trainwright.evaluate.sections import sections
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
    html = render_report(result, evaluations)
    try:
        path.write_text(html, encoding="utf-8", newline="\n")
    except OSError as problem:
        raise EnvironmentProblem(
            f"the report {path} cannot be written: {problem.strerror or problem}",
            remedy="free some space or choose a folder that you may write to",
        ) from problem
    return path


def render_report(result: Result, evaluations: Mapping[str, Mapping[str, Any]]) -> str:
    """The report as one HTML text. The same documents give the same text."""
    from jinja2 import Environment, PackageLoader, TemplateError
    from markupsafe import Markup

    templates = Environment(
        loader=PackageLoader("trainwright.evaluate"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    context = _context(result, evaluations)
    bodies, left_out = [], context["undrawn"]
    for section, values in context.pop("views"):
        template = templates.get_template(section.template)
        body = _attempt(
            section.name, partial(template.render, context, view=values), left_out, (*PROBLEMS, TemplateError)
        )
        if body is not None:
            bodies.append((section, Markup(body)))  # made by templates that escape every value
    return templates.get_template("report.html.jinja").render(context, sections=bodies)


def script_json(value: Any) -> Markup:
    """JSON that is safe inside a script element: nothing in it can end the element or a line.

    Example:
        >>> print(script_json("</script>"))
        "\\u003c/script\\u003e"
    """
    from markupsafe import Markup

    text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


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


def _finite(value: Any) -> Any:
    """The value with every NaN and infinity, which JSON lacks, as null."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _context(result: Result, evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Everything the template names."""
    from markupsafe import Markup

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
    captions = {name: figure["layout"]["meta"] for name, figure in figures.items()}
    for figure in figures.values():  # the page prints title and caption itself and adds the theme
        for key in ("title", "template", "meta"):
            figure["layout"].pop(key, None)
        figure["layout"]["margin"] = {**figure["layout"]["margin"], "t": 36}
    plotly, plotly_hash = _plotly()
    script = _asset("report.js")
    return {
        "result": result,
        "target": result.get("target") or {},
        "metric": explain(str(result.get("metric") or "")),
        "verdict": verdict(result),
        "tiles": view.tiles(result),
        "strip": view.strip(result),
        "practice": view.practice(result, evaluations),
        "views": views,
        "terms": TERMS,
        "undrawn": undrawn,
        "captions": captions,
        "figures_json": script_json(figures),
        "themes_json": script_json({"light": LIGHT, "dark": DARK}),
        "examples_json": script_json(view.examples(result, main_document(evaluations))),
        "plotly": Markup(plotly) if figures else "",  # base64: no character of it is markup
        "script": Markup(script),  # our own file
        "style": Markup(_asset("report.css")),
        # Plotly adds style elements of its own, so styles are allowed inline; scripts only by their hash.
        "policy": f"default-src 'none'; script-src '{_hash(script)}' '{plotly_hash}'; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'",
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


def _asset(name: str) -> str:
    return files("trainwright.evaluate").joinpath("templates", name).read_text(encoding="utf-8").strip()


def _hash(source: str) -> str:
    """The name of a script in a Content-Security-Policy."""
    digest = hashlib.sha256(source.encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode()


@cache
def _plotly() -> tuple[str, str]:
    """plotly.js of the installed package, compressed for the page (a third of its size), and its policy
    hash."""
    from importlib.util import find_spec

    spec = find_spec("plotly")  # found without importing it: only its script is needed
    where = Path(spec.origin).parent / "package_data" / "plotly.min.js" if spec and spec.origin else None
    if where is None or not where.is_file():
        raise EnvironmentProblem(
            "the figures need plotly's script, package_data/plotly.min.js, and it is not installed",
            remedy="pip install plotly",
        )
    source = where.read_bytes()
    packed = base64.b64encode(gzip.compress(source, compresslevel=9, mtime=0)).decode()
    return packed, _hash(source.decode("utf-8"))
