"""What endpoints ask a request for: the workspace, the settings, the caller, the child processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request

from trainwright.errors import UserError
from trainwright.store.workspace import Workspace
from trainwright.web.helpers.pool import Helpers
from trainwright.web.problems import Refusal
from trainwright.web.security.caller import Caller
from trainwright.web.settings import WebSettings


# Asynchronous, though they wait for nothing: FastAPI would send each of the others to a thread.
async def _workspace(request: Request) -> Workspace:
    found: Workspace = request.app.state.workspace
    return found


async def _settings(request: Request) -> WebSettings:
    found: WebSettings = request.app.state.settings
    return found


async def _caller(request: Request) -> Caller:
    found: Caller = request.state.caller
    return found


async def _children(request: Request) -> Helpers:
    found: Helpers = request.app.state.helpers
    return found


Space = Annotated[Workspace, Depends(_workspace)]
Web = Annotated[WebSettings, Depends(_settings)]
Who = Annotated[Caller, Depends(_caller)]
Children = Annotated[Helpers, Depends(_children)]


@contextmanager
def named_in_address() -> Iterator[None]:
    """What the address names and the workspace lacks is "not found", not a wrong value.

    Example:
        >>> with named_in_address():                                                # doctest: +SKIP
        ...     project = get_project(connection, name)
    """
    try:
        yield
    except UserError as error:
        raise Refusal(404, error.problem, remedy=error.remedy) from error
