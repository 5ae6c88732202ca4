"""Engineered features: no row sees its own label, new rows never fail, and what is found is really there."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainwright.data.columns import Columns, Layout
from trainwright.data.schema import Target
from trainwright.models.features.arithmetic import Arithmetic
from trainwright.models.features.crosses import Crosses
from trainwright.models.features.discovery import learn_engineered
from trainwright.models.features.encodings import Encodings
from trainwright.models.features.engineered import EngineeredMatrix
from trainwright.models.features.groups import Groups
from trainwright.models.features.outcome import Outcome
from trainwright.models.features.plain import NATIVE, PlainMatrix
from trainwright.models.features.small_models import TrainingRows

TWO = Target("y", "classes", ("no", "yes"), "yes")
NUMBER = Target("y", "number")


def columns(numbers: np.ndarray, codes: np.ndarray) -> Columns:
    """Columns of these two blocks alone."""
    n = len(numbers)
    layout = Layout(
        tuple(f"x{j}" for j in range(numbers.shape[1])),
        tuple(f"c{j}" for j in range(codes.shape[1])),
        (),
        (),
        tuple(tuple(f"v{i:05}" for i in range(int(codes.max(initial=0)) + 1)) for _ in range(codes.shape[1])),
    )
    return Columns(numbers, codes.astype(np.int32), np.empty((n, 0)), np.empty((n, 0), dtype=object), layout)


def rows_of(y: np.ndarray, target: Target, seed: int = 0) -> TrainingRows:
    outcome = Outcome.learn(y, None, target)
    return TrainingRows(outcome, outcome.labels(y), None, seed, 1)


def interaction(n: int, seed: int = 0) -> tuple[Columns, np.ndarray]:
    """A number that depends on a ratio and on a pair of categories."""
    rng = np.random.default_rng(seed)
    numbers = rng.uniform(0.5, 4.0, size=(n, 3))
    codes = rng.integers(0, 12, size=(n, 2))
    effect = rng.normal(size=(12, 12))
    y = 2 * numbers[:, 0] / numbers[:, 1] + 2 * effect[codes[:, 0], codes[:, 1]]
    return columns(numbers, codes), y + 0.1 * rng.normal(size=n)


def test_a_row_never_sees_its_own_label() -> None:
    # Every category occurs once: whatever an encoding says about a row can only come from that row's label.
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    codes = np.arange(400)[:, None]
    _, features = Encodings.learn(codes, y, rng.integers(0, 5, 400), None, n_classes=2, counted=np.empty(0, np.int64))
    within_fold = np.unique(features[:, 0].round(12))
    assert len(within_fold) <= 5  # one prior per fold, nothing of the row


def test_changing_one_label_leaves_that_rows_features_alone() -> None:
    rng = np.random.default_rng(1)
    y, folds = rng.integers(0, 2, 300), rng.integers(0, 5, 300)
    codes = rng.integers(0, 6, size=(300, 2))
    none = np.empty(0, np.int64)
    _, before = Encodings.learn(codes, y, folds, None, n_classes=2, counted=none)
    changed = y.copy()
    changed[7] = 1 - changed[7]
    _, after = Encodings.learn(codes, changed, folds, None, n_classes=2, counted=none)
    np.testing.assert_array_equal(before[folds == folds[7]], after[folds == folds[7]])
    assert (before[folds != folds[7]] != after[folds != folds[7]]).any()


@given(hnp.arrays(np.int32, st.tuples(st.integers(1, 30), st.just(3)), elements=st.integers(-2, 5)))
def test_a_cross_tells_pairs_apart_and_knows_strangers(codes: np.ndarray) -> None:
    pairs = np.array([[0, 1], [1, 2]])
    crosses = Crosses.learn(codes, pairs)
    crossed = crosses.transform(codes)
    for j, (a, b) in enumerate(pairs):
        mapping = set(zip(codes[:, a].tolist(), codes[:, b].tolist(), crossed[:, j].tolist()))
        assert (
            len({code for _, _, code in mapping})
            == len(mapping)
            == len({(first, second) for first, second, _ in mapping})
        )
        assert crossed[:, j].min() >= 0
    stranger = np.full((1, 3), int(codes.max()) + 1)
    assert (crosses.transform(stranger) == -2).all()


@given(hnp.arrays(np.float64, (4, 3), elements=st.integers(-99, 99) | st.just(np.nan)))
def test_arithmetic_is_what_it_says(numeric: np.ndarray) -> None:
    features = Arithmetic.candidates([2, 0])
    difference, ratio, product = features.transform(numeric).T
    a, b = numeric[:, 2], numeric[:, 0]
    np.testing.assert_array_equal(difference, a - b)
    np.testing.assert_array_equal(product, a * b)
    np.testing.assert_array_equal(np.isnan(ratio), np.isnan(a) | np.isnan(b) | (b == 0))


def test_a_group_is_compared_with_its_own_mean() -> None:
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1], 5_000)[:, None]
    numeric = rng.normal(loc=np.where(codes == 0, 10.0, 50.0), scale=np.where(codes == 0, 1.0, 3.0))
    groups = Groups.learn(numeric, codes, [0], [0])
    mean, difference, deviations = groups.transform(np.array([[13.0], [53.0]]), np.array([[0], [1]])).T
    np.testing.assert_allclose(mean, [10, 50], rtol=0.01)
    np.testing.assert_allclose(difference, [3, 3], atol=0.2)
    np.testing.assert_allclose(deviations, [3, 1], rtol=0.15)
    unknown = groups.transform(np.array([[30.0]]), np.array([[-2]]))
    np.testing.assert_allclose(unknown[0, 0], 30, rtol=0.05)  # the mean of all rows


def test_what_is_found_lowers_the_error() -> None:
    X, y = interaction(3_000)
    matrix, features = learn_engineered(X.take(np.arange(2_000)), rows_of(y[:2_000], NUMBER))
    assert matrix.crosses is not None and matrix.arithmetic is not None
    from trainwright.models.lightgbm import LightGBM

    errors = []
    for kind in ("plain", "engineered"):
        model = LightGBM(NUMBER, {"n_estimators": 150, "features": kind})
        model.fit(X.take(np.arange(2_000)), y[:2_000])
        errors.append(np.sqrt(np.mean((model.predict(X.take(np.arange(2_000, 3_000))) - y[2_000:]) ** 2)))
    assert errors[1] < 0.9 * errors[0]
    assert features.shape == matrix.transform(X.take(np.arange(2_000))).shape


def test_noise_gains_few_features() -> None:
    added = []
    for seed in range(4):
        X, _ = interaction(500, seed)
        y = np.random.default_rng(seed).normal(size=500)
        _, features = learn_engineered(X, rows_of(y, NUMBER, seed))
        added.append(features.shape[1] - 5)
    assert np.median(added) <= 6  # 4 encodings of the categories; nothing like the 30 there is room for


def test_one_row_and_many_rows_get_the_same_features_also_after_saving() -> None:
    X, y = interaction(1_500)
    matrix, _ = learn_engineered(X, rows_of(y, NUMBER))
    every = matrix.transform(X)
    restored = EngineeredMatrix.restore(*matrix.state())
    np.testing.assert_array_equal(restored.transform(X), every)
    for i in (0, 700):
        np.testing.assert_array_equal(restored.transform(X.take(np.array([i])))[0], every[i])
    assert restored.parents(X.layout) == matrix.parents(X.layout)
    assert len(matrix.parents(X.layout)) == every.shape[1]
    assert {name for names in matrix.parents(X.layout) for name in names} == set(X.layout.names)


def test_many_values_are_ordered_by_frequency() -> None:
    codes = np.concatenate([np.arange(NATIVE + 50), np.repeat([3, 9], [40, 20])])[:, None]
    X = columns(np.zeros((len(codes), 0)), codes)
    matrix = PlainMatrix.learn(X, np.zeros(len(codes)), 0)
    ranked = matrix.transform(columns(np.zeros((4, 0)), np.array([[3], [9], [-2], [5_000]])))[:, 0]
    assert ranked[:2].tolist() == [0, 1] and np.isnan(ranked[2:]).all()
    assert matrix.categorical(X.layout) == []


def test_few_values_stay_categories_and_missing_is_one_of_them() -> None:
    X = columns(np.zeros((4, 1)), np.array([[0], [1], [-1], [-2]]))
    matrix = PlainMatrix.learn(X, np.zeros(4), 0)
    assert matrix.categorical(X.layout) == [1]
    np.testing.assert_array_equal(matrix.transform(X)[:, 1], [1, 2, 0, np.nan])


def test_thousands_of_columns_are_looked_at_in_a_sample() -> None:
    labels = np.random.default_rng(0).normal(size=10_000)
    training = TrainingRows(Outcome.learn(labels, None, NUMBER), labels, None, 0, 1)
    assert len(training.sample(5_000)) == 1_000
    assert len(training.sample(10)) == 10_000


def test_an_outcome_survives_its_json() -> None:
    y = np.array([0, 0, 2, 2, 2])
    target = Target("y", "classes", ("a", "b", "c"))
    outcome = Outcome.from_json(Outcome.learn(y, None, target).to_json())
    predicted = outcome.predictions(np.array([0.0, 100.0]))
    np.testing.assert_allclose(predicted, [[0.5, 0, 0.5], [0, 0, 1]], atol=1e-12)
    assert np.isnan(outcome.labels(np.array([1]))).all()
    np.testing.assert_allclose(outcome.constants(1), [[0.4, 0, 0.6]])
