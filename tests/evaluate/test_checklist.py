"""Tests of the checklist: every line of the chapter, states that follow from the run's documents, and its evidence."""

from __future__ import annotations

from typing import Any

import pytest
from report_documents import a_number, many_classes, two_classes

from trainwright.evaluate.card import render_card
from trainwright.evaluate.checklist import STAGES, Item, checklist
from trainwright.evaluate.report import render_report


def states(result: dict[str, Any], evaluations: dict[str, Any]) -> dict[str, Item]:
    return {item.what: item for item in checklist(result, evaluations)}


@pytest.mark.parametrize("documents", [two_classes, many_classes, a_number, lambda: ({}, {})])
def test_every_line_has_a_state_and_evidence(documents: Any) -> None:
    items = checklist(*documents())
    assert [sum(item.stage == stage for item in items) for stage in STAGES] == [7, 7, 7]
    assert {item.state for item in items} <= {"done", "open", "not applicable"}
    assert all(item.evidence for item in items)


def test_nothing_is_ticked_for_an_empty_document() -> None:
    assert {item.state for item in checklist({}, {})} <= {"open", "not applicable"}


def test_states_follow_the_run() -> None:
    result, evaluations = two_classes()
    found = states(result, evaluations)
    assert found["Define the decision the model supports"].state == "done"
    assert found["Check class balance"].evidence.startswith("the rarest class, >50K, has 23.9")
    assert found["Start with a baseline"].evidence == "small forest, linear, majority"
    assert found["Compare models on the same validation rows"].evidence == "7 candidates on the same 5 folds"
    assert found["Choose the decision threshold by the use case"].state == "open"
    assert "opening number 2" in found["Evaluate once on the final test set"].evidence
    assert found["Explain what is gained and what is given up"].state == "open"
    result["problem"]["costs"] = {"false_positive": 1, "false_negative": 10}
    result["ledger"] = {"k": 1, "level": 0.95}
    result["findings"].append({"code": "TW201", "severity": "error", "message": "a leak", "columns": ["x"]})
    result["requirements"] = {"unmet": ["min_recall: 0.7, 0.2 short of 0.9"]}
    found = states(result, evaluations)
    assert found["Choose the decision threshold by the use case"].evidence == "0.36, by the costs stated"
    assert found["Evaluate once on the final test set"].state == "done"
    assert "TW201" in found["Check missing values, outliers and leakage"].evidence
    assert found["Check missing values, outliers and leakage"].state == "open"
    assert "0.2 short" in found["Compare functional requirements"].evidence


def test_a_number_has_no_classes_and_no_threshold() -> None:
    found = states(*a_number())
    assert found["Check class balance"].state == "not applicable"
    assert found["Choose the decision threshold by the use case"].state == "not applicable"


def test_report_and_card_show_it() -> None:
    documents = two_classes()
    html = render_report(*documents)
    assert 'id="checklist"' in html and "Start with a baseline" in html
    card = render_card(*documents)
    assert "- [x] **Start with a baseline** (done): small forest, linear, majority" in card
    assert "- [ ] **Evaluate once on the final test set** (open): this was opening number 2" in card
