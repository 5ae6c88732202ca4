"""Servers of workspaces on real ports, each in a thread of the test's process."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import uvicorn
from fastapi import FastAPI
from web_client import TOKEN

from trainwright.store.workspace import Workspace
from trainwright.web.app import create_app
from trainwright.web.security.secrets import hash_token
from trainwright.web.server import listen
from trainwright.web.settings import WebSettings


class Servers:
    """Starts servers, and ends them by their address."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[uvicorn.Server, FastAPI, threading.Thread]] = {}

    def __call__(self, workspace: Workspace, **settings: Any) -> str:
        """Serves a workspace, on a free port unless `port` names one, and returns the address."""
        given = WebSettings(**{"token": hash_token(TOKEN), "port": 0, **settings})
        listening = listen(given)
        app = create_app(workspace, settings=replace(given, port=listening.getsockname()[1]))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._running[address] = server, app, thread
        return address

    def stop(self, address: str) -> None:
        """Ends the server at an address, its streams with it."""
        server, app, thread = self._running.pop(address)
        app.state.closing = True
        server.should_exit = True
        thread.join()

    def stop_all(self) -> None:
        """Ends every server that was not ended."""
        for address in list(self._running):
            self.stop(address)
