"""Runs of these tests open the sealed test in their own process, which is quicker than a fresh one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trainwright.jobs import attempt
from trainwright.store.workspace import Workspace


@pytest.fixture
def sealed_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The sealed test is opened in this process; `tests/jobs` proves that a real run takes a fresh one."""
    from trainwright.jobs.sealed_test import test_document

    def open_sealed(workspace: Workspace, run_id: int, number: int, folder: Path, sha: str) -> Any:
        return json.loads(json.dumps(test_document(workspace, run_id, folder, sha)))

    monkeypatch.setattr(attempt, "_open_sealed", open_sealed)
    yield
