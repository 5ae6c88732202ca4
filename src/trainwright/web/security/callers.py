"""Finds out who calls: a bearer token, a session cookie, or anybody on a server without login."""

from __future__ import annotations

from contextlib import suppress

from starlette.requests import Request

from trainwright.errors import EnvironmentProblem
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.web.security.caller import Caller
from trainwright.web.security.roles import Role
from trainwright.web.security.secrets import hash_token, same
from trainwright.web.security.sessions import find_session
from trainwright.web.security.tokens import find_token, is_stale, note_use, role_of_token
from trainwright.web.settings import WebSettings

# The name, in the audit, of whoever holds the token that the server printed at its start.
STARTER = "server token"
LOCAL = "local user"


def find_caller(request: Request, settings: WebSettings) -> Caller | None:
    """Who calls, or None.

    A token in the header counts before a cookie: a program that shows one means it.
    """
    if not settings.login:
        return Caller(LOCAL, Role.ADMIN, "open")
    workspace: Workspace = request.app.state.workspace
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return of_token(workspace, text.strip(), settings)
    cookie = request.cookies.get(cookie_name(settings))
    if not cookie:
        return None
    with read(workspace) as connection:
        return find_session(connection, cookie)


def of_token(workspace: Workspace, text: str, settings: WebSettings) -> Caller | None:
    """The caller of a token, or None."""
    if settings.token is not None and same(hash_token(text), settings.token):
        return Caller(STARTER, Role.ADMIN, "token")
    with read(workspace) as connection:
        token = find_token(connection, text)
    if token is None:
        return None
    if is_stale(token) and not workspace.read_only:
        # A database that is locked for long keeps no caller out.
        with suppress(EnvironmentProblem), write(workspace) as connection:
            note_use(connection, token)
    return Caller(token.name, role_of_token(token), "token")


def cookie_name(settings: WebSettings) -> str:
    """Of the session: cookies of one machine are shared by all its ports, so the port is part of the name."""
    return f"trainwright_{settings.port}"
