"""The explainable boosting machine and XGBoost: equal to their libraries, additive, and honest when absent."""

from __future__ import annotations

import numpy as np
import pytest
from models_contract_data import TARGETS, fitted, make, table

from trainwright.data.columns import Columns, Dataset, Layout
from trainwright.data.schema import Target
from trainwright.errors import EnvironmentProblem
from trainwright.models import ebm, extras
from trainwright.models.families import families
from trainwright.models.features.levels import MOST_LEVELS, Levels

needs_ebm = pytest.mark.skipif(not extras.is_installed(families()["ebm"]), reason="the extra 'explain' is absent")
needs_xgboost = pytest.mark.skipif(not extras.is_installed(families()["xgboost"]), reason="the extra is absent")


@needs_ebm
@pytest.mark.parametrize("task", ["two", "four", "number"])
def test_our_ebm_predicts_as_the_library_does(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = table(task)
    machines, taken = [], ebm._taken_over
    monkeypatch.setattr(ebm, "_taken_over", lambda machine, kept: machines.append(machine) or taken(machine, kept))
    model = make("ebm", task).fit(X, y, seed=1)
    values = model._values(X)[:, model._kept]
    ours = model.predict(X)
    if task == "number":
        theirs = model._outcome.predictions(machines[0].predict(values))
    else:
        theirs = machines[0].predict_proba(values)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


@needs_ebm
@pytest.mark.parametrize("task", ["two", "number"])
def test_the_terms_of_an_ebm_sum_to_its_prediction(task: str) -> None:
    X, _ = table(task)
    model = fitted("ebm", task)
    prediction = model.predict(X)
    score = prediction if task == "number" else np.log(prediction[:, 1] / prediction[:, 0])
    for pushes in (model.contributions(X), {k: v[:, 0] for k, v in model.terms(X).items()}):
        rest = score - sum(pushes.values())
        np.testing.assert_allclose(rest, rest[0], atol=1e-9)  # the intercept, the same for every row


@needs_ebm
def test_pairs_are_learned_where_two_columns_act_together() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(1500, 3))
    layout = Layout(("a", "b", "c"), (), (), (), ())
    empty = np.empty((1500, 0))
    X = Columns(numbers, empty.astype(np.int32), empty, empty.astype(object), layout)
    y = (numbers[:, 0] * numbers[:, 1] > 0).astype(np.int64)
    answers = {}
    for pairs in (0, 3):
        settings = {"interactions": pairs, "max_rounds": 300, "bags": 2}
        model = families()["ebm"].load()(TARGETS["two"], settings).fit(X.take(np.arange(1000)), y[:1000])
        held = model.predict(X.take(np.arange(1000, 1500)))[:, 1] > 0.5
        answers[pairs] = (held == y[1000:]).mean()
        assert (("a", "b") in model.terms(X)) == (pairs > 0)
    assert answers[3] > 0.9 > 0.65 > answers[0]


@needs_ebm
def test_bags_keep_groups_whole_and_every_class_in() -> None:
    model = make("ebm", "two")
    y = np.r_[np.zeros(110, dtype=np.int64), np.ones(10, dtype=np.int64)]
    model._outcome = ebm.Outcome.learn(y, None, TARGETS["two"])
    units = np.repeat(np.arange(24), 5)
    bags = model._bags(y.astype(float), None, units, 4, 0)
    assert bags is not None and bags.shape == (120, 4)
    for bag in bags.T:
        assert (bag[y == 1] == 1).any() and (bag == -1).any()
        assert all(len(set(bag[(units == unit) & (y == 0)])) <= 1 for unit in range(24))


@needs_ebm
def test_rows_given_for_stopping_are_never_learned_from() -> None:
    X, y = table("two")
    rows, inner = np.arange(160), np.arange(160, 240)
    held = Dataset(X.take(inner), y[inner], inner)
    turned = Dataset(X.take(inner), 1 - y[inner], inner)
    settings = {"max_rounds": 400, "bags": 2}
    model, misled = (
        families()["ebm"].load()(TARGETS["two"], settings).fit(X.take(rows), y[rows], validation=part, seed=1)
        for part in (held, turned)
    )
    # Labels turned over stop it at once, and change nothing else that it could learn.
    assert misled.iterations < model.iterations
    truth = y[:160]
    assert ((misled.predict(X.take(rows))[:, 1] > 0.5) == truth).mean() >= max(truth.mean(), 1 - truth.mean())


def test_many_rare_categories_share_a_score() -> None:
    codes = np.repeat(np.arange(MOST_LEVELS + 50), 3)[:, None].astype(np.int32)
    levels = Levels.learn(codes)
    assert levels.transform(codes).max() == MOST_LEVELS
    assert Levels.from_json(levels.to_json()).transform(np.array([[99_999], [-2]]))[:, 0].tolist() == [MOST_LEVELS] * 2
    few = Levels.learn(codes[:30])
    assert np.isnan(few.transform(np.array([[99_999]]))).all()


@needs_xgboost
def test_xgboost_shap_values_sum_to_its_prediction() -> None:
    X, _ = table("two")
    model = fitted("xgboost", "two")
    prediction = model.predict(X)
    rest = np.log(prediction[:, 1] / prediction[:, 0]) - sum(model.contributions(X).values())
    np.testing.assert_allclose(rest, rest[0], atol=1e-4)


@needs_xgboost
def test_xgboost_stops_by_its_inner_rows_and_tells_its_progress() -> None:
    X, y = table("two")
    held = Dataset(X.take(np.arange(160, 240)), y[160:240], np.arange(160, 240))
    events: list[dict] = []
    model = families()["xgboost"].load()(TARGETS["two"], {"patience": 5})
    model.fit(X.take(np.arange(160)), y[:160], validation=held, report=events.append)
    assert 1 <= model.iterations < 1000
    assert all(event["family"] == "xgboost" and event["of"] == 1000 for event in events)


@pytest.mark.parametrize("family", ["ebm", "xgboost"])
def test_without_its_library_a_family_says_what_to_install(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = families()[family]
    monkeypatch.setitem(extras.LIBRARIES, spec.extra, "no_such_library")
    X, y = table("two")
    with pytest.raises(EnvironmentProblem) as caught:
        spec.load()(Target("y", "classes", ("no", "yes"), "yes")).fit(X, y)
    assert caught.value.exit_code == 3
    assert f'pip install "trainwright[{spec.extra}]"' in str(caught.value) and family in str(caught.value)
