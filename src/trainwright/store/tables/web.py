"""Tables of the page and its callers: uploaded files, accounts, tokens, sessions; no secret, only hashes of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, String, Text

from trainwright.store.tables.columns import identity, moment, refers, table

# From the least to the most rights.
ROLES = ("viewer", "reviewer", "trainer", "admin")

upload = table(
    "upload",
    identity(),
    # SHA-256 of the file itself; `artifact` names the published folder that holds it.
    Column("sha", String(64), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("artifact", String(64), nullable=False),
    moment(),
    Column("who", Text, nullable=False),
)

account = table(
    "account",
    identity(),
    Column("name", String(200), nullable=False, unique=True),
    Column("role", String(20), nullable=False),
    Column("password_hash", Text, nullable=False),
    moment(),
    moment("disabled_at", required=False),
    CheckConstraint(f"role IN {ROLES}", name="role"),
)

token = table(
    "token",
    identity(),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("hash", String(128), nullable=False, unique=True),
    moment(),
    moment("expires_at", required=False),
    moment("used_at", required=False),
    moment("revoked_at", required=False),
    Column("who", Text, nullable=False),
    CheckConstraint(f"role IN {ROLES}", name="role"),
)

session = table(
    "session",
    identity(),
    Column("hash", String(128), nullable=False, unique=True),
    Column("role", String(20), nullable=False),
    Column("who", Text, nullable=False),
    Column("csrf", String(128), nullable=False),
    # What it was opened with, so that a revoked token or a disabled account ends its sessions.
    refers("account_id", "account", required=False),
    refers("token_id", "token", required=False),
    moment(),
    moment("expires_at"),
    CheckConstraint(f"role IN {ROLES}", name="role"),
)
