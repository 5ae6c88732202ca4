"""Answers a question about decisions on out-of-fold rows: the policy, what it buys, and why, as one document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.errors import UserError
from trainwright.evaluate.deciding import many, reasons
from trainwright.evaluate.deciding.bought import bought, figures_of, sums_at
from trainwright.evaluate.deciding.fit import Fitted, fit, policy_of, table_of
from trainwright.evaluate.deciding.policy import Policy
from trainwright.evaluate.deciding.prevalence import corrected
from trainwright.evaluate.deciding.question import Question
from trainwright.evaluate.deciding.rows import Rows
from trainwright.evaluate.deciding.table import Table
from trainwright.evaluate.intervals import json_number

HALF = "a threshold of 0.5"
OWN = "the version's own threshold"
SWEEP = tuple(round(0.10 + 0.05 * i, 2) for i in range(17))
"""The thresholds that are always shown: 0.10 to 0.90 by 0.05."""


@dataclass(frozen=True)
class Decided:
    """An answer.

    Args:
        policy: what is applied to new rows.
        document: plain data: goal, policy, thresholds, figures with intervals, sweep, reasons.
    """

    policy: Policy
    document: dict[str, Any]


def decide(
    question: Question,
    rows: Rows,
    *,
    own_threshold: float | None = None,
    seed: int = 0,
    resamples: int | None = None,
) -> Decided:
    """Chooses on all rows, and judges the choice on rows that it did not see.

    Each fold's rows are decided by thresholds that the other folds chose; the intervals come from resamples of whole
    units in which that is repeated.

    Args:
        question: see `question.ask`.
        rows: out-of-fold rows.
        own_threshold: the version's own, to compare with.
        seed: of the resamples.
        resamples: how many; by default as many as their size affords; 0: no intervals.

    Returns:
        The policy and the document; its keys are listed in `docs/guides/thresholds.md`.

    Raises:
        UserError: no row of a class, or a goal out of reach, with the best that is in reach.
    """
    if len(rows.target.classes) > 2:
        policy = many.policy_of(question, rows)
        found = many.bought(question, rows, seed=seed, number=resamples)
        return Decided(policy, _document(question, rows, policy, found, reasons.of_many(question, rows, policy)))
    p = rows.target.positive_index
    for code, name in ((p, "positive"), (1 - p, "other")):
        if not (rows.y == code).any():
            raise UserError(
                f"no row of the {name} class {rows.target.classes[code]!r} was held out: nothing can be decided by it",
                remedy="train on a table with more rows of it",
            )
    table, applied = table_of(question, rows), table_of(question, rows, applied=True)
    final = fit(question, applied, applied.counts(), p)
    _check_reached(question, rows, final)
    against = _others(own_threshold, final)
    cuts = {name: _in_the_world(question, rows, value, p) for name, value in against.items()}
    prior = None if final.by is None else final.by.prior
    found = bought(
        question, table, p, final, cuts, seed=seed, number=resamples,
        refit=lambda times: fit(question, applied, applied.counts(times), p, prior),
    )  # fmt: skip
    for name, value in against.items():
        found["against"][name]["threshold"] = value
    policy = policy_of(question, rows, final)
    why = [*reasons.of_two(question, rows, applied, final), *reasons.beyond(question, found["figures"])]
    document = _document(question, rows, policy, found, why)
    document["sweep"] = [_point(question, table, t, p) for t in SWEEP]
    if question.by is not None:
        document["segments"] = _segments(rows, applied, final, p)
    return Decided(policy, document)


def _document(question: Question, rows: Rows, policy: Policy, found: dict[str, Any], why: list[str]) -> dict[str, Any]:
    return {
        "goal": question.goal,
        "level": question.level,
        "given": dict(question.given),
        "flags": question.flags(),
        "costs": None if question.costs is None else question.costs.to_json(),
        "policy": policy.to_json(),
        "target": rows.target.to_json(),
        "n_rows": len(rows.y),
        "positives": None if policy.positive is None else int((rows.y == policy.positive).sum()),
        "prevalence": None if question.prevalence is None else list(question.prevalence),
        "learned": list(rows.learned),
        "reasons": why,
        **found,
    }


def _others(own: float | None, final: Fitted) -> dict[str, float]:
    """What the decision is compared with: one half, and the version's own threshold where that is another one."""
    same = own is not None and abs(own - final.middle) <= 1e-4 + 0.01 * final.middle
    return {HALF: 0.5} if own is None or own == 0.5 or same else {OWN: own, HALF: 0.5}


def _check_reached(question: Question, rows: Rows, final: Fitted) -> None:
    """Refuses a goal that no threshold reaches, and says what can be reached."""
    best = final.pick.best
    if final.pick.met or question.goal not in ("min_recall", "min_precision"):
        return
    name = question.goal.removeprefix("min_")
    flag, level = "--" + question.goal.replace("_", "-"), question.level or 0.0
    least = max(0.0, int((best or 0.0) * 1000) / 1000)
    positives = int((rows.y == rows.target.positive_index).sum())
    if name == "recall":
        needed = int(np.ceil(np.log(0.025) / np.log(level))) if level < 1 else None
        why = f"with every case flagged, {positives:,} positive rows vouch for no more than {best or 0:.1%}"
        more = f", or train on at least {needed:,} positive rows" if needed is not None and needed > positives else ""
        instead = f"{flag} {least:g}, or --recall-at {level:g}, which holds on these rows without vouching for new ones"
    else:
        why = f"the best that any threshold vouches for is {best or 0:.1%}"
        more = ""
        instead = f"{flag} {least:g}" if least > 0 else "--beta 0.5, which favours precision"
    raise UserError(
        f"a {name} of {level:g} cannot be promised: {why} (the lower 95 % bound)",
        remedy=f"ask for {instead}{more}",
    )


def _in_the_world(question: Question, rows: Rows, threshold: float, p: int) -> float:
    """A threshold on the model's probabilities on the scale of the corrected ones."""
    if question.prevalence is None:
        return threshold
    row = np.zeros((1, 2))
    row[0, p], row[0, 1 - p] = threshold, 1 - threshold
    return float(corrected(row, rows.learned, question.prevalence)[0, p])


def _point(question: Question, table: Table, threshold: float, p: int) -> dict[str, float | None]:
    """One line of the sweep, on all held-out rows; nothing is chosen here."""
    own, other = table.counts()
    cut = np.full(table.segments, threshold)
    figures = figures_of(sums_at(table, own.sum(1), other.sum(1), cut, cut), question.costs, p)
    precision, recall = float(figures["precision"]), float(figures["recall"])
    both = precision + recall
    f1 = 2 * precision * recall / both if np.isfinite(both) and both > 0 else 0.0
    kept = ("precision", "recall", "flagged", "missed_per_1000", "false_per_1000", "cost_per_1000")
    shown = {name: json_number(float(figures[name])) for name in kept if name in figures}
    return {"threshold": threshold, "f1": f1, **shown}


def _segments(rows: Rows, table: Table, final: Fitted, p: int) -> list[dict[str, Any]]:
    """Each segment with its threshold, what its own rows would choose, and what it finds at either."""
    assert final.by is not None
    own, other = table.counts()
    out = []
    for s, name in enumerate(rows.segments):
        at = figures_of(
            sums_at(table, own[s : s + 1].sum(1), other[s : s + 1].sum(1), *[final.low[s : s + 1]] * 2), None, p
        )
        raw = float(final.by.raw[s])
        out.append(
            {
                "value": name,
                "n_rows": int((rows.segment_codes == s).sum()),
                "positives": int(((rows.segment_codes == s) & (rows.y == p)).sum()),
                "threshold": float(final.by.own[s]),
                "alone": json_number(raw),
                "share": float(final.by.rows[s] / (final.by.rows[s] + final.by.prior)) if np.isfinite(raw) else 0.0,
                "precision": json_number(float(at["precision"])),
                "recall": json_number(float(at["recall"])),
                "flagged": json_number(float(at["flagged"])),
            }
        )
    return out
