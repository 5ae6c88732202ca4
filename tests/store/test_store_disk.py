"""A full, read-only or broken disk and a locked database are said plainly and leave nothing half-written."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from trainwright.errors import EnvironmentProblem, UserError
from trainwright.store.files import folder_hash, publish
from trainwright.store.projects import ensure_project, list_projects
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace, open_workspace


def _fill(folder: Path) -> None:
    for name in "abc":
        (folder / name).write_text(name)


@pytest.mark.parametrize("failing", range(1, 7))
def test_a_disk_that_fills_at_any_flush_leaves_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    calls = 0
    real = os.fsync

    def fsync(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    if failing == 6:  # three files, their folder, the folder of the kind: there is no sixth
        publish(workspace, "note", _fill)
        return
    with pytest.raises(EnvironmentProblem, match=r"is full: 5\.0 MB needed, .* MB free") as caught:
        publish(workspace, "note", _fill, needed=5_000_000)
    assert caught.value.exit_code == 3
    assert list((workspace.path / "tmp").iterdir()) == []
    for path in (workspace.path / "artifacts").glob("*/*"):  # the last flush comes after the name was given
        assert failing == 5 and folder_hash(path)[0] == path.name


def test_other_words_for_a_full_disk_are_understood(workspace: Workspace) -> None:
    def fill(folder: Path) -> None:
        raise RuntimeError("failed to write parquet: No space left on device (os error 28)")

    with pytest.raises(EnvironmentProblem, match="is full"):
        publish(workspace, "note", fill)


@pytest.mark.sqlite
def test_a_database_that_cannot_grow_rolls_back(workspace: Workspace) -> None:
    with read(workspace) as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    with pytest.raises(EnvironmentProblem, match="is full"), write(workspace) as connection:
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        ensure_project(connection, "small")
        ensure_project(connection, "large", problem={"text": "x" * 1_000_000})
    workspace.engine.dispose()
    with read(workspace) as connection:
        assert list_projects(connection) == []


def test_a_locked_database_is_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainwright.store.sqlite.BUSY_SECONDS", 0.05)
    impatient = open_workspace(workspace.path)
    with (
        write(workspace),
        pytest.raises(EnvironmentProblem, match="kept locked by another process"),
        write(impatient),
    ):
        pass


def test_readers_do_not_wait_for_a_writer(workspace: Workspace) -> None:
    with write(workspace) as connection:
        ensure_project(connection, "adult")
        with read(workspace) as reader:
            assert list_projects(reader) == []
    with read(workspace) as reader:
        assert len(list_projects(reader)) == 1


def test_an_error_rolls_back_and_passes_unchanged(workspace: Workspace) -> None:
    with pytest.raises(UserError, match="cannot name"), write(workspace) as connection:
        ensure_project(connection, "adult")
        ensure_project(connection, "no such name!")
    with read(workspace) as connection:
        assert list_projects(connection) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a small disk; the injected failures above always run")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_really_full_disk(small_disk: Path) -> None:
    folder = small_disk / "w"
    failures = 0
    for free in range(8_000, 700_000, 40_000):
        ballast = small_disk / "ballast"
        disk = os.statvfs(small_disk)
        ballast.write_bytes(b"x" * max(0, disk.f_bavail * disk.f_frsize - free))
        try:
            workspace = open_workspace(folder)
            publish(workspace, "note", lambda path, n=free: (path / "a").write_bytes(b"%d" % n * 30_000))
            with write(workspace) as connection:
                ensure_project(connection, f"p{free}", problem={"text": "x" * 50_000})
        except EnvironmentProblem as problem:
            failures += 1
            assert "full" in str(problem) or "failed" in str(problem)
            assert list(folder.glob("tmp/*")) == []
        else:
            workspace.engine.dispose()
        ballast.unlink()
        for path in folder.glob("artifacts/*/*"):
            assert folder_hash(path)[0] == path.name
    assert failures > 1
    workspace = open_workspace(folder)
    with read(workspace) as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        assert 0 < len(list_projects(connection)) < 18
    workspace.engine.dispose()


@pytest.mark.sqlite
def test_a_damaged_database_is_said(workspace: Workspace) -> None:
    with write(workspace) as connection:
        ensure_project(connection, "adult")
    workspace.engine.dispose()
    path = workspace.path / "trainwright.db"
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\x5a" * (len(content) - 100))
    with (
        pytest.raises(EnvironmentProblem, match=r"is damaged.*restore the whole folder"),
        read(open_workspace(workspace.path)) as connection,
    ):
        list_projects(connection)


def test_an_error_about_a_file_elsewhere_is_not_taken_for_the_workspace(workspace: Workspace, tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "theirs.csv"))

    with pytest.raises(PermissionError, match=r"theirs\.csv"):
        publish(workspace, "note", fill)


@pytest.mark.sqlite
def test_a_log_that_was_not_folded_in_is_not_overlooked(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    from trainwright.store import sqlite

    with write(workspace) as connection:
        ensure_project(connection, "in the log".replace(" ", "-"))
    copy = workspace.path.parent / "copy"
    shutil.copytree(workspace.path, copy)  # as a killed process leaves it: the row stands in the log alone
    (copy / "trainwright.db-shm").unlink()
    real = sqlite.sqlite3.connect

    def connect(address: str, **options: object) -> object:
        if "mode=ro" in address and "immutable" not in address:
            raise sqlite.sqlite3.OperationalError("unable to open database file")
        return real(address, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(sqlite.sqlite3, "connect", connect)
    with pytest.raises(EnvironmentProblem, match="cannot be read without the right to write"):
        open_workspace(copy, read_only=True)
