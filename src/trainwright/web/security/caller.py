"""Who calls: found out once per request by the gate, asked for by routes and templates."""

from __future__ import annotations

from dataclasses import dataclass

from trainwright.web.security.roles import Role


@dataclass(frozen=True)
class Caller:
    """Who calls.

    Args:
        name: for the audit.
        role: what the caller may do.
        via: "session" (a browser), "token" (a program) or "open" (a server without login).
        csrf: of a session, what its forms must carry.
        session: of a session, the hash of its cookie.
    """

    name: str
    role: Role
    via: str
    csrf: str | None = None
    session: str | None = None

    def may(self, word: str) -> bool:
        """Whether the caller has the rights of a role; for templates.

        Example:
            >>> Caller("ada", Role.TRAINER, "token").may("viewer")
            True
        """
        return self.role >= Role[word.upper()]
