"""Rows that somebody typed, pasted or filled into a form, as the predictor takes them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.errors import UserError

MOST = 1_000
PREFIX = "column-"


def rows_of_form(columns: Sequence[Mapping[str, Any]], form: Mapping[str, str]) -> dict[str, Any]:
    """The row of a form whose field of the i-th column is named "column-i"; an empty field is a missing value.

    Raises:
        UserError: a number's field holds none.
    """
    row: dict[str, Any] = {}
    for i, column in enumerate(columns):
        text = form.get(f"{PREFIX}{i}", "").strip()
        row[column["name"]] = None if text == "" else _typed(text, column)
    return row


def rows_of_text(text: str) -> list[dict[str, Any]]:
    """Rows of pasted text: JSON (an object or a list of them), or a table whose first line names the columns.

    Raises:
        UserError: it is neither, or too long.

    Example:
        >>> rows_of_text('age;kind\\n30;pen')
        [{'age': '30', 'kind': 'pen'}]
        >>> rows_of_text('{"age": 30}')
        [{'age': 30}]
    """
    text = text.strip("\r\n \ufeff")  # a tab at the end is an empty value
    if not text:
        raise UserError("nothing was pasted", remedy="paste a table with its line of names, or JSON")
    rows = _of_json(text) if text[0] in "[{" else _of_table(text)
    if len(rows) > MOST:
        raise UserError(f"{len(rows):,} rows were pasted, {MOST:,} are the most", remedy="upload the file instead")
    return rows


def _typed(text: str, column: Mapping[str, Any]) -> Any:
    if column["kind"] != "number":
        return text
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise UserError(
            f"{column['name']} is {text[:40]!r}, which is no number", remedy="leave it empty where it is not known"
        ) from None


def _of_json(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UserError(f"this is no JSON{where}", remedy='write [{"age": 30, "kind": "pen"}]') from None
    rows = found if isinstance(found, list) else [found]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise UserError("the JSON is no list of objects", remedy='write [{"age": 30, "kind": "pen"}]')
    for number, row in enumerate(rows, 1):
        for name, value in row.items():
            if isinstance(value, list | dict):
                raise UserError(f"row {number}: {name!r} holds a list or an object", remedy="give one value")
    return rows


def _of_table(text: str) -> list[dict[str, Any]]:
    head = text.splitlines()[0]
    mark = max("\t;,", key=head.count)
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=mark))
    except csv.Error as error:
        raise UserError(f"the table cannot be read ({error})", remedy="separate values by commas or tabs") from None
    names = [name.strip() for name in lines[0]]
    rows = [line for line in lines[1:] if any(cell.strip() for cell in line)]
    if not rows:
        raise UserError("only one line was pasted", remedy="paste the names of the columns, then the rows")
    for number, line in enumerate(rows, 2):
        if len(line) != len(names):
            raise UserError(
                f"line {number} has {len(line)} values, the first line names {len(names)} columns",
                remedy="put quotes around values that hold the separator",
            )
    return [{name: cell.strip() or None for name, cell in zip(names, line)} for line in rows]
