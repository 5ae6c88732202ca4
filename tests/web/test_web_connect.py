"""`tw.connect`: the verbs of the library at a server, the same answers, the same errors."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from urllib.request import Request, urlopen

import polars as pl
import pytest
from web_client import TOKEN

import trainwright as tw
from trainwright.api import Server
from trainwright.jobs.slots import Slots
from trainwright.jobs.worker import Worker
from trainwright.store.workspace import Workspace
from trainwright.training.tuning.ground import base_run

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


def page_of(server: Server, path: str) -> str:
    """A page as people see it: its words without marks."""
    caller = server.caller
    request = Request(f"{caller.base}{path}", headers={"Authorization": f"Bearer {caller.token}"})
    with urlopen(request, timeout=60) as answer:
        return unescape(answer.read().decode())


def test_two_versions_are_compared_decided_by_and_exported(
    trained: Workspace,
    table: Path,
    live: Callable[..., str],
    worker: Callable[[Workspace], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    server = tw.connect(live(trained), token=TOKEN)
    worker(trained)
    (tmp_path / "shop.csv").write_bytes(table.read_bytes())
    (tmp_path / "run.yaml").write_text("data:\n  train_file: shop.csv\n  target: bought\n  folds: 2\n  repeats: 1\n")
    second = server.train(
        config="run.yaml",
        families=["linear"],
        time_limit="60s",
        settings={"training.ensemble": False, "data.ignore": ["price"]},
        name="the second",
        needs="cpu=1,memory=100MB",
    )
    job = server.jobs("shop")[0]
    assert (second.name, job["name"], job["run"]) == ("shop@v2", "the second", 2)
    assert server.call("GET", "/jobs/2")["job"]["state"] == "completed"

    # Side by side: the runs on the rows that both held out, the versions on rows that neither learned from.
    there = server.compare_runs("shop@v1", "v2")
    here = tw.compare_runs("shop@v1", "v2", workspace=trained.path)
    assert [run["run"] for run in there["runs"]] == [1, 2]
    assert there["verdicts"][0]["text"] == here["verdicts"][0]["text"] and there["metrics"] == here["metrics"]
    fresh = pl.read_csv(table).with_columns(pl.col("age") + 0.5, pl.col("price") + 0.25)
    judged = server.compare("shop@v1", "shop@v2", fresh)
    assert [one["name"] for one in judged["versions"]] == ["shop@v1", "shop@v2"]
    assert judged["rows"] + judged["left_out"] == 160 and judged["reason"].startswith("shop@v2 is worse than shop@v1")
    assert there["verdicts"][0]["verdict"] == "worse"
    page = page_of(server, f"/projects/shop/compare?first=v1&second=v2&upload={server.upload(fresh)}")
    for words in (there["verdicts"][0]["text"], judged["reason"], "data.ignore", "price"):
        assert words in page, words

    server.activate("shop@v2")
    assert server.load("shop").predict_row({"age": 60, "kind": "pen"})["prediction"] == "yes"
    (tmp_path / "costs.yaml").write_text("fp: 1\nfn: 9\n")
    decided = server.decide("shop", cost="costs.yaml", use=True)
    assert decided["label"] == "d1" and decided["policy"] == server.decide("shop@v2", cost={"fp": 1, "fn": 9})["policy"]
    assert server.versions("shop")[0]["decision"] == "d1"
    assert server.decide("shop@v1", cost=[[0, 1], [1, 0]])["label"] == "d1"
    back = [server.rollback("shop") for _ in range(2)]
    assert [(one["version"], one["decision"]) for one in back] == [("v2", None), ("v1", None)]

    made = server.export("shop@v1", "folder", decision="none")
    assert made["path"] == str(tmp_path / "shop-v1-folder") and made["parity"]["rows"] > 100
    folder = tmp_path / "shop-v1-folder"
    assert {"export.json", "README.md"} <= set(made["files"])
    assert set(made["files"]) == {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    with pytest.raises(tw.UserError, match="never overwrites"):
        server.export("shop@v1", "folder")
    with pytest.raises(tw.UserError, match="shortens networks"):
        server.export("shop@v1", "onnx", "small.onnx", int8=True)
    one_file = server.export("shop", to="shop.onnx")
    assert (
        one_file["format"] == "onnx" and (tmp_path / "shop.onnx").is_file() and not (tmp_path / "small.onnx").exists()
    )


def test_a_table_is_looked_at_and_a_job_cancelled_and_tried_again(
    workspace: Workspace, table: Path, live: Callable[..., str]
) -> None:
    server = tw.connect(live(workspace), token=TOKEN)
    seen = server.examine(table, "bought", settings={"data.folds": 3})
    assert seen["rows"] == 160 and len(seen["split"]["folds"]) == 3 and server.jobs() == []
    run = server.submit(table, {"data.target": "bought", **QUICK}, needs="cpu=2,gpu=1", after=())
    assert server.cancel(run)["state"] == "cancelled"
    with pytest.raises(tw.EnvironmentProblem, match=f"run {run} is cancelled"):
        server.wait(run)
    with pytest.raises(tw.UserError, match="cancelled already"):
        server.cancel(run)
    assert server.retry(run)["state"] == "queued"
    assert [job["run"] for job in server.jobs(limit=1)] == [run]


def test_a_setting_is_tried_a_run_repeated_and_settings_searched(
    trained: Workspace, live: Callable[..., str], worker: Callable[[Workspace], None]
) -> None:
    server = tw.connect(live(trained), token=TOKEN)
    worker(trained)
    said: list[str] = []
    tried = server.try_setting("shop", {"training.class_weight": "balanced"}, note="few say yes", watch=said.append)
    iteration = tried.document["iteration"]
    assert iteration["base"] == {"run": 1, "version": "v1"} and iteration["note"] == "few say yes"
    assert iteration["kept"] == (tried.version is not None) and any("completed" in line for line in said)

    again = server.reproduce("shop@v1", priority=5)
    assert again["same"] and again["name"] == "shop@v1" and again["figures"], again["text"]
    assert (again["run"], again["repetition"]) == (1, 3)
    assert tw.compare_runs("1", "3", workspace=trained.path)["verdicts"][0]["verdict"] == "not distinguishable"

    space = {"linear": {"C": [0.01, 1.0]}}
    found = server.tune("shop@v1", method="grid", space=space, trials=2, time_limit="20s", families=["linear"])
    assert [trial["family"] for trial in found.trials] == ["linear", "linear"] and found.best is not None
    assert (
        found.training is not None and found.version == found.training.version == server.versions("shop")[0]["version"]
    )
    acts = [(act["action"], act["subject"]) for act in server.call("GET", "/audit")["items"]]
    assert {("try", "run 2"), ("reproduce", "run 3"), ("tune", "run 4")} <= set(acts)


def test_a_version_is_measured_further_and_its_report_says_so(
    trained: Workspace, live: Callable[..., str], worker: Callable[[Workspace], None]
) -> None:
    server = tw.connect(live(trained), token=TOKEN)
    worker(trained)
    said: list[str] = []
    curve = server.learning_curve("shop", time_limit="30s", watch=said.append)
    assert curve["version"] == "shop@v1" and len(curve["points"]) > 1 and f"completed: {curve['text']}" in said
    spread = server.stability("shop@v1", seeds=2)
    assert spread["text"] and spread["version"] == "shop@v1"

    kept = server.call("GET", "/runs/1/result")
    assert kept["size_curve"]["points"] == curve["points"] and kept["seed_stability"]["text"] == spread["text"]
    own = server.call("GET", "/runs/2/result")
    assert own["size_curve"]["text"] == curve["text"] and (own["run"], own["version"]) == (2, None)
    assert [row["version"] for row in server.versions("shop")] == ["v1"]
    names = {job["run"]: job["name"] for job in server.jobs()}
    assert names[2] == "learning curve of shop@v1" and names[3] == "stability over seeds of shop@v1"
    for refused in (lambda: server.compare_runs("1", "2"), lambda: server.reproduce(2)):
        with pytest.raises(tw.UserError, match="run 2 measures shop@v1 and is no training"):
            refused()
    # What follows a project's newest training does not follow a measurement of it.
    assert base_run(trained, "shop")[1].id == 1


def test_what_no_server_does_is_said(trained: Workspace, live: Callable[..., str]) -> None:
    server = tw.connect(live(trained), token=TOKEN)
    with pytest.raises(tw.UserError, match="cannot be sent to a server"):
        server.train("shop.csv", "bought", metrics=[max])
    with pytest.raises(tw.UserError, match="needs: 'cores=2' is none of"):
        server.submit(None, {"data.version": "d1"}, needs="cores=2")
    with pytest.raises(tw.UserError, match="there is no project 'shp'"):
        server.compare_runs("shp@v1", "v2")
    with pytest.raises(tw.UserError, match="only one run is named"):
        server.compare_runs("shop@v1")


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
