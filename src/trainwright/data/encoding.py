"""Brings text to UTF-8: byte-order marks, UTF-16, and Western encodings found out."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from trainwright.data.notes import Note
from trainwright.errors import UserError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# No table of text has several of these, one as the delimiter aside; tab, line ends, form feed and escape are none.
_CONTROLS = frozenset({*range(1, 9), *range(14, 27)})
MANY_CONTROLS = 4


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
        with self._path().open("rb") as file:
            return file.read(size)

    def all(self) -> bytes:
        """Every byte."""
        return self.content if self.content is not None else self._path().read_bytes()

    def for_polars(self) -> bytes | Path:
        """What polars reads fastest: the file itself where there is one."""
        return self.content if self.content is not None else self._path()

    def _path(self) -> Path:
        assert self.path is not None
        return self.path


def as_utf8(source: TextSource, encoding: str | None, notes: list[Note]) -> TextSource:
    """The source itself where it is UTF-8 (or must be tried as such), otherwise its text as UTF-8 in memory.

    Args:
        source: the text.
        encoding: a codec's name given by the user, or None.
        notes: what was found out is added here.

    Raises:
        UserError: binary content, an unknown codec, or text that is not written in the codec given.
    """
    found = encoding or _by_mark(source)
    if found is not None and encoding is None and found != "utf-8-sig":
        notes.append(Note("encoding", f"the file is written in {found.upper()}"))
    try:
        codec = codecs.lookup(found or "utf-8").name
    except LookupError as error:
        raise UserError(
            f"encoding {encoding!r} is not known", remedy="use a name such as utf-8, latin-1 or utf-16"
        ) from error
    if codec in ("utf-8", "utf-8-sig"):
        return source
    try:
        return TextSource(source.name, content=source.all().decode(codec).removeprefix("\ufeff").encode())
    except (UnicodeError, TypeError, ValueError) as error:
        raise misfit(source.name, str(found), str(error)) from error


def western(source: TextSource, notes: list[Note]) -> TextSource:
    """Text that is not UTF-8, as Windows-1252 or, where that lacks a character, Latin-1."""
    data = source.all()
    try:
        text, codec = data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        text, codec = data.decode("latin-1"), "Latin-1"
    notes.append(Note("encoding", f"the file is not UTF-8; it was read as {codec}"))
    return TextSource(source.name, content=text.encode())


def misfit(name: str, encoding: str, detail: str) -> UserError:
    """The error for text that is not written in the encoding that was given."""
    return UserError(f"{name} is not written in {encoding} ({detail})", remedy="leave the encoding out or correct it")


def is_binary(source: TextSource) -> bool:
    """Whether control characters show that this is no text in any encoding.

    Example:
        >>> [is_binary(TextSource("a", content=content)) for content in (bytes(range(256)), "ü".encode("utf-16"))]
        [True, False]
    """
    head = source.head(4096)
    if any(head.startswith(bom) for bom, _ in _BOMS):
        return False
    if b"\0" not in head:
        return len(_CONTROLS & set(head)) >= MANY_CONTROLS and not _is_utf8(head)
    text = head[: len(head) // 2 * 2].decode(_wide(head), errors="replace")
    return "\ufffd" in text or any(letter < " " and letter not in "\t\r\n\f" for letter in text)


def check_encoded(source: TextSource) -> None:
    """Refuses what is text in no encoding.

    Raises:
        UserError: it is binary.
    """
    if is_binary(source):
        raise UserError(
            f"{source.name} is binary, not a table of text", remedy="give a CSV, Excel, Parquet or Arrow file"
        )


def _by_mark(source: TextSource) -> str | None:
    """The encoding that a byte-order mark or the pattern of zero bytes shows."""
    head = source.head(4096)
    marked = next((codec for bom, codec in _BOMS if head.startswith(bom)), None)
    if marked is not None:
        return marked
    check_encoded(source)
    return _wide(head) if b"\0" in head else None


def _is_utf8(head: bytes) -> bool:
    """Whether bytes that may end within a character are UTF-8."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _wide(head: bytes) -> str:
    """UTF-16 in the byte order that the places of zero bytes show."""
    return "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"
