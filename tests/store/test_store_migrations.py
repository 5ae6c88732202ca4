"""Migrations lead to the same tables as a fresh workspace, and the release knows their revisions."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine.interfaces import ReflectedIndex

from trainwright.store.datasets import list_dataset_versions
from trainwright.store.label_decisions import label_decisions
from trainwright.store.projects import ensure_project, list_projects
from trainwright.store.revision import HEAD, REVISIONS
from trainwright.store.runs import get_run
from trainwright.store.sqlite import WRITES, connect_writable
from trainwright.store.tables import metadata
from trainwright.store.transaction import read, write
from trainwright.store.upgrade import migrate
from trainwright.store.workspace import open_workspace


def _described(engine: Engine) -> dict[str, object]:
    found = inspect(engine)
    return {
        name: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)],
            found.get_pk_constraint(name)["constrained_columns"],
            sorted(_index(index) for index in found.get_indexes(name)),
            sorted(str(sorted(u.items(), key=str)) for u in found.get_unique_constraints(name)),
            sorted(str(sorted(f.items(), key=str)) for f in found.get_foreign_keys(name)),
            sorted(" ".join(str(c["sqltext"]).split()) for c in found.get_check_constraints(name)),
        )
        for name in found.get_table_names()
        if name != "alembic_version"
    }


def _index(index: ReflectedIndex) -> str:
    conditions = {key: str(value) for key, value in index.get("dialect_options", {}).items()}
    return str(sorted({**index, "dialect_options": sorted(conditions.items())}.items(), key=str))


def test_migrated_and_fresh_tables_are_the_same(tmp_path: Path) -> None:
    fresh = open_workspace(tmp_path / "fresh").engine
    (tmp_path / "migrated").mkdir()
    migrated = connect_writable(tmp_path / "migrated")
    with migrated.connect() as connection, connection.execution_options(**{WRITES: True}).begin():
        migrate(connection)
    assert set(_described(fresh)) == set(metadata.tables)
    for name, description in _described(fresh).items():
        assert _described(migrated)[name] == description, name
    with migrated.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == HEAD


def test_the_release_knows_exactly_the_revisions_it_ships() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    import trainwright.store.migrations as package

    config = Config()
    config.set_main_option("script_location", str(Path(package.__path__[0])))
    shipped = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(shipped)) == REVISIONS


def test_an_older_workspace_keeps_its_rows(tmp_path: Path) -> None:
    # Revision "" stands for a workspace from before the first: an empty database that a killed process left.
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "trainwright.db").touch()
    workspace = open_workspace(tmp_path / "w")
    with write(workspace) as connection:
        ensure_project(connection, "adult")
    again = open_workspace(tmp_path / "w")
    with read(again) as connection:
        assert [project.name for project in list_projects(connection)] == ["adult"]


def test_rows_of_the_first_revision_survive_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    engine = connect_writable(folder)
    with engine.connect() as connection, connection.execution_options(**{WRITES: True}).begin():
        migrate(connection, "0001")
        connection.execute(text("INSERT INTO project (name, created) VALUES ('adult', 1.0)"))
        names = "project_id, number, sha, name, rows, columns, created"
        connection.execute(text(f"INSERT INTO dataset_version ({names}) VALUES (1, 1, 'abc', 'adult', 10, 3, 1.0)"))
    engine.dispose()
    workspace = open_workspace(folder)
    with read(workspace) as connection:
        versions = list_dataset_versions(connection)
        assert [(v.number, v.sha, v.rows, v.origin) for v in versions] == [(1, "abc", 10, None)]
        assert label_decisions(connection, project_id=1) == []


def test_a_job_from_before_the_queue_stays_with_the_command_that_made_it(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    engine = connect_writable(folder)
    with engine.connect() as connection, connection.execution_options(**{WRITES: True}).begin():
        migrate(connection, "0003")
        connection.execute(text("INSERT INTO project (name, created) VALUES ('adult', 1.0)"))
        connection.execute(text("INSERT INTO run (project_id, name, kind, created) VALUES (1, 'old', 'full', 1.0)"))
        names = "run_id, state, attempt, cancel_asked, queued_at"
        connection.execute(text(f"INSERT INTO job ({names}) VALUES (1, 'queued', 1, 0, 1.0)"))
    engine.dispose()
    with read(open_workspace(folder)) as connection:
        run = get_run(connection, 1)
    assert (run.state, run.owner, run.body, run.priority, run.lost) == ("queued", "direct", "train", 0, 0)


def test_every_table_can_be_made_in_postgresql_too() -> None:
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateIndex, CreateTable

    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        made = str(CreateTable(table).compile(dialect=dialect))
        assert f"CREATE TABLE {table.name} " in made.replace('"', "")
        for index in table.indexes:
            assert len(str(index.name)) <= 63
            assert f"INDEX {index.name} ON " in str(CreateIndex(index).compile(dialect=dialect))
