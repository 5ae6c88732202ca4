"""Tests of ONNX files: every family that can be expressed, in ONNX Runtime, against our own predictions."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from export_maker import make, opened, table

from trainwright.errors import UserError
from trainwright.models.extras import is_installed
from trainwright.models.families import families
from trainwright.packages.export.members.table import CONVERTERS
from trainwright.packages.export.onnx_export import run_onnx, write_onnx
from trainwright.packages.export.onnx_file.graph import output_names
from trainwright.packages.export.parity import compare

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def compared(checked, path, frame=None):
    predictor, pipe, rows = opened(checked, frame=frame)
    write_onnx(path, pipe, "demo@v1", "0.1.0")
    theirs, labels = run_onnx(path, pipe, rows.frame)
    return compare(predictor.predict_raw(rows), theirs, labels, pipe.target, pipe.threshold)


@pytest.mark.parametrize("task", ["two", "three", "number"])
@pytest.mark.parametrize("family", [name for name in CONVERTERS if not name.startswith("text_")])
def test_a_family_answers_as_its_model_does(family, task, tmp_path):
    if not is_installed(families()[family]):
        pytest.skip(f"{family} needs a library that is not installed")
    found = compared(make(tmp_path / "package", [family], task), tmp_path / "model.onnx")
    # XGBoost adds its trees' answers in 32 bits, ours and the file's in 64.
    assert found.worst < (2e-6 if family == "xgboost" else 1e-9), found.worst_row
    assert found.labels == 0


def test_an_ensemble_with_a_correction_and_a_calibration(tmp_path):
    state = {"kind": "isotonic", "curves": [{"given": [0.2, 0.4, 0.7], "shown": [0.1, 0.3, 0.95]}]}
    names = ["linear", "lightgbm", "hist_gradient_boosting", "lightgbm"]
    checked = make(tmp_path / "package", names, "two", recalibrated=True, calibration=state)
    found = compared(checked, tmp_path / "model.onnx")
    assert found.worst < 1e-9 and found.labels == 0


def test_the_outputs_are_labels_in_their_own_type_and_never_a_column(tmp_path):
    import onnxruntime

    checked = make(tmp_path / "package", ["decision_tree"], "three")
    _, pipe, rows = opened(checked, n=4)
    write_onnx(tmp_path / "model.onnx", pipe, "demo@v1", "0.1.0")
    assert output_names(pipe) == ["label_", "probabilities"]  # `label` is a column of the table
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    assert {one.name for one in session.get_inputs()} == set(pipe.layout.names)
    _, labels = run_onnx(tmp_path / "model.onnx", pipe, rows.frame)
    assert set(labels) <= {1, 2, 3}


def test_the_same_version_gives_the_same_bytes(tmp_path):
    checked = make(tmp_path / "package", ["lightgbm"], "two")
    for name in ("a", "b"):
        write_onnx(tmp_path / name, opened(checked)[1], "demo@v1", "0.1.0")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_spellings_of_a_missing_category_are_missing(tmp_path):
    import onnxruntime

    from trainwright.packages.export.onnx_export import feeds

    checked = make(tmp_path / "package", ["linear"], "two")
    predictor, pipe, rows = opened(checked, n=5)
    write_onnx(tmp_path / "model.onnx", pipe, "demo@v1", "0.1.0")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    given = feeds(rows.frame, pipe)
    given["colour"] = np.array([["NA"], ["nan"], [""], ["None"], ["?"]], dtype=object)
    blank = rows.frame.with_columns(colour=None).with_columns(
        colour=rows.frame["colour"].cast(str).set(rows.frame["colour"].is_not_null(), None)
    )
    assert np.allclose(session.run(["probabilities"], given)[0], predictor.predict_raw(blank), atol=1e-9)


@pytest.mark.parametrize("family", ["linear", "lightgbm", "catboost"])
def test_free_text_is_refused_with_member_and_column(family, tmp_path):
    checked = make(tmp_path / "package", [family], "two", words=True)
    with pytest.raises(UserError, match=rf"'{family} 0' \(family {family}, fold 0\).*column 'note'.*--ignore note"):
        write_onnx(tmp_path / "model.onnx", opened(checked)[1], "demo@v1", "0.1.0")


@pytest.mark.parametrize("kinds", ["single precision", "categories alone", "moments alone", "yes or no alone"])
@pytest.mark.parametrize("family", ["linear", "lightgbm", "catboost", "hist_gradient_boosting"])
def test_tables_of_one_kind_and_numbers_of_32_bits(kinds, family, tmp_path):
    frame = table()
    chosen = {
        "single precision": frame.with_columns(pl.col("size", "label").cast(pl.Float32)),
        "categories alone": frame.select("colour", "town"),
        "moments alone": frame.select("seen"),
        "yes or no alone": frame.select("flag"),
    }[kinds]
    found = compared(make(tmp_path / "package", [family], "two", frame=chosen), tmp_path / "model.onnx", chosen)
    assert found.worst < 1e-9 and found.labels == 0
