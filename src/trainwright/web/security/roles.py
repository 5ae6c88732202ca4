"""The four roles, each with all rights of those below it, and the decorator by which a route names its least one."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, TypeVar

from trainwright.errors import UserError

MARK = "__least_role__"
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Role(IntEnum):
    """What a caller may do.

    VIEWER reads; REVIEWER also corrects and decides on items sent to a person, and asks for predictions; TRAINER also
    trains, activates and deletes; ADMIN also manages accounts and tokens. ANYBODY needs no sign-in: the sign-in page,
    the health check and the static files.
    """

    ANYBODY = 0
    VIEWER = 1
    REVIEWER = 2
    TRAINER = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        """The role as users write it."""
        return self.name.lower()


GRANTED = tuple(role.word for role in Role if role is not Role.ANYBODY)


def role_of(word: str) -> Role:
    """The role with this name.

    Raises:
        UserError: there is none.

    Example:
        >>> role_of("trainer")
        <Role.TRAINER: 3>
    """
    if word not in GRANTED:
        raise UserError(f"there is no role {word!r}", remedy=f"the roles are {', '.join(GRANTED)}")
    return Role[word.upper()]


def least(role: Role) -> Callable[[Endpoint], Endpoint]:
    """Names the least role that may call an endpoint; a route without it cannot be made."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, MARK, role)
        return endpoint

    return mark
