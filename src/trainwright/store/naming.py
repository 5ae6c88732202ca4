"""Which names a path, an address and `name@v2` can carry."""

from __future__ import annotations

import re

from trainwright.errors import UserError


def check_name(name: str, of: str) -> str:
    """The name itself.

    Args:
        name: as the user gave it.
        of: what it shall name, such as "a project".

    Raises:
        UserError: it has characters that such a name cannot have, or too many.

    Example:
        >>> check_name("adult-2026", "a project")
        'adult-2026'
    """
    if not re.fullmatch(r"\w[\w.-]{0,99}", name):
        raise UserError(
            f"{name!r} cannot name {of}",
            remedy="use letters, digits, '-', '_' and '.', starting with a letter or digit, at most 100",
        )
    return name
