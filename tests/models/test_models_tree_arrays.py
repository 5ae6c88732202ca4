"""Our own trees answer as scikit-learn's do, and refuse files that do not describe trees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainwright.errors import UserError
from trainwright.models.prepared import softmax
from trainwright.models.sklearn_trees import histogram_trees_of, single, trees_of
from trainwright.models.storage import read_arrays, read_json, write_arrays, write_json
from trainwright.models.tree_arrays import TreeArrays


def rows(n: int, gaps: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(n, 5) numbers with a share of gaps, and a target with signal."""
    rng = np.random.default_rng(seed)
    X = np.round(rng.normal(size=(n, 5)) * [1, 10, 0.001, 1e6, 1], 3)  # rounding makes ties with thresholds
    y = X[:, 0] + X[:, 1] / 10 + (X[:, 3] > 0) + 0.1 * rng.normal(size=n)
    X[rng.random(X.shape) < gaps] = np.nan
    return X, y


@pytest.mark.parametrize("gaps", [0.0, 0.2])
@pytest.mark.parametrize("kind", ["RandomForest", "ExtraTrees"])
def test_forests_agree_with_scikit_learn(kind: str, gaps: float) -> None:
    import sklearn.ensemble

    X, y = rows(400, gaps)
    probe = rows(300, 0.3, seed=1)[0]
    labels = np.digitize(y, [-0.5, 1.0])
    classifier = getattr(sklearn.ensemble, f"{kind}Classifier")(15, random_state=0).fit(X, labels)
    regressor = getattr(sklearn.ensemble, f"{kind}Regressor")(15, random_state=0).fit(X, y)
    for model, expected in (
        (classifier, classifier.predict_proba(X)),
        (regressor, regressor.predict(X)[:, None]),
    ):
        trees = trees_of(model.estimators_)
        np.testing.assert_allclose(trees.total(single(X)) / 15, expected, rtol=0, atol=1e-12)
        if gaps:  # scikit-learn refuses gaps that training did not have
            theirs = model.predict_proba(probe) if model is classifier else model.predict(probe)[:, None]
            np.testing.assert_allclose(trees.total(single(probe)) / 15, theirs, atol=1e-12)


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_histogram_boosting_agrees_with_scikit_learn(gaps: float) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    X, y = rows(500, gaps)
    probe = rows(300, 0.3, seed=1)[0]
    labels = np.digitize(y, [-0.5, 1.0])
    classifier = HistGradientBoostingClassifier(max_iter=20).fit(X, labels)
    scores = histogram_trees_of(classifier).total(probe) + classifier._baseline_prediction
    np.testing.assert_allclose(softmax(scores), classifier.predict_proba(probe), atol=1e-9)
    regressor = HistGradientBoostingRegressor(max_iter=20).fit(X, y)
    numbers = histogram_trees_of(regressor).total(probe)[:, 0] + regressor._baseline_prediction.item()
    np.testing.assert_allclose(numbers, regressor.predict(probe), atol=1e-9)


def test_adaboost_for_numbers_agrees_with_scikit_learn() -> None:
    from sklearn.ensemble import AdaBoostRegressor
    from sklearn.tree import DecisionTreeRegressor

    from trainwright.models.adaboost import _weighted_median

    X, y = rows(300, 0.0)
    booster = AdaBoostRegressor(DecisionTreeRegressor(max_depth=3), n_estimators=20, random_state=0).fit(X, y)
    trees = trees_of(booster.estimators_)
    ours = _weighted_median(trees.each(single(X)), booster.estimator_weights_[: len(trees)])
    np.testing.assert_allclose(ours, booster.predict(X), atol=1e-12)


def stored(tmp_path: Path) -> tuple[TreeArrays, dict[str, np.ndarray]]:
    from sklearn.tree import DecisionTreeRegressor

    X, y = rows(200, 0.1)
    trees = trees_of([DecisionTreeRegressor(max_depth=d, random_state=0).fit(X, y) for d in (1, 4, 9)])
    write_arrays(tmp_path / "trees.npz", **trees.arrays())
    return trees, read_arrays(tmp_path / "trees.npz", "sizes", "feature")


def test_stored_trees_answer_the_same(tmp_path: Path) -> None:
    trees, arrays = stored(tmp_path)
    again = TreeArrays.restore(arrays, 5)
    X = single(rows(100, 0.2, seed=4)[0])
    np.testing.assert_array_equal(again.total(X), trees.total(X))
    np.testing.assert_allclose(trees.each(X).sum(axis=1), trees.total(X)[:, 0])


def test_a_row_gets_the_same_answer_in_any_company(tmp_path: Path) -> None:
    trees, _ = stored(tmp_path)
    X = single(rows(20_000, 0.2, seed=4)[0])
    together = trees.total(X)
    for at in (0, 16_383, 16_384, 19_999):
        np.testing.assert_array_equal(trees.total(X[at : at + 1])[0], together[at])


def damage(arrays: dict[str, np.ndarray], how: str) -> None:
    feature = arrays["feature"].copy()
    if how == "a column beyond the table":
        feature[0] = 5
    elif how == "a tree without its leaves":
        feature[-1] = 0
    elif how == "a leaf at the root":
        feature[arrays["sizes"][0]] = -1
    elif how == "sizes that do not add up":
        arrays["sizes"] = arrays["sizes"] + 1
    elif how == "too few answers":
        arrays["values"] = arrays["values"][:-1]
    elif how == "an endless answer":
        arrays["values"] = np.full_like(arrays["values"], np.inf)
    elif how == "too few thresholds":
        arrays["threshold"] = arrays["threshold"][:-1]
    elif how == "a child before its parent":
        # The second tree keeps its counts of inner nodes and leaves, in an order no tree can have.
        first, second = arrays["sizes"][:2]
        feature[first : first + second] = np.sort(feature[first : first + second])
    arrays["feature"] = feature


DAMAGES = [
    "a column beyond the table",
    "a tree without its leaves",
    "a leaf at the root",
    "sizes that do not add up",
    "too few answers",
    "an endless answer",
    "too few thresholds",
    "a child before its parent",
]


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_trees_are_refused(how: str, tmp_path: Path) -> None:
    arrays: dict[str, Any] = dict(stored(tmp_path)[1])
    damage(arrays, how)
    with pytest.raises(UserError, match="damaged"):
        TreeArrays.restore(arrays, 5)


def test_equal_content_gives_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_arrays(tmp_path / f"{name}.npz", x=np.arange(5), y=np.zeros((0, 2)), z=np.array(1.5))
        write_json(
            tmp_path / f"{name}.json",
            {"b": 0.1 + 0.2, "a": "é"} if name == "a" else {"a": "é", "b": 0.1 + 0.2},
        )
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert read_json(tmp_path / "a.json")["b"] == 0.1 + 0.2
    back = read_arrays(tmp_path / "a.npz", "x", "y", "z")
    assert back["y"].shape == (0, 2) and back["z"].shape == ()


def test_files_of_arrays_that_cannot_be_trusted_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    with pytest.raises(UserError, match="missing"):
        read_arrays(path)
    with pytest.raises(ValueError, match="allow_pickle"):
        write_arrays(path, x=np.array([{}], dtype=object))
    np.savez(path, x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(UserError, match=r"model\.npz"):
        read_arrays(path)
    write_arrays(path, x=np.zeros(1000))
    with pytest.raises(UserError, match="'y'"):
        read_arrays(path, "y")
    with pytest.raises(UserError, match="at most 100"):
        read_arrays(path, max_bytes=100)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UserError, match="not a sound file"):
        read_arrays(path)
    (tmp_path / "model.json").write_bytes(b"{")
    with pytest.raises(UserError, match="not JSON"):
        read_json(tmp_path / "model.json")
