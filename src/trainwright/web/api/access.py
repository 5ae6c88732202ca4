"""Tokens and accounts: who may do what."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, Field

from trainwright.store.transaction import read, write
from trainwright.web.api.nouns import After, Body, Limit, Number, Page, noun, page_of
from trainwright.web.requests import Space, Who, named_in_address
from trainwright.web.security.accounts import Account, change_account, create_account, get_account, list_accounts
from trainwright.web.security.roles import Role, least
from trainwright.web.security.secrets import hash_password
from trainwright.web.security.tokens import Token, create_token, get_token, list_tokens, revoke_token

router = noun("access")
RoleName = Literal["viewer", "reviewer", "trainer", "admin"]
Name = Annotated[str, Path(min_length=1, max_length=100)]
Password = Annotated[str, Field(min_length=1, max_length=1000)]


class Me(BaseModel):
    """Who calls."""

    name: str
    role: str
    via: str


class NewToken(Body):
    """A token to be made."""

    name: str = Field(min_length=1, max_length=200, description="What it is for.")
    role: RoleName
    days: float | None = Field(None, gt=0, lt=36_500, description="How long it is valid; for ever if absent.")


class MadeToken(BaseModel):
    """A new token. `secret` is the token itself; it is kept nowhere and shown only now."""

    token: Token
    secret: str


class NewAccount(Body):
    """An account to be made."""

    name: str = Field(min_length=1, max_length=100)
    role: RoleName
    password: Password


class AccountChange(Body):
    """What changes of an account; it must sign in again."""

    role: RoleName | None = None
    password: Password | None = None
    disabled: bool | None = None


@router.get("/me", operation_id="me")
@least(Role.VIEWER)
def me(who: Who) -> Me:
    """Who calls, and with what rights."""
    return Me(name=who.name, role=who.role.word, via=who.via)


@router.get("/tokens", operation_id="list_tokens")
@least(Role.ADMIN)
def tokens(space: Space, limit: Limit = 50, after: After = None) -> Page[Token]:
    """Tokens, the newest first; never the tokens themselves."""
    with read(space) as connection:
        return page_of(list_tokens(connection, before=after, limit=limit + 1), limit)


@router.post("/tokens", operation_id="create_token", status_code=201)
@least(Role.ADMIN)
def new_token(space: Space, who: Who, body: NewToken) -> MadeToken:
    """Makes a token for a program."""
    with write(space) as connection:
        token, secret = create_token(connection, body.name, body.role, who=who.name, days=body.days)
    return MadeToken(token=token, secret=secret)


@router.delete("/tokens/{token}", operation_id="revoke_token")
@least(Role.ADMIN)
def remove_token(space: Space, who: Who, token: Number) -> Token:
    """Makes a token worthless, and ends the sessions that were opened with it."""
    with write(space) as connection:
        with named_in_address():
            get_token(connection, token)
        return revoke_token(connection, token, who=who.name)


@router.get("/accounts", operation_id="list_accounts")
@least(Role.ADMIN)
def accounts(space: Space, limit: Limit = 50, after: After = None) -> Page[Account]:
    """Accounts, by name."""
    with read(space) as connection:
        return page_of(list_accounts(connection, after=after, limit=limit + 1), limit)


@router.post("/accounts", operation_id="create_account", status_code=201)
@least(Role.ADMIN)
def new_account(space: Space, who: Who, body: NewAccount) -> Account:
    """Makes an account for a person."""
    hashed = hash_password(body.password)
    with write(space) as connection:
        return create_account(connection, body.name, body.role, hashed, who=who.name)


@router.patch("/accounts/{name}", operation_id="change_account")
@least(Role.ADMIN)
def change(space: Space, who: Who, name: Name, body: AccountChange) -> Account:
    """Changes role or password, disables or enables. The last administrator stays one."""
    hashed = None if body.password is None else hash_password(body.password)
    with write(space) as connection:
        with named_in_address():
            get_account(connection, name)
        return change_account(connection, name, who=who.name, role=body.role, hashed=hashed, disabled=body.disabled)
