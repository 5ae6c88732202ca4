"""What every noun's router shares: the prefix, the guard, and the documents of its errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict

from trainwright.web.problems import MEDIA
from trainwright.web.security.guard import GuardedRoute

PREFIX = "/api/v1"
LARGEST = 2**63 - 1
Item = TypeVar("Item")

# Parameters that several nouns share. Numbers stay within what the database can hold.
Number = Annotated[int, Path(ge=1, le=LARGEST)]
Limit = Annotated[int, Query(ge=1, le=200, description="So many at most.")]
After = Annotated[int | None, Query(ge=1, le=LARGEST, description="The `next` of the page before.")]
Cursor = Annotated[int, Query(ge=0, le=LARGEST, description="Later than this; 0 for the beginning.")]
ProjectName = Annotated[str, Path(min_length=1, max_length=100)]
VersionLabel = Annotated[str, Path(pattern=r"^v[1-9]\d{0,8}$", description="Such as v3.")]


class Body(BaseModel):
    """What a caller sends: a key that nobody knows is refused, since it is a known one misspelt."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[Item]):
    """Some of a long list: the items, and the cursor (`after`) of those that follow, or null."""

    items: list[Item]
    next: int | None


def page_of(rows: Sequence[Any], limit: int) -> Page[Any]:
    """A page of rows, which have an `id`, when one more than the limit was read to see whether others follow."""
    return Page(items=list(rows[:limit]), next=rows[limit - 1].id if len(rows) > limit else None)


class Problem(BaseModel):
    """An error (RFC 9457): what is wrong and what to do."""

    type: str
    title: str
    status: int
    detail: str
    remedy: str | None = None
    errors: list[dict[str, str]] | None = None


def _documented(words: str) -> dict[str, Any]:
    return {"description": words, "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: _documented("The request cannot be understood."),
    401: _documented("Nobody is signed in."),
    403: _documented("The caller's role is not enough."),
    404: _documented("There is no such thing."),
    409: _documented("Not possible as things stand."),
    413: _documented("The body is too large."),
    415: _documented("The content is of a kind that is not read."),
    422: _documented("A value is not valid."),
    503: _documented("Something around the server fails: the database, a missing extra."),
    507: _documented("The server's disk is full; nothing was left half-written."),
}


def noun(tag: str) -> APIRouter:
    """A router for the routes of a noun."""
    return APIRouter(prefix=PREFIX, tags=[tag], route_class=GuardedRoute, responses=PROBLEMS)
