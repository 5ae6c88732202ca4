"""Tokens of programs: made once, shown once, kept as a hash, revoked at once."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Connection, Row, select

from trainwright.errors import UserError
from trainwright.store import tables
from trainwright.store.audit import record_act
from trainwright.store.rows import insert_row
from trainwright.web.security.roles import Role, role_of
from trainwright.web.security.secrets import hash_token, make_token

# How exactly "last used" is kept, in seconds: a write for each request would cost more than the request.
USED_STEP = 60.0


@dataclass(frozen=True)
class Token:
    """A token as it is listed; the token itself is not kept.

    Args:
        id: the row, and how it is named when it is revoked.
        name: what it is for.
        role: what it may do.
        who: who made it.
        created, expires_at, used_at, revoked_at: seconds since 1970.
    """

    id: int
    name: str
    role: str
    who: str
    created: float
    expires_at: float | None
    used_at: float | None
    revoked_at: float | None


def create_token(
    connection: Connection, name: str, role: str, *, who: str, days: float | None = None
) -> tuple[Token, str]:
    """Makes a token and returns its row and, for the only time, the token itself.

    Args:
        connection: a write transaction.
        name: what it is for.
        role: "viewer", "reviewer", "trainer" or "admin".
        who: who makes it.
        days: how long it is valid; None for ever.

    Raises:
        UserError: the name is empty or too long, the role is none, or the days are not above 0.
    """
    name = name.strip()
    if not 0 < len(name) <= 200 or not name.isprintable():
        raise UserError("a token needs a name of 1 to 200 characters", remedy="name what it is for, such as 'nightly'")
    word = role_of(role).word
    if days is not None and not 0 < days < 36_500:
        raise UserError(f"a token cannot be valid for {days:g} days", remedy="give a number of days above 0")
    text = make_token()
    now = time.time()
    new = insert_row(
        connection,
        tables.token,
        name=name,
        role=word,
        hash=hash_token(text),
        created=now,
        expires_at=None if days is None else now + days * 86_400,
        who=who,
    )
    record_act(connection, "create token", f"token {new} {name}", who=who, details={"role": word, "days": days})
    return get_token(connection, new), text


def list_tokens(connection: Connection, *, before: int | None = None, limit: int | None = None) -> list[Token]:
    """Tokens, the newest first: those made before the one with this number, so many; all when not given."""
    query = select(tables.token).order_by(tables.token.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(tables.token.c.id < before)
    return [_read(row) for row in connection.execute(query)]


def get_token(connection: Connection, token_id: int) -> Token:
    """The token with this number.

    Raises:
        UserError: there is none.
    """
    row = connection.execute(select(tables.token).where(tables.token.c.id == token_id)).first()
    if row is None:
        raise UserError(f"there is no token {token_id}", remedy="see the list of tokens under Settings")
    return _read(row)


def revoke_token(connection: Connection, token_id: int, *, who: str) -> Token:
    """Makes a token worthless from now on, and ends the sessions that were opened with it."""
    token = get_token(connection, token_id)
    if token.revoked_at is None:
        table = tables.token
        connection.execute(table.update().where(table.c.id == token_id).values(revoked_at=time.time()))
        connection.execute(tables.session.delete().where(tables.session.c.token_id == token_id))
        record_act(connection, "revoke token", f"token {token_id} {token.name}", who=who)
    return get_token(connection, token_id)


def find_token(connection: Connection, text: str) -> Token | None:
    """The valid token that a caller shows, or None."""
    row = connection.execute(select(tables.token).where(tables.token.c.hash == hash_token(text))).first()
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= time.time()):
        return None
    return _read(row)


def is_stale(token: Token) -> bool:
    """Whether its "last used" is to be written anew."""
    return token.used_at is None or time.time() - token.used_at > USED_STEP


def note_use(connection: Connection, token: Token) -> None:
    """Writes when a token was used."""
    connection.execute(tables.token.update().where(tables.token.c.id == token.id).values(used_at=time.time()))


def role_of_token(token: Token) -> Role:
    """What a token may do."""
    return role_of(token.role)


def _read(row: Row[tuple[object, ...]]) -> Token:
    values = {key: value for key, value in row._mapping.items() if key != "hash"}
    return Token(**values)
