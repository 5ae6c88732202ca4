"""Reads CSV, TSV and other delimited text: encoding, ragged rows, decimal comma; every value arrives as a string."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from trainwright.data.dialect import NAMES, Dialect, sniff
from trainwright.data.missing import MARKS
from trainwright.data.notes import Note, listing
from trainwright.errors import UserError

SAMPLE_BYTES = 1 << 20
SHORT_ROWS_ALLOWED = 0.01

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class TextSource:
    """Where the text comes from: a file on disk or bytes already in memory (expanded from `.gz`)."""

    name: str
    path: Path | None = None
    content: bytes | None = None

    def head(self, size: int) -> bytes:
        """The first bytes."""
        if self.content is not None:
            return self.content[:size]
        assert self.path is not None
        with self.path.open("rb") as file:
            return file.read(size)

    def all(self) -> bytes:
        """Every byte."""
        return self.content if self.content is not None else self.path.read_bytes()  # type: ignore[union-attr]


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
        delimiter, encoding, decimal, header_row: given by the user; None to find them out. `header_row` is the
            physical line of the header, counted from 1; 0 for a file without one.
        max_columns: more columns than this are refused.

    Raises:
        UserError: no rows, doubled column names, rows of unequal length, an encoding that does not fit.
    """
    notes: list[Note] = []
    data, codec = _as_utf8(source, encoding, notes)
    head = (data if data is not None else source.head(SAMPLE_BYTES))[:SAMPLE_BYTES]
    if data is None and head.startswith(codecs.BOM_UTF8):
        head = head[3:]
    sample = head.decode("utf-8", errors="replace")
    if len(head) >= SAMPLE_BYTES - 3 and "\n" in sample:
        sample = sample[: sample.rindex("\n") + 1]
    if not sample.strip():
        raise UserError(f"{source.name} is empty", remedy="give a file with a header and rows")
    dialect = sniff(sample, delimiter=delimiter, header_row=header_row)
    names = _column_names(source.name, dialect, sample, max_columns, notes)
    old_mac = "\n" not in sample and "\r" in sample
    try:
        frame = _fast(data if data is not None else source, dialect, names, "\r" if old_mac else "\n")
    except pl.exceptions.PolarsError as error:
        if "utf-8" in str(error) and encoding is None and data is None:
            text, codec = _western(source.all())
            return read_delimited(
                TextSource(source.name, content=text.encode()),
                delimiter=delimiter,
                encoding="utf-8",
                decimal=decimal,
                header_row=header_row,
                max_columns=max_columns,
            )[0], [*notes, Note("encoding", f"the file is not UTF-8; it was read as {codec}")]
        if "utf-8" in str(error):
            raise UserError(
                f"{source.name} is not written in {encoding or codec}",
                remedy="leave the encoding out or correct it",
            ) from error
        frame = _slow(source.name, data if data is not None else source.all(), dialect, names, notes)
    frame = _drop_blank_rows(frame)
    if frame.height == 0:
        raise UserError(
            f"{source.name} has a header and no rows", remedy="give a file with at least one row of values"
        )
    _check_short_rows(source, data, dialect, frame, notes)
    if dialect.delimiter != ",":
        notes.append(
            Note(
                "delimiter",
                f"fields are separated by {NAMES.get(dialect.delimiter, repr(dialect.delimiter))}",
            )
        )
    if dialect.preamble:
        notes.append(Note("preamble", f"{dialect.preamble} line(s) above the table were left out"))
    if dialect.quote is None:
        notes.append(Note("plain_quotes", "quotes are unbalanced and were read as plain characters"))
    return _decimal_comma(frame, dialect.delimiter, decimal, notes), notes


def _fast(source: bytes | TextSource, dialect: Dialect, names: list[str], eol: str) -> pl.DataFrame:
    """The table by polars' own reader, every column a string."""
    if dialect.spaced_quotes:
        raise pl.exceptions.ComputeError("quotes after spaces are read by the slow reader")
    given = source if isinstance(source, bytes) else (source.path or source.content)
    assert given is not None
    return pl.read_csv(
        given,
        has_header=False,
        skip_lines=dialect.skip_lines,
        schema=dict.fromkeys(names, pl.String),
        separator=dialect.delimiter,
        quote_char=dialect.quote,
        eol_char=eol,
        glob=False,
        raise_if_empty=False,
    )


def _slow(name: str, data: bytes, dialect: Dialect, names: list[str], notes: list[Note]) -> pl.DataFrame:
    """The table by Python's csv module: it forgives odd quoting, and names the rows that are too long."""
    text = data.decode("utf-8-sig", errors="replace")
    quoting = csv.QUOTE_NONE if dialect.quote is None else csv.QUOTE_MINIMAL
    lines = io.StringIO(text, newline="")
    for _ in range(dialect.skip_lines):
        lines.readline()
    reader = csv.reader(lines, delimiter=dialect.delimiter, quoting=quoting, skipinitialspace=True)
    width = len(names)
    rows: list[list[str | None]] = []
    long: list[tuple[int, int]] = []
    try:
        for row in reader:
            if len(row) > width:
                long.append((dialect.skip_lines + reader.line_num, len(row)))
                if len(long) >= 10_000:
                    break
            elif row:
                rows.append([cell or None for cell in row] + [None] * (width - len(row)))
    except csv.Error as error:
        line = dialect.skip_lines + reader.line_num
        raise UserError(
            f"{name}, line {line}: {error}", remedy="look for a quotation mark that is never closed"
        ) from error
    if long:
        line, found = long[0]
        raise UserError(
            f"{name}: {len(long):,} row(s) have more fields than the {width} columns; the first is line {line} "
            f"with {found} fields",
            remedy="put quotation marks around values that contain the delimiter "
            f"({NAMES.get(dialect.delimiter, dialect.delimiter)}), or give the delimiter",
        )
    if not dialect.spaced_quotes:
        notes.append(
            Note("odd_quotes", "some values have quotation marks out of place; they were read leniently")
        )
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _as_utf8(source: TextSource, encoding: str | None, notes: list[Note]) -> tuple[bytes | None, str]:
    """The text as UTF-8 bytes, or None when the file is UTF-8 as it stands; and the codec's name."""
    head = source.head(4096)
    if encoding is None:
        encoding = next((codec for bom, codec in _BOMS if head.startswith(bom)), None)
        if encoding is None and b"\0" in head:
            odd, even = head[1::2].count(0), head[0::2].count(0)
            if max(odd, even) < 0.3 * len(head) / 2:
                raise UserError(
                    f"{source.name} is binary, not a table of text",
                    remedy="give a CSV, Excel, Parquet or Arrow file",
                )
            encoding = "utf-16-le" if odd > even else "utf-16-be"
        if encoding is not None and encoding != "utf-8-sig":
            notes.append(Note("encoding", f"the file is written in {encoding.upper()}"))
    try:
        codec = codecs.lookup(encoding or "utf-8").name
    except LookupError as error:
        raise UserError(
            f"encoding {encoding!r} is not known", remedy="use a name such as utf-8, latin-1 or utf-16"
        ) from error
    if codec == "utf-8" or (codec == "utf-8-sig"):
        return source.content, codec
    try:
        return source.all().decode(codec).encode(), codec
    except UnicodeError as error:
        raise UserError(
            f"{source.name} is not written in {encoding} ({error})",
            remedy="leave the encoding out or correct it",
        ) from error


def _western(data: bytes) -> tuple[str, str]:
    """Text that is not UTF-8, as Windows-1252 or, where that has no such character, Latin-1."""
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "Latin-1"


def _column_names(file: str, dialect: Dialect, sample: str, max_columns: int, notes: list[Note]) -> list[str]:
    """One clean, distinct name for each column."""
    if dialect.width > max_columns:
        raise UserError(
            f"{file} has {dialect.width:,} columns, the limit is {max_columns:,}",
            remedy="is the delimiter right? if so, raise max_columns",
        )
    if dialect.names is None:
        notes.append(
            Note("no_header", f"the file has no header; columns are named column_1 to column_{dialect.width}")
        )
        return [f"column_{i + 1}" for i in range(dialect.width)]
    found = [name.strip().lstrip("\ufeff") for name in dialect.names]
    if (
        len(found) < dialect.width
    ):  # one name too few: row names in front (as R writes), or a delimiter at each end
        trailing = _trailing_delimiter(dialect, sample)
        extra = [""] * (dialect.width - len(found))
        found = found + extra if trailing or len(extra) > 1 else extra + found
    return clean_names(file, found, notes)


def clean_names(file: str, found: list[str], notes: list[Note]) -> list[str]:
    """Names without spaces around them; blank ones become `column_3`; doubled ones are refused.

    Raises:
        UserError: two columns have the same name.
    """
    stripped = [name.strip() for name in found]
    blank = [i for i, name in enumerate(stripped) if not name]
    names = [name or f"column_{i + 1}" for i, name in enumerate(stripped)]
    doubled = (
        sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    )
    if doubled:
        where = [i + 1 for i, name in enumerate(names) if name == doubled[0]]
        raise UserError(
            f"{file} has doubled column names: {listing(doubled)} ({doubled[0]!r} is column "
            f"{' and '.join(map(str, where[:5]))})",
            remedy="give each column a name of its own in the first row",
        )
    if blank:
        named = [names[i] for i in blank]
        notes.append(
            Note("unnamed_columns", f"{len(blank)} column(s) without a name: {listing(named)}", tuple(named))
        )
    return names


def _trailing_delimiter(dialect: Dialect, sample: str) -> bool:
    lines = [line for line in sample.splitlines()[dialect.skip_lines :] if line.strip()]
    return bool(lines) and all(
        line.rstrip().endswith(dialect.delimiter.strip() or "\t") for line in lines[:100]
    )


def _drop_blank_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Without the rows that blank lines leave behind; a single column keeps its missing values, except at the end."""
    first = frame.to_series(0)
    if first.null_count() == 0:
        return frame
    if frame.width == 1:
        last = first.is_not_null().arg_true()
        return frame.head(last[-1] + 1 if len(last) else 0)
    blank = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    return frame.filter(~blank) if blank.any() else frame


def _check_short_rows(
    source: TextSource, data: bytes | None, dialect: Dialect, frame: pl.DataFrame, notes: list[Note]
) -> None:
    """Rows with too few fields: a few are filled with missing values and said, many are refused.

    The fast reader fills them in silence, so they are looked for whenever the last column has missing values.
    """
    if frame.width < 2 or frame.to_series(-1).null_count() == 0:
        return
    short = _short_rows(data if data is not None else source.all(), dialect, frame.width)
    if not short:
        return
    said = f"{len(short):,} row(s) have fewer than {frame.width} fields; the first is line {short[0]}"
    if len(short) > max(1, SHORT_ROWS_ALLOWED * frame.height):
        raise UserError(
            f"{source.name}: {said}", remedy="is the delimiter right? each row needs a field for each column"
        )
    notes.append(Note("short_rows", f"{said}; what they lack counts as missing"))


def _short_rows(data: bytes, dialect: Dialect, width: int) -> list[int]:
    """Physical line numbers, counted from 1, of the rows with fewer fields than columns."""
    if dialect.quote is not None and b'"' in data:
        lines = io.StringIO(data.decode("utf-8-sig", errors="replace"), newline="")
        for _ in range(dialect.skip_lines):
            lines.readline()
        reader = csv.reader(lines, delimiter=dialect.delimiter, skipinitialspace=True)
        return [dialect.skip_lines + reader.line_num for row in reader if row and len(row) < width]
    lines_of = pl.read_csv(
        data,
        has_header=False,
        skip_lines=dialect.skip_lines,
        schema={"line": pl.String},
        separator="\x01" if dialect.delimiter != "\x01" else "\x02",
        quote_char=None,
    ).to_series()
    short = (lines_of.str.count_matches(dialect.delimiter, literal=True) < width - 1) & lines_of.is_not_null()
    return [int(i) + dialect.skip_lines + 1 for i in short.arg_true()]


def _decimal_comma(
    frame: pl.DataFrame, delimiter: str, decimal: str | None, notes: list[Note]
) -> pl.DataFrame:
    """Numbers written with a decimal comma, respelt with a point. Sought only where a comma cannot be the delimiter."""
    if decimal not in (None, ",", "."):
        raise UserError(
            f"decimal must be ',' or '.', got {decimal!r} instead", remedy="correct it or leave it out"
        )
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
        if fits.sum() < 0.95 * max(1, held.sum()):
            continue
        found[column.name] = pl.select(
            pl.when(fits)
            .then(values.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True))
            .otherwise(values)
        ).to_series()
        # "1,234" alone may be a thousand; any other number of decimals, or "0,", settles it for the whole file.
        with_comma = values.filter(fits & values.str.contains(",", literal=True))
        sure = sure or bool((~with_comma.str.contains(r"^[-+]?[1-9]\d{0,2},\d{3}$")).any())
    if not found or not sure:
        return frame
    notes.append(Note("decimal_comma", f"decimal comma in {listing(found)}", tuple(found)))
    return frame.with_columns(values.alias(name) for name, values in found.items())


def first_line(data: bytes) -> str:
    """The first line that is not blank, for deciding what a file is."""
    for line in re.split(r"[\r\n]+", data.decode("utf-8-sig", errors="replace")):
        if line.strip():
            return line.strip()
    return ""
