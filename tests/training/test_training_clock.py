"""What a network's first fit spends on the start of its library is not counted again for the folds that follow."""

from __future__ import annotations

import threading
import time
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
