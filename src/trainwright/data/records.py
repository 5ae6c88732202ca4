"""Reads JSON Lines and JSON arrays of records."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from trainwright.data.frames import from_records
from trainwright.data.notes import Note
from trainwright.errors import UserError


def read_records(name: str, data: bytes, *, lines: bool) -> tuple[pl.DataFrame, list[Note]]:
    """One row for each JSON object; a key that an object lacks is missing there.

    Args:
        name: the file's name, for messages.
        data: the text.
        lines: one object per line (JSON Lines) rather than one array of objects.

    Raises:
        UserError: text that is not JSON, or JSON that is not a table, naming the line.
    """
    if lines:
        try:
            # Every line is looked at before types are chosen, so a late decimal or word cannot surprise.
            frame = pl.read_ndjson(data, infer_schema_length=None)
            return _checked(name, frame), []
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            pass  # the slow way below names the line, or reads what polars cannot
        records = _parse_lines(name, data)
    else:
        try:
            loaded = json.loads(data.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise UserError(f"{name} is not JSON: {error}", remedy="give JSON Lines or a JSON array") from error
        if isinstance(loaded, dict):
            loaded = [loaded]
        if not isinstance(loaded, list) or not all(isinstance(item, dict) for item in loaded):
            raise UserError(
                f"{name} must be a JSON array of objects, one for each row", remedy="give one object per row"
            )
        records = loaded
    return _checked(name, from_records(records)), []


def _parse_lines(name: str, data: bytes) -> list[dict[str, Any]]:
    records = []
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{name} is not UTF-8: {error}", remedy="save it as UTF-8") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"{name}, line {number}: not JSON ({error})", remedy="each line must be one JSON object"
            ) from error
        if not isinstance(record, dict):
            raise UserError(
                f"{name}, line {number}: expected a JSON object, found {type(record).__name__}",
                remedy='each line must be one object, such as {"age": 39}',
            )
        records.append(record)
    return records


def _checked(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    if frame.height == 0 or frame.width == 0:
        raise UserError(f"{name} has no rows", remedy="give a file with at least one object")
    return frame
