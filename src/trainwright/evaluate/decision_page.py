"""The page for the person who decides: what was compared, what is gained and given up, what can go wrong.

It follows the order in which a choice of model is explained to people who do not build models: the decision, the
options, the measure and why, the choice, gains, what is given up, risks and how they are watched. No technical term
stands on it without being explained there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainwright.evaluate.decision_asks import gaps, lines, stated
from trainwright.evaluate.decision_choice import choice, given_up, measure_and_why, options
from trainwright.evaluate.decision_figures import Evaluations, Result, table, ways
from trainwright.evaluate.decision_gains import gains
from trainwright.evaluate.decision_risks import risks
from trainwright.evaluate.verdict import beats_baselines, chosen, chosen_row, give_aways, verdict

MOST_OPTIONS = 8


@dataclass(frozen=True)
class Part:
    """One part of the page.

    Args:
        title: above it.
        text: sentences, one paragraph each.
        points: a list.
        pairs: (name, text) or (risk, how it is watched).
        table: {"head", "rows", "what": a gloss for each row, "mark": the row that stands out, "note"}, or None.
        code: lines to copy.
        kind: "facts" or "risks" for pairs, else "".
    """

    title: str
    text: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    table: Mapping[str, Any] | None = None
    code: str = ""
    kind: str = field(default="")

    @property
    def empty(self) -> bool:
        return not (self.text or self.points or self.pairs or self.table or self.code)


def decision_page(result: Result, evaluations: Evaluations) -> list[Part]:
    """The parts of the page, in order; empty parts are left out, and nothing is shown without a chosen model.

    Args:
        result: the result document.
        evaluations: evaluation documents by part, "validation" and "test".

    Example:
        >>> [part.title for part in decision_page({"selected": "linear", "target": {"column": "price"}}, {})][:2]
        ['In short', 'What is decided, and for whom']
    """
    if not chosen(result):
        facts = stated(result)
        return [Part("What is decided, and for whom", pairs=tuple(facts), kind="facts")] if facts else []
    found = ways(result, evaluations)
    model = found[-1] if found else None
    problem = result.get("problem")
    costs = problem.get("costs") if isinstance(problem, Mapping) else None
    unit = str(costs.get("unit") or "") if isinstance(costs, Mapping) else ""
    asked = tuple(f"Not stated: {question}." for question, _, _ in gaps(result))
    parts = [
        Part("In short", text=(_short(result),)),
        Part("What is decided, and for whom", pairs=tuple(stated(result)), points=asked, kind="facts"),
        Part("What was compared", table=options(result, MOST_OPTIONS)),
        Part("The measure, and why this one", text=tuple(measure_and_why(result))),
        Part("What was chosen", text=tuple(choice(result))),
        Part("What is gained", text=tuple(gains(result, evaluations, found)), table=table(found, unit)),
        Part("What is given up", points=tuple(given_up(result))),
        Part("What can go wrong, and how it is watched", pairs=tuple(risks(result, evaluations, model)), kind="risks"),
        Part("What it cannot do", points=tuple(_cannot(result))),
        Part(
            "To complete this page",
            text=("Add these lines to the YAML file of the training, with your own values:",) if asked else (),
            code=lines(result),
        ),
    ]
    return [part for part in parts if not part.empty]


def _short(result: Result) -> str:
    """What to do, in one or two sentences."""
    if result.get("rehearsal"):
        return "Do not decide by this page: it was a rehearsal on a sample of the cases."
    said = verdict(result)
    errors = [f for f in result.get("findings") or [] if isinstance(f, Mapping) and f.get("severity") == "error"]
    if errors:
        return (
            "Not ready: the checks found something in the data that would make the figures worthless. Settle it first."
        )
    if said.tone == "bad":
        return "Not ready: the model is not clearly better than the simplest way to answer."
    known = give_aways(result)
    if known:
        named = ", ".join(known[:3]) + (f" and {len(known) - 3} more" if len(known) > 3 else "")
        return (
            f"Not yet: the figures may be too good, because {named} may give the answer away. "
            "'Findings about the data' says how to settle it."
        )
    present = result.get("present_process")
    compared = (present.get("comparison") or {}) if isinstance(present, Mapping) else {}
    if compared.get("verdict") == "worse":
        return "Keep deciding as today: on the same cases the present process does better than the model."
    if compared.get("verdict") == "not distinguishable":
        return (
            "No clear gain over today: on the same cases the present process does about as well. "
            "A trial pays only if the model is cheaper or faster."
        )
    if beats_baselines(result) is False and chosen_row(result).get("role") != "baseline":
        return (
            "Consider the simple way first: on the same cases the model is not clearly better than every simple one "
            "it was compared with."
        )
    if compared.get("verdict") == "better" and said.tone == "good":
        return "Ready for a trial beside the present process: on the same cases the model does clearly better."
    if said.tone == "good":
        return (
            "Ready for a trial: on cases it had never seen, the model is clearly better than the simple ways to answer."
        )
    if said.tone == "caution":
        return "Ready for a trial with care: it works, but read 'What can go wrong' before relying on it."
    return "There is not enough on record to say whether the model is ready."


def _cannot(result: Result) -> list[str]:
    target = result.get("target") or {}
    column, classes = target.get("column") or "the target", target.get("classes") or []
    out = [
        f"It does not say why {column} comes out as it does: what the model uses need not be a cause.",
        "It knows nothing of cases unlike those it learned from, and it does not say so by itself.",
        "It cannot be right about a single case: its figures hold for many cases together.",
        "It does not take responsibility: where people are affected, a person decides.",
    ]
    if classes:
        more = f" and {len(classes) - 6} more" if len(classes) > 6 else ""
        out.insert(
            2, f"It only ever answers {', '.join(map(str, classes[:6]))}{more}; a new kind is forced into these."
        )
    return out
