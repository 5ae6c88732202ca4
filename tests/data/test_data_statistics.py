"""The figures that a user sees about a table before training."""

from __future__ import annotations

import json
from datetime import datetime

import numpy as np
import polars as pl
import pytest

from trainwright.data.infer import encode_target, infer_schema, infer_target
from trainwright.data.split import SplitRule, make_split
from trainwright.data.statistics import statistics


def test_labels_parts_classes_and_columns() -> None:
    n = 400
    frame = pl.DataFrame(
        {
            "size": [None if i % 4 == 0 else float(i) for i in range(n)],
            "colour": ["red" if i % 5 else "blue" for i in range(n)],
            "made": [datetime(2024, 1, 1 + i % 28) for i in range(n)],
            "note": ["spare", "worn", "used"] + [None] * (n - 3),
            "y": [None if i < 20 else ("no" if i % 50 else "yes") for i in range(n)],
        }
    )
    inferred = infer_schema(frame, target="y")
    rows, target, _ = infer_target(inferred.frame, "y")
    whole = statistics(inferred.frame, inferred.schema, target)
    assert (whole["rows"], whole["labelled"]) == (400, 380)
    split = make_split(SplitRule(), 380, task="classes", y=encode_target(rows["y"], target), classes=target.classes)
    figures = statistics(rows, inferred.schema, target, split)
    assert json.loads(json.dumps(figures)) == figures
    assert figures["split"]["sizes"] == {"development": 323, "test": 57, "left_out": 0}
    assert sum(item["rows"] for item in figures["target"]["classes"]) == 323
    by_name = {column["name"]: column for column in whole["columns"]}
    assert by_name["size"]["coverage"] == 0.75
    assert (by_name["size"]["min"], by_name["size"]["max"]) == (1.0, 399.0)
    assert by_name["colour"]["top"][0] == ["red", 320]
    assert by_name["made"]["max"] == "2024-01-28T00:00:00"
    assert "y" not in by_name
    assert any("class 'yes'" in sentence for sentence in figures["warnings"])
    assert any("'note' has a value in 3 of 400" in sentence for sentence in whole["warnings"])


def test_number_target_has_a_histogram_of_every_label() -> None:
    y = np.random.default_rng(0).normal(size=500)
    inferred = infer_schema(pl.DataFrame({"a": y * 2, "y": y}), target="y")
    rows, target, _ = infer_target(inferred.frame, "y")
    figures = statistics(rows, inferred.schema, target)["target"]
    assert sum(figures["histogram"]["rows"]) == 500
    assert figures["median"] == pytest.approx(np.median(y))


def test_sealed_labels_change_nothing() -> None:
    y = ["no", "yes"] * 100
    inferred = infer_schema(pl.DataFrame({"a": np.arange(200.0), "y": y}), target="y")
    rows, target, _ = infer_target(inferred.frame, "y")
    split = make_split(SplitRule(), 200, task="classes", y=encode_target(rows["y"], target), classes=target.classes)
    for i in split.test:
        y[i] = "yes"
    poisoned = rows.with_columns(pl.Series("y", y))
    assert statistics(poisoned, inferred.schema, target, split) == statistics(rows, inferred.schema, target, split)
