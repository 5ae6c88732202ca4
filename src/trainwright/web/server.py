"""Serves the application, with its workers beside it, until somebody ends it."""

from __future__ import annotations

import errno
import os
import secrets
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from trainwright.errors import EnvironmentProblem, UserError
from trainwright.jobs.slots import ONE, Slots
from trainwright.store.workspace import Workspace
from trainwright.web.certificate import check_certificate
from trainwright.web.settings import WILDCARDS, WebSettings
from trainwright.web.workers import Start, Workers, worker_starts

TOKEN = "TRAINWRIGHT_TOKEN"
# Seconds that open streams are given at the end; a browser reconnects by itself.
GRACE = 3


@dataclass(frozen=True)
class Tls:
    """The files of a certificate and its key (PEM)."""

    certificate: Path
    key: Path


def serve(
    workspace: Workspace,
    settings: WebSettings,
    *,
    workers: int = 2,
    slots: Slots = ONE,
    tls: Tls | None = None,
    started: Callable[[str], None] = lambda _: None,
) -> None:
    """Serves until SIGTERM or Ctrl-C.

    Args:
        workspace: an open workspace that can be written.
        settings: addresses and limits; port 0 takes a free one.
        workers: training processes beside the server.
        slots: what each of them may run at a time; their gpu slots are different devices.
        tls: the server's certificate, for HTTPS without a proxy.
        started: told the address to open, with its token, once requests are answered.

    Raises:
        UserError: the settings would let anybody in, the port is taken, the certificate is none or not that of the key.
        EnvironmentProblem: the port needs rights that the user lacks.
    """
    settings = settings.checked()
    if tls is not None:
        check_certificate(tls.certificate, tls.key)
    starts = worker_starts(str(workspace.path), workers, slots=slots)
    listening = listen(settings)
    try:
        settings = replace(settings, port=listening.getsockname()[1], https=settings.https or tls is not None)
        token = None
        if settings.login:
            token = os.environ.get(TOKEN) or secrets.token_urlsafe(24)
            settings = with_token(settings, token)
        _run(workspace, settings, listening, starts, tls, lambda: started(address(settings, token, tls is not None)))
    finally:
        listening.close()


def with_token(settings: WebSettings, token: str) -> WebSettings:
    """The settings with a token that has all rights as long as the server runs.

    Raises:
        UserError: it is short enough to be guessed.
    """
    from trainwright.web.security.secrets import hash_token

    if len(token) < 16:
        raise UserError(f"{TOKEN} has {len(token)} characters", remedy="use 16 or more random ones, or unset it")
    return replace(settings, token=hash_token(token))


def address(settings: WebSettings, token: str | None, tls: bool) -> str:
    """What to open in a browser.

    Example:
        >>> address(WebSettings(), "abc", False)
        'http://127.0.0.1:8080/login?token=abc'
    """
    host = settings.hosts[0] if settings.host in WILDCARDS else settings.host
    host = f"[{host}]" if ":" in host else host
    base = f"{'https' if tls else 'http'}://{host}:{settings.port}/"
    return base if token is None else f"{base}login?token={token}"


def listen(settings: WebSettings) -> socket.socket:
    """A socket that listens, taken before anything else starts.

    Raises:
        UserError: the port is taken, or the address is none of this machine's.
        EnvironmentProblem: the user may not take the port.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listening = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
        # Its connections inherit this: asyncio sets it only on sockets that name their protocol, which these do not.
        # Without it the body of an answer waits 40 ms for the head to be acknowledged, on a connection that stays open.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UserError(
                f"port {settings.port} of {settings.host} is taken by another program",
                remedy="choose another: --port 8081, or --port 0 for any that is free",
            ) from error
        if error.errno == errno.EACCES:
            raise EnvironmentProblem(
                f"this user may not listen on port {settings.port}", remedy="choose a port above 1023"
            ) from error
        raise UserError(
            f"the server cannot listen on {settings.host}:{settings.port} ({error.strerror or error})",
            remedy="give an address of this machine: --host 127.0.0.1",
        ) from error


def _run(
    workspace: Workspace,
    settings: WebSettings,
    listening: socket.socket,
    starts: list[Start],
    tls: Tls | None,
    started: Callable[[], None],
) -> None:
    import uvicorn

    from trainwright.web.app import create_app

    beside = Workers(starts)
    app = create_app(workspace, settings=settings)

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            app.state.closing = True  # streams end by themselves
            super().handle_exit(sig, frame)

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            started()
            beside.__enter__()  # after the first page could be asked for: they need the processor too

    options: dict[str, Any] = {}
    if tls is not None:
        options = {"ssl_certfile": str(tls.certificate), "ssl_keyfile": str(tls.key)}
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # addresses may hold tokens
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
        ws="none",
        **options,
    )
    server = Server(config)
    # uvicorn raises the signal again once it has served; without a handler the workers would be left alone.
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
    finally:
        signal.signal(signal.SIGTERM, before)
        if server.started:
            beside.__exit__()
