"""A workspace is found, made, refused and read as its user expects, also by several processes at once."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from trainwright.errors import EnvironmentProblem, UserError
from trainwright.store.filesystem import mount_of, refuse_network_folder
from trainwright.store.projects import ensure_project, list_projects
from trainwright.store.revision import HEAD
from trainwright.store.transaction import read, write
from trainwright.store.workspace import DATABASE, Workspace, find_workspace, locate, open_workspace


def test_the_nearest_folder_upwards_is_found(tmp_path: Path) -> None:
    (tmp_path / ".trainwright").mkdir()
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_workspace(deep) == tmp_path / ".trainwright"
    (tmp_path / "a" / ".trainwright").mkdir()
    assert find_workspace(deep) == tmp_path / "a" / ".trainwright"


def test_argument_before_variable_before_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRAINWRIGHT_WORKSPACE", raising=False)
    assert locate(start=tmp_path) == tmp_path / ".trainwright"
    monkeypatch.setenv("TRAINWRIGHT_WORKSPACE", str(tmp_path / "variable"))
    assert locate(start=tmp_path) == tmp_path / "variable"
    assert locate(tmp_path / "argument", start=tmp_path) == tmp_path / "argument"


def test_in_a_folder_with_other_files_the_workspace_is_inside(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a\n1\n")
    workspace = open_workspace(tmp_path)
    assert workspace.path == tmp_path / ".trainwright"
    assert open_workspace(workspace.path).path == open_workspace(tmp_path).path


def test_a_file_is_not_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UserError, match=r"notes\.txt is a file"):
        open_workspace(tmp_path / "notes.txt")


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_only_has_the_name_of_the_database_is_refused_and_kept(tmp_path: Path, read_only: bool) -> None:
    (tmp_path / DATABASE).write_text("these are my notes, not a database")
    with pytest.raises(UserError, match="not a workspace"):
        open_workspace(tmp_path, read_only=read_only)
    assert (tmp_path / DATABASE).read_text() == "these are my notes, not a database"


def test_a_database_of_something_else_is_refused_and_kept(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(UserError, match="recipes"):
        open_workspace(tmp_path)
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]
    assert names == ["recipes"]


def test_nothing_is_made_when_asked_not_to(tmp_path: Path) -> None:
    for options in ({"create": False}, {"read_only": True}):
        with pytest.raises(UserError, match="there is no workspace"):
            open_workspace(tmp_path / "none", **options)
    assert not (tmp_path / "none").exists()


def test_a_newer_workspace_is_refused_naming_both_revisions(workspace: Workspace) -> None:
    with write(workspace) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9042'"))
    for read_only in (False, True):
        with pytest.raises(EnvironmentProblem, match=rf"newer release.*9042.*{HEAD}"):
            open_workspace(workspace.path, read_only=read_only)


def test_a_reader_cannot_write(workspace: Workspace) -> None:
    with write(workspace) as connection:
        ensure_project(connection, "adult")
    reader = open_workspace(workspace.path, read_only=True)
    with read(reader) as connection:
        assert [project.name for project in list_projects(connection)] == ["adult"]
    with pytest.raises(EnvironmentProblem, match="only be read"), write(reader):
        pass
    with pytest.raises(EnvironmentProblem, match="cannot be written"), read(reader) as connection:
        ensure_project(connection, "other")


AS_NOBODY = """
import os, sys
from trainwright.errors import EnvironmentProblem
from trainwright.store.projects import list_projects
from trainwright.store.transaction import read
from trainwright.store.workspace import open_workspace
with read(open_workspace(sys.argv[2], read_only=True)) as connection:
    list_projects(connection)  # imports what another user may not read
os.setgid(65534); os.setuid(65534)
with read(open_workspace(sys.argv[1], read_only=True)) as connection:
    print([project.name for project in list_projects(connection)])
try:
    open_workspace(sys.argv[1])
except EnvironmentProblem as problem:
    print(problem)
"""


@pytest.mark.sqlite
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to become another user")
def test_a_folder_without_the_right_to_write_can_be_read(workspace: Workspace, tmp_path: Path) -> None:
    open_workspace(tmp_path / "mine").engine.dispose()
    with write(workspace) as connection:
        ensure_project(connection, "adult")
    workspace.engine.dispose()
    for folder in (workspace.path, *workspace.path.parents):
        if str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    command = [sys.executable, "-c", AS_NOBODY, str(workspace.path), str(tmp_path / "mine")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("['adult']"), done.stderr
    assert "cannot be written" in done.stdout
    assert sorted(path.name for path in workspace.path.iterdir()) == [DATABASE]


OPEN = """
import sys
from trainwright.store.counters import next_number
from trainwright.store.projects import ensure_project
from trainwright.store.transaction import write
from trainwright.store.workspace import open_workspace
print("ready", flush=True)
sys.stdin.readline()
workspace = open_workspace(sys.argv[1])
for _ in range(5):
    with write(workspace) as connection:
        project = ensure_project(connection, "together")
        next_number(connection, project.id, "version")
"""


def test_several_processes_open_a_fresh_workspace_together(tmp_path: Path) -> None:
    path = tmp_path / "fresh"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", OPEN, str(path)]
    processes = [subprocess.Popen(command, **pipes) for _ in range(4)]  # type: ignore[call-overload]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    with read(open_workspace(path)) as connection:
        assert len(list_projects(connection)) == 1
        assert connection.execute(text("SELECT value FROM counter")).scalar_one() == 20


def test_an_open_workspace_does_not_import_alembic(workspace: Workspace) -> None:
    code = (
        "import sys; from trainwright.store.workspace import open_workspace; "
        f"open_workspace({str(workspace.path)!r}); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


MOUNTS = """/dev/sda1 / ext4 rw,relatime 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/local ext4 rw 0 0
//box/share /mnt/my\\040share cifs rw 0 0
"""


def test_network_file_systems_are_refused_by_name(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    with pytest.raises(EnvironmentProblem, match=r"nfs4 at /home\b"):
        refuse_network_folder(Path("/home/ann/project/.trainwright"), mounts)
    with pytest.raises(EnvironmentProblem, match="cifs at /mnt/my share"):
        refuse_network_folder(Path("/mnt/my share/w"), mounts)
    refuse_network_folder(Path("/home/local/ann"), mounts)
    refuse_network_folder(Path("/homes"), mounts)
    refuse_network_folder(Path("/home/ann"), tmp_path / "no such table")
    assert mount_of(Path("/home/local/x"), MOUNTS) == ("/home/local", "ext4")
