"""Low and high in exports of a number: in a folder and in MLflow as by the version, in ONNX said to be missing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from export_maker import make, opened

from trainwright.evaluate.error_size import ErrorSize
from trainwright.packages.export.parity import compare
from trainwright.packages.export.standalone import run_folder, write_folder
from trainwright.packages.number_intervals import CV_PLUS, RESIDUALS, IntervalState, ReviewWidth

FOLDS = {0: (0.1, 0.4, 0.9), 1: (0.2, 0.3, 1.1)}
AT, SIZE = (0.0, 0.5, 6.0), (0.5, 1.0, 1.5)
STATES = {
    "cv+": IntervalState(0.8, CV_PLUS, 0.9, points=FOLDS, floor=0.0, claim="As promised."),
    "cv+ by prediction": IntervalState(0.8, CV_PLUS, 0.9, ErrorSize("prediction", AT, SIZE), FOLDS),
    "cv+ by spread": IntervalState(0.8, CV_PLUS, 0.9, ErrorSize("spread", AT, SIZE), FOLDS),
    "residuals": IntervalState(0.9, RESIDUALS, 0.9, half=2.0, review=ReviewWidth(5.0)),
    "residuals by spread": IntervalState(0.9, RESIDUALS, 0.9, ErrorSize("spread", AT, SIZE), half=2.0),
    "marked": IntervalState(
        0.9, RESIDUALS, 0.9, ErrorSize("prediction", AT, SIZE), half=1.0, review=ReviewWidth(0.4, True)
    ),
}


def exported(tmp_path, state):
    """The folder of a package with these bounds, its predictor, steps and rows."""
    checked = make(tmp_path / "package", ["linear", "forest"], "number", interval=state)
    predictor, pipe, rows = opened(checked, n=120)
    folder = tmp_path / "exported"
    folder.mkdir()
    write_folder(folder, pipe, checked, "demo@v1")
    return folder, predictor, pipe, rows


@pytest.mark.parametrize("name", STATES)
def test_a_folder_gives_the_bounds_of_the_version(name, tmp_path):
    folder, predictor, pipe, rows = exported(tmp_path, STATES[name])
    theirs, labels = run_folder(folder, pipe, rows.frame)
    ours = predictor.predict_spans(rows)
    assert theirs.shape == (120, 3) and labels is None
    found = compare(ours, theirs, None, pipe.target, pipe.threshold)
    assert found.worst < 1e-9
    assert np.ptp(ours[:, 2] - ours[:, 1]) > 0 or name == "residuals", "otherwise nothing is compared"


def test_members_of_one_name_in_a_fold_count_as_one_candidate(tmp_path):
    from trainwright.packages.export.folder.bounds import low_and_high
    from trainwright.packages.number_intervals import NumberIntervals

    state = IntervalState(0.8, CV_PLUS, 0.9, ErrorSize("spread", AT, SIZE), FOLDS)
    names, folds, weights = ["a", "b", "a", "b", "a"], [0, 0, 1, 1, 1], [1.0, 2.0, 1.0, 3.0, 2.0]
    parts = np.random.default_rng(0).normal(3, 1, (40, 5))
    prediction = parts @ (np.array(weights) / sum(weights))
    members = [{"value": "", "name": n, "fold": f, "weight": w} for n, f, w in zip(names, folds, weights)]
    own = json.loads(json.dumps({**state.to_json(), "members": members}))
    ours = NumberIntervals(state, names, folds, weights).bounds(parts, prediction)
    np.testing.assert_allclose(low_and_high(own, parts, prediction), ours)


def test_rows_that_are_wide_are_marked_for_review_and_the_readme_says_so(tmp_path):
    folder, predictor, _, rows = exported(tmp_path, STATES["marked"])
    import sys

    sys.path.insert(0, str(folder))
    try:
        from runtime.model import Model  # type: ignore[import-not-found]

        cells = [
            {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()}
            for row in rows.frame.head(40).to_dicts()
        ]
        out = Model(folder).predict(cells)
    finally:
        sys.path.remove(str(folder))
        for module in [one for one in sys.modules if one.split(".")[0] == "runtime"]:
            del sys.modules[module]
    ours = predictor.predict(rows.frame.head(40))
    assert list(out[0]) == ["prediction", "low", "high", "width", "decision"] == ours.columns
    assert [row["decision"] for row in out] == ours["decision"].to_list()
    assert {row["decision"] for row in out} == {"accept", "review"}
    text = (folder / "README.md").read_text("utf-8")
    assert "90 of 100 true values" in text and "(`review`)" in text


def test_an_onnx_file_holds_what_it_leaves_out(tmp_path):
    onnx = pytest.importorskip("onnx")
    from dataclasses import replace

    from trainwright.packages.export.onnx_export import run_onnx, write_onnx

    _, predictor, pipe, rows = exported(tmp_path, STATES["cv+"])
    pipe = replace(pipe, left_out=("low and high are not part of it",))
    write_onnx(tmp_path / "m.onnx", pipe, "demo@v1", "0.1.0")
    facts = json.loads(onnx.load(tmp_path / "m.onnx").metadata_props[0].value)
    assert facts["left_out"] == ["low and high are not part of it"]
    theirs, _ = run_onnx(tmp_path / "m.onnx", pipe, rows.frame)
    assert compare(predictor.predict_raw(rows), theirs, None, pipe.target, 0.5).worst < 1e-9


def test_mlflow_gives_the_bounds_and_keeps_what_is_left_out(tmp_path):
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("pandas")
    from trainwright.packages.export.mlflow_model import run_mlflow, write_mlflow
    from trainwright.packages.export.trial_rows import trial_rows
    from trainwright.packages.verify import check_package

    _, predictor, _, rows = exported(tmp_path, STATES["cv+"])
    checked = check_package(tmp_path / "package")
    made_up = trial_rows(None, checked.layout, checked.manifest.schema, checked.reference, n=10, seed=1)
    write_mlflow(tmp_path / "model", checked, predictor, made_up, "demo@v1", ["the decision d1 is not part of it"])
    theirs, _ = run_mlflow(tmp_path / "model", checked, rows.frame)
    np.testing.assert_allclose(theirs, predictor.predict_spans(rows))
    model = mlflow.models.Model.load(str(tmp_path / "model"))
    assert model.metadata["left_out"] == ["the decision d1 is not part of it"]
