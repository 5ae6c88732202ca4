"""Tests of the exported folder: run by its own script, without trainwright, on files as users have them."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from export_maker import make, opened

from trainwright.packages.export.parity import compare
from trainwright.packages.export.standalone import run_folder, write_folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    place = tmp_path_factory.mktemp("folder")
    checked = make(place / "package", ["linear", "lightgbm", "catboost"], "two", words=True)
    predictor, pipe, rows = opened(checked, n=120)
    folder = place / "exported"
    folder.mkdir()
    write_folder(folder, pipe, checked, "demo@v1")
    return folder, predictor, pipe, rows


def test_the_script_answers_as_the_version_does_without_trainwright(exported):
    folder, predictor, pipe, rows = exported
    theirs, labels = run_folder(folder, pipe, rows.frame)
    found = compare(predictor.predict_raw(rows), theirs, labels, pipe.target, pipe.threshold)
    assert found.worst < 1e-9 and found.labels == 0
    assert not list(folder.rglob("__pycache__"))


def test_nothing_in_the_folder_imports_trainwright(exported):
    folder = exported[0]
    assert not [path for path in folder.rglob("*.py") if "import trainwright" in path.read_text("utf-8")]
    assert not [path for path in folder.rglob("*.py") if "from trainwright" in path.read_text("utf-8")]
    assert set((folder / "requirements.txt").read_text().split()) == {
        "numpy>=2.0,<3",
        "lightgbm>=4.6,<5",
        "catboost>=1.2.8,<2",
    }


def test_json_and_csv_say_the_same_and_unreadable_cells_are_counted(exported, tmp_path):
    folder, predictor, _, rows = exported
    frame = rows.frame.head(3)
    cells = [{k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()} for row in frame.to_dicts()]
    cells[0]["size"] = "a lot"
    (tmp_path / "rows.json").write_text(json.dumps(cells))
    done = subprocess.run(
        [sys.executable, str(folder / "predict.py"), str(tmp_path / "rows.json"), "-o", str(tmp_path / "out.jsonl")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "column 'size': 1 value(s) could not be read" in done.stderr
    out = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    ours = predictor.predict(frame.with_columns(size=_without_first(frame["size"])))
    assert np.allclose([row["probability_yes"] for row in out], ours["probability_yes"].to_numpy(), atol=1e-9)
    assert [row["prediction"] for row in out] == ours["prediction"].to_list()


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "error"), ('[{"size": 1}]', "the rows lack the columns"), ("[1]", "must hold rows as mappings")],
)
def test_bad_input_is_one_message(exported, tmp_path, content, words):
    (tmp_path / "rows.json").write_text(content)
    command = [sys.executable, str(exported[0] / "predict.py"), str(tmp_path / "rows.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr


def test_cells_are_read_as_trainwright_reads_them():
    from trainwright.packages.export.folder.reading import column

    def read(operation, cells, **own):
        return column(operation, {"marks": ["", "na", "-999"], **own}, cells)[0][:, 0].tolist()

    assert read("number", ["1.5", " 2 ", "1e3", 7])[:4] == [1.5, 2.0, 1000.0, 7.0]
    assert np.isnan(read("number", ["", "NA", "-999", -999, None, "x", "inf"])).all()
    assert read("number", ["1.234,5 €"], format="number decimal=, thousands=. unit=€") == [1234.5]
    assert read("boolean", ["Yes", "no", True, 0, "1"]) == [1.0, 0.0, 1.0, 0.0, 1.0]
    assert read("category", ["a", " b ", None, "c", 3], vocabulary=["3", "a", "b"]) == [3, 4, 1, 0, 2]
    assert (
        read("moment", ["1970-01-02", "1970-01-02T01:00:00+01:00", "02/01/1970"], format="day-first") == [86400.0] * 3
    )


def _without_first(values):
    return values.scatter(0, None)
