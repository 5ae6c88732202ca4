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
from typing import TYPE_CHECKING, Any

from trainwright.errors import EnvironmentProblem
from trainwright.evaluate import report_record as record
from trainwright.evaluate import report_view as view
from trainwright.evaluate.figure_style import DARK, LIGHT, Figure
from trainwright.evaluate.figures import FIGURES as EVALUATION_FIGURES
from trainwright.evaluate.figures import beside, thresholds
from trainwright.evaluate.figures_training import FIGURES as TRAINING_FIGURES
from trainwright.evaluate.text import TERMS, estimate, explain, part_label, verdict

if TYPE_CHECKING:
    from markupsafe import Markup

Result = Mapping[str, Any]


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
    from jinja2 import Environment, PackageLoader

    templates = Environment(
        loader=PackageLoader("trainwright.evaluate"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template("report.html.jinja").render(**_context(result, evaluations))


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


def _draw(
    makers: Mapping[str, Callable[[Mapping[str, Any]], Figure | None]],
    document: Mapping[str, Any],
    undrawn: list[str],
) -> dict[str, Figure]:
    """The figures that the document has data for.

    A finished training must not be lost for a figure: one that fails is named in the report instead.
    """
    made = {}
    for name, make in makers.items():
        try:
            figure = make(document)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as problem:
            undrawn.append(f"{name} ({type(problem).__name__}: {problem})")
            continue
        if figure is not None:
            made[name] = figure
    return made


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

    validation, test = evaluations.get("validation") or {}, evaluations.get("test") or {}
    document = validation or test or next(iter(evaluations.values()), {})
    threshold = result.get("threshold")
    threshold = threshold.get("value") if isinstance(threshold, Mapping) else threshold
    undrawn: list[str] = []
    figures = _draw(TRAINING_FIGURES, result, undrawn)
    marked = partial(thresholds, threshold=estimate(threshold)[0])
    figures |= _draw({**EVALUATION_FIGURES, "thresholds": marked}, document, undrawn)
    if test and document is not test:
        seen = _draw(EVALUATION_FIGURES, test, undrawn)
        figures |= {
            name: beside(figures[name], seen[name])
            for name in ("roc", "precision_recall")
            if name in figures and name in seen
        }
    captions = {name: figure["layout"]["meta"] for name, figure in figures.items()}
    for figure in figures.values():  # the page prints title and caption itself and adds the theme
        for key in ("title", "template", "meta"):
            del figure["layout"][key]
        figure["layout"]["margin"] = {**figure["layout"]["margin"], "t": 36}
    plotly, plotly_hash = _plotly()
    script = _asset("report.js")
    metric = str(result.get("metric") or "")
    split = result.get("split") if isinstance(result.get("split"), Mapping) else {}
    return {
        "result": result,
        "target": result.get("target") or {},
        "metric": explain(metric),
        "metric_name": metric,
        "verdict": verdict(result),
        "tiles": view.tiles(result),
        "strip": view.strip(result),
        "practice": view.practice(result, evaluations),
        "decision": record.decision(result),
        "split_reasons": record.sentences(split.get("reason")) + record.left_out(result),  # type: ignore[union-attr]
        "notes": record.sentences(result.get("notes")),
        "parts": record.parts(result),
        "findings": record.findings(result),
        "leaderboard": view.leaderboard(result),
        "unmet": record.unmet(result),
        "choice": record.choice(result),
        "threshold": estimate(threshold)[0],
        "threshold_reason": record.sentences(
            result["threshold"].get("reason") if isinstance(result.get("threshold"), Mapping) else None
        ),
        "metrics": view.metrics(result, evaluations),
        "ledger": record.ledger(result),
        "shown": part_label(document) if document else "",
        "confusion": view.confusion(document),
        "per_class": view.per_class(document),
        "diagnosis": record.diagnosis(result),
        "gap": record.gap(result),
        "plan_reasons": record.plan_reasons(result),
        "importance_note": record.importance_note(result),
        "gap_text": record.sentence(str(record.gap_document(result).get("text") or "")),
        "trials": record.trials(result),
        "budget": record.budget(result),
        "record": record.record(result),
        "settings": _settings(result),
        "terms": TERMS,
        "undrawn": undrawn,
        "captions": captions,
        "figures_json": script_json(figures),
        "themes_json": script_json({"light": LIGHT, "dark": DARK}),
        "examples_json": script_json(view.examples(result, document)),
        "plotly": Markup(plotly) if figures else "",  # base64: no character of it is markup
        "script": Markup(script),  # our own file
        "style": Markup(_asset("report.css")),
        # Plotly adds style elements of its own, so styles are allowed inline; scripts only by their hash.
        "policy": f"default-src 'none'; script-src '{_hash(script)}' '{plotly_hash}'; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'",
    }


def _settings(result: Result) -> str:
    settings = result.get("settings")
    return json.dumps(settings, indent=2, ensure_ascii=False, default=str) if settings else ""


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
