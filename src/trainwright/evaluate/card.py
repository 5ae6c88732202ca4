"""The model card: one Markdown page on what a model is for, how good it is, where it ends and how it was
made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainwright.evaluate import report_findings
from trainwright.evaluate import report_record as record
from trainwright.evaluate import report_view as view
from trainwright.evaluate.checklist import checklist
from trainwright.evaluate.decision_page import decision_page
from trainwright.evaluate.interval_words import beside_numbers
from trainwright.evaluate.page import write_page
from trainwright.evaluate.text import count, estimate, plural, rows_of, verdict

Result = Mapping[str, Any]
MOST_CLASSES = 20


class _Ready(str):
    """Text that is Markdown already."""


def write_card(result: Result, evaluations: Mapping[str, Mapping[str, Any]], path: Path) -> Path:
    """Writes the model card of a training.

    Args:
        result: the result document; what it lacks is left out.
        evaluations: evaluation documents by part, "validation" and "test".
        path: the Markdown file to write; its folder must exist.

    Returns:
        The path written.

    Raises:
        EnvironmentProblem: when the file cannot be written.
    """
    return write_page("model card", render_card(result, evaluations), path)


def render_card(result: Result, evaluations: Mapping[str, Mapping[str, Any]]) -> str:
    """The model card as Markdown. Every text that comes from data or users is escaped."""
    from jinja2 import Environment, PackageLoader

    templates = Environment(
        loader=PackageLoader("trainwright.evaluate"),
        autoescape=False,  # Markdown: `finalize` escapes every value instead
        finalize=escape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["code"] = _code
    text = templates.get_template("card.md.jinja").render(**_context(result, evaluations))
    return re.sub(r"\n{3,}", "\n\n", text)


def escape(value: Any) -> str:
    """A value as Markdown text: nothing in it is markup, a link, HTML or a second line.

    Example:
        >>> print(escape("<b>*a*</b> | b"))
        &lt;b>\\*a\\*&lt;/b> \\| b
    """
    if isinstance(value, _Ready):
        return value
    text = " ".join(str(value).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    text = re.sub(r"([\\`*_\[\]|~#])", r"\\\1", text)
    text = re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", text)
    text = re.sub(r"^([-+=>])", r"\\\1", text)
    return re.sub(r"(?i)\b(https?|ftp|mailto):", r"\1&#58;", text).replace("www.", "www&#46;").replace("@", "&#64;")


def _context(result: Result, evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Everything the template names."""
    document = evaluations.get("validation") or evaluations.get("test") or {}
    target = result.get("target") or {}
    kind = (
        "a number" if target.get("task") == "number" else plural(len(target.get("classes") or []), "class", "classes")
    )
    classes = sorted(document.get("per_class") or [], key=lambda row: estimate(row.get("f1"))[0] or 0.0)
    shown = view.per_class({"per_class": classes[:MOST_CLASSES]})
    name = str(result.get("project") or "project")
    load = f"{name}@{result['version']}" if result.get("version") else name
    return {
        "title": " ".join(str(result[key]) for key in ("project", "version") if result.get(key)) or "Model card",
        "verdict": verdict(result).sentence,
        "decision": _decision(result, evaluations),
        "target": target.get("column") or "the target",
        "kind": f", {kind}" + (f"; the positive class is {target['positive']}" if target.get("positive") else ""),
        "metrics": [
            {
                "title": row["title"],
                "validation": _figure(row.get("validation")),
                "test": _figure(row.get("test")),
            }
            for row in view.metrics(result, evaluations)
        ],
        "rows": _rows(result),
        "ledger": record.ledger(result),
        "practice": view.practice(result, evaluations),
        "per_class": shown,
        "more_classes": count(len(classes)) if len(classes) > len(shown) else "",
        "parts": record.parts(result),
        "split": record.split_reasons(result),
        "limits": _limits(result),
        "checklist": checklist(result, evaluations) if result.get("selected") else [],
        "load": load,
        "record": record.record(result),
    }


def _decision(result: Result, evaluations: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The page for the person who decides; the lines for the YAML file stand in the report."""
    return [
        {
            "title": part.title,
            "text": part.text,
            "points": part.points,
            "pairs": [(f"{name}:" if part.kind == "facts" else name, text) for name, text in part.pairs],
            "table": part.table,
        }
        for part in decision_page(result, evaluations)
        if not part.code
    ]


def _figure(figure: Mapping[str, str] | None) -> str:
    if not figure:
        return "–"
    return f"{figure['value']} ({figure['interval']})" if figure["interval"] else figure["value"]


def _rows(result: Result) -> str:
    validated, sealed = rows_of(result, "validation"), rows_of(result, "test")
    parts = []
    if validated:
        parts.append(f"Validation figures come from {plural(validated, 'row')} that the scoring models had not seen")
    if sealed:
        parts.append(f"test figures from {plural(sealed, 'row')} that stayed sealed until the model was finished")
    return "; ".join(parts) + ", each with its interval." if parts else ""


def _limits(result: Result) -> list[str]:
    """What is known to be weak: serious findings, the diagnosis, what was shortened."""
    out = [
        str(row.get("message", ""))
        for row in report_findings.findings(result)
        if row.get("severity") in ("error", "warning")
    ]
    out += [
        f"{item['title']}. {item['text']}".strip()
        for item in report_findings.diagnosis(result)
        if item.get("tone") != "good"
    ]
    out += [f"A requirement is not kept: {text}" for text in report_findings.unmet(result)]
    out += record.budget(result).get("shortened", [])
    out += [line.strip() for line in beside_numbers(result)]
    if result.get("rehearsal"):
        out.insert(0, "This was a rehearsal on a sample of the rows: its figures are not for decisions.")
    return [
        *out,
        "Figures hold for data like the data it was tested on; when the data changes, they no longer do.",
    ]


def _code(value: str) -> _Ready:
    """A Python string literal that cannot leave its code block."""
    return _Ready(ascii(value).replace("`", "\\x60").replace("<", "\\x3c"))
