"""Accounts of people: a name, a role and the hash of a password."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, Row, select

from trainwright.errors import UserError
from trainwright.store import tables
from trainwright.store.audit import record_act
from trainwright.store.rows import insert_row
from trainwright.web.security.roles import Role, role_of
from trainwright.web.security.secrets import check_password, hash_password


@dataclass(frozen=True)
class Account:
    """A person.

    Args:
        id: the row.
        name: as they sign in.
        role: what they may do.
        created, disabled_at: seconds since 1970; `disabled_at` is None while they may sign in.
    """

    id: int
    name: str
    role: str
    created: float
    disabled_at: float | None


def create_account(connection: Connection, name: str, role: str, hashed: str, *, who: str) -> Account:
    """Makes an account.

    Args:
        connection: a write transaction.
        name, role: of the person.
        hashed: `secrets.hash_password` of the password; it takes a while, so not inside a transaction.
        who: who makes it.

    Raises:
        UserError: the name cannot be used or is taken, or the role is none.
    """
    if not re.fullmatch(r"[\w][\w.@+-]{0,99}", name):
        raise UserError(
            f"{name!r} cannot name an account", remedy="use letters, digits, '.', '-', '_', '+' and '@', at most 100"
        )
    word = role_of(role).word
    if find_account(connection, name) is not None:
        raise UserError(f"there is an account {name!r} already", remedy="choose another name, or change that one")
    insert_row(connection, tables.account, name=name, role=word, password_hash=hashed, created=time.time())
    record_act(connection, "create account", name, who=who, details={"role": word})
    return get_account(connection, name)


def change_account(
    connection: Connection,
    name: str,
    *,
    who: str,
    role: str | None = None,
    hashed: str | None = None,
    disabled: bool | None = None,
) -> Account:
    """Changes what is given, and ends the account's sessions: the next sign-in has the new rights.

    Raises:
        UserError: there is no such account, or no administrator would be left among the accounts.
    """
    account = get_account(connection, name)
    changes: dict[str, object] = {}
    if role is not None:
        changes["role"] = role_of(role).word
    if hashed is not None:
        changes["password_hash"] = hashed
    if disabled is not None:
        changes["disabled_at"] = (account.disabled_at or time.time()) if disabled else None
    loses = account.role == Role.ADMIN.word and (disabled or changes.get("role", account.role) != Role.ADMIN.word)
    if loses and account.disabled_at is None and _administrators(connection) == [account.name]:
        raise UserError(f"{name} is the last administrator", remedy="make another account an administrator first")
    if changes:
        table = tables.account
        connection.execute(table.update().where(table.c.id == account.id).values(changes))
        connection.execute(tables.session.delete().where(tables.session.c.account_id == account.id))
        told = {key: value for key, value in changes.items() if key != "password_hash"}
        record_act(connection, "change account", name, who=who, details={**told, "password": hashed is not None})
    return get_account(connection, name)


def list_accounts(connection: Connection, *, after: int | None = None, limit: int | None = None) -> list[Account]:
    """Accounts by name: those after the name of the one with this id, so many; all when not given."""
    account = tables.account.c
    query = select(tables.account).order_by(account.name).limit(limit)
    if after is not None:
        query = query.where(account.name > select(account.name).where(account.id == after).scalar_subquery())
    return [_read(row) for row in connection.execute(query)]


def find_account(connection: Connection, name: str) -> Account | None:
    """The account with this name, or None."""
    row = connection.execute(select(tables.account).where(tables.account.c.name == name)).first()
    return None if row is None else _read(row)


def get_account(connection: Connection, name: str) -> Account:
    """The account with this name.

    Raises:
        UserError: there is none.
    """
    found = find_account(connection, name)
    if found is None:
        raise UserError(f"there is no account {name!r}", remedy="see the list of accounts under Settings")
    return found


def kept_password(connection: Connection, name: str) -> tuple[Account | None, str]:
    """The account that may sign in under a name, and the hash to compare with.

    A name without an account gets a hash that nothing matches, so that its refusal takes as long as another.
    """
    row = connection.execute(select(tables.account).where(tables.account.c.name == name)).first()
    if row is None or row.disabled_at is not None:
        return None, _nobody()
    return _read(row), row.password_hash


def matches(account: Account | None, hashed: str, password: str) -> bool:
    """Whether the password is that of the account; takes its time, so not inside a transaction."""
    return check_password(password, hashed) and account is not None


@cache
def _nobody() -> str:
    return hash_password("the password of nobody")


def _administrators(connection: Connection) -> list[str]:
    table = tables.account
    admins = (table.c.role == Role.ADMIN.word) & table.c.disabled_at.is_(None)
    return list(connection.execute(select(table.c.name).where(admins)).scalars())


def _read(row: Row[tuple[object, ...]]) -> Account:
    return Account(**{key: value for key, value in row._mapping.items() if key != "password_hash"})
