"""A training in full of a project that has a version says in one sentence whether learning on is recommended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, run_here, settings, table

from trainwright.data.notes import Note
from trainwright.store.workspace import Workspace
from trainwright.training.full_or_incremental import CODE, advice_before_full
from trainwright.training.prepare import prepare
from trainwright.training.stored import prepare_stored
from trainwright.training.table import understand

OLD = table(240).select(FEATURES)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A project with v1; no test of this module changes it."""
    from trainwright.jobs import attempt
    from trainwright.jobs.sealed_test import test_document

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            attempt, "_open_sealed", lambda space, run, number, folder, sha: test_document(space, run, folder, sha)
        )
        workspace = new_workspace(tmp_path_factory.mktemp("advice"))
        run_here(workspace, OLD, settings())
    return workspace


def advice(workspace: Workspace, frame: pl.DataFrame, **wanted: Any) -> Note | None:
    chosen = settings(**wanted)
    return advice_before_full(workspace, "demo", understand(frame, chosen), chosen)


def new_rows(n: int) -> pl.DataFrame:
    return table(n, seed=7).select(FEATURES)


def test_some_new_rows_are_learned_on(place: Workspace) -> None:
    found = advice(place, pl.concat([OLD, new_rows(36)]))
    assert found is not None and found.code == CODE
    assert found.message == (
        "incremental training is recommended: 15% as many new rows as old ones; --incremental learns on from demo@v1"
    )


def test_a_file_of_new_rows_alone_is_counted_alike(place: Workspace) -> None:
    found = advice(place, new_rows(36))
    assert found is not None and "15% as many new rows as old ones; --incremental" in found.message


def test_a_new_class_is_learned_on(place: Workspace) -> None:
    third = new_rows(30).with_columns(y=pl.lit("never"))
    found = advice(place, pl.concat([OLD, third]))
    assert found is not None and "recommended: a class is new (never); 12% as many" in found.message


def test_more_than_half_new_rows_are_trained_in_full(place: Workspace) -> None:
    found = advice(place, pl.concat([OLD, new_rows(200)]))
    assert found is not None
    assert found.message == ("training in full is recommended: 83% as many new rows as old ones, more than half")
    alone = advice(place, new_rows(200))
    assert alone is not None and "this table holds none of the rows that demo@v1 learned from" in alone.message


def test_other_columns_are_trained_in_full(place: Workspace) -> None:
    found = advice(place, OLD.with_columns(c=pl.col("a") * 2 + pl.col("b")))
    assert found is not None
    assert found.message == "training in full is recommended: other columns than demo@v1 looks at ('c' is new)"
    gone = advice(place, OLD.drop("b"))
    assert gone is not None and "('b' is gone)" in gone.message


def test_labels_that_came_again_otherwise_are_counted(place: Workspace) -> None:
    turned = pl.when(pl.int_range(pl.len()) < 5).then(pl.lit("no")).otherwise(pl.col("y"))
    found = advice(place, OLD.with_columns(y=turned))
    assert found is not None and "earlier rows came again with another label" in found.message


def test_nothing_is_said_where_there_is_nothing_to_choose(place: Workspace, tmp_path: Path) -> None:
    assert advice(place, OLD) is None, "the same rows once more"
    assert advice(place, OLD.rename({"y": "z"}), data__target="z") is None, "another target cannot be learned on"
    chosen = settings(project="other")
    assert advice_before_full(place, "other", understand(OLD, chosen), chosen) is None, "the first model"


@pytest.mark.usefixtures("sealed_here")
def test_the_sentence_is_a_note_of_this_run_and_not_of_later_ones_on_its_rows(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    first, _ = run_here(workspace, OLD, settings())
    assert CODE not in {note.code for note in first.table.notes}
    rehearsal = prepare(workspace, pl.concat([OLD, new_rows(36)]), settings(training__sample="50%"))
    assert CODE not in {note.code for note in rehearsal.table.notes}, "a rehearsal makes no version"
    second, result = run_here(workspace, pl.concat([OLD, new_rows(36)]), settings())
    assert [note.code for note in second.table.notes].count(CODE) == 1
    again = prepare_stored(workspace, None, settings(data__version=f"d{second.dataset_number}"))
    assert CODE not in {note.code for note in again.table.notes}
    assert result["version"] == "v2"
