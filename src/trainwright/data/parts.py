"""The parts of a split on disk: development rows, test features and test labels, each a published file of its own.

The labels of the test part are read by `sealed.open_test` alone, which writes the ledger first.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from trainwright.data.schema import Target
from trainwright.data.split import DEVELOPMENT, TEST, Split
from trainwright.store.datasets import SplitRow
from trainwright.store.files import Published, open_artifact, publish
from trainwright.store.workspace import Workspace

DEVELOPMENT_FILE = "development.parquet"
FEATURES_FILE = "test_features.parquet"
LABELS_FILE = "test_labels.parquet"


def publish_parts(
    workspace: Workspace,
    frame: pl.DataFrame,
    split: Split,
    target: Target,
    *,
    given_test: pl.DataFrame | None = None,
) -> dict[str, Published]:
    """Writes every part as Parquet and returns what was published, by part.

    Args:
        frame: all rows of the dataset version.
        split: which row is in which part.
        given_test: the rows of a test file of the user's own.

    Returns:
        "split", "development" and, where there is a test part, "test_features" and "test_labels".
    """
    out = {"split": publish(workspace, "split", split.save)}
    development = frame.filter(pl.Series(split.part == DEVELOPMENT))
    out["development"] = _table(workspace, development, DEVELOPMENT_FILE)
    test = given_test if given_test is not None else frame.filter(pl.Series(split.part == TEST))
    if test.height:
        out["test_features"] = _table(workspace, test.drop(target.column), FEATURES_FILE)
        out["test_labels"] = _table(workspace, test.select(target.column), LABELS_FILE)
    return out


def read_development(workspace: Workspace, row: SplitRow) -> tuple[pl.DataFrame, Split, np.ndarray]:
    """The development rows, the split, and the rows' numbers in the dataset version."""
    split = read_split(workspace, row)
    frame = pl.read_parquet(part_path(workspace, row, "development") / DEVELOPMENT_FILE)
    return frame, split, np.flatnonzero(split.part == DEVELOPMENT)


def read_split(workspace: Workspace, row: SplitRow) -> Split:
    """Which row is in which part and fold."""
    return Split.load(part_path(workspace, row, "split"))


def scan_development(workspace: Workspace, row: SplitRow) -> pl.LazyFrame:
    """The development rows, of which only the columns that are asked for are read."""
    return pl.scan_parquet(part_path(workspace, row, "development") / DEVELOPMENT_FILE)


def read_test_features(workspace: Workspace, row: SplitRow) -> pl.DataFrame | None:
    """The test part without its labels, for checks that compare the parts; None when there is no test part."""
    if "test_features" not in (row.artifacts or {}):
        return None
    return pl.read_parquet(part_path(workspace, row, "test_features") / FEATURES_FILE)


def part_path(workspace: Workspace, row: SplitRow, part: str) -> Path:
    """The folder of one part."""
    artifact = (row.artifacts or {})[part]
    return open_artifact(workspace, artifact["kind"], artifact["sha"])


def _table(workspace: Workspace, frame: pl.DataFrame, name: str) -> Published:
    def fill(folder: Path) -> None:
        # lz4 costs almost nothing to write and to read; statistics would let a reader peek without opening the rows.
        frame.write_parquet(folder / name, compression="lz4", statistics=False)

    return publish(workspace, "part", fill, needed=int(frame.estimated_size()))
