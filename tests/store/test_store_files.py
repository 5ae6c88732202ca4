"""Published folders are whole or absent; a sweep removes leftovers and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trainwright.errors import EnvironmentProblem, TrainwrightError
from trainwright.store.datasets import add_dataset_version, add_split
from trainwright.store.files import folder_hash, name_artifact, open_artifact, publish
from trainwright.store.process import Owner, current_owner, is_alive
from trainwright.store.projects import ensure_project
from trainwright.store.runs import create_run, set_state
from trainwright.store.sweep import GRACE_SECONDS, sweep
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace, open_workspace


def _fill(content: str = "hello") -> object:
    def fill(folder: Path) -> None:
        (folder / "deep").mkdir()
        (folder / "a.txt").write_text(content)
        (folder / "deep" / "b.txt").write_text("b")

    return fill


def _later() -> float:
    return time.time() + GRACE_SECONDS + 60


def test_the_same_content_has_one_place(workspace: Workspace) -> None:
    first = publish(workspace, "note", _fill())
    second = publish(workspace, "note", _fill())
    other = publish(workspace, "note", _fill("other"))
    assert first == second != other
    assert first.path == workspace.path / "artifacts" / "note" / first.sha
    assert (first.path / "deep" / "b.txt").read_text() == "b"
    assert first.bytes == 6
    assert list((workspace.path / "tmp").iterdir()) == []
    assert open_artifact(workspace, "note", first.sha) == first.path


def test_the_hash_depends_on_names_and_content_alone(tmp_path: Path) -> None:
    def hashed(name: str, files: dict[str, str]) -> str:
        for path, content in files.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(content)
        return folder_hash(tmp_path / name)[0]

    one = hashed("one", {"a": "1", "b/c": "2"})
    assert one == hashed("two", {"b/c": "2", "a": "1"})
    assert len({one, hashed("3", {"a": "1", "b/c": "3"}), hashed("4", {"a": "1", "b.c": "2"})}) == 3


def test_an_empty_folder_and_a_link_are_not_published(workspace: Workspace) -> None:
    with pytest.raises(TrainwrightError, match="nothing was written"):
        publish(workspace, "note", lambda folder: None)
    with pytest.raises(TrainwrightError, match="neither a file nor a folder"):
        publish(workspace, "note", lambda folder: (folder / "link").symlink_to("/etc/passwd"))
    assert not (workspace.path / "artifacts").exists()


def test_a_fill_that_fails_leaves_nothing(workspace: Workspace) -> None:
    def fails(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise RuntimeError("the caller's own mistake")

    with pytest.raises(RuntimeError, match="own mistake"):
        publish(workspace, "note", fails)
    assert list((workspace.path / "tmp").iterdir()) == []


def test_a_missing_artifact_is_named(workspace: Workspace) -> None:
    with pytest.raises(EnvironmentProblem, match=r"names package 0123456789ab.*is not there"):
        open_artifact(workspace, "package", "0123456789abcdef")


def test_sweep_keeps_what_a_row_names(workspace: Workspace) -> None:
    snapshot = publish(workspace, "snapshot", _fill("snapshot"))
    part = publish(workspace, "part", _fill("part"))
    report = publish(workspace, "report", _fill("report"))
    lost = publish(workspace, "trial", _fill("lost"))
    with write(workspace) as connection:
        project = ensure_project(connection, "adult")
        version = add_dataset_version(
            connection, project.id, sha="s", name="a", rows=1, columns=1, schema=[], artifact=snapshot.sha
        )
        add_split(connection, project.id, version.id, rule={}, summary={}, artifacts={"test_labels": part})
        name_artifact(connection, report, "run 1 report", now=0.0)
        name_artifact(connection, report, "run 1 report", now=0.0)
    assert sweep(workspace).artifacts == ()  # too young: its row may be on the way
    swept = sweep(workspace, now=_later())
    assert swept.artifacts == (f"trial/{lost.sha}",)
    assert swept.bytes == lost.bytes
    assert not lost.path.exists()
    assert snapshot.path.is_dir() and part.path.is_dir() and report.path.is_dir()


def test_publishing_again_makes_an_old_leftover_young(workspace: Workspace) -> None:
    published = publish(workspace, "trial", _fill())
    os.utime(published.path, (1.0, 1.0))
    publish(workspace, "trial", _fill())
    assert sweep(workspace).artifacts == ()
    assert published.path.is_dir()


def test_sweep_removes_temporary_folders_of_dead_processes_only(workspace: Workspace) -> None:
    me = current_owner()
    gone = subprocess.run(
        [sys.executable, "-c", "from trainwright.store.process import current_owner; print(current_owner())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    reused = Owner(me.host, me.pid, me.started + 1)
    elsewhere = Owner("another-machine".replace("-", "_"), 1, 1)
    for owner in (me, gone, reused, elsewhere):
        (workspace.path / "tmp" / f"{owner}-aa").mkdir(parents=True)
        (workspace.path / "tmp" / f"{owner}-aa" / "half").write_text("x")
    swept = sweep(workspace)
    assert sorted(swept.temporary) == sorted([f"{gone}-aa", f"{reused}-aa"])
    assert sorted(p.name for p in (workspace.path / "tmp").iterdir()) == sorted([f"{me}-aa", f"{elsewhere}-aa"])
    old = time.time() + 8 * 24 * 3600
    assert sweep(workspace, now=old).temporary == (f"{elsewhere}-aa",)


def test_sweep_removes_states_that_no_run_goes_on_from(workspace: Workspace) -> None:
    with write(workspace) as connection:
        project = ensure_project(connection, "adult")
        completed, failed, training = (create_run(connection, project.id, name=n, settings={}).id for n in "abc")
        for state in ("initializing", "training", "evaluating", "completed"):
            set_state(connection, completed, 1, state, "")
        set_state(connection, failed, 1, "failed", "the disk was full")
        for state in ("initializing", "training"):  # and its process was killed
            set_state(connection, training, 1, state, "")
    folders = {run: workspace.path / "scratch" / f"run-{run}" for run in (completed, failed, training, 77)}
    for folder in folders.values():
        (folder / "neural_network.0" / "epoch-0001-step-00000010").mkdir(parents=True)
    assert sweep(workspace).scratch == (f"run-{completed}", "run-77")
    assert folders[failed].is_dir() and folders[training].is_dir()  # they may be resumed
    week = time.time() + 8 * 24 * 3600
    newest = folders[training] / "neural_network.0"
    os.utime(newest, (week, week))  # written just now
    assert sweep(workspace, now=week).scratch == (f"run-{failed}",)
    assert newest.is_dir() and not folders[failed].exists()


def test_a_process_knows_itself() -> None:
    me = current_owner()
    assert Owner.parse(f"{me}-0a1b") == Owner.parse(str(me)) == me
    assert Owner.parse("nobody") is None
    if sys.platform == "linux":
        assert is_alive(me) is True
        assert is_alive(Owner(me.host, me.pid, me.started + 1)) is False
    assert is_alive(Owner("elsewhere", me.pid, me.started)) is None


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from sqlalchemy import event
from trainwright.store.files import publish
from trainwright.store.projects import ensure_project
from trainwright.store.runs import create_run
from trainwright.store.transaction import write
from trainwright.store.versions import create_version
from trainwright.store.workspace import open_workspace

def attempt(folder, fatal):
    left = [fatal]
    def step():
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    def around(function):
        def call(*arguments, **options):
            step()
            result = function(*arguments, **options)
            step()
            return result
        return call
    os.fsync, os.utime = around(os.fsync), around(os.utime)
    Path.rename, Path.mkdir = around(Path.rename), around(Path.mkdir)
    workspace = open_workspace(folder)
    event.listen(workspace.engine, "before_cursor_execute", lambda *a: step())
    event.listen(workspace.engine, "commit", lambda *a: step())
    def fill(path):
        for name in "ab":
            step()
            (path / name).write_text(name * 10_000)
    package = publish(workspace, "package", fill)
    with write(workspace) as connection:
        project = ensure_project(connection, "adult")
        run = create_run(connection, project.id, name="r", settings={})
        create_version(connection, project.id, package, manifest_sha="m", run_id=run.id, attempt=1)
    step()

warm = open_workspace(sys.argv[1] + "/warm")
warm.engine.dispose()
fatal = 0
while True:
    fatal += 1
    child = os.fork()
    if child == 0:
        shutil.copytree(sys.argv[1] + "/warm", f"{sys.argv[1]}/{fatal}")
        attempt(f"{sys.argv[1]}/{fatal}", fatal)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(fatal, os.WIFSIGNALED(status), flush=True)
    if not os.WIFSIGNALED(status):
        sys.exit(os.WEXITSTATUS(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork to kill a process at many steps quickly")
def test_killed_at_any_step_the_workspace_is_sound(tmp_path: Path) -> None:
    from trainwright.store.projects import list_projects
    from trainwright.store.runs import list_runs
    from trainwright.store.transaction import read
    from trainwright.store.versions import create_version, list_versions

    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    kills = len(done.stdout.splitlines()) - 1
    assert kills > 40
    finished = 0
    for fatal in range(1, kills + 1):
        workspace = open_workspace(tmp_path / str(fatal))
        with read(workspace) as connection:
            projects = list_projects(connection)
            versions = [v for p in projects for v in list_versions(connection, p.id)]
            assert len(versions) == len(projects) == len(list_runs(connection))  # all of it or nothing
        finished += len(versions)
        for kind in (workspace.path / "artifacts").glob("*/*"):
            assert folder_hash(kind)[0] == kind.name
        sweep(workspace, now=_later())
        assert list((workspace.path / "tmp").glob("*")) == []
        named = {version.artifact for version in versions}
        assert {path.name for path in (workspace.path / "artifacts").glob("*/*")} == named
        published = publish(workspace, "package", _fill())
        with write(workspace) as connection:
            project = ensure_project(connection, "adult")
            version = create_version(connection, project.id, published, manifest_sha="n")
        assert version.number == len(versions) + 1
        workspace.engine.dispose()
    assert 0 < finished < kills / 2  # killed before the commit, and after it
