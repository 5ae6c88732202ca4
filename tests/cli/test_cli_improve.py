"""`try`, `runs compare` and `reproduce` as a user types them."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Shop, assert_refused, fingerprint, run

from trainwright.cli.try_ import planned_words


def test_a_try_is_told_from_its_rule_to_the_next(shop: Shop) -> None:
    words = ("try", "shop@v1", "--set", "training.class_weight=balanced", "--note", "few buy")
    said = run(*words, "--workspace", shop.workspace)
    assert said.code == 0, said.err
    assert "try     training.class_weight: not given -> balanced" in said.out
    assert "why     few buy" in said.out and "against shop@v1, run 1" in said.out
    assert "        the same candidates and ceilings of rounds but for what is tried\n" in said.out
    assert "rule    kept if ROC-AUC is better than that of v1 beyond noise" in said.out
    assert "dropped: " in said.out or "kept: " in said.out
    assert "next" in said.out
    listed = run("runs", "list", "shop", "--workspace", shop.workspace, "--json").document
    assert listed[0]["try"] in ("kept", "dropped") and listed[0]["comments"] == "few buy"
    compared = run("runs", "compare", "shop@v1", "3", "--workspace", shop.workspace)
    assert compared.code == 0, compared.err
    assert "training.class_weight" in compared.out and "balanced (--set)" in compared.out


def test_what_is_held_equal_is_said_as_it_is() -> None:
    assert "may differ" in planned_words(None)
    stopped = {"steps": [{"name": "linear", "inner": 0.0}, {"name": "lightgbm", "inner": 0.1}]}
    assert planned_words(stopped).endswith("; lightgbm may stop at another round")


def test_two_versions_are_compared_and_a_page_is_written(shop: Shop, tmp_path: Path) -> None:
    page = tmp_path / "both.html"
    said = run("runs", "compare", "shop@v1", "v2", "--html", page, "--workspace", shop.workspace, "--json")
    assert said.code == 0, said.err
    found = said.document
    assert [row["key"] for row in found["settings"]] == ["training.seed"]
    assert found["verdicts"][0]["name"] == "shop@v2"
    text = page.read_text(encoding="utf-8")
    assert "shop@v1 and shop@v2" in text and "training.seed" in text and 'src="http' not in text


def test_a_version_is_reproduced_from_its_record(shop: Shop) -> None:
    said = run("reproduce", "shop@v1", "--workspace", shop.workspace)
    assert said.code == 0, (said.out, said.err)
    assert said.out.rstrip().splitlines()[-1].startswith("the same: the package byte for byte")
    assert "the sealed test was not opened again" in said.out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("try", "shop"), "nothing is set"),
        (("try", "shop", "--set", "class_weight"), "must be KEY=VALUE"),
        (("try", "shop", "--set", "clas_weight=balanced"), "did you mean 'class_weight'"),
        (("try", "shop@v9", "--set", "ensemble=false"), "has no version v9"),
        (("try", "nothing", "--set", "ensemble=false"), "nothing"),
        (("try", "shop", "--set", "ensemble=false", "--accept", "recall>0.9 or f1>0.8"), "`or` is not known"),
        (("runs", "compare", "shop@v1"), "only one run is named; name two or three"),
        (("runs", "show", "9" * 20), "there is no run 999"),
        (("runs", "resume", "9" * 20), "there is no run 999"),
        (("runs", "repeat", "9" * 20), "there is no run 999"),
        (("runs", "compare", "shop@v1", "1"), "same run 1"),
        (("runs", "compare", "shop@v1", "99"), "there is no run 99"),
        (("runs", "compare", "1", "v2"), "names a version of no project"),
        (("runs", "compare", "shop@v1", "v2", "--html", "page.txt"), "must end with .html"),
        (("reproduce", "shop@v9"), "has no version v9"),
        (("reproduce", "99"), "there is no run 99"),
    ],
)
def test_mistakes_are_named_and_change_nothing(trained: Shop, words: tuple[str, ...], expected: str) -> None:
    before = fingerprint(trained.workspace)
    assert_refused(run(*words, "--workspace", trained.workspace), 2, expected)
    assert fingerprint(trained.workspace) == before
