"""Sessions of browsers: a random cookie of which the hash is kept, with the token that its forms must carry."""

from __future__ import annotations

import secrets
import time

from sqlalchemy import Connection, select

from trainwright.store import tables
from trainwright.web.security.caller import Caller
from trainwright.web.security.roles import Role, role_of
from trainwright.web.security.secrets import hash_token


def open_session(
    connection: Connection,
    who: str,
    role: Role,
    *,
    hours: float,
    account_id: int | None = None,
    token_id: int | None = None,
) -> str:
    """Opens a session and returns what its cookie holds; sessions that ended are removed on the way."""
    now = time.time()
    cookie = secrets.token_urlsafe(32)
    table = tables.session
    connection.execute(table.delete().where(table.c.expires_at <= now))
    connection.execute(
        table.insert().values(
            hash=hash_token(cookie),
            role=role.word,
            who=who,
            csrf=secrets.token_urlsafe(32),
            account_id=account_id,
            token_id=token_id,
            created=now,
            expires_at=now + hours * 3600,
        )
    )
    return cookie


def find_session(connection: Connection, cookie: str) -> Caller | None:
    """The caller of a cookie, or None when it never was or has ended."""
    table = tables.session
    row = connection.execute(select(table).where(table.c.hash == hash_token(cookie))).first()
    if row is None or row.expires_at <= time.time():
        return None
    return Caller(row.who, role_of(row.role), "session", csrf=row.csrf, session=row.hash)


def close_session(connection: Connection, hashed: str) -> None:
    """Ends a session."""
    connection.execute(tables.session.delete().where(tables.session.c.hash == hashed))
