"""What a job takes of a worker: memory by experience, devices of its own, and its turn also when it needs much."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from run_story import ready
from training_runs import new_workspace
from work_story import SEARCHED, queued, run_of, worker

from trainwright.errors import UserError
from trainwright.jobs import queue
from trainwright.jobs.memory_need import memory_mb
from trainwright.jobs.queue import Slots
from trainwright.jobs.story import story
from trainwright.store import tables
from trainwright.store.runs import save_document
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace, open_workspace

FOUR = Slots(cpu=4, gpu=1, memory_mb=1000)


@pytest.fixture
def workspace(workspace_place: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("PYTHONPATH", SEARCHED)
    space = open_workspace(workspace_place)
    yield space
    space.engine.dispose()


def taken(workspace: Workspace, free: Slots, whole: Slots | None = FOUR) -> int | None:
    """The run that a worker claims which has so much left of its slots."""
    found = queue.claim(workspace, "w", free, whole=whole)
    return None if found is None else found.run_id


def test_small_jobs_do_not_overtake_a_large_one_for_ever(workspace: Workspace) -> None:
    large = queued(workspace, cpu=3, priority=5)
    small, gpu = queued(workspace), queued(workspace, cpu=0, gpu=1)
    assert taken(workspace, Slots(cpu=2, gpu=1)) == gpu, "what the large one does not take is not kept free"
    assert taken(workspace, Slots(cpu=2)) is None, "two cores are free, and kept for it"
    assert taken(workspace, Slots(cpu=3)) == large
    assert taken(workspace, Slots(cpu=1)) == small


def test_a_job_that_a_worker_can_never_take_holds_nothing_back(workspace: Workspace) -> None:
    queued(workspace, cpu=5, priority=5)
    queued(workspace, cpu=1, memory_mb=2000, priority=5)
    small = queued(workspace)
    assert taken(workspace, Slots(cpu=2, memory_mb=1000)) == small


def test_memory_is_kept_free_too(workspace: Workspace) -> None:
    large = queued(workspace, memory_mb=800, priority=5)
    small = queued(workspace, memory_mb=300)
    assert taken(workspace, Slots(cpu=3, gpu=1, memory_mb=500)) is None
    assert taken(workspace, FOUR) == large
    assert taken(workspace, Slots(cpu=3, gpu=1, memory_mb=200)) is None
    assert taken(workspace, Slots(cpu=3, gpu=1, memory_mb=400)) == small


def sees(workspace: Workspace, folder: Path, slots: Slots, *runs: int) -> list[str]:
    """The devices that each of the runs saw, all of them at work together."""
    assert worker(workspace, slots=slots, bodies={"device": "device_body"}).run(once=True) == len(runs)
    return [(folder / str(run)).read_text("utf-8") for run in runs]


@pytest.mark.sqlite
def test_each_gpu_slot_is_a_device_of_its_own(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "met"
    folder.mkdir()
    monkeypatch.setenv("MEETS_IN", str(folder))
    monkeypatch.setenv("MEETS", "3")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7,8")
    runs = [queued(workspace, body="device", gpu=gpu) for gpu in (1, 1, 0)]
    assert sees(workspace, folder, Slots(cpu=3, gpu=2), *runs) == ["5", "7", ""]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    both = queued(workspace, body="device", gpu=2)
    assert sees(workspace, folder, Slots(cpu=1, gpu=2), both) == ["0,1"]
    alone = queued(workspace, body="device")
    assert sees(workspace, folder, Slots(cpu=1), alone) == ["not told"], "a worker without gpu slots counts none"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    with pytest.raises(UserError, match="2 gpu slots are more than the devices in CUDA_VISIBLE_DEVICES='5'"):
        worker(workspace, slots=Slots(gpu=2))


def needs(workspace: Workspace, run_id: int) -> dict[str, object]:
    with read(workspace) as connection:
        found: dict[str, object] = story(connection, run_id)["needs"]
    return found


def test_a_training_takes_the_memory_that_earlier_ones_took(workspace: Workspace) -> None:
    first = queued(workspace, body="train")
    assert needs(workspace, first) == {"cpu": 1, "gpu": 0, "memory_mb": None, "memory_reason": None}
    with write(workspace) as connection:
        save_document(connection, first, 1, "record", {"peak_memory_mb": 612.4})
    second = needs(workspace, queued(workspace, body="train"))
    assert (second["memory_mb"], second["memory_reason"]) == (
        612,
        "the most that the last training of the project took",
    )
    said = needs(workspace, queued(workspace, body="train", memory_mb=100))
    assert (said["memory_mb"], said["memory_reason"]) == (100, None)
    assert taken(workspace, Slots(cpu=4, memory_mb=99)) == first, "nothing is known of it, so memory holds it not back"
    assert taken(workspace, Slots(cpu=4, memory_mb=99), whole=None) is None


def test_a_first_training_takes_what_the_size_of_its_table_lets_expect(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    run = ready(workspace)
    with write(workspace) as connection:
        queue.place(connection, run.id)
        cells = connection.execute(
            tables.dataset_version.select().with_only_columns(
                tables.dataset_version.c.rows * tables.dataset_version.c.columns
            )
        ).scalar_one()
    found = needs(workspace, run.id)
    assert found["memory_mb"] == memory_mb(cells, 600.0)  # the limit of its settings
    assert found["memory_reason"] == "estimated from the size of the table"
    assert run_of(workspace, run.id).state == "queued"
