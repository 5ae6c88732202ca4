"""Lets these tests use the small tables and quick settings of the tests of training."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "training"))


@pytest.fixture
def sealed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sealed test is opened in this process, which is quicker than a fresh one."""
    from trainwright.jobs import attempt
    from trainwright.jobs.sealed_test import test_document

    def open_sealed(workspace: Any, run_id: int, number: int, folder: Path, sha: str) -> Any:
        return json.loads(json.dumps(test_document(workspace, run_id, folder, sha)))

    monkeypatch.setattr(attempt, "_open_sealed", open_sealed)
