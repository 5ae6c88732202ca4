"""Rebalancing touches the rows that a fit learns from and nothing else; probabilities still mean what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from training_runs import new_workspace, run_here, settings

from trainwright.data.columns import Dataset, Layout
from trainwright.data.dataset import build_dataset
from trainwright.data.infer import infer_schema, infer_target
from trainwright.data.schema import Target
from trainwright.data.split import SplitRule, make_split
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.models.recalibrated import Recalibrated
from trainwright.packages.predictor import Predictor
from trainwright.training import rebalance, rebalance_plan, smote
from trainwright.training.fitting import fit_fold, fit_part
from trainwright.training.plan import Step
from trainwright.training.rebalance import FEWEST, LONGEST, Rebalance, stopping_rows
from trainwright.training.recalibrate import _by_fold, recalibrated
from trainwright.training.trials import Trial, Work

WAYS = ["weights", "over", "under", "smote"]
TARGET = Target("y", "classes", ("no", "yes"), positive="yes")


def uneven(n: int = 400, share: float = 0.15, classes: int = 2, seed: int = 0) -> tuple[Dataset, Target]:
    """Rows of every kind of column with missing values, of which the last class is rare."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=n)
    edges = [1 - share] if classes == 2 else [0.6, 1 - share]
    names = np.array(["no", "yes"]) if classes == 2 else np.array(["a", "b", "c"])
    frame = pl.DataFrame(
        {
            "size": np.where(rng.random(n) < 0.2, np.nan, signal + 0.5 * rng.normal(size=n)),
            "count": rng.integers(0, 40, n),
            "flag": rng.random(n) < 0.3,
            "colour": [None if rng.random() < 0.1 else str(c) for c in rng.choice(["red", "blue"], n)],
            "town": [f"town{k}" for k in rng.integers(0, 300, n)],
            "day": pl.Series(np.datetime64("2024-01-01") + rng.integers(0, 300, n)).cast(pl.Datetime("us")),
            "y": names[np.digitize(signal, np.quantile(signal, edges))],
        }
    ).with_columns(pl.col("size").fill_nan(None))
    inferred = infer_schema(frame, target="y", kinds={})
    table, target, _ = infer_target(inferred.frame, "y")
    return build_dataset(table, inferred.schema, target, Layout.learn(table, inferred.schema)), target


def work_of(dataset: Dataset, target: Target, way: str | None) -> Work:
    split = make_split(SplitRule(test_size=0.0, folds=3, repeats=1), len(dataset), task="classes", y=dataset.y)
    wanted = None if way is None else Rebalance(way, target)
    return Work(dataset, target, split.folds, seed=0, threads=1, jobs=1, rebalance=wanted)


# What the rows become


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("way", ["over", "smote"])
def test_rare_classes_are_brought_up_and_no_row_is_lost(way: str, classes: int) -> None:
    dataset, target = uneven(classes=classes)
    found = Rebalance(way, target).apply(dataset, seed=1)
    assert (found.after == found.before.max()).all()
    assert np.array_equal(np.bincount(found.dataset.y), found.after)
    assert set(found.dataset.rows) == set(dataset.rows)
    assert np.allclose(found.shift * found.before / found.before.sum() * classes, 1)


def test_under_sampling_leaves_out_rows_of_frequent_classes_and_copies_none() -> None:
    dataset, target = uneven()
    found = Rebalance("under", target).apply(dataset, seed=1)
    assert found.after.tolist() == [60, 60]
    assert len(np.unique(found.dataset.rows)) == len(found.dataset)
    assert np.array_equal(found.dataset.rows, np.sort(found.dataset.rows))


@given(
    counts=st.lists(st.integers(0, 3_000), min_size=2, max_size=6).filter(lambda c: sum(n > 0 for n in c) > 1),
    way=st.sampled_from(["over", "under", "smote"]),
)
@hypothesis_settings(max_examples=60, deadline=None)
def test_goals_keep_their_promises(counts: list[int], way: str) -> None:
    before = np.array(counts)
    target = Target("y", "classes", tuple(f"c{i}" for i in range(len(counts))))
    after = Rebalance(way, target).goals(before)
    assert ((after > 0) == (before > 0)).all()
    if way == "under":
        assert (after <= before).all()
        assert (after >= np.minimum(before, FEWEST)).all()
    else:
        assert (after >= before).all()
        assert after.sum() <= max(LONGEST * before.sum(), before.sum())


@pytest.mark.parametrize("way", WAYS)
def test_the_same_seed_gives_the_same_rows(way: str) -> None:
    dataset, target = uneven()
    one, two, other = (Rebalance(way, target).apply(dataset, seed).dataset for seed in (3, 3, 4))
    assert np.array_equal(one.columns.numbers, two.columns.numbers, equal_nan=True)
    assert np.array_equal(one.y, two.y)
    if way != "weights":
        same = len(one) == len(other) and np.array_equal(one.columns.numbers, other.columns.numbers, equal_nan=True)
        assert not same


@pytest.mark.parametrize("way", ["over", "smote"])
def test_copies_share_the_unit_of_their_original(way: str) -> None:
    dataset, target = uneven()
    found = Rebalance(way, target).apply(dataset, seed=0).dataset
    assert found.columns.units is not None
    by_unit: dict[int, set[int]] = {}
    for unit, row in zip(found.columns.units.tolist(), found.rows.tolist()):
        by_unit.setdefault(unit, set()).add(row)
    assert all(len(rows) == 1 for rows in by_unit.values())
    grouped = replace(dataset, columns=replace(dataset.columns, units=np.arange(len(dataset)) // 5))
    kept = Rebalance(way, target).apply(grouped, seed=0).dataset
    assert kept.columns.units is not None
    assert np.array_equal(kept.columns.units, kept.rows // 5)


def test_class_weights_multiply_the_weights_of_the_rows() -> None:
    dataset, target = uneven()
    weighted = replace(dataset, weight=np.random.default_rng(0).uniform(0.5, 2, len(dataset)))
    found = Rebalance("weights", target).apply(weighted, 0).dataset
    assert found.weight is not None and weighted.weight is not None
    sums = np.bincount(found.y, weights=found.weight)
    assert sums[0] == pytest.approx(sums[1])
    assert found.weight.sum() == pytest.approx(weighted.weight.sum())
    mine = Rebalance("weights", target, {"yes": 3.0}).apply(weighted, 0).dataset
    assert mine.weight is not None
    ratio = mine.weight / weighted.weight
    assert ratio[dataset.y == 1].mean() == pytest.approx(3 * ratio[dataset.y == 0].mean())


def test_one_class_alone_stays_as_it_is() -> None:
    dataset, target = uneven()
    alone = dataset.take(np.flatnonzero(dataset.y == 0))
    for way in WAYS:
        assert Rebalance(way, target).apply(alone, 0).dataset is alone


# SMOTE


def test_made_up_rows_look_like_rows_of_the_class() -> None:
    dataset, target = uneven(n=600)
    found = Rebalance("smote", target).apply(dataset, 0).dataset
    names = dataset.columns.layout.numbers
    real = dataset.take(np.flatnonzero(dataset.y == 1)).columns
    made = found.take(np.flatnonzero(found.y == 1)).columns
    size, count, flag = (names.index(name) for name in ("size", "count", "flag"))
    assert np.nanmin(made.numbers[:, size]) >= np.nanmin(real.numbers[:, size]) - 1e-6
    assert np.nanmax(made.numbers[:, size]) <= np.nanmax(real.numbers[:, size]) + 1e-6
    assert (made.numbers[:, count] == np.rint(made.numbers[:, count])).all()
    assert set(np.unique(made.numbers[:, flag])) <= {0.0, 1.0}
    missing = np.isnan(real.numbers[:, size]).mean()
    assert abs(np.isnan(made.numbers[:, size]).mean() - missing) < 0.1
    for j in range(real.codes.shape[1]):  # "town" has too many values to vote: they come from real rows too
        assert set(made.codes[:, j]) <= set(real.codes[:, j])
    assert set(made.times[:, 0] // 86_400 * 86_400) != set()
    assert len(np.unique(made.numbers, axis=0)) > len(real)


@pytest.mark.parametrize("kinds", ["numbers", "categories", "texts"])
def test_smote_on_columns_of_one_kind(kinds: str) -> None:
    rng = np.random.default_rng(0)
    n = 60
    by_kind: dict[str, dict[str, Any]] = {
        "numbers": {"a": rng.normal(size=n), "b": rng.normal(size=n)},
        "categories": {"c": rng.choice(["u", "v"], n), "d": rng.choice(["p", "q", "r"], n)},
        "texts": {"t": [f"some words number {k} about pumps and valves in hall {k % 7}" for k in range(n)]},
    }
    frame = pl.DataFrame({**by_kind[kinds], "y": ["no"] * 50 + ["yes"] * 10})
    inferred = infer_schema(frame, target="y")
    table, target, _ = infer_target(inferred.frame, "y")
    dataset = build_dataset(table, inferred.schema, target, Layout.learn(table, inferred.schema))
    found = Rebalance("smote", target).apply(dataset, 0)
    assert found.after.tolist() == [50, 50]
    assert len(found.dataset.columns) == 100


@pytest.mark.parametrize("rare", [1, 2, 4])
def test_smote_with_fewer_rows_than_neighbours(rare: int) -> None:
    dataset, target = uneven(n=200)
    few = np.concatenate([np.flatnonzero(dataset.y == 0), np.flatnonzero(dataset.y == 1)[:rare]])
    found = Rebalance("smote", target).apply(dataset.take(few), 0)
    assert found.after[1] == found.before[0]


def test_smote_names_the_class_that_has_no_neighbours() -> None:
    dataset, target = uneven(n=200)
    keep = np.concatenate([np.flatnonzero(dataset.y == 0), np.flatnonzero(dataset.y == 1)[:2]])
    work = work_of(dataset.take(keep), target, "smote")
    with pytest.raises(UserError, match="class 'yes' has fewer than 2 rows") as caught:
        rebalance_plan.reasons(work.rebalance, work.dataset.y, work.folds)
    assert "over" in str(caught.value.remedy)


def test_smote_without_the_library_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smote, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentProblem, match="imbalanced-learn") as caught:
        Rebalance.of(None, "smote", TARGET)
    assert "pip install" in str(caught.value.remedy)


def test_smote_of_many_rows_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebalance, "MOST_MADE", 30)
    monkeypatch.setattr(smote, "MOST_SOURCES", 20)
    dataset, target = uneven()
    found = Rebalance("smote", target).apply(dataset, 0)
    assert len(found.dataset) == len(dataset) + 30


# Only the rows that are learned from


@pytest.mark.parametrize("way", WAYS)
def test_held_out_rows_change_nothing(way: str) -> None:
    dataset, target = uneven()
    step = Step("linear", "linear")
    models = []
    for poison in (False, True):
        work = work_of(dataset, target, way)
        if poison:
            y = dataset.y.copy()
            y[work.folds[0].validation] = 1 - y[work.folds[0].validation]
            numbers = dataset.columns.numbers.copy()
            numbers[work.folds[0].validation] = 1e6
            columns = replace(dataset.columns, numbers=numbers)
            work = replace(work, dataset=replace(dataset, y=y, columns=columns))
        models.append(fit_fold(step, 0, work, lambda event: None).estimator.predict(dataset.columns))
    assert np.array_equal(models[0], models[1])


@pytest.mark.parametrize("way", WAYS)
def test_stopping_rows_are_weighed_but_neither_copied_nor_left_out(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from trainwright.models.lightgbm import LightGBM

    dataset, target = uneven()
    seen: dict[str, Any] = {}

    def spy(self: Any, X: Any, y: np.ndarray, *, sample_weight: Any, validation: Any, **rest: Any) -> Any:
        seen.update(y=y, weight=sample_weight, validation=validation)
        return self

    monkeypatch.setattr(LightGBM, "fit", spy)
    work = work_of(dataset, target, way)
    step = Step("lightgbm", "lightgbm", {"features": "plain"}, inner=0.25)
    fitted = fit_part(step, np.arange(len(dataset)), work, 0, lambda event: None)
    stopping = seen["validation"]
    assert len(np.unique(stopping.rows)) == len(stopping) == 100
    share = stopping.y.mean()
    assert share == pytest.approx(0.15, abs=0.02)
    balance = np.average(stopping.y, weights=stopping.weight)
    assert balance == pytest.approx(0.5, abs=0.05)
    assert fitted.rebalanced is not None and sum(fitted.rebalanced["before"]) == 300


def test_stopping_rows_keep_their_own_weights() -> None:
    dataset, _ = uneven(n=100)
    weighed = stopping_rows(replace(dataset, weight=np.full(100, 2.0)), np.array([0.5, 3.0]))
    assert weighed.weight is not None
    assert set(weighed.weight) == {1.0, 6.0}


def test_a_majority_is_never_rebalanced() -> None:
    dataset, target = uneven()
    fit = fit_fold(Step("baseline", "baseline"), 0, work_of(dataset, target, "over"), lambda event: None)
    assert fit.rebalanced is None
    assert fit.prediction[0, 1] == pytest.approx(0.15, abs=0.01)


# What is asked for


@pytest.mark.parametrize(
    ("class_weight", "resample", "words"),
    [
        ("balanced", "over", "both give rare classes more say"),
        ({"maybe": 2.0}, None, "names the class 'maybe'"),
    ],
)
def test_wishes_that_cannot_be_met(class_weight: Any, resample: str | None, words: str) -> None:
    with pytest.raises(UserError, match=words):
        Rebalance.of(class_weight, resample, TARGET)


def test_numbers_have_no_classes_to_rebalance(tmp_path: Path) -> None:
    table = pl.DataFrame({"a": np.arange(200.0), "y": np.arange(200.0) ** 1.5})
    with pytest.raises(UserError, match="the target 'y' is a number"):
        run_here(new_workspace(tmp_path), table, settings(training__resample="over"))


def test_nothing_is_done_unless_asked_for() -> None:
    assert Rebalance.of(None, None, TARGET) is None
    assert Rebalance.of(None, "none", TARGET) is None


# Probabilities


@pytest.mark.parametrize("family", ["linear", "forest"])
@pytest.mark.parametrize("way", WAYS)
def test_probabilities_match_the_share_of_the_rare_class_again(way: str, family: str) -> None:
    dataset, target = uneven(n=900, share=0.08)
    work = work_of(dataset, target, way)
    settings_of = {"n_estimators": 20} if family == "forest" else {}
    trial = Trial(Step(family, family, settings_of))
    for index in range(3):
        trial.fits[index] = fit_fold(trial.step, index, work, lambda event: None)
    held_out = np.concatenate([trial.fits[i].prediction[:, 1] for i in range(3)])
    mended = recalibrated([trial], work)[0]
    honest = np.concatenate([mended.fits[i].prediction[:, 1] for i in range(3)])
    share = dataset.y.mean()
    assert held_out.mean() > 1.15 * share  # what the remedy does to probabilities, and
    assert honest.mean() == pytest.approx(share, rel=0.1)  # that it is undone
    fresh, _ = uneven(n=900, share=0.08, seed=5)
    answers = np.mean([mended.fits[i].estimator.predict(fresh.columns)[:, 1] for i in range(3)], axis=0)
    assert answers.mean() == pytest.approx(share, rel=0.25)
    assert all(isinstance(fit.estimator, Recalibrated) for fit in mended.fits.values())


def test_the_correction_of_a_fold_does_not_come_from_its_own_rows() -> None:
    dataset, target = uneven(n=600)
    work = work_of(dataset, target, "over")
    trial = Trial(Step("linear", "linear"))
    for index in range(3):
        trial.fits[index] = fit_fold(trial.step, index, work, lambda event: None)
    y = dataset.y.copy()
    y[work.folds[0].validation] = 1 - y[work.folds[0].validation]
    # The same models and predictions; only the truth of the fold's own rows is another.
    poisoned = replace(work, dataset=replace(dataset, y=y))
    for sharpen in (False, True):
        clean, other = (_by_fold(trial, given_work, sharpen=sharpen) for given_work in (work, poisoned))
        assert clean[0] == other[0]
        assert clean[1] != other[1]


# A whole run


def rare_events(n: int = 700, seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n), rng.normal(size=n)
    chance = 1 / (1 + np.exp(-(2 * a + b - 3)))
    return pl.DataFrame(
        {"a": a, "b": b, "kind": rng.choice(["u", "v"], n), "y": np.where(rng.random(n) < chance, "yes", "no")}
    )


@pytest.mark.parametrize(("key", "value"), [("class_weight", "balanced"), ("resample", "over"), ("resample", "smote")])
def test_a_run_says_what_it_rebalanced_and_predicts_calibrated(
    key: str, value: str, tmp_path: Path, sealed_here: None
) -> None:
    table = rare_events()
    _, result = run_here(new_workspace(tmp_path), table, settings(**{f"training__{key}": value}))
    found = result["imbalance"]
    rare = next(row for row in found["classes"] if row["class"] == "yes")
    assert rare["mean_probability"] == pytest.approx(rare["share"], rel=0.1)
    assert bool(found["library"]) == (value == "smote")
    if key == "resample":
        assert rare["after"] > 3 * rare["before"]
    else:
        assert rare["weight"] > 2
    assert any("as asked" in reason for reason in result["plan"]["reasons"])
    assert any(note.get("code") == "rebalanced" for note in result["notes"])
    predictor = Predictor.open(Path(result["package"]["path"]))
    answers = predictor.predict(table)["probability_yes"].to_numpy()
    assert answers.mean() == pytest.approx((table["y"] == "yes").mean(), rel=0.15)
    one = predictor.predict_row(table.row(0, named=True))
    assert one["probability_yes"] == pytest.approx(answers[0])


def test_without_a_wish_the_result_says_so(tmp_path: Path, sealed_here: None) -> None:
    _, result = run_here(new_workspace(tmp_path), rare_events(300), settings())
    assert result["imbalance"] is None


def test_the_same_run_gives_the_same_package_again(tmp_path: Path, sealed_here: None) -> None:
    table, wanted = rare_events(400), settings(training__resample="smote")
    shas = [run_here(new_workspace(tmp_path / name), table, wanted)[1]["package"]["sha256"] for name in ("one", "two")]
    assert shas[0] == shas[1]
