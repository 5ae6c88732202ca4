"""The ledger counts every opening of the sealed test, and keys of its rows are never forgotten."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trainwright.errors import EnvironmentProblem
from trainwright.store.datasets import add_dataset_version, get_dataset_version, list_dataset_versions
from trainwright.store.openings import list_openings, record_opening
from trainwright.store.projects import Project, ensure_project
from trainwright.store.runs import create_run
from trainwright.store.sealed_keys import earlier_keys, key_kinds, record_keys
from trainwright.store.sweep import sweep
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace


@pytest.fixture
def project(workspace: Workspace) -> Project:
    with write(workspace) as connection:
        return ensure_project(connection, "adult")


def _keys(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.uint64)


def test_each_opening_is_counted_and_narrows_the_level(workspace: Workspace, project: Project) -> None:
    with write(workspace) as connection:
        run = create_run(connection, project.id, name="r", settings={})
        first = record_opening(connection, project.id, purpose="train", run_id=run.id, manifest_sha="a")
        second = record_opening(connection, project.id, purpose="train", run_id=run.id, manifest_sha="b")
        again = record_opening(connection, project.id, purpose="resume", run_id=run.id, manifest_sha="a")
        other = record_opening(connection, ensure_project(connection, "other").id, purpose="train")
    assert (first.k, second.k, other.k) == (1, 2, 1)
    assert again == first  # a resumed run looks at the same figures again
    assert (first.level, second.level) == (0.95, 0.975)
    with read(workspace) as connection:
        assert [opening.purpose for opening in list_openings(connection, project.id)] == ["train", "train"]


def test_keys_add_up_over_dataset_versions(workspace: Workspace, project: Project) -> None:
    record_keys(workspace, project.id, "id:serial", test=_keys(3, 1, 3), development=_keys(9, 8))
    record_keys(workspace, project.id, "id:serial", test=_keys(1, 2**64 - 1), development=_keys(8))
    record_keys(workspace, project.id, "group:site", test=_keys(5), development=_keys())
    found = earlier_keys(workspace, project.id, "id:serial")
    assert found.test.tolist() == [1, 3, 2**64 - 1] and found.test.dtype == np.uint64
    assert found.development.tolist() == [8, 9]
    assert earlier_keys(workspace, project.id, "features").test.tolist() == []
    assert key_kinds(workspace, project.id) == ["id:serial", "group:site"]


def test_keys_survive_a_sweep_and_their_loss_is_not_silent(workspace: Workspace, project: Project) -> None:
    import shutil
    import time

    record_keys(workspace, project.id, "features", test=_keys(1), development=_keys(2))
    sweep(workspace, now=time.time() + 1e6)
    assert earlier_keys(workspace, project.id, "features").test.tolist() == [1]
    shutil.rmtree(workspace.path / "artifacts" / "keys")
    with pytest.raises(EnvironmentProblem, match="restore the folder from a backup"):
        earlier_keys(workspace, project.id, "features")


KEYS = arrays(np.uint64, st.integers(0, 20), elements=st.integers(0, 30))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(KEYS, KEYS), max_size=4))
def test_what_was_recorded_is_what_is_found(workspace: Workspace, batches: list[tuple[np.ndarray, np.ndarray]]) -> None:
    with write(workspace) as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM project").scalar_one()
        project = ensure_project(connection, f"p{count}")
    for test, development in batches:
        record_keys(workspace, project.id, "features", test=test, development=development)
    found = earlier_keys(workspace, project.id, "features")
    assert set(found.test.tolist()) == {int(key) for test, _ in batches for key in test}
    assert set(found.development.tolist()) == {int(key) for _, keys in batches for key in keys}
    assert (np.diff(found.test.astype(object)) > 0).all()


def test_the_same_content_is_the_same_dataset_version(workspace: Workspace, project: Project) -> None:
    def add(sha: str) -> int:
        with write(workspace) as connection:
            return add_dataset_version(
                connection, project.id, sha=sha, name="a.csv", rows=3, columns=2, schema=[{"name": "x"}]
            ).number

    assert [add("a"), add("b"), add("a")] == [1, 2, 1]
    with read(workspace) as connection:
        versions = list_dataset_versions(connection, project.id)
        assert [version.sha for version in versions] == ["a", "b"]
        assert get_dataset_version(connection, versions[0].id).schema == [{"name": "x"}]
