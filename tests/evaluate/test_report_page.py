"""Tests of the report and the model card as texts: complete, self-contained, and safe against hostile
names."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_documents import a_number, many_classes, two_classes

from trainwright.data.schema import Target
from trainwright.errors import EnvironmentProblem
from trainwright.evaluate.card import escape, render_card, write_card
from trainwright.evaluate.document import evaluate
from trainwright.evaluate.page import script_json
from trainwright.evaluate.report import render_report, write_report


class Page(HTMLParser):
    """Collects what a browser would see: element names, ids, addresses and the text of each heading."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "href", "action", "data"):
                self.addresses.append(value)
            assert not name.startswith("on"), f"<{tag} {name}>"

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("documents", [two_classes, many_classes, a_number])
def test_the_page_is_one_file_of_moderate_size(documents, tmp_path):
    path = write_report(*documents(), tmp_path / "report.html")
    assert path.stat().st_size < 6_000_000
    page = Page(path.read_text(encoding="utf-8"))
    assert page.addresses and all(address.startswith("#") for address in page.addresses)
    assert {address[1:] for address in page.addresses} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert not {"link", "iframe", "img", "object", "base"} & set(page.tags)
    assert page.tags.count("script") == 5


def test_the_page_has_every_section_and_only_those_with_data():
    page = Page(render_report(*two_classes()))
    sections = [
        "decision",
        "data",
        "findings",
        "leaderboard",
        "choice",
        "metrics",
        "errors",
        "curves",
        "importance",
    ]
    assert [i for i in page.ids if i in [*sections, "diagnosis", "plan", "record", "glossary"]] == [
        *sections, "diagnosis", "plan", "record", "glossary",
    ]  # fmt: skip
    bare = Page(render_report({}, {}))
    assert set(bare.ids) & {*sections, "diagnosis", "plan", "record"} == set()
    assert "verdict" in bare.ids


@pytest.mark.parametrize("kind", ["two", "three", "number"])
def test_a_real_evaluation_document_fills_its_sections(kind):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3 if kind == "three" else 2, 400)
    if kind == "number":
        target, y = Target("price", "number"), rng.normal(size=400)
        prediction = y + rng.normal(size=400)
    else:
        classes = ("a", "b", "c")[: 3 if kind == "three" else 2]
        target = Target("kind", "classes", classes, positive="b" if kind == "two" else None)
        raw = rng.random((400, len(classes))) + 0.5 * np.eye(len(classes))[y]
        prediction = raw / raw.sum(1, keepdims=True)
    rows, fold = np.arange(400), np.arange(400) % 4
    documents = {
        "validation": evaluate(target, y, prediction, part="validation", rows=rows, fold=fold),
        "test": evaluate(target, y, prediction, part="test"),
    }
    metric = documents["test"]["metric"]
    result = {
        "target": target.to_json(),
        "metric": metric,
        "n_rows": {"train": 400, "validation": 400, "test": 400},
    }
    result |= {part: document["metrics"] for part, document in documents.items()}
    page = Page(render_report(result, documents))
    assert {"metrics", "errors"} <= set(page.ids)
    assert ("curves" in page.ids) == (kind != "number")
    assert page.tags.count("button") == {"two": 4, "three": 15, "number": 0}[kind]
    assert "400 sealed test rows" in render_card(result, documents)


def test_the_same_documents_give_the_same_page():
    assert render_report(*two_classes()) == render_report(*two_classes())


def test_the_page_says_what_must_be_said():
    text = " ".join(" ".join(Page(render_report(*two_classes())).text).split())
    for words in (
        "opening number 2",
        "97.5\u00a0% instead of 95 %",
        "Whom to offer a personal call",
        "the positive class is >50K",
        "better than all",
        "simplest model within one standard error of the best is catboost",
        "Of 100 rows it flags as >50K, about 72 really are",
        "The fixed LightGBM ran 3 of 5 folds.",
    ):
        assert words.replace("\u00a0", " ") in text.replace("\u00a0", " "), words


def test_scripts_run_only_by_their_hash():
    html = render_report(*two_classes())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    rules = policy[1].replace("&#39;", "'")
    script_rule = next(rule for rule in rules.split("; ") if rule.startswith("script-src"))
    assert rules.startswith("default-src 'none'")
    assert re.fullmatch(r"script-src( 'sha256-[A-Za-z0-9+/=]{44}'){2}", script_rule)


def test_hostile_names_are_text():
    html = render_report(*many_classes())
    assert "<script>alert" not in html and "<img" not in html and "<b>bold" not in html
    assert "\u2028" not in html.split('id="tw-figures"')[1]
    assert "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in html


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_embedded_json_survives_and_cannot_leave_its_element(value):
    text = str(script_json(value))
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)


@pytest.mark.parametrize("write", [write_report, write_card])
def test_a_path_that_cannot_be_written_is_named(write, tmp_path):
    with pytest.raises(EnvironmentProblem, match=r"missing.*cannot be written"):
        write(*a_number(), tmp_path / "missing" / "page")


def test_the_card_holds_figures_limits_and_the_way_to_load():
    card = render_card(*two_classes())
    for words in (
        "# adult v3",
        "| ROC-AUC | 0.9281 (0.9260 to 0.9302) |",
        "tw.load('adult@v3')",
        "## Limits",
        "52 rows occur",
    ):
        assert words in card
    assert "\n\n\n" not in card


def test_the_card_escapes_what_users_wrote():
    card = render_card(*many_classes())
    assert "<" not in card.replace("```", "")
    result, evaluations = two_classes()
    result["project"] = "x')\n```\n<script>"
    assert render_card(result, evaluations).count("```") == 2


@given(st.text())
def test_escaped_text_stays_one_line_without_markup(text):
    line = escape(text)
    assert len(line.splitlines()) <= 1
    assert "<" not in line
    assert not re.search(r"(?<!\\)(\\\\)*[`|*\[]", re.sub(r"\\[\\`*_\[\]|~#]", "", line))


def test_a_figure_that_fails_is_named_and_the_report_is_written():
    result, evaluations = two_classes()
    result["importance"] = {"features": 5}
    html = render_report(result, evaluations)
    assert "Figures that could not be drawn: importance" in html
    assert 'data-figure="leaderboard"' in html and 'data-figure="importance"' not in html


def test_the_page_says_how_every_check_ended() -> None:
    result, evaluations = two_classes()
    late = {"code": "TW402", "slug": "group-column", "state": "skipped", "reason": "no time was left", "seconds": 0.0}
    passed = {"code": "TW301", "slug": "rare-classes", "state": "passed", "reason": "", "seconds": 0.1}
    html = render_report({**result, "checks": [passed, late]}, evaluations)
    text = " ".join(" ".join(Page(html).text).split())
    assert "2 checks ended: 1 passed, 1 skipped" in text
    assert "Not looked at: group column (TW402)" in text and "no time was left" in text
    assert "Passed: rare classes (TW301)" in text


def test_low_and_high_are_explained_and_their_weak_spots_named():
    page = render_report(*a_number())
    assert "How far a single prediction may be off" in page and "Low and high" in page
    assert "ocean_proximity = &lt;ISLAND&gt;: 71 of 100 between low and high (180 rows)" in page
    assert 'data-figure="interval_rows"' in page and 'data-figure="interval_bands"' in page
    assert "true values lie between low and high" in render_card(*a_number())
    result, evaluations = a_number()
    result["interval"] = {"skipped": "6 out-of-fold rows are too few for low and high at 90%"}
    assert "There is no low and high beside the predictions: 6 out-of-fold rows" in render_report(result, evaluations)
