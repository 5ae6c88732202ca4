"""New files get the types of a stored schema: missing columns named, extra ones left out, nothing crashes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.data.conform import conform
from trainwright.data.schema import Column, Kind, Role, Schema
from trainwright.errors import UserError

SCHEMA = Schema(
    (
        Column("age", Kind.NUMBER),
        Column("job", Kind.CATEGORY),
        Column("member", Kind.BOOLEAN),
        Column("since", Kind.DATETIME, format="day-first"),
        Column("remark", Kind.TEXT),
        Column("customer", Kind.IDENTIFIER, Role.ID, format="integer"),
        Column("junk", Kind.CONSTANT, Role.IGNORED),
        Column("y", Kind.CATEGORY, Role.TARGET),
    )
)
ROW = {
    "age": "39",
    "job": " cook ",
    "member": "Yes",
    "since": "01/02/2024",
    "remark": "fine",
    "customer": "12",
}


def test_a_row_of_strings_gets_its_types() -> None:
    frame, notes = conform(pl.DataFrame([ROW]), SCHEMA)
    assert frame.row(0) == (39.0, "cook", True, dt.datetime(2024, 2, 1), "fine", 12)
    assert notes == ()


def test_missing_columns_are_all_named_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"2 column\(s\) that the model needs are missing: 'age', 'job'") as caught:
        conform(pl.DataFrame([{"Age": 1, "jobb": "x", "member": True, "since": None, "remark": ""}]), SCHEMA)
    assert "'age' may be 'Age'" in str(caught.value)
    assert "'job' may be 'jobb'" in str(caught.value)


def test_extra_columns_are_said_and_left_out_and_names_may_have_spaces() -> None:
    frame, notes = conform(pl.DataFrame([{**ROW, "age": None} | {" age": 4, "new": 1}]).drop("age"), SCHEMA)
    assert frame["age"].to_list() == [4.0]
    assert notes[0].columns == ("new",)


def test_the_target_is_handed_on_as_it_is_and_ignored_columns_only_when_required() -> None:
    given_row = pl.DataFrame([{**ROW, "y": " yes.", "junk": 1}])
    assert conform(given_row, SCHEMA)[0].columns == [*ROW, "y"]
    assert conform(given_row, SCHEMA)[0]["y"].to_list() == [" yes."]
    assert conform(given_row, SCHEMA, required=["junk"])[0]["junk"].to_list() == ["1"]


def test_what_does_not_parse_is_counted() -> None:
    rows = pl.DataFrame([{**ROW, "age": "old"}, {**ROW, "age": "?"}, {**ROW, "age": "older", "since": "soon"}])
    frame, notes = conform(rows, SCHEMA)
    assert frame["age"].null_count() == 3
    assert [note.columns for note in notes] == [("age",), ("since",)]
    assert "2 value(s) are not a number and count as missing: 'old', 'older'" in notes[0].message


def test_no_rows_and_no_features_found_do_not_crash() -> None:
    assert conform(pl.DataFrame(schema=dict.fromkeys(ROW, pl.String)), SCHEMA)[0].height == 0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2], ["1", "2"]),
        ([1.0, 2.5], ["1", "2.5"]),
        ([True, None], ["True", None]),
        ([None, None], [None, None]),
    ],
)
def test_categories_are_compared_by_their_spelling(values: list[Any], expected: list[str | None]) -> None:
    schema = Schema((Column("job", Kind.CATEGORY),))
    assert conform(pl.DataFrame({"job": values}), schema)[0]["job"].to_list() == expected


anything = st.one_of(
    st.lists(st.one_of(st.none(), st.text(max_size=5)), min_size=1, max_size=12),
    st.lists(st.one_of(st.none(), st.floats()), min_size=1, max_size=12),
    st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62)), min_size=1, max_size=12),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=1, max_size=12),
    st.lists(st.one_of(st.none(), st.datetimes()), min_size=1, max_size=12),
    st.lists(st.lists(st.integers(0, 9), max_size=2), min_size=1, max_size=12),
    st.lists(st.binary(max_size=3), min_size=1, max_size=12),
)


@settings(max_examples=150, deadline=None)
@given(values=anything, kind=st.sampled_from(list(Kind)))
def test_no_type_crashes_and_rows_conform_one_by_one_as_they_do_together(values: list[Any], kind: Kind) -> None:
    schema = Schema((Column("x", kind),))
    frame = pl.DataFrame({"x": pl.Series(values, strict=False)})
    together = conform(frame, schema)[0]["x"]
    expected = {
        Kind.NUMBER: (pl.Float64, pl.Int64),
        Kind.BOOLEAN: (pl.Boolean,),
        Kind.DATETIME: (pl.Datetime("us"),),
    }
    assert together.dtype in expected.get(kind, (pl.String, pl.Int64))
    for i in range(len(values)):
        alone = conform(frame[i : i + 1], schema)[0]["x"]
        assert alone.to_list() == together[i : i + 1].to_list()


spelt = st.from_regex(r"\A[ ]?[-+]?[0-9]{0,25}[.,]?[0-9]{0,25}([eE][-+]?[0-9]{1,3})?[ \x1c]?\Z")


@settings(max_examples=60, deadline=None)
@given(values=st.lists(spelt | st.text(max_size=4), min_size=9, max_size=10), number=st.booleans())
def test_one_row_is_parsed_exactly_like_many(values: list[str], number: bool) -> None:
    kind = Kind.NUMBER if number else Kind.CATEGORY
    # A style given keeps many rows from finding one of their own, which a single row cannot do.
    style = "number decimal=. thousands=none unit=none" if number else ""
    many = conform(pl.DataFrame({"x": values}), Schema((Column("x", kind, format=style),)))[0]["x"].to_list()
    plain = Schema((Column("x", kind),))
    assert [conform(pl.DataFrame({"x": [value]}), plain)[0]["x"].item() for value in values] == many
