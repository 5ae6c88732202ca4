"""What holds for every test: generated cases are the same at every run, and a slow machine fails none.

Tests that take the fixture `workspace` of their folder run on SQLite and on PostgreSQL; those that look into the SQLite
file itself are marked `sqlite`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

from postgres_server import Server, running

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

BOTH = ("sqlite", "postgresql")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs the tests whose workspace may lie in either database on both, those marked `sqlite` on SQLite alone."""
    if "database_kind" in metafunc.fixturenames:
        alone = metafunc.definition.get_closest_marker("sqlite") is not None
        metafunc.parametrize("database_kind", BOTH[:1] if alone else BOTH)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server; the tests that need it are skipped where there is none."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def empty_workspace(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with the tables of a workspace and no rows, to be copied."""
    from trainwright.store.workspace import open_workspace

    address = postgres.fresh(tmp_path_factory.mktemp("template"))
    open_workspace(address).engine.dispose()
    return postgres.made[-1]


@pytest.fixture
def workspace_place(request: pytest.FixtureRequest, tmp_path: Path, database_kind: str) -> str:
    """Where a workspace will be: a folder, or an address with a database of its own that has the tables already."""
    folder = tmp_path / "workspace"
    if database_kind == "sqlite":
        return str(folder)
    server: Server = request.getfixturevalue("postgres")
    return server.fresh(folder, like=request.getfixturevalue("empty_workspace"))
