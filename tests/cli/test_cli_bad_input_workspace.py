"""Workspaces that cannot be written, are full, are newer than this release, or are trained in twice at once."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import QUICK, Said, Shop, assert_refused, fingerprint, finish, rows, run, start, write_csv


def _mount(*words: str) -> None:
    """Mounts, or skips where that is not allowed."""
    try:
        subprocess.run(["mount", *words], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount; the injected failures beside it always run")


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _train(table: Path, workspace: Path, *more: str) -> Said:
    return run("train", table, "--target", "bought", *QUICK, "--workspace", workspace, *more)


def _sound(workspace: Path) -> None:
    """The database is whole, and every named folder holds what its name says."""
    from trainwright.store.files import folder_hash

    if (workspace / "trainwright.db").exists():
        with contextlib.closing(sqlite3.connect(workspace / "trainwright.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for path in workspace.glob("artifacts/*/*"):
        assert folder_hash(path)[0] == path.name
    assert list(workspace.glob("tmp/*")) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that can be made larger with `_grow`."""
    folder = tmp_path / "disk"
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder))
    yield folder
    _unmount(folder)


def _grow(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def test_a_really_full_disk_and_a_resume_when_there_is_room(small_disk: Path, trained: Shop) -> None:
    """Full while the workspace is made, in preparation, and in the child that trains; then there is room."""
    workspace = small_disk / "workspace"
    for size in ("200k", "450k"):
        _grow(small_disk, size)
        said = _train(trained.table, workspace, "--json")
        assert_refused(said, 3, "is full", "free some space")
        assert said.document["error"]["exit_code"] == 3
        assert list(workspace.glob("tmp/*")) == []
    begun: list[dict[str, Any]] = []
    for size in range(650, 2000, 50):  # what the tries before have left in the database's log differs
        _grow(small_disk, f"{size}k")
        said = _train(trained.table, workspace)
        assert said.code == 3 and said.err.count("\n") == 1 and "Traceback" not in said.err + said.out
        assert "full" in said.err or "No space left" in said.err
        _grow(small_disk, "20m")
        if begun := run("runs", "list", "--workspace", workspace, "--json").document:
            break
    _sound(workspace)
    assert run("versions", "list", "--workspace", workspace, "--json").document == []
    run_id = begun[0]["run"]
    resumed = run("runs", "resume", str(run_id), "--workspace", workspace, "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.document["version"] == "v1"
    _sound(workspace)


def test_a_disk_that_fills_at_any_flush_of_the_preparation(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second training in the shop's workspace: whichever write fails, no run, version or half folder is left."""
    other = write_csv(tmp_path / "other.csv", rows(150, seed=9))
    real, calls, failing = os.fsync, 0, 0

    def fsync(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    before = run("runs", "list", "--workspace", shop.workspace, "--json").document
    for number in (1, 2, 5, 8, 11, 14):
        calls, failing = 0, number
        said = _train(other, shop.workspace, "--project", "shop")
        assert calls >= failing
        assert_refused(said, 3, "the disk that holds", "is full", "nothing was left half-written", "--workspace")
        _sound(shop.workspace)
        assert run("runs", "list", "--workspace", shop.workspace, "--json").document == before
    monkeypatch.undo()
    assert run("predict", "shop", shop.table, "--workspace", shop.workspace).code == 0


def test_a_full_disk_while_predictions_or_a_report_are_written(small_disk: Path, trained: Shop, tmp_path: Path) -> None:
    with contextlib.suppress(OSError), (small_disk / "ballast").open("wb", buffering=0) as ballast:
        while ballast.write(b"x" * 1024):
            pass
    for suffix in ("csv", "parquet", "jsonl", "xlsx"):
        place = small_disk / f"out.{suffix}"
        said = run("predict", "shop", trained.table, "-o", place, "--keep", "all", "--workspace", trained.workspace)
        assert_refused(said, 3, "the disk is full", place.name)
    said = run("report", "shop", "-o", small_disk / "report.html", "--workspace", trained.workspace)
    assert_refused(said, 3, "the disk is full", "report.html")
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


READING = (
    ("predict", "shop", "TABLE", "-o", "out.csv"),
    ("predict", "shop", "TABLE", "--explain", "--rank"),
    ("report", "shop", "-o", "report.html"),
    ("versions", "list"),
    ("versions", "show", "shop"),
    ("versions", "compare", "shop@v1", "shop@v2", "--data", "TABLE"),
    ("runs", "list"),
    ("runs", "show", "1"),
    ("data", "list"),
    ("data", "show", "shop"),
)
WRITING = (
    ("train", "TABLE", "--target", "bought", *QUICK),
    ("versions", "activate", "shop@v2"),
    ("versions", "delete", "shop@v2"),
    ("versions", "rollback", "shop"),
    ("runs", "repeat", "1"),
    ("runs", "resume", "1"),
)


def test_a_read_only_workspace_can_be_read_and_is_not_written(shop: Shop) -> None:
    _mount("--bind", str(shop.workspace), str(shop.workspace))
    try:
        _mount("-o", "remount,ro,bind", str(shop.workspace))
        before = fingerprint_read_only(shop.workspace)
        for words in READING:
            said = run(*[shop.table if word == "TABLE" else word for word in words], "--workspace", shop.workspace)
            assert said.code == 0, (words, said.err)
        for words in WRITING:
            said = run(*[shop.table if word == "TABLE" else word for word in words], "--workspace", shop.workspace)
            assert_refused(said, 3, str(shop.workspace), "cannot be written", "--workspace")
        assert fingerprint_read_only(shop.workspace) == before
    finally:
        _unmount(shop.workspace)


def fingerprint_read_only(folder: Path) -> dict[str, int]:
    """Every file with its time of change; a database on a read-only disk cannot be opened for its rows."""
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("words", WRITING, ids=lambda words: " ".join(words[:2]))
def test_a_workspace_without_the_right_to_write(
    words: tuple[str, ...], shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same as the system says it to a user without rights; root is refused nothing, so it is told for it."""
    real = os.access
    database = str(shop.workspace / "trainwright.db")
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != database and real(path, mode))
    before = fingerprint(shop.workspace)
    said = run(*[shop.table if word == "TABLE" else word for word in words], "--workspace", shop.workspace)
    assert_refused(said, 3, "cannot be written", "right to write", "--workspace")
    assert fingerprint(shop.workspace) == before


def test_a_new_workspace_where_nothing_can_be_made(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = _train(shop.table, tmp_path / "file")
    assert_refused(said, 2, "is a file, not a workspace")
    said = _train(shop.table, tmp_path / "file" / "below")
    assert_refused(said, 2, f"{tmp_path / 'file'} is a file, not a folder", "give a folder")


@pytest.mark.parametrize("words", [*READING[:1], *READING[3:5], *WRITING], ids=lambda words: " ".join(words[:2]))
def test_a_workspace_of_a_newer_release(words: tuple[str, ...], shop: Shop) -> None:
    with contextlib.closing(sqlite3.connect(shop.workspace / "trainwright.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = fingerprint(shop.workspace)
    said = run(*[shop.table if word == "TABLE" else word for word in words], "--workspace", shop.workspace)
    assert_refused(said, 3, "was written by a newer release", "9999", "pip install --upgrade trainwright")
    assert fingerprint(shop.workspace) == before


def test_a_package_of_a_newer_release(shop: Shop, tmp_path: Path) -> None:
    import json

    name = Path(shop.document["package"]["path"]).name
    shutil.copytree(shop.workspace / "artifacts" / "package" / name, tmp_path / "newer")
    manifest = json.loads((tmp_path / "newer" / "manifest.json").read_bytes())
    manifest["format"] = 99
    (tmp_path / "newer" / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert_refused(run("predict", "./newer", shop.table), 3, "format 99", "reads formats 0 to 1", "pip install")


def test_two_trainings_at_once_in_one_new_project(tmp_path: Path) -> None:
    """Both become versions, and no row is sealed for one and trained on by the other."""
    everything = rows(200, seed=4)
    tables = [
        write_csv(tmp_path / "first.csv", everything[:160]),
        write_csv(tmp_path / "second.csv", everything[40:]),
    ]
    workspace = tmp_path / "workspace"
    flags = ("--target", "bought", "--project", "shop", *QUICK, "--workspace", workspace, "--json")
    processes = [start("train", table, *flags) for table in tables]
    said = [finish(process) for process in processes]
    assert [one.code for one in said] == [0, 0], [one.err for one in said]
    assert {one.document["version"] for one in said} == {"v1", "v2"}
    parts = [_parts(workspace, one.document["run"]) for one in said]
    (first_development, first_test), (second_development, second_test) = parts
    assert first_test and second_test
    assert not first_test & second_development and not second_test & first_development
    assert first_test & second_test  # the rows that both files share are sealed for both
    _sound(workspace)
    listed = run("versions", "list", "shop", "--workspace", workspace, "--json").document
    assert [version["version"] for version in listed] == ["v1", "v2"]
    assert [version["active"] for version in listed].count(True) == 1


def _parts(workspace: Path, run_id: int) -> tuple[set[tuple[object, ...]], set[tuple[object, ...]]]:
    """The development rows and the sealed rows of a run, by their features."""
    from trainwright.data.parts import read_development, read_test_features
    from trainwright.store.datasets import get_split
    from trainwright.store.runs import get_run
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False)
    with read(space) as connection:
        split_id = get_run(connection, run_id).split_id
        assert split_id is not None
        split = get_split(connection, split_id)
    test = read_test_features(space, split)
    assert test is not None
    names = ["age", "job", "spent"]
    development = read_development(space, split)[0]
    space.engine.dispose()
    return set(development.select(names).iter_rows()), set(test.select(names).iter_rows())


@pytest.mark.parametrize("failing", [1, 12])
def test_a_disk_that_fills_while_the_child_trains(failing: int, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child's work, executed here so that a write can be made to fail: the run says why it failed."""
    import time

    from trainwright.config.source import load_settings
    from trainwright.errors import EnvironmentProblem
    from trainwright.jobs.attempt import execute
    from trainwright.store.workspace import open_workspace
    from trainwright.training.prepare import prepare

    settings = load_settings(
        overrides={"data.target": "bought", "project": "shop", "training.families": "linear", "data.folds": "2"}
    )
    space = open_workspace(shop.workspace)
    run_row = prepare(space, shop.table, settings).run
    real, calls = os.fsync, 0

    def fsync(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls >= failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(EnvironmentProblem, match="is full"):
        execute(space, run_row.id, run_row.attempt, time.time())
    monkeypatch.undo()
    space.engine.dispose()
    shown = run("runs", "show", str(run_row.id), "--workspace", shop.workspace, "--json").document
    assert shown["state"] == "failed" and shown["version"] is None
    assert shown["error"]["cause"] == "environment" and "is full" in shown["error"]["message"]
    assert len(run("versions", "list", "--workspace", shop.workspace, "--json").document) == 2
    _sound(shop.workspace)
