"""A job live: its events and curve points as server-sent events; a reader that reconnects goes on where it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, replace
from typing import Annotated

from fastapi import Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from trainwright.store.jsons import dumps
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.web.api.nouns import Number, noun
from trainwright.web.requests import Space, named_in_address
from trainwright.web.security.roles import Role, least
from trainwright.web.views.jobs import get_job
from trainwright.web.views.points import curves_after
from trainwright.web.views.story import log_after, standings

router = noun("jobs")

# Seconds between two looks: a new point is to be on the screen within a second.
POLL = 0.4
# A line now and then, so that proxies and browsers do not take silence for the end.
ALIVE = 15.0
MOST_POINTS = 2000
MOST_LINES = 500
CURSOR = r"^\d{1,18}\.\d{1,9}\.\d{1,18}$"


@dataclass(frozen=True)
class Position:
    """How far a reader is: the last event, and the last point of an attempt.

    Example:
        >>> str(Position.parse("12.2.340"))
        '12.2.340'
    """

    event: int = 0
    attempt: int = 0
    point: int = 0

    @classmethod
    def parse(cls, text: str | None) -> Position:
        """The position that a cursor names; the beginning for none."""
        return cls(*(int(part) for part in text.split("."))) if text else cls()

    def __str__(self) -> str:
        return f"{self.event}.{self.attempt}.{self.point}"


@dataclass(frozen=True)
class News:
    """What came since a position: (kind, document) pairs, the position reached, and whether nothing more will come."""

    messages: tuple[tuple[str, object], ...]
    position: Position
    over: bool


@router.get(
    "/jobs/{run}/stream",
    operation_id="job_stream",
    response_class=StreamingResponse,
    responses={200: {"description": "Server-sent events.", "content": {"text/event-stream": {}}}},
)
@least(Role.VIEWER)
async def stream(
    request: Request,
    space: Space,
    run: Number,
    after: Annotated[str | None, Query(pattern=CURSOR, description="The id of the last message that was read.")] = None,
    last_event_id: Annotated[str | None, Header(pattern=CURSOR)] = None,
) -> StreamingResponse:
    """Server-sent events: "job" (its state), "log" (lines), "points" (of curves), "standings" (candidates), "end"."""
    await run_in_threadpool(_check, space, run)
    position = Position.parse(last_event_id or after)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_messages(request, space, run, position), media_type="text/event-stream", headers=headers)


def news(workspace: Workspace, run: int, position: Position) -> News:
    """What came since a position."""
    with read(workspace) as connection:
        job = get_job(connection, run)
        lines, event = log_after(connection, run, position.event, limit=MOST_LINES)
        point = position.point if job.attempt == position.attempt else 0
        curves = curves_after(connection, run, job.attempt, after=point, most=MOST_POINTS)
        fitted = any(line.kind in ("fold", "trial_failed", "state") for line in lines)
        messages: list[tuple[str, object]] = []
        if lines:
            messages.append(("log", [asdict(line) for line in lines]))
        if curves.series:
            messages.append(("points", {"attempt": curves.attempt, "series": curves.series}))
        if fitted or not position.event:
            messages.append(("standings", [asdict(one) for one in standings(connection, run)]))
        if lines or not position.event:
            messages.append(("job", {**asdict(job), "seconds": job.seconds}))
    reached = replace(position, event=event, attempt=job.attempt, point=curves.next)
    return News(tuple(messages), reached, job.finished and not lines and not curves.series)


async def _messages(request: Request, space: Workspace, run: int, position: Position) -> AsyncIterator[str]:
    yield "retry: 1000\n\n"
    spoke = time.monotonic()
    while not request.app.state.closing and not await request.is_disconnected():
        found = await run_in_threadpool(news, space, run, position)
        position = found.position
        for kind, document in found.messages:
            yield f"event: {kind}\nid: {position}\ndata: {dumps(document)}\n\n"
            spoke = time.monotonic()
        if found.over:
            yield f"event: end\nid: {position}\ndata: {{}}\n\n"
            return
        if time.monotonic() - spoke > ALIVE:
            yield ": alive\n\n"
            spoke = time.monotonic()
        await asyncio.sleep(POLL)


def _check(space: Workspace, run: int) -> None:
    with named_in_address(), read(space) as connection:
        get_job(connection, run)
