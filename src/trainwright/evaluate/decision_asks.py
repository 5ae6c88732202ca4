"""What the problem statement does not say, asked for: each gap with the exact lines of YAML that fill it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.decision_words import positive_name

Result = Mapping[str, Any]
# Words that YAML reads as something other than text.
SPECIAL = ("", "null", "~", "true", "false", "yes", "no", "on", "off")


def gaps(result: Result) -> list[tuple[str, tuple[str, ...], str]]:
    """What is missing: the question, the place in the YAML, and an example value.

    Example:
        >>> stated = {"decision": "Which parts to inspect again", "audience": "Line 3", "risks": ["new supplier"]}
        >>> stated["costs"] = {"false_positive": 1}
        >>> stated["present_process"] = {"metrics": {"recall": 0.6}}
        >>> target = {"task": "classes", "classes": ["no", "yes"], "positive": "yes", "column": "defect"}
        >>> gaps({"problem": stated, "target": target})
        [('what a missed "defect = yes" costs', ('costs', 'false_negative'), '100')]
    """
    problem = result.get("problem")
    known: Mapping[str, Any] = problem if isinstance(problem, Mapping) else {}
    target = result.get("target") or {}
    costs = known.get("costs") if isinstance(known.get("costs"), Mapping) else {}
    classes = [str(c) for c in target.get("classes") or []]
    out: list[tuple[str, tuple[str, ...], str]] = []
    if not (known.get("decision") or known.get("description") or isinstance(problem, str)):
        out.append(("which decision the model supports", ("decision",), "Which cases a person looks at first"))
    if not any(known.get(key) for key in ("audience", "for", "users")):
        out.append(("who acts on the answers", ("audience",), "The team that handles the cases"))
    if len(classes) == 2:
        name = positive_name(result)
        if "false_negative" not in costs:  # type: ignore[operator]
            out.append((f"what a missed {name} costs", ("costs", "false_negative"), "100"))
        if "false_positive" not in costs:  # type: ignore[operator]
            out.append((f"what it costs to flag a case that is not {name}", ("costs", "false_positive"), "5"))
    elif classes and not known.get("class_costs"):
        for label in classes[:3]:
            out.append((f"what it costs to get a case of {label} wrong", ("class_costs", label), "10"))
    if not known.get("present_process"):
        question = "how it is decided today, so that the model can be compared with it"
        out.append((question, ("present_process", "column"), "NAME_OF_THE_COLUMN"))
    if not known.get("risks"):
        out.append(
            ("what could go wrong, and how it is watched", ("risks",), "- A new supplier: compared every Monday")
        )
    return out


def lines(result: Result) -> str:
    """The YAML that fills every gap, ready to be copied; "" when nothing is missing."""
    found = gaps(result)
    if not found:
        return ""
    out, block = ["problem:"], ""
    for question, place, value in found:
        key = place[-1]
        if len(place) == 1:
            block = ""
            if value.startswith("- "):
                out += [f"  {key}:  # {question}", f'    - "{value[2:]}"']
            else:
                out.append(f"  {key}: {value}  # {question}")
            continue
        if place[0] != block:
            block = place[0]
            out.append(f"  {block}:")
        out.append(f"    {_quoted(key)}: {value}  # {' '.join(question.split())}")
    return "\n".join(out)


def _quoted(key: str) -> str:
    """A key as YAML writes it: a name as it is, anything else in quotes."""
    plain = key.replace("_", "").isalnum() and key.isascii() and not key[0].isdigit()
    if plain and key.lower() not in SPECIAL:
        return key
    escaped = "".join(
        c if c.isprintable() else f"\\u{ord(c):04x}" for c in key.replace("\\", "\\\\").replace('"', '\\"')
    )
    return f'"{escaped}"'


def stated(result: Result) -> list[tuple[str, str]]:
    """What the problem statement says, as (name, text)."""
    problem = result.get("problem")
    if isinstance(problem, str):
        return [("Decision supported", problem)]
    known: Mapping[str, Any] = problem if isinstance(problem, Mapping) else {}
    out = [
        ("Decision supported", known.get("decision")),
        ("Who acts on it", known.get("audience") or known.get("for") or known.get("users")),
        ("What mistakes cost", _costs(known, result)),
        ("How it is decided today", _today(known.get("present_process"))),
        ("Background", known.get("description")),
        ("Comments", result.get("comments")),
    ]
    return [(name, str(text)) for name, text in out if text]


def _costs(problem: Mapping[str, Any], result: Result) -> str:
    costs = problem.get("costs") if isinstance(problem.get("costs"), Mapping) else {}
    unit = f" {costs['unit']}" if costs and costs.get("unit") else ""
    name = positive_name(result)
    words = {
        "false_positive": f"to flag a case that is not {name}",
        "false_negative": f"to miss a {name} case",
        "review": "to let a person look at one case",
    }
    parts = []
    for key, value in (costs or {}).items():
        if key != "unit":
            said = f"{value:g}{unit}" if isinstance(value, int | float) else str(value)
            parts.append(f"{said} {words.get(key, f'for {key}'.replace('_', ' '))}")
    of_class = problem.get("class_costs")
    if isinstance(of_class, Mapping):
        parts += [f"{value:g}{unit} to get a case of {label} wrong" for label, value in of_class.items()]
    return "; ".join(parts)


def _today(process: Any) -> str:
    if isinstance(process, Mapping):
        figures = process.get("metrics") or {}
        parts = [f"column {process['column']!r}"] if process.get("column") else []
        parts += [f"{str(name).replace('_', ' ')} {value:g}, as stated" for name, value in figures.items()]
        return "; ".join(parts)
    return str(process or "")
