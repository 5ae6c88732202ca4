"""A plan is a pure function of the data's size and the limit: counts, never a clock."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.training.budget import Budget
from trainwright.training.plan import Facts, Plan, choose_folds, make_plan, wall


def facts(**changes):
    base = {
        "task": "classes",
        "n_rows": 20_000,
        "n_train": 16_000,
        "n_folds": 5,
        "n_numbers": 10,
        "n_categories": 4,
        "n_texts": 0,
        "n_outputs": 2,
        "threads": 1,
        "jobs": 2,
    }
    return Facts(**{**base, **changes})


def test_the_default_plan_has_the_baselines_first_and_catboost_as_the_first_contender():
    plan = make_plan(facts(), 600)
    names = [step.name for step in plan.steps]
    assert names[:3] == ["baseline", "linear", "forest"]
    assert names[3] == "catboost"
    assert {"lightgbm_engineered", "lightgbm"} <= set(names)


@settings(max_examples=40, deadline=None)
@given(st.integers(100, 2_000_000), st.floats(1, 3600), st.integers(1, 200), st.sampled_from(["classes", "number"]))
def test_a_plan_is_reproducible_survives_json_and_keeps_to_its_seconds(n, seconds, width, task):
    size = facts(n_rows=n, n_train=int(n * 0.8) + 1, n_numbers=width, task=task, n_outputs=1 if task == "number" else 3)
    plan = make_plan(size, seconds)
    assert plan == make_plan(size, seconds)
    assert Plan.from_json(plan.to_json()) == plan
    contenders = [step for step in plan.steps if step.role == "candidate" and not step.optional]
    baselines = sum(wall(s, size) for s in plan.steps if s.role == "baseline")
    # Contenders fill at most what baselines leave; rounding iterations up to one may exceed by a fraction.
    assert sum(wall(s, size) for s in contenders) <= max(seconds - baselines, 0) * 1.25 + 1.0


def test_a_limit_too_short_for_a_booster_gives_the_baselines_and_says_so():
    plan = make_plan(facts(n_rows=500_000, n_train=400_000), 2)
    assert [step.role for step in plan.steps] == ["baseline"] * 3
    assert any("baselines only" in reason for reason in plan.reasons)
    assert any("baselines only" in reason for reason in plan.too_long)
    assert set(plan.too_long) <= set(plan.shortened)


def test_what_the_time_limit_did_not_cut_is_not_told_as_cut():
    plan = make_plan(facts(task="number", n_outputs=1), 20, chosen=("catboost", "adaboost", "linear"), custom=("mine",))
    smaller = next(reason for reason in plan.reasons if "rounds instead of 1000" in reason)
    assert smaller in plan.shortened and not plan.too_long
    assert not any("handed over" in reason for reason in plan.shortened)


def test_less_time_means_fewer_rounds_and_the_reason_is_given():
    full = next(step for step in make_plan(facts(), 1e9).steps if step.name == "catboost")
    short, long = make_plan(facts(), wall(full, facts()) * 0.6), make_plan(facts(), 1e9)
    rounds = [
        next(s for s in plan.steps if s.name == "catboost").settings.get("iterations", 1000) for plan in (short, long)
    ]
    assert rounds[0] < rounds[1]
    assert any("rounds instead of" in reason for reason in short.reasons)


def test_families_by_name_replace_the_contenders_and_keep_the_baselines():
    plan = make_plan(facts(), 600, chosen=("lightgbm",), family_settings={"lightgbm": {"n_estimators": 50}})
    assert [step.name for step in plan.steps] == ["baseline", "linear", "forest", "lightgbm"]
    assert plan.steps[-1].settings["n_estimators"] == 50


def test_baselines_of_a_large_table_learn_from_a_sample_and_say_so():
    linear = next(s for s in make_plan(facts(n_rows=10**6, n_train=800_000), 900).steps if s.name == "linear")
    assert linear.max_rows is not None
    assert "training rows" in linear.reason


@pytest.mark.parametrize(
    ("rows", "seconds", "folds"), [(30_000, 20, 3), (30_000, 120, None), (500, 20, 5), (300, 20, None)]
)
def test_short_limits_mean_fewer_folds(rows, seconds, folds):
    assert choose_folds(rows, seconds) == folds


def test_a_budget_keeps_time_for_what_follows_the_fits(monkeypatch):
    monkeypatch.setattr("time.time", lambda: 100.0)
    budget = Budget(limit=100.0, started=90.0)
    assert budget.elapsed() == 10.0
    assert budget.remaining() == pytest.approx(90 - budget.tail())
    assert 0 < budget.tail() < 45
    assert not budget.allows(89.0)
    assert Budget(limit=None, started=0.0).remaining() == float("inf")


def test_further_contenders_wait_for_the_clock_and_are_fewer_for_few_rows():
    def further(n):
        plan = make_plan(facts(n_rows=n, n_train=n), 300)
        return [step.name for step in plan.steps if step.optional]

    assert further(200) == []
    assert 0 < len(further(1_000)) < len(further(5_000))
    assert not any(step.optional for step in make_plan(facts(), 300, optional=False).steps)
    assert not any(step.optional for step in make_plan(facts(), 300, chosen=("catboost",)).steps)


TEXTS = {"n_numbers": 0, "n_categories": 0, "n_texts": 1, "tokens": 20.0, "text_models": True, "n_outputs": 3}


def test_a_table_of_texts_gets_embeddings_first_and_fine_tuning_where_there_is_time():
    few = facts(n_rows=2_000, n_train=1_600, **TEXTS)
    names = [step.name for step in make_plan(few, 3_600).steps]
    assert names == ["baseline", "linear", "forest", "text_embedding", "text_transformer"]
    short = make_plan(few, 60)
    assert [step.name for step in short.steps][-1] == "text_embedding"
    assert any("text_transformer is left out" in reason for reason in short.reasons)
    assert short.too_long and set(short.too_long) <= set(short.reasons) and Plan.from_json(short.to_json()) == short
    with_columns = make_plan(facts(n_rows=2_000, n_train=1_600, **{**TEXTS, "n_categories": 2}), 3_600)
    assert "lightgbm" in [step.name for step in with_columns.steps]


def test_fine_tuning_gets_as_many_epochs_as_the_time_buys_and_all_threads_in_turn():
    few = facts(n_rows=2_000, n_train=1_600, **TEXTS)
    full = next(s for s in make_plan(few, 1e9).steps if s.name == "text_transformer")
    assert wall(full, few) == pytest.approx(5 * full.seconds)
    half = make_plan(few, 0.6 * wall(full, few))
    assert 2 <= next(s for s in half.steps if s.name == "text_transformer").settings["epochs"] < 10
    assert any("epochs instead of 10" in reason for reason in half.reasons)


def test_a_few_texts_among_many_columns_leave_the_plan_as_it_is():
    among = facts(**{**TEXTS, "n_numbers": 9})
    assert [s.name for s in make_plan(among, 600).steps] == [
        s.name for s in make_plan(facts(n_numbers=9, n_categories=0, n_texts=1, n_outputs=3), 600).steps
    ]


def test_without_the_extra_a_table_of_texts_is_told_what_would_help():
    plan = make_plan(facts(**{**TEXTS, "text_models": False}), 600)
    assert "catboost" in [step.name for step in plan.steps]
    assert any("trainwright[neural]" in reason for reason in plan.reasons)
