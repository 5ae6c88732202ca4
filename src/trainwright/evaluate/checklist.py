"""The checklist of a training, before, during and before selection: done, open or not applicable, each with evidence.

Nothing is ticked for having been intended: every state follows from the documents of this run. What only a person can
do (look at the mistakes, state a cost) stays open and says where.
"""

from __future__ import annotations

from dataclasses import dataclass

from trainwright.evaluate import checklist_evidence as evidence
from trainwright.evaluate.checklist_evidence import DONE, NOT_APPLICABLE, OPEN, Evaluations, Result, Said
from trainwright.evaluate.formats import count

STAGES = ("Before training", "During training", "Before final selection")


@dataclass(frozen=True)
class Item:
    """One line of the checklist.

    Args:
        stage: one of `STAGES`.
        what: what is to be done.
        state: "done", "open" or "not applicable".
        evidence: from this run's documents; for an open one, what to do.
    """

    stage: str
    what: str
    state: str
    evidence: str


def checklist(result: Result, evaluations: Evaluations) -> list[Item]:
    """Every line of the checklist, in its order.

    Args:
        result: the result document.
        evaluations: evaluation documents by part.

    Example:
        >>> items = checklist({"target": {"column": "price", "task": "number"}}, {})
        >>> items[0].state, items[0].evidence
        ('done', 'price, a number')
    """
    lines = [*_before(result), *_during(result, evaluations), *_selection(result)]
    return [Item(STAGES[stage], what, state, evidence) for stage, what, (state, evidence) in lines]


Line = tuple[int, str, Said]


def _before(result: Result) -> list[Line]:
    return [
        (0, "Define the prediction target", evidence.target(result)),
        (0, "Define the decision the model supports", evidence.decision(result)),
        (0, "Choose metrics that match the cost of errors", evidence.metric(result)),
        (0, "Check class balance", evidence.balance(result)),
        (0, "Check missing values, outliers and leakage", evidence.checked(result)),
        (0, "Decide how to split: random, stratified, grouped or by time", evidence.split(result)),
        (0, "Create a final test set", evidence.test(result)),
    ]


def _during(result: Result, evaluations: Evaluations) -> list[Line]:
    return [
        (1, "Start with a baseline", evidence.baseline(result)),
        (1, "Keep the preparation repeatable in one pipeline", evidence.pipeline(result)),
        (1, "Track parameters, metrics, artifacts and versions", evidence.tracked(result)),
        (1, "Compare models on the same validation rows", evidence.compared(result)),
        (1, "Watch training and validation side by side", evidence.watched(result)),
        (1, "Tune settings in a controlled way", evidence.tuned(result)),
        (1, "Inspect errors, not only scores", evidence.errors(evaluations)),
    ]


def _selection(result: Result) -> list[Line]:
    return [
        (2, "Compare functional requirements", evidence.functional(result)),
        (2, "Compare non-functional requirements", evidence.non_functional(result)),
        (2, "Choose the decision threshold by the use case", evidence.threshold(result)),
        (2, "Explain what is gained and what is given up", evidence.explained(result)),
        (2, "Evaluate once on the final test set", evidence.opened(result)),
        (2, "Save model and preparation together", evidence.saved(result)),
        (2, "Document the training", evidence.documented(result)),
    ]


def tally(items: list[Item]) -> str:
    """How much of the list is done.

    Example:
        >>> tally([Item(STAGES[0], "a", "done", ""), Item(STAGES[0], "b", "open", "")])
        '1 of 2 done, 1 open'
    """
    states = [item.state for item in items if item.state != NOT_APPLICABLE]
    return f"{count(states.count(DONE))} of {count(len(states))} done, {count(states.count(OPEN))} open"
