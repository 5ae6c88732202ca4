"""A workspace with a project of two versions, trained once for all tests of the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from command_line import QUICK, Shop, rows, run, write_csv


@pytest.fixture(autouse=True)
def no_workspace_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine's own is found: no variable, no folder above."""
    monkeypatch.delenv("TRAINWRIGHT_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Trained once; tests that change it take `shop`."""
    folder = tmp_path_factory.mktemp("shop")
    table = write_csv(folder / "shop.csv", rows())
    workspace = folder / "workspace"
    documents = []
    for seed in ("0", "1"):
        said = run("train", table, "--target", "bought", *QUICK, "--seed", seed, "--workspace", workspace, "--json")
        assert said.code == 0, said.err
        documents.append(json.loads(said.out))
    return Shop(workspace, table, tuple(documents))


@pytest.fixture
def shop(trained: Shop, tmp_path: Path) -> Shop:
    """A copy that a test may change."""
    shutil.copytree(trained.workspace, tmp_path / "workspace")
    return Shop(tmp_path / "workspace", trained.table, trained.documents)
