"""Tokens and passwords: how they are made, and the only forms in which they are kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from trainwright.errors import UserError

PREFIX = "tw_"
LEAST_PASSWORD = 12
# OWASP's Password Storage Cheat Sheet (2023) for scrypt: N = 2^15, r = 8, p = 3 costs 32 MB and about 0.2 s.
COST, BLOCK, PARALLEL = 2**15, 8, 3


def make_token() -> str:
    """A new token: 256 random bits, recognisable by its prefix where it was left lying about."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is kept of a token. It is random, so one round of SHA-256 cannot be turned back by guessing.

    Example:
        >>> len(hash_token("tw_example"))
        64
    """
    return hashlib.sha256(token.encode()).hexdigest()


def same(first: str, second: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(first.encode(), second.encode())


def hash_password(password: str) -> str:
    """What is kept of a password: scrypt with a salt of its own.

    Raises:
        UserError: it is too short.

    Example:
        >>> check_password("correct horse", hash_password("correct horse"))
        True
    """
    if len(password) < LEAST_PASSWORD:
        raise UserError(
            f"the password has {len(password)} characters", remedy=f"use {LEAST_PASSWORD} or more; a sentence is fine"
        )
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, COST, BLOCK, PARALLEL)
    return "$".join(["scrypt", f"{COST},{BLOCK},{PARALLEL}", _text(salt), _text(digest)])


def check_password(password: str, kept: str) -> bool:
    """Whether a password is the one that was hashed."""
    try:
        name, costs, salt, digest = kept.split("$")
        cost, block, parallel = (int(number) for number in costs.split(","))
        if name != "scrypt":
            return False
        return hmac.compare_digest(
            _scrypt(password, base64.b64decode(salt), cost, block, parallel), base64.b64decode(digest)
        )
    except ValueError:
        return False


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    most = 2 * 128 * block * (cost + parallel)  # twice what scrypt needs, or OpenSSL refuses
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=block, p=parallel, maxmem=most, dklen=32)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
