"""Whatever somebody does to a stored decision by hand is either named or does no harm to anything that reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from damage import damaged

from trainwright.cli.decide_screen import say_decision, say_list
from trainwright.data.schema import Target
from trainwright.errors import EnvironmentProblem
from trainwright.evaluate.deciding.decide import decide
from trainwright.evaluate.deciding.question import ask
from trainwright.evaluate.deciding.rows import Rows
from trainwright.evaluate.deciding.words import paragraph
from trainwright.evaluate.resampling import make_units
from trainwright.evaluate.sections import operating_point
from trainwright.evaluate.width_review import Rows as Widths
from trainwright.evaluate.width_review import judge_limit
from trainwright.packages.decided import DecidedOutputs
from trainwright.packages.number_intervals import ReviewWidth
from trainwright.store.decisions import Decision
from trainwright.training.decide_numbers import paragraph as paragraph_of_number
from trainwright.training.deployed import in_short, policy_of
from trainwright.training.whole_decision import lacking, whole

TWO = Target("state", "classes", ("ok", "faulty"), positive="faulty")
THREE = Target("kind", "classes", ("crack", "dent", "none"))
COSTS = {"crack": {"dent": 5, "none": 9}, "dent": {"crack": 2, "none": 2}, "none": {"crack": 1, "dent": 1}}
JUNK: tuple[Any, ...] = (None, 7, -3.5, "x", True, [], {}, [1], {"a": 1}, [{}], [[1]], {"value": "x"})


def made(target: Target, segment: bool = False, **asked: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(len(target.classes)), 400)
    y = np.array([rng.choice(len(target.classes), p=row) for row in p])
    site = np.array(["a", "b"])[np.arange(400) % 2].astype(object) if segment else None
    rows = Rows(target, y, p, np.arange(400) % 4, make_units(400), segment=site)
    document = decide(ask(target, **asked), rows, own_threshold=0.4, resamples=5).document
    return {**document, "text": paragraph(document), "label": "d1", "version": "parts@v1"}


def of_a_number() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    found = judge_limit(Widths(rng.uniform(1, 3, 200), rng.random(200), make_units(200)), 2.0)
    document = {"kind": "width", "policy": {"kind": "width", "width": "2.0"}, "figures": found, "note": "n"}
    document |= {"goal": "max_width", "given": {"max_width": "2"}, "flags": "--max-width 2", "version": "parts@v1"}
    return {**document, "text": paragraph_of_number(document), "label": "d1"}


MADE: dict[str, Callable[[], dict[str, Any]]] = {
    "costs": lambda: made(TWO, cost="fp=1 fn=4"),
    "band": lambda: made(TWO, cost="fp=5 fn=40 review=1", review_band=True),
    "segments": lambda: made(TWO, segment=True, cost="fp=1 fn=4", by="site"),
    "prevalence": lambda: made(TWO, threshold=0.3, prevalence=0.1),
    "three classes": lambda: made(THREE, cost=COSTS, review_band=True, capacity="10%"),
    "number": of_a_number,
}


def stored(document: dict[str, Any]) -> Decision:
    return Decision(4, 1, 1, document, "who", 0.0)


def read_everywhere(document: dict[str, Any]) -> None:
    """What predictions, the screen, lists and the report read from a decision."""
    decision = stored(document)
    policy = policy_of(decision)
    if not isinstance(policy, ReviewWidth):
        target = TWO if policy.classes == 2 else THREE
        DecidedOutputs(target, policy).frame(np.full((2, policy.classes), 1 / policy.classes), np.array(["a", "zebra"]))
    shown = {**document, **in_short(decision, decision), "version": "parts@v1"}
    for full in (False, True):
        say_decision(shown, full=full)
        say_list("parts@v1", [shown], full=full)
    operating_point.view({"operating_point": document, "decisions": []}, {})


def mutations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of a document and of the objects in it removed, and replaced by something else."""
    places: list[tuple[Any, ...]] = [(key,) for key in document]
    places += [(key, inner) for key, value in document.items() if isinstance(value, dict) for inner in value]
    for key in ("sweep", "segments"):
        places += [(key, 0, inner) for inner in (document.get(key) or [{}])[0]]
    yield from damaged(document, places, JUNK)


@pytest.mark.parametrize("kind", MADE)
def test_a_decision_changed_by_hand_is_refused_or_harmless(kind: str) -> None:
    document = MADE[kind]()
    assert lacking(document) is None
    read_everywhere(document)
    refused = 0
    for case, changed in mutations(document):
        why = lacking(changed)
        if why is not None:
            refused += 1
            with pytest.raises(EnvironmentProblem) as told:
                whole(stored(changed), "parts@v1")
            said = str(told.value)
            assert "decision d1 of parts@v1 is damaged (row 4 of the table `decision`)" in said, case
            assert "trainwright decide parts@v1" in said and "--decision none" in said
            assert "damaged" in in_short(stored(changed), None)["answer"]
            continue
        try:
            read_everywhere(changed)
        except Exception as error:
            raise AssertionError(f"{case} is taken for whole, and ends in {error!r}") from error
    assert refused > 20
