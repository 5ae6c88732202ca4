"""A run goes through its states, keeps what happened, and refuses an attempt that was superseded."""

from __future__ import annotations

import itertools

import pytest

from trainwright.errors import TrainwrightError, UserError
from trainwright.store.attempts import attempts_of, begin_attempt, new_attempt
from trainwright.store.evaluations import add_evaluation, evaluations_of, findings_of, save_findings
from trainwright.store.events import add_event, add_points, events_after, points_after
from trainwright.store.fence import SupersededError
from trainwright.store.projects import ensure_project, get_project
from trainwright.store.runs import Run, ask_cancel, create_run, get_run, list_runs, save_document, set_state
from trainwright.store.states import ALLOWED, FINISHED, STATES, check_transition
from trainwright.store.transaction import read, write
from trainwright.store.trials import finish_trial, trials_of
from trainwright.store.workspace import Workspace

WAY = ("initializing", "training", "evaluating", "completed")


@pytest.fixture
def run(workspace: Workspace) -> Run:
    with write(workspace) as connection:
        project = ensure_project(connection, "adult", target="income")
        return create_run(connection, project.id, name="first", settings={"seed": 1}, origins={"seed": "--seed"})


def test_a_run_passes_through_its_states_with_an_event_for_each(workspace: Workspace, run: Run) -> None:
    assert (run.state, run.attempt, run.settings, run.origins) == (
        "queued",
        1,
        {"seed": 1},
        {"seed": "--seed"},
    )
    for state in WAY:
        with write(workspace) as connection:
            set_state(connection, run.id, 1, state, f"because {state}")
            set_state(connection, run.id, 1, state, "again")
    with read(workspace) as connection:
        run = get_run(connection, run.id)
        events = events_after(connection, run.id)
        (attempt,) = attempts_of(connection, run.id)
    assert run.state == "completed" and run.started_at and run.finished_at
    assert run.queued_at <= run.started_at <= run.finished_at
    assert [event.state for event in events] == ["queued", *WAY]
    assert events[-1].message == "because completed"
    assert [event.seq for event in events] == [1, 2, 3, 4, 5]
    assert attempt.outcome == "completed"


def test_only_listed_changes_of_state_are_allowed() -> None:
    for old, new in itertools.product(STATES, STATES):
        if new in ALLOWED[old]:
            check_transition(old, new)
        else:
            with pytest.raises(TrainwrightError, match=f"a {old} job cannot become {new}"):
                check_transition(old, new)
    assert ALLOWED["completed"] == frozenset()
    assert all("cancelled" in ALLOWED[state] for state in set(STATES) - FINISHED)


def test_a_refused_change_changes_nothing(workspace: Workspace, run: Run) -> None:
    with (
        pytest.raises(TrainwrightError, match="queued job cannot become completed"),
        write(workspace) as connection,
    ):
        set_state(connection, run.id, 1, "completed", "too soon")
    with read(workspace) as connection:
        assert get_run(connection, run.id).state == "queued"
        assert len(events_after(connection, run.id)) == 1


def test_a_superseded_attempt_writes_nothing_more(workspace: Workspace, run: Run) -> None:
    with write(workspace) as connection:
        begin_attempt(connection, run.id, 1, "host-1-1")
        set_state(connection, run.id, 1, "initializing", "starting")
        set_state(connection, run.id, 1, "training", "fitting")
        again = new_attempt(connection, run.id, "its process vanished")
    assert (again.state, again.attempt) == ("queued", 2)
    writes = (
        lambda c: set_state(c, run.id, 1, "evaluating", "late"),
        lambda c: finish_trial(c, run.id, 1, name="m", fold=0, family="linear"),
        lambda c: save_document(c, run.id, 1, "result", {}),
        lambda c: begin_attempt(c, run.id, 1, "host-2-2"),
        lambda c: add_evaluation(c, "validation", {}, run_id=run.id, attempt=1),
    )
    for late in writes:
        with pytest.raises(SupersededError, match="superseded by attempt 2"), write(workspace) as connection:
            late(connection)
    with read(workspace) as connection:
        first, second = attempts_of(connection, run.id)
        assert (first.outcome, second.outcome) == ("lost", None)
        assert (first.details, second.details) == ({"message": "its process vanished"}, None)
        assert trials_of(connection, run.id) == []


def test_an_attempt_has_one_process(workspace: Workspace, run: Run) -> None:
    with write(workspace) as connection:
        begin_attempt(connection, run.id, 1, "host-1-1")
    with pytest.raises(SupersededError, match="already executed"), write(workspace) as connection:
        begin_attempt(connection, run.id, 1, "host-2-2")


def test_a_completed_run_is_not_queued_again_and_a_failed_one_is(workspace: Workspace, run: Run) -> None:
    with write(workspace) as connection:
        set_state(connection, run.id, 1, "failed", "no memory", data={"cause": "memory"})
        assert new_attempt(connection, run.id, "resumed").attempt == 2
        for state in WAY:
            set_state(connection, run.id, 2, state, "going on")
    with pytest.raises(TrainwrightError, match="completed job"), write(workspace) as connection:
        new_attempt(connection, run.id, "once more")


def test_cancelling_a_waiting_and_a_working_run(workspace: Workspace, run: Run) -> None:
    with write(workspace) as connection:
        second = create_run(connection, run.project_id, name="second", settings={})
        set_state(connection, second.id, 1, "initializing", "starting")
        assert not get_run(connection, second.id).cancel_asked
        assert ask_cancel(connection, run.id, "not needed").state == "cancelled"
        assert ask_cancel(connection, second.id, "not needed").state == "initializing"
        assert get_run(connection, second.id).cancel_asked
        set_state(connection, second.id, 1, "cancelled", "asked to")
        assert ask_cancel(connection, second.id, "again").state == "cancelled"


def test_events_are_read_from_a_cursor(workspace: Workspace, run: Run) -> None:
    with write(workspace) as connection:
        for number in range(10):
            add_event(connection, run.id, 1, "progress", data={"number": number})
    with read(workspace) as connection:
        seen = []
        while events := events_after(connection, run.id, seen[-1].seq if seen else 0, limit=4):
            seen += events
    assert [event.seq for event in seen] == list(range(1, 12))
    assert [event.data["number"] for event in seen if event.data] == list(range(10))


def test_points_of_curves_keep_their_order(workspace: Workspace, run: Run) -> None:
    with write(workspace) as connection:
        assert add_points(connection, run.id, 1, [("loss", 1, 0.5), ("loss", 2, float("nan"))]) == 2
        assert add_points(connection, run.id, 1, []) == 2
        assert add_points(connection, run.id, 1, [("loss", 3, 0.3)]) == 3
    with read(workspace) as connection:
        assert [(p.seq, p.step, p.value) for p in points_after(connection, run.id, 1, 1)] == [
            (2, 2, None),
            (3, 3, 0.3),
        ]


def test_a_finished_trial_is_kept_and_a_failed_one_replaced(workspace: Workspace, run: Run) -> None:
    import numpy as np

    with write(workspace) as connection:
        finish_trial(connection, run.id, 1, name="a", fold=0, family="linear", scores={"auc": np.float64(0.8)}, rows=5)
        finish_trial(connection, run.id, 1, name="a", fold=1, family="linear", state="failed", details={"why": "x"})
        new_attempt(connection, run.id, "resumed")
        kept = finish_trial(connection, run.id, 2, name="a", fold=0, family="linear", scores={"auc": 0.1})
        finish_trial(connection, run.id, 2, name="a", fold=1, family="linear", scores={"auc": 0.7})
    assert kept.attempt == 1 and kept.scores == {"auc": 0.8}
    with read(workspace) as connection:
        found = trials_of(connection, run.id, state="completed")
    assert [(t.fold, t.attempt, t.scores) for t in found] == [(0, 1, {"auc": 0.8}), (1, 2, {"auc": 0.7})]
    assert found[0].rows == 5 and found[1].details is None


def test_documents_evaluations_and_findings_of_a_run(workspace: Workspace, run: Run) -> None:
    finding = {"code": "TW001", "severity": "warning", "message": "rare class", "columns": ("a", "b")}
    with write(workspace) as connection:
        save_document(connection, run.id, 1, "plan", {"trials": [1, float("inf")]})
        for value in (0.1, 0.2):
            add_evaluation(connection, "validation", {"auc": value}, run_id=run.id, attempt=1)
            add_evaluation(connection, "file", {"auc": value}, run_id=run.id, source="a.csv")
            save_findings(connection, run.id, [finding])
        with pytest.raises(TrainwrightError, match="no document 'plans'"):
            save_document(connection, run.id, 1, "plans", {})
    with read(workspace) as connection:
        assert get_run(connection, run.id).plan == {"trials": [1, None]}
        assert [e.document for e in evaluations_of(connection, run_id=run.id, part="validation")] == [{"auc": 0.2}]
        assert len(evaluations_of(connection, run_id=run.id, part="file")) == 2
        assert findings_of(connection, run.id) == [{**finding, "columns": ["a", "b"], "evidence": None, "remedy": None}]


def test_runs_are_listed_newest_first(workspace: Workspace, run: Run) -> None:
    with write(workspace) as connection:
        second = create_run(connection, run.project_id, name="second", settings={})
        ask_cancel(connection, second.id, "no")
        assert [r.id for r in list_runs(connection)] == [second.id, run.id]
        assert [r.id for r in list_runs(connection, run.project_id, state="queued")] == [run.id]
        with pytest.raises(UserError, match="there is no run 99"):
            get_run(connection, 99)


def test_a_project_keeps_its_target_and_is_found_by_a_near_name(workspace: Workspace, run: Run) -> None:
    with (
        pytest.raises(UserError, match="'adult' predicts 'income', not 'age'"),
        write(workspace) as connection,
    ):
        ensure_project(connection, "adult", target="age")
    with read(workspace) as connection:
        assert get_project(connection, "adult").target == "income"
        with pytest.raises(UserError, match="did you mean 'adult'"):
            get_project(connection, "adutl")
