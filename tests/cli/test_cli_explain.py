"""`trainwright explain` as a user meets it."""

from __future__ import annotations

import pytest
from command_line import Shop, run

from trainwright.models import extras


def test_it_ranks_the_columns_and_says_how_to_go_on(trained: Shop) -> None:
    said = run("explain", "shop@v1", "--workspace", trained.workspace)
    assert said.code == 0, said.err
    ranked = [item["feature"] for item in trained.document["importance"]["features"]]
    assert ranked[0] in said.out.splitlines()[3]
    assert "--data FILE --row 0" in said.out
    told = run("explain", "shop", "--workspace", trained.workspace, "--json").document
    assert set(told) >= {"version", "importance", "attributions", "segments", "shapes"}


def test_one_row_is_explained_as_predict_explains_it(trained: Shop) -> None:
    words = ("--workspace", trained.workspace)
    told = run("explain", "shop@v1", "--data", trained.table, "--row", "3", "--top", "2", *words, "--json").document
    predicted = run("predict", "shop@v1", trained.table, "--explain", *words, "--json").document["predictions"][3]
    assert told["prediction"] == predicted["prediction"] and told["row"] == 3
    assert [reason["text"] for reason in told["reasons"]] == [predicted["reason_1"], predicted["reason_2"]]
    said = run("explain", "shop@v1", "--data", trained.table, *words)
    assert said.code == 0 and "for row 0, because" in said.out


@pytest.mark.parametrize(
    ("towards", "push", "word"),
    [("spam", 1.29, "although"), ("spam", -1.29, "because"), ("ham", 1.29, "because"), (None, -3.0, "because")],
)
def test_what_speaks_against_the_answer_is_not_its_reason(
    towards: str | None, push: float, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from trainwright.cli.explain import _say_row

    reason = {"feature": "text", "value": "Hi", "push": push, "towards": towards, "exact": False, "text": "-"}
    _say_row({"version": "ft@v1", "row": 3, "prediction": "ham", "confidence": 0.95, "reasons": [reason], "notes": []})
    assert f"ft@v1 predicts ham (confidence 95.0 %) for row 3, {word}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--row", "1"], "no file was given"),
        (["--data", "TABLE", "--row", "99999"], "is not one of them"),
        (["--data", "nowhere.csv"], "nowhere.csv"),
        (["--row", "-1"], "--row"),
    ],
)
def test_what_cannot_be_explained_is_said(trained: Shop, words: list[str], expected: str) -> None:
    given = [str(trained.table) if word == "TABLE" else word for word in words]
    said = run("explain", "shop@v1", *given, "--workspace", trained.workspace)
    assert said.code == 2 and expected in said.err and "Traceback" not in said.err


def test_a_package_from_elsewhere_explains_rows_only(trained: Shop) -> None:
    said = run("explain", "./package")
    assert said.code == 2 and "add --data FILE" in said.err


@pytest.mark.parametrize("family", ["ebm", "xgboost"])
def test_a_family_whose_library_is_absent_ends_with_status_3(
    trained: Shop, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"ebm": "explain", "xgboost": "xgboost"}[family]
    monkeypatch.setitem(extras.LIBRARIES, extra, "no_such_library")
    said = run("train", trained.table, "--target", "bought", "--families", family, "--workspace", trained.workspace)
    assert said.code == 3 and f'pip install "trainwright[{extra}]"' in said.err
    listed = run("families", "list")
    assert f"{extra} (not installed)" in listed.out and f'pip install "trainwright[{extra}]"' in listed.out
    told = {one["name"]: one for one in run("families", "list", "--json").document}
    assert told[family]["installed"] is False and told["linear"]["installed"] is True
