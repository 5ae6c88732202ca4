"""Tables of every library come through one door, and the core needs none of those libraries."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from trainwright.data.frames import to_polars
from trainwright.errors import UserError


def test_pandas_of_every_type() -> None:
    day = dt.datetime(2024, 1, 1)
    table = pd.DataFrame(
        {
            "whole": [1, 2, 3],
            "narrow": np.array([1, 2, 3], dtype=np.float32),
            "objects": ["a", None, "b"],
            "mixed": [1, "x", None],
            "category": pd.Categorical(["u", "v", None]),
            "number_category": pd.Categorical([2, 1, 2]),
            "date": pd.to_datetime([day, None, day]),
            "zoned": pd.to_datetime([day] * 3).tz_localize("Europe/Berlin"),
            "nullable": pd.array([1, None, 3], dtype="Int64"),
            "flags": pd.array([True, None, False], dtype="boolean"),
            "text": pd.array(["a", None, "b"], dtype="string"),
            "real": pd.array([1.5, None, 2], dtype="Float64"),
            "truth": [True, False, True],
            "lapse": pd.to_timedelta([1, 2, None], unit="h"),
            "period": pd.period_range("2024", periods=3, freq="D"),
        }
    )
    frame = to_polars(table)
    assert frame.columns == list(table.columns)
    utc = dt.datetime(2023, 12, 31, 23, tzinfo=dt.UTC)
    assert frame.row(0) == (
        1, 1.0, "a", "1", "u", 2, day, utc, 1, True, "a", 1.5, True, 3600.0, "2024-01-01"
    )  # fmt: skip
    assert frame["narrow"].dtype == pl.Float32
    assert frame["objects"].to_list() == ["a", None, "b"]
    assert frame["mixed"].to_list() == ["1", "x", None]
    assert frame["category"].to_list() == ["u", "v", None]
    assert frame["date"].to_list() == [day, None, day]
    assert frame["nullable"].to_list() == [1, None, 3]
    assert frame["flags"].to_list() == [True, None, False]


def test_pandas_names() -> None:
    assert to_polars(pd.DataFrame(np.zeros((1, 2)))).columns == ["column_1", "column_2"]
    assert to_polars(pd.DataFrame(np.zeros((1, 2)), columns=[2011, 2012])).columns == ["2011", "2012"]
    table = pd.DataFrame(np.zeros((1, 2)), columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")]))
    assert to_polars(table).columns == ["a_b", "a_c"]
    filtered = pd.DataFrame({"a": [1, 2, 3]}, index=[7, 8, 9]).loc[[9, 7]]
    assert to_polars(filtered)["a"].to_list() == [3, 1]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (np.arange(4).reshape(2, 2), {"column_1": [0, 2], "column_2": [1, 3]}),
        (np.arange(2.0), {"column_1": [0.0, 1.0]}),
        (np.array([(1, "a")], dtype=[("x", "i4"), ("y", "U3")]), {"x": [1], "y": ["a"]}),
        (np.array([["a", 1], ["b", None]], dtype=object), {"column_1": ["a", "b"], "column_2": [1, None]}),
        (np.array([1, 2], dtype=">f8"), {"column_1": [1.0, 2.0]}),
        (np.array(["2024-01-01", "NaT"], dtype="M8[D]"), {"column_1": [dt.datetime(2024, 1, 1), None]}),
        ({"a": [1, 2], "b": np.array([True, False])}, {"a": [1, 2], "b": [True, False]}),
        ([{"a": 1}, {"b": "x"}], {"a": [1, None], "b": [None, "x"]}),
        ([[1, "x"], [2, "y"]], {"column_1": [1, 2], "column_2": ["x", "y"]}),
        (pl.LazyFrame({"a": [1]}), {"a": [1]}),
        (pl.Series("a", [1]), {"a": [1]}),
        (pd.Series([1, 2], name="a"), {"a": [1, 2]}),
        (pa.table({"a": [1, 2], "b": ["x", None]}), {"a": [1, 2], "b": ["x", None]}),
        ({"a": [1, "x", None, 2.5]}, {"a": ["1", "x", None, "2.5"]}),
        ({"a": [2**70, 1]}, {"a": [float(2**70), 1.0]}),
    ],
)
def test_other_tables(table: Any, expected: dict[str, list[Any]]) -> None:
    assert to_polars(table).to_dict(as_series=False) == expected


def test_paths_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,x\n")
    assert to_polars(tmp_path / "a.csv").rows() == to_polars(str(tmp_path / "a.csv")).rows() == [("1", "x")]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (5, "bench must be a table, got int instead"),
        (None, "got NoneType"),
        ([], "got list"),
        ([1, 2], "got list"),
        ({"a": 5}, "column 'a' of bench is a single value of type int"),
        ({"a": [1], "b": [1, 2]}, "'a' has 1, 'b' has 2"),
        ([[1], [1, 2]], "the rows of bench have 1 to 2 values"),
        (np.zeros((2, 2, 2)), "one or two dimensions, got 3"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "doubled column names: 'a'"),
        (pa.table([[1], [2]], names=["a", "a"]), "doubled column names: 'a'"),
    ],
)
def test_what_is_not_a_table_is_refused(table: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        to_polars(table, name="bench")


def test_the_door_needs_neither_pyarrow_nor_pandas() -> None:
    script = """
        import sys
        sys.modules["pyarrow"] = sys.modules["pandas"] = None  # as if they were not installed
        import tempfile, pathlib, numpy as np, polars as pl
        from trainwright.data.frames import to_polars
        from trainwright.data.infer import infer_schema, infer_target, conform
        from trainwright.data.snapshot import content_hash, row_keys
        folder = pathlib.Path(tempfile.mkdtemp())
        frame = to_polars({"a": np.arange(30) % 4, "b": ["x", "y"] * 15})
        frame.write_parquet(folder / "t.parquet")
        frame.write_ipc(folder / "t.arrow")
        frame.write_ndjson(folder / "t.jsonl")
        for name in ("t.parquet", "t.arrow", "t.jsonl"):
            inferred = infer_schema(to_polars(folder / name), target="b")
            kept, target, notes = infer_target(inferred.frame, "b")
            conform(kept, inferred.schema); content_hash(kept, inferred.schema); row_keys(kept, ["a"])
        del sys.modules["pandas"]
        import pandas as pd
        days = pd.to_datetime(["2024-01-01"] * 2)
        table = pd.DataFrame({"a": [1, 2], "c": pd.Categorical(["x", None]), "s": ["u", "v"], "t": days})
        assert to_polars(table)["c"].to_list() == ["x", None]
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
