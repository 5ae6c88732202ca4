"""Kinds are found out with a reason; marks, odd spellings and mixed values become what one expects."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.data.conform import conform
from trainwright.data.infer import Inferred, infer_schema
from trainwright.data.schema import Column, Kind, Role, Schema
from trainwright.errors import UserError

N = 60


def infer(values: Sequence[Any], name: str = "x", **options: Any) -> Inferred:
    frame = pl.DataFrame({"other": ["abcdefg"[i % 7] for i in range(len(values))]}).with_columns(
        pl.Series(name, values, strict=False)
    )
    return infer_schema(frame, **options)


def described(values: Sequence[Any], **options: Any) -> tuple[str, str]:
    column = infer(values, **options).schema["x"]
    return column.kind.value, column.role.value


@pytest.mark.parametrize(
    ("values", "kind", "role"),
    [
        ([str(i % 9) for i in range(N)], "number", "feature"),
        ([str(i / 3) for i in range(N)], "number", "feature"),
        ([f"0{i % 9}123" for i in range(N)], "category", "feature"),
        (["yes", "No"] * 30, "boolean", "feature"),
        (["Y", "N", ""] * 20, "boolean", "feature"),
        (["yes", "no", "maybe"] * 20, "category", "feature"),
        (["yes", "?"] * 30, "category", "feature"),
        ([f"site {i % 5}" for i in range(N)], "category", "feature"),
        ([f"A{i * 37:05d}" for i in range(N)], "identifier", "ignored"),
        ([str(i + 7) for i in range(N)], "identifier", "ignored"),
        ([str(i * i) for i in range(N)], "number", "feature"),
        ([str(12345678901234567890 + i) for i in range(N)], "identifier", "ignored"),
        ([f"a longer remark with number {i} in it" for i in range(N)], "text", "feature"),
        (
            ["Some college, no degree at all yet"] * 30 + ["Ten years of school and then work"] * 30,
            "category",
            "feature",
        ),
        (["same"] * N, "constant", "ignored"),
        (["?", "NA", " ", "null"] * 15, "constant", "ignored"),
        ([None] * N, "constant", "ignored"),
        ([1.5, float("nan")] * 30, "number", "feature"),
        ([True, False, None] * 20, "boolean", "feature"),
        ([dt.date(2024, 1, 1 + i % 20) for i in range(N)], "datetime", "feature"),
        ([[1, 2], [3]] * 30, "text", "ignored"),
    ],
)
def test_kinds_and_roles(values: list[Any], kind: str, role: str) -> None:
    assert described(values) == (kind, role)


def test_a_part_of_a_numbered_table_is_known_by_its_numbers() -> None:
    rng = np.random.default_rng(0)
    drawn = np.sort(rng.choice(10_000, 7_000, replace=False))
    inferred = infer_schema(pl.DataFrame({"UDI": drawn, "grams": rng.integers(0, 10**9, 7_000)}))
    assert inferred.schema["UDI"].kind is Kind.IDENTIFIER
    assert inferred.schema["grams"].kind is Kind.NUMBER


def test_named_identifiers_need_not_be_consecutive() -> None:
    unique = [str(i * 7919 % 1_000_003) for i in range(N)]
    assert infer(unique, name="customer_id").schema["customer_id"].kind is Kind.IDENTIFIER
    assert infer(unique, name="paid").schema["paid"].kind is Kind.NUMBER


def test_missing_marks_in_numbers_and_words() -> None:
    inferred = infer(["?", "NA", " n/a", "nan", "-", "None", "", "3.5", " 4 "] + ["1"] * 60)
    assert inferred.schema["x"].missing == 7
    assert inferred.frame["x"][7:9].to_list() == [3.5, 4.0]
    words = infer([" a", "b ", "a", "?"] * 15)
    assert words.schema["x"].distinct == 2
    assert words.schema["x"].missing == 15


def test_a_late_mark_in_a_long_number_column_is_missing() -> None:
    inferred = infer([str(i / 7) for i in range(50_000)] + ["?"])
    assert inferred.schema["x"].kind is Kind.NUMBER
    assert inferred.schema["x"].missing == 1


def test_sentinels_only_when_asked_and_remembered() -> None:
    values = ["-999" if i % 4 == 0 else str(i) for i in range(N)]
    assert infer(values).schema["x"].missing == 0
    asked = infer(values, missing_marks=["-999"])
    assert asked.schema["x"].missing == 15
    later, _ = conform(pl.DataFrame({"other": ["a"], "x": [-999.0]}), Schema.from_json(asked.schema.to_json()))
    assert later["x"].to_list() == [None]


def test_few_words_among_numbers_are_missing_and_named() -> None:
    inferred = infer(["broken" if i == 5 else str(i / 3) for i in range(N)])
    assert inferred.schema["x"].kind is Kind.NUMBER
    assert inferred.schema["x"].missing == 1
    assert "1 value(s) are not a number and count as missing: 'broken'" in inferred.notes[0].message


def test_many_words_among_numbers_are_categories_never_set_aside() -> None:
    inferred = infer([f"w{i}" if i % 4 == 0 else str(i / 3) for i in range(N)])
    assert (inferred.schema["x"].kind, inferred.schema["x"].role) == (Kind.CATEGORY, Role.FEATURE)
    assert [note.code for note in inferred.notes] == ["mixed_types"]


@pytest.mark.parametrize(
    ("spelt", "number"),
    [
        (lambda i: f"{i * 1237:,}", lambda i: i * 1237.0),
        (lambda i: f"${i * 1237.5:,.2f}", lambda i: i * 1237.5),
        (lambda i: f"{i},5 €", lambda i: i + 0.5),
        (lambda i: f"{i * 1000.25:,.2f}".translate(str.maketrans(",.", ".,")), lambda i: i * 1000.25),
        (lambda i: f"{i / 4} %", lambda i: i / 4),
        (lambda i: f"{i * 1237:,}".replace(",", " "), lambda i: i * 1237.0),
        (lambda i: f"{i * 1237:,}.5".replace(",", "'"), lambda i: i * 1237.5 - i * 0.5 + 0.5),
    ],
)
def test_numbers_written_for_people(spelt: Any, number: Any) -> None:
    inferred = infer([spelt(i) for i in range(N)])
    assert inferred.schema["x"].kind is Kind.NUMBER
    assert inferred.frame["x"].to_list() == [number(i) for i in range(N)]
    alone, notes = conform(pl.DataFrame({"other": ["a"], "x": [spelt(17)]}), inferred.schema)
    assert alone["x"].to_list() == [number(17)]
    assert not notes


def test_ambiguous_numbers_are_left_alone_and_said() -> None:
    inferred = infer([f"{1 + i % 9},{100 + i}" for i in range(N)])
    assert inferred.schema["x"].kind is Kind.CATEGORY
    assert [note.code for note in inferred.notes] == ["ambiguous_numbers"]
    mixed = infer(["12%", "3", "4"] * 20)
    assert mixed.schema["x"].kind is Kind.CATEGORY


@pytest.mark.parametrize(
    "pattern",
    [
        "%Y-%m-%d",
        "%Y/%m/%d %H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d-%b-%Y",
        "%B %d, %Y",
        "%d %b %y",
        "%m/%d/%Y %I:%M %p",
    ],
)
def test_date_formats(pattern: str) -> None:
    moments = [dt.datetime(2023, 1, 1) + dt.timedelta(days=5 * i, hours=i % 24) for i in range(N)]
    written = [moment.strftime(pattern) for moment in moments]
    inferred = infer(written)
    assert inferred.schema["x"].kind is Kind.DATETIME
    assert inferred.frame["x"].to_list() == [dt.datetime.strptime(text, pattern) for text in written]
    assert not inferred.notes


def test_one_row_is_read_in_the_order_of_the_training_file() -> None:
    for pattern in ("%d/%m/%Y", "%m/%d/%Y"):
        written = [dt.date(2024, 3, 1 + i % 28).strftime(pattern) for i in range(N)]
        schema = infer(written).schema
        later, _ = conform(pl.DataFrame({"other": ["a"], "x": [dt.date(2024, 2, 1).strftime(pattern)]}), schema)
        assert later["x"].to_list() == [dt.datetime(2024, 2, 1)]


def test_mixed_doubtful_and_zoned_dates_are_said() -> None:
    mixed = infer([f"2024-01-{1 + i % 28:02d}" if i % 2 else f"{1 + i % 28}.1.2024" for i in range(N)])
    assert mixed.schema["x"].missing == 0
    assert [note.code for note in mixed.notes] == ["mixed_dates"]
    doubt = infer([f"{1 + i % 12:02d}/{1 + i % 11:02d}/2024" for i in range(N)])
    assert [note.code for note in doubt.notes] == ["ambiguous_dates"]
    zoned = infer([f"2024-01-{1 + i % 28:02d}T00:30:00+02:00" for i in range(N)])
    assert zoned.frame["x"][1] == dt.datetime(2024, 1, 1, 22, 30)
    assert [note.code for note in zoned.notes] == ["time_zone"]
    impossible = infer([f"2024-02-{1 + i % 28:02d}" for i in range(N)] + ["2024-02-30"])
    assert impossible.schema["x"].missing == 1


def test_infinite_values_are_missing_and_said() -> None:
    for values in ([1.5, float("inf"), -float("inf")] * 20, ["1.5", "inf", "-inf"] * 20):
        inferred = infer(values)
        assert inferred.schema["x"].missing == 40
        assert "40 infinite" in inferred.notes[0].message


def test_number_types_keep_their_width() -> None:
    frame = pl.DataFrame({"f4": [1.5, 2.5], "i1": [1, 2], "i8": [1, 2**40], "s": ["1", "2"]}).with_columns(
        pl.col("f4").cast(pl.Float32), pl.col("i1").cast(pl.Int8)
    )
    assert infer_schema(frame).frame.dtypes == [pl.Float32, pl.Float32, pl.Int64, pl.Int64]


def test_roles_kinds_and_ignore_are_obeyed() -> None:
    frame = pl.DataFrame(
        {
            "y": ["a", "b"] * 20,
            "site": [str(i) for i in range(40)],
            "z": [str(i % 3) for i in range(40)],
            "w": [f"n{i}" for i in range(40)],
            "q": ["1", "2"] * 20,
        }
    )
    inferred = infer_schema(
        frame,
        target="y",
        roles={"site": Role.GROUP},
        kinds={"z": Kind.CATEGORY, "w": Kind.CATEGORY},
        ignore=["q"],
    )
    roles = {column.name: column.role for column in inferred.schema.columns}
    assert roles == {
        "y": Role.TARGET,
        "site": Role.GROUP,
        "z": Role.FEATURE,
        "w": Role.FEATURE,
        "q": Role.IGNORED,
    }
    assert inferred.frame["z"].dtype == pl.String
    assert inferred.schema["z"].reason == "kind given"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"target": "incme"}, r"'incme' \(target\) is not in the table; did you mean 'income'"),
        ({"roles": {"Income ": Role.GROUP}}, "did you mean 'income'"),
        ({"kinds": {"zzz": Kind.NUMBER}}, "its columns are 'income', 'age'"),
        ({"ignore": ["agee"]}, "did you mean 'age'"),
        ({"target": "age", "ignore": ["age"]}, "has another role"),
        ({"roles": {"age": Role.GROUP, "income": Role.GROUP}}, "role group is given to 'age', 'income'"),
        ({"ignore": ["age"], "target": "income"}, "no column is left as a feature"),
    ],
)
def test_wrong_names_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        infer_schema(pl.DataFrame({"income": ["1", "2"], "age": ["a", "b"]}), **options)


def test_a_table_without_a_feature_says_of_each_column_why() -> None:
    frame = pl.DataFrame({"label": ["a", "b"] * 20, "text": [""] * 40, "same": ["x"] * 40})
    with pytest.raises(UserError, match=r"feature: 'text' is empty in all 40 rows; 'same' is .*--kind") as caught:
        infer_schema(frame, target="label")
    assert "'label'" not in str(caught.value)


def test_one_row_is_too_little_to_train() -> None:
    with pytest.raises(UserError, match="the table has one row"):
        infer_schema(pl.DataFrame({"a": ["1"], "b": ["2"]}))


odd = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["?", "NA", "1", "2.5", "-3", "1e400", "01", "1,234", "5%", "$3", "yes", "no", "inf", "nan"]),
    st.sampled_from(["2024-01-31", "31/12/99", "99/99/9999", "2024-13-45 25:61", " 7 ", "true", "١٢", "12:30"]),
    st.none(),
)


@settings(max_examples=150, deadline=None)
@given(values=st.lists(odd, min_size=2, max_size=25))
def test_any_strings_are_inferred_and_the_same_file_conforms_to_its_schema(values: list[str | None]) -> None:
    frame = pl.DataFrame({"x": pl.Series(values, dtype=pl.String), "ok": ["ab"[i % 2] for i in range(len(values))]})
    inferred = infer_schema(frame)
    again, _ = conform(frame, Schema.from_json(inferred.schema.to_json()), required=["x", "ok"])
    expected = inferred.frame["x"]
    if expected.dtype.is_numeric() and inferred.schema["x"].kind is not Kind.IDENTIFIER:
        assert again["x"].cast(pl.Float64).equals(expected.cast(pl.Float64), null_equal=True)
    elif inferred.schema["x"].kind is not Kind.CONSTANT:
        assert again["x"].equals(expected, null_equal=True)
    assert inferred.schema["x"].missing == expected.null_count()


def test_schemas_of_earlier_releases_are_read() -> None:
    old = {"name": "a", "kind": "number", "role": "feature", "reason": "", "missing": 0, "distinct": 2}
    assert Column.from_json(old) == Column("a", Kind.NUMBER, distinct=2)
