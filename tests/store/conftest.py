"""A fresh workspace for each test, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from trainwright.store.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(workspace_place: str) -> Iterator[Workspace]:
    workspace = open_workspace(workspace_place)
    yield workspace
    workspace.engine.dispose()
