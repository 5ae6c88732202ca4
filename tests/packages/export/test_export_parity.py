"""Tests of the comparison that decides whether an export is published, and of the rows it is made on."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from export_maker import schema_of, table

from trainwright.data.columns import Layout
from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.packages.export.parity import compare, require
from trainwright.packages.export.trial_rows import trial_rows

TWO = Target("y", "classes", ("no", "yes"), "yes")
OURS = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3]])


def test_a_difference_beyond_the_tolerance_is_refused_with_the_worst_row():
    theirs = OURS.copy()
    theirs[1] = [0.41, 0.59]
    found = compare(OURS, theirs, ["no", "yes", "no"], TWO, 0.5)
    assert found.worst == pytest.approx(0.01)
    with pytest.raises(UserError, match=r"row 1 it says 0.41, 0.59, ours 0.4, 0.6.*nothing was written"):
        require(found, "ONNX file")


def test_something_that_is_no_number_is_refused():
    theirs = OURS.copy()
    theirs[2] = np.nan
    with pytest.raises(UserError, match="row 2"):
        require(compare(OURS, theirs, None, TWO, 0.5), "folder")


def test_a_label_may_differ_only_where_rounding_decides():
    at_the_border = compare(OURS, OURS, ["no", "no", "no"], TWO, 0.6 - 1e-7)
    assert at_the_border.labels == 0
    wrong = compare(OURS, OURS, ["no", "no", "no"], TWO, 0.5)
    assert wrong.labels == 1
    with pytest.raises(UserError, match="decides 1 rows otherwise"):
        require(wrong, "ONNX file")


def test_numbers_are_compared_by_their_size_and_spread():
    target = Target("y", "number")
    ours = np.array([1e6, 2e6, 0.0])
    assert compare(ours, ours + [1.0, 0, 0], None, target, 0.5).worst < 2e-6
    assert compare(ours, ours + [0, 0, 100.0], None, target, 0.5).worst > 1e-5


def test_another_number_of_predictions_is_refused():
    with pytest.raises(UserError, match=r"shape \(2, 2\), expected \(3, 2\)"):
        compare(OURS, OURS[:2], None, TWO, 0.5)


@pytest.mark.parametrize("height", [1, 40, 400])
def test_rows_to_compare_on_are_as_many_as_asked_and_a_part_is_strange(height):
    frame = table(height)
    layout, schema = Layout.learn(frame, schema_of(frame)), schema_of(frame)
    rows = trial_rows(frame, layout, schema, {}, n=300)
    assert rows.height == 300 and rows.columns == list(layout.names)
    assert rows.equals(trial_rows(frame, layout, schema, {}, n=300))
    assert all(value is None for value in rows.row(-1))
    columns = layout.encode(rows)
    assert (columns.codes == -2).any() and np.isnan(columns.numbers).any()
    whole = rows.head(min(height, 50))
    assert whole.join(frame, on=whole.columns, how="anti", nulls_equal=True).height == 0


def test_without_development_rows_the_reference_stands_in():
    frame = table(20)
    layout, schema = Layout.learn(frame, schema_of(frame)), schema_of(frame)
    reference = {"size": 3.0, "label": 1.0, "flag": 0.0, "colour": "red", "town": "town 1", "seen": 1.5e9}
    rows = trial_rows(None, layout, schema, reference, n=20)
    assert rows.height == 20
    assert rows.filter(pl.col("colour") == "red").height > 0
