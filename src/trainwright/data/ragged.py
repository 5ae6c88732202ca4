"""Rows of delimited text that are too short, too long or oddly quoted: found by line number."""

from __future__ import annotations

import csv
import io

import polars as pl

from trainwright.data.dialect import NAMES, Dialect, Rows, text_reader
from trainwright.data.encoding import TextSource
from trainwright.data.notes import Note
from trainwright.errors import UserError

SHORT_ROWS_ALLOWED = 0.01


def read_leniently(source: TextSource, dialect: Dialect, names: list[str], notes: list[Note]) -> pl.DataFrame:
    """The table by Python's reader: it forgives odd quoting, and names the rows that are too long.

    Raises:
        UserError: rows with more fields than columns, or a quotation mark that is never closed.
    """
    reader = _rows(source, dialect)
    width = len(names)
    rows: list[list[str | None]] = []
    long: list[tuple[int, int]] = []
    begin = last = dialect.skip_lines + 1
    try:
        for row in reader:
            last = begin
            if len(row) > width and any(cell.strip() for cell in row[width:]):
                long.append((begin, len(row)))
            elif row:
                rows.append([cell or None for cell in row[:width]] + [None] * (width - len(row)))
            begin = dialect.skip_lines + reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"{source.name}, line {begin}: {error}", remedy="look for a quotation mark that is never closed"
        ) from error
    if rows and any("\n" in (cell or "") for cell in rows[-1]) and not source.all().rstrip().endswith(b'"'):
        raise UserError(
            f"{source.name}, line {last}: a quotation mark is opened and never closed",
            remedy="close it, or write a quotation mark inside a value twice",
        )
    if long:
        line, found = long[0]
        delimiter = NAMES.get(dialect.delimiter, dialect.delimiter)
        raise UserError(
            f"{source.name}: {len(long):,} row(s) have more fields than the {width} columns; "
            f"the first is line {line} with {found} fields",
            remedy=f"put quotation marks around values that contain a {delimiter}, or give the delimiter",
        )
    if not dialect.spaced_quotes:
        said = "some values have quotation marks out of place; they were read leniently"
        notes.append(Note("odd_quotes", said))
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def check_short_rows(source: TextSource, dialect: Dialect, frame: pl.DataFrame, notes: list[Note]) -> None:
    """Rows with too few fields: a few are filled with missing values and said, many are refused.

    The fast reader fills them in silence, so they are looked for whenever the last column has missing values.

    Raises:
        UserError: more than 1 % of the rows are too short.
    """
    if frame.width < 2 or frame.to_series(-1).null_count() == 0:
        return
    short = _short_rows(source, dialect, frame.width)
    if not short:
        return
    said = f"{len(short):,} row(s) have fewer than {frame.width} fields; the first is line {short[0]}"
    if len(short) > max(1, SHORT_ROWS_ALLOWED * frame.height):
        raise UserError(
            f"{source.name}: {said}", remedy="is the delimiter right? each row needs a field for each column"
        )
    notes.append(Note("short_rows", f"{said}; what they lack counts as missing"))


def _short_rows(source: TextSource, dialect: Dialect, width: int) -> list[int]:
    """Line numbers, counted from 1, of the rows with fewer fields than columns."""
    data = source.all()
    if dialect.quote is not None and b'"' in data:
        reader = _rows(source, dialect)
        short = []
        begin = dialect.skip_lines + 1
        for row in reader:
            if any(row) and len(row) < width:
                short.append(begin)
            begin = dialect.skip_lines + reader.line_num + 1
        return short
    lines = pl.read_csv(
        data,
        has_header=False,
        skip_lines=dialect.skip_lines,
        schema={"line": pl.String},
        separator="\x01" if dialect.delimiter != "\x01" else "\x02",
        quote_char=None,
    ).to_series()
    blank = lines.str.strip_chars().fill_null("") == ""
    fields = lines.str.count_matches(dialect.delimiter, literal=True) + 1
    return [int(i) + dialect.skip_lines + 1 for i in ((fields < width) & ~blank).arg_true()]


def _rows(source: TextSource, dialect: Dialect) -> Rows:
    text = source.all().decode("utf-8-sig", errors="replace")
    lines = io.StringIO(text, newline="")
    for _ in range(dialect.skip_lines):
        lines.readline()
    return text_reader(lines, dialect.delimiter, dialect.quote)
