"""A workspace on PostgreSQL: its name, what is refused, what is said when the server fails; no password shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from postgres_server import Server, running
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.store import address as addresses
from trainwright.store.address import OPENED, parse_address, password_of
from trainwright.store.projects import ensure_project, list_projects
from trainwright.store.runs import create_run, get_run
from trainwright.store.tables import metadata
from trainwright.store.transaction import brief, read, write
from trainwright.store.workspace import Workspace, is_workspace, locate, open_workspace

SECRET = "correct-horse"


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests opened is not known here."""
    for name in (OPENED, "PGPASSWORD", "TRAINWRIGHT_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def address(postgres: Server, empty_workspace: str, tmp_path: Path) -> str:
    return postgres.fresh(tmp_path / "shared", like=empty_workspace)


@pytest.fixture
def workspace(address: str) -> Iterator[Workspace]:
    workspace = open_workspace(address)
    yield workspace
    workspace.engine.dispose()


def with_password(address: str) -> str:
    return address.replace("trainwright@", f"trainwright:{SECRET}@")


def test_the_folder_names_the_workspace_too_and_holds_no_password(address: str, tmp_path: Path) -> None:
    workspace = open_workspace(with_password(address))
    with write(workspace) as connection:
        ensure_project(connection, "adult")
    mark = (tmp_path / "shared" / "workspace.json").read_text()
    assert SECRET not in mark and json.loads(mark)["database"].startswith("postgresql://trainwright@127.0.0.1")
    assert SECRET not in repr(workspace) and SECRET not in workspace.place
    again = open_workspace(tmp_path / "shared", create=False)
    assert again.path == workspace.path == locate(address) and is_workspace(again.path)
    assert password_of(again.address) == SECRET  # type: ignore[arg-type]  # this process gave it before
    with read(again) as connection:
        assert [project.name for project in list_projects(connection)] == ["adult"]


CHILD = """
import sys
from trainwright.store.address import password_of
from trainwright.store.projects import list_projects
from trainwright.store.transaction import read
from trainwright.store.workspace import open_workspace
workspace = open_workspace(sys.argv[1], create=False)
with read(workspace) as connection:
    print([project.name for project in list_projects(connection)], password_of(workspace.address))
"""


def test_a_child_that_is_given_the_folder_has_the_password(address: str) -> None:
    workspace = open_workspace(with_password(address))
    with write(workspace) as connection:
        ensure_project(connection, "adult")
    command = [sys.executable, "-c", CHILD, str(workspace.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == f"['adult'] {SECRET}\n", done.stderr


def test_the_password_comes_from_the_address_the_variable_or_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = "postgresql://ann@db:5433/models?artifacts=/shared"
    file = tmp_path / "pgpass"
    file.write_text("other:*:*:*:wrong\ndb:5433:*:ann:a\\:b\n")
    monkeypatch.setenv("PGPASSFILE", str(file))
    assert password_of(parse_address(plain)) == "a:b"
    assert password_of(parse_address(plain.replace("ann", "bob"))) is None
    monkeypatch.setenv("PGPASSWORD", "from the variable")
    assert password_of(parse_address(plain)) == "from the variable"
    assert password_of(parse_address(plain.replace("ann", "ann:own"))) == "own"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"postgresql://ann:{SECRET}@db/models", "names no artifacts"),
        (f"postgresql://ann:{SECRET}@db?artifacts=/a", "names no database"),
        ("postgresql://db/models?artifacts=/a", "names no user"),
        (f"postgresql://ann:{SECRET}@/models?artifacts=/a", "names no host"),
        (f"postgresql://ann:{SECRET}@db/models?artifacts=a", "no absolute path"),
        (f"postgresql://ann:{SECRET}@db/models?artifacts=/a&sslmode=maybe", "sslmode is 'maybe'"),
        (f"postgresql://ann:{SECRET}@db/models?artifacts=/a&port=1", "has port, which is not known"),
        (f"postgresql://ann:{SECRET}@db:port/models?artifacts=/a", "cannot be read"),
    ],
)
def test_an_address_that_says_too_little_is_refused_without_its_password(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as told:
        open_workspace(text)
    assert SECRET not in str(told.value)


def test_what_cannot_be_opened_is_said(postgres: Server, address: str, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match=r"database nowhere on 127\.0\.0\.1:\d+ does not exist.*createdb"):
        open_workspace(postgres.address("nowhere", tmp_path / "a"))
    stranger = postgres.address(postgres.made[-1], tmp_path / "a", user=f"stranger:{SECRET}")
    with pytest.raises(EnvironmentProblem, match="refuses the user") as told:
        open_workspace(stranger)
    assert SECRET not in str(told.value)
    with pytest.raises(EnvironmentProblem, match="cannot be reached"):
        open_workspace("postgresql://ann@127.0.0.1:1/models?artifacts=/tmp/none-such")
    empty = postgres.fresh(tmp_path / "empty")
    for options in ({"create": False}, {"read_only": True}):
        with pytest.raises(UserError, match="there is no workspace at the database"):
            open_workspace(empty, **options)
    assert not (tmp_path / "empty").exists()
    postgres.sql("CREATE TABLE recipes (name TEXT)", postgres.made[-1])
    with pytest.raises(UserError, match=r"database of something else.*recipes"):
        open_workspace(empty)


def test_a_folder_of_another_database_is_refused(postgres: Server, workspace: Workspace, empty_workspace: str) -> None:
    with pytest.raises(UserError, match="holds the artifacts of the database"):
        open_workspace(postgres.fresh(workspace.path, like=empty_workspace))
    (workspace.path / addresses.MARK).write_text("{}")
    os.environ.pop(OPENED, None)
    with pytest.raises(UserError, match=r"workspace\.json cannot be read"):
        open_workspace(workspace.path)


def test_migrated_and_fresh_tables_are_the_same(postgres: Server, tmp_path: Path) -> None:
    from test_store_migrations import _described

    from trainwright.store.postgres import connect_postgres
    from trainwright.store.sqlite import WRITES
    from trainwright.store.upgrade import migrate

    fresh = open_workspace(postgres.fresh(tmp_path / "a")).engine
    engine = connect_postgres(parse_address(postgres.fresh(tmp_path / "b")))
    with engine.connect() as connection, connection.execution_options(**{WRITES: True}).begin():
        migrate(connection)
    made, wanted = _described(engine), _described(fresh)
    assert set(wanted) == set(metadata.tables)
    for name, description in wanted.items():
        assert made[name] == description, name


def test_one_writer_at_a_time_and_what_it_read_stays_true(workspace: Workspace) -> None:
    def count_up() -> None:
        for _ in range(10):
            with write(workspace) as connection:
                value = (ensure_project(connection, "adult").problem or {}).get("count", 0)
                time.sleep(0.001)
                ensure_project(connection, "adult", problem={"count": value + 1})

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with read(workspace) as connection:
        assert ensure_nothing(connection) == {"count": 40}


def ensure_nothing(connection: object) -> object:
    (project,) = list_projects(connection)  # type: ignore[arg-type]
    return project.problem


def test_a_reader_sees_one_moment_and_a_brief_writer_waits_for_no_other(workspace: Workspace) -> None:
    with read(workspace) as reader, write(workspace) as writer:
        assert list_projects(reader) == []
        ensure_project(writer, "adult")
        with brief(workspace) as connection:
            connection.execute(text("UPDATE job SET priority = 0"))
        writer.commit()
        assert list_projects(reader) == []
    with pytest.raises(EnvironmentProblem, match="opened for reading"), read(workspace) as connection:
        ensure_project(connection, "other")


def test_numbers_and_texts_that_postgresql_cannot_keep_are_said(workspace: Workspace) -> None:
    with write(workspace) as connection:
        project = ensure_project(connection, "adult")
    for number in (2**31, 2**62, 10**30):
        with pytest.raises(UserError, match="there is no run"), read(workspace) as connection:
            get_run(connection, number)
    with pytest.raises(UserError, match="a number is larger"), write(workspace) as connection:
        create_run(connection, 2**40, name="a", settings={})
    with pytest.raises(UserError, match="character NUL"), write(workspace) as connection:
        create_run(connection, project.id, name="a\0b", settings={})


def test_a_server_that_goes_away_and_comes_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running() as server:
        workspace = open_workspace(with_password(server.fresh(tmp_path / "w")))
        with pytest.raises(EnvironmentProblem) as told, write(workspace) as connection:
            ensure_project(connection, "adult")
            server.pg_ctl("-m", "immediate", "stop")
            ensure_project(connection, "other")
        assert "lost" in str(told.value) or "shut down" in str(told.value)
        with pytest.raises(EnvironmentProblem, match="cannot be reached") as again, read(workspace) as connection:
            list_projects(connection)
        assert SECRET not in str(told.value) + str(again.value)
        assert "timeout" not in str(again.value) and not [one for one in caplog.records if one.name.startswith("sql")]
        server.start()
        with read(workspace) as connection:
            assert list_projects(connection) == []
        with write(workspace) as connection:
            ensure_project(connection, "adult")
        workspace.engine.dispose()
