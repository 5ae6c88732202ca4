"""Whole trainings with each kind of ensemble: what is said of its gain and cost, its package, its repetition."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from test_training_honest_poison import work
from training_runs import FEATURES, new_workspace, run_here, settings, table

from trainwright.data.columns import Dataset
from trainwright.evaluate.ensemble_words import told
from trainwright.evaluate.sections import ensemble as section
from trainwright.jobs import launch
from trainwright.jobs.attempt import execute
from trainwright.packages.predictor import Predictor
from trainwright.tasks import task_for
from trainwright.training import finish
from trainwright.training.bagging import plan_bag
from trainwright.training.budget import Budget
from trainwright.training.fitting import fit_fold
from trainwright.training.outcome import conclude
from trainwright.training.plan import Step
from trainwright.training.select import Requirements
from trainwright.training.trials import Trial, Work

SMALL = {"lightgbm": {"n_estimators": 20}, "forest": {"n_estimators": 5}}


def frame(classes: int) -> pl.DataFrame:
    return table(300, classes=classes).select(FEATURES)


def trained(folder: Path, kind: str | bool, classes: int = 2, **more: Any) -> tuple[Any, dict[str, Any]]:
    """A finished run in which the ensemble is always chosen when there is one."""
    workspace = new_workspace(folder)
    wanted = settings(
        training__families=("lightgbm",), training__family_settings=SMALL, training__ensemble=kind, **more
    )
    return workspace, run_here(workspace, frame(classes), wanted)[1]


@pytest.fixture
def ensembles_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """On so few rows the simplest would be chosen; here the ensemble is, so that its package is made."""
    from trainwright.training import bagging, outcome

    monkeypatch.setattr(bagging, "MOST", 3)

    real = outcome.choose

    def choose(candidates: Any, *given: Any, recorded: str | None = None, **more: Any) -> Any:
        made = [c.name for c in candidates if c.family in ("ensemble", "stacking", "bagging")]
        return real(candidates, *given, recorded=recorded or (made or [None])[0], **more)

    monkeypatch.setattr(outcome, "choose", choose)


@pytest.mark.usefixtures("sealed_here", "follow_here", "ensembles_win")
@pytest.mark.parametrize("classes", [2, 3, 0])
@pytest.mark.parametrize("kind", ["stacking", "bagging"])
def test_it_is_measured_packaged_and_repeated_to_the_byte(tmp_path: Path, kind: str, classes: int) -> None:
    workspace, result = trained(tmp_path, kind, classes)
    found = result["ensemble"]
    assert result["selected"] == found["name"] == kind and found["kind"] == kind and found["selected"]
    assert found["single"] in {"linear", "forest", "lightgbm"}
    row = next(row for row in result["leaderboard"] if row["name"] == kind)
    assert row["gain"]["over"] == found["single"]
    assert found["gain"]["low"] <= found["gain"]["difference"] <= found["gain"]["high"]
    assert found["gain"]["n_rows"] == result["n_rows"]["train"] + result["n_rows"].get("validation", 0)
    for name in ("fit_s", "row_ms", "size_mb", "models"):
        assert found["cost"][name]["single"] > 0 and found["cost"][name]["ensemble"] > 0
    assert found["cost"]["models"]["ensemble"] > 1 and found["cost"]["explainability"]["ensemble"] == "low"
    assert told(found) is not None and "alone" in str(told(found))
    predictions = Predictor.open(result["package"]["path"]).predict_raw(frame(classes))
    assert np.isfinite(predictions).all()
    if kind == "stacking" and classes:
        combine = Predictor.open(result["package"]["path"]).manifest.combine
        assert combine is not None and combine.to_json() == found["second_level"]
    again = launch.repeat(workspace, result["run"])
    assert again["package"]["sha256"] == result["package"]["sha256"]
    assert again["validation"] == result["validation"] and again["ensemble"]["gain"] == found["gain"]


@pytest.mark.usefixtures("sealed_here")
def test_a_greedy_average_says_what_it_gains_too(tmp_path: Path) -> None:
    _, result = trained(tmp_path, True)
    found = result["ensemble"]
    assert found["kind"] == "greedy"
    assert "skipped" in found or found["gain"]["against"] == found["single"]
    view = section.view(result, {})
    assert view["skipped"] if "skipped" in found else view["costs"] and view["members"]


@pytest.mark.usefixtures("sealed_here")
def test_without_an_ensemble_nothing_is_said_of_one(tmp_path: Path) -> None:
    _, result = trained(tmp_path, False)
    assert {row["family"] for row in result["leaderboard"]} == {"baseline", "linear", "forest", "lightgbm"}
    assert result["ensemble"]["kind"] == "none" and told(result["ensemble"]) is None
    assert section.view(result, {}) == {}


@pytest.mark.usefixtures("sealed_here", "ensembles_win")
def test_a_bag_that_died_while_being_packaged_is_finished_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    from trainwright.store.attempts import new_attempt
    from trainwright.store.transaction import write

    with monkeypatch.context() as dying:
        dying.setattr(finish, "publish_package", lambda *given: (_ for _ in ()).throw(MemoryError("full")))
        with pytest.raises(MemoryError):
            trained(tmp_path / "a", "bagging")
    fits: list[Any] = []
    workspace = new_workspace(tmp_path / "a")
    from trainwright.training import run_steps

    real = run_steps.fit_fold
    monkeypatch.setattr(run_steps, "fit_fold", lambda *given: fits.append(given) or real(*given))
    with write(workspace) as connection:
        run = new_attempt(connection, 1, "resumed from the folds already done")
    resumed = execute(workspace, run.id, run.attempt, time.time())
    assert not fits  # every fold of the bag was kept
    _, whole = trained(tmp_path / "b", "bagging")
    assert resumed["package"]["sha256"] == whole["package"]["sha256"]


@pytest.mark.usefixtures("sealed_here")
def test_a_bag_for_which_no_time_is_left_is_said_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainwright.training import bagging

    class Late(Budget):
        def remaining(self) -> float:
            return 0.0

    real = bagging.plan_bag
    monkeypatch.setattr(
        bagging, "plan_bag", lambda trials, work, metric, _: real(trials, work, metric, Late(100.0, 0.0))
    )
    _, result = trained(tmp_path, "bagging")
    best = result["ensemble"]["skipped"].split(" for each fold")[0].removeprefix("3 models like ")
    assert best in {row["name"] for row in result["leaderboard"]}
    words = f"No bagging: 3 models like {best} for each fold need more time than is left."
    assert told(result["ensemble"]) == words, "the line for the terminal"
    assert words in Path(result["report"]).read_text("utf-8")
    assert words.removesuffix(".").replace("No", "no") in result["plan"]["reasons"]


def done(given: Work, *steps: Step) -> list[Trial]:
    """Trials whose folds are all fitted."""
    out = []
    for step in steps:
        fits = {index: fit_fold(step, index, given, lambda event: None) for index in range(len(given.folds))}
        out.append(Trial(step, fits))
    return out


LINEAR = Step("linear", "linear", role="baseline")
TREE = Step("tree", "decision_tree")
BOOSTED = Step("lightgbm", "lightgbm", {"features": "plain", "n_estimators": 15}, inner=0.2)


def concluded(given: Work, trials: list[Trial], kind: str) -> Any:
    task = task_for(given.target)
    return conclude(trials, given, task, task.default_metric(), Requirements(), use_ensemble=kind)


def test_labels_of_a_fold_do_not_move_the_stacked_predictions_that_are_scored_for_it() -> None:
    """The members stay as they are; only the truth of one fold's rows is turned round."""
    given = work()
    trials = done(given, LINEAR, TREE, BOOSTED)
    y = given.dataset.y.copy()
    held_out = given.folds[1].validation
    y[held_out] = 1 - y[held_out]
    turned = replace(given, dataset=replace(given.dataset, y=y))
    honest, poisoned = (concluded(one, trials, "stacking") for one in (given, turned))
    own = np.isin(honest.oof.positions, held_out)
    assert np.array_equal(honest.combined.honest[own], poisoned.combined.honest[own])
    assert not np.array_equal(honest.combined.honest[~own], poisoned.combined.honest[~own])


def test_stacking_members_fitted_on_chance_stays_at_chance() -> None:
    """The target is permuted: no kind of ensemble may find anything in it."""
    gains = []
    for seed in range(4):
        given = work(n=240)
        rng = np.random.default_rng(seed)
        data = given.dataset
        y = rng.permutation(data.y)
        chance = replace(given, dataset=Dataset(data.columns, y, data.rows))
        found = concluded(chance, done(chance, LINEAR, TREE, BOOSTED), "stacking").combined
        if found is None:
            continue
        share = np.array([np.bincount(y, minlength=2) / len(y)] * len(y))
        oof = found.honest
        gains.append(float(np.mean(np.log(oof[np.arange(len(y)), y]) - np.log(share[np.arange(len(y)), y]))))
    assert gains and max(gains) < 0.02 and np.mean(gains) < 0.005


@pytest.mark.parametrize(
    "step", [LINEAR, BOOSTED, Step("catboost", "catboost", {"iterations": 5})], ids=lambda s: s.name
)
def test_noise_in_a_folds_held_out_labels_leaves_its_bag_alone(step: Step) -> None:
    bag = replace(step, name="bagging", bags=3)
    honest, poisoned = (fit_fold(bag, 1, given, lambda event: None) for given in (work(), work(noise=5)))
    assert np.array_equal(honest.prediction, poisoned.prediction)
    other, moved = (fit_fold(bag, 0, given, lambda event: None) for given in (work(), work(noise=5)))
    assert not np.array_equal(other.prediction, moved.prediction)


def test_each_model_of_a_bag_lacks_another_part_of_the_rows_and_groups_stay_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = work()
    group = np.arange(len(given.dataset)) // 6
    grouped = replace(given, dataset=replace(given.dataset, group=group))
    from trainwright.training import fitting

    seen: list[tuple[np.ndarray, Any]] = []
    real = fitting._fit_one

    def spy(step: Step, rows: np.ndarray, seed: int, stopping: Any, **more: Any) -> Any:
        seen.append((rows, stopping))
        return real(step, rows, seed, stopping, **more)

    monkeypatch.setattr(fitting, "_fit_one", spy)
    fit = fit_fold(replace(BOOSTED, bags=4), 0, grouped, lambda event: None)
    train = set(given.folds[0].train.tolist())
    assert len(seen) == 4 and fit.estimator.derived["models"] == 4
    left_out = [train - set(rows.tolist()) for rows, _ in seen]
    assert set().union(*left_out) == train and sum(map(len, left_out)) == len(train)
    for (rows, stopping), lacking in zip(seen, left_out):
        assert set(stopping.tolist()) == lacking  # the rows that may stop it are those it lacks
        assert not set(group[rows]) & set(group[stopping])


def test_the_clock_decides_how_many_models_a_bag_has_and_the_step_keeps_it() -> None:
    given = work()
    trials = done(given, LINEAR, BOOSTED)
    metric = task_for(given.target).default_metric()
    free = plan_bag(trials, given, metric, Budget(None, 0.0))
    assert isinstance(free, Step) and free.bags == 8 and free.family in ("linear", "lightgbm")

    class Left(Budget):
        def remaining(self) -> float:
            return 10_000.0 if self.limit is None else self.limit * 0.12 + 5.5 * each * 3 * 1.1

    best = next(t for t in trials if t.step.family == free.family)
    each = float(np.median([fit.fit_s for fit in best.fits.values()]))
    some = plan_bag(trials, given, metric, Left(100.0, 0.0))
    assert isinstance(some, Step) and some.bags == 5
    each /= 10
    none = plan_bag(trials, given, metric, Left(100.0, 0.0))
    assert isinstance(none, str) and "more time than is left" in none
    assert "no model was finished" in str(plan_bag([], given, metric, Budget(None, 0.0)))
