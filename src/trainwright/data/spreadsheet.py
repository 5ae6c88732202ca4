"""Reads one sheet of an Excel workbook. Formulas are never run: a cell is its stored value."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl

from trainwright.data.dialect import has_header
from trainwright.data.limits import check_spreadsheet
from trainwright.data.names import clean_names
from trainwright.data.notes import Note, listing, nearest
from trainwright.errors import UserError


def read_spreadsheet(
    path: Path,
    *,
    sheet: str | int | None = None,
    header_row: int | None = None,
    max_bytes: int | None = None,
    max_columns: int = 20_000,
) -> tuple[pl.DataFrame, list[Note]]:
    """The table on one sheet.

    Args:
        path: an .xlsx or .xlsm file.
        sheet: name, or number counted from 1; None takes the first sheet with cells.
        header_row: row of the header as Excel shows it, counted from 1; 0 for none; None to find it out.
        max_bytes: limit on the expanded size.
        max_columns: more columns than this are refused.

    Raises:
        UserError: no such sheet, nothing on it, doubled column names, or a file beyond the limits.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    check_spreadsheet(path, max_bytes)
    notes: list[Note] = []
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        names = list(workbook.sheet_names)
        chosen, cells = _choose(path.name, workbook, names, sheet)
    except CalamineError as error:
        raise UserError(f"{path.name} cannot be opened as Excel ({error})", remedy="save it again") from error
    others = [name for name in names if name != chosen]
    if others and sheet is None:
        notes.append(Note("sheet", f"sheet {chosen!r} was read; others are {listing(others)}"))
    cells, first = _trim(cells)
    if not cells:
        raise UserError(f"{path.name}: sheet {chosen!r} is empty", remedy="give a sheet with a header and rows")
    if len(cells[0]) > max_columns:
        raise UserError(
            f"{path.name} has {len(cells[0]):,} columns, the limit is {max_columns:,}",
            remedy="raise max_columns",
        )
    start = _header_position(cells, header_row, first)
    if start is None:
        width = len(cells[0])
        header = [f"column_{i + 1}" for i in range(width)]
        notes.append(Note("no_header", f"the sheet has no header; columns are named column_1 to column_{width}"))
        body = cells
    else:
        body = cells[start + 1 :]
        if start > 0:
            notes.append(Note("preamble", f"{start} row(s) above the table were left out"))
        header = [_text(cell) or "" for cell in cells[start]]
        used = [j for j in range(len(header)) if header[j] or any(row[j] != "" for row in body)]
        header = clean_names(path.name, [header[j] for j in used], notes)
        body = [[row[j] for j in used] for row in body]
    body = [row for row in body if any(cell != "" for cell in row)]
    if not body:
        raise UserError(
            f"{path.name}: sheet {chosen!r} has a header and no rows",
            remedy="give a sheet with at least one row of values",
        )
    return pl.DataFrame([_column(name, [row[j] for row in body]) for j, name in enumerate(header)]), notes


def _choose(file: str, workbook: Any, names: list[str], sheet: str | int | None) -> tuple[str, list[list[Any]]]:
    """The name and the cells of the sheet that was asked for, or of the first one that has any."""
    if sheet is None:
        for name in names:
            cells = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            if cells:
                return name, cells
        return names[0], []
    if isinstance(sheet, str) and sheet not in names and sheet.isdigit():
        sheet = int(sheet)
    if isinstance(sheet, int):
        if not 1 <= sheet <= len(names):
            raise UserError(
                f"{file} has {len(names)} sheet(s), there is no number {sheet}",
                remedy=f"they are {listing(names)}",
            )
        sheet = names[sheet - 1]
    if sheet not in names:
        near = nearest(sheet, names)
        raise UserError(
            f"{file} has no sheet {sheet!r}",
            remedy=f"did you mean {near!r}?" if near else f"its sheets are {listing(names)}",
        )
    return sheet, workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)


def _trim(cells: list[list[Any]]) -> tuple[list[list[Any]], int]:
    """The cells without empty rows above and empty columns left, and the number of rows cut off above."""
    first = next((i for i, row in enumerate(cells) if any(cell != "" for cell in row)), len(cells))
    cells = cells[first:]
    if not cells:
        return [], first
    left = min(next((j for j, c in enumerate(row) if c != ""), len(row)) for row in cells)
    return [row[left:] for row in cells], first


def _header_position(cells: list[list[Any]], header_row: int | None, first: int) -> int | None:
    """Position of the header among the cells, or None when the sheet has none."""
    if header_row == 0:
        return None
    if header_row is not None:
        return min(max(0, header_row - 1 - first), len(cells) - 1)
    filled = [sum(cell != "" for cell in row) for row in cells[:200]]
    widest = max(filled)
    start = next(i for i, n in enumerate(filled) if n >= max(1, 0.8 * widest))  # titles above a table are narrow
    body = [[_text(cell) or "" for cell in row] for row in cells[start + 1 : start + 101]]
    if all(isinstance(cell, str) for cell in cells[start]) and has_header([str(cell) for cell in cells[start]], body):
        return start
    texts = [_text(cell) or "" for cell in cells[start]]
    return start if has_header(texts, body) else None


def _column(name: str, cells: list[Any]) -> pl.Series:
    """One column: numbers, booleans or dates where every cell is one, otherwise strings."""
    values = [None if cell == "" else cell for cell in cells]
    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {float, int}:
        numbers = pl.Series(name, [None if v is None else float(v) for v in values], dtype=pl.Float64)
        whole = numbers.cast(pl.Int64, strict=False)
        return whole if whole.null_count() == numbers.null_count() and (whole == numbers).all() else numbers
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds and kinds <= {dt.datetime, dt.date}:
        moments = [dt.datetime(v.year, v.month, v.day) if type(v) is dt.date else v for v in values]
        return pl.Series(name, moments, dtype=pl.Datetime("us"))
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _text(value: Any) -> str | None:
    """A cell as a string: 5.0 is "5", as the sheet shows it."""
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)
