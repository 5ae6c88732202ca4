"""`trainwright data labels` and the flags about findings, as a user types them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from command_line import QUICK, run


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a project "parts" in whose table some labels are exchanged."""
    folder = tmp_path_factory.mktemp("labels")
    rng = np.random.default_rng(0)
    label = rng.random(400) < 0.5
    frame = pl.DataFrame({"size": rng.normal(size=400) + np.where(label, 4.0, -4.0), "weight": rng.normal(size=400)})
    label[rng.choice(400, 24, replace=False)] ^= True
    frame.with_columns(kind=pl.Series(np.where(label, "large", "small"))).write_csv(folder / "parts.csv")
    said = run("train", folder / "parts.csv", "--target", "kind", "--workspace", folder / "w", *QUICK)
    assert said.code == 0, said.err
    assert "warning TW304" in said.out
    return folder / "w"


def test_a_person_looks_decides_and_trains_again(place: Path) -> None:
    listed = run("data", "labels", "list", "parts", "--top", "3", "--workspace", place)
    assert listed.code == 0 and "suggested" in listed.out and "size" in listed.out
    assert "next: trainwright data labels accept parts" in listed.out
    items = run("data", "labels", "list", "parts", "--workspace", place, "--json").document["rows"]
    rows = [item["row"] for item in items]
    accepted = run("data", "labels", "accept", "parts", f"{rows[0]},{rows[1]}", "--workspace", place)
    assert accepted.code == 0 and "d2: d1 with 2 corrected label(s)" in accepted.out
    assert run("data", "labels", "reject", "parts", rows[2], "--workspace", place).code == 0
    said = run("data", "labels", "set", "parts", f"{rows[3]}={items[3]['suggested']}", "--workspace", place)
    assert said.code == 0 and "d3: d1 with 3 corrected label(s)" in said.out
    left = run("data", "labels", "list", "parts", "--workspace", place, "--json").document["rows"]
    assert not {item["row"] for item in left} & set(rows[:4])
    shown = run("data", "show", "parts@d2", "--workspace", place)
    assert "made from d1" in shown.out and str(rows[0]) in shown.out
    again = run("train", "--project", "parts", "--data-version", "d2", "--workspace", place, "--json")
    assert again.code == 0 and again.document["dataset"] == "d2" and again.document["ledger"]["k"] == 2
    taken = run("data", "labels", "restore", "parts@1", rows[2], "--workspace", place)
    assert taken.code == 0 and "took back 1 decision" in taken.out


def test_the_list_is_written_for_a_spreadsheet(place: Path, tmp_path: Path) -> None:
    said = run("data", "labels", "list", "parts@1", "--output", tmp_path / "doubtful.csv", "--workspace", place)
    assert said.code == 0
    assert pl.read_csv(tmp_path / "doubtful.csv").columns[:3] == ["suspected_row", "suggested_label", "suspicion"]
    lost = run("data", "labels", "list", "parts@1", "--output", tmp_path / "no" / "x.csv", "--workspace", place)
    assert lost.code == 3 and "cannot be written" in lost.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("accept", "parts@1"), "no row is named"),
        (("accept", "parts@1", "x"), "is no row number"),
        (("accept", "parts@1", "123456"), "has no row 123456"),
        (("accept", "parts@1", "1", "--all"), "are both given"),
        (("accept", "parts@x", "1"), "names no run"),
        (("list", "parts@99"), "there is no run 99"),
        (("list", "nothing"), "nothing"),
        (("set", "parts@1", "17"), "ROW=LABEL"),
        (("restore", "parts@1", "399"), "nothing was decided"),
    ],
)
def test_mistakes_are_named(place: Path, words: tuple[str, ...], expected: str) -> None:
    said = run("data", "labels", *words, "--workspace", place)
    assert said.code == 2 and expected in said.err


def test_unknown_codes_and_versions_are_refused(place: Path) -> None:
    table = place.parent / "parts.csv"
    said = run("train", table, "--target", "kind", "--ignore-findings", "TW999", "--workspace", place)
    assert said.code == 2 and "TW999" in said.err
    said = run("train", "--project", "parts", "--data-version", "d9", "--workspace", place)
    assert said.code == 2 and "it has: d1" in said.err
    said = run("train", "--project", "parts", "--data-version", "newest", "--workspace", place)
    assert said.code == 2 and "d1, d2" in said.err
    said = run("train", "--project", "x", "--data-version", "d1", "--workspace", place.parent / "none")
    assert said.code == 2 and not (place.parent / "none").exists()


def test_silenced_findings_stay_on_the_record(place: Path) -> None:
    table = place.parent / "parts.csv"
    loud = run("inspect", table, "--target", "kind", "--json").document
    quiet = run("inspect", table, "--target", "kind", "--ignore-findings", "TW304", "--json").document
    assert [f["severity"] for f in loud["findings"] if f["code"] == "TW304"] == ["warning"]
    told = [f for f in quiet["findings"] if f["code"] == "TW304"]
    assert [f["severity"] for f in told] == ["note"] and told[0]["evidence"]["silenced"]
