"""Files that would grow without bound when opened are refused before they fill the memory."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zipfile
from pathlib import Path

import polars as pl
import pytest

from trainwright.data import limits
from trainwright.data.read import ReadOptions, read_table
from trainwright.errors import UserError


def xlsx(path: Path, sheet: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return path


def test_gzip_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,1\n" * (8 << 20)))  # 32 MiB out of 32 KiB
    tracemalloc.start()
    with pytest.raises(UserError, match=r"bomb.csv.gz is too large: it expands beyond 2.0 MiB"):
        read_table(path, ReadOptions(max_bytes=2 << 20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 << 20


def test_suspicious_ratio_is_refused_unless_a_limit_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HARMLESS", 1 << 20)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,1\n" * (1 << 20)))
    with pytest.raises(UserError, match="times, which no real table does"):
        read_table(path)
    assert read_table(path, ReadOptions(max_bytes=8 << 20)).frame.height == 1 << 20


def test_xlsx_bomb_is_refused_before_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = xlsx(tmp_path / "bomb.xlsx", b"0" * (4 << 20))
    with pytest.raises(UserError, match=r"its parts expand to 4.0 MiB, the limit is 1.0 MiB"):
        read_table(path, ReadOptions(max_bytes=1 << 20))
    monkeypatch.setattr(limits, "HARMLESS", 1 << 20)
    with pytest.raises(UserError, match="times, which no real table does"):
        read_table(path)


def test_xlsx_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    honest = xlsx(tmp_path / "lie.xlsx", b"0" * (4 << 20)).read_bytes()
    size = (4 << 20).to_bytes(4, "little")
    lie = tmp_path / "lie.xlsx"
    lie.write_bytes(honest.replace(size, (100).to_bytes(4, "little")))
    with pytest.raises(UserError, match=r"lie\.xlsx"):
        read_table(lie, ReadOptions(max_bytes=1 << 20))


def test_plain_and_columnar_files_obey_max_bytes(tmp_path: Path) -> None:
    plain = tmp_path / "a.csv"
    plain.write_text("a,b\n" + "1,2\n" * 1000)
    with pytest.raises(UserError, match="is too large"):
        read_table(plain, ReadOptions(max_bytes=1000))
    buffer = io.BytesIO()
    pl.DataFrame({"a": [0] * 100_000}).write_parquet(buffer)
    (tmp_path / "a.parquet").write_bytes(buffer.getvalue())
    assert len(buffer.getvalue()) < 100_000
    with pytest.raises(UserError, match=r"100,000 rows x 1 columns need 781\.2 KiB"):
        read_table(tmp_path / "a.parquet", ReadOptions(max_bytes=100_000))
