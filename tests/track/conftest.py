"""A fresh workspace for each test; the small tables of the tests of training."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "training"))

from mlflow_stores import fresh
from training_runs import sealed_here

from trainwright.store.workspace import Workspace, open_workspace

__all__ = ["sealed_here"]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = open_workspace(tmp_path / "workspace")
    yield workspace
    workspace.engine.dispose()


@pytest.fixture(scope="session")
def mlflow_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store as MLflow makes it, once for all tests: it takes seconds."""
    pytest.importorskip("mlflow")
    from trainwright.track.mlflow_server import connect

    file = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    connect(f"sqlite:///{file}")
    return file


@pytest.fixture
def store(tmp_path: Path, mlflow_tables: Path) -> str:
    """The address of a fresh store."""
    return fresh(tmp_path / "mlflow", mlflow_tables)
