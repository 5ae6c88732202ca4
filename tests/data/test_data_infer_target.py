"""The target: task decided and said, labels in their own spelling, wrong targets refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.data.infer import encode_target, infer_schema, infer_target
from trainwright.data.schema import Target
from trainwright.errors import UserError


def target_of(values: list[Any], **options: Any) -> tuple[Target, dict[str, str], pl.DataFrame]:
    frame = pl.DataFrame({"y": pl.Series(values, strict=False), "row": range(len(values))})
    kept, target, notes = infer_target(frame, "y", **options)
    return target, {note.code: note.message for note in notes}, kept


@pytest.mark.parametrize(
    ("values", "task", "classes", "numeric"),
    [
        (["no", "yes"] * 20, "classes", ("no", "yes"), None),
        (["<=50K.", ">50K. "] * 20, "classes", ("<=50K.", ">50K."), None),
        (["0", "1"] * 20, "classes", ("0", "1"), "int"),
        ([0, 1] * 20, "classes", ("0", "1"), "int"),
        ([0.0, 1.0] * 20, "classes", ("0.0", "1.0"), "float"),
        ([True, False] * 20, "classes", ("False", "True"), "bool"),
        (["01", "02"] * 20, "classes", ("01", "02"), None),
        ([10, 9, 8, 2, 1] * 20, "classes", ("1", "2", "8", "9", "10"), "int"),
        ([1, 2, 3, 4, 5] * 20, "classes", ("1", "2", "3", "4", "5"), "int"),
        (["none", "mild", "severe"] * 20, "classes", ("mild", "none", "severe"), None),
        ([3, 4, 5, 6, 7, 8] * 20, "number", (), None),
        ([i * 1.5 for i in range(40)], "number", (), None),
        ([str(i) for i in range(40)], "number", (), None),
        (["1,5", "2,25", "3,75", "8,5"] * 10, "number", (), None),
    ],
)
def test_task_and_classes(values: list[Any], task: str, classes: tuple[str, ...], numeric: str | None) -> None:
    target, notes, _ = target_of(values)
    assert (target.task, target.classes, target.numeric_labels) == (task, classes, numeric)
    looks_like_numbers = numeric in ("int", "float") or task == "number"
    in_doubt = looks_like_numbers and not any("," in str(v) or float(v) % 1 for v in values)
    assert ("task" in notes) == in_doubt  # what could have been the other task is said


def test_task_given() -> None:
    assert target_of([0, 1, 2] * 20, task="number")[0].task == "number"
    assert target_of([3, 4, 5, 6] * 20, task="classes")[0].classes == ("3", "4", "5", "6")
    with pytest.raises(UserError, match="'a', 'b' are not numbers"):
        target_of(["a", "b", "1"] * 5, task="number")
    with pytest.raises(UserError, match="task must be 'classes' or 'number'"):
        target_of(["a", "b"], task="regression")


def test_rows_without_target_are_dropped_and_counted() -> None:
    _, notes, kept = target_of(["yes", None, "no", "?", " ", "NA", "no"])
    assert kept["row"].to_list() == [0, 2, 6]
    assert notes["target_missing"] == "4 row(s) without a target value were dropped"
    assert target_of([1.5, float("inf"), float("nan"), 2.5])[2]["row"].to_list() == [0, 3]


def test_positive_class() -> None:
    target, notes, _ = target_of(["b", "b", "b", "a"] * 5)
    assert target.positive == "a"
    assert notes["positive"] == "positive class is 'a', the rarer one (25.0% of rows)"
    assert target_of(["a", "b"] * 5)[0].positive == "b"
    assert target_of([0, 0, 1], positive="0")[0].positive == "0"
    assert target_of([0.0, 1.0, 0.0], positive=1)[0].positive == "1.0"
    assert target_of([True, False], positive="true")[0].positive == "True"
    with pytest.raises(UserError, match="'c' is not a label of 'y'; its labels are 'a', 'b'"):
        target_of(["a", "b"] * 5, positive="c")
    with pytest.raises(UserError, match="3 classes, not two"):
        target_of(["a", "b", "c"] * 5, positive="c")
    assert target_of(["a", "b", "c"] * 5)[0].positive is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["a"] * 9, "has only the class 'a'"),
        ([None, "?"], "has no values"),
        ([f"c{i}" for i in range(10_000)] * 3, "10,000 classes, the limit is 1,000"),
        ([f"c{i}" for i in range(30)], "30 classes in 30 rows"),
        (["2024-01-01", "2024-01-02"], None),
        ([[1], [2]], "nested values"),
    ],
)
def test_targets_that_cannot_be_learned(values: list[Any], said: str | None) -> None:
    if said is None:
        with pytest.raises(UserError, match="holds dates"):
            target_of(pl.Series(values).str.to_date().to_list())
        return
    with pytest.raises(UserError, match=said):
        target_of(values)


def test_absent_target_names_the_nearest() -> None:
    with pytest.raises(UserError, match="'incme' is not in the table; did you mean 'income'"):
        infer_target(pl.DataFrame({"income": [1], "age": [2]}), "incme")


def test_look_alike_labels_are_said() -> None:
    _, notes, _ = target_of([">50K", ">50K.", "<=50K"] * 5)
    assert "'>50K', '>50K.'" in notes["similar_labels"]


def test_schema_first_or_target_first_gives_the_same() -> None:
    frame = pl.DataFrame({"x": ["1", "2", "3", "4"], "y": [" yes", "no", "?", "no"]})
    inferred = infer_schema(frame, target="y")
    kept, target, _ = infer_target(inferred.frame, "y")
    assert infer_target(frame, "y")[1] == target
    assert kept["y"].to_list() == ["yes", "no", "no"]


@pytest.mark.parametrize(
    "values", [[0, 1, 1], [0.0, 1.0, 1.0], ["0", "1", " 1 "], ["0.0", "1.0", "1"], [False, True, True]]
)
def test_number_labels_are_known_in_any_spelling(values: list[Any]) -> None:
    target = Target("y", "classes", ("0", "1"), "1", "int")
    assert encode_target(pl.Series(values), target).tolist() == [0, 1, 1]


def test_encoding_unknown_and_missing() -> None:
    words = Target("y", "classes", ("no", "yes"), "yes")
    codes = encode_target(pl.Series(["yes", " no", "YES", None, "no."]), words)
    assert codes.tolist() == [1, 0, -1, -1, -1]
    assert codes.dtype == np.int64
    truth = Target("y", "classes", ("False", "True"), "True", "bool")
    assert encode_target(pl.Series(["true", "FALSE", "x", "1"]), truth).tolist() == [1, 0, -1, 1]
    number = Target("y", "number")
    encoded = encode_target(pl.Series(["1.5", "?", "x", "inf"]), number)
    assert encoded.dtype == np.float64
    np.testing.assert_array_equal(encoded, [1.5, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(encode_target(pl.Series([1, None]), number), [1.0, np.nan])


names_of_classes = st.lists(st.text(max_size=5), min_size=2, max_size=6, unique_by=str.strip)


@settings(max_examples=100, deadline=None)
@given(names=names_of_classes, more=st.lists(st.integers(0, 5), max_size=9))
def test_every_row_decodes_to_its_own_label(names: list[str], more: list[int]) -> None:
    values = [f"label {name}" for name in names] * 3 + [f"label {names[i % len(names)]}" for i in more]
    target, _, kept = target_of(values)
    codes = encode_target(kept["y"], target)
    trimmed = pl.Series(values).str.strip_chars().to_list()
    assert [target.classes[code] for code in codes] == trimmed
