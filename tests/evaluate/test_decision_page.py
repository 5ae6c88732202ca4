"""Tests of the page for the person who decides: complete, in plain words, and asking for what is not stated."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from report_documents import a_number, many_classes, two_classes, with_costs

from trainwright.config.source import load_settings
from trainwright.errors import UserError
from trainwright.evaluate.card import render_card
from trainwright.evaluate.decision_asks import gaps, lines
from trainwright.evaluate.decision_page import Part, decision_page
from trainwright.evaluate.glossary import METRICS, TERMS
from trainwright.evaluate.verdict import verdict

JARGON = (
    "fold",
    "out-of-fold",
    "threshold",
    "ensemble",
    "calibrat",
    "hyperparameter",
    "bootstrap",
    "p-value",
    "overfit",
)
TITLES = [
    "In short",
    "What is decided, and for whom",
    "What was compared",
    "The measure, and why this one",
    "What was chosen",
    "What is gained",
    "What is given up",
    "What can go wrong, and how it is watched",
    "What it cannot do",
]


def words_of(parts: list[Part]) -> list[str]:
    """Every sentence and cell of the page, but the lines to copy."""
    out: list[str] = []
    for part in parts:
        out += [part.title, *part.text, *part.points]
        out += [text for pair in part.pairs for text in pair]
        if part.table:
            out += [*part.table["head"], *(cell for row in part.table["rows"] for cell in row)]
    return out


@pytest.mark.parametrize("documents", [two_classes, many_classes, a_number, with_costs])
def test_the_page_has_every_part_in_order(documents: Any) -> None:
    found = [part.title for part in decision_page(*documents())]
    assert [title for title in found if title in TITLES] == TITLES


@pytest.mark.parametrize("documents", [two_classes, many_classes, a_number, with_costs])
def test_no_technical_term_stands_unexplained(documents: Any) -> None:
    result, evaluations = documents()
    parts = decision_page(result, evaluations)
    # The options go by their names in the settings, each with what it is beside it in the table.
    named = {str(row["name"]) for row in result["leaderboard"]}
    terms = [e.title for e in METRICS.values()] + [term for term, _ in TERMS.values()]
    for text in words_of(parts):
        explained = re.sub(r"\(named '[^']+' in the rest of this report\)", "", text).lower()
        for name in (*named, *map(str, result["target"]["classes"])):
            explained = explained.replace(name.lower(), "it")
        found = [t for t in terms if re.search(rf"\b{re.escape(t.lower())}\b", explained)]
        found += [t for t in JARGON if re.search(rf"\b{t}", explained)]
        assert not found, (found, text)


@pytest.mark.parametrize("documents", [two_classes, a_number, with_costs])
def test_sentences_are_short(documents: Any) -> None:
    for text in words_of(decision_page(*documents())):
        for sentence in re.split(r"(?<=[.!?])\s", text):
            assert len(sentence.split()) <= 45, sentence


def test_gains_are_counted_in_a_thousand_cases_and_in_money() -> None:
    result, evaluations = with_costs()
    parts = {part.title: part for part in decision_page(result, evaluations)}
    table = parts["What is gained"].table
    assert table is not None and table["head"] == [
        "Of 1,000 cases",
        "found",
        "missed",
        "falsely flagged",
        "cost, euros",
    ]
    rows = {row[0]: row[1:] for row in table["rows"]}
    assert list(rows) == [
        "flag no case",
        "flag every case",
        "a simple model (linear)",
        "present process",
        "the chosen model",
    ]
    assert rows["present process"] == ["112", "125", "112", "20,438"]  # 1000/40000 * (150 * 5000 + 15 * 4500)
    text = " ".join(parts["What is gained"].text)
    assert "it finds 71 of 100" in text and "today finds 47 of 100" in text
    assert "1,516 cases without a decision today" in text
    assert "euros less than flagging" in text
    assert "a miss costs 10.0 times a false alarm" in " ".join(parts["The measure, and why this one"].text)
    assert parts["What can go wrong, and how it is watched"].pairs[0] == (
        "A new law.", "Compliance reads the rules every quarter.",
    )  # fmt: skip
    assert "how it is watched" in parts["What can go wrong, and how it is watched"].pairs[1][1]
    assert "To complete this page" not in parts


@pytest.mark.parametrize("documents", [two_classes, many_classes, a_number])
def test_what_is_missing_is_asked_for_with_lines_that_the_settings_accept(documents: Any) -> None:
    result, _ = documents()
    result.pop("problem", None)
    text = lines(result)
    asked = yaml.safe_load(text)["problem"]
    assert {"decision", "audience", "present_process", "risks"} <= set(asked)
    if documents is two_classes:
        assert set(asked["costs"]) == {"false_positive", "false_negative"}
        assert "what a missed" in text
    settings = load_settings(text=f"target: y\n{text}\n")
    result["problem"] = settings.problem.model_dump(mode="json", exclude_defaults=True)
    assert gaps(result) == []


def test_the_page_says_not_ready_when_it_is_not() -> None:
    result, evaluations = many_classes()
    assert decision_page(result, evaluations)[0].text[0].startswith("Not ready")
    result, evaluations = with_costs()
    result["present_process"]["comparison"]["verdict"] = "worse"
    assert "Keep deciding as today" in decision_page(result, evaluations)[0].text[0]
    result["rehearsal"] = True
    assert "rehearsal" in decision_page(result, evaluations)[0].text[0]


def test_nothing_is_shown_before_anything_was_chosen() -> None:
    assert decision_page({}, {}) == []


def test_the_card_holds_the_page_too() -> None:
    card = render_card(*with_costs())
    assert "## For the person who decides" in card
    assert (
        "| Of 1,000 cases | found | missed | falsely flagged | cost, euros |\n|---|---|---|---|---|\n| flag no case |"
        in card
    )
    assert "problem:" not in card


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("problem:\n  decison: x", ["line 2", "'decison'", "did you mean 'decision'?"]),
        ("problem:\n  costs:\n    false_negativ: 3", ["line 3", "'false_negativ'", "did you mean 'false_negative'?"]),
        ("problem:\n  present_process:\n    colum: x", ["line 3", "'colum'", "did you mean 'column'?"]),
        (
            "problem:\n  present_process:\n    metrics:\n      recal: 0.8",
            ["line 4", "'recal'", "did you mean 'recall'?"],
        ),
    ],
)
def test_an_unknown_key_of_the_problem_is_refused_with_line_and_nearest(text: str, words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        load_settings(text=text)
    for word in words:
        assert word in str(caught.value)


def test_columns_that_may_give_the_answer_away_come_before_any_praise() -> None:
    result, evaluations = two_classes()
    finding = {"code": "TW201", "severity": "warning", "message": "a leak", "columns": ["follow_up"]}
    leaking = {**result, "findings": [finding]}
    assert decision_page(leaking, evaluations)[0].text[0].startswith("Not yet")
    assert "'follow_up'" in verdict(leaking).sentence and verdict(leaking).tone == "caution"
    accepted = {**result, "findings": [{**finding, "severity": "note"}]}
    assert decision_page(accepted, evaluations)[0].text[0].startswith("Ready")
