"""Weak columns are left out within each fit's own rows: held-out labels have no say; the package keeps the choice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from test_training_honest_poison import work
from training_runs import new_workspace, rows_of, run_here, settings

from trainwright.errors import UserError
from trainwright.estimators import TabularClassifier
from trainwright.evaluate.sections import weak_columns as section
from trainwright.jobs import launch
from trainwright.models.members import kept_columns
from trainwright.packages.predictor import Predictor
from trainwright.training import weak_columns
from trainwright.training.fitting import fit_fold
from trainwright.training.iterate import prepare_try
from trainwright.training.plan import Step
from trainwright.training.prepare import prepare
from trainwright.training.weak_columns import Selector, check_most

STEPS = (
    Step("linear", "linear"),
    Step("lightgbm", "lightgbm", {"features": "plain", "n_estimators": 10}, inner=0.2),
    Step("catboost", "catboost", {"iterations": 5}),
)


def table(n: int = 400, classes: int = 2) -> pl.DataFrame:
    """`a` and `b` tell y, `n0` to `n5` are noise."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=n), rng.normal(size=n)
    signal = 2 * a + b + 0.5 * rng.normal(size=n)
    noise = {f"n{i}": rng.normal(size=n) for i in range(6)}
    y: Any = np.array(["no", "yes"])[(signal > 0).astype(int)] if classes else signal
    return pl.DataFrame({"a": a, "b": b, **noise, "y": y})


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_noise_in_a_folds_held_out_labels_moves_neither_choice_nor_model(step: Step) -> None:
    honest, poisoned = (
        fit_fold(step, 1, replace(given, selector=Selector()), lambda event: None)
        for given in (work(n=300), work(noise=5, n=300))
    )
    assert kept_columns(honest.estimator) == kept_columns(poisoned.estimator)
    assert np.array_equal(honest.prediction, poisoned.prediction)


def test_the_labels_that_a_fold_learns_from_do_decide() -> None:
    """The opposite: with labels turned into noise in the training rows, the strong column is no longer told apart."""
    given = replace(work(n=300), selector=Selector(1))
    y = given.dataset.y.copy()
    learn = given.folds[1].train
    by_kind = (given.dataset.columns.codes[:, 0] == 0).astype(np.int64)  # now the category is the target
    y[learn] = by_kind[learn]
    other = replace(given, dataset=replace(given.dataset, y=y), selector=Selector(1))
    first, second = (kept_columns(fit_fold(STEPS[0], 1, one, lambda event: None).estimator) for one in (given, other))
    assert first == ("a",) and second == ("kind",)


def test_rows_that_may_stop_a_training_have_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    given = replace(work(n=300), selector=Selector())
    seen: list[int] = []
    real = weak_columns.rank_columns
    monkeypatch.setattr(weak_columns, "rank_columns", lambda X, y, *g, **m: seen.append(len(y)) or real(X, y, *g, **m))
    fit_fold(STEPS[1], 0, given, lambda event: None)
    assert seen and seen[0] < 0.9 * len(given.folds[0].train)


def test_fits_on_the_same_rows_share_one_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    given = replace(work(n=300), selector=Selector())
    asked: list[int] = []
    real = weak_columns.rank_columns
    monkeypatch.setattr(weak_columns, "rank_columns", lambda *g, **m: asked.append(1) or real(*g, **m))
    kept = [kept_columns(fit_fold(step, 0, given, lambda event: None).estimator) for step in STEPS]
    assert len(asked) == 1 and len(set(kept)) == 1


def test_a_majority_sees_no_columns_anyway() -> None:
    given = replace(work(), selector=Selector())
    fit = fit_fold(Step("baseline", "baseline", role="baseline"), 0, given, lambda event: None)
    assert kept_columns(fit.estimator) is None


@pytest.mark.usefixtures("sealed_here", "follow_here")
@pytest.mark.parametrize(("asked", "classes"), [(True, 2), (3, 0)])
def test_a_run_says_what_it_left_out_and_its_package_ignores_it(
    tmp_path: Path, asked: bool | int, classes: int
) -> None:
    workspace, frame = new_workspace(tmp_path), table(classes=classes)
    wanted = settings(training__families=("lightgbm",), training__select_features=asked, training__ensemble=False)
    _, result = run_here(workspace, frame, wanted)
    found = result["selection"]
    kept = {row["name"]: row["kept"] for row in found["columns"]}
    assert kept["a"] == kept["b"] == found["folds"] == 3
    assert len(found["never"]) >= 3 and set(found["never"]) <= {f"n{i}" for i in range(6)}
    assert result["settings"]["training"]["select_features"] == asked
    view = section.view(result, {})
    assert str(len(found["never"])) in str(view["said"]) and view["never"] == found["never"]
    predictor = Predictor.open(result["package"]["path"])
    before = predictor.predict_raw(frame)
    if found["never"]:
        weak = found["never"][0]
        models = [kept_columns(estimator) for _, estimator in predictor._model.members]  # type: ignore[attr-defined]
        assert all(names is not None and weak not in names for names in models)
        after = predictor.predict_raw(frame.with_columns(pl.lit(1e6).alias(weak)))
        assert np.array_equal(before, after)
    again = launch.repeat(workspace, result["run"])
    assert again["package"]["sha256"] == result["package"]["sha256"] and again["selection"] == found


@pytest.mark.usefixtures("sealed_here")
def test_without_being_asked_every_column_stays(tmp_path: Path) -> None:
    _, result = run_here(new_workspace(tmp_path), table(), settings())
    assert result["selection"] is None and section.view(result, {}) == {}


def test_more_columns_than_there_are_cannot_be_kept(tmp_path: Path) -> None:
    workspace, frame = new_workspace(tmp_path), table(120)
    with pytest.raises(UserError, match=r"select_features \(argument .*9 strongest columns, and there are only 8"):
        prepare(workspace, frame, settings(training__select_features=9))
    with pytest.raises(UserError, match="there are only 7 to learn from"):
        prepare(workspace, frame, settings(training__select_features=8, data__ignore=("b",)))
    assert rows_of(workspace, "select count(*) from run")[0][0] == 0
    for enough in (True, False, 8):
        check_most(enough, 8, "select_features")
    with pytest.raises(ValueError, match="select_features asks to keep the 9 strongest columns"):
        TabularClassifier(select_features=9, families=["linear"]).fit(frame.drop("y"), frame["y"])


def test_a_stored_dataset_and_a_try_are_asked_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainwright.jobs.attempt._open_sealed", lambda *_: None)
    workspace = new_workspace(tmp_path)
    run_here(workspace, table(120), settings())
    stored = {"data__target": None, "data__version": "d1", "data__folds": None, "data__repeats": None}
    with pytest.raises(UserError, match="there are only 8"):
        prepare(workspace, None, settings(**stored, training__select_features=12))
    with pytest.raises(UserError, match="no class 'maybe'"):
        prepare(workspace, None, settings(**stored, decision__cost={"no": {"maybe": 2}, "maybe": {"no": 1}}))
    with pytest.raises(UserError, match="there are only 8"):
        prepare_try(workspace, "demo", {"training.select_features": "12"})
    assert rows_of(workspace, "select count(*) from run")[0][0] == 1
