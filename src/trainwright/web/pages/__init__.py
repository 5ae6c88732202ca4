"""The pages: one file each, rendered on the server."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter

from trainwright.web.security.guard import GuardedRoute


def page() -> APIRouter:
    """A router for a page."""
    return APIRouter(route_class=GuardedRoute, include_in_schema=False)


def pager(
    address: str, asked: dict[str, Any], before: int | None, following: int | None, *, cursor: str = "before"
) -> dict[str, str | None]:
    """The addresses of the page of a long list with newer entries (always the first one) and of that with older ones.

    Args:
        address: of the list.
        asked: what it is narrowed to; empty values are left out.
        before: where this page begins, None for the first one.
        following: where the next one begins, None when there is none.
        cursor: the name that an address gives to where a page begins.

    Example:
        >>> pager("/jobs", {"project": "adult"}, None, 41)
        {'newer': None, 'older': '/jobs?project=adult&before=41'}
    """
    kept = {key: value for key, value in asked.items() if value}
    return {
        "newer": None if before is None else f"{address}?{urlencode(kept)}",
        "older": None if following is None else f"{address}?{urlencode({**kept, cursor: following})}",
    }


def routers() -> list[APIRouter]:
    """Every page's routes."""
    from trainwright.web.pages import (
        activation,
        compare,
        evaluation,
        help,
        job,
        jobs,
        login,
        new,
        projects,
        schedules,
        settings,
        trying,
        versions,
    )

    return [
        login.router,
        projects.router,
        jobs.router,
        job.router,
        new.router,
        *(one.router for one in (versions, activation, compare, trying, evaluation, settings, schedules, help)),
    ]
