"""Where an export goes: checked before anything is written, filled beside it, and given its name when it is whole."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trainwright.errors import UserError

RECORD = "export.json"
MODEL = "model.onnx"
# File systems hold 255 bytes; the folder that is filled first has a longer name than the export.
LONGEST_NAME = 240


def check_place(to: str | Path | None, format: str, otherwise: str) -> Path:
    """Where the export goes, as an absolute path.

    Args:
        to: what the user gave; None for `otherwise`, where the command runs.
        format: of the export.
        otherwise: the name that it has by itself.

    Raises:
        UserError: nothing is named, something is there already, or the name does not fit the format.
    """
    if to is not None and not str(to).strip():
        raise UserError(
            f"the place to write to is empty ({str(to)!r})",
            remedy=f"give a name with --to, or leave --to out: the export is then called {otherwise}",
        )
    place = Path(to if to is not None else otherwise).expanduser()
    place = Path(os.path.abspath(place))  # noqa: PTH100 - `resolve` would follow links that the user named
    if place == Path.cwd():
        raise UserError(
            f"{place} is the folder in which the command runs; the export takes the place of the folder it is given",
            remedy="give the name of a new folder with --to",
        )
    if is_file(place) and format != "onnx":
        raise UserError(f"{place} names an ONNX file, but --format is {format}", remedy="give the name of a folder")
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in place.parts):
        raise UserError(f"a name in {place} is longer than {LONGEST_NAME} bytes", remedy="give a shorter name")
    above = next((folder for folder in place.parents if folder.exists() or folder.is_symlink()), place)
    if not above.is_dir():
        raise UserError(f"{above} is a file, so nothing can be written below it", remedy="give another name")
    refuse_taken(place)
    return place


def refuse_taken(place: Path) -> None:
    """An export never overwrites: the place must be new, or an empty folder.

    Raises:
        UserError: something is there.
    """
    for taken in (place, record_beside(place)) if is_file(place) else (place,):
        if taken.is_symlink() or (taken.exists() and not (taken.is_dir() and not any(taken.iterdir()))):
            what = "is a folder with something in it" if taken.is_dir() else "is there already"
            raise UserError(f"{taken} {what}; an export never overwrites", remedy="give another name with --to")


def is_file(place: Path) -> bool:
    """Whether the name is that of an ONNX file, and not of a folder.

    Example:
        >>> is_file(Path("adult.ONNX")), is_file(Path("adult"))
        (True, False)
    """
    return place.suffix.lower() == ".onnx"


def record_beside(place: Path) -> Path:
    """The record of an export that is one file."""
    return place.with_name(f"{place.stem}.{RECORD}")


@contextmanager
def filled_beside(place: Path) -> Iterator[Path]:
    """An empty folder beside the place; afterwards it is gone, and so are the folders above that it alone needed.

    What was given its place by `publish` stays.
    """
    made = [folder for folder in place.parents if not folder.exists()]
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.parent / f".{place.name}-{secrets.token_hex(4)}"
    try:
        temporary.mkdir()
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        with suppress(OSError):  # the innermost that holds something, the export above all, ends it
            for folder in made:
                folder.rmdir()


def publish(temporary: Path, place: Path) -> None:
    """Gives what was written its place; a reader sees all of it or nothing.

    Raises:
        UserError: another command has filled the place since it was checked.
    """
    refuse_taken(place)
    if place.is_dir():
        place.rmdir()  # empty, as was checked
    if not is_file(place):
        temporary.rename(place)
        return
    (temporary / RECORD).rename(record_beside(place))
    (temporary / MODEL).rename(place)
