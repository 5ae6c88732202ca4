"""A row once sealed stays sealed in every later dataset version, whatever the kind of split."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.data.split import DEVELOPMENT, TEST, Split, SplitRule, make_split
from trainwright.errors import UserError


def grow(rule: SplitRule, old: int, new: int, *, seed: int = 0) -> tuple[Split, Split, np.ndarray]:
    """The split of a version, then of a version with `new` rows more; groups and times go with the rows."""
    n = old + new
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    group = rng.integers(0, max(n // 8, 4), n) if rule.group else None
    time = np.sort(rng.integers(0, n, n)).astype(float) if rule.time else None
    time = np.arange(n, dtype=float) if rule.time == "row-order" else time

    def cut(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[:old]

    first = make_split(rule, old, task="classes", y=y[:old], group=cut(group), time=cut(time))
    tested = np.zeros(n, bool)
    developed = np.zeros(n, bool)
    tested[:old] = first.part == TEST
    developed[:old] = first.part == DEVELOPMENT
    if group is not None:  # the key of a grouped project is the group
        tested = np.isin(group, group[tested])
        developed = np.isin(group, group[developed])
    second = make_split(
        rule,
        n,
        task="classes",
        y=y,
        group=group,
        time=time,
        earlier_test=tested,
        earlier_development=developed,
    )
    return first, second, tested


RULES = {
    "random": SplitRule(),
    "plain": SplitRule(stratify=False),
    "ordered": SplitRule(shuffle=False),
    "grouped": SplitRule(group="site"),
    "time": SplitRule(time="day"),
    "no test": SplitRule(test_size=0.0),
}


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=12, deadline=None)
@given(old=st.integers(80, 400), new=st.integers(0, 400), seed=st.integers(0, 5))
def test_sealed_rows_are_never_trained_on(name: str, old: int, new: int, seed: int) -> None:
    _, second, tested = grow(RULES[name], old, new, seed=seed)
    assert not (second.part[tested] == DEVELOPMENT).any()
    if name in ("random", "plain", "ordered", "grouped"):
        assert (second.part[tested] == TEST).all()


@settings(max_examples=20, deadline=None)
@given(old=st.integers(80, 400), new=st.integers(0, 400))
def test_the_test_part_is_topped_up_with_new_rows_alone(old: int, new: int) -> None:
    first, second, _ = grow(SplitRule(), old, new)
    assert (second.part[:old] == first.part).all()
    assert abs(len(second.test) - round(0.15 * (old + new))) <= 2


def test_time_moves_on_and_the_old_window_is_left_out_and_counted() -> None:
    first, second, tested = grow(SplitRule(time="row-order"), 1000, 3000)
    assert first.test.min() == 850
    assert second.test.min() == 3400
    assert not (second.part[tested] == DEVELOPMENT).any()
    assert second.left_out == {"sealed in an earlier dataset version, but before the cut in time": 150}


def test_a_few_new_rows_do_not_move_the_cut_in_time() -> None:
    first, second, tested = grow(SplitRule(time="day"), 1000, 40)
    assert (second.part[tested] == TEST).all()
    assert (second.part[1000:] == TEST).all()
    assert not second.left_out and not first.left_out


def test_a_group_on_both_sides_earlier_is_refused_with_the_reason() -> None:
    n = 100
    tested = np.zeros(n, bool)
    tested[:10] = True
    with pytest.raises(UserError, match=r"drawn without these groups.*new project"):
        make_split(
            SplitRule(group="site"),
            n,
            task="number",
            y=np.arange(100.0),
            group=np.arange(n) % 20,
            earlier_test=tested,
            earlier_development=~tested,
        )


def test_when_every_row_was_trained_on_the_empty_test_part_is_said() -> None:
    split = make_split(SplitRule(), 200, task="number", y=np.arange(200.0), earlier_development=np.ones(200, bool))
    assert len(split.test) == 0
    assert any("The test part is empty" in sentence for sentence in split.reason)


def test_a_split_column_cannot_unseal_rows() -> None:
    tested = np.zeros(100, bool)
    tested[:5] = True
    split = make_split(
        SplitRule(split_column="part"),
        100,
        task="number",
        y=np.arange(100.0),
        split_values=["train"] * 80 + ["test"] * 20,
        earlier_test=tested,
    )
    assert len(split.development) == 75
    assert split.left_out == {"sealed as test rows in an earlier dataset version": 5}
