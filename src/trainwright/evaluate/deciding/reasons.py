"""Why a decision came out as it did: each automatic choice in words, with the numbers it rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.deciding.by_segment import FEWEST
from trainwright.evaluate.deciding.fit import Fitted
from trainwright.evaluate.deciding.pick import THEORY_ROWS
from trainwright.evaluate.deciding.policy import Policy
from trainwright.evaluate.deciding.question import Question
from trainwright.evaluate.deciding.rows import Rows
from trainwright.evaluate.deciding.table import Table
from trainwright.evaluate.formats import number, percent, plural

# Ties that leave more of the capacity unused than this are worth a word.
UNUSED = 0.1


def of_two(question: Question, rows: Rows, table: Table, final: Fitted) -> list[str]:
    """The reasons for two classes, the main one first."""
    p = rows.target.positive_index
    out = [*question.assumed]
    if final.band is not None:
        out += _band(question, final)
    else:
        out.append(_goal(question, final, p))
        if question.goal == "capacity":
            out += _ties(question, table, final)
    if question.goal == "cost":
        out += _theory(question, final, p, min(int((rows.y == p).sum()), int((rows.y != p).sum())))
    if question.by is not None and final.by is not None:
        out += _by(question, rows, final)
    return out + _common(question, rows)


def beyond(question: Question, figures: Mapping[str, Any]) -> list[str]:
    """That more went to a person than can be reviewed, on rows that the limits were not chosen on."""
    share = (figures.get("review") or {}).get("value")
    if question.most_review is None or share is None or share <= question.most_review * (1 + UNUSED):
        return []
    return [
        f"on rows that they were not chosen on, such limits sent {percent(share)} to a person, more than the "
        f"{percent(question.most_review)} asked for: expect some days above it, or ask for less"
    ]


def of_many(question: Question, rows: Rows, policy: Policy) -> list[str]:
    """The reasons for more than two classes."""
    out = [*question.assumed, "the class with the least expected cost is decided"]
    if policy.review_above is not None:
        price = (question.costs.review if question.costs else None) or 0.0
        if question.most_review is not None and policy.review_above > price:
            why = f"the {percent(question.most_review)} of cases with the highest expected cost"
        else:
            why = "cases whose best decision is expected to cost more than a review"
        out.append(f"a person decides {why} (above {number(policy.review_above)})")
    return out + _common(question, rows)


def _goal(question: Question, final: Fitted, p: int) -> str:
    cut = f"flagged from a probability of {final.high[-1]:.3g} on"
    level = question.level or 0.0
    if question.goal == "cost":
        assert question.costs is not None
        alarm, miss = question.costs.of_two(p)[:2]
        unit = f" {question.costs.unit}" if question.costs.unit else ""
        return f"{cut}: there mistakes cost least, at {alarm:g}{unit} for a false alarm and {miss:g}{unit} for a miss"
    return {
        "threshold": f"{cut}, as asked",
        "capacity": f"{cut}: that is at most {percent(level)} of the cases",
        "min_recall": f"{cut}: the fewest cases with which the lower 95 % bound of recall keeps {percent(level)}",
        "min_precision": f"{cut}: the most found with which the lower 95 % bound of precision keeps {percent(level)}",
        "recall_at": f"{cut}: the most precision with a recall of {percent(level)} on these rows",
        "beta": f"{cut}: the most F{level:g}, in which recall counts {level:g} times as much as precision",
    }[question.goal]


def _theory(question: Question, final: Fitted, p: int, rarer: int) -> list[str]:
    """How much the rows count beside theory; nothing where no threshold of the rows' own is used."""
    costs, band = question.costs, final.band
    if costs is None or (band is not None and (band.price is not None or band.low >= band.high)):
        return []
    share = percent(rarer / (rarer + THEORY_ROWS))
    weight = f"n / (n + {THEORY_ROWS:g})"
    mixed = f"{plural(rarer, 'row')} of the rarer class count for {share} and theory for the rest, {weight}"
    if band is not None:
        return [f"theory puts the two at {band.theory[0]:.3g} and {band.theory[1]:.3g}; {mixed}"]
    formula = "(fp - tn) / (fp - tn + fn - tp)" if costs.of_two(p)[2:] != (0, 0) else "fp / (fp + fn)"
    found = "" if final.pick.found is None else f"; on these rows {final.pick.found:.3g} costs least"
    return [f"theory says {costs.theory(p):.3g}, {formula}{found}; {mixed}"]


def _band(question: Question, final: Fitted) -> list[str]:
    band, costs = final.band, question.costs
    assert band is not None and costs is not None
    if band.low >= band.high:
        return [f"no review pays at these costs: everything is decided at {band.middle:.3g}"]
    out = [f"accepted below {band.low:.3g}, rejected from {band.high:.3g} on, between them a person decides"]
    if band.price is not None:
        assert question.most_review is not None
        at_most = f"at most {percent(question.most_review)} of the cases can be reviewed"
        if costs.review is None:
            out.append(f"{at_most}: each review goes where it saves most, at least {number(band.price)}")
        else:
            out.append(f"{at_most}: the band is that of a review that costs {number(band.price)}, not {costs.review:g}")
    return out


def _ties(question: Question, table: Table, final: Fitted) -> list[str]:
    """Rows of equal probability that are left out because all of them together would be too many."""
    own, other = table.counts()
    total = table.up * own.sum() + table.down * other.sum()
    top = table.at_least(float(final.high[-1]))
    mass = table.up * own.sum((0, 1)) + table.down * other.sum((0, 1))
    used, level = float(mass[:top].sum() / total), question.level or 0.0
    if top < len(mass) and level - used > UNUSED * level:
        tied = int((table.bin == top).sum())
        return [
            f"{percent(used)} are flagged, not {percent(level)}: the next {plural(tied, 'row')} have the same "
            "probability and cannot be told apart"
        ]
    return []


def _by(question: Question, rows: Rows, final: Fitted) -> list[str]:
    assert final.by is not None
    few = [name for name, n in zip(rows.segments, final.by.rows) if n < FEWEST]
    own = [name for name, cut in zip(rows.segments, final.by.own) if cut != final.by.threshold]
    out = []
    if not own:
        out.append(
            f"the values of {question.by!r} differ no more than chance explains: all keep the threshold of all rows"
            if math.isinf(final.by.prior) and len(few) < len(rows.segments)
            else f"no value of {question.by!r} has a threshold of its own"
        )
    else:
        prior = number(final.by.prior)
        out.append(
            f"thresholds of {plural(len(own), 'value')} of {question.by!r} are drawn towards that of all rows: n rows "
            f"of the rarer class count n / (n + {prior}), found from how much the values differ beyond chance"
        )
    if few:
        more = f" and {len(few) - 5} more" if len(few) > 5 else ""
        out.append(f"fewer than {FEWEST} rows of a class: {', '.join(few[:5])}{more} keep the threshold of all rows")
    out.append("missing and new values use the threshold of all rows")
    return out


def _common(question: Question, rows: Rows) -> list[str]:
    out = []
    if question.prevalence is not None:
        p = rows.target.positive_index if len(rows.target.classes) == 2 else None
        if p is not None:
            true, learned = question.prevalence[p], rows.learned[p]
            out.append(
                f"probabilities are corrected from {percent(learned)} positive rows in the table to {percent(true)} in "
                "the world, as far as the cases of each class are alike in both"
            )
        else:
            out.append("probabilities are corrected to the true shares of the classes")
    if rows.units.how != "rows":
        out.append(f"intervals come from resamples {rows.units.words}, which belong together")
    return out
