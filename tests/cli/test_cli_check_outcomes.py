"""Tests of how the command line says how checks ended: found, passed, without matter, out of time."""

from __future__ import annotations

from pathlib import Path

from command_line import run


def table_at(folder: Path) -> Path:
    path = folder / "parts.csv"
    lines = [f"{k % 37},{k * 7 % 11},{'bad' if k % 37 > 20 else 'good'}" for k in range(300)]
    path.write_text("\n".join(["size,shift,kind", *lines]), encoding="utf-8")
    return path


def test_inspect_says_how_each_check_ended(tmp_path: Path) -> None:
    table = table_at(tmp_path)
    said = run("inspect", table, "--target", "kind").out
    ended = [line for line in said.splitlines() if line.startswith("checks  ")]
    outcomes = run("inspect", table, "--target", "kind", "--json").document["checks"]
    for outcome in outcomes:
        named = any(outcome["code"] in line and f"{outcome['state']}:" in line for line in ended)
        assert named == (outcome["state"] in ("passed", "not applicable")), outcome
    assert "what to do: " in said


def test_a_training_keeps_and_says_which_checks_it_had_no_time_for(tmp_path: Path) -> None:
    command = ("train", table_at(tmp_path), "--target", "kind", "--workspace", tmp_path / "ws", "--seed", "1")
    made = run(*command, "--time-limit", "10s", "--json").document
    assert {outcome["state"] for outcome in made["checks"]} <= {"found", "passed", "not applicable", "skipped"}
    found = {finding["code"] for finding in made["findings"]}
    assert found == {outcome["code"] for outcome in made["checks"] if outcome["state"] == "found"}
    assert all(outcome["reason"] for outcome in made["checks"] if outcome["state"] == "skipped")


def test_a_check_that_was_not_made_is_named_in_words() -> None:
    from trainwright.cli.check_outcomes import unseen
    from trainwright.data.checks import checks

    every = [
        {"code": check.code, "slug": check.slug, "state": "skipped", "reason": "no time was left"}
        for check in checks().values()
    ]
    (line,) = unseen(every)
    for check in checks().values():
        assert f"{check.code} {check.slug.replace('-', ' ')}" in line
