"""Tables that cannot be trained on: one message with what to do, status 2, and no trace in any workspace."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Shop, assert_refused, fingerprint, finish, rows, run, start, write_csv

from trainwright.data import limits


def _text(name: str, content: str | bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def _shop(change: Callable[[int, dict[str, Any]], dict[str, Any]], n: int = 160) -> Callable[[Path], Path]:
    """The shop's table with every row changed."""

    def write(folder: Path) -> Path:
        return write_csv(folder / "table.csv", [row | change(i, row) for i, row in enumerate(rows(n))])

    return write


def _nothing(i: int, row: dict[str, Any]) -> dict[str, Any]:
    return {}


def _misnamed(folder: Path) -> Path:
    _shop(_nothing)(folder)
    return folder / "tabel.csv"


def _many_classes(folder: Path) -> Path:
    lines = [f"{i % 97},class{i % 10_000}" for i in range(20_000)]
    return _text("many.csv", "\n".join(["size,bought", *lines]))(folder)


def _bomb_in_gzip(folder: Path) -> Path:
    return _text("bomb.csv.gz", gzip.compress(b"a,bought\n" + b"1,1\n" * (1 << 20)))(folder)


def _bomb_in_xlsx(folder: Path) -> Path:
    path = folder / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (4 << 20))
    return path


# id: the table, the flags, and what the message must say.
CASES: dict[str, tuple[Callable[[Path], Path], tuple[str, ...], tuple[str, ...]]] = {
    "missing file": (_misnamed, (), ("there is no file", "tabel.csv", "did you mean", "table.csv?")),
    "missing folder": (lambda folder: folder / "none" / "a.csv", (), ("its folder does not exist",)),
    "a folder": (lambda folder: folder, (), ("is a folder, not a file",)),
    "empty file": (_text("e.csv", ""), (), ("e.csv is empty", "header and rows")),
    "blank lines": (_text("e.csv", "\n \n\n"), (), ("e.csv is empty",)),
    "header only": (_text("h.csv", "age,bought\n"), (), ("h.csv has a header and no rows", "at least one row")),
    "one row": (_shop(_nothing, 1), (), ("the table has one row", "at least two")),
    "one class": (_shop(lambda i, row: {"bought": "yes"}), (), ("'bought' has only the class 'yes'", "two classes")),
    "target absent": (_shop(_nothing), ("--target", "bougth"), ("'bougth' (target)", "did you mean 'bought'?")),
    "target unnamed": (_shop(_nothing), ("--target", ""), ("target",)),
    "target empty": (_shop(lambda i, row: {"bought": ""}), (), ("'bought' has no values",)),
    "10,000 classes": (_many_classes, (), ("'bought' has 10,000 classes", "the limit is 1,000", "group rare classes")),
    "doubled names": (_text("d.csv", "a,b,a,bought\n" + "1,2,3,x\n4,5,6,y\n" * 9), (), ("'a'", "columns 1 and 3")),
    "CSV as Parquet": (_text("a.parquet", "a,b\n1,2\n"), (), ("a.parquet is named as Parquet", "is delimited text")),
    "CSV as Excel": (_text("a.xlsx", "a,b\n1,2\n"), (), ("a.xlsx is named as Excel", "is delimited text")),
    "CSV as gzip": (_text("a.csv.gz", "a,b\n1,2\n"), (), ("a.csv.gz is named as gzip", "is delimited text")),
    "gzip as CSV": (_text("a.csv", gzip.compress(b"a,b\n1,2\n")), (), ("its content is gzip",)),
    "PNG as CSV": (_text("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(99)), (), ("its content is PNG image", "give CSV")),
    "bytes as CSV": (_text("a.csv", bytes(range(256)) * 20), (), ("a.csv is binary",)),
    "cut Parquet": (_text("a.parquet", b"PAR1" + b"x" * 99), (), ("a.parquet is a damaged Parquet file",)),
    "cut gzip": (_text("a.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99)[:-9]), (), ("a.csv.gz ends in the middle",)),
    "gzip bomb": (_bomb_in_gzip, (), ("bomb.csv.gz expands", "the limit is 200 times", "max_bytes")),
    "xlsx bomb": (_bomb_in_xlsx, (), ("bomb.xlsx expands", "the limit is 200 times", "max_bytes")),
    "absent group": (_shop(_nothing), ("--group", "jobb"), ("'jobb'", "did you mean 'job'?")),
    "absent positive": (_shop(_nothing), ("--positive", "ja"), ("'ja' is not a label", "'no', 'yes'")),
    "metric of numbers": (_shop(_nothing), ("--metric", "rmse"), ("'rmse' does not exist for 2 classes", "roc_auc")),
    "metric of classes": (_shop(_nothing), ("--target", "spent", "--metric", "f1"), ("'f1'", "the metrics are rmse")),
    "bad project name": (_shop(_nothing), ("--project", "a b!"), ("'a b!' cannot name a project",)),
}


@pytest.mark.parametrize("case", CASES)
def test_refused_and_nothing_is_written(
    case: str, trained: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HARMLESS", 1 << 20)  # so that a bomb of a test may be small
    make, flags, words = CASES[case]
    (tmp_path / "tables").mkdir()
    table = make(tmp_path / "tables")
    command = ["train", table, "--target", "bought", *flags, "--time-limit", "10s"]
    assert_refused(run(*command, "--workspace", tmp_path / "new"), 2, *words)
    assert not (tmp_path / "new").exists()
    before = fingerprint(trained.workspace)
    assert_refused(run(*command, "--workspace", trained.workspace), 2, *words)
    assert fingerprint(trained.workspace) == before


@pytest.mark.parametrize("words", [("train",), ("inspect",), ("train", "--json")])
def test_a_process_of_its_own_says_the_same(words: tuple[str, ...], tmp_path: Path) -> None:
    table = write_csv(tmp_path / "one.csv", [row | {"bought": "no"} for row in rows(50)])
    said = finish(start(*words, table, "--target", "bought", cwd=tmp_path))
    assert_refused(said, 2, "target column 'bought' has only the class 'no'; training needs at least two classes")
    assert [path.name for path in tmp_path.iterdir()] == ["one.csv"]
    if "--json" in words:
        assert said.document["error"]["exit_code"] == 2
        assert "only the class 'no'" in said.document["error"]["message"]
    else:
        assert said.out == ""


def _inspect(table: Path, *flags: str) -> dict[str, Any]:
    said = run("inspect", table, "--target", "bought", *flags, "--json")
    assert said.code == 0 and said.err == "", said.err
    document: dict[str, Any] = said.document
    return document


def _kind(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(column for column in document["schema"] if column["name"] == name)


def test_inspect_tells_how_often_each_class_comes(tmp_path: Path) -> None:
    table = _shop(lambda i, row: {"bought": "yes" if i % 4 == 0 else "no"})(tmp_path)
    said = run("inspect", table, "--target", "bought")
    rows = {one["class"]: one["rows"] for one in _inspect(table)["statistics"]["target"]["classes"]}
    assert [f"  {name}: {rows[name]} rows (" in said.out for name in ("no", "yes")] == [True, True]


def test_rows_without_a_label_are_dropped_and_counted(tmp_path: Path) -> None:
    document = _inspect(_shop(lambda i, row: {"bought": "?" if i % 10 == 0 else row["bought"]})(tmp_path))
    assert document["rows"] == 144
    assert "16 row(s) without a target value were dropped" in [note["message"] for note in document["notes"]]


def test_words_among_numbers_are_said(tmp_path: Path) -> None:
    one = _inspect(_shop(lambda i, row: {"age": "old" if i == 3 else row["age"]})(tmp_path))
    assert _kind(one, "age")["kind"] == "number" and _kind(one, "age")["missing"] == 1
    assert any("'age': 1 value(s) are not a number" in note["message"] for note in one["notes"])
    many = _inspect(_shop(lambda i, row: {"age": "old" if i % 10 == 0 else row["age"]})(tmp_path))
    assert _kind(many, "age")["kind"] == "category"
    assert any("144 numbers and 16 other values ('old')" in note["message"] for note in many["notes"])
    marked = _inspect(tmp_path / "table.csv", "--missing-marks", "old")
    assert _kind(marked, "age")["kind"] == "number" and _kind(marked, "age")["missing"] == 16


def test_infinite_values_count_as_missing_and_are_found(tmp_path: Path) -> None:
    document = _inspect(_shop(lambda i, row: {"spent": ("inf", "-inf")[i % 2] if i < 8 else row["spent"]})(tmp_path))
    assert _kind(document, "spent")["missing"] == 8
    found = next(finding for finding in document["findings"] if finding["code"] == "TW107")
    assert "8 infinite value(s)" in found["message"] and found["columns"] == ["spent"]
    document = run("inspect", tmp_path / "table.csv", "--target", "spent", "--json").document
    assert document["rows"] == 152
    assert "8 row(s) without a target value were dropped" in document["notes"][-1]["message"]


def test_several_ways_to_write_dates_in_one_column(tmp_path: Path) -> None:
    def day(i: int, row: dict[str, Any]) -> dict[str, Any]:
        number = i % 28 + 1
        return {"day": f"2024-01-{number:02d}" if i % 2 else f"{number:02d}/01/2024"}

    document = _inspect(_shop(day)(tmp_path))
    assert _kind(document, "day")["kind"] == "datetime" and _kind(document, "day")["missing"] == 0
    assert any("'day': dates are written in 2 ways" in note["message"] for note in document["notes"])


def test_five_thousand_columns_are_understood_in_reasonable_time(tmp_path: Path) -> None:
    from time import process_time

    rng = np.random.default_rng(0)
    table = tmp_path / "wide.csv"
    lines = [",".join([*(f"{x:.2f}" for x in rng.normal(size=5000)), "yn"[i % 2]]) for i in range(120)]
    table.write_text("\n".join([",".join([*(f"c{i}" for i in range(5000)), "bought"]), *lines]) + "\n")
    started = process_time()
    document = _inspect(table)
    assert process_time() - started < 30  # about 4 s; seven times as long where columns are searched one by one
    assert len(document["schema"]) == 5001


def test_more_columns_than_the_limit_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "wider.csv"
    table.write_text(",".join([*(f"c{i}" for i in range(20_000)), "bought"]) + "\n" + ",".join(["1"] * 20_001) + "\n")
    said = run("train", table, "--target", "bought", "--workspace", tmp_path / "new")
    assert_refused(said, 2, "wider.csv has 20,001 columns", "the limit is 20,000")
    assert not (tmp_path / "new").exists()
