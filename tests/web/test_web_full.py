"""A full workspace: no page asks the database more, or reads whole documents, because there are more runs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from trainwright.data.parts import DEVELOPMENT_FILE
from trainwright.store.workspace import Workspace

BENCH = Path(__file__).parents[2] / "bench"
# Lists of what grows; none of them needs what a run was asked for with or found.
LISTS = (
    "/",
    "/jobs",
    "/settings/schedules",
    "/settings/thresholds",
    "/settings/audit",
    "/api/v1/jobs",
    "/api/v1/projects",
)
DOCUMENTS = re.compile(r"run\.(settings|origins|\"?plan\"?|record|result)\b(?! AS TEXT)")


# Their models or tables are loaded by a child, which is measured elsewhere.
BY_CHILDREN = re.compile(r"compare|inputs|/test")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The benchmark of the server, whose plain names of modules must not stay for others."""
    monkeypatch.syspath_prepend(str(BENCH))
    before = set(sys.modules)
    yield import_module("web_pages")
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "") or "").startswith(str(BENCH)):
            del sys.modules[name]


@pytest.fixture
def full(trained: Workspace, bench: Any) -> Any:
    """The trained workspace with 3 projects of 12 runs in all; 4 wait, one works."""
    return bench.web_rows.grown(trained, "shop", projects=3, runs=12, points=500, waiting=4)


@contextmanager
def asked(workspace: Workspace) -> Iterator[list[str]]:
    """The queries that are sent meanwhile."""
    queries: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        queries.append(" ".join(statement.split()))

    event.listen(workspace.engine, "before_cursor_execute", note)
    try:
        yield queries
    finally:
        event.remove(workspace.engine, "before_cursor_execute", note)


def counted(shop: TestClient, workspace: Workspace, paths: dict[str, str]) -> dict[str, int]:
    """How many queries each address takes, once caches are filled."""
    found = {}
    for name, path in paths.items():
        assert shop.get(path).status_code == 200, path
        with asked(workspace) as queries:
            shop.get(path)
        found[name] = len(queries)
    return found


def test_no_page_asks_once_for_each_run(trained: Workspace, bench: Any, full: Any, shop: TestClient) -> None:
    paths = {name: path for name, path in bench.addresses(full, None).items() if not BY_CHILDREN.search(name)}
    assert {"/", "/jobs", "/jobs/{run}", "/jobs/{run} (works)", "/projects/{project}/versions", "/api/v1/jobs"} <= {
        *paths
    }
    before = counted(shop, trained, paths)
    bench.web_rows.grown(trained, "shop", projects=9, runs=40, points=0, waiting=8)
    assert counted(shop, trained, paths) == before


@pytest.mark.parametrize("path", LISTS)
def test_a_list_reads_no_documents_of_runs(trained: Workspace, full: Any, shop: TestClient, path: str) -> None:
    with asked(trained) as queries:
        assert shop.get(path).status_code == 200
    assert queries
    assert not [query for query in queries if DOCUMENTS.search(query)]


def test_the_rows_behind_a_form_are_read_once(trained: Workspace) -> None:
    """They may be millions, and the form of a version is opened again and again."""
    from trainwright.web.helpers.predicting import inputs
    from trainwright.web.helpers.seen_values import _known

    _known.clear()
    first = inputs(trained, name="shop@v1")
    assert {column["name"] for column in first["columns"] if column["typical"] is not None} == {"age", "price", "kind"}
    for path in (trained.path / "artifacts").rglob(DEVELOPMENT_FILE):
        path.unlink()
    assert inputs(trained, name="shop@v1") == first
