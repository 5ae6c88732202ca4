"""A server over a workspace, callers of every role, and a small project that is trained once."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from web_client import ADDRESS, PROJECT, TOKEN, csrf_of

from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace, open_workspace
from trainwright.web.app import create_app
from trainwright.web.security.secrets import hash_token
from trainwright.web.security.tokens import create_token
from trainwright.web.settings import WebSettings


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes guessing slow would make the tests slow."""
    monkeypatch.setattr("trainwright.web.security.secrets.COST", 2**8)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with nothing in it."""
    workspace = open_workspace(tmp_path / "workspace")
    yield workspace
    workspace.engine.dispose()


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labelled table of 160 rows: target `bought`, features `age`, `price`, `kind`."""
    rng = np.random.default_rng(0)
    age, price = rng.normal(40, 10, 160).round(1), rng.normal(20, 5, 160).round(2)
    bought = np.where(age - 2 * price + rng.normal(0, 6, 160) > 0, "yes", "no")
    kind = rng.choice(["book", "pen"], 160)
    path = tmp_path_factory.mktemp("table") / f"{PROJECT}.csv"
    pl.DataFrame({"age": age, "price": price, "kind": kind, "bought": bought}).write_csv(path)
    return path


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory: pytest.TempPathFactory, table: Path) -> Path:
    """A workspace with the project "shop" of one version, v1 of run 1, trained once for all tests."""
    from trainwright.cli.app import main

    folder = tmp_path_factory.mktemp("trained") / "workspace"
    quick = ["--families", "linear", "--folds", "2", "--repeats", "1", "--time-limit", "60s"]
    with contextlib.redirect_stdout(io.StringIO()) as out, pytest.raises(SystemExit) as ended:
        main(["train", str(table), "--target", "bought", *quick, "--workspace", str(folder), "--json"])
    assert ended.value.code == 0, out.getvalue()
    return folder


@pytest.fixture
def trained(trained_folder: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A copy of the trained workspace that a test may change."""
    shutil.copytree(trained_folder, tmp_path / "trained")
    workspace = open_workspace(tmp_path / "trained")
    yield workspace
    workspace.engine.dispose()


@pytest.fixture
def serve() -> Iterator[Callable[..., TestClient]]:
    """Makes clients of a workspace's server that are signed in as its administrator, CSRF header set.

    Call it with a workspace and settings; `client.app` is the application.
    """
    with contextlib.ExitStack() as open_ones:

        def start(workspace: Workspace, **settings: object) -> TestClient:
            given = WebSettings(**{"token": hash_token(TOKEN), **settings})  # type: ignore[arg-type]
            app = create_app(workspace, settings=given)
            address = ADDRESS.replace("http:", "https:") if given.https else ADDRESS
            client = TestClient(app, base_url=address, follow_redirects=False, raise_server_exceptions=False)
            open_ones.enter_context(client)
            if given.login:
                assert client.get("/login", params={"token": TOKEN}).status_code == 303
                client.headers["x-csrf-token"] = csrf_of(client.get("/").text)
            return client

        yield start


@pytest.fixture
def client(workspace: Workspace, serve: Callable[..., TestClient]) -> TestClient:
    """The administrator at an empty workspace."""
    return serve(workspace)


@pytest.fixture
def shop(trained: Workspace, serve: Callable[..., TestClient]) -> TestClient:
    """The administrator at the trained workspace."""
    return serve(trained)


@pytest.fixture
def as_role() -> Callable[[TestClient, str], TestClient]:
    """Makes, of a client, one with the token of a role; None for a caller without any."""

    def make(client: TestClient, role: str | None) -> TestClient:
        app = client.app
        assert isinstance(app, FastAPI)
        other = TestClient(app, base_url=ADDRESS, follow_redirects=False, raise_server_exceptions=False)
        if role is not None:
            with write(app.state.workspace) as connection:
                _, secret = create_token(connection, role, role, who="test")
            other.headers["authorization"] = f"Bearer {secret}"
        return other

    return make


@pytest.fixture
def live() -> Iterator[Callable[..., str]]:
    """Serves a workspace on a real port in a thread; call it for the address."""
    import threading
    import time

    import uvicorn

    from trainwright.web.server import listen

    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(workspace: Workspace, **settings: object) -> str:
        given = WebSettings(**{"token": hash_token(TOKEN), "port": 0, **settings})  # type: ignore[arg-type]
        listening = listen(given)
        app = create_app(workspace, settings=given)
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1, ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        servers.append((server, thread))
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    for server, thread in servers:
        server.should_exit = True
        thread.join()
