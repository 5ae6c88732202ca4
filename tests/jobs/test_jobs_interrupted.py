"""Ctrl-C keeps what is finished; twice gives up, and nothing is lost either way."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from run_story import check_sound, hold_children, now, ready, resume_here, trials, wait_for, when_marked
from training_runs import FEATURES, new_workspace, rows_of, settings, table

from trainwright.errors import TrainwrightError, UserError
from trainwright.jobs import launch, queue
from trainwright.jobs.attempt import execute
from trainwright.store.transaction import write

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a POSIX signal")


def interrupt(_: int) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_keeps_what_is_finished_as_a_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = new_workspace(tmp_path)
    run = ready(workspace)
    said: list[str] = []
    before = signal.getsignal(signal.SIGINT)
    hold_children(monkeypatch, "linear is finished", tmp_path / "reached")
    when_marked(tmp_path / "reached", interrupt)
    result = launch.follow(workspace, run, time.time(), watcher=launch.Watcher(stage=said.append))
    assert said == [launch.STOPPING]
    assert result["version"] == "v1"
    assert {row["name"] for row in result["leaderboard"]} == {"baseline", "linear"}
    assert result["selected"] == "linear"
    assert any(words.startswith("forest: 0 of 3 folds") for words in result["budget"]["shortened"])
    assert result["ledger"]["k"] == 1
    check_sound(workspace)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.usefixtures("sealed_here")
def test_ctrl_c_twice_gives_up_and_the_run_can_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = new_workspace(tmp_path)
    run = ready(workspace)
    marker, heard = tmp_path / "reached", threading.Event()
    with monkeypatch.context() as held:
        hold_children(held, "a fold is committed", marker)

        def twice(pid: int) -> None:
            interrupt(pid)
            assert heard.wait(60)
            interrupt(pid)

        when_marked(marker, twice)
        watcher = launch.Watcher(stage=lambda words: heard.set() if words == launch.STOPPING else None)
        with pytest.raises(KeyboardInterrupt):
            launch.follow(workspace, run, time.time(), watcher=watcher)
    assert now(workspace, run.id).state == "cancelled"
    assert rows_of(workspace, "select * from version") == []
    assert rows_of(workspace, "select * from test_opening") == []
    check_sound(workspace)
    before = trials(workspace, run.id)
    assert resume_here(workspace, run.id)["version"] == "v1"
    after = trials(workspace, run.id)
    assert {key: after[key] for key in before} == before


@pytest.mark.usefixtures("sealed_here")
@pytest.mark.parametrize("after", [None, ("baseline", 2), ("linear", 1)])
def test_stopping_before_anything_is_finished_spends_no_look_at_the_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: tuple[str, int] | None
) -> None:
    from trainwright.training import folds_on_disk

    workspace = new_workspace(tmp_path)
    run = ready(workspace)
    stop = threading.Event()
    keep = folds_on_disk.keep

    def kept(*arguments: object) -> None:
        keep(*arguments)  # type: ignore[arg-type]
        if (arguments[3].name, arguments[4].fold) == after:  # type: ignore[attr-defined]
            stop.set()

    if after is None:
        stop.set()
    else:
        monkeypatch.setattr(folds_on_disk, "keep", kept)
    with pytest.raises(KeyboardInterrupt, match="before any model was finished"):
        execute(workspace, run.id, 1, time.time(), stop=stop)
    assert now(workspace, run.id).state == "cancelled"
    assert rows_of(workspace, "select * from test_opening") == []
    assert resume_here(workspace, run.id)["version"] == "v1"


@pytest.mark.usefixtures("sealed_here")
def test_somebody_elses_wish_to_stop_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop asked for in the database (from another terminal) works like Ctrl-C."""
    from trainwright.jobs import channel
    from trainwright.store.runs import ask_cancel
    from trainwright.training import folds_on_disk

    monkeypatch.setattr(channel, "INTERVAL", 0.01)
    workspace = new_workspace(tmp_path)
    run = ready(workspace)
    stop = threading.Event()
    keep = folds_on_disk.keep

    def asked(*arguments: object) -> None:
        keep(*arguments)  # type: ignore[arg-type]
        if (arguments[3].name, arguments[4].fold) == ("linear", 2):  # type: ignore[attr-defined]
            with write(workspace) as connection:
                ask_cancel(connection, run.id, "asked from another terminal")
            wait_for(stop.is_set, "the wish")

    monkeypatch.setattr(folds_on_disk, "keep", asked)
    result = execute(workspace, run.id, 1, time.time(), stop=stop)
    assert {row["name"] for row in result["leaderboard"]} == {"baseline", "linear"}


def test_a_training_that_is_cancelled_from_elsewhere_ends_without_a_version_and_can_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = new_workspace(tmp_path)
    run = ready(workspace)

    def cancelled(_: int) -> None:
        with write(workspace) as connection:
            queue.cancel(connection, run.id, "from the page")

    with monkeypatch.context() as held:
        hold_children(held, "a fold is committed", tmp_path / "reached")
        when_marked(tmp_path / "reached", cancelled)
        with pytest.raises(TrainwrightError, match="cancelled"):
            launch.follow(workspace, run, time.time())
    assert now(workspace, run.id).state == "cancelled"
    assert rows_of(workspace, "select * from version") == []
    assert rows_of(workspace, "select * from test_opening") == []
    assert len(trials(workspace, run.id)) == 5
    check_sound(workspace)


def test_a_run_that_workers_have_is_not_resumed_by_a_command(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    run = ready(workspace)
    with write(workspace) as connection:
        queue.place(connection, run.id)
    with pytest.raises(UserError, match="waits for a worker"):
        launch.resume(workspace, run.id)
    assert queue.claim(workspace, "box", queue.Slots()) is not None
    with pytest.raises(UserError, match="worked on by box"):
        launch.resume(workspace, run.id)


@pytest.mark.usefixtures("sealed_here")
def test_estimators_of_ones_own_are_stopped_by_ctrl_c_too(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    from trainwright.training.material import Custom

    class Interrupting(LogisticRegression):  # type: ignore[misc]
        """Presses Ctrl-C while it learns."""

        def fit(self, X: object, y: object, sample_weight: object = None) -> Interrupting:
            threading.Timer(0, interrupt, [0]).run()
            return super().fit(X, y, sample_weight)

    workspace = new_workspace(tmp_path)
    custom = Custom((("mine", Interrupting()),), ())
    said: list[str] = []
    try:
        launch.train(
            workspace,
            table().select(FEATURES),
            settings(),
            watcher=launch.Watcher(stage=said.append),
            custom=custom,
        )
    except KeyboardInterrupt:
        pytest.fail("the first Ctrl-C must keep what is finished")
    assert launch.STOPPING in said
    assert rows_of(workspace, "select number from version") == [(1,)]
