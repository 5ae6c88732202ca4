"""Prediction files: complete or absent, and values stay data."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from trainwright.errors import EnvironmentProblem, UserError
from trainwright.packages.keep import with_kept
from trainwright.packages.prediction_files import WRITERS, check_place, write_predictions

EVIL = ['=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", "http://example.org", "<b>"]
FRAME = pl.DataFrame(
    {
        "name": EVIL,
        "since": [datetime(2020, 1, 2, 3, 4, 5), None, datetime(1850, 1, 1), None, None, None],
        "big": [2**60 + 1, 1, None, 3, 4, 5],
        "prediction": [True, False, None, True, True, False],
        "probability_1": [0.1, 0.25, None, float("nan"), 1e-12, 1.0],
    }
)


def _read(path: Path) -> list[list[object]]:
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_every_kind_of_file_holds_every_row_in_order(tmp_path: Path, suffix: str) -> None:
    path = write_predictions(FRAME, tmp_path / f"out{suffix}")
    readers = {
        ".csv": lambda: pl.read_csv(path)["name"].to_list(),
        ".parquet": lambda: pl.read_parquet(path)["name"].to_list(),
        ".jsonl": lambda: pl.read_ndjson(path)["name"].to_list(),
        ".ndjson": lambda: pl.read_ndjson(path)["name"].to_list(),
        ".xlsx": lambda: [row[0] for row in _read(path)[1:]],
    }
    assert readers[suffix]() == EVIL
    assert _names(tmp_path) == [path.name]


def test_parquet_keeps_types(tmp_path: Path) -> None:
    path = write_predictions(FRAME, tmp_path / "out.parquet")
    assert pl.read_parquet(path).schema == FRAME.schema


def test_a_workbook_has_texts_for_formulas_and_exact_numbers(tmp_path: Path) -> None:
    import zipfile

    path = write_predictions(FRAME, tmp_path / "out.xlsx")
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet and b"hyperlink" not in sheet.lower().replace(b"=hyperlink(", b"")
    rows = _read(path)
    assert rows[0] == FRAME.columns
    assert rows[1][1] == datetime(2020, 1, 2, 3, 4, 5) and rows[3][1] == "1850-01-01 00:00:00"
    assert rows[1][2] == str(2**60 + 1) and rows[2][2] == 1
    assert rows[1][3] is True and rows[2][4] == 0.25 and rows[4][4] == ""


def test_a_workbook_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    one, two = (write_predictions(FRAME, tmp_path / f"{i}.xlsx") for i in (1, 2))
    assert one.read_bytes() == two.read_bytes()


def test_a_table_too_large_for_a_workbook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="1,048,575"):
        write_predictions(pl.DataFrame({"prediction": pl.zeros(1_048_576, eager=True)}), tmp_path / "out.xlsx")
    assert _names(tmp_path) == []


def test_lists_become_texts_in_csv(tmp_path: Path) -> None:
    path = write_predictions(pl.DataFrame({"a": [[1, 2], None]}), tmp_path / "out.csv")
    assert pl.read_csv(path)["a"].to_list() == ["[1, 2]", None]


@pytest.mark.parametrize("name", ["out", "out.txt", "out.csv.gz", "out.xls"])
def test_an_unknown_suffix_names_the_allowed_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"\.csv, \.parquet, \.jsonl, \.ndjson, \.xlsx"):
        check_place(tmp_path / name)


def test_places_where_no_file_can_be_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UserError, match="not a plain file"):
        check_place(tmp_path / "folder.csv")
    with pytest.raises(UserError, match="does not exist"):
        check_place(tmp_path / "nowhere" / "out.csv")


def test_an_existing_file_is_replaced_and_keeps_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    path.chmod(0o640)
    write_predictions(FRAME, path)
    assert path.stat().st_mode & 0o777 == 0o640
    assert pl.read_csv(path).height == FRAME.height


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    write_predictions(FRAME, tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert pl.read_csv(tmp_path / "real.csv").height == FRAME.height


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    """A real file system of 256 KiB; without the right to mount one, the injected failure below must do."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root on Linux")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no file system may be mounted here")
    try:
        path = disk / f"out{suffix}"
        path.write_bytes(b"old")
        import numpy as np

        large = pl.DataFrame({"probability_1": np.random.default_rng(0).random(60_000)})
        with pytest.raises(EnvironmentProblem, match="disk is full"):
            write_predictions(large, path)
        assert path.read_bytes() == b"old"
        assert _names(disk) == [path.name]
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_failure_at_the_last_step_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EnvironmentProblem, match="disk is full"):
        write_predictions(FRAME, tmp_path / "out.csv")
    assert _names(tmp_path) == []


def test_kept_columns_stand_in_front_and_a_wrong_one_is_named() -> None:
    source = pl.DataFrame({"id": [1], "age": [3], "prediction": ["x"]})
    out = pl.DataFrame({"prediction": ["y"]})
    assert with_kept(out, source, ()).columns == ["prediction"]
    assert with_kept(out, source, ["age", "id"]).columns == ["age", "id", "prediction"]
    assert with_kept(out, source, "all").columns == ["id", "age", "prediction_in_file", "prediction"]
    with pytest.raises(UserError, match="did you mean 'age'"):
        with_kept(out, source, ["agee"])
