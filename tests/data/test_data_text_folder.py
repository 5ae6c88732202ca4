"""A folder of text files as a table: one folder for each class, or texts to predict."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainwright.data.read import read_table
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
    assert any("2 of 5 files are not UTF-8" in note.message for note in source.notes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda place: (place / "loose.txt").write_text("x"), "beside the folders 'complaint', 'order'"),
        (lambda place: (place / "order").rename(place / "_order"), "single class 'complaint'"),
        (lambda place: (place / "order" / "bad.txt").write_bytes(b"\x00\x01\x02\xff" * 30), "binary"),
    ],
)
def test_what_is_no_folder_of_classes_is_one_message(tmp_path: Path, change, said: str) -> None:
    place = mails(tmp_path)
    change(place)
    with pytest.raises(UserError, match=said):
        read_table(place)


def test_a_folder_with_tables_is_still_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(UserError, match=r"is a folder, not a file; give one of 'a\.csv'"):
        read_table(tmp_path)
