"""Tests of `trainwright export`: what is written and said, and what is refused with nothing left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from command_line import Shop, assert_refused, run

import trainwright as tw
from trainwright.packages.export import export as exporting
from trainwright.packages.export import forms
from trainwright.store.audit import acts
from trainwright.store.transaction import read
from trainwright.store.workspace import open_workspace


def test_a_folder_is_written_compared_and_noted(shop: Shop, tmp_path: Path) -> None:
    said = run("export", "shop@v1", "--format", "folder", "--to", tmp_path / "out", "--workspace", shop.workspace)
    assert said.code == 0, said.err
    assert "shop@v1 is in" in said.out and "the same on 1,000 rows (" in said.out
    assert "running it needs numpy>=2.0,<3\n" in said.out
    assert "it decides: '" in said.out and "by the version's own threshold" in said.out
    record = json.loads((tmp_path / "out" / "export.json").read_text("utf-8"))
    made_up = record["parity"]["made_up"]  # beside every row that it was trained on
    assert 840 < made_up < 900 and f"{made_up} of them made up" in said.out
    assert record["parity"]["rows"] == 1000 and record["parity"]["worst"] < 1e-9
    assert record["inputs"] == {"age": "number", "spent": "number", "job": "category"}
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    with read(open_workspace(shop.workspace, create=False)) as connection:
        last = acts(connection)[-1]
    assert (last.action, last.subject, last.details["format"]) == ("export", "v1", "folder")


def test_onnx_is_a_folder_or_a_file_with_its_record_beside(shop: Shop, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    words = ("export", "shop", "--format", "onnx", "--workspace", shop.workspace, "--json")
    document = run(*words).document
    assert Path(document["path"]) == tmp_path / "shop-v1-onnx"  # where the command ran
    assert set(document["files"]) == {"model.onnx", "export.json"}
    document = run(*words, "--to", tmp_path / "deep" / "shop.onnx").document
    assert document["parity"]["worst"] < 1e-9 and document["parity"]["labels"] == 0
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["shop.export.json", "shop.onnx"]


def test_from_python(shop: Shop, tmp_path: Path) -> None:
    found = tw.export("shop@v2", "folder", tmp_path / "out", workspace=shop.workspace)
    assert found["version"] == "shop@v2" and Path(found["path"], "predict.py").exists()
    with pytest.raises(tw.UserError, match="no export format 'pmml'; the formats are onnx, mlflow, folder"):
        tw.export("shop", "pmml", workspace=shop.workspace)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("shop", "--format", "pmml"), ("'pmml'", "the formats are onnx, mlflow, folder")),
        (("shop",), ("--format",)),
        (("shpo", "--format", "folder"), ("no project 'shpo'", "shop")),
        (("shop@v9", "--format", "folder"), ("no version v9", "v1, v2")),
        (("shop", "--format", "folder", "--to", "full"), ("full is a folder with something in it", "--to")),
        (("shop", "--format", "folder", "--to", "file.txt"), ("file.txt is there already",)),
        (("shop", "--format", "folder", "--to", "file.txt/out"), ("file.txt is a file",)),
        (("shop", "--format", "folder", "--to", "a" * 300), ("longer than 240 bytes", "a shorter name")),
        (("shop", "--format", "folder", "--to", "a.onnx"), ("names an ONNX file",)),
        (("shop", "--format", "folder", "--to", "a.ONNX"), ("names an ONNX file",)),
        (("shop", "--format", "folder", "--to", ""), ("the place to write to is empty", "shop-v1-folder")),
        (("shop", "--format", "onnx", "--to", "  "), ("the place to write to is empty", "shop-v1-onnx")),
        (("shop", "--format", "folder", "--to", "."), ("the folder in which the command runs",)),
        (("shop", "--format", "folder", "--to", "file.txt/deep/er"), ("file.txt is a file",)),
        (("shop", "--format", "folder", "--to", "/"), ("/ is a folder with something in it",)),
        (("shop", "--format", "folder", "--int8"), ("--int8 shortens networks", "leave --int8 out")),
        (
            ("shop", "--format", "folder", "--decision", "d7"),
            ("shop@v1 has no decisions", "trainwright decide shop@v1"),
        ),
    ],
)
def test_what_is_wrong_is_one_message(words, said, trained: Shop, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    assert_refused(run("export", *words, "--workspace", trained.workspace), 2, *said)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "file.txt").read_text() == "mine"


def test_an_export_that_answers_otherwise_is_not_published(
    trained: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = forms.pipeline

    def wrong(checked, ensemble, deciding):
        pipe = real(checked, ensemble, deciding)
        object.__setattr__(pipe, "output", pipe.steps.affine(pipe.output, 1.0, [0.001, -0.001]))
        return pipe

    monkeypatch.setattr(forms, "pipeline", wrong)
    words = ("export", "shop", "--format", "folder", "--to", "deep/er/out", "--workspace", trained.workspace)
    assert_refused(run(*words), 2, "does not answer as the version does", "difference of 0.001", "nothing was written")
    assert not list(tmp_path.iterdir())
    with read(open_workspace(trained.workspace, create=False)) as connection:
        assert "export" not in {act.action for act in acts(connection)}


@pytest.mark.parametrize("name", ["out", "out.onnx"])
def test_a_place_that_another_command_fills_meanwhile_is_left_alone(
    trained: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    form = "onnx" if name.endswith("onnx") else "folder"
    pytest.importorskip("onnxruntime")
    place = tmp_path / name
    real = exporting.write_json

    def meanwhile(path: Path, record: object) -> None:
        real(path, record)
        if form == "folder":
            place.mkdir()
        (place / "theirs.txt" if form == "folder" else place).write_text("theirs")

    monkeypatch.setattr(exporting, "write_json", meanwhile)
    said = run("export", "shop", "--format", form, "--to", name, "--workspace", trained.workspace)
    assert_refused(said, 2, "an export never overwrites")
    assert (place / "theirs.txt" if form == "folder" else place).read_text() == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_empty_folder_may_be_filled(trained: Shop, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    said = run("export", "shop", "--format", "folder", "--to", "out", "--workspace", trained.workspace)
    assert said.code == 0 and (tmp_path / "out" / "model.json").exists()


def test_the_decision_in_force_is_followed_unless_another_is_named(shop: Shop, tmp_path: Path) -> None:
    place = ("--workspace", shop.workspace)
    assert run("decide", "shop@v1", "--cost", "fp=1", "fn=9", "--use", *place).code == 0
    words = ("export", "shop@v1", "--format", "folder", *place, "--json")
    followed, own = run(*words, "--to", "a").document, run(*words, "--to", "b", "--decision", "none").document
    assert (followed["decision"], own["decision"]) == ("d1", None)
    thresholds = [json.loads((tmp_path / name / "model.json").read_text())["threshold"] for name in ("a", "b")]
    assert thresholds[0] < thresholds[1] and f"{thresholds[0]:.4g}" in followed["decides"]


def test_a_review_band_is_in_the_folder_and_said_to_be_missing_elsewhere(shop: Shop, tmp_path: Path) -> None:
    place = ("--workspace", shop.workspace)
    decided = run("decide", "shop@v1", "--capacity", "300/1000", "--review-band", "--use", *place)
    assert decided.code == 0, decided.err
    words = ("export", "shop@v1", *place)
    said = run(*words, "--format", "folder", "--to", "a")
    assert said.code == 0 and "left out" not in said.out
    frame = pl.read_csv(trained_rows(tmp_path / "a", shop.table))
    ours = run("predict", "shop@v1", shop.table, "--json", *place).document["predictions"]
    assert frame["decision"].to_list() == [row["decision"] for row in ours]
    assert frame["prediction"].to_list() == [row["prediction"] for row in ours]
    assert {"accept", "review", "reject"} >= set(frame["decision"]) and "review" in set(frame["decision"])
    assert "a person decides there" in (tmp_path / "a" / "README.md").read_text()
    pytest.importorskip("onnxruntime")
    said = run(*words, "--format", "onnx", "--to", "b")
    assert said.code == 0 and "left out: the review band of d1 is not part of the export" in said.out
    assert "to a person" in json.loads((tmp_path / "b" / "export.json").read_text())["notes"][0]


def trained_rows(folder: Path, table: Path) -> Path:
    """What the exported script says about a table."""
    out = folder.with_suffix(".csv")
    command = [sys.executable, str(folder / "predict.py"), str(table), "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out
