"""Fits that take every thread follow one another, and every estimate of their time says so."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from trainwright.data.columns import Dataset
from trainwright.data.schema import Target
from trainwright.tasks import task_for
from trainwright.training.bagging import plan_bag
from trainwright.training.budget import Budget
from trainwright.training.seeds import measure_seeds
from trainwright.training.size_curve import measure_size_curve
from trainwright.training.steps import Step, done_after

TARGET = Target("y", "number")
JOBS, FOLDS, SECONDS = 2, 4, 3.0


def run(family: str) -> tuple[Any, Any]:
    """What was chosen, one candidate of the family whose folds took three seconds each, and its work of 400 rows."""
    n = 400
    parts = np.array_split(np.arange(n), FOLDS)
    folds = [SimpleNamespace(train=np.setdiff1d(np.arange(n), part), validation=part) for part in parts]
    work = SimpleNamespace(
        dataset=Dataset(SimpleNamespace(), np.arange(n) / n, np.arange(n)),  # type: ignore[arg-type]
        target=TARGET,
        folds=folds,
        jobs=JOBS,
        seed=0,
    )
    work.score = lambda metric, rows, prediction: metric(work.dataset.y[rows], prediction)
    fits = {
        index: SimpleNamespace(
            fit_s=SECONDS,
            n_train=len(fold.train),
            prediction=work.dataset.y[fold.validation],
            training_rows=fold.train,
            training_prediction=work.dataset.y[fold.train],
        )
        for index, fold in enumerate(folds)
    }
    trial = SimpleNamespace(name=family, step=Step(family, family), fits=fits, finished=lambda work: True)
    return SimpleNamespace(members=[trial], weights={family: 1.0}), work


def seconds_told(found: dict[str, Any]) -> float:
    """The seconds that a refusal names."""
    return float(re.findall(r"about ([0-9.]+) s", found["skipped"])[0])


def test_fits_that_take_every_thread_follow_one_another() -> None:
    for family, expected in (("lightgbm", 4.0), ("neural_network", 8.0), ("text_transformer", 8.0)):
        assert done_after(Step(family, family), [2.0, 2.0, 2.0, 2.0], 2) == expected
    assert done_after(Step("lightgbm", "lightgbm"), [5.0, 1.0], 2) == 5.0
    assert done_after(Step("lightgbm", "lightgbm"), [], 2) == 0.0


@pytest.mark.parametrize("what", ["seeds", "curve"])
def test_what_repeats_fits_needs_twice_the_time_where_they_follow_one_another(what: str) -> None:
    metric, told = task_for(TARGET).default_metric(), {}
    for family in ("lightgbm", "tabular_net"):
        outcome, work = run(family)
        if what == "seeds":
            found = measure_seeds(outcome, work, task_for(TARGET), metric, 3, 0.5, lambda event: None)
        else:
            found = measure_size_curve(outcome, work, metric, 0.5, lambda event: None)
        told[family] = seconds_told(found)
    assert told["tabular_net"] == pytest.approx(JOBS * told["lightgbm"], rel=0.25)


def test_a_bag_has_fewer_models_where_they_follow_one_another() -> None:
    metric = task_for(TARGET).default_metric()

    class Left(Budget):
        def remaining(self) -> float:
            return 64.0

    bags = {}
    for family in ("lightgbm", "tabular_net"):
        outcome, work = run(family)
        found = plan_bag(outcome.members, work, metric, Left(64.0, 0.0))
        bags[family] = found.bags if isinstance(found, Step) else 0
    assert bags["lightgbm"] == 8 > bags["tabular_net"] == 4


def test_the_seconds_of_an_earlier_training_are_counted_as_its_fits_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    from trainwright.training import incremental_advice

    rows = [SimpleNamespace(name=name, seconds=4.0) for name in ("net", "net", "trees", "trees")]
    monkeypatch.setattr(incremental_advice, "read", lambda workspace: nullcontext())
    monkeypatch.setattr(incremental_advice, "trials_of", lambda connection, run, state: rows)
    steps = [{"name": "net", "family": "neural_network"}, {"name": "trees", "family": "lightgbm"}]
    base: Any = SimpleNamespace(
        run=SimpleNamespace(id=1, plan={"jobs": JOBS, "steps": steps}),
        version=SimpleNamespace(details={"duration_s": 20.0}),
        members=["net"],
    )
    assert incremental_advice._seconds(SimpleNamespace(), base) == (8.0, 20.0 - 12.0, 20.0)  # type: ignore[arg-type]
