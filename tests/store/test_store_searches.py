"""Trials of a search: claimed by one process at a time, taken over from dead ones, finished exactly once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, text

from trainwright.errors import UserError
from trainwright.store.process import current_owner
from trainwright.store.projects import ensure_project
from trainwright.store.search_trials import (
    Proposal,
    SearchTrial,
    Wait,
    claim,
    finish_search_trial,
    release,
    search_trials,
)
from trainwright.store.searches import Search, close, create_search, find_search
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace

LIVING = f"{current_owner()}-here"
DEAD = str(replace(current_owner(), started=1)) + "-gone"  # this process's number, from another start


def begun(connection: Connection) -> Search:
    """An open search of a project, with the rows that it refers to."""
    project = ensure_project(connection, "adult")
    connection.execute(
        text(
            "INSERT INTO dataset_version (project_id, number, sha, name, rows, columns, created) "
            "VALUES (1, 1, 'a', 'adult', 9, 2, 1.0)"
        )
    )
    connection.execute(text("INSERT INTO split (project_id, dataset_version_id, created) VALUES (1, 1, 1.0)"))
    connection.execute(text("INSERT INTO run (project_id, name, kind, created) VALUES (1, 'r', 'full', 1.0)"))
    return create_search(
        connection,
        project.id,
        dataset_version_id=1,
        split_id=1,
        run_id=1,
        method="grid",
        metric="roc_auc",
        seed=0,
        space={},
        settings={"trials": 3},
    )


def three(search: Search, trials: list[SearchTrial]) -> Proposal | Wait | None:
    """Three trials, told by their number."""
    number = search.next_trial
    return Proposal("linear", {"C": float(number)}, "next") if number < 3 else None


def claimed(connection: Connection, search: Search, owner: str) -> SearchTrial:
    found = claim(connection, search.id, owner, three)
    assert isinstance(found, SearchTrial)
    return found


def test_each_trial_is_claimed_once_and_numbers_have_no_gaps(workspace: Workspace) -> None:
    with write(workspace) as connection:
        search = begun(connection)
        numbers = [claimed(connection, search, LIVING).number for _ in range(3)]
        assert numbers == [0, 1, 2]
        assert claim(connection, search.id, LIVING, three) is None
        assert [trial.settings for trial in search_trials(connection, search.id)] == [{"C": c} for c in (0.0, 1.0, 2.0)]


def test_a_trial_of_a_dead_process_is_taken_over_with_the_same_settings(workspace: Workspace) -> None:
    with write(workspace) as connection:
        search = begun(connection)
        lost = claimed(connection, search, DEAD)
        again = claimed(connection, search, LIVING)
        assert (again.number, again.settings, again.owner) == (lost.number, lost.settings, LIVING)
        assert (again.details or {})["begun"] == 2
        # Should it have been alive after all, what it writes changes nothing.
        assert not finish_search_trial(connection, lost, "completed", scores=[0.1])
        assert finish_search_trial(connection, again, "completed", scores=[0.9])
        assert not finish_search_trial(connection, again, "completed", scores=[0.2]), "finished once"
        assert [t.scores for t in search_trials(connection, search.id)] == [[0.9]]


def test_a_trial_that_was_given_back_is_begun_again_before_a_new_one(workspace: Workspace) -> None:
    with write(workspace) as connection:
        search = begun(connection)
        first = claimed(connection, search, LIVING)
        release(connection, first)
        assert claimed(connection, search, LIVING).number == first.number
        assert claimed(connection, search, LIVING).number == 1


def test_a_claim_that_is_rolled_back_uses_no_number(workspace: Workspace) -> None:
    with write(workspace) as connection:
        search = begun(connection)
    with pytest.raises(RuntimeError), write(workspace) as connection:
        claimed(connection, search, LIVING)
        raise RuntimeError("killed before the commit")
    with write(workspace) as connection:
        assert claimed(connection, search, LIVING).number == 0


def test_a_search_is_closed_by_one_process_alone(workspace: Workspace) -> None:
    with write(workspace) as connection:
        search = begun(connection)
        assert [close(connection, search.id, finished=True) for _ in range(2)] == [True, False]
        assert close(connection, search.id, finished=False)


def test_a_search_is_found_by_the_name_that_people_use(workspace: Workspace) -> None:
    with write(workspace) as connection:
        search = begun(connection)
        project: Any = ensure_project(connection, "adult")
        assert find_search(connection, project, "s1").id == find_search(connection, project, 1).id == search.id
        with pytest.raises(UserError, match="no search s7; it has: s1"):
            find_search(connection, project, 7)
