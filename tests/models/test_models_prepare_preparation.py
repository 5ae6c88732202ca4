"""Whole tables through a recipe: names, sources, sparse and dense agree, and nothing is learned from other
rows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from models_contract_data import strange_rows, table

from trainwright.models.prepare.preparation import Preparation, Recipe

RECIPES = {
    "linear": Recipe(scale=True, clip=0.01, cyclic=True, one_hot_up_to=1000, terms_by_target=False),
    "trees": Recipe(impute=False),
    "few terms": Recipe(max_terms=3),
}


@pytest.mark.parametrize("name", RECIPES)
def test_every_column_has_a_name_and_a_feature(name: str) -> None:
    X, y = table("two")
    made = Preparation(RECIPES[name])
    Z = made.fit_transform(X, y, n_classes=2, classes=("no", "yes"))
    assert Z.width == len(made.names) == len(made.sources) == made.transform(strange_rows(X)).width
    assert len(set(made.names)) == len(made.names)
    assert set(made.sources) == set(X.layout.names)


def test_the_names_say_what_the_columns_hold() -> None:
    X, y = table("two")
    made = Preparation(RECIPES["linear"])
    Z = made.fit_transform(X, y, n_classes=2).toarray()
    red = Z[:, made.names.index("colour = red")]
    np.testing.assert_array_equal(red == 1, X.codes[:, 0] == X.layout.vocabulary[0].index("red"))
    leak = Z[:, made.names.index("note: 'leaks'")]
    np.testing.assert_array_equal(leak > 0, ["leaks" in text for text in X.texts[:, 0]])
    gap = Z[:, made.names.index("size is missing")]
    np.testing.assert_array_equal(gap == 1, np.isnan(X.numbers[:, X.layout.numbers.index("size")]))


@pytest.mark.parametrize("task", ["two", "four", "number"])
def test_the_state_says_everything(task: str) -> None:
    X, y = table(task)
    made = Preparation(RECIPES["trees"])
    made.fit_transform(X, y, n_classes={"two": 2, "four": 4, "number": 0}[task])
    again = Preparation.restore(json.loads(json.dumps(made.state(), allow_nan=False)))
    for rows in (X, strange_rows(X)):
        np.testing.assert_array_equal(again.transform(rows).toarray(), made.transform(rows).toarray())
    assert again.state() == made.state()


def test_sparse_and_dense_are_the_same_matrix() -> None:
    X, y = table("two")
    dense, sparse = (
        Preparation(RECIPES["linear"]),
        Preparation(Recipe(**{**vars(RECIPES["linear"]), "sparse_from": 1})),
    )
    a, b = dense.fit_transform(X, y, n_classes=2), sparse.fit_transform(X, y, n_classes=2)
    assert b.sparse is not None and a.sparse is None
    assert dense.names == sparse.names
    np.testing.assert_array_equal(a.toarray(), b.toarray())
    np.testing.assert_array_equal(a.toarray(), b.for_learning().toarray())
    weights = np.random.default_rng(0).normal(size=(a.width, 2))
    np.testing.assert_allclose(a.dot(weights), b.dot(weights))
    rows = np.array([5, 3])
    np.testing.assert_array_equal(a.take(rows).toarray(), b.take(rows).toarray())


def test_one_row_alone_is_prepared_as_among_others() -> None:
    X, y = table("four")
    made = Preparation(RECIPES["trees"])
    made.fit_transform(X, y, n_classes=4)
    together = made.transform(X).toarray()
    for row in (0, 17):
        np.testing.assert_array_equal(made.transform(X.take(np.array([row]))).toarray()[0], together[row])


def test_levels_of_other_rows_are_unknown() -> None:
    X, y = table("two")
    rows = np.flatnonzero(X.codes[:, 0] != X.layout.vocabulary[0].index("blue"))
    made = Preparation(RECIPES["linear"])
    made.fit_transform(X.take(rows), y[rows], n_classes=2)
    assert "colour = blue" not in made.names and "colour = red" in made.names
