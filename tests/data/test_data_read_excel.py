"""Excel sheets: types per column, titles above the table, sheets by name; formulas stay data."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from trainwright.data.read import ReadOptions, read_table
from trainwright.errors import UserError


def book(path: Path, **sheets: list[list[Any]]) -> Path:
    workbook = xlsxwriter.Workbook(str(path))
    date = workbook.add_format({"num_format": "yyyy-mm-dd"})
    for name, rows in sheets.items():
        sheet = workbook.add_worksheet(name)
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                if isinstance(value, dt.datetime):
                    sheet.write_datetime(i, j, value, date)
                elif isinstance(value, str):
                    sheet.write_string(i, j, value)
                elif value is not None:
                    sheet.write(i, j, value)
    workbook.close()
    return path


def test_columns_keep_their_types(tmp_path: Path) -> None:
    day = dt.datetime(2024, 1, 2)
    rows = [["n", "x", "s", "d", "b"], [1, 1.5, "a", day, True], [2, None, "=1+1", day, False]]
    frame = read_table(book(tmp_path / "a.xlsx", S=rows)).frame
    assert frame.dtypes == [pl.Int64, pl.Float64, pl.String, pl.Datetime("us"), pl.Boolean]
    assert frame.rows() == [(1, 1.5, "a", day, True), (2, None, "=1+1", day, False)]


def test_titles_above_mixed_cells_and_no_header(tmp_path: Path) -> None:
    titled = read_table(book(tmp_path / "a.xlsx", S=[["Report"], [], ["a", "b"], [1, "x"], ["?", 5], [3, "y"]]))
    assert titled.frame.rows() == [("1", "x"), ("?", "5"), ("3", "y")]
    assert [note.code for note in titled.notes] == ["preamble"]
    bare = read_table(book(tmp_path / "b.xlsx", S=[[1, 2], [3, 4], [5, 6]]))
    assert bare.frame.columns == ["column_1", "column_2"]
    assert bare.frame.height == 3


def test_sheets_are_chosen_by_name_or_number(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", Empty=[], Cars=[["a", "b"], [1, 2]], Trucks=[["c"], [3]])
    first = read_table(path)
    assert first.frame.columns == ["a", "b"]
    assert "'Trucks'" in first.notes[0].message
    assert read_table(path, ReadOptions(sheet="Trucks")).frame.columns == ["c"]
    assert read_table(path, ReadOptions(sheet=3)).frame.columns == ["c"]
    with pytest.raises(UserError, match="no sheet 'Trukcs'; did you mean 'Trucks'"):
        read_table(path, ReadOptions(sheet="Trukcs"))
    with pytest.raises(UserError, match="no number 9"):
        read_table(path, ReadOptions(sheet=9))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "is empty"),
        ([["a", "b"]], "a header and no rows"),
        ([["a", "a"], [1, 2]], "doubled column names"),
    ],
)
def test_sheets_without_a_table_are_refused(tmp_path: Path, rows: list[list[Any]], said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_table(book(tmp_path / "a.xlsx", S=rows))


def test_header_row_counts_as_excel_does(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", S=[[], ["x", "y"], ["a", "b"], [1, 2]])
    assert read_table(path, ReadOptions(header_row=3)).frame.rows(named=True) == [{"a": 1, "b": 2}]
