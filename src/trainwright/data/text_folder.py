"""Reads a folder of text files as a table: one folder for each class, or files without a label to predict.

    mails/
      complaint/  0001.txt  0002.txt
      order/      0003.txt

The file's name is no column: it would give the class away as often as not. Rows stand in the order of the paths.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from trainwright.data.encoding import TextSource, as_utf8, western
from trainwright.data.limits import TEXT_LIMIT, readable
from trainwright.data.notes import Note, listing
from trainwright.errors import EnvironmentProblem, UserError

SUFFIXES = (".txt", ".text", ".md")
TEXT, LABEL = "text", "label"
MOST_FILES = 2_000_000


def is_text_folder(folder: Path) -> bool:
    """Whether a folder, or a folder right inside it, holds text files and no table.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp())
        >>> (place / "good").mkdir(); _ = (place / "good" / "1.txt").write_text("fine")
        >>> is_text_folder(place)
        True
    """
    if any(
        path.suffix.lower() in (".csv", ".tsv", ".parquet", ".jsonl", ".xlsx", ".arrow") for path in folder.iterdir()
    ):
        return False
    return any(_is_text(path) for place in (folder, *_classes(folder)) for path in place.iterdir())


def read_text_folder(folder: Path, *, max_bytes: int | None = None) -> tuple[pl.DataFrame, list[Note]]:
    """The texts, and with one folder for each class their labels.

    Args:
        folder: holds either text files, or folders of text files.
        max_bytes: the most that all files may hold; 8 GiB when not given.

    Returns:
        Columns `text` and, where folders name classes, `label`; and what was found out.

    Raises:
        UserError: no text file, a single class, files beside the classes' folders, or too much.
        EnvironmentProblem: a file may not be read.
    """
    loose, classes = _texts(folder), {place.name: _texts(place) for place in _classes(folder)}
    classes = {name: files for name, files in classes.items() if files}
    if not loose and not classes:
        raise UserError(f"{folder} holds no text file", remedy=f"give files that end in {listing(SUFFIXES)}")
    if loose and classes:
        raise UserError(
            f"{folder} holds {len(loose):,} text files beside the folders {listing(classes)}",
            remedy="put every file into the folder of its class",
        )
    if len(classes) == 1:
        raise UserError(
            f"{folder} holds the single class {next(iter(classes))!r}",
            remedy="make a folder for each class; for texts without labels give the inner folder",
        )
    paths = loose or [path for files in classes.values() for path in files]
    if len(paths) > MOST_FILES:
        raise UserError(
            f"{folder} holds {len(paths):,} files, the limit is {MOST_FILES:,}", remedy="put them into a table"
        )
    notes: list[Note] = []
    texts = _read(paths, max_bytes or TEXT_LIMIT, notes)
    columns = {TEXT: pl.Series(texts, dtype=pl.String)}
    if classes:
        columns[LABEL] = pl.Series([name for name, files in classes.items() for _ in files], dtype=pl.String)
        counts = ", ".join(f"{name} {len(files):,}" for name, files in list(classes.items())[:10])
        notes.append(Note("text_folder", f"{len(paths):,} text files in {len(classes)} classes: {counts}", (LABEL,)))
    else:
        notes.append(Note("text_folder", f"{len(paths):,} text files without labels", (TEXT,)))
    return pl.DataFrame(columns), notes


def _classes(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "_")))


def _texts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _is_text(path))


def _is_text(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _read(paths: list[Path], limit: int, notes: list[Note]) -> list[str]:
    """Every file's text, whatever its encoding; how many were not UTF-8 is noted once."""
    texts, total, found = [], 0, list[Note]()
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise EnvironmentProblem(f"{path} cannot be read: {error}", remedy="check its permissions") from error
        total += len(data)
        if total > limit:
            raise UserError(f"the text files hold more than {readable(limit)}", remedy="give fewer, or raise max_bytes")
        source = as_utf8(TextSource(path.name, content=data), None, found)
        content = source.all()
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = western(source, found).all().decode("utf-8")
        if "\0" in text:
            raise UserError(f"{path} is binary, not text", remedy="take it out of the folder")
        texts.append(text.strip())
    if found:
        notes.append(Note("encoding", f"{len(found):,} of {len(paths):,} files are not UTF-8; {found[0].message}"))
    return texts
