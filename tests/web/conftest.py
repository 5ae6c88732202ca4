"""A server over a workspace, callers of every role, and a small project that is trained once."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from web_browser import ARGUMENTS, CHROMIUM, Reader
from web_client import ADDRESS, PROJECT, TOKEN, csrf_of
from web_server import Servers

from trainwright.errors import TrainwrightError
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace, open_workspace
from trainwright.web.app import create_app
from trainwright.web.helpers.child import answer
from trainwright.web.helpers.pool import KINDS
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
def shop_here(shop: TestClient, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """The trained workspace, whose children's tasks run in this process, where they can be watched."""

    def ask(task: str, *, loads: str | None = None, seconds: float | None = None, **arguments: Any) -> Any:
        found = answer(shop.app.state.workspace, task, json.loads(json.dumps(arguments)))  # type: ignore[attr-defined]
        if "error" in found:
            error = found["error"]
            raise KINDS.get(error["kind"], TrainwrightError)(error["problem"], remedy=error["remedy"])
        return found["answer"]

    monkeypatch.setattr(shop.app.state.helpers, "ask", ask)  # type: ignore[attr-defined]
    return shop


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
def live() -> Iterator[Servers]:
    """Serves a workspace on a real port in a thread; call it for the address."""
    servers = Servers()
    yield servers
    servers.stop_all()


@pytest.fixture
def reader() -> Iterator[Callable[..., Reader]]:
    """Makes people with a browser each, in front of a server; whatever a page asks of elsewhere or complains about
    fails the test at its end."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    made: list[Reader] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)

        def make(home: str, path: str = "/", **about: Any) -> Reader:
            made.append(Reader(browser, home, path, **about))
            return made[-1]

        yield make
        browser.close()
    assert [trouble for one in made for trouble in one.trouble] == []
