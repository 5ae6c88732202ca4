"""Whether the server works, for those who watch it."""

from __future__ import annotations

from pydantic import BaseModel

from trainwright.store.transaction import read
from trainwright.web.api.nouns import noun
from trainwright.web.requests import Space
from trainwright.web.security.roles import Role, least

router = noun("health")


class Health(BaseModel):
    """The server works and its database answers."""

    status: str


@router.get("/health", operation_id="health")
@least(Role.ANYBODY)
def health(space: Space) -> Health:
    """Says "ok" when the database answers; anything else is a problem document. Needs no token, and tells nothing."""
    from sqlalchemy import text

    with read(space) as connection:
        connection.execute(text("SELECT 1"))
    return Health(status="ok")
