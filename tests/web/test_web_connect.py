"""`tw.connect`: the verbs of the library at a server, the same answers, the same errors."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from web_client import TOKEN

import trainwright as tw
from trainwright.jobs.slots import Slots
from trainwright.jobs.worker import Worker
from trainwright.store.workspace import Workspace

QUICK = {"data.folds": 2, "data.repeats": 1, "training.ensemble": False}


@pytest.fixture
def worker() -> Iterator[Callable[[Workspace], None]]:
    """Starts a worker in a thread."""
    started: list[tuple[Worker, threading.Thread]] = []

    def start(workspace: Workspace) -> None:
        one = Worker(workspace, Slots(), grace=0.0)
        thread = threading.Thread(target=one.run, daemon=True)
        thread.start()
        started.append((one, thread))

    yield start
    for one, thread in started:
        one.ask_to_end()
        thread.join()


def test_a_server_trains_and_predicts_like_the_library(
    workspace: Workspace,
    table: Path,
    live: Callable[..., str],
    worker: Callable[[Workspace], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    server = tw.connect(f"{live(workspace)}/login?token={TOKEN}")
    worker(workspace)
    said: list[str] = []
    result = server.train(
        table, "bought", families=["linear"], time_limit="60s", settings=QUICK, watch=said.append, key="once"
    )
    assert (result.name, result.version) == ("shop@v1", "v1")
    assert result.leaderboard[0]["name"] == "linear" and any("completed" in line for line in said)
    assert result.report is not None and "<!doctype html>" in result.report.read_text()[:20]

    rows = pl.read_csv(table).drop("bought").head(20)
    here = tw.load("shop", workspace=workspace.path).predict(rows)
    there = result.predictor().predict(rows, explain=2)
    assert there["prediction"].to_list() == here["prediction"].to_list()
    assert there["probability_yes"].to_list() == pytest.approx(here["probability_yes"].to_list(), abs=1e-12)
    assert "speaks" in there["reason_1"][0]
    assert server.load("shop@v1").predict_row(rows.row(0, named=True))["prediction"] == here["prediction"][0]

    assert [version["version"] for version in server.versions("shop")] == ["v1"]
    assert server.jobs("shop")[0]["figure"] == server.versions("shop")[0]["figure"]
    with zipfile.ZipFile(server.download("shop@v1")) as package:
        assert "manifest.json" in package.namelist()


def test_what_the_server_refuses_is_raised_as_the_library_would(
    trained: Workspace, table: Path, live: Callable[..., str]
) -> None:
    address = live(trained)
    with pytest.raises(tw.UserError, match="nobody is signed in"):
        tw.connect(address, token="wrong")
    with pytest.raises(tw.UserError, match="no address"):
        tw.connect("ftp://somewhere")
    server = tw.connect(address, token=TOKEN)
    with pytest.raises(tw.UserError, match="there is no project 'shp'; did you mean 'shop'"):
        server.load("shp")
    with pytest.raises(tw.UserError, match="cannot be read"):
        server.train("nowhere.csv", "y")
    with pytest.raises(tw.UserError, match="lack 'price', 'kind'"):
        server.load("shop").predict([{"age": 3.0}])
    with pytest.raises(tw.UserError, match="names no version"):
        server.activate("shop")
    with pytest.raises(tw.UserError, match="is active, so it cannot be deleted"):
        server.delete("shop@v1")
    assert TOKEN not in repr(server)


def test_a_server_that_is_not_there_is_the_surroundings_fault() -> None:
    with pytest.raises(tw.EnvironmentProblem, match="cannot be reached"):
        tw.connect("http://127.0.0.1:1", token=TOKEN)


def test_a_redirect_carries_the_token_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer

    asked: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/caught")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with pytest.raises(tw.UserError, match="302"):
        tw.connect(f"http://127.0.0.1:{server.server_port}", token=TOKEN)
    server.shutdown()
    server.server_close()
    assert asked == ["/api/v1/me"]
