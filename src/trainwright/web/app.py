"""The application: every route and page over one open workspace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool

import trainwright
from trainwright.store.two_people import note_agreement
from trainwright.store.workspace import Workspace
from trainwright.web import problems, static_files
from trainwright.web.api import routers as api_routers
from trainwright.web.helpers.pool import Helpers
from trainwright.web.openapi import describe
from trainwright.web.pages import routers as page_routers
from trainwright.web.security.attempts import Attempts
from trainwright.web.security.gate import Gate
from trainwright.web.settings import WebSettings

DESCRIPTION = """Everything the pages do, for programs.

Send a token with every request: `Authorization: Bearer TOKEN`. Errors are problem documents (RFC 9457,
`application/problem+json`) whose `remedy` says what to do. Lists are paged by `limit` and `after`, the cursor that the
page before returned as `next`.
"""


def create_app(workspace: Workspace, *, settings: WebSettings | None = None) -> FastAPI:
    """The web application.

    Args:
        workspace: an open workspace that can be written.
        settings: addresses and limits; loopback with login when not given.

    Raises:
        UserError: the settings would let anybody in.

    Example:
        >>> app = create_app(open_workspace("/tmp/example"))                        # doctest: +SKIP
    """
    settings = (settings or WebSettings()).checked()

    note_agreement(workspace, two=settings.second_approver)
    helpers = Helpers(workspace, most=settings.helpers, seconds=settings.helper_seconds)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        resting = asyncio.create_task(_rest(helpers))
        try:
            yield
        finally:
            app.state.closing = True
            resting.cancel()
            await run_in_threadpool(helpers.close)

    app = FastAPI(
        title="Trainwright",
        version=trainwright.__version__,
        description=DESCRIPTION,
        openapi_url=None,  # a route of ours, with a role
        docs_url=None,  # its page would fetch scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.workspace = workspace
    app.state.settings = settings
    app.state.helpers = helpers
    app.state.attempts = Attempts()
    app.state.closing = False
    _add(app, [static_files.router, *api_routers(), *page_routers()])
    problems.install(app)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    app.add_middleware(Gate, settings=settings)
    return app


async def _rest(helpers: Helpers) -> None:
    """Ends child processes that nobody needs any more, now and then."""
    while True:
        await asyncio.sleep(60)
        await run_in_threadpool(helpers.rest)


def _add(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Takes over the routes themselves: each is a `GuardedRoute` already, and no wrapper comes between."""
    for router in routers:
        app.router.routes.extend(router.routes)
