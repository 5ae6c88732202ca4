"""Copies of a row are told from repeats by chance, and stay on one side of every cut of a random split."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.data.copies import find_copies
from trainwright.data.split import DEVELOPMENT, TEST, Split, SplitRule, make_split


def rich(n: int, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(rng.normal(size=(n, 4)), schema=list("abcd"))


def with_copies(n: int, copied: int, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    """A table of n rows and `copied` copies in random order, and a target of two classes."""
    rng = np.random.default_rng(seed)
    frame = rich(n, seed)
    frame = pl.concat([frame, frame[rng.choice(n, copied)]])
    return frame[rng.permutation(frame.height)], rng.integers(0, 2, n + copied)


def parted(unit: np.ndarray, split: Split) -> int:
    """How many sets of copies stand on both sides of the sealed part or of a fold."""
    cuts = [(unit[split.development], unit[split.test])]
    inside = unit[split.development]
    cuts += [(inside[fold.train], inside[fold.validation]) for fold in split.folds]
    return sum(len(np.setdiff1d(np.intersect1d(one, other), [-1])) for one, other in cuts)


def test_copies_are_numbered_by_first_appearance_and_counted() -> None:
    copies = find_copies(pl.DataFrame({"a": [5.5, 1.5, 2.5, 1.5, 5.5, 1.5]}), ["a"])
    assert copies.unit.tolist() == [0, 1, -1, 1, 0, 1]
    assert (copies.rows, copies.repeated, copies.different) == (5, 3, 3)


def test_missing_values_equal_each_other() -> None:
    assert find_copies(pl.DataFrame({"a": [1.5, None, None], "b": ["x", "y", "y"]}), ["a", "b"]).rows == 2


def test_a_table_without_copies_or_features_has_none() -> None:
    assert find_copies(rich(300), list("abcd")).kept_whole is None
    assert find_copies(rich(300), []).rows == 0
    assert find_copies(rich(1), list("abcd")).rows == 0


@pytest.mark.parametrize("copied", [20, 200, 1000])
def test_copies_of_rich_rows_are_not_chance(copied: int) -> None:
    frame, _ = with_copies(1000, copied)
    copies = find_copies(frame, frame.columns)
    assert not copies.natural
    assert copies.kept_whole is not None
    assert "copies stay on one side" in copies.words


def correlated_answers(n: int, columns: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    mood = rng.normal(size=(n, 1))
    answers = (mood * rng.choice([-1.5, 1.5], columns) + rng.normal(size=(n, columns))) > 0
    return pl.DataFrame({f"q{j}": answers[:, j] for j in range(columns)})


@pytest.mark.parametrize("seed", range(4))
def test_answers_that_repeat_by_nature_are_chance(seed: int) -> None:
    frame = correlated_answers(600, 14, seed)
    copies = find_copies(frame, frame.columns)
    assert copies.rows > 100
    assert copies.natural
    assert copies.kept_whole is None
    assert "by chance" in copies.words


def test_copies_are_recognised_among_columns_of_few_values() -> None:
    rng = np.random.default_rng(0)
    frame = correlated_answers(2000, 6, 0).with_columns(amount=pl.Series(rng.gamma(2.0, 1000, 2000).round(2)))
    frame = pl.concat([frame, frame[:100]])
    assert not find_copies(frame, frame.columns).natural


def test_a_row_that_fills_a_tenth_of_the_table_is_parted_like_others() -> None:
    frame = pl.concat([rich(500), pl.concat([rich(1, seed=9)] * 200), rich(500)[:20]])
    copies = find_copies(frame, frame.columns)
    whole = copies.kept_whole
    assert whole is not None
    assert (whole[500:700] == -1).all()
    assert (whole[700:] >= 0).all()
    assert "except those that fill a tenth" in copies.words


def test_too_few_different_rows_cannot_be_kept_whole() -> None:
    frame = pl.concat([rich(20)] * 30)
    copies = find_copies(frame, frame.columns)
    assert copies.kept_whole is None
    assert "only 20 rows are different" in copies.words


SETTINGS = {
    "folds": SplitRule(),
    "plain": SplitRule(stratify=False),
    "one cut": SplitRule(holdout=True),
    "no test": SplitRule(test_size=0.0),
    "given test": SplitRule(given_test=True),
}


@pytest.mark.parametrize("name", SETTINGS)
@settings(max_examples=10, deadline=None)
@given(n=st.integers(80, 600), share=st.floats(0.01, 1.5), seed=st.integers(0, 5))
def test_copies_never_stand_on_both_sides(name: str, n: int, share: float, seed: int) -> None:
    frame, y = with_copies(n, max(2, int(share * n)), seed)
    unit = find_copies(frame, frame.columns).kept_whole
    assert unit is not None
    split = make_split(SETTINGS[name], frame.height, task="classes", y=y, copies=unit)
    assert parted(unit, split) == 0


def test_parts_keep_their_sizes_and_class_shares_where_every_row_has_a_copy() -> None:
    frame = pl.concat([rich(2000), rich(2000)])
    rng = np.random.default_rng(0)
    y = np.tile((rng.random(2000) < 0.1).astype(int), 2)
    unit = find_copies(frame, frame.columns).kept_whole
    split = make_split(SplitRule(), 4000, task="classes", y=y, copies=unit)
    assert abs(len(split.test) - 600) <= 6
    assert abs(y[split.test].mean() - y.mean()) < 0.01
    sizes = [len(fold.validation) for fold in split.folds]
    assert max(sizes) - min(sizes) <= 12
    for fold in split.folds:
        assert abs(y[split.development][fold.validation].mean() - y.mean()) < 0.015


def test_a_table_without_copies_is_parted_as_ever() -> None:
    y = np.random.default_rng(0).integers(0, 2, 700)
    plain = make_split(SplitRule(), 700, task="classes", y=y)
    none = make_split(SplitRule(), 700, task="classes", y=y, copies=np.full(700, -1))
    assert plain.to_json() == none.to_json()


def test_copies_are_left_alone_where_the_user_said_how_to_part() -> None:
    frame, y = with_copies(300, 100)
    unit = find_copies(frame, frame.columns).kept_whole
    ordered = SplitRule(shuffle=False, stratify=False)
    with_units = make_split(ordered, 400, task="classes", y=y, copies=unit)
    assert with_units.to_json() == make_split(ordered, 400, task="classes", y=y).to_json()


def test_a_class_whose_rows_are_copies_of_one_row_stays_in_development() -> None:
    frame = pl.concat([rich(500), pl.concat([rich(1, seed=5)] * 4), rich(500)[:100]])
    y = np.zeros(604, dtype=int)
    y[:250] = 1
    y[500:504] = 2
    unit = find_copies(frame, frame.columns).kept_whole
    for seed in range(12):
        split = make_split(SplitRule(seed=seed), 604, task="classes", y=y, copies=unit)
        assert (split.part[500:504] == DEVELOPMENT).all()


@settings(max_examples=15, deadline=None)
@given(new=st.integers(0, 200), seed=st.integers(0, 5))
def test_sealed_rows_stay_sealed_with_their_new_copies(new: int, seed: int) -> None:
    frame, y = with_copies(300, 100, seed)
    first = make_split(SplitRule(), 400, task="classes", y=y, copies=find_copies(frame, frame.columns).kept_whole)
    rng = np.random.default_rng(seed)
    grown = pl.concat([frame, frame[rng.choice(400, new)]])
    tested, developed = np.zeros(400 + new, bool), np.zeros(400 + new, bool)
    tested[:400], developed[:400] = first.part == TEST, first.part == DEVELOPMENT
    unit = find_copies(grown, grown.columns).kept_whole
    assert unit is not None
    more = np.concatenate([y, rng.integers(0, 2, new)])
    second = make_split(
        SplitRule(),
        400 + new,
        task="classes",
        y=more,
        copies=unit,
        earlier_test=tested,
        earlier_development=developed,
    )
    assert (second.part[tested] == TEST).all()
    assert (second.part[developed] == DEVELOPMENT).all()
    assert parted(unit, second) == 0


def test_copies_that_an_earlier_version_parted_stay_where_they_were() -> None:
    frame, y = with_copies(300, 100)
    unit = find_copies(frame, frame.columns).kept_whole
    first = make_split(SplitRule(), 400, task="classes", y=y)  # by a release that knew no copies
    assert unit is not None
    assert parted(unit, first) > 0
    second = make_split(
        SplitRule(),
        400,
        task="classes",
        y=y,
        copies=unit,
        earlier_test=first.part == TEST,
        earlier_development=first.part == DEVELOPMENT,
    )
    assert (second.part == first.part).all()


def test_a_message_that_was_sent_twice_is_a_copy_and_a_short_code_is_not() -> None:
    rng = np.random.default_rng(0)
    words = np.array(["pump", "valve", "leaks", "again", "please", "call", "back", "today", "now", "oil"])
    messages = [" ".join(rng.choice(words, 9)) for _ in range(300)]
    twice = find_copies(pl.DataFrame({"text": [*messages, *messages[:30]]}), ["text"])
    assert not twice.natural and twice.kept_whole is not None and int((twice.kept_whole >= 0).sum()) == 60
    codes = [f"E{i}" for i in rng.integers(0, 200, 330)]
    assert find_copies(pl.DataFrame({"code": codes}), ["code"]).natural
