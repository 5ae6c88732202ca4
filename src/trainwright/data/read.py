"""Reads a table from a file: finds out how it is written, and says what it found out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from trainwright.data.delimited import read_delimited
from trainwright.data.encoding import TextSource
from trainwright.data.formats import format_of
from trainwright.data.limits import check_cells, check_plain, expand_gzip
from trainwright.data.missing import clean, drop_numbers
from trainwright.data.names import clean_names
from trainwright.data.notes import Note, listing, nearest
from trainwright.data.records import read_records
from trainwright.data.schema import Kind
from trainwright.data.spreadsheet import read_spreadsheet
from trainwright.data.text_folder import TEXT, is_text_folder, read_text_folder
from trainwright.errors import EnvironmentProblem, UserError

MAX_COLUMNS = 20_000


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file, where the user knows better; None finds it out.

    Args:
        delimiter: the character between fields of delimited text.
        encoding: a codec's name, such as "latin-1".
        decimal: "," or ".".
        header_row: line (or sheet row) of the header, counted from 1; 0 for a table without one.
        sheet: name of an Excel sheet, or its number counted from 1.
        missing_marks: further spellings of a missing value, such as ("-999",).
        max_bytes: limit on the size once expanded; None is 8 GiB for text, 1 GiB for Excel and 64 GiB for
            Parquet and Arrow.
        max_columns: limit on the number of columns; None is 20,000.
    """

    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    header_row: int | None = None
    sheet: str | int | None = None
    missing_marks: tuple[str, ...] | None = None
    max_bytes: int | None = None
    max_columns: int | None = None


@dataclass(frozen=True)
class Source:
    """A table as it was read.

    Args:
        frame: the rows; columns of delimited text are strings.
        name: the file's name without its suffixes.
        path: where it was read from, or None.
        notes: what was found out or assumed.
        kinds: columns whose kind is known from where they came.
    """

    frame: pl.DataFrame
    name: str
    path: Path | None
    notes: tuple[Note, ...] = ()
    kinds: Mapping[str, Kind] = field(default_factory=dict)


def read_table(source: str | Path, options: ReadOptions | None = None) -> Source:
    """The table in a CSV, TSV, JSON Lines, Parquet, Arrow or Excel file, or in a folder of text files.

    Args:
        source: path of the file; text formats may be packed as `.gz`. A folder: see `text_folder`.
        options: what the user knows about it.

    Raises:
        UserError: no such file, no rows, doubled columns, a content that is not what the suffix says, a size
            beyond the limits.
        EnvironmentProblem: the file may not be read.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "two.csv"
        >>> _ = path.write_text("age;pay\\n39;1,5\\n50;2,5\\n")
        >>> read_table(path).frame.rows()
        [('39', '1.5'), ('50', '2.5')]
    """
    options = options or ReadOptions()
    path = Path(source)
    if path.is_dir() and is_text_folder(path):
        frame, notes = read_text_folder(path, max_bytes=options.max_bytes, encoding=options.encoding)
        return Source(frame, path.resolve().name, path, tuple(notes), {TEXT: Kind.TEXT})
    _check_exists(path)
    try:
        frame, notes = _read(path, options)
    except PermissionError as error:
        raise EnvironmentProblem(f"{path} may not be read", remedy="check its permissions") from error
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be read: {error}", remedy="check the disk") from error
    if options.missing_marks:
        frame = apply_marks(frame, options.missing_marks)
    return Source(frame, table_name(path), path, tuple(notes))


def apply_marks(frame: pl.DataFrame, marks: tuple[str, ...]) -> pl.DataFrame:
    """The frame with the user's own spellings of a missing value, in strings and in numbers, as null."""
    changed = []
    for column in frame.iter_columns():
        if column.dtype == pl.String:
            changed.append(clean(column, marks=(), extra=marks))
        elif column.dtype.is_numeric():
            changed.append(drop_numbers(column, marks))
    return frame.with_columns(changed)


def table_name(path: Path) -> str:
    """The file's name without suffixes.

    Example:
        >>> table_name(Path("data/sales.2024.csv.gz"))
        'sales.2024'
    """
    name = path.name
    if name.lower().endswith(".gz"):
        name = name[:-3]
    return Path(name).stem or name


def _read(path: Path, options: ReadOptions) -> tuple[pl.DataFrame, list[Note]]:
    kind, packed = format_of(path)
    check_plain(path, options.max_bytes)
    limit = options.max_columns or MAX_COLUMNS
    content = expand_gzip(path, options.max_bytes) if packed else None
    if kind == "delimited text":
        return read_delimited(
            TextSource(path.name, path=None if packed else path, content=content),
            delimiter=options.delimiter,
            encoding=options.encoding,
            decimal=options.decimal,
            header_row=options.header_row,
            max_columns=limit,
        )
    if kind == "Excel":
        return read_spreadsheet(
            path,
            sheet=options.sheet,
            header_row=options.header_row,
            max_bytes=options.max_bytes,
            max_columns=limit,
        )
    if kind in ("JSON Lines", "JSON"):
        data = content if content is not None else path.read_bytes()
        frame, notes = read_records(path.name, data, lines=kind == "JSON Lines")
    else:
        frame, notes = _columnar(path, kind, options.max_bytes), []
    if frame.width > limit:
        raise UserError(f"{path.name} has {frame.width:,} columns, the limit is {limit:,}", remedy="raise max_columns")
    if frame.height == 0:
        raise UserError(f"{path.name} has columns and no rows", remedy="give a file with at least one row")
    names = clean_names(path.name, frame.columns, notes)
    return frame.rename(dict(zip(frame.columns, names))) if names != frame.columns else frame, notes


def _columnar(path: Path, kind: str, max_bytes: int | None) -> pl.DataFrame:
    try:
        if kind == "Parquet":
            lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
            check_cells(path.name, lazy.select(pl.len()).collect().item(), len(lazy.collect_schema()), max_bytes)
            return lazy.collect()
        if kind == "Arrow stream":
            return pl.read_ipc_stream(path)
        lazy = pl.scan_ipc(path, glob=False, hive_partitioning=False)
        check_cells(path.name, lazy.select(pl.len()).collect().item(), len(lazy.collect_schema()), max_bytes)
        return lazy.collect()
    except PermissionError:
        raise
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path.name} is a damaged {kind} file ({reason})", remedy="write it again") from error


def _check_exists(path: Path) -> None:
    if path.is_dir():
        inside = sorted(item.name for item in path.iterdir() if item.is_file())
        raise UserError(
            f"{path} is a folder, not a file",
            remedy=f"give one of {listing(inside)}" if inside else "give a file, or a folder of text files by class",
        )
    if not path.exists():
        folder = path.parent if path.parent.is_dir() else None
        near = nearest(path.name, (item.name for item in folder.iterdir())) if folder else None
        raise UserError(
            f"there is no file {path}" if folder else f"there is no file {path}: its folder does not exist",
            remedy=f"did you mean {path.parent / near}?" if near else "check the path",
        )
