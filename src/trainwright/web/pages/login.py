"""Signing in and out: by an account, by a token, or by the link that the server printed at its start."""

from __future__ import annotations

import time
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.web.pages import page
from trainwright.web.problems import Refusal
from trainwright.web.render import render
from trainwright.web.requests import Space, Web
from trainwright.web.security.accounts import kept_password, matches
from trainwright.web.security.attempts import Attempts
from trainwright.web.security.callers import STARTER, cookie_name
from trainwright.web.security.roles import Role, least, role_of
from trainwright.web.security.secrets import hash_token, same
from trainwright.web.security.sessions import close_session, open_session
from trainwright.web.security.tokens import find_token
from trainwright.web.settings import WebSettings

router = page()


@router.get("/login")
@least(Role.ANYBODY)
def show_login(request: Request, space: Space, web: Web, next: str = "/", token: str | None = None) -> Response:
    """Shows the door, or opens it for whoever comes with a token."""
    if token is not None:
        cookie = _by_token(space, token, web)
        if cookie is not None:
            return _signed_in(cookie, next, web)
        return _door(request, next, "The link is no longer valid. The server prints a new one at each start.", 403)
    if request.state.caller is not None:
        return RedirectResponse(local_path(next), 303)
    return _door(request, next, None)


@router.post("/login")
@least(Role.ANYBODY)
def log_in(
    request: Request,
    space: Space,
    web: Web,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    token: Annotated[str, Form(max_length=500)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Signs in with a name and a password, or with a token."""
    attempts: Attempts = request.app.state.attempts
    address = request.client.host if request.client else "unknown"
    wait = attempts.wait(address)
    if wait > 0:
        raise Refusal(429, "too many attempts to sign in", remedy=f"wait {wait:.0f} seconds")
    cookie = _by_token(space, token, web) if token else _by_password(space, name, password, web)
    if cookie is None:
        attempts.failed(address)
        return _door(request, next, "That did not match. Check the name and the password, or the token.", 403)
    attempts.passed(address)
    return _signed_in(cookie, next, web)


@router.post("/logout")
@least(Role.VIEWER)
def log_out(request: Request, space: Space, web: Web) -> Response:
    """Signs out."""
    if request.state.caller.session is not None:
        with write(space) as connection:
            close_session(connection, request.state.caller.session)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(cookie_name(web))
    return answer


def local_path(address: str) -> str:
    """The address where it is a path of ours, else the first page: nobody is sent elsewhere after signing in.

    Example:
        >>> local_path("/runs/7?tab=log"), local_path("//evil.example"), local_path("https://evil.example/")
        ('/runs/7?tab=log', '/', '/')
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if plain and not parts.scheme and not parts.netloc and "\\" not in address else "/"


def _by_token(space: Workspace, text: str, web: WebSettings) -> str | None:
    text = text.strip()
    if web.token is not None and same(hash_token(text), web.token):
        with write(space) as connection:
            return open_session(connection, STARTER, Role.ADMIN, hours=web.session_hours)
    with read(space) as connection:
        token = find_token(connection, text)
    if token is None:
        return None
    hours = web.session_hours
    if token.expires_at is not None:
        hours = min(hours, (token.expires_at - time.time()) / 3600)
    with write(space) as connection:
        return open_session(connection, token.name, role_of(token.role), hours=hours, token_id=token.id)


def _by_password(space: Workspace, name: str, password: str, web: WebSettings) -> str | None:
    with read(space) as connection:
        account, kept = kept_password(connection, name.strip())
    if not matches(account, kept, password):
        return None
    assert account is not None
    with write(space) as connection:
        return open_session(
            connection, account.name, role_of(account.role), hours=web.session_hours, account_id=account.id
        )


def _signed_in(cookie: str, to: str, web: WebSettings) -> Response:
    answer = RedirectResponse(local_path(to), 303)
    answer.set_cookie(
        cookie_name(web),
        cookie,
        max_age=int(web.session_hours * 3600),
        httponly=True,
        samesite="lax",  # a page's address that a colleague sent opens signed in; changes need the form's token
        secure=web.https,
    )
    return answer


def _door(request: Request, to: str, problem: str | None, status: int = 200) -> Response:
    return render(request, "login.html", {"next": local_path(to), "problem": problem}, status=status)
