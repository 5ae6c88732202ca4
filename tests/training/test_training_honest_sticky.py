"""A row once sealed stays sealed in every later dataset version, and one once trained on is never a test row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, rows_of, settings, table

from trainwright.data.split import DEVELOPMENT, TEST
from trainwright.errors import UserError
from trainwright.store.sealed_keys import KeysChangedError
from trainwright.store.workspace import Workspace
from trainwright.training import sealing as preparing
from trainwright.training.prepare import prepare
from trainwright.training.prepared import Prepared

SERIAL = "serial"


def numbered(n: int, seed: int = 0) -> pl.DataFrame:
    """A table with a column that names each row."""
    serials = [f"{chr(97 + i % 26)}{seed}x{i:04}" for i in range(n)]
    return table(n, seed=seed).select([*FEATURES, "site"]).with_columns(pl.Series(SERIAL, serials))


def serials(prepared: Prepared, part: int) -> set[str]:
    """The names of the rows in a part."""
    return set(prepared.table.frame.filter(pl.Series(prepared.split.part == part))[SERIAL])


def grown(frame: pl.DataFrame, seed: int = 9) -> pl.DataFrame:
    """The table half as long again, in another order, with labels that were corrected meanwhile."""
    more = numbered(frame.height // 2, seed=seed)
    flipped = pl.concat([frame, more]).with_columns(
        y=pl.when(pl.int_range(pl.len()) % 17 == 0).then(pl.lit("no")).otherwise(pl.col("y"))
    )
    return flipped.sample(fraction=1.0, shuffle=True, seed=seed)


@pytest.mark.parametrize(
    "wanted",
    [
        {"data__ignore": ("site",), "data__id": SERIAL},
        {"data__group": "site", "data__ignore": (SERIAL,)},
        {"data__ignore": (SERIAL, "site")},
    ],
    ids=["id", "group", "whole rows"],
)
def test_more_rows_keep_every_earlier_row_on_its_side(tmp_path: Path, wanted: dict[str, Any]) -> None:
    workspace = new_workspace(tmp_path)
    frame = numbered(300)
    first = prepare(workspace, frame, settings(**wanted))
    second = prepare(workspace, grown(frame), settings(**wanted, training__seed=77))
    third = prepare(workspace, grown(grown(frame), seed=10), settings(**wanted, training__seed=5))
    assert [first.dataset_number, second.dataset_number, third.dataset_number] == [1, 2, 3]
    for earlier, later in ((first, second), (second, third), (first, third)):
        assert serials(earlier, TEST) <= serials(later, TEST)
        assert not serials(earlier, DEVELOPMENT) & serials(later, TEST)
    assert len(serials(second, TEST)) > len(serials(first, TEST)) > 0
    if "data__group" in wanted:
        for one in (first, second, third):
            sealed, trained = (
                set(one.table.frame.filter(pl.Series(one.split.part == part))["site"]) for part in (TEST, DEVELOPMENT)
            )
            assert not sealed & trained


def test_copies_of_a_row_keep_their_sides_and_their_number(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    few = table(12, seed=3).select(FEATURES)
    frame = pl.concat([few] * 20)
    first = prepare(workspace, frame, settings())
    again = prepare(workspace, frame, settings(training__seed=8))
    assert np.array_equal(first.split.part, again.split.part)
    longer = prepare(workspace, pl.concat([frame, table(60, seed=4).select(FEATURES)]), settings(training__seed=9))
    assert np.array_equal(longer.split.part[:240], first.split.part)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"data__id": SERIAL}, {"data__ignore": (SERIAL,)}, "id column 'serial'.*whole rows"),
        ({"data__ignore": (SERIAL,)}, {"data__group": "site"}, "whole rows.*group column 'site'"),
        ({"data__group": "site"}, {"data__group": SERIAL}, "group column 'site'.*group column 'serial'"),
    ],
)
def test_other_roles_would_move_rows_and_are_refused(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any], words: str
) -> None:
    workspace = new_workspace(tmp_path)
    frame = numbered(240)
    prepare(workspace, frame, settings(**before))
    with pytest.raises(UserError, match=words) as caught:
        prepare(workspace, frame, settings(**after))
    assert "new project" in str(caught.value)
    assert rows_of(workspace, "select count(*) from run") == [(1,)]
    assert prepare(workspace, frame, settings(**after, project="other")).project.name == "other"


def parallel(workspace: Workspace, first: pl.DataFrame, second: pl.DataFrame, again: int = 1) -> tuple[Any, Any]:
    """Two trainings of which the second begins and ends its preparation while the first has just been split."""
    real = preparing.publish_parts
    others: list[Prepared] = []

    def publish(*arguments: Any, **values: Any) -> Any:
        if len(others) < again:
            others.append(None)  # type: ignore[arg-type]  # the other must not do the same
            others[-1] = prepare(workspace, second, settings(training__seed=100 + len(others)))
        return real(*arguments, **values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparing, "publish_parts", publish)
        mine = prepare(workspace, first, settings(training__seed=1))
    return mine, others[0]


def test_two_splits_of_the_same_moment_do_not_contradict_each_other(tmp_path: Path) -> None:
    frame = table(240).select(FEATURES)
    alone = prepare(new_workspace(tmp_path / "alone"), frame, settings(training__seed=1))
    mine, other = parallel(new_workspace(tmp_path), frame, frame)

    def meet(one: Prepared, two: Prepared) -> bool:
        """Whether a row that one sealed is trained on by two."""
        return bool(set(one.split.test.tolist()) & set(two.split.development.tolist()))

    assert meet(alone, other), "the two seeds must disagree, or this shows nothing"
    assert not meet(mine, other) and not meet(other, mine)


def test_a_project_that_never_rests_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = new_workspace(tmp_path)

    def changed(*arguments: Any, **values: Any) -> None:
        raise KeysChangedError("another training split the same project at this moment", remedy="try again")

    monkeypatch.setattr(preparing, "record_keys", changed)
    with pytest.raises(KeysChangedError, match="try again"):
        prepare(workspace, table().select(FEATURES), settings())
    assert rows_of(workspace, "select * from run") == []
