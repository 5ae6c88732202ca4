"""The one door to the labels of a sealed test part: the ledger is written before the file is read."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from trainwright.data.parts import LABELS_FILE, part_path, read_test_features
from trainwright.errors import UserError
from trainwright.store.datasets import SplitRow
from trainwright.store.openings import record_opening
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace


@dataclass(frozen=True)
class OpenedTest:
    """A test part that was opened.

    Args:
        frame: its rows, labels included.
        k: how often the project's test has now been opened, this time included.
        level: the level that intervals on it must have, 1 - 0.05 / k.
    """

    frame: pl.DataFrame
    k: int
    level: float


def has_test(row: SplitRow) -> bool:
    """Whether the split holds a test part."""
    return "test_labels" in (row.artifacts or {})


def open_test(
    workspace: Workspace,
    row: SplitRow,
    *,
    run_id: int,
    manifest_sha: str,
    purpose: str,
    who: str,
) -> OpenedTest:
    """Records the opening, then reads the test part.

    Args:
        row: the split whose test part is opened.
        run_id: the run on whose behalf.
        manifest_sha: the package that is judged; it must be finished, since nothing may change after this.
        purpose: why, in words.
        who: the person or process.

    Raises:
        UserError: the split has no test part.
    """
    if not has_test(row):
        raise UserError("this split holds no test part", remedy="cross-validated figures are all there is")
    with write(workspace) as connection:
        opening = record_opening(
            connection,
            row.project_id,
            run_id=run_id,
            split_id=row.id,
            manifest_sha=manifest_sha,
            purpose=purpose,
            who=who,
        )
    features = read_test_features(workspace, row)
    assert features is not None
    labels = pl.read_parquet(part_path(workspace, row, "test_labels") / LABELS_FILE)
    frame = pl.concat([features, labels], how="horizontal")
    return OpenedTest(frame, opening.k, opening.level)
