"""Tests of exported networks for tables: every activation and kind, one row and many, in NumPy and in ONNX Runtime."""

from __future__ import annotations

import export_maker
import numpy as np
import polars as pl
import pytest
from export_maker import TARGETS, make, opened, outcome, table

from trainwright.errors import UserError
from trainwright.packages.export.deciding import own_threshold
from trainwright.packages.export.folder import network as carried_out
from trainwright.packages.export.folder.model import Model
from trainwright.packages.export.forms import FORMATS, Subject
from trainwright.packages.export.int8 import in_int8
from trainwright.packages.export.onnx_export import run_onnx, write_onnx
from trainwright.packages.export.standalone import write_folder

pytest.importorskip("onnxruntime")
pytest.importorskip("torch")


def differences(checked, place, frame=None):
    """How far the folder and the ONNX file are from our own predictions."""
    predictor, pipe, rows = opened(checked, n=80, frame=frame)
    ours = predictor.predict_raw(rows).reshape(80, -1)
    (place / "out").mkdir()
    write_folder(place / "out", pipe, checked, "demo@v1")
    model = Model(place / "out")
    folder = model.predict_raw({name: rows.frame[name].to_list() for name in pipe.layout.names}, 80)
    write_onnx(place / "m.onnx", pipe, "demo@v1", "0.1.0")
    onnx = run_onnx(place / "m.onnx", pipe, rows.frame)[0].reshape(80, -1)
    return np.abs(folder - ours).max(), np.abs(onnx - ours).max()


@pytest.mark.parametrize("activation", sorted(set(carried_out.ACTIVATIONS) - {"mish"}))
def test_every_activation(activation, tmp_path, monkeypatch):
    settings = {"layers": "6", "epochs": 1, "activation": activation}
    monkeypatch.setitem(export_maker.QUICK, "neural_network", settings)
    folder, onnx = differences(make(tmp_path / "package", ["neural_network"], "two"), tmp_path)
    assert folder < 1e-9 and onnx < 1e-9


@pytest.mark.parametrize("task", ["three", "number"])
def test_members_that_share_weights(task, tmp_path, monkeypatch):
    monkeypatch.setitem(export_maker.QUICK, "tabular_net", {"kind": "tabm", "width": 8, "depth": 2, "epochs": 3})
    monkeypatch.setattr(carried_out, "_ROWS", 32)  # several parts of rows
    folder, onnx = differences(make(tmp_path / "package", ["tabular_net"], task), tmp_path)
    assert folder < 1e-9 and onnx < 1e-9


@pytest.mark.parametrize("columns", [["town"], ["size", "label"], ["seen"]])
@pytest.mark.parametrize("family", ["neural_network", "tabular_net"])
def test_embedded_categories_alone_and_numbers_alone(family, columns, tmp_path):
    frame = table().select(columns)
    folder, onnx = differences(make(tmp_path / "package", [family], "two", frame=frame), tmp_path, frame)
    assert folder < 1e-9 and onnx < 1e-9


def test_eight_bits_keep_the_answers_near_and_the_arrays_small(tmp_path, monkeypatch):
    monkeypatch.setitem(export_maker.QUICK, "neural_network", {"layers": "128, 64", "epochs": 2})
    checked = make(tmp_path / "package", ["neural_network"], "two")
    predictor, pipe, rows = opened(checked, n=80)
    less = in_int8(pipe)
    short = next(step for step in less.steps if step.operation == "network").values
    assert str(short["layer1_weight"].dtype) == "int8" and str(short["layer2_weight"].dtype) == "float32"
    ours = predictor.predict_raw(rows)
    (tmp_path / "out").mkdir()
    write_folder(tmp_path / "out", less, checked, "demo@v1")
    model = Model(tmp_path / "out")
    folder = model.predict_raw({name: rows.frame[name].to_list() for name in pipe.layout.names}, 80)
    write_onnx(tmp_path / "m.onnx", less, "demo@v1", "0.1.0")
    onnx, _ = run_onnx(tmp_path / "m.onnx", less, rows.frame)
    assert np.abs(folder - onnx).max() < 1e-9 and 0 < np.abs(folder - ours).max() < 0.05


def test_eight_bits_without_a_network_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"--int8 shortens networks, and the version has none worth it.*linear"):
        in_int8(opened(make(tmp_path / "package", ["linear"], "two"))[1])


@pytest.mark.parametrize("form", ["onnx", "folder"])
@pytest.mark.parametrize("task", ["two", "number"])
def test_what_eight_bits_cost_is_measured_on_rows_it_was_trained_on(task, form, tmp_path, monkeypatch):
    settings = {"layers": "128, 64", "epochs": 30, "learning_rate": 0.01}
    monkeypatch.setitem(export_maker.QUICK, "neural_network", settings)
    checked = make(tmp_path / "package", ["neural_network"], task)
    predictor, _, rows = opened(checked, n=60)
    target, answer = checked.manifest.target, outcome(table(), TARGETS[task])
    told = answer if task == "number" else [target.classes[k] for k in answer]
    development = table().with_columns(pl.Series(target.column, told))
    development[3, target.column] = None  # a row without an answer says nothing
    how = own_threshold(checked.manifest)
    subject = Subject("demo@v1", checked, predictor, rows, how, development, int8=True)
    (tmp_path / "out").mkdir()
    written = FORMATS[form][0](tmp_path / "out", subject, lambda words: None)
    short = written.short
    assert written.parity.worst < 1e-9  # of the form in 32 bits
    assert short.rows == development.height - 1 and short.bytes_after < short.bytes_before
    assert short.bytes_after == sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file())
    # The default metric: of two classes an area, of a number an error.
    assert abs(short.after - short.before) < (0.05 if task == "two" else 0.1 * short.before) and short.difference > 0
    assert f"{short.metric} {short.before:.4f} -> {short.after:.4f}" in short.text


def test_without_the_rows_nothing_can_be_measured(tmp_path, monkeypatch):
    monkeypatch.setitem(export_maker.QUICK, "neural_network", {"layers": "128, 64", "epochs": 1})
    checked = make(tmp_path / "package", ["neural_network"], "two")
    predictor, _, rows = opened(checked, n=20)
    subject = Subject("demo@v1", checked, predictor, rows, own_threshold(checked.manifest), int8=True)
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match="rows that the version was trained on, and they are not kept"):
        FORMATS["folder"][0](tmp_path / "out", subject, lambda words: None)
    with pytest.raises(UserError, match="an MLflow model is the version's own package"):
        FORMATS["mlflow"][0](tmp_path / "out", subject, lambda words: None)
