"""The REST interface under `/api/v1`: one file per noun."""

from __future__ import annotations

from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """Every noun's routes; a literal path stands before one with a name in its place."""
    from trainwright.web.api import (
        access,
        answering,
        decisions,
        examine,
        further,
        health,
        jobs,
        predict,
        projects,
        running,
        runs,
        schedules,
        stream,
        uploads,
        versions,
    )

    modules = (
        health,
        access,
        projects,
        uploads,
        examine,
        stream,
        jobs,
        further,
        runs,
        versions,
        answering,
        decisions,
        predict,
        schedules,
        running,
    )
    return [module.router for module in modules]
