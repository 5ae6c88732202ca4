"""Writes a frame as an Excel workbook in constant memory: texts as texts, whatever they look like."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    import xlsxwriter.worksheet

MAX_ROWS = 1_048_575  # below the heading
MAX_COLUMNS = 16_384
_LONGEST_TEXT = 32_767
_LARGEST_WHOLE = 2**53  # a larger whole number would be rounded


def write_workbook(frame: pl.DataFrame, path: Path) -> None:
    """One sheet, "predictions". Missing values are empty cells; whole numbers that XLSX would round, and days
    before 1900, are texts; the same frame gives the same bytes.

    Args:
        frame: at most `MAX_ROWS` rows and `MAX_COLUMNS` columns.
        path: the file; temporary files lie beside it.

    Raises:
        OSError: the disk is full or fails.
    """
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "tmpdir": str(path.parent),
    }
    sink = _Sink(path)
    try:
        book = xlsxwriter.Workbook(sink, options)
        book.set_properties({"created": datetime(2000, 1, 1)})  # no clock in the bytes
        formats = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
            time: book.add_format({"num_format": "hh:mm:ss"}),
        }
        sheet = book.add_worksheet("predictions")
        for j, name in enumerate(frame.columns):
            sheet.write_string(0, j, name[:_LONGEST_TEXT])
        for i, row in enumerate(frame.iter_rows(), start=1):
            for j, value in enumerate(row):
                _write_cell(sheet, i, j, value, formats)
        book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        raise error.args[0] if isinstance(error.args[0], OSError) else OSError(str(error)) from error
    finally:
        sink.close()
    if sink.failure is not None:
        raise sink.failure


def _write_cell(sheet: xlsxwriter.worksheet.Worksheet, i: int, j: int, value: Any, formats: dict[type, Any]) -> None:
    if value is None or (isinstance(value, float) and value != value):
        return
    if isinstance(value, bool):
        sheet.write_boolean(i, j, value)
    elif isinstance(value, int | float) and abs(value) <= _LARGEST_WHOLE:
        sheet.write_number(i, j, value)
    elif isinstance(value, datetime | date | time) and _dated(value):
        sheet.write_datetime(i, j, value, formats[type(value)])
    else:
        sheet.write_string(i, j, str(value)[:_LONGEST_TEXT])


def _dated(value: datetime | date | time) -> bool:
    """Whether a cell can hold it: days begin in 1900, and there are no time zones."""
    return getattr(value, "tzinfo", None) is None and (isinstance(value, time) or value.year >= 1900)


class _Sink:
    """The file below the zip archive. A failing write is remembered instead of raised: an archive that is
    dropped half-way writes once more when it is collected, and what it raises there nobody can catch."""

    def __init__(self, path: Path):
        self._file = path.open("wb+")
        self.failure: OSError | None = None

    def write(self, data: bytes) -> int:
        self._try(lambda: self._file.write(data))
        return len(data)

    def flush(self) -> None:
        self._try(self._file.flush)

    def close(self) -> None:
        self._try(self._file.close)

    def seek(self, at: int, whence: int = 0) -> int:
        self._try(lambda: self._file.seek(at, whence))
        return self.tell()

    def tell(self) -> int:
        return 0 if self.failure is not None or self._file.closed else self._file.tell()

    def seekable(self) -> bool:
        return True

    def _try(self, act: Any) -> None:
        if self._file.closed:
            return
        try:
            act()
        except OSError as error:
            self.failure = self.failure or error
