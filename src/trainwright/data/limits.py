"""Limits on what a small file may become when it is opened: gzip, xlsx and Parquet bombs stop here."""

from __future__ import annotations

import zlib
from pathlib import Path

from trainwright.errors import UserError

GIB = 1024**3
TEXT_LIMIT = 8 * GIB
SHEET_LIMIT = 1 * GIB
PARQUET_LIMIT = 64 * GIB

# deflate cannot exceed 1032:1; real tables stay far below 200:1; small files are harmless at any ratio.
SUSPICIOUS_RATIO = 200
HARMLESS = 256 * 1024**2


def readable(size: float) -> str:
    """A size in bytes for people.

    Example:
        >>> readable(3 * 1024**3)
        '3.0 GiB'
    """
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1024
    raise AssertionError


def check_plain(path: Path, max_bytes: int | None) -> None:
    """Refuses a file that is larger than the limit the user gave.

    Raises:
        UserError: the file is larger than `max_bytes`.
    """
    size = path.stat().st_size
    if max_bytes is not None and size > max_bytes:
        raise _too_large(path.name, f"it has {readable(size)}", max_bytes)


def expand_gzip(path: Path, max_bytes: int | None) -> bytes:
    """The content of a `.gz` file, never holding more than the limit.

    Args:
        path: the compressed file; several members in a row are allowed, as gzip allows them.
        max_bytes: limit on the expanded size; None means 8 GiB and a check of the ratio.

    Raises:
        UserError: the content grows beyond the limit, or the file is damaged.
    """
    limit = TEXT_LIMIT if max_bytes is None else max_bytes
    parts: list[bytes] = []
    total = consumed = 0
    inflate = zlib.decompressobj(wbits=31)
    with path.open("rb") as file:
        pending = b""
        try:
            while True:
                if not pending:
                    pending = file.read(1 << 20)
                    consumed += len(pending)
                    if not pending:
                        break
                if inflate.eof:
                    pending = pending.lstrip(b"\0")  # padding between or after members
                    if not pending:
                        continue
                    inflate = zlib.decompressobj(wbits=31)
                chunk = inflate.decompress(pending, 1 << 22)
                pending = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
                total += len(chunk)
                if total > limit:
                    raise _too_large(path.name, f"it expands beyond {readable(limit)}", limit)
                if max_bytes is None and total > HARMLESS and total > SUSPICIOUS_RATIO * consumed:
                    raise _suspicious(path.name, total // consumed)
                parts.append(chunk)
        except zlib.error as error:
            raise UserError(f"{path.name} is a damaged gzip file ({error})", remedy="fetch it again") from error
    if not inflate.eof:
        raise UserError(f"{path.name} ends in the middle of its gzip data", remedy="fetch it again")
    return b"".join(parts)


def check_spreadsheet(path: Path, max_bytes: int | None) -> None:
    """Refuses an .xlsx whose parts would expand beyond the limit, before any part is opened.

    Raises:
        UserError: the parts add up to more than the limit, or the file is not a whole zip archive.
    """
    import zipfile

    limit = SHEET_LIMIT if max_bytes is None else max_bytes
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile as error:
        raise UserError(f"{path.name} is a damaged .xlsx file ({error})", remedy="save it again") from error
    total = sum(part.file_size for part in parts)
    packed = max(1, sum(part.compress_size for part in parts))
    if total > limit:
        raise _too_large(path.name, f"its parts expand to {readable(total)}", limit)
    if max_bytes is None and total > HARMLESS and total > SUSPICIOUS_RATIO * packed:
        raise _suspicious(path.name, total // packed)
    # The sizes in the directory can lie: a part that holds more than it declares is cut off and counted here.
    with zipfile.ZipFile(path) as archive:
        for part in parts:
            try:
                with archive.open(part) as file:
                    seen = 0
                    while chunk := file.read(1 << 20):
                        seen += len(chunk)
                        if seen > limit:
                            raise _too_large(path.name, f"its part {part.filename} expands further", limit)
            except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
                raise UserError(
                    f"{path.name}: its part {part.filename} cannot be opened ({error})",
                    remedy="save it again without a password",
                ) from error


def check_cells(name: str, rows: int, columns: int, max_bytes: int | None) -> None:
    """Refuses a columnar file whose cells, at 8 bytes each, go beyond the limit.

    Raises:
        UserError: rows times columns times 8 is more than the limit (64 GiB when None).
    """
    limit = PARQUET_LIMIT if max_bytes is None else max_bytes
    if rows * columns * 8 > limit:
        raise _too_large(name, f"its {rows:,} rows x {columns:,} columns need {readable(rows * columns * 8)}", limit)


def _too_large(name: str, found: str, limit: int) -> UserError:
    return UserError(
        f"{name} is too large: {found}, the limit is {readable(limit)}",
        remedy="if the file is what you expect, raise max_bytes",
    )


def _suspicious(name: str, ratio: int) -> UserError:
    return UserError(
        f"{name} expands {ratio:,} times, which no real table does (the limit is {SUSPICIOUS_RATIO} times)",
        remedy="if the file is what you expect, set max_bytes to the size you allow",
    )
