"""Tests of `evaluate --as stress-test`: hard rows are measured, kept and listed apart from ordinary evaluations."""

from __future__ import annotations

from pathlib import Path

from command_line import Shop, assert_refused, rows, run, write_csv


def test_a_stress_test_is_kept_apart(shop: Shop, tmp_path: Path) -> None:
    winter = write_csv(tmp_path / "winter.csv", rows(150, seed=11))
    place = ("--workspace", shop.workspace)
    said = run("evaluate", "shop@v1", winter, "--as", "stress-test", "--name", "first snow", *place)
    assert said.code == 0, said.err
    assert "stress test 'first snow'" in said.out and "on the sealed test" in said.out
    document = run("evaluate", "shop@v1", winter, "--as", "stress-test", "--json", *place).document
    assert (document["kind"], document["name"], document["part"]) == ("stress-test", "winter", "file")
    assert document["against"]["part"] == "test"
    assert run("evaluate", "shop@v1", winter, "--json", *place).document["kind"] == "evaluation"
    shown = run("versions", "show", "shop@v1", "--json", *place).document
    assert [row["name"] for row in shown["stress_tests"]] == ["first snow", "winter"]
    assert len(shown["evaluations"]) == 1 and "name" not in shown["evaluations"][0]
    assert shown["stress_tests"][0]["figure"] == document["metrics"]["roc_auc"]
    assert shown["test"] == run("versions", "list", "shop", "--json", *place).document[0]["test"]


def test_a_name_without_a_stress_test_is_refused(shop: Shop) -> None:
    said = run("evaluate", "shop@v1", shop.table, "--name", "winter", "--workspace", shop.workspace)
    assert_refused(said, 2, "--name is for stress tests", "--as stress-test")
