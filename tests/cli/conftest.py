"""A workspace with a project of two versions, trained once for all tests of the command line."""

from __future__ import annotations

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
    words = ("train", table, "--target", "bought", *QUICK, "--workspace", workspace)
    first = run(*words, "--json")
    assert first.code == 0, first.err
    second = run(*words, "--seed", "1", "--comments", "another seed")
    assert second.code == 0, second.err
    return Shop(workspace, table, first.document, second.out)


@pytest.fixture
def shop(trained: Shop, tmp_path: Path) -> Shop:
    """A copy that a test may change."""
    shutil.copytree(trained.workspace, tmp_path / "workspace")
    return Shop(tmp_path / "workspace", trained.table, trained.document, trained.screen)
