"""Writes predictions to CSV, Parquet, JSON Lines or XLSX: completely or not at all.

Values are data, never formulas: an XLSX cell holds the text `=HYPERLINK(...)` as text. CSV has no types,
so the text stands there unchanged; a spreadsheet that opens the CSV may take it for a formula, XLSX is the
file for that reader.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import polars as pl

from trainwright.errors import EnvironmentProblem, UserError
from trainwright.packages.disk import disk_problems
from trainwright.packages.workbook import MAX_COLUMNS, MAX_ROWS, write_workbook


def write_predictions(frame: pl.DataFrame, path: str | Path) -> Path:
    """Writes a frame to the file; the suffix says how: .csv, .parquet, .jsonl (or .ndjson), .xlsx.

    The file is written beside its place and renamed at the end, so a reader never sees half of it.

    Args:
        frame: what `Predictor.predict` gives.
        path: the file; one that exists is replaced.

    Returns:
        The path that was written, links followed.

    Raises:
        UserError: the suffix is unknown, the folder does not exist, or the table is too large for XLSX.
        EnvironmentProblem: the disk is full or the place cannot be written; nothing is left behind.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "predictions.csv"
        >>> write_predictions(pl.DataFrame({"prediction": ["yes"]}), path).read_text()
        'prediction\\nyes\\n'
    """
    write = _writer(Path(path))
    place = check_place(path)
    if write is write_workbook and (frame.height > MAX_ROWS or frame.width > MAX_COLUMNS):
        raise UserError(
            f"{place.name} would have {frame.height:,} rows and {frame.width:,} columns; XLSX holds "
            f"{MAX_ROWS:,} and {MAX_COLUMNS:,}",
            remedy="write .csv or .parquet",
        )
    with disk_problems(place):
        # A folder of our own beside the place: whatever a writer leaves there when it fails goes with it.
        work = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name[:40]}.", suffix=".part"))
        try:
            part = work / "file"
            write(frame, part)
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            if place.exists():
                part.chmod(stat.S_IMODE(place.stat().st_mode))
            part.replace(place)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return place


def check_place(path: str | Path) -> Path:
    """The path to write, links followed, if a prediction file can be written there; ask before predicting.

    Raises:
        UserError: the suffix is unknown, the folder does not exist, or something other than a file is there.
        EnvironmentProblem: the file that is there may not be written.
    """
    _writer(Path(path))
    place = Path(path).expanduser().resolve()
    if not place.parent.is_dir():
        raise UserError(f"the folder {place.parent} does not exist", remedy=f"mkdir -p {place.parent}")
    if place.exists():
        if not place.is_file():
            raise UserError(f"{place} is not a plain file", remedy="give another name")
        if not os.access(place, os.W_OK):
            raise EnvironmentProblem(f"{place} may not be written", remedy="give another name")
    if not os.access(place.parent, os.W_OK):
        raise EnvironmentProblem(f"nothing can be written into {place.parent}", remedy="give another folder")
    return place


def _writer(path: Path) -> Callable[[pl.DataFrame, Path], None]:
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        found = f"{path.suffix!r}" if path.suffix else "none"
        raise UserError(
            f"the suffix of {path.name!r} must be one of {', '.join(WRITERS)}, got {found}",
            remedy=f"for example {path.stem or 'predictions'}.csv",
        )
    return write


def _write_csv(frame: pl.DataFrame, path: Path) -> None:
    _flat(frame).write_csv(path)


def _write_parquet(frame: pl.DataFrame, path: Path) -> None:
    frame.write_parquet(path)


def _write_jsonl(frame: pl.DataFrame, path: Path) -> None:
    frame.write_ndjson(path)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """CSV has no lists: they become JSON texts."""
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    if not nested:
        return frame
    import json

    return frame.with_columns(
        pl.Series(name, [None if v is None else json.dumps(v, default=str) for v in frame[name].to_list()])
        for name in nested
    )


WRITERS: dict[str, Callable[[pl.DataFrame, Path], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".jsonl": _write_jsonl,
    ".ndjson": _write_jsonl,
    ".xlsx": write_workbook,
}
