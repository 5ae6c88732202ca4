"""Two trainings at once in one project: both become versions, and neither trains on what the other sealed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from run_story import check_sound, wait_for
from training_runs import FEATURES, new_workspace, rows_of, run_here, settings, table

from trainwright.data.parts import read_development, read_test_features
from trainwright.store.datasets import get_split
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.training import finish

TRAIN = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from training_runs import FEATURES, settings, table
from trainwright.jobs.launch import train
from trainwright.store.workspace import open_workspace
folder, seed = Path(sys.argv[2]), int(sys.argv[3])
(folder / f"ready{seed}").touch()
while not (folder / "go").exists():
    time.sleep(0.005)
train(open_workspace(folder / "workspace"), table().select(FEATURES), settings(training__seed=seed))
"""


def sides(workspace: Workspace) -> list[tuple[set[Any], set[Any]]]:
    """Development and test rows of every split, by their first feature."""
    found = []
    for (split_id,) in rows_of(workspace, "select split_id from run order by id"):
        with read(workspace) as connection:
            row = get_split(connection, split_id)
        test = read_test_features(workspace, row)
        assert test is not None
        found.append((set(read_development(workspace, row)[0]["a"]), set(test["a"])))
    return found


def test_two_processes_train_in_one_project(tmp_path: Path) -> None:
    tests = str(Path(__file__).parent.parent / "training")
    command = [sys.executable, "-c", TRAIN, tests, str(tmp_path)]
    running = [subprocess.Popen([*command, str(seed)], stderr=subprocess.PIPE) for seed in (1, 2)]
    wait_for(lambda: all((tmp_path / f"ready{seed}").exists() for seed in (1, 2)), "both starts")
    (tmp_path / "go").touch()
    said = [process.communicate(timeout=200)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    workspace = new_workspace(tmp_path)
    assert rows_of(workspace, "select number, state from version order by number") == [(1, "kept"), (2, "kept")]
    assert rows_of(workspace, "select k from test_opening order by k") == [(1,), (2,)]
    [(one_trained, one_sealed), (two_trained, two_sealed)] = sides(workspace)
    assert not one_trained & two_sealed and not two_trained & one_sealed
    pages = [row[0] for row in rows_of(workspace, "select result from run")]
    assert {labelled(page) for page in pages} == {"v1", "v2"}
    check_sound(workspace)


def labelled(result: Any) -> str:
    """The version that a stored result names."""
    import json

    document = json.loads(result) if isinstance(result, str) else result
    label = str(document["version"])
    assert f">{label}<" in Path(document["report"]).read_text(encoding="utf-8") or label in Path(
        document["report"]
    ).read_text(encoding="utf-8")
    return label


NOTE = """
import sys
from pathlib import Path
from trainwright.store.projects import ensure_project, list_projects
from trainwright.store.transaction import read, write
from trainwright.store.workspace import open_workspace
workspace = open_workspace(Path(sys.argv[1]))
with write(workspace) as connection:
    ensure_project(connection, sys.argv[2])
with read(workspace) as connection:
    print(*(project.name for project in list_projects(connection)))
workspace.engine.dispose()
"""


def test_a_workspace_opened_twice_in_one_process_is_seen_by_others(tmp_path: Path) -> None:
    """Python sessions open it again with every verb, while children come and go."""
    from trainwright.store.projects import ensure_project
    from trainwright.store.transaction import write
    from trainwright.store.workspace import open_workspace

    workspace = new_workspace(tmp_path)
    for name, seen in (("one", "one"), ("two", "mine-one one two")):
        again = open_workspace(workspace.path)
        command = [sys.executable, "-c", NOTE, str(workspace.path), name]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        assert sorted(said) == seen.split()
        with write(workspace) as connection:
            ensure_project(connection, f"mine-{name}")
        assert len(rows_of(again, "select * from project")) == len(said) + 1


@pytest.mark.usefixtures("sealed_here")
def test_a_version_number_taken_meanwhile_is_seen_by_report_and_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = new_workspace(tmp_path)
    frame = table().select(FEATURES)
    run_here(workspace, frame, settings())
    monkeypatch.setattr(finish, "list_versions", lambda *arguments, **values: [])  # as if v1 came a moment later
    _, result = run_here(workspace, frame, settings(training__seed=4))
    assert result["version"] == "v2"
    assert rows_of(workspace, "select number from version order by number") == [(1,), (2,)]
    card = (Path(result["report"]).parent / "model_card.md").read_text(encoding="utf-8")
    assert "v2" in card and "v1" not in card
    check_sound(workspace)
