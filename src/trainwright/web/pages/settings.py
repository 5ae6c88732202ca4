"""Settings: tokens and accounts, which threshold each project answers by, and the audit log."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from trainwright.errors import TrainwrightError
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.web.api.nouns import LARGEST, Number, page_of
from trainwright.web.forms import number
from trainwright.web.pages import page, pager
from trainwright.web.problems import said
from trainwright.web.render import render
from trainwright.web.requests import Space, Who
from trainwright.web.security.accounts import change_account, create_account, list_accounts
from trainwright.web.security.roles import GRANTED, Role, least
from trainwright.web.security.secrets import hash_password
from trainwright.web.security.tokens import create_token, list_tokens, revoke_token
from trainwright.web.views.audit import acts_before
from trainwright.web.views.projects import project_names, projects_at_a_glance

router = page()
LIMIT = 50
ROLES = {
    "viewer": "reads everything",
    "reviewer": "also uploads, asks for predictions and compares",
    "trainer": "also trains, activates, decides and deletes",
    "admin": "also makes tokens and accounts",
}
Word = Annotated[str, Form(max_length=200)]
Cursor = Annotated[int | None, Query(ge=1, le=LARGEST)]


@router.get("/settings")
@least(Role.VIEWER)
def settings(request: Request, space: Space, who: Who, tokens: Cursor = None, accounts: Cursor = None) -> Response:
    """Shows who may do what, in pages; others than administrators begin with the thresholds."""
    if who.role < Role.ADMIN:
        return RedirectResponse("/settings/thresholds", 303)
    return _access(request, space, tokens, accounts)


@router.post("/settings/tokens")
@least(Role.ADMIN)
def new_token(
    request: Request, space: Space, who: Who, name: Word = "", role: Word = "viewer", days: Word = ""
) -> HTMLResponse:
    """Makes a token and shows it, for the only time."""
    try:
        valid = number(days, "the number of days", most=36_499) if days.strip() else None
        with write(space) as connection:
            token, secret = create_token(connection, name, role, who=who.name, days=valid)
    except TrainwrightError as error:
        return _access(request, space, problem=said(error))
    return _access(request, space, made={"name": token.name, "role": token.role, "secret": secret})


@router.post("/settings/tokens/{token}/revoke")
@least(Role.ADMIN)
def revoke(space: Space, who: Who, token: Number) -> RedirectResponse:
    """Makes a token worthless."""
    with write(space) as connection:
        revoke_token(connection, token, who=who.name)
    return RedirectResponse("/settings#tokens", 303)


@router.post("/settings/accounts")
@least(Role.ADMIN)
def new_account(
    request: Request,
    space: Space,
    who: Who,
    name: Word = "",
    role: Word = "viewer",
    password: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Makes an account."""
    try:
        hashed = hash_password(password)
        with write(space) as connection:
            create_account(connection, name.strip(), role, hashed, who=who.name)
    except TrainwrightError as error:
        return _access(request, space, problem=said(error))
    return RedirectResponse("/settings#accounts", 303)


@router.post("/settings/accounts/change")
@least(Role.ADMIN)
def change(
    request: Request,
    space: Space,
    who: Who,
    name: Word = "",
    role: Word = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    disabled: Annotated[str, Form(pattern="^(|yes|no)$")] = "",
) -> Response:
    """Changes an account: its role, its password, or whether it may sign in."""
    try:
        hashed = hash_password(password) if password else None
        state = None if not disabled else disabled == "yes"
        with write(space) as connection:
            change_account(connection, name, who=who.name, role=role or None, hashed=hashed, disabled=state)
    except TrainwrightError as error:
        return _access(request, space, problem=said(error))
    return RedirectResponse("/settings#accounts", 303)


@router.get("/settings/thresholds")
@least(Role.VIEWER)
def thresholds(request: Request, space: Space, after: Cursor = None) -> HTMLResponse:
    """Shows what each project answers by, in pages."""
    with read(space) as connection:
        found = page_of(projects_at_a_glance(connection, after=after, limit=LIMIT + 1), LIMIT)
    values: dict[str, Any] = {"projects": found.items, "here": "Thresholds"}
    values |= pager("/settings/thresholds", {}, after, found.next, cursor="after")
    return render(request, "settings_thresholds.html", values)


@router.get("/settings/audit")
@least(Role.ADMIN)
def audit(
    request: Request,
    space: Space,
    project: Annotated[str, Query(max_length=100)] = "",
    before: Cursor = None,
) -> HTMLResponse:
    """Shows who did what."""
    with read(space) as connection:
        acts = page_of(acts_before(connection, project=project or None, before=before, limit=LIMIT + 1), LIMIT)
        names = project_names(connection)
    values = {
        "acts": acts.items,
        "project": project,
        "names": names,
        "here": "Audit log",
        **pager("/settings/audit", {"project": project}, before, acts.next),
    }
    return render(request, "settings_audit.html", values)


def _access(
    request: Request,
    space: Workspace,
    before: int | None = None,
    after: int | None = None,
    *,
    made: dict[str, Any] | None = None,
    problem: str | None = None,
) -> HTMLResponse:
    """Tokens made before one, and accounts after one, with what was just made or what is wrong."""
    with read(space) as connection:
        tokens = page_of(list_tokens(connection, before=before, limit=LIMIT + 1), LIMIT)
        accounts = page_of(list_accounts(connection, after=after, limit=LIMIT + 1), LIMIT)
    values = {
        "tokens": tokens.items,
        "of_tokens": pager("/settings", {"accounts": after}, before, tokens.next, cursor="tokens"),
        "accounts": accounts.items,
        "of_accounts": pager("/settings", {"tokens": before}, after, accounts.next, cursor="accounts"),
        "roles": {word: ROLES[word] for word in GRANTED},
        "made": made,
        "problem": problem,
        "here": "Access",
    }
    return render(request, "settings.html", values, status=200 if problem is None else 422)
