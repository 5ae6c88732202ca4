"""Event files, read back by TensorBoard's own reader: every scalar is there, and none twice."""

from __future__ import annotations

import io
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from track_runs import add, add_fold, again, begin_run, curves, end, in_tensorboard, scalars

from trainwright.store import tables
from trainwright.store.evaluations import add_evaluation
from trainwright.store.outbox import TENSORBOARD, is_held, messages, open_message
from trainwright.store.process import Owner, current_owner
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.track import mirror
from trainwright.track import tensorboard_events as events
from trainwright.track.mirror import follow

pytest.importorskip("tensorboard")


def expected(points: list[tuple[str, float, float]], run: str = "demo-1") -> dict[tuple[str, str, int, float], int]:
    """As TensorBoard holds them: by folder and tag, in 32 bits."""
    found = {}
    for name, step, value in points:
        trial, fold, tag = name.split("/", 2)
        found[f"{run}/{trial}/{fold}", tag, int(step), float(np.float32(value))] = 1
    return found


def sync(workspace: Workspace, run_id: int) -> str:
    with read(workspace) as connection:
        (message,) = messages(connection, run_id=run_id)
    return follow(workspace, message.id, patient=False)


def test_every_scalar_is_read_back_under_the_documented_tags(workspace: Workspace, tmp_path: Path) -> None:
    run = begin_run(workspace, {TENSORBOARD: "runs"})
    add(workspace, run, curves(range(1, 3)))
    assert sync(workspace, run) == "waiting"
    first = scalars(tmp_path / "runs")
    add(workspace, run, curves(range(3, 5)))
    add_fold(workspace, run, 0, 0.875)
    end(workspace, run)
    assert sync(workspace, run) == "done"
    assert first == expected(curves(range(1, 3)))
    fold = {("demo-1/net", "Folds/roc_auc", 0, 0.875): 1}
    assert scalars(tmp_path / "runs") == {**expected(curves(range(1, 5))), **fold}


def test_a_write_that_was_cut_off_is_continued_and_nothing_stands_twice(workspace: Workspace, tmp_path: Path) -> None:
    run = begin_run(workspace, {TENSORBOARD: "runs"})
    add(workspace, run, curves(range(1, 3)))
    sync(workspace, run)
    for path in (tmp_path / "runs").rglob("events.out.*"):  # killed after the write, before it was noted
        path.write_bytes(path.read_bytes() + events.scalar("Loss/train", 3, 0.5, 1.0) + b"half a rec")
    add(workspace, run, curves(range(3, 5)))
    end(workspace, run)
    assert sync(workspace, run) == "done"
    assert sync(workspace, run) == "held"  # nothing is left to write
    assert scalars(tmp_path / "runs") == expected(curves(range(1, 5)))


def test_a_folder_that_was_removed_is_written_anew(workspace: Workspace, tmp_path: Path) -> None:
    run = begin_run(workspace, {TENSORBOARD: "runs"})
    add(workspace, run, curves(range(1, 3)))
    sync(workspace, run)
    shutil.rmtree(tmp_path / "runs")
    add(workspace, run, curves(range(3, 5)))
    assert sync(workspace, run) == "waiting"
    assert scalars(tmp_path / "runs") == expected(curves(range(1, 5)))


def test_epochs_that_a_second_attempt_repeats_stand_once(workspace: Workspace, tmp_path: Path) -> None:
    run = begin_run(workspace, {TENSORBOARD: "runs"})
    add(workspace, run, curves(range(1, 4)))
    end(workspace, run)
    assert sync(workspace, run) == "done"
    again(workspace, run)
    with write(workspace) as connection:  # as `jobs.mirror.begin` does for a further attempt
        open_message(connection, TENSORBOARD, run, {"address": "runs"})
    add(workspace, run, curves(range(3, 6)), attempt=2)
    end(workspace, run, attempt=2)
    assert sync(workspace, run) == "done"
    assert scalars(tmp_path / "runs") == expected(curves(range(1, 6)))


def test_values_that_are_no_numbers_texts_and_histograms_are_read(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1.test"
    values = np.random.default_rng(0).normal(size=500)
    path.write_bytes(
        events.opening(1.0)
        + events.scalar("nan", 1, math.nan, 1.0)
        + events.scalar("wide", 2, 1e300, 1.0)
        + events.scalar("below", 3, -2.5, 1.0)
        + events.text("words", 0, "| a | b |\n— ümlaut —", 1.0)
        + events.histogram("spread", 4, [*values, math.nan], 1.0)
        + events.histogram("one value", 0, [3.0], 1.0)
        + events.histogram("empty", 0, [], 1.0)
    )
    (reader,) = in_tensorboard(tmp_path).values()
    assert math.isnan(reader.Scalars("nan")[0].value)
    assert [reader.Scalars(tag)[0].value for tag in ("wide", "below")] == [math.inf, -2.5]
    assert reader.Tensors("words")[0].tensor_proto.string_val[0].decode() == "| a | b |\n— ümlaut —"
    (spread,) = reader.Histograms("spread")
    found = spread.histogram_value
    assert spread.step == 4 and found.num == 500 and sum(found.bucket) == 500
    assert found.min == values.min() and found.max == values.max() and np.isclose(found.sum, values.sum())
    assert {"one value", "empty"} <= set(reader.Tags()["histograms"])


def test_confusion_matrices_are_a_picture_and_a_table(workspace: Workspace, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    run = begin_run(workspace, {TENSORBOARD: "runs"})
    matrices = {"validation": [[30, 10], [0, 0]], "test": np.eye(40, dtype=int).tolist()}
    with write(workspace) as connection:
        for part, matrix in matrices.items():
            classes = ["a|b", "no"] if part == "validation" else [str(k) for k in range(40)]
            document = {"confusion": {"classes": classes, "matrix": matrix}}
            add_evaluation(connection, part, document, run_id=run)
    end(workspace, run)
    assert sync(workspace, run) == "done"
    reader = in_tensorboard(tmp_path / "runs")["demo-1"]
    shades = {}
    for part, matrix in matrices.items():
        (found,) = reader.Images(f"Confusion matrix/{part}")
        picture = image.open(io.BytesIO(found.encoded_image_string))
        picture.verify()  # its check sums
        picture = image.open(io.BytesIO(found.encoded_image_string))
        assert picture.mode == "L" and picture.size == (found.width, found.height)
        size = found.width // len(matrix)
        shades[part] = np.asarray(picture)[size // 2 :: size, size // 2 :: size].tolist()
    assert shades["validation"] == [[64, 191], [255, 255]]  # three quarters, a quarter, none
    assert shades["test"] == (255 - 255 * np.eye(40, dtype=int)).tolist()
    said = reader.Tensors("Confusion counts/validation")[0].tensor_proto.string_val[0].decode()
    assert said.splitlines()[0] == "| truth, and what was said | a\\|b | no |"
    assert said.splitlines()[2:] == ["| a\\|b | 30 | 10 |", "| no | 0 | 0 |"]
    assert "Confusion counts/test" not in reader.Tags()["tensors"]  # nobody reads a table of 40 columns


@pytest.mark.parametrize("lease", [None, 1.0])
def test_the_mirror_of_a_run_whose_processes_vanished_does_not_wait_for_ever(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, lease: float | None
) -> None:
    run = begin_run(workspace, {TENSORBOARD: "runs"})
    gone = f"direct {Owner(current_owner().host, 2**22 + 1, 1)}"
    with write(workspace) as connection:
        connection.execute(tables.job.update().values(lease_until=lease, owner=gone))
        (message,) = messages(connection, run_id=run)
    monkeypatch.setattr(mirror, "AFTER_END", 0.0)
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        assert len(waits) < 3, "it waits on"

    assert follow(workspace, message.id, patient=True, pause=pause) == "waiting"
    with read(workspace) as connection:
        assert not is_held(messages(connection, run_id=run)[0])
