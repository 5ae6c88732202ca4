"""The scikit-learn estimators keep scikit-learn's contract, and read what its users hand over."""

from __future__ import annotations

import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import trainwright as tw

WEIGHTS = (
    "A row of weight 2 is one row: it lies in one fold and a forest draws it as one, while two equal rows may lie in "
    "two folds."
)
CLASS_WEIGHTS = (
    "Class weights change what is learned; the probabilities are calibrated again, so that the most probable class is "
    "still the most probable one. Decisions follow costs through `threshold_`."
)
EXEMPT = {
    "check_sample_weight_equivalence_on_dense_data": WEIGHTS,
    "check_class_weight_classifiers": CLASS_WEIGHTS,
}


@parametrize_with_checks(
    [tw.TabularClassifier(), tw.TabularRegressor()], expected_failed_checks=lambda estimator: EXEMPT
)
def test_scikit_learn_check(estimator, check):
    check(estimator)


def people(n: int = 120, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    """A table with a column of every kind, and labels that follow from the job and the age."""
    rng = np.random.default_rng(seed)
    job = rng.choice(["cook", "clerk", "nurse"], n)
    age = rng.integers(18, 80, n).astype(float)
    label = np.where((job == "cook") | (age > 60), "yes", "no")
    frame = pl.DataFrame(
        {
            "person": [f"P{i:05d}" for i in range(n)],
            "job": job,
            "age": np.where(rng.random(n) < 0.1, np.nan, age),
            "since": pl.Series(np.datetime64("2020-01-01") + rng.integers(0, 900, n)).cast(pl.Date),
            "member": rng.random(n) < 0.5,
        }
    )
    return frame, label


# Tables


@pytest.mark.parametrize("kind", ["polars", "pandas", "arrow", "columns", "records", "rows"])
def test_every_kind_of_table_gives_the_same_model(kind):
    X, y = people()
    as_given = {
        "polars": lambda frame: frame,
        "pandas": lambda frame: frame.to_pandas(),
        "arrow": lambda frame: frame.to_arrow(),
        "columns": lambda frame: frame.to_dict(as_series=False),
        "records": lambda frame: frame.rows(named=True),
        "rows": lambda frame: np.array(frame.rows(), dtype=object),
    }[kind]
    expected = tw.TabularClassifier(families="linear").fit(X, y).predict_proba(X)
    model = tw.TabularClassifier(families="linear").fit(as_given(X), list(y))
    assert model.predict_proba(as_given(X[:30])) == pytest.approx(expected[:30], abs=1e-9)
    assert model.score(as_given(X), y) > 0.85
    assert hasattr(model, "feature_names_in_") == (kind != "rows")


def test_the_kinds_that_were_found_can_be_read_off():
    X, y = people()
    schema = tw.TabularClassifier(families="linear").fit(X, y).schema_
    assert [c.kind.value for c in schema.columns] == ["identifier", "category", "number", "datetime", "boolean"]
    assert schema["person"].role.value == "ignored"
    assert "identifier" in schema["person"].reason


def test_a_numeric_array_keeps_whole_number_columns_that_look_like_identifiers():
    X = np.arange(80).reshape(-1, 1)
    model = tw.TabularRegressor(families="linear").fit(X, 2.0 * X[:, 0])
    assert [c.role.value for c in model.schema_.columns] == ["feature"]
    assert model.score(X, 2.0 * X[:, 0]) > 0.99


def test_missing_infinite_and_unseen_values_are_answered():
    X, y = people()
    model = tw.TabularClassifier(families="linear").fit(X, y)
    odd = X[:3].with_columns(pl.Series("job", ["astronaut", None, "cook"]), pl.Series("age", [np.inf, None, 30.0]))
    assert np.isfinite(model.predict_proba(odd)).all()


# Learned state


def test_out_of_fold_predictions_come_from_models_that_did_not_see_the_row():
    X = np.random.default_rng(0).normal(size=(100, 4))
    y = np.random.default_rng(1).normal(size=100)  # nothing to learn
    model = tw.TabularRegressor(families=["decision_tree"], folds=4).fit(X, y)
    assert np.corrcoef(model.oof_prediction_, y)[0, 1] < 0.4
    assert model.oof_prediction_.shape == (100,)


def test_groups_are_never_on_both_sides_of_a_fold():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(20), 10)
    X = rng.normal(size=(20, 3))[group] + 1e-6 * rng.normal(size=(200, 3))
    y = rng.normal(size=20)[group]  # known once the group is known
    plain = tw.TabularRegressor(families="extra_trees").fit(X, y)
    grouped = tw.TabularRegressor(families="extra_trees").fit(X, y, groups=group)
    assert np.corrcoef(plain.oof_prediction_, y)[0, 1] > 0.95
    assert np.corrcoef(grouped.oof_prediction_, y)[0, 1] < 0.6


def test_a_row_of_weight_zero_changes_nothing():
    X, y = people()
    junk = X.with_columns(pl.lit("forged").alias("job"), pl.lit(-1e9).alias("age"))
    weight = np.r_[np.ones(len(X)), np.zeros(len(junk))]
    both = tw.TabularClassifier(families="linear").fit(pl.concat([X, junk]), np.r_[y, y[::-1]], sample_weight=weight)
    alone = tw.TabularClassifier(families="linear").fit(X, y, sample_weight=np.ones(len(X)))
    assert both.predict_proba(X) == pytest.approx(alone.predict_proba(X), abs=1e-12)
    assert np.isnan(both.oof_prediction_[len(X) :]).all()
    assert np.isfinite(both.oof_prediction_[: len(X)]).all()


def test_weights_count():
    X = np.zeros((60, 1))
    y = np.r_[np.zeros(30), np.full(30, 10.0)]
    model = tw.TabularRegressor(families="baseline").fit(X, y, sample_weight=np.where(y > 0, 3.0, 1.0))
    assert model.predict(X[:1])[0] == pytest.approx(7.5, abs=0.5)


def test_the_leaderboard_is_sorted_and_its_first_usable_row_explains_the_choice():
    X, y = people()
    model = tw.TabularClassifier(families=["linear", "decision_tree"], ensemble=False, metric="accuracy").fit(X, y)
    assert {row["name"] for row in model.leaderboard_} == {"baseline", "linear", "decision_tree"}
    scores = [row["metrics"]["accuracy"] for row in model.leaderboard_]
    assert scores == sorted(scores, reverse=True)
    assert model.selected_ == model.leaderboard_[0]["name"]


def test_the_threshold_belongs_to_the_positive_class():
    X, y = people()
    y = np.where((X["job"] == "cook").to_numpy() & (X["age"].fill_nan(0) > 60).to_numpy(), "rare", "usual")
    model = tw.TabularClassifier(families="linear", positive="rare").fit(X, y)
    assert 0 < model.threshold_ < 1
    assert tw.TabularRegressor(families="linear").fit(X, np.arange(len(X))).selected_ in ("linear", "baseline")


def test_the_same_parameters_give_the_same_model_and_another_seed_another():
    X, y = people()
    first = tw.TabularClassifier(families="forest").fit(X, y).predict_proba(X)
    again = tw.TabularClassifier(families="forest").fit(X, y).predict_proba(X)
    other = tw.TabularClassifier(families="forest", random_state=7).fit(X, y).predict_proba(X)
    assert (first == again).all()
    assert (first != other).any()


def test_a_pickle_of_the_default_plan_answers_alike():
    X, y = people()
    model = tw.TabularClassifier().fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    assert (copy.predict_proba(X) == model.predict_proba(X)).all()
    assert any(row["family"] in ("catboost", "lightgbm") for row in model.leaderboard_)


def test_the_shortest_time_limit_still_gives_a_model():
    X, y = people()
    model = tw.TabularClassifier(time_limit="1s").fit(X, y)  # on a busy machine perhaps no more than the majority
    assert model.score(X, y) >= max(np.mean(np.asarray(y) == label) for label in np.unique(np.asarray(y)))


def test_without_a_time_limit_the_plan_does_not_depend_on_the_machine():
    X, y = people()
    notes = [tw.TabularClassifier(threads=threads).fit(X, y).notes_ for threads in (1, 2)]
    assert notes[0] == notes[1]


def test_a_family_that_fails_is_named_and_the_others_answer(monkeypatch):
    from trainwright.training import fitting

    make = fitting.new_estimator

    def broken(step, target, custom):
        if step.family == "decision_tree":
            raise RuntimeError("no such tree")
        return make(step, target, custom)

    monkeypatch.setattr(fitting, "new_estimator", broken)
    X, y = people()
    with pytest.warns(UserWarning, match="decision_tree is left out: it failed: RuntimeError: no such tree"):
        model = tw.TabularClassifier(families=["linear", "decision_tree"]).fit(X, y)
    assert model.selected_ == "linear"
    assert any("no such tree" in note for note in model.notes_)


# scikit-learn's tools


def test_it_stands_in_a_pipeline_under_cross_validation():
    X = np.random.default_rng(0).normal(size=(90, 3))
    y = 3 * X[:, 0] - X[:, 1]
    scores = cross_val_score(make_pipeline(StandardScaler(), tw.TabularRegressor(families="linear")), X, y, cv=3)
    assert scores.min() > 0.95


def test_a_grid_search_chooses_among_families():
    X, y = people()
    search = GridSearchCV(
        tw.TabularClassifier(), {"families": [["baseline"], ["linear"]]}, scoring="roc_auc", cv=3
    ).fit(X.to_pandas(), y)
    assert search.best_params_ == {"families": ["linear"]}
    assert search.best_score_ > 0.85


def test_groups_can_be_routed_to_the_estimator_and_the_splitter():
    import sklearn

    X, y = people()
    group = np.arange(len(X)) // 6
    with sklearn.config_context(enable_metadata_routing=True):
        model = tw.TabularClassifier(families="linear").set_fit_request(groups=True)
        scores = cross_val_score(model, X.to_pandas(), y, cv=GroupKFold(3), params={"groups": group})
    assert scores.min() > 0.75


# Refusals


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"families": ["lihtgbm"]}, "'families' parameter of TabularClassifier must be names among"),
        ({"metric": "roc_acu"}, "did you mean 'roc_auc'"),
        ({"folds": 1}, "'folds' parameter of TabularClassifier must be an int of at least 2 or None. Got 1"),
        ({"threads": 0}, "'threads' parameter"),
        ({"time_limit": 0}, "'time_limit' parameter"),
        ({"time_limit": "soon"}, "not a span of time"),
        ({"positive": "maybe"}, "'positive' parameter of TabularClassifier must be one of \\['no', 'yes'\\]"),
    ],
)
def test_a_wrong_parameter_is_named_in_fit(parameters, words):
    X, y = people(60)
    with pytest.raises(ValueError, match=words):
        tw.TabularClassifier(**parameters).fit(X, y)


def test_rows_that_cannot_be_used_are_refused():
    X, y = people(60)
    model = tw.TabularClassifier(families="linear")
    with pytest.raises(ValueError, match="only one class: 'no'"):
        model.fit(X, np.full(60, "no"))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(X, y[:-1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(X, y, groups=np.arange(59))
    with pytest.raises(ValueError, match="Input y contains None"):
        model.fit(X, [None, *y[1:]])
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        model.fit(X, y, sample_weight=np.r_[-1.0, np.ones(59)])
    with pytest.raises(ValueError, match="2-dimensional container"):
        model.fit(X["age"], y)
    with pytest.raises(ValueError, match="1 groups"):
        model.fit(X, y, groups=np.zeros(60))


def test_columns_that_changed_since_fit_are_named():
    X, y = people(60)
    model = tw.TabularClassifier(families="linear").fit(X, y)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(X.rename({"age": "years"}))
    with pytest.raises(ValueError, match="0 sample"):
        model.predict(X[:0])


# Rules


@settings(max_examples=12, deadline=None)
@given(
    st.integers(2, 25).flatmap(
        lambda n: st.lists(st.sampled_from(["a", "b", "c"]), min_size=n, max_size=n).filter(lambda y: len(set(y)) > 1)
    )
)
def test_few_rows_of_any_classes_give_probabilities_of_exactly_these_classes(y):
    X = np.random.default_rng(len(y)).normal(size=(len(y), 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        model = tw.TabularClassifier(families=["linear"]).fit(X, y)
    p = model.predict_proba(X)
    assert model.classes_.tolist() == sorted(set(y))
    assert p.shape == (len(y), len(model.classes_))
    assert p.sum(axis=1) == pytest.approx(1)
    assert (model.predict(X) == model.classes_[p.argmax(axis=1)]).all()


def test_the_guide_runs_as_it_is_printed(capsys):
    page = (Path(__file__).parents[1] / "docs" / "guides" / "scikit-learn.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "scikit-learn.md", "exec"), names)
    assert len(blocks) == 4
    assert "identifier" in capsys.readouterr().out
