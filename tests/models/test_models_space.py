"""Search spaces: values drawn lie in them, grids are complete, edges widen, and files with mistakes are refused."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwright.errors import UserError
from trainwright.models.families import families
from trainwright.models.meaning import why_without_meaning
from trainwright.models.settings import check_settings
from trainwright.models.space import Dimension, Space
from trainwright.models.space_file import read_space, space_of
from trainwright.models.spaces import default_space, searchable


@pytest.mark.parametrize("name", ["first", "wide"])
@pytest.mark.parametrize("task", ["classes", "number"])
@pytest.mark.parametrize("family", searchable())
def test_every_named_space_holds_settings_that_its_family_allows(family: str, name: str, task: str) -> None:
    space = default_space(family, name, task)
    values = {dimension.name: dimension.grid() for dimension in space.dimensions}
    for dimension in space.dimensions:
        assert why_without_meaning(families()[family], dimension.name, task, values) == ""
    rng = np.random.default_rng(0)
    for settings in [next(space.grid()), *(space.draw(rng) for _ in range(20))]:
        assert space.holds(settings)
        check_settings(families()[family], settings)
    if name == "first":
        assert space.combinations == space.size <= 40


@given(
    st.integers(1, 50), st.integers(1, 60), st.booleans(), st.sampled_from([None, 1, 2, 5]), st.integers(0, 2**32 - 1)
)
def test_whole_numbers_of_a_range_stay_in_it(low: int, span: int, log: bool, step: int | None, seed: int) -> None:
    step = None if log or step is None or step > span else step
    dimension = Dimension("n", (), low, low + span, log=log, step=step, whole=True)
    drawn = [dimension.draw(np.random.default_rng([seed, i])) for i in range(8)]
    for value in [*drawn, *dimension.grid()]:
        assert isinstance(value, int) and low <= value <= low + span
        assert step is None or (value - low) % step == 0
        assert 0 <= dimension.place(value) <= 1


@given(st.floats(1e-4, 10), st.floats(1.5, 1e4), st.booleans(), st.integers(0, 2**32 - 1))
def test_numbers_of_a_range_stay_in_it(low: float, factor: float, log: bool, seed: int) -> None:
    dimension = Dimension("rate", (), low, low * factor, log=log)
    for value in [dimension.draw(np.random.default_rng(seed)), *dimension.grid()]:
        assert low <= value <= low * factor
    assert Dimension.from_json("rate", dimension.to_json()) == dimension


def test_an_edge_is_where_better_values_may_lie_beyond() -> None:
    rate = Dimension("learning_rate", (), 0.01, 0.3, log=True)
    assert (rate.edge(0.3), rate.edge(0.0101), rate.edge(0.05)) == ("highest", "lowest", None)
    listed = Dimension("num_leaves", (8, 31, 63))
    assert (listed.edge(8), listed.edge(31), listed.edge(63)) == ("lowest", None, "highest")
    assert Dimension("penalty", ("l2", "l1", "elasticnet")).edge("l2") is None
    assert Dimension("depth", (4, 6)).edge(6) is None, "of two values one is always the last"
    assert Dimension("max_depth", (4, 8, 12, None)).edge(12) is None, "none is deeper still"


def test_a_wider_range_reaches_further_but_not_beyond_the_familys_own() -> None:
    settings = {setting.name: setting for setting in families()["catboost"].settings}
    rate = Dimension("learning_rate", (), 0.01, 0.3, log=True)
    wider = rate.wider("lowest", settings["learning_rate"])
    assert wider is not None and wider.low == pytest.approx(0.0025) and wider.high == 0.3
    depth = Dimension("depth", (), 4, 12, whole=True)
    assert depth.wider("highest", settings["depth"]) is None
    leaves = Dimension("iterations", (250, 500, 1000)).wider("highest", settings["iterations"])
    assert leaves is not None and leaves.values == (250, 500, 1000, 2000)


SOUND = """\
forest:
  max_depth: [4, 8, null]
  min_samples_leaf: {low: 1, high: 30, log: true}
catboost:
  depth: {low: 4, high: 8, step: 2}
  learning_rate: 0.05
linear: first
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "space.yaml"
    path.write_text(text)
    return path


def test_a_file_says_what_is_tried(tmp_path: Path) -> None:
    forest, catboost, linear = read_space(write(tmp_path, SOUND), "number")
    assert forest.dimensions == (
        Dimension("max_depth", (4, 8, None)),
        Dimension("min_samples_leaf", (), 1, 30, log=True, whole=True),
    )
    assert [d.grid() for d in catboost.dimensions] == [[4, 6, 8], [0.05]]
    assert [d.name for d in linear.dimensions] == ["alpha", "penalty"]
    assert space_of({"forest": {"max_depth": [4, 8, None]}}, "number")[0].dimensions == forest.dimensions[:1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("catbost:\n  depth: [4]", ["space.yaml line 1", "catbost", "did you mean 'catboost'"]),
        ("catboost:\n  detph: [4]", ["space.yaml line 2", "detph", "did you mean 'depth'"]),
        ("catboost:\n  depth: []", ["space.yaml line 2", "catboost.depth is empty"]),
        ("catboost:\n  depth: [4, 40]", ["space.yaml line 2", "depth", "from 1 to 12", "40"]),
        ("catboost:\n  depth: [4, 4.5]", ["space.yaml line 2", "a whole number"]),
        ("catboost:\n  depth: {low: 8, high: 4}", ["line 2", "low must be less than high"]),
        ("catboost:\n  depth: {low: 4}", ["line 2", "high must be a number", "missing"]),
        ("catboost:\n  depth: {lo: 4, high: 8}", ["line 2", "'lo'", "did you mean 'low'"]),
        ("catboost:\n  depth: {low: 4, high: 8, step: 0}", ["line 2", "step must be above 0"]),
        ("catboost:\n  depth: {low: 4, high: 8, log: yes please}", ["line 2", "log must be true or false"]),
        ("catboost:\n  l2_leaf_reg: {low: 0, high: 8, log: true}", ["line 2", "above 0"]),
        ("catboost:\n  boosting_type: {low: 0, high: 1}", ["line 2", "boosting_type", "give a list"]),
        ("catboost:\n", ["line 1", "needs settings to vary"]),
        ("catboost: wid", ["line 1", "first or wide"]),
        ("catboost: {depth: [[4]]}", ["line 1", "must be a list such as"]),
        ("baseline: {x: [1]}", ["line 1", "has no setting 'x'"]),
        ("mlp: {layers: [3]}", ["line 1", "layers", "such as 128, 64"]),
        ("forest: first\nrandom_forest: wide", ["line 2", "'forest' is there already"]),
        ("[1, 2]", ["space.yaml line 1"]),
        ("", ["space.yaml"]),
        ("catboost: [", ["space.yaml line", "not YAML"]),
        (
            "linear:\n  C: [1.0]\n  alpha: [0.1, 1.0]",
            ["line 3", "linear.alpha changes nothing here", "for targets that are numbers", "penalty, C, l1_ratio"],
        ),
        ("svm:\n  epsilon: [0.1, 0.2]", ["line 2", "svm.epsilon changes nothing here", "C, gamma"]),
        (
            "linear:\n  penalty: [l2, l1]\n  l1_ratio: [0.1, 0.9]",
            ["line 3", "read only where penalty is elasticnet", "let penalty be elasticnet as well"],
        ),
    ],
)
def test_every_mistake_in_a_file_is_one_message_with_its_line(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(UserError) as refused:
        read_space(write(tmp_path, text), "classes")
    for word in words:
        assert word in str(refused.value)


def test_what_means_something_depends_on_the_task_and_on_the_other_settings(tmp_path: Path) -> None:
    path = write(tmp_path, "linear:\n  penalty: [l2, elasticnet]\n  l1_ratio: [0.1, 0.9]\n  alpha: [0.1, 1.0]\n")
    assert [d.name for d in read_space(path, "number")[0].dimensions] == ["penalty", "l1_ratio", "alpha"]
    with pytest.raises(UserError, match=r"space\.yaml line 4: linear\.alpha changes nothing here"):
        read_space(path, "classes")
    with pytest.raises(UserError, match=r"linear\.C changes nothing here: it is for targets that are classes"):
        space_of({"linear": {"C": [1.0]}}, "number")


def test_a_file_that_is_not_there_may_be_a_misspelt_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did you mean 'first'"):
        read_space("frst", "classes")
    with pytest.raises(UserError, match="is a folder"):
        read_space(tmp_path, "classes")


def test_values_from_python_are_checked_alike() -> None:
    wrong: dict[str, Any] = {"catboost": {"depth": [4, "six"]}}
    with pytest.raises(UserError, match="the search space: setting 'depth'"):
        space_of(wrong, "classes")


def test_a_grid_walks_through_every_combination_once() -> None:
    space = Space("forest", (Dimension("max_depth", (4, None)), Dimension("n_estimators", (), 10, 30, whole=True)))
    found = list(space.grid())
    assert len(found) == space.combinations == 6
    assert len({tuple(sorted(one.items(), key=str)) for one in found}) == 6
    assert {one["n_estimators"] for one in found} == {10, 20, 30}


@pytest.mark.parametrize("name", ["models.space", "models.spaces", "models.space_file", "training.tuning.method"])
def test_examples_are_right(name: str) -> None:
    found = doctest.testmod(import_module(f"trainwright.{name}"))
    assert found.attempted > 0 and found.failed == 0
