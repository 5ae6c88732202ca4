"""The encoders: what they give for known, missing and unseen values, and that their state says everything."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trainwright.models.inner import inner_folds
from trainwright.models.prepare.dates import DateEncoder
from trainwright.models.prepare.numbers import NumberEncoder
from trainwright.models.prepare.one_hot import OneHotEncoder
from trainwright.models.prepare.ordinal import OrdinalEncoder
from trainwright.models.prepare.sparse_rows import SparseRows
from trainwright.models.prepare.target_encoder import TargetEncoder
from trainwright.models.prepare.tfidf import TfidfEncoder
from trainwright.models.prepare.words import tokens

CODES = arrays(np.int32, st.tuples(st.integers(1, 30), st.just(3)), elements=st.integers(-2, 6))
NUMBERS = arrays(
    np.float64,
    st.tuples(st.integers(1, 20), st.just(2)),
    elements=st.one_of(st.just(np.nan), st.floats(-1e6, 1e6)),
)


def through_json(encoder):
    """The encoder after its state went through a file."""
    return type(encoder).restore(json.loads(json.dumps(encoder.state(), allow_nan=False)))


def test_a_gap_gets_the_median_and_a_flag() -> None:
    encoder = NumberEncoder(impute=True).fit(np.array([[1.0, 5.0], [np.nan, 6.0], [3.0, 7.0]]))
    assert encoder.transform(np.array([[np.nan, np.nan]])).tolist() == [[2.0, 6.0, 1.0]]
    assert encoder.names(["a", "b"]) == ["a", "b", "a is missing"]
    assert encoder.sources(["a", "b"]) == ["a", "b", "a"]


def test_scaling_ignores_a_wild_value() -> None:
    column = np.append(np.random.default_rng(0).normal(10, 2, 2000), 1e9)[:, None]
    scaled = NumberEncoder(scale=True, clip=0.001).fit(column).transform(column)
    assert 0.9 < scaled[:-1].std() < 1.1
    assert 5 < scaled[-1, 0] < 15


def test_a_rare_one_among_zeros_is_kept() -> None:
    column = np.append(np.zeros(5000), 1.0)[:, None]
    scaled = NumberEncoder(scale=True, clip=0.001).fit(column).transform(column)
    assert scaled[-1, 0] > scaled[0, 0]


@settings(deadline=None, max_examples=40)
@given(NUMBERS, NUMBERS)
def test_numbers_are_finite_and_survive_storage(fitting: np.ndarray, other: np.ndarray) -> None:
    encoder = NumberEncoder(impute=True, scale=True, clip=0.01).fit(fitting)
    out = encoder.transform(other)
    assert np.isfinite(out).all()
    np.testing.assert_array_equal(through_json(encoder).transform(other), out)


def test_rare_levels_share_a_column_and_unseen_ones_have_none() -> None:
    codes = np.array([[0]] * 5 + [[1]] * 5 + [[2]] + [[3]] + [[-1]] * 5)
    encoder = OneHotEncoder(min_count=5).fit(codes)
    names = encoder.names(["colour"], [["red", "green", "blue", "pink", "grey"]])
    assert names == ["colour = red", "colour = green", "colour is missing", "colour is rare"]
    out = encoder.transform(np.array([[1], [2], [3], [-1], [4], [-2]]))
    assert out.tolist() == [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 1, 0], [0] * 4, [0] * 4]


def test_missing_is_unseen_where_the_fitting_rows_had_no_gap() -> None:
    encoder = OneHotEncoder(min_count=1).fit(np.array([[0], [1]]))
    assert encoder.transform(np.array([[-1]])).sum() == 0


@settings(deadline=None, max_examples=40)
@given(CODES, CODES)
def test_one_hot_has_at_most_one_one_per_column(fitting: np.ndarray, other: np.ndarray) -> None:
    encoder = OneHotEncoder(min_count=2, max_levels=3).fit(fitting)
    out = encoder.transform(other)
    assert set(np.unique(out)) <= {0.0, 1.0}
    assert (out.sum(axis=1) <= 3).all()
    np.testing.assert_array_equal(encoder.transform_sparse(other).toarray(), out)
    np.testing.assert_array_equal(through_json(encoder).transform(other), out)
    known = encoder.transform(fitting).sum(axis=1) == 3
    np.testing.assert_array_equal(known, (fitting != -2).all(axis=1))


@settings(deadline=None, max_examples=40)
@given(CODES, CODES)
def test_ordinal_ranks_by_frequency(fitting: np.ndarray, other: np.ndarray) -> None:
    encoder = OrdinalEncoder().fit(fitting)
    for j in range(3):
        values, counts = np.unique(fitting[:, j][fitting[:, j] != -2], return_counts=True)
        for value, count in zip(values, counts):
            rank = encoder.transform(np.tile(value, (1, 3)).astype(np.int32))[0, j]
            assert 0 <= rank <= (counts >= count).sum() - 1
    assert encoder.transform(np.array([[-2, 99, -2]])).tolist() == [[-1, -1, -1]]
    np.testing.assert_array_equal(through_json(encoder).transform(other), encoder.transform(other))


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)))
def test_date_parts_agree_with_the_calendar(moment: datetime) -> None:
    seconds = moment.replace(tzinfo=UTC, microsecond=0).timestamp()
    encoder = DateEncoder().fit(np.array([[seconds], [seconds + 86_400 * 403 + 3600 * 5]]))
    parts = dict(zip(encoder.names(["at"]), encoder.transform(np.array([[seconds]]))[0]))
    for part in ("year", "month", "day", "hour"):
        if f"at {part}" in parts:
            assert parts[f"at {part}"] == getattr(moment, part)
    assert parts.get("at weekday", moment.weekday()) == moment.weekday()


def test_a_missing_moment_is_missing_in_every_part() -> None:
    encoder = DateEncoder(cyclic=True).fit(np.array([[0.0], [1e8], [np.nan]]))
    assert np.isnan(encoder.transform(np.array([[np.nan]]))).all()
    assert np.isfinite(encoder.transform(np.array([[1e15]]))).all()
    assert "at month sine" in through_json(encoder).names(["at"])


def test_plain_dates_get_no_hour() -> None:
    encoder = DateEncoder().fit(86_400.0 * np.arange(400)[:, None])
    assert encoder.names(["day"]) == ["day year", "day month", "day day", "day weekday", "day days"]


def test_tfidf_agrees_with_scikit_learn() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = ["The pump leaks badly", "the PUMP runs", "oil, oil and pump; leaks", "nothing here", ""]
    ours = TfidfEncoder(min_texts=1).fit(np.array(texts, dtype=object)[:, None])
    theirs = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+").fit(texts)
    assert ours.terms[0] == sorted(theirs.vocabulary_)
    probe = ["pump pump leaks today", "unknown words", ""]
    expected = theirs.transform(probe).toarray()
    np.testing.assert_allclose(ours.transform(np.array(probe, dtype=object)[:, None]), expected, atol=1e-12)
    np.testing.assert_array_equal(
        through_json(ours).transform(np.array(probe, dtype=object)[:, None]),
        ours.transform(np.array(probe, dtype=object)[:, None]),
    )


def test_telling_terms_are_kept_when_few_may_be() -> None:
    texts = np.array([["common words leak"], ["common words fine"]] * 20, dtype=object)
    y = np.array([0, 1] * 20)
    encoder = TfidfEncoder(max_terms=2, by_target=True).fit(texts, y, 2)
    assert all("leak" in term or "fine" in term for term in encoder.terms[0])


def test_signs_of_scripts_without_spaces_are_words() -> None:
    assert "漏 れ" in tokens("水漏れ")


def rows_by_fold(codes, y, folds, fold):
    """Plain re-computation of one fold's encodings, m = 10."""
    others = folds != fold
    prior = y[others].mean()
    out = []
    for code in codes[folds == fold, 0]:
        hit = others & (codes[:, 0] == code)
        out.append((y[hit].sum() + 10 * prior) / (hit.sum() + 10))
    return np.array(out)


def test_a_training_row_is_encoded_by_the_other_folds() -> None:
    rng = np.random.default_rng(1)
    codes, y = rng.integers(-1, 4, (60, 1)), rng.integers(0, 2, 60)
    folds = inner_folds(y, 3, seed=0, n_classes=2)
    out = TargetEncoder(2).fit_transform(codes, y, folds)[:, 0]
    for fold in range(3):
        np.testing.assert_allclose(out[folds == fold], rows_by_fold(codes, y, folds, fold))


@settings(deadline=None, max_examples=30)
@given(CODES, st.integers(0, 2**16), st.sampled_from([0, 2, 4]))
def test_no_label_reaches_its_own_encoding(codes: np.ndarray, seed: int, n_classes: int) -> None:
    rng = np.random.default_rng(seed)
    n = len(codes)
    y = rng.integers(0, n_classes, n) if n_classes else rng.normal(size=n)
    folds = rng.integers(0, 3, n)
    row = int(rng.integers(n))
    changed = y.copy()
    changed[row] = (y[row] + 1) % n_classes if n_classes else y[row] + 100
    kwargs = {"max_outputs": 4}
    before = TargetEncoder(n_classes, **kwargs).fit_transform(codes, y, folds)
    after = TargetEncoder(n_classes, **kwargs).fit_transform(codes, changed, folds)
    alike = folds == folds[row]
    if len(np.unique(folds)) > 1:  # a single fold has no others: its rows get the prior
        np.testing.assert_allclose(after[alike], before[alike], atol=1e-9)


@pytest.mark.parametrize("n_classes", [0, 2, 3])
def test_unseen_levels_get_the_prior(n_classes: int) -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 5, (200, 2))
    y = rng.integers(0, n_classes, 200) if n_classes else rng.normal(size=200)
    encoder = TargetEncoder(n_classes).fit(codes, y)
    prior = [y.mean()] if n_classes in (0, 2) else [(y == k).mean() for k in range(3)]
    unseen = encoder.transform(np.array([[-2, 77], [-1, -2]]))  # no gap in the fitting rows either
    np.testing.assert_allclose(unseen, np.tile(prior, (2, 2)))
    np.testing.assert_array_equal(through_json(encoder).transform(codes), encoder.transform(codes))


def test_a_label_of_noise_stays_noise_after_encoding() -> None:
    rng = np.random.default_rng(0)
    codes, y = rng.integers(0, 500, (2000, 1)), rng.integers(0, 2, 2000)
    encoder = TargetEncoder(2)
    crossed = encoder.fit_transform(codes, y, inner_folds(y, 5, 0, n_classes=2))[:, 0]
    naive = encoder.transform(codes)[:, 0]
    assert abs(np.corrcoef(crossed, y)[0, 1]) < 0.1 < np.corrcoef(naive, y)[0, 1]


def test_weights_of_rows_count_in_encodings() -> None:
    codes, y = np.zeros((2, 1), dtype=int), np.array([0, 1])
    heavy = TargetEncoder(2, smoothing=0.0).fit(codes, y, np.array([1.0, 3.0]))
    assert heavy.transform(codes)[0, 0] == 0.75


@given(st.integers(1, 60), st.integers(2, 6), st.integers(0, 1000))
def test_inner_folds_balance_every_class(n: int, count: int, seed: int) -> None:
    y = np.random.default_rng(seed).integers(0, 3, n)
    folds = inner_folds(y, count, seed, n_classes=3)
    for part in [slice(None), *(y == k for k in range(3))]:
        sizes = np.bincount(folds[part], minlength=count)
        assert sizes.max() - sizes.min() <= 1
    np.testing.assert_array_equal(folds, inner_folds(y, count, seed, n_classes=3))


@settings(deadline=None, max_examples=40)
@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 8), st.integers(1, 5)),
        elements=st.sampled_from([0.0, 1.0, -2.5]),
    )
)
def test_sparse_rows_multiply_as_dense_ones(dense: np.ndarray) -> None:
    rows = SparseRows.from_lists(
        [np.flatnonzero(row) for row in dense], [row[row != 0] for row in dense], dense.shape[1]
    )
    weights = np.arange(dense.shape[1] * 2, dtype=np.float64).reshape(-1, 2)
    np.testing.assert_allclose(rows.dot(weights), dense @ weights)
    np.testing.assert_array_equal(rows.to_scipy().toarray(), dense)
    np.testing.assert_array_equal(rows.take(np.array([0, 0])).toarray(), dense[[0, 0]])
    both = SparseRows.side_by_side([rows, rows]).toarray()
    np.testing.assert_array_equal(both, np.concatenate([dense, dense], axis=1))
