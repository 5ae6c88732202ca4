"""What people type into forms, read with messages that name the field."""

from __future__ import annotations

from trainwright.errors import UserError
from trainwright.web.api.nouns import LARGEST


def number(text: str, what: str, *, most: float = 1e12) -> float:
    """A number from 0 to `most`.

    Args:
        text: as typed; a comma may stand for the point.
        what: the field in words, for the message.
        most: the largest.

    Raises:
        UserError: it is no number, or outside.

    Example:
        >>> number("0,4", "the threshold", most=1)
        0.4
    """
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        raise UserError(f"{what} is {text[:40]!r}, which is no number", remedy="give a number such as 0.4") from None
    if not 0 <= value <= most:
        raise UserError(f"{what} is {value:g}", remedy=f"give a number from 0 to {most:g}")
    return value


def upload_number(text: str) -> int:
    """The number of an upload, as a list of a form sends it.

    Raises:
        UserError: it is none.

    Example:
        >>> upload_number("12")
        12
    """
    if not text.isdecimal() or not 0 < int(text) <= LARGEST:
        raise UserError(f"{text[:40]!r} names no upload", remedy="choose one of the list, or send a file")
    return int(text)
