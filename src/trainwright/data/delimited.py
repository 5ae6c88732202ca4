"""Reads CSV, TSV and other delimited text; every value arrives as a string."""

from __future__ import annotations

import codecs

import polars as pl

from trainwright.data.dialect import NAMES, Dialect, sniff
from trainwright.data.encoding import TextSource, as_utf8, misfit, western
from trainwright.data.missing import MARKS
from trainwright.data.names import clean_names
from trainwright.data.notes import Note, listing
from trainwright.data.ragged import check_short_rows, read_leniently
from trainwright.errors import UserError

SAMPLE_BYTES = 1 << 20


def read_delimited(
    source: TextSource,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    header_row: int | None = None,
    max_columns: int = 20_000,
) -> tuple[pl.DataFrame, list[Note]]:
    """The table in a delimited file, as columns of strings with blank fields missing.

    Args:
        source: the text.
        delimiter, encoding, decimal, header_row: given by the user; None to find them out. `header_row` is
            the line of the header, counted from 1; 0 for a file without one.
        max_columns: more columns than this are refused.

    Raises:
        UserError: no rows, doubled column names, rows of unequal length, an encoding that does not fit.
    """
    _check_options(delimiter, decimal)
    notes: list[Note] = []
    source = as_utf8(source, encoding, notes)
    try:
        dialect, names, frame = _table(source, delimiter, header_row, max_columns, notes)
    except _NotUtf8 as error:
        if encoding is not None:
            raise misfit(source.name, encoding, "it holds other bytes") from error
        source = western(source, notes)
        dialect, names, frame = _table(source, delimiter, header_row, max_columns, notes)
    frame = _drop_blank_rows(frame)
    if frame.height == 0:
        raise UserError(f"{source.name} has a header and no rows", remedy="give a file with at least one row of values")
    check_short_rows(source, dialect, frame, notes)
    if dialect.names is None:
        said = f"the file has no header; columns are named column_1 to column_{len(names)}"
        notes.append(Note("no_header", said))
    if dialect.delimiter != ",":
        named = NAMES.get(dialect.delimiter, repr(dialect.delimiter))
        notes.append(Note("delimiter", f"fields are separated by {named}"))
    if dialect.preamble:
        notes.append(Note("preamble", f"{dialect.preamble} line(s) above the table were left out"))
    if dialect.quote is None:
        notes.append(Note("plain_quotes", "quotes are unbalanced and were read as plain characters"))
    return _decimal_comma(frame, dialect.delimiter, decimal, notes), notes


class _NotUtf8(Exception):
    """The bytes are not UTF-8, as the fast reader or the sample shows."""


def _table(
    source: TextSource, delimiter: str | None, header_row: int | None, max_columns: int, notes: list[Note]
) -> tuple[Dialect, list[str], pl.DataFrame]:
    """How the file is written, the names of its columns, and its rows, blank ones included."""
    sample = _sample(source)
    if not sample.strip():
        raise UserError(f"{source.name} is empty", remedy="give a file with a header and rows")
    n_lines = sample.count("\n") + (not sample.endswith("\n"))
    if header_row is not None and not 0 <= header_row <= n_lines:
        raise UserError(
            f"header_row {header_row} is not a line of {source.name} (its beginning has {n_lines:,} lines)",
            remedy="give the line of the header, counted from 1, or 0 for none",
        )
    dialect = sniff(sample, delimiter=delimiter, header_row=header_row)
    if dialect.width > max_columns:
        raise UserError(
            f"{source.name} has {dialect.width:,} columns, the limit is {max_columns:,}",
            remedy="is the delimiter right? if so, raise max_columns",
        )
    before = len(notes)
    names = _column_names(source.name, dialect, sample, notes)
    try:
        return dialect, names, _fast(source, dialect, names, sample)
    except pl.exceptions.PolarsError as error:
        if "utf-8" in str(error):
            del notes[before:]
            raise _NotUtf8 from error
    return dialect, names, read_leniently(source, dialect, names, notes)


def _sample(source: TextSource) -> str:
    """Whole lines from the beginning of the file.

    Raises:
        _NotUtf8: the bytes are not UTF-8.
    """
    head = source.head(SAMPLE_BYTES)
    cut = len(head) == SAMPLE_BYTES
    try:
        sample = codecs.getincrementaldecoder("utf-8-sig")().decode(head, final=not cut)
    except UnicodeDecodeError as error:
        raise _NotUtf8 from error
    end = max(sample.rfind("\n"), sample.rfind("\r")) if cut else -1
    return sample[: end + 1] if end >= 0 else sample


def _fast(source: TextSource, dialect: Dialect, names: list[str], sample: str) -> pl.DataFrame:
    """The table by polars' own reader, every column a string."""
    if dialect.spaced_quotes:
        raise pl.exceptions.ComputeError("quotes after spaces are read leniently")
    old_mac = "\n" not in sample and "\r" in sample
    return pl.read_csv(
        source.for_polars(),
        has_header=False,
        skip_lines=dialect.skip_lines,
        schema=dict.fromkeys(names, pl.String),
        separator=dialect.delimiter,
        quote_char=dialect.quote,
        eol_char="\r" if old_mac else "\n",
        glob=False,
        raise_if_empty=False,
    )


def _column_names(file: str, dialect: Dialect, sample: str, notes: list[Note]) -> list[str]:
    """One clean, distinct name for each column."""
    if dialect.names is None:
        return [f"column_{i + 1}" for i in range(dialect.width)]
    found = list(dialect.names)
    extra = [""] * (dialect.width - len(found))
    if extra:  # too few names: a delimiter at the end of each row, or row names in front, as R writes them
        lines = [line for line in sample.splitlines()[dialect.skip_lines :] if line.strip()]
        trailing = all(line.endswith(dialect.delimiter) for line in lines[:100])
        found = found + extra if trailing or len(extra) > 1 else extra + found
    return clean_names(file, found, notes)


def _drop_blank_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Without the rows that blank lines leave behind.

    A single column keeps them, as missing values, except at the end.
    """
    first = frame.to_series(0)
    if first.null_count() == 0:
        return frame
    if frame.width == 1:
        held = first.is_not_null().arg_true()
        return frame.head(held[-1] + 1 if len(held) else 0)
    blank = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    return frame.filter(~blank) if blank.any() else frame


def _check_options(delimiter: str | None, decimal: str | None) -> None:
    if decimal not in (None, ",", "."):
        raise UserError(f"decimal must be ',' or '.', got {decimal!r} instead", remedy="correct it or leave it out")
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n' or ord(delimiter) > 127):
        raise UserError(
            f"delimiter must be one character, got {delimiter!r} instead", remedy="correct it or leave it out"
        )


def _decimal_comma(frame: pl.DataFrame, delimiter: str, decimal: str | None, notes: list[Note]) -> pl.DataFrame:
    """Numbers written with a decimal comma, respelt with a point.

    Sought only where a comma cannot be the delimiter.
    """
    if decimal == "." or (delimiter == "," and decimal is None):
        return frame
    number = r"^[-+]?(\d{1,3}(\.\d{3})+|\d+)?(,\d+)?([eE][-+]?\d+)?$"
    found: dict[str, pl.Series] = {}
    sure = decimal == ","
    for column in frame.iter_columns():
        if not column.str.contains(",", literal=True).any():
            continue
        values = column.str.strip_chars()
        held = values.is_not_null() & ~values.str.to_lowercase().is_in(list(MARKS))
        fits = held & values.str.contains(number)
        if int(fits.sum()) < 0.95 * max(1, int(held.sum())):
            continue
        found[column.name] = pl.select(
            pl.when(fits)
            .then(values.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True))
            .otherwise(values)
        ).to_series()
        # "1,234" alone may be a thousand; other numbers of decimals, or "0,", settle it for the whole file.
        with_comma = values.filter(fits & values.str.contains(",", literal=True))
        sure = sure or bool((~with_comma.str.contains(r"^[-+]?[1-9]\d{0,2},\d{3}$")).any())
    if not found or not sure:
        return frame
    notes.append(Note("decimal_comma", f"decimal comma in {listing(found)}", tuple(found)))
    return frame.with_columns(values.alias(name) for name, values in found.items())
