"""What every noun's router shares: the prefix, the guard, and the documents of its errors."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from trainwright.web.problems import MEDIA
from trainwright.web.security.guard import GuardedRoute

PREFIX = "/api/v1"


class Problem(BaseModel):
    """An error (RFC 9457): what is wrong and what to do."""

    type: str
    title: str
    status: int
    detail: str
    remedy: str | None = None
    errors: list[dict[str, str]] | None = None


def _documented(words: str) -> dict[str, Any]:
    return {"description": words, "model": Problem, "content": {MEDIA: {}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: _documented("The request cannot be understood."),
    401: _documented("Nobody is signed in."),
    403: _documented("The caller's role is not enough."),
    404: _documented("There is no such thing."),
    409: _documented("Not possible as things stand."),
    413: _documented("The body is too large."),
    422: _documented("A value is not valid."),
    503: _documented("Something around the server fails: the disk, the database, a missing extra."),
}


def noun(tag: str) -> APIRouter:
    """A router for the routes of a noun."""
    return APIRouter(prefix=PREFIX, tags=[tag], route_class=GuardedRoute, responses=PROBLEMS)
