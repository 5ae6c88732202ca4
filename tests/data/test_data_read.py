"""Delimited text, JSON and columnar files are read as they are written, and what was found out is said."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.data.read import ReadOptions, read_table
from trainwright.errors import UserError


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def codes(notes: tuple) -> set[str]:
    return {note.code for note in notes}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_finds_out_delimiter_and_encoding(tmp_path: Path, delimiter: str, encoding: str) -> None:
    text = "naïve,age\nMünchen,39\nKöln,50\n".replace(",", delimiter)
    source = read_table(write(tmp_path, "a.csv", text.encode(encoding)))
    assert source.frame.columns == ["naïve", "age"]
    assert source.frame.rows() == [("München", "39"), ("Köln", "50")]
    assert ("delimiter" in codes(source.notes)) == (delimiter != ",")
    assert ("encoding" in codes(source.notes)) == (encoding in ("utf-16", "cp1252"))


def test_late_bytes_that_are_not_utf8_are_read_as_western(tmp_path: Path) -> None:
    text = "a,b\n" + "1,x\n" * 300_000 + "2,é\n"  # behind the sample that is looked at first
    source = read_table(write(tmp_path, "late.csv", text.encode("latin-1")))
    assert source.frame.row(-1) == ("2", "é")
    assert "encoding" in codes(source.notes)


def test_decimal_comma_is_respelt_for_the_whole_file(tmp_path: Path) -> None:
    source = read_table(write(tmp_path, "a.csv", "a;b;c\n1,5;1,234;x,y\n2,25;5,678;z\n"))
    assert source.frame.rows() == [("1.5", "1.234", "x,y"), ("2.25", "5.678", "z")]
    assert {note.code: note.columns for note in source.notes}["decimal_comma"] == ("a", "b")


def test_a_number_that_may_be_a_thousand_is_left_alone(tmp_path: Path) -> None:
    source = read_table(write(tmp_path, "a.csv", "a;b\n1,234;x\n5,678;y\n"))
    assert source.frame["a"].to_list() == ["1,234", "5,678"]
    given_by_user = read_table(write(tmp_path, "a.csv", "a;b\n1,234;x\n5,678;y\n"), ReadOptions(decimal=","))
    assert given_by_user.frame["a"].to_list() == ["1.234", "5.678"]


def test_headerless_file_gets_numbered_columns(tmp_path: Path) -> None:
    text = "39, State-gov, 77516, <=50K\n50, Private, 83311, >50K\n38, Private, 215646, <=50K\n"
    source = read_table(write(tmp_path, "adult.data", text))
    assert source.frame.columns == ["column_1", "column_2", "column_3", "column_4"]
    assert source.frame.height == 3
    assert "no_header" in codes(source.notes)


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("# by x\n# v2\na,b\n1,2\n3,4\n", ["a", "b"], 2),
        ("Report\n\na,b,c\n1,2,3\n4,5,6\n", ["a", "b", "c"], 2),
        ("|1x3 Cross validator\n25, Private, 1\n26, Gov, 2\n", ["column_1", "column_2", "column_3"], 2),
        ("0,1,2\n5.1,3.5,1.4\n4.9,3.0,1.4\n", ["0", "1", "2"], 2),
        ("name,2011,2012,2013\nx,1,2,3\ny,4,5,6\n", ["name", "2011", "2012", "2013"], 2),
        ("x, y ,\n1,2,3\n4,5,6\n", ["x", "y", "column_3"], 2),
        ("a,b\nr1,1,2\nr2,3,4\n", ["column_1", "a", "b"], 2),
        ("a,b\r1,2\r3,4\r", ["a", "b"], 2),
        ("a,b\r\n1,2\r\n\r\n3,4\r\n", ["a", "b"], 2),
        ("only\n1\n\n3\n\n", ["only"], 3),
    ],
)
def test_header_preamble_and_line_ends(tmp_path: Path, text: str, names: list[str], rows: int) -> None:
    frame = read_table(write(tmp_path, "a.csv", text)).frame
    assert frame.columns == names
    assert frame.height == rows


def test_header_row_given(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "x,y\na,b\n1,2\n")
    assert read_table(path, ReadOptions(header_row=2)).frame.columns == ["a", "b"]
    assert read_table(path, ReadOptions(header_row=0)).frame.height == 3
    with pytest.raises(UserError, match="header_row 9"):
        read_table(path, ReadOptions(header_row=9))


def test_quotes(tmp_path: Path) -> None:
    plain = write(tmp_path, "a.csv", 'a,b\n1,"x\ny"\n2,"say ""hi"", ok"\n')
    assert read_table(plain).frame["b"].to_list() == ["x\ny", 'say "hi", ok']
    spaced = write(tmp_path, "b.csv", 'a, b\n1, "x, y"\n2, "z"\n')
    assert read_table(spaced).frame.rows() == [("1", "x, y"), ("2", "z")]
    stray = write(tmp_path, "c.tsv", 'a\tb\nham\t"free now\nspam\t12" disk\n')
    assert read_table(stray).frame["b"].to_list() == ['"free now', '12" disk']
    with pytest.raises(UserError, match=r"line 2: a quotation mark is opened and never closed"):
        read_table(write(tmp_path, "d.csv", 'a,b\n1,"x\n2,z\n'))


def test_formulas_and_markup_are_data(tmp_path: Path) -> None:
    text = 'f,m\n"=HYPERLINK(""http://x"")",</script><script>alert(1)</script>\n@cmd,<b>\n'
    frame = read_table(write(tmp_path, "a.csv", text)).frame
    assert frame.row(0) == ('=HYPERLINK("http://x")', "</script><script>alert(1)</script>")


cell = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(
    lambda text: text.strip() == text and not text.startswith("\ufeff")
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.lists(cell, min_size=3, max_size=3), min_size=1, max_size=12),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
)
def test_whatever_csv_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str
) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *rows])
    path = write(tmp_path_factory.mktemp("csv"), "a.txt", out.getvalue())
    options = ReadOptions(delimiter=delimiter, header_row=1, encoding="utf-8", decimal=".")
    assert read_table(path, options).frame.rows() == [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "", "a.csv is empty"),
        ("a.csv", " \n\n", "a.csv is empty"),
        ("a.csv", "a,b\n", "a header and no rows"),
        ("a.csv", "a,b,a\n1,2,3\n", "doubled column names: 'a' .*columns 1 and 3"),
        (
            "a.csv",
            "a,b,c\n1,2,3\n4,5,6,7\n",
            r"1 row\(s\) have more fields than the 3 columns; .*line 3 with 4",
        ),
        (
            "a.csv",
            "a,b,c\n1,2\n4,5\n7,8\n1,2,3\n",
            r"3 row\(s\) have fewer than 3 fields; the first is line 2",
        ),
        ("a.csv", bytes(range(8)) * 50, "binary"),
        ("a.csv", b"PAR1....PAR1", "named as delimited text, but its content is Parquet"),
        ("a.csv", b"\x89PNG\r\n", "its content is PNG image"),
        ("a.csv", "<!DOCTYPE html><p>log in</p>", "its content is HTML page"),
        ("a.csv", '{"a": 1}\n{"a": 2}\n', "its content is JSON Lines"),
        ("a.jsonl", "a,b\n1,2\n", "named as JSON Lines, but its content is delimited text"),
        ("a.jsonl", '{"a": 1}\nnope\n', "line 2: not JSON"),
        ("a.jsonl", "[1]\n", "line 1: expected a JSON object, found list"),
        ("a.json", '["x"]', "JSON array of objects"),
        ("a.parquet", "a,b\n1,2\n", "named as Parquet, but its content is delimited text"),
        ("a.parquet", b"PAR1....PAR1", "damaged Parquet"),
        ("a.arrow", b"ARROW1..", "damaged Arrow"),
        ("a.xlsx", "a,b\n1,2\n", "named as Excel, but its content is delimited text"),
        ("a.xlsx", b"PK\x03\x04junk", "damaged zip"),
        ("model.pkl", b"\x80\x04abc", "Python pickle"),
        ("a.csv.gz", "a,b\n1,2\n", "named as gzip"),
        ("a.csv", gzip.compress(b"a,b\n1,2\n", mtime=0), "its content is gzip"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-9], "ends in the middle"),
        ("a.csv.gz", gzip.compress(b"PAR1", mtime=0), "Parquet"),
    ],
)
def test_bad_files_are_refused_by_name(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        read_table(write(tmp_path, name, content))
    assert name in str(caught.value)
    assert caught.value.remedy


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "adult.csv", "a\n1\n")
    with pytest.raises(UserError, match=r"adlut\.csv; did you mean .*adult\.csv"):
        read_table(tmp_path / "adlut.csv")
    with pytest.raises(UserError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(UserError, match="folder does not exist"):
        read_table(tmp_path / "no" / "adult.csv")


@pytest.mark.parametrize("quoted", ["", '"'])
def test_a_few_short_rows_are_said(tmp_path: Path, quoted: str) -> None:
    text = "a,b,c\n" + f"1,{quoted}2{quoted},3\n" * 200 + "4,5\n" + "7,8,\n"
    source = read_table(write(tmp_path, "a.csv", text))
    assert source.frame.row(200) == ("4", "5", None)
    said = next(note.message for note in source.notes if note.code == "short_rows")
    assert said.startswith("1 row(s) have fewer than 3 fields; the first is line 202")


def test_records_keep_types_and_late_keys(tmp_path: Path) -> None:
    lines = write(tmp_path, "a.jsonl", '{"a": 1, "b": "x"}\n' * 2000 + '{"a": 1.5, "c": true}\n')
    frame = read_table(lines).frame
    assert frame.columns == ["a", "b", "c"]
    assert frame.row(-1) == (1.5, None, True)
    array = write(tmp_path, "b.json", '[{"a": 1}, {"a": "x"}]')
    assert read_table(array).frame["a"].to_list() == ["1", "x"]


def test_columnar_and_packed_files_agree(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_ipc(tmp_path / "a.feather")
    frame.write_ipc_stream(tmp_path / "a.arrow")
    for name in ("a.parquet", "a.feather", "a.arrow"):
        assert read_table(tmp_path / name).frame.equals(frame)
    packed = write(tmp_path, "b.csv.gz", gzip.compress(b"a,b\n1,x\n", mtime=0) + gzip.compress(b"2,\n"))
    source = read_table(packed)
    assert source.frame.rows() == [("1", "x"), ("2", None)]
    assert source.name == "b"


def test_user_marks_become_missing(tmp_path: Path) -> None:
    options = ReadOptions(missing_marks=("-999", "unk"))
    text = read_table(write(tmp_path, "a.csv", "a,b\n-999,unk\n1,x\n"), options).frame
    assert text.rows() == [(None, None), ("1", "x")]
    pl.DataFrame({"a": [-999.0, 1.0], "i": [-999, 2]}).write_parquet(tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet", options).frame.rows() == [(None, None), (1.0, 2)]


def test_wide_tables_and_their_limit(tmp_path: Path) -> None:
    text = ",".join(f"c{i}" for i in range(5000)) + "\n" + ",".join("1" * 5000) + "\n"
    path = write(tmp_path, "wide.csv", text)
    assert read_table(path).frame.width == 5000
    with pytest.raises(UserError, match="5,000 columns, the limit is 4,999"):
        read_table(path, ReadOptions(max_columns=4999))
