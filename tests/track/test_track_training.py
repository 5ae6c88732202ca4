"""Real trainings with mirrors: what they change (nothing), and what MLflow holds at the end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow_stores import Silent
from track_runs import in_tensorboard
from training_runs import FEATURES, new_workspace, rows_of, run_here, settings, table

from trainwright.cli.app import main
from trainwright.jobs import launch, mirror, worker
from trainwright.jobs.attempt import execute
from trainwright.jobs.execution import Function
from trainwright.jobs.queue import Slots, place
from trainwright.store.outbox import MLFLOW, TENSORBOARD, messages
from trainwright.store.process import Owner
from trainwright.store.runs import get_run
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.training.prepare import prepare

DEAD = "http://127.0.0.1:9"  # the port of a service that nothing here offers


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out + said.err


def committed(folder: Path) -> str:
    """Makes a repository with one commit of the folder; its name."""
    (folder / "notes.txt").write_text("how this is trained", encoding="utf-8")
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "notes.txt"), (*who, "commit", "-q", "-m", "notes")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, ...]]]:
    """The mirroring processes that would have been started."""
    found: list[tuple[str, ...]] = []
    monkeypatch.setattr(mirror, "start", lambda workspace, *arguments: found.append(arguments))
    for name in mirror.VARIABLES.values():
        monkeypatch.delenv(name, raising=False)
    yield found


@pytest.mark.usefixtures("sealed_here")
def test_without_an_address_nothing_is_noted_and_nothing_started(
    workspace: Workspace, started: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, _ = run_here(workspace, table().select(FEATURES), settings())
    mirror.begin(workspace, prepared.run)
    mirror.tell(workspace)
    assert not started and not rows_of(workspace, "select * from outbox")
    monkeypatch.setenv("TRAINWRIGHT_TENSORBOARD", "runs")
    mirror.begin(workspace, prepared.run)
    assert started == [(str(prepared.run.id),)]
    assert [row.topic for row in rows_of(workspace, "select topic from outbox")] == [TENSORBOARD]


def test_a_worker_starts_the_mirror_of_a_job(workspace: Workspace, started: list[tuple[str, ...]]) -> None:
    from trainwright.store.projects import ensure_project
    from trainwright.store.runs import create_run

    def nothing(*_: Any) -> None:
        """A body that does nothing."""

    with write(workspace) as connection:
        project = ensure_project(connection, "demo")
        run = create_run(connection, project.id, name="demo", settings={"track": {"mlflow": DEAD}})
        place(connection, run.id, body="nothing")
    bodies: dict[str, Function | str] = {"nothing": nothing}
    worker.Worker(workspace, Slots(cpu=1), bodies=bodies)._claim()
    assert started == [(str(run.id),)]


def test_a_dead_server_changes_no_result_and_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for name, track in (("plain", {}), ("mirrored", {"track.mlflow": DEAD, "track.tensorboard": "runs"})):
        given = settings(**{key.replace(".", "__"): value for key, value in track.items()})
        found[name] = launch.train(tmp_path / name / "workspace", table().select(FEATURES), given)
    from trainwright.store.workspace import open_workspace

    space = open_workspace(tmp_path / "mirrored" / "workspace")
    shas = [
        {row.manifest_sha for row in rows_of(open_workspace(tmp_path / name / "workspace"), "select * from version")}
        for name in found
    ]
    assert len(shas[0]) == 1 and shas[0] == shas[1]
    assert found["plain"]["validation"] == found["mirrored"]["validation"]
    to: dict[str, Any] = {}
    for _ in range(600):  # the process of the mirror works on by itself
        with read(space) as connection:
            to = {message.topic: message for message in messages(connection)}
        if to[TENSORBOARD].done_at is not None and "problem" in to[MLFLOW].payload:
            break
        time.sleep(0.2)
    assert to[TENSORBOARD].done_at is not None and to[MLFLOW].done_at is None
    assert to[MLFLOW].payload["problem"].startswith(f"nobody answers at {DEAD}")
    assert list((tmp_path / "mirrored" / "runs" / "demo-1").glob("events.out.tfevents.*"))
    owner = Owner.parse(to[MLFLOW].payload["holder"])
    assert owner is not None and owner.pid != os.getpid()
    os.kill(owner.pid, signal.SIGKILL)
    pytest.importorskip("tensorboard")
    tags = {tag for one in in_tensorboard(tmp_path / "mirrored" / "runs").values() for tag in tags_of(one)}
    assert {"test/roc_auc_low", "Folds/roc_auc", "Confusion counts/test", "Predictions/yes", "Leaderboard"} <= tags
    assert [tag for tag in tags if not any(re.fullmatch(name, tag) for name in documented())] == []


def tags_of(reader: Any) -> list[str]:
    """Every tag that TensorBoard's reader finds."""
    return [tag for found in reader.Tags().values() if isinstance(found, list) for tag in found]


def documented() -> list[str]:
    """The tags that the guide names, as patterns."""
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "track.md").read_text(encoding="utf-8")
    rows = guide.partition("and in it exactly this:")[2].partition("Not written:")[0]
    names = [re.escape(name) for name in re.findall(r"`([^`]+)`", rows)]
    return [re.sub("METRIC|CLASS|…", "[^/]+", name) for name in names]


@pytest.mark.usefixtures("sealed_here")
def test_a_server_that_never_answers_holds_nothing_up(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "600")  # whoever waits for an answer waits for long
    frame = table().select(FEATURES)
    plain = new_workspace(tmp_path / "plain")
    run_here(plain, frame, settings())
    with Silent() as server:
        prepared = prepare(workspace, frame, settings(track__mlflow=server.address))
        mirror.begin(workspace, prepared.run)
        assert server.asked.wait(300), "nothing mirrors the run"
        # The training begins and ends while the one who mirrors it waits for the answer to this first request.
        execute(workspace, prepared.run.id, prepared.run.attempt, time.time())
        with read(workspace) as connection:
            (message,) = messages(connection)
            ended = get_run(connection, prepared.run.id)
        owner = Owner.parse(message.payload["holder"])
        assert owner is not None and owner.pid != os.getpid()
        os.kill(owner.pid, signal.SIGKILL)  # fails where it has ended
        assert message.done_at is None and "problem" not in message.payload and server.requests == 1
    made = [rows_of(space, "select manifest_sha from version") for space in (plain, workspace)]
    assert len(made[0]) == 1 and made[0] == made[1]
    assert ended.state == "completed"


@pytest.mark.usefixtures("sealed_here")
def test_report_model_and_registered_version_are_in_mlflow_and_the_alias_follows(
    workspace: Workspace,
    store: str,
    capsys: pytest.CaptureFixture[str],
    started: list[tuple[str, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import mlflow

    from trainwright.packages.predictor import Predictor
    from trainwright.store.files import artifact_path

    monkeypatch.chdir(tmp_path)  # the commit is that of the folder which somebody trains in
    commit = committed(tmp_path)
    frame = table().select(FEATURES)
    for seed in (0, 1):
        prepared, _ = run_here(workspace, frame, settings(track__mlflow=store, training__seed=seed))
        mirror.begin(workspace, prepared.run)
    here = ("--workspace", str(workspace.path))
    code, said = call(capsys, "track", "status", *here)
    assert code == 0 and said.count("behind") == 2
    code, said = call(capsys, "track", "sync", *here)
    assert (code, said) == (0, "run 1 to mlflow: written\nrun 2 to mlflow: written\n")
    client = mlflow.MlflowClient(tracking_uri=store, registry_uri=store)
    model = client.get_registered_model("demo")
    assert model.aliases == {"active": 1} and [one.version for one in model.latest_versions] == [2]
    version = client.get_model_version("demo", "1")
    assert version.tags["trainwright.version"] == "v1"
    assert version.run_id is not None
    run = client.get_run(version.run_id)
    names = {path.path for path in client.list_artifacts(version.run_id)}
    assert {"report", "model", "figures", "result.json"} <= names and run.info.status == "FINISHED"
    card = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/report/model_card.md")
    assert card.startswith("# ") and "demo" in card and "v1" in card
    row = rows_of(workspace, "select record, result from run where id = 1")[0]
    record, result = json.loads(row.record), json.loads(row.result)
    tags = run.data.tags
    assert tags["trainwright.data_version"] == record["data"]["version"] and tags["trainwright.seed"] == "0"
    assert tags["mlflow.source.git.commit"] == record["environment"]["code"] == commit
    assert json.loads(tags["trainwright.packages"]) == record["environment"]["packages"]
    assert json.loads(tags["trainwright.hardware"])["cores"] == record["environment"]["cores"]
    for part in ("validation", "test"):
        for metric, estimate in result[part].items():
            assert run.data.metrics[f"{part}/{metric}"] == estimate["value"]
    mlflow.set_tracking_uri(store)
    loaded = mlflow.pyfunc.load_model(f"runs:/{version.run_id}/model")
    package = rows_of(workspace, "select artifact from version where number = 1")[0].artifact
    ours = Predictor.open(artifact_path(workspace, "package", package)).predict(frame)
    theirs = loaded.predict(frame.drop("y").to_pandas())
    assert theirs["prediction"].tolist() == ours["prediction"].to_list()
    started.clear()
    assert call(capsys, "versions", "activate", "demo@v2", *here)[0] == 0
    assert started == [()]  # the process that tells it
    assert call(capsys, "track", "sync", *here)[1] == "nothing is behind\n"
    assert client.get_registered_model("demo").aliases == {"active": 2}


def test_a_password_in_the_address_is_refused_and_never_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("target: y\ntrack:\n  mlflow: https://ann:secret@mlflow.example\n")
    code, said = call(capsys, "config", "check", str(file))
    assert code == 2 and "MLFLOW_TRACKING_PASSWORD" in said and "line 3" in said


@pytest.mark.parametrize("track", ["mlflow: http://inside:5000", "tensorboard: /etc"])
def test_a_client_of_the_server_names_no_place_to_write_to(track: str) -> None:
    from trainwright.errors import UserError
    from trainwright.web.client_settings import client_settings

    with pytest.raises(UserError, match="no client may choose"):
        client_settings(f"target: y\ntrack:\n  {track}\n", {})
