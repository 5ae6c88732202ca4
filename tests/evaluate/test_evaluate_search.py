"""Pure judgements of a search: pruning, screening, Pareto fronts, importance of settings, edges of ranges."""

from __future__ import annotations

import doctest
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwright.evaluate.pareto import pareto_front
from trainwright.evaluate.pruning import clearly_worse, usual_spread
from trainwright.evaluate.screening import keep_families
from trainwright.evaluate.search_edges import edges
from trainwright.evaluate.setting_importance import setting_importance
from trainwright.models.families import families
from trainwright.models.space import Dimension, Space

Points = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=20)


@given(Points, st.booleans())
def test_no_trial_beats_one_of_the_front_and_each_other_is_beaten(points: list[tuple[int, int]], greater: bool) -> None:
    values, costs = [float(v) for v, _ in points], [float(c) for _, c in points]
    front = pareto_front(values, costs, greater_is_better=greater)
    sign = 1 if greater else -1

    def beats(i: int, j: int) -> bool:
        as_good = sign * values[i] >= sign * values[j] and costs[i] <= costs[j]
        return as_good and (sign * values[i] > sign * values[j] or costs[i] < costs[j])

    for j in range(len(points)):
        beaten = any(beats(i, j) for i in range(len(points)))
        assert not (j in front and beaten)
        assert beaten or any((values[i], costs[i]) == (values[j], costs[j]) for i in front)


def test_a_trial_stops_only_where_it_is_clearly_worse_on_every_fold() -> None:
    best = [0.80, 0.82, 0.81, 0.80, 0.79]
    complete = [best, [0.79, 0.82, 0.80, 0.80, 0.78], [0.80, 0.81, 0.80, 0.79, 0.80]]
    spread = usual_spread(complete, best, greater_is_better=True)
    assert spread is not None and 0.003 < spread < 0.01
    assert clearly_worse([0.70, 0.71, None, None, None], best, spread, greater_is_better=True)
    assert not clearly_worse([0.70, None, None, None, None], best, spread, greater_is_better=True), "one fold is luck"
    assert not clearly_worse([0.795, 0.815, None, None, None], best, spread, greater_is_better=True), "still close"
    assert not clearly_worse([0.70, 0.83, None, None, None], best, spread, greater_is_better=True), "better on one"
    assert not clearly_worse([0.70, 0.70, 0.7, 0.7, 0.7], best, spread, greater_is_better=True), "it is complete"
    assert not clearly_worse([0.90, 0.91, None, None, None], best, spread, greater_is_better=True)
    assert clearly_worse([0.90, 0.91, None, None, None], best, spread, greater_is_better=False)
    assert usual_spread(complete[:2], best, greater_is_better=True) is None, "two trials say little"


def test_families_within_one_standard_error_of_the_best_are_kept() -> None:
    folds = {
        "catboost": [0.80, 0.82, 0.81],
        "lightgbm": [0.80, 0.81, 0.815],
        "linear": [0.70, 0.72, 0.71],
        "forest": [None, None, None],
    }
    kept, reason = keep_families(folds, greater_is_better=True)
    assert kept == ("catboost", "lightgbm")
    assert "linear" in reason and "within one standard error" in reason
    assert keep_families({"linear": [1.0, 1.2], "svm": [3.0, 3.1]}, greater_is_better=False)[0] == ("linear",)


def test_the_setting_that_decides_is_found_important() -> None:
    space = Space(
        "lightgbm",
        (
            Dimension("learning_rate", (), 0.01, 1.0, log=True),
            Dimension("num_leaves", (8, 31, 63)),
            Dimension("extra_trees", (False, True)),
        ),
    )
    rng = np.random.default_rng(0)
    tried = [space.draw(rng) for _ in range(40)]
    scores = [-abs(np.log10(s["learning_rate"]) + 1) + 0.02 * rng.normal() for s in tried]
    found = setting_importance(space, tried, scores)
    assert found is not None and next(iter(found)) == "learning_rate"
    assert found["learning_rate"] > 0.7 and found["num_leaves"] < 0.15 and found["extra_trees"] < 0.15
    assert setting_importance(space, tried[:5], scores[:5]) is None
    assert setting_importance(space, tried, [1.0] * 40) is None, "nothing differs, so nothing matters"


def test_a_winner_on_the_edge_names_the_range_to_try() -> None:
    space = Space("catboost", (Dimension("learning_rate", (), 0.01, 0.3, log=True), Dimension("depth", (4, 6, 8))))
    found = edges(space, families()["catboost"], {"learning_rate": 0.01, "depth": 6})
    assert [edge["setting"] for edge in found] == ["learning_rate"]
    assert found[0]["end"] == "lowest" and "try 0.0025 to 0.3" in found[0]["text"]


@pytest.mark.parametrize(
    "name", ["pruning", "screening", "pareto", "setting_importance", "search_edges", "figures_search"]
)
def test_examples_are_right(name: str) -> None:
    found = doctest.testmod(import_module(f"trainwright.evaluate.{name}"))
    assert found.attempted > 0 and found.failed == 0
