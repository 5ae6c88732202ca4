"""A test file of the user's own: columns that no model sees may be there or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.config.settings import Settings
from trainwright.store.workspace import open_workspace
from trainwright.training.prepare import prepare


def _rows(first: int, n: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pl.DataFrame(
        {
            "record": [f"R{first + k:05d}" for k in range(n)],
            "x": x,
            "line": ["north"] * n,
            "target": np.where(x + rng.normal(size=n) > 0, "bad", "good"),
        }
    )


@pytest.mark.parametrize("without", [[], ["record"], ["record", "line"]])
def test_identifier_and_constant_columns_of_a_test_file(tmp_path: Path, without: list[str]) -> None:
    test = _rows(1_000, 60, seed=2)
    test.drop(without).write_csv(tmp_path / "test.csv")
    settings = Settings.model_validate({"data": {"target": "target", "test_file": str(tmp_path / "test.csv")}})
    prepared = prepare(open_workspace(tmp_path / ".trainwright"), _rows(0, 300, seed=1), settings)
    assert {c.name for c in prepared.table.schema.columns} - {c.name for c in prepared.table.schema.features} == {
        "record", "line", "target",
    }  # fmt: skip
    assert prepared.findings.outcomes
