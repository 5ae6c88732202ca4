"""What a network's first fit spends on the start of its library is not counted again for the folds that follow."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from trainwright.training import run_steps as module
from trainwright.training.budget import Budget
from trainwright.training.run_steps import run_steps
from trainwright.training.steps import Step
from trainwright.training.trials import Trial

FOLDS, LIMIT = 15, 120.0


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs one step on a clock that only its fits move: how many of its folds were done, and what was said."""

    def go(family: str, first: float, others: float) -> tuple[int, list[str]]:
        now = [15.0]  # what comes before the first fit
        monkeypatch.setattr(time, "time", lambda: now[0])

        def fit(step: Step, index: int, work: Any, report: Any) -> Any:
            seconds = first if index == 0 else others
            now[0] += seconds
            return SimpleNamespace(step=step, fold=index, fit_s=seconds)

        monkeypatch.setattr(module, "fit_fold", fit)
        step = Step(family, family, seconds=0.5)
        work: Any = SimpleNamespace(folds=[None] * FOLDS, jobs=1, rebalance=None, dataset=SimpleNamespace(y=None))
        told: list[str] = []
        trials: list[Trial] = run_steps(
            (step,),
            work,
            Budget(LIMIT, started=0.0),
            finished={},
            on_fold=lambda step, fit: None,
            report=lambda event: told.append(event["kind"]),
            stop=threading.Event(),
        )
        return len(trials[0].fits), told

    return go


class Machine:
    """Steps run on a clock that only their fits move, each as long as it is told, on a machine so much slower."""

    def __init__(self, patch: pytest.MonkeyPatch, slower: float, folds: int = 3) -> None:
        self.now, self.slower, self.folds = 0.0, slower, folds
        self.told: list[dict[str, Any]] = []
        patch.setattr(time, "time", lambda: self.now)
        patch.setattr(module, "fit_fold", self.fit)

    def fit(self, step: Step, index: int, work: Any, report: Any) -> Any:
        seconds = step.seconds * self.slower
        for _ in range(10):  # a network tells of its epochs
            self.now += seconds / 10
            report({"kind": "epoch", "trial": step.name})
        return SimpleNamespace(step=step, fold=index, fit_s=seconds)

    def run(self, *steps: Step, limit: float | None = LIMIT) -> dict[str, Trial]:
        work: Any = SimpleNamespace(folds=[None] * self.folds, jobs=1, rebalance=None, dataset=SimpleNamespace(y=None))
        nothing: Any = lambda step, fit: None  # noqa: E731
        trials = run_steps(
            steps, work, Budget(limit, 0.0), finished={}, on_fold=nothing, report=self.told.append,
            stop=threading.Event(),
        )  # fmt: skip
        return {trial.name: trial for trial in trials}

    def cut(self) -> list[str]:
        return [event["trial"] for event in self.told if event["kind"] == "cut"]


LINEAR = Step("linear", "linear", seconds=1.0, role="baseline")


def test_a_step_asked_for_by_name_does_not_begin_where_the_machine_is_too_slow_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = Step("svm", "svm", seconds=20.0)  # 60 s of 120 by the estimate, 240 s as the machine is
    slow = Machine(monkeypatch, slower=4.0)
    assert not slow.run(LINEAR, named)["svm"].fits and slow.cut() == ["svm"]
    assert slow.now == pytest.approx(12.0)
    quiet = Machine(monkeypatch, slower=1.0)
    assert len(quiet.run(LINEAR, named)["svm"].fits) == 3 and quiet.cut() == []


def test_what_was_given_fewer_rounds_is_not_counted_as_slow_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    # Three folds of 40 s are 480 s here: the rounds are cut to what fits, and those then run.
    machine = Machine(monkeypatch, slower=4.0)
    fit = machine.fit

    def instead(step: Step, index: int, work: Any, report: Any) -> Any:
        seconds = step.seconds if "iterations" in step.settings else step.seconds * machine.slower
        return fit(replace(step, seconds=seconds / machine.slower), index, work, report)

    monkeypatch.setattr(module, "fit_fold", instead)
    trial = machine.run(LINEAR, Step("catboost", "catboost", {"iterations": 1000}, seconds=40.0))["catboost"]
    assert trial.shortened and len(trial.fits) == 3 and machine.cut() == []
    assert machine.now < LIMIT


def test_a_network_whose_first_fit_outlasts_the_limit_is_ended_within_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing told how slow the machine is before the network began.
    machine = Machine(monkeypatch, slower=30.0)
    trial = machine.run(Step("text_transformer", "text_transformer", seconds=20.0))["text_transformer"]
    assert not trial.fits and trial.failure is None and machine.cut() == ["text_transformer"]
    assert machine.now <= 1.5 * LIMIT, "one epoch beyond the limit, where all of them are five times the limit"
    repeated = Machine(monkeypatch, slower=30.0)
    trial = repeated.run(Step("text_transformer", "text_transformer", seconds=20.0), limit=None)["text_transformer"]
    assert len(trial.fits) == 3, "a repetition obeys counts, no clock"


def test_the_start_of_a_library_is_paid_once(run: Any) -> None:
    done, told = run("neural_network", 14.0, 0.6)
    assert (done, "cut" in told) == (FOLDS, False)


def test_a_network_that_is_slow_in_every_fold_is_still_cut(run: Any) -> None:
    done, told = run("neural_network", 14.0, 14.0)
    assert (done, "cut" in told) == (2, True)  # the second fold tells that it was no start


def test_a_fit_longer_than_any_start_is_taken_for_what_it_is(run: Any) -> None:
    done, told = run("neural_network", 60.0, 60.0)
    assert (done, "cut" in told) == (1, True)


def test_other_families_count_their_longest_fold(run: Any) -> None:
    done, told = run("lightgbm", 14.0, 0.6)
    assert (done, "cut" in told) == (1, True)
