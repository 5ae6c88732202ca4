"""A folder of text files as a table: one folder for each class, or texts to predict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainwright.data.read import ReadOptions, read_table
from trainwright.data.schema import Kind
from trainwright.errors import UserError


def mails(folder: Path) -> Path:
    for label, texts in {"order": ["ten pumps please", "two valves"], "complaint": ["the pump leaks"]}.items():
        (folder / label).mkdir(parents=True)
        for i, text in enumerate(texts):
            (folder / label / f"{i}.txt").write_text(text, "utf-8")
    return folder


def test_folders_name_the_classes_and_files_hold_the_texts(tmp_path: Path) -> None:
    source = read_table(mails(tmp_path / "mails"))
    assert source.frame.rows() == [
        ("the pump leaks", "complaint"),
        ("ten pumps please", "order"),
        ("two valves", "order"),
    ]
    assert source.frame.columns == ["text", "label"] and source.kinds == {"text": Kind.TEXT} and source.name == "mails"
    assert "complaint 1, order 2" in source.notes[0].message


def test_texts_without_folders_have_no_label(tmp_path: Path) -> None:
    source = read_table(mails(tmp_path) / "order")
    assert source.frame.columns == ["text"] and source.frame.height == 2


def test_other_encodings_are_read_and_told(tmp_path: Path) -> None:
    place = mails(tmp_path)
    (place / "order" / "2.txt").write_bytes("für Köln".encode("cp1252"))
    (place / "order" / "3.txt").write_bytes("für Köln".encode("utf-16"))
    source = read_table(place)
    assert source.frame["text"].to_list()[-2:] == ["für Köln", "für Köln"]
    (told,) = (note.message for note in source.notes if note.code == "encoding")
    assert "2 of 5 files are not UTF-8" in told and "order/2.txt" in told and "order/3.txt" in told
    assert "Windows-1252" in told and "UTF-16" in told


def test_an_encoding_that_is_given_holds_for_every_file(tmp_path: Path) -> None:
    place = mails(tmp_path)
    for path in place.glob("*/*.txt"):
        path.write_bytes("無料".encode("shift_jis"))
    source = read_table(place, ReadOptions(encoding="shift_jis"))
    assert set(source.frame["text"]) == {"無料"}
    assert not any(note.code == "encoding" for note in source.notes)
    with pytest.raises(UserError, match=r"order.0\.txt is not written in utf-16"):
        (place / "complaint" / "0.txt").write_bytes("ok".encode("utf-16"))
        (place / "order" / "0.txt").write_bytes(b"odd")
        read_table(place, ReadOptions(encoding="utf-16"))


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    place = mails(tmp_path)
    (place / "refund").mkdir()
    (place / "refund" / "1.eml").write_text("money back")
    (place / "order" / "scan.png").write_bytes(b"\x89PNG")
    (place / "order" / "old").mkdir()
    told = " ".join(note.message for note in read_table(place).notes)
    assert "the folder 'refund' holds no text file" in told
    assert "2 other files were left out (.eml 1, .png 1)" in told
    assert "1 folder within a class left out" in told
    assert "left out" not in " ".join(note.message for note in read_table(mails(tmp_path / "plain")).notes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda place: (place / "loose.txt").write_text("x"), "beside the folders 'complaint', 'order'"),
        (lambda place: (place / "order").rename(place / "_order"), "single class 'complaint'"),
        (lambda place: (place / "order" / "bad.txt").write_bytes(b"\x00\x01\x02\xff" * 30), "order.bad.txt is binary"),
    ],
)
def test_what_is_no_folder_of_classes_is_one_message(
    tmp_path: Path, change: Callable[[Path], object], said: str
) -> None:
    place = mails(tmp_path)
    change(place)
    with pytest.raises(UserError, match=said):
        read_table(place)


def test_a_folder_with_tables_is_still_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(UserError, match=r"is a folder, not a file; give one of 'a\.csv'"):
        read_table(tmp_path)
