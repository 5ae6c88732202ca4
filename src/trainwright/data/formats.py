"""Which format a file has, by its suffix and by its content; where the two disagree the user is told both."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from trainwright.data.encoding import TextSource, check_encoded
from trainwright.errors import UserError

SUFFIXES = {
    ".csv": "delimited text",
    ".tsv": "delimited text",
    ".tab": "delimited text",
    ".psv": "delimited text",
    ".txt": "delimited text",
    ".data": "delimited text",
    ".dat": "delimited text",
    ".jsonl": "JSON Lines",
    ".ndjson": "JSON Lines",
    ".json": "JSON",
    ".parquet": "Parquet",
    ".pq": "Parquet",
    ".arrow": "Arrow",
    ".feather": "Arrow",
    ".ipc": "Arrow",
    ".xlsx": "Excel",
    ".xlsm": "Excel",
}
TEXT = ("delimited text", "JSON Lines", "JSON")
READABLE = "CSV, TSV, JSON Lines, Parquet, Arrow, Excel (.xlsx), and .gz of the text formats"

_MAGIC = (
    (b"PAR1", "Parquet"),
    (b"ARROW1", "Arrow"),
    (b"\xff\xff\xff\xff", "Arrow stream"),
    (b"FEA1", "Feather version 1"),
    (b"\x1f\x8b", "gzip"),
    (b"\xd0\xcf\x11\xe0", "old Excel (.xls)"),
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"SQLite format 3\0", "SQLite"),
    (b"\x89HDF", "HDF5"),
    (b"\x80\x02", "Python pickle"),
    (b"\x80\x03", "Python pickle"),
    (b"\x80\x04", "Python pickle"),
    (b"\x80\x05", "Python pickle"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstandard"),
    (b"7z\xbc\xaf", "7-zip"),
    (b"Rar!", "RAR"),
)


def format_of(path: Path) -> tuple[str, bool]:
    """The format of a file and whether it is packed with gzip.

    Raises:
        UserError: the content is not what the suffix says, or is of a format that is not read.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    said_gzip = bool(suffixes) and suffixes[-1] == ".gz"
    inner = suffixes[:-1] if said_gzip else suffixes
    said = SUFFIXES.get(inner[-1]) if inner else None
    head = _head(path)
    is_gzip = head.startswith(b"\x1f\x8b")
    if said_gzip != is_gzip:
        if said_gzip:
            raise _mismatch(path, "gzip", _content(path, head))
        raise _mismatch(path, said or f"{path.suffix or 'no suffix'}", "gzip")
    if is_gzip:
        head = _unpacked(path, head)
    content = _content(path, head, packed=is_gzip)
    if content == "JSON" and said == "delimited text" and not _is_record(head):
        content = "delimited text"  # a first cell may well begin with a bracket
    if content == "JSON":
        content = "JSON Lines" if said == "JSON Lines" or (said != "JSON" and head.lstrip()[:1] == b"{") else "JSON"
    if said is not None and content != said and not (said == "Arrow" and content == "Arrow stream"):
        raise _mismatch(path, said, content)
    if content not in SUFFIXES.values() and content != "Arrow stream":
        raise UserError(f"{path.name} is {_article(content)} file, which is not read", remedy=f"give {READABLE}")
    if is_gzip and content not in TEXT:
        raise UserError(f"{path.name} is {content} inside gzip", remedy="unpack it first")
    return content, is_gzip


def check_text(path: Path, packed: bool) -> None:
    """Looks at the beginning of a file of a text format, for whoever takes files in before they are read.

    Raises:
        UserError: it is text in no encoding.
    """
    head = _head(path)
    check_encoded(TextSource(path.name, content=_unpacked(path, head) if packed else head))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(65536)
    if not head:
        raise UserError(f"{path.name} is empty", remedy="give a file with a header and rows")
    return head


def _unpacked(path: Path, head: bytes) -> bytes:
    try:
        content = zlib.decompressobj(wbits=31).decompress(head, 65536)
    except zlib.error as error:
        raise UserError(f"{path.name} is a damaged gzip file ({error})", remedy="fetch it again") from error
    if not content:
        raise UserError(f"{path.name} is empty", remedy="give a file with a header and rows")
    return content


def _content(path: Path, head: bytes, packed: bool = False) -> str:
    """The format that the first bytes show."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return "zip archive" if packed else _zip_content(path)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] in (b"{", b"["):
        return "JSON"
    start = _first_line(text[:2048]).lower()
    if start.startswith(("<!doctype html", "<html")):
        return "HTML page"
    if start.startswith("<?xml"):
        return "XML"
    return "delimited text"


def _zip_content(path: Path) -> str:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return "damaged zip archive"
    return "Excel" if "xl/workbook.xml" in names else "zip archive"


def _is_record(head: bytes) -> bool:
    """Whether the first line is a whole JSON object or the file a JSON array of them."""
    import json

    text = head.decode("utf-8-sig", errors="replace").lstrip()
    if text.startswith("["):
        return text[1:].lstrip().startswith("{")
    try:
        return isinstance(json.loads(text.splitlines()[0]), dict)
    except ValueError:
        return text[1:].lstrip().startswith('"') and '":' in text[:2000]


def _mismatch(path: Path, said: str, content: str) -> UserError:
    return UserError(
        f"{path.name} is named as {said}, but its content is {content}",
        remedy="give it the suffix of its content, or fetch it again"
        if content in SUFFIXES.values() or content == "gzip"
        else f"give {READABLE}",
    )


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'aeioAEIOX' else 'a'} {name}"


def _first_line(data: bytes) -> str:
    """The first line that is not blank, for deciding what a file is."""
    for line in re.split(r"[\r\n]+", data.decode("utf-8-sig", errors="replace")):
        if line.strip():
            return line.strip()
    return ""
