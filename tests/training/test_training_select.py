"""The choice: best, unless something simpler keeps up or the requirements say otherwise."""

import numpy as np
import pytest

from trainwright.data.schema import Target
from trainwright.tasks import task_for
from trainwright.training.scores import OutOfFold
from trainwright.training.select import Candidate, Requirements, choose

TASK = task_for(Target("y", "classes", ("no", "yes"), positive="yes"))
METRIC = TASK.metrics["log_loss"]


def make(noise: dict[str, float], seed: int = 0, n: int = 2_000):
    """Candidates whose probabilities follow the truth the better, the less noise they have."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=n)
    y = (signal + rng.normal(size=n) > 0).astype(np.int64)
    fold = np.arange(n) % 5
    predictions = {}
    for name, level in noise.items():
        p = 1 / (1 + np.exp(-1.5 * (signal * (level < 10) + rng.normal(size=n) * level * (level < 10))))
        predictions[name] = np.column_stack([1 - p, p])
    oof = OutOfFold(np.arange(n), fold, y, None, predictions)
    complexity = {"baseline": 0, "linear": 10, "forest": 30, "catboost": 40}
    candidates = [
        Candidate(
            name=name,
            family=name,
            role="baseline" if name in ("baseline", "linear", "forest") else "candidate",
            complexity=complexity[name],
            folds=np.array([METRIC(y[fold == f], p[fold == f]) for f in range(5)]),
            fit_s=1.0,
            predict_ms_per_row=0.01,
            row_ms={"catboost": 0.5}.get(name, 0.05),
            size_mb={"catboost": 5.0}.get(name, 0.1),
            n_fits=5,
            explainability="high" if complexity[name] <= 20 else "low",
            upkeep="",
            settings={},
            packageable=True,
        )
        for name, p in predictions.items()
    ]
    return candidates, oof


def test_the_best_is_chosen_and_beats_the_baselines():
    candidates, oof = make({"baseline": 99, "linear": 1.0, "forest": 0.9, "catboost": 0.1})
    choice = choose(candidates, oof, TASK, METRIC, Requirements())
    assert choice.selected == choice.best == "catboost"
    assert choice.beats_baseline
    assert choice.verdicts["catboost"]["verdict"] == "better"


def test_candidates_that_predict_chance_beat_nothing():
    rng = np.random.default_rng(3)
    candidates, oof = make({"baseline": 99, "linear": 0.5, "catboost": 0.4})
    shuffled = OutOfFold(oof.positions, oof.fold, rng.permutation(oof.y), None, oof.predictions)
    choice = choose(candidates, shuffled, TASK, METRIC, Requirements())
    assert not choice.beats_baseline
    assert choice.verdicts["catboost"]["verdict"] != "better"


def test_the_simplest_within_one_standard_error_is_named_and_chosen_when_required():
    candidates, oof = make({"baseline": 99, "linear": 0.300, "catboost": 0.300}, seed=2)
    free = choose(candidates, oof, TASK, METRIC, Requirements())
    assert free.simplest == "linear"
    assert choose(candidates, oof, TASK, METRIC, Requirements(simplest=True)).selected == "linear"


def test_a_requirement_excludes_the_best_and_the_reason_is_said():
    candidates, oof = make({"baseline": 99, "linear": 0.6, "catboost": 0.1})
    choice = choose(candidates, oof, TASK, METRIC, Requirements(max_size_mb=1.0))
    assert choice.selected == "linear"
    assert "max_size_mb" in choice.failures["catboost"][0]
    explainable = choose(candidates, oof, TASK, METRIC, Requirements(explainability="high"))
    assert explainable.selected == "linear"


def test_when_nothing_keeps_the_requirements_it_says_which_fails_and_by_how_much():
    candidates, oof = make({"baseline": 99, "linear": 0.6, "catboost": 0.1})
    choice = choose(candidates, oof, TASK, METRIC, Requirements(max_latency_ms=0.01))
    assert choice.selected == "catboost"
    assert "0.49 more than the 0.01 allowed" in choice.unmet[0]


def test_an_ensemble_must_be_better_by_more_than_one_standard_error():
    candidates, oof = make({"baseline": 99, "linear": 0.9, "catboost": 0.1})
    best = oof.predictions["catboost"]
    nudge = best.copy()
    rows = np.flatnonzero((best.max(1) > 0.45) & (best.max(1) < 0.55))[:3]
    better = np.eye(2)[oof.y[rows]] * 0.8 + 0.1
    nudge[rows] = better
    nudge[rows[2]] = 1 - nudge[rows[2]]  # two rows better, one worse: less than a standard error
    nudge[rows[2]] = nudge[rows[2]] * 0.6 + best[rows[2]] * 0.4
    folds = np.array([METRIC(oof.y[oof.fold == f], nudge[oof.fold == f]) for f in range(5)])
    ensemble = Candidate("ensemble", "ensemble", "candidate", 100, folds, 2.0, 0.02, 0.6, 6.0, 5, "low", "", {}, True)
    choice = choose([*candidates, ensemble], oof, TASK, METRIC, Requirements(), blended=nudge)
    assert choice.best == "ensemble"
    assert choice.selected == "catboost"
    assert "standard error" in choice.reason


def test_a_repetition_keeps_the_recorded_choice():
    candidates, oof = make({"baseline": 99, "linear": 0.6, "catboost": 0.1})
    assert choose(candidates, oof, TASK, METRIC, Requirements(), recorded="linear").selected == "linear"


@pytest.mark.parametrize("name", ["mine"])
def test_what_cannot_be_packaged_is_compared_but_never_chosen(name):
    candidates, oof = make({"baseline": 99, "linear": 0.6, "catboost": 0.1})
    mine = Candidate(
        **{**vars(candidates[-1]), "name": name, "packageable": False, "folds": candidates[-1].folds * 0.5}
    )
    oof.predictions[name] = oof.predictions["catboost"]
    choice = choose([*candidates, mine], oof, TASK, METRIC, Requirements())
    assert choice.selected == "catboost"
    assert name in choice.verdicts
