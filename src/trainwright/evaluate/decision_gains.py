"""What is gained by the chosen model: on cases nobody had touched, against today, a simple model and no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.evaluate.decision_figures import CASES, Evaluations, PerThousand, Result, per_thousand, stated_costs
from trainwright.evaluate.decision_words import of_hundred, positive_name
from trainwright.evaluate.formats import count, estimate, number, plural
from trainwright.evaluate.verdict import chosen, chosen_row


def gains(result: Result, evaluations: Evaluations, found: Sequence[PerThousand]) -> list[str]:
    """The gains in one or two paragraphs, the last check on untouched cases first."""
    test = evaluations.get("test") or {}
    document = test or evaluations.get("validation") or {}
    metrics = {**(result.get("validation") or {}), **(result.get("test") or {}), **(document.get("metrics") or {})}
    if (result.get("target") or {}).get("task") == "number":
        return _numbers(result, metrics, document)
    judged = per_thousand("", document.get("confusion"), result)
    if judged is None:
        return []
    where = _where(document)
    out = []
    if judged.positive is not None and judged.found is not None:
        name = positive_name(result)
        recall, precision = metrics.get("recall"), metrics.get("precision")
        text = (
            f"{where} it finds {_range(judged.found / judged.positive, recall)} {name} cases"
            if judged.positive
            else where
        )
        if judged.flagged:
            text += f", and {_range(judged.found / judged.flagged, precision)} cases that it flags are right"
        out.append(f"{text}.")
        out.append(
            f"In 1,000 such cases {count(judged.positive)} are {name}: it finds {count(judged.found)}, misses "
            f"{count(judged.missed or 0)}, and flags {count(judged.false or 0)} others in error."
        )
    else:
        out.append(f"{where} it answers {_range(judged.right / CASES, metrics.get('accuracy'))} cases rightly.")
    first, out = " ".join([*out, *_costs(result, judged)]), _today(result)
    if len(found) > 1:
        rows = found[-1].n_rows
        out.append(
            f"The table sets it beside the other ways to decide, on the same {plural(rows, 'case')} "
            "that the models had not learned from."
        )
        if any(way.n_rows != rows for way in found):
            today = next(way.n_rows for way in found if way.n_rows != rows)
            out.append(f"The present process decided only {plural(today, 'case')}: its line counts these.")
    return [first, " ".join(out)] if out else [first]


def _where(document: Mapping[str, Any]) -> str:
    rows = document.get("n_rows")
    if document.get("part") == "test":
        return f"On {plural(rows, 'case')} that stayed sealed until the end" if rows else "On the sealed cases"
    return f"On {plural(rows, 'case')} that it had not learned from" if rows else "On cases it had not learned from"


def _range(share: float, figure: Any) -> str:
    """A share as "81 of 100 (very likely 78 to 84)"."""
    _, low, high = estimate(figure)
    text = of_hundred(share)
    if low is None or high is None or round(100 * low) == round(100 * high):
        return text
    return f"{text} (very likely {round(100 * low)} to {round(100 * high)})"


def _costs(result: Result, judged: PerThousand) -> list[str]:
    if judged.cost is None:
        return []
    problem = result.get("problem") or {}
    costs = problem.get("costs") if isinstance(problem, Mapping) else {}
    unit = f" {costs['unit']}" if isinstance(costs, Mapping) and costs.get("unit") else ""
    out = [f"Its mistakes cost about {_money(judged.cost)}{unit} in 1,000 cases."]
    both = stated_costs(result)
    if both is not None and judged.positive is not None:
        alarm, miss = both
        nothing, everything = miss * judged.positive, alarm * (CASES - judged.positive)
        best, name = min((nothing, "flagging no case"), (everything, "flagging every case"))
        change = f"{_money(best - judged.cost)}{unit} less than" if judged.cost < best else "no less than"
        out[0] = out[0][:-1] + f", {change} {name} ({_money(best)})."
    review = estimate(costs.get("review"))[0] if isinstance(costs, Mapping) else None
    if review and judged.flagged:
        out.append(f"Looking at the flagged cases costs another {_money(review * judged.flagged)}{unit}.")
    return out


def _money(value: float) -> str:
    return count(value) if abs(value) >= 100 else number(value)


def _today(result: Result) -> list[str]:
    """Against the present process, measured or only stated."""
    present = result.get("present_process")
    if not isinstance(present, Mapping):
        return []
    out = []
    compared = present.get("comparison") or {}
    words = {
        "better": "it does clearly better than the present process",
        "worse": "it does clearly worse than the present process",
        "not distinguishable": "it does about as well as the present process: the difference may be chance",
    }.get(str(compared.get("verdict")))
    if words:
        out.append(f"On the same {plural(compared['n_rows'], 'case')} {words}.")
    matched = present.get("matched")
    if matched:
        out.append(
            f"When it flags as many cases as today ({of_hundred(matched['flagged'])}), it finds "
            f"{of_hundred(matched['found_by_model'])} {positive_name(result)} cases; today finds "
            f"{of_hundred(matched['found_today'])}."
        )
    if present.get("undecided") and present.get("n_rows"):
        out.append(f"{plural(present['undecided'], 'case')} without a decision today stay out of this comparison.")
    if present.get("stated"):
        out.append("The figures of the present process are as stated; they were not measured on these cases.")
    return out


def _numbers(result: Result, metrics: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    """For a number: how far off it is, and how far the simplest answer is off."""
    half, typical = estimate(metrics.get("median_absolute_error"))[0], estimate(metrics.get("mae"))[0]
    where, out = _where(document), []
    if half is not None:
        out.append(f"{where} half of its answers are within {number(half)} of the truth.")
    if typical is not None:
        out.append(f"On average an answer is {number(typical)} away from the truth.")
    own = _error(chosen_row(result))
    for row in result.get("leaderboard") or []:
        theirs = _error(row)
        if own is None or theirs is None or not theirs:
            continue
        if row.get("family") == "baseline" and row.get("name") != chosen(result):
            out.append(f"Always answering the average would be {number(theirs)} away: {_less(own, theirs)}.")
        if row.get("role") == "present":
            out.append(f"The present process is {number(theirs)} away on average: {_less(own, theirs)}.")
    return [*out, *_today(result)]


def _less(own: float, theirs: float) -> str:
    share = 1 - own / theirs
    if share <= 0:
        return "the model is no closer"
    return f"the model takes away {of_hundred(share).replace(' of 100', ' %')} of that"


def _error(row: Mapping[str, Any]) -> float | None:
    """The average distance from the truth of a leaderboard row."""
    return estimate((row.get("metrics") or {}).get("mae"))[0]
