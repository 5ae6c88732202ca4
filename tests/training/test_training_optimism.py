"""The price of having chosen: the best of many looks better than it is, and by about how much."""

import numpy as np
import pytest

from trainwright.data.schema import Target
from trainwright.tasks import task_for
from trainwright.training.optimism import selection_optimism

METRIC = task_for(Target("y", "number")).metrics["rmse"]


def candidates(count: int, n: int = 300, seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    return {str(i): y + rng.normal(size=n) for i in range(count)}, y


def test_the_best_of_many_equals_is_more_flattered_than_the_best_of_two():
    many, y = candidates(40)
    few, _ = candidates(2)
    of_many = selection_optimism(many, y, METRIC, "0")
    of_few = selection_optimism(few, y, METRIC, "0")
    assert of_many.bias > of_few.bias >= 0
    assert of_many.candidates == 40


def test_the_bias_is_about_what_equal_candidates_promise_too_much():
    predictions, y = candidates(40, n=500, seed=3)
    scores = {name: METRIC(y, p) for name, p in predictions.items()}
    best = min(scores, key=scores.get)
    found = selection_optimism(predictions, y, METRIC, best)
    promised_too_much = 1.0 - scores[best]  # every candidate's true RMSE is 1
    assert found.bias == pytest.approx(promised_too_much, abs=0.04)


def test_a_clear_winner_is_hardly_flattered_and_always_picked():
    predictions, y = candidates(5)
    predictions["good"] = y + 0.1 * (predictions["0"] - y)
    found = selection_optimism(predictions, y, METRIC, "good")
    assert found.picked == 1.0
    assert found.bias < 0.02


def test_rows_that_define_no_figure_are_no_error():
    area = task_for(Target("y", "classes", ("no", "yes"), positive="yes")).metrics["roc_auc"]
    y = np.array([0, 0, 0, 1])
    predictions = {name: np.column_stack([1 - p, p]) for name, p in {"a": y * 0.5, "b": y * 0.1}.items()}
    found = selection_optimism(predictions, y, area, "a")
    assert found is None or found.bias >= 0


def test_nothing_to_choose_has_no_optimism_and_draws_are_repeatable():
    predictions, y = candidates(3)
    assert selection_optimism({"0": predictions["0"]}, y, METRIC, "0") is None
    assert selection_optimism(predictions, y, METRIC, "0") == selection_optimism(predictions, y, METRIC, "0")
