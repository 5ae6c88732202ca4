"""Uploads: tables that are sent to the server, by which examinations and jobs then name them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from trainwright.store.transaction import read
from trainwright.web.api.nouns import After, Limit, Number, Page, noun, page_of
from trainwright.web.problems import Refusal
from trainwright.web.requests import Space, Who, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.uploads import Upload, delete_upload, get_upload, list_uploads, receive

router = noun("uploads")

BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/uploads", operation_id="upload", status_code=201, openapi_extra=BODY)
@least(Role.REVIEWER)
async def upload(
    request: Request,
    space: Space,
    who: Who,
    name: Annotated[str, Query(description="The file's name; its suffix says its kind.", min_length=1, max_length=300)],
) -> Upload:
    """Takes a file as the body of the request, as it comes; a file that is cut off leaves nothing behind."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        raise Refusal(415, "the file itself is the body here, not a form", remedy="send it as application/octet-stream")
    return await receive(space, name, request.stream(), who=who.name)


@router.get("/uploads", operation_id="list_uploads")
@least(Role.VIEWER)
def uploads(
    space: Space,
    limit: Limit = 50,
    after: After = None,
) -> Page[Upload]:
    """Uploads, the newest first."""
    with read(space) as connection:
        found = list_uploads(connection, limit=limit + 1, before=after)
    return page_of(found, limit)


@router.get("/uploads/{upload_id}", operation_id="get_upload")
@least(Role.VIEWER)
def one_upload(space: Space, upload_id: Number) -> Upload:
    """One upload."""
    with named_in_address(), read(space) as connection:
        return get_upload(connection, upload_id)


@router.delete("/uploads/{upload_id}", operation_id="delete_upload", status_code=204)
@least(Role.TRAINER)
def remove_upload(space: Space, who: Who, upload_id: Number) -> Response:
    """Forgets an upload. What was trained on it keeps its own copy of the rows."""
    with named_in_address():
        delete_upload(space, upload_id, who=who.name)
    return Response(status_code=204)
