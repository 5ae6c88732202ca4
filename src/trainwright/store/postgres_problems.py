"""Turns what PostgreSQL or the way to it says when it fails into one message a user can act on."""

from __future__ import annotations

import ssl

from trainwright.errors import EnvironmentProblem, TrainwrightError, UserError

# https://www.postgresql.org/docs/current/errcodes-appendix.html: what is said and what to do, by code or its class.
LOCKED = "was kept locked by another process for 30 seconds"
CODES = {
    "55P03": (LOCKED, "see which trainwright commands still run on this workspace, then try again"),
    "53100": ("has no room left on its disk; nothing was left half-written", "free some space on the server"),
    "53200": ("has no memory left", "try again when the server has less to do"),
    "53300": ("takes no more connections", "close some, or raise max_connections on the server"),
    "57P03": ("is starting up or shutting down", "try again in a moment"),
    "28P01": ("refuses the user or the password", "give the password in the address, in PGPASSWORD or in ~/.pgpass"),
    "28000": ("refuses the user", "name another user in the address, or let this one in (pg_hba.conf)"),
    "3D000": ("does not exist", "make it with createdb, then try again"),
    "42501": ("does not let this user do that", "give the user the right to create and change tables"),
    "25006": ("cannot be written here, it was opened for reading", "open it without read_only"),
    "40": ("let two transactions stand in each other's way", "try again"),
    "57P": ("was shut down", "start it, then try again"),
    "25P03": ("ended a transaction that stood idle for too long", "try again"),
    "08": ("cannot be reached", "see whether the server runs, and the address"),
    "58": ("cannot read or write its disk", "check that the server's disk has room and is healthy"),
    "XX": ("is damaged", "restore it from a backup"),
}
LOST = ("network error", "connection is closed", "communication error", "connection was closed")


def explain_postgres(error: BaseException, place: str) -> TrainwrightError | None:
    """The problem behind an error of the database, or None when the error is of another sort.

    Args:
        error: as SQLAlchemy or the driver raised it.
        place: the database, as messages call it.
    """
    cause = getattr(error, "orig", None) or error
    details = cause.args[0] if getattr(cause, "args", ()) else None
    if isinstance(details, dict) and "C" in details:
        code, words = str(details["C"]), str(details.get("M", ""))
        if code == "22003":
            return UserError("a number is larger than any row has", remedy="give the number that a list shows")
        if code == "22021":
            return UserError(
                "a text holds the character NUL, which PostgreSQL cannot keep",
                remedy="remove it from the names and texts",
            )
        for known in (code, code[:3], code[:2]):
            if known in CODES:
                what, remedy = CODES[known]
                return EnvironmentProblem(f"the {place} {what} ({words})", remedy=remedy)
        return None
    if isinstance(cause, ssl.SSLError):
        why = getattr(cause, "verify_message", "") or cause.reason
        return EnvironmentProblem(
            f"the {place} cannot be reached by an encrypted way ({why})",
            remedy="trust its certificate (SSL_CERT_FILE), name the host as it does, or take sslmode=require",
        )
    if type(cause).__module__.startswith("pg8000") or type(error).__module__.startswith("sqlalchemy"):
        text = str(cause)
        if any(mark in text.lower() for mark in LOST):
            return EnvironmentProblem(
                f"the connection to the {place} was lost", remedy="see whether the server runs, then try again"
            )
        if "can't create a connection" in text.lower() or "refuses ssl" in text.lower():
            return EnvironmentProblem(
                f"the {place} cannot be reached ({text.splitlines()[0].split(' (timeout is')[0]})",
                remedy="see whether the server runs, and the address",
            )
    if isinstance(error, OSError | TimeoutError) and type(error).__name__ in ("TimeoutError", "timeout", "gaierror"):
        return EnvironmentProblem(f"the {place} does not answer", remedy="see whether the server runs, and the address")
    return None
