"""The gate that every request passes first: allowed names, sizes and origins, safe headers, and who calls."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request

from trainwright.web.problems import Refusal, answer, refusal_of
from trainwright.web.security.callers import find_caller
from trainwright.web.settings import WebSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Plotly writes style elements of its own; scripts come from our own files only, nothing from elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # "no-referrer" makes browsers send forms with the origin "null"
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
# Their bodies are files: the route itself counts them against the larger limit.
UPLOADS = frozenset({"/api/v1/uploads"})


class Gate:
    """Wraps the application; see the module.

    Args:
        app: what lies behind.
        settings: names and limits.
    """

    def __init__(self, app: ASGIApp, settings: WebSettings):
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            self._check_address(scope["method"], request.headers)
            limit = self._limit(scope["path"])
            check_length(request.headers, limit)
            if not scope["path"].startswith("/static/"):
                # A thread: it reads the database.
                request.state.caller = await run_in_threadpool(find_caller, request, self._settings)
        except Exception as error:  # noqa: BLE001 - nobody behind us would answer it
            await answer(request, refusal_of(error))(scope, receive, _safe(send))
            return
        await self._app(scope, _counted(receive, limit), _safe(send))

    def _check_address(self, method: str, headers: Headers) -> None:
        """Refuses names that are not ours (DNS rebinding) and changes that another site asks for.

        Raises:
            Refusal: of either.
        """
        host = headers.get("host", "")
        if host_name(host) not in self._settings.allowed_hosts:
            raise Refusal(
                400,
                f"this server does not answer to the name {host_name(host)!r}",
                remedy="call it by the address it printed, or start it with --allow-host NAME",
            )
        if method in SAFE:
            return
        origin = headers.get("origin")
        if origin is not None and not self._same_origin(origin, host):
            raise Refusal(403, f"a page of {origin} may not change anything here", remedy="use this server's own pages")
        if headers.get("sec-fetch-site") == "cross-site":
            raise Refusal(403, "another site may not change anything here", remedy="use this server's own pages")

    def _same_origin(self, origin: str, host: str) -> bool:
        parts = urlsplit(origin)
        schemes = ("https",) if self._settings.https else ("http", "https")  # a proxy may speak HTTPS unnamed
        return parts.scheme in schemes and parts.netloc.lower() == host.lower()

    def _limit(self, path: str) -> int:
        return self._settings.upload_bytes if path in UPLOADS else self._settings.body_bytes


def host_name(host: str) -> str:
    """The name in a Host header, without the port.

    Example:
        >>> host_name("localhost:8080"), host_name("[::1]:80"), host_name("127.0.0.1")
        ('localhost', '::1', '127.0.0.1')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.rpartition(":")[0].lower() if host.rpartition(":")[2].isdigit() and ":" in host else host.lower()


def check_length(headers: Headers, limit: int) -> None:
    """Refuses a body that says it is too long, before any of it is read.

    Raises:
        Refusal: it is, or its length is no number.
    """
    said = headers.get("content-length")
    if said is None:
        return
    if not said.isdigit():
        raise Refusal(400, "Content-Length is no number")
    if int(said) > limit:
        raise too_large(limit, int(said))


def too_large(limit: int, found: int | None = None) -> Refusal:
    """The refusal of a body over the limit."""
    has = "is larger" if found is None else f"has {found / 1e6:,.1f} MB"
    return Refusal(
        413,
        f"at most {limit / 1e6:,.0f} MB can be sent here, and this {has}",
        remedy="send fewer rows, a Parquet file, or start the server with a larger --max-upload",
    )


def _counted(receive: Receive, limit: int) -> Receive:
    """A body that says no length is counted while it comes."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise too_large(limit)
        return message

    return counted


def _safe(send: Send) -> Send:
    """Adds the headers that keep a browser careful, where the answer has none of its own."""

    async def safe(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return safe
