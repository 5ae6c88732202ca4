"""Hashes of tables and rows depend on values alone, and never change between releases."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.data.schema import Column, Kind, Role, Schema
from trainwright.data.snapshot import content_hash, row_keys

FRAME = pl.DataFrame(
    {
        "n": [1.5, None, -0.0],
        "i": [1, 2**60, None],
        "s": ["a", "", None],
        "b": [True, False, None],
        "t": [dt.datetime(2024, 1, 2, 3, 4, 5, 6), None, dt.datetime(1969, 12, 31)],
    }
)
SCHEMA = Schema(
    (
        Column("n", Kind.NUMBER),
        Column("i", Kind.NUMBER),
        Column("s", Kind.CATEGORY),
        Column("b", Kind.BOOLEAN),
        Column("t", Kind.DATETIME),
    )
)


def test_hashes_are_those_of_every_release() -> None:
    assert content_hash(FRAME, SCHEMA) == "cdecf6163ccee79511a142f2c7c4f129aab56243820a968651c81a0f856a4f0a"
    keys = row_keys(FRAME, FRAME.columns)
    assert keys.tolist() == [
        4775154432463045924,
        10132603603913383629,
        12439819039965780908,
    ]


def test_width_sign_of_zero_and_kind_of_missing_do_not_matter() -> None:
    narrow = FRAME.with_columns(
        pl.col("n").cast(pl.Float32), pl.col("s").cast(pl.Categorical), pl.col("t").cast(pl.Datetime("ns"))
    ).with_columns(n=pl.Series([1.5, float("nan"), 0.0], dtype=pl.Float32))
    assert content_hash(narrow, SCHEMA) == content_hash(FRAME, SCHEMA)
    assert row_keys(narrow, FRAME.columns).tolist() == row_keys(FRAME, FRAME.columns).tolist()
    whole = pl.DataFrame({"a": [1, -3, 2**53]})
    for dtype in (pl.Float64, pl.Int64, pl.UInt64):
        cast = whole.with_columns(pl.col("a").abs().cast(dtype))
        assert row_keys(cast, ["a"]).tolist() == row_keys(whole.select(pl.col("a").abs()), ["a"]).tolist()


def test_every_change_is_noticed() -> None:
    before = content_hash(FRAME, SCHEMA)
    for name, values in {
        "n": [1.5, None, 1e-300],
        "i": [1, 2**60 + 1, None],
        "s": ["a", None, ""],
        "b": [True, None, False],
        "t": [dt.datetime(2024, 1, 2, 3, 4, 5, 7), None, dt.datetime(1969, 12, 31)],
    }.items():
        changed = FRAME.with_columns(pl.Series(name, values))
        assert content_hash(changed, SCHEMA) != before
        assert row_keys(changed, FRAME.columns).tolist() != row_keys(FRAME, FRAME.columns).tolist()
    assert content_hash(FRAME, SCHEMA.replace("n", kind=Kind.CATEGORY)) != before
    renamed = Schema((Column("m", Kind.NUMBER), *SCHEMA.columns[1:]))
    assert content_hash(FRAME.rename({"n": "m"}), renamed) != before
    assert content_hash(FRAME.reverse(), SCHEMA) != before
    assert content_hash(FRAME, SCHEMA.replace("n", role=Role.GROUP)) == before


def test_neighbouring_strings_do_not_run_together() -> None:
    schema = Schema((Column("s", Kind.TEXT),))
    one, other = pl.DataFrame({"s": ["ab", "c"]}), pl.DataFrame({"s": ["a", "bc"]})
    assert content_hash(one, schema) != content_hash(other, schema)


def test_a_long_table_hashes_like_its_pieces_were_one() -> None:
    values = [f"v{i % 1000}" for i in range(250_000)]
    schema = Schema((Column("s", Kind.CATEGORY),))
    chunked = pl.concat([pl.DataFrame({"s": values[:7]}), pl.DataFrame({"s": values[7:]})], rechunk=False)
    assert content_hash(chunked, schema) == content_hash(pl.DataFrame({"s": values}), schema)


def test_keys_of_many_different_rows_differ() -> None:
    n = 200_000
    frame = pl.DataFrame({"a": np.arange(n), "b": np.arange(n)[::-1].copy()})
    keys = row_keys(frame, ["a", "b"])
    assert keys.dtype == np.uint64
    assert len(np.unique(keys)) == n
    assert len(np.unique(row_keys(frame.with_columns(b=pl.col("a")), ["a", "b"]))) == n


@settings(max_examples=80, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats()),
            st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
            st.one_of(st.none(), st.text(max_size=3)),
        ),
        min_size=1,
        max_size=15,
    ),
    order=st.randoms(use_true_random=False),
)
def test_keys_go_with_their_rows_and_tell_values_apart(rows: list[tuple], order: object) -> None:
    schema = {"f": pl.Float64, "i": pl.Int64, "s": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    keys = row_keys(frame, list(schema))
    positions = list(range(len(rows)))
    order.shuffle(positions)  # type: ignore[attr-defined]
    assert row_keys(frame[positions], list(schema)).tolist() == keys[positions].tolist()

    def plain(row: tuple) -> tuple:
        number = None if row[0] is None or row[0] != row[0] else row[0] + 0.0
        return (number, row[1], row[2])

    for a, left in enumerate(rows):
        for b, right in enumerate(rows):
            assert (plain(left) == plain(right)) == (keys[a] == keys[b])
