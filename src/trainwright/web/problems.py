"""Errors as answers: problem+json for programs (RFC 9457), a page for people; never a traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from trainwright.errors import DiskFull, EnvironmentProblem, TrainwrightError, UserError
from trainwright.web.wording import for_page, for_rest

log = logging.getLogger("trainwright.web")

MEDIA = "application/problem+json"
TITLES = {
    400: "The request cannot be understood",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Not offered here",
    409: "Not possible as things stand",
    410: "No longer there",
    413: "Too large",
    415: "Not this kind of content",
    422: "Not a valid value",
    429: "Too many attempts",
    500: "A fault of ours",
    503: "Not possible at the moment",
    507: "No room left",
}


class Refusal(HTTPException):
    """An answer with a status of its own; an HTTPException, because FastAPI takes any other error in a body for a 400.

    Args:
        status: of HTTP.
        problem, remedy: as in `TrainwrightError`.
        more: further members of the problem document.
    """

    def __init__(self, status: int, problem: str, *, remedy: str | None = None, more: dict[str, Any] | None = None):
        self.status = status
        self.problem = problem
        self.remedy = remedy
        self.more = more or {}
        super().__init__(status, problem)


def refusal_of(error: Exception) -> Refusal:
    """What an error means for the caller; details of our own faults go to the log alone.

    Example:
        >>> refusal_of(UserError("there is no column 'x'")).status
        422
    """
    from fastapi.exceptions import RequestValidationError

    if isinstance(error, Refusal):
        return error
    if isinstance(error, UserError):
        return Refusal(422, error.problem, remedy=error.remedy)
    if isinstance(error, DiskFull):
        return Refusal(507, error.problem, remedy=error.remedy)
    if isinstance(error, EnvironmentProblem):
        return Refusal(503, error.problem, remedy=error.remedy)
    if isinstance(error, RequestValidationError):
        places = [
            {"at": ".".join(str(part) for part in one["loc"]), "expected": one["msg"]} for one in error.errors()[:20]
        ]
        words = "; ".join(f"{place['at']}: {place['expected']}" for place in places)
        return Refusal(422, words, remedy="see /api/v1/openapi.json for what is expected", more={"errors": places})
    if isinstance(error, HTTPException):
        words = "there is nothing at this address" if error.status_code == 404 else str(error.detail)
        return Refusal(error.status_code, words)
    if isinstance(error, TrainwrightError):
        log.error("a request failed: %s", error)
        return Refusal(500, error.problem, remedy=error.remedy)
    log.exception("a request failed", exc_info=error)
    return Refusal(500, "a fault of ours; the server's log has the details", remedy="please report it")


def answer(request: Request, refusal: Refusal) -> Response:
    """A refusal as a document for programs, as a page for people; a browser that is not signed in goes to the door."""
    status = refusal.status
    program = wants_json(request) and request.headers.get("x-requested-with") != "fetch"
    reword = for_rest if program else for_page
    if wants_json(request):
        headers = {"www-authenticate": "Bearer"} if status == 401 else None
        return JSONResponse(document(refusal, reword), status_code=status, media_type=MEDIA, headers=headers)
    if status == 401:
        from urllib.parse import quote

        if request.method not in ("GET", "HEAD"):
            return RedirectResponse("/login", 303)
        to = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse("/login" if to == "/" else f"/login?next={quote(to, safe='')}", 303)
    from trainwright.web.render import render

    return render(request, "problem.html", {"problem": document(refusal, reword)}, status=status)


def document(refusal: Refusal, reword: Callable[[str], str] = for_rest) -> dict[str, Any]:
    """The problem document of a refusal, in the words of whoever reads it.

    Example:
        >>> document(Refusal(404, "there is no run 7"))["title"]
        'Not found'
    """
    found = {
        "type": "about:blank",
        "title": TITLES.get(refusal.status, "Not possible"),
        "status": refusal.status,
        "detail": reword(refusal.problem),
        **refusal.more,
    }
    return found if refusal.remedy is None else {**found, "remedy": reword(refusal.remedy)}


def said(error: TrainwrightError | Refusal) -> str:
    """An error in one line, for the page where it happened.

    Example:
        >>> said(UserError("no target column is named", remedy="name the column to predict with --target"))
        'no target column is named; name the column to predict with “Column to predict”'
    """
    return for_page(error.problem if error.remedy is None else f"{error.problem}; {error.remedy}")


def wants_json(request: Request) -> bool:
    """Whether a program asks: REST, or a script of a page."""
    return request.url.path.startswith("/api/") or request.headers.get("x-requested-with") == "fetch"


def install(app: Any) -> None:
    """Lets an application answer its errors so."""
    from fastapi.exceptions import RequestValidationError

    async def handle(request: Request, error: Exception) -> Response:
        return answer(request, refusal_of(error))

    for kind in (TrainwrightError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, handle)
