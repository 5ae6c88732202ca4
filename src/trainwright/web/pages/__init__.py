"""The pages: one file each, rendered on the server."""

from __future__ import annotations

from fastapi import APIRouter

from trainwright.web.security.guard import GuardedRoute


def page() -> APIRouter:
    """A router for a page."""
    return APIRouter(route_class=GuardedRoute, include_in_schema=False)


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
