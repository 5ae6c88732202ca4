"""Reads a folder of text files as a table: one folder for each class, or files without a label to predict.

    mails/
      complaint/  0001.txt  0002.txt
      order/      0003.txt

The file's name is no column: it would give the class away as often as not. Rows stand in the order of the paths.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl

from trainwright.data.encoding import TextSource, as_utf8, is_binary, misfit, western
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
        path.suffix.lower() in (".csv", ".tsv", ".parquet", ".jsonl", ".xlsx", ".arrow") for path in _inside(folder)
    ):
        return False
    return any(_is_text(path) for place in (folder, *_classes(folder)) for path in _inside(place))


def read_text_folder(
    folder: Path, *, max_bytes: int | None = None, encoding: str | None = None
) -> tuple[pl.DataFrame, list[Note]]:
    """The texts, and with one folder for each class their labels.

    Args:
        folder: holds either text files, or folders of text files.
        max_bytes: the most that all files may hold; 8 GiB when not given.
        encoding: how every file is written; found out for each when not given.

    Returns:
        Columns `text` and, where folders name classes, `label`; and what was found out and left out.

    Raises:
        UserError: no text file, a single class, files beside the classes' folders, binary content, too much, or
            an encoding that does not fit.
        EnvironmentProblem: a file or a folder may not be read.
    """
    places = _classes(folder)
    loose, classes = _texts(folder), {place.name: files for place in places if (files := _texts(place))}
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
    texts = _read(paths, folder, max_bytes or TEXT_LIMIT, encoding, notes)
    columns = {TEXT: pl.Series(texts, dtype=pl.String)}
    if classes:
        columns[LABEL] = pl.Series([name for name, files in classes.items() for _ in files], dtype=pl.String)
        counts = ", ".join(f"{name} {len(files):,}" for name, files in list(classes.items())[:10])
        notes.append(Note("text_folder", f"{len(paths):,} text files in {len(classes)} classes: {counts}", (LABEL,)))
    else:
        notes.append(Note("text_folder", f"{len(paths):,} text files without labels", (TEXT,)))
    notes += _left_out([folder, *places], [place.name for place in places if place.name not in classes])
    return pl.DataFrame(columns), notes


def _inside(folder: Path) -> list[Path]:
    """What a folder holds, by name."""
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise EnvironmentProblem(f"{folder} cannot be read: {error}", remedy="check its permissions") from error


def _classes(folder: Path) -> list[Path]:
    return [path for path in _inside(folder) if path.is_dir() and not path.name.startswith((".", "_"))]


def _texts(folder: Path) -> list[Path]:
    return [path for path in _inside(folder) if _is_text(path)]


def _is_text(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _left_out(places: list[Path], empty: list[str]) -> list[Note]:
    """What lies in the folders and is no text, so that a class or half of the files is never missing in silence.

    Args:
        places: the folder, then those of its classes.
        empty: names of folders without a text file.
    """
    notes = []
    others = [path for place in places for path in _inside(place) if not path.name.startswith(".")]
    files = [path for path in others if not path.is_dir() and not _is_text(path)]
    deeper = [path for path in others if path.is_dir() and path.parent != places[0]]
    if empty:
        which = f"the folders {listing(empty)} hold" if len(empty) > 1 else f"the folder {empty[0]!r} holds"
        notes.append(Note("files_left_out", f"{which} no text file directly and became no class", (LABEL,)))
    if files:
        kinds = Counter(path.suffix.lower() or "without a suffix" for path in files)
        most = sorted(kinds, key=lambda kind: (-kinds[kind], kind))[:5]
        which = ", ".join(f"{kind} {kinds[kind]:,}" for kind in most)
        verb = "file was" if len(files) == 1 else "files were"
        told = f"{len(files):,} other {verb} left out ({which}); texts end in {listing(SUFFIXES)}"
        notes.append(Note("files_left_out", told, (TEXT,)))
    if deeper:
        verb = "folder" if len(deeper) == 1 else "folders"
        told = f"{len(deeper):,} {verb} within a class left out, such as {str(deeper[0])!r}: one level is read"
        notes.append(Note("files_left_out", told, (TEXT,)))
    return notes


def _read(paths: list[Path], folder: Path, limit: int, encoding: str | None, notes: list[Note]) -> list[str]:
    """Every file's text, whatever its encoding; which were not UTF-8, and what they were taken for, is noted once."""
    texts, total, others = [], 0, dict[str, list[str]]()
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise EnvironmentProblem(f"{path} cannot be read: {error}", remedy="check its permissions") from error
        total += len(data)
        if total > limit:
            raise UserError(f"the text files hold more than {readable(limit)}", remedy="give fewer, or raise max_bytes")
        found = list[Note]()
        texts.append(_text(path, data, encoding, found).strip())
        for note in found:
            others.setdefault(note.message, []).append(str(path.relative_to(folder)))
    if others:
        which = "; ".join(f"of {listing(names, 3)} {message}" for message, names in others.items())
        count = sum(map(len, others.values()))
        told = f"{count:,} of {len(paths):,} files are not UTF-8: {which}; name another encoding with data.encoding"
        notes.append(Note("encoding", told))
    return texts


def _text(path: Path, data: bytes, encoding: str | None, found: list[Note]) -> str:
    """One file's text; an encoding that was guessed is added to `found`."""
    binary = UserError(f"{path} is binary, not text", remedy="take it out of the folder")
    source = TextSource(str(path), content=data)
    if encoding is None and is_binary(source):
        raise binary
    content = as_utf8(source, encoding, found).all()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if encoding is not None:
            raise misfit(str(path), encoding, str(error)) from error
        text = western(source, found).all().decode("utf-8")
    if "\0" in text:
        raise binary
    return text
