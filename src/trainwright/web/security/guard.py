"""The route that asks for its least role before it reads anything, and for the form's token before it changes anything.

Every router of ours uses it, and an endpoint without a role makes no route: nothing can be left open by forgetting.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.exceptions import ValidationException
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from trainwright.errors import TrainwrightError
from trainwright.web.problems import Refusal, answer, refusal_of
from trainwright.web.security.caller import Caller
from trainwright.web.security.gate import SAFE
from trainwright.web.security.roles import MARK, Role
from trainwright.web.security.secrets import same

HEADER, FIELD = "x-csrf-token", "csrf"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class GuardedRoute(APIRoute):
    """A route whose endpoint is marked by `roles.least`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any):
        role = getattr(endpoint, MARK, None)
        if not isinstance(role, Role):
            raise TypeError(f"{endpoint.__module__}.{endpoint.__name__} at {path} names no least role: add @least(...)")
        self.least_role = role
        extra = dict(options.pop("openapi_extra", None) or {})
        if role is Role.ANYBODY:
            extra["security"] = []
        extra["x-least-role"] = role.word
        super().__init__(path, endpoint, openapi_extra=extra, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        role = self.least_role

        async def guarded(request: Request) -> Response:
            caller: Caller | None = getattr(request.state, "caller", None)
            check_role(caller, role)
            if caller is not None and caller.via == "session" and request.method not in SAFE:
                await check_form(request, caller)
            try:
                return await handler(request)
            except (HTTPException, ValidationException, TrainwrightError):
                raise
            except ClientDisconnect:
                return answer(request, Refusal(400, "the request was cut off"))
            except Exception as error:  # noqa: BLE001 - told without a traceback, which the log keeps
                return answer(request, refusal_of(error))

        return guarded


def check_role(caller: Caller | None, role: Role) -> None:
    """Lets a caller with the role pass.

    Raises:
        Refusal: nobody is signed in (401), or the caller's role is below (403).
    """
    if role is Role.ANYBODY:
        return
    if caller is None:
        raise Refusal(401, "nobody is signed in", remedy="sign in, or send a token: Authorization: Bearer TOKEN")
    if caller.role < role:
        raise Refusal(
            403,
            f"this needs the role {role.word}, and {caller.name} has the role {caller.role.word}",
            remedy="ask an administrator for the role",
        )


async def check_form(request: Request, caller: Caller) -> None:
    """Lets a change through that comes from a page of ours: its header or its form carries the session's token.

    Raises:
        Refusal: it does not, so another site may have sent it.
    """
    given: Any = request.headers.get(HEADER)
    if given is None and request.headers.get("content-type", "").startswith(FORMS):
        given = (await request.form()).get(FIELD)
    if not isinstance(given, str) or caller.csrf is None or not same(given, caller.csrf):
        raise Refusal(403, "the form does not belong to this session", remedy="load the page again and repeat")
