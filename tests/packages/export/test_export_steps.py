"""Tests of the steps that every export is made from, carried out with NumPy as the exported folder does."""

from __future__ import annotations

import numpy as np
import pytest
from export_maker import make, opened

from trainwright.errors import UserError
from trainwright.models.extras import is_installed
from trainwright.models.families import families
from trainwright.packages.export.members.table import CONVERTERS
from trainwright.packages.export.parity import compare
from trainwright.packages.export.standalone import write_folder

# Language models are looked at in test_export_texts.
TABLES = [name for name in CONVERTERS if not name.startswith("text_")]


def test_every_family_has_a_converter():
    assert set(CONVERTERS) == set(families())


def test_a_family_that_cannot_be_exported_is_named():
    from trainwright.packages.export.members.table import member

    class Nowhere:
        class steps:
            member = "the member"

    with pytest.raises(UserError, match="family 'rules' has no converter"):
        member("rules", None, Nowhere)


@pytest.mark.parametrize("task", ["two", "three", "number"])
@pytest.mark.parametrize("family", TABLES)
def test_a_family_answers_as_its_model_does_also_for_words(family, task, tmp_path):
    if not is_installed(families()[family]):
        pytest.skip(f"{family} needs a library that is not installed")
    checked = make(tmp_path / "package", [family], task, words=True)
    predictor, pipe, rows = opened(checked)
    write_folder(_folder(tmp_path), pipe, checked, "demo@v1")
    theirs = _model(tmp_path).predict_raw({name: rows.frame[name].to_list() for name in pipe.layout.names}, 300)
    theirs = theirs if pipe.target.task == "classes" else theirs[:, 0]
    found = compare(predictor.predict_raw(rows), theirs, None, pipe.target, pipe.threshold)
    assert found.worst < 1e-9, found.worst_row


@pytest.mark.parametrize("kind", ["temperature", "sigmoid", "isotonic"])
@pytest.mark.parametrize("task", ["two", "three"])
def test_members_weights_corrections_and_calibration_are_part_of_it(kind, task, tmp_path):
    curves = 1 if task == "two" else 3
    state = {
        "temperature": {"kind": "temperature", "temperature": 1.7},
        "sigmoid": {"kind": "sigmoid", "slopes": [1.4, 0.8, 1.1][:curves], "offsets": [0.3, -0.2, 0.1][:curves]},
        "isotonic": {
            "kind": "isotonic",
            "curves": [{"given": [0.1, 0.3, 0.3001, 0.8], "shown": [0.05, 0.05, 0.4, 0.9]}] * curves,
        },
    }[kind]
    more = {"recalibrated": True} if task == "two" else {}
    checked = make(tmp_path / "package", ["linear", "forest"], task, calibration=state, **more)
    predictor, pipe, rows = opened(checked)
    write_folder(_folder(tmp_path), pipe, checked, "demo@v1")
    theirs = _model(tmp_path).predict_raw({name: rows.frame[name].to_list() for name in pipe.layout.names}, 300)
    assert np.abs(predictor.predict_raw(rows) - theirs).max() < 1e-9


def test_an_unknown_calibration_is_refused_by_name(tmp_path):
    from trainwright.packages.export.calibrating import calibrated
    from trainwright.packages.export.steps import Steps

    with pytest.raises(UserError, match="'spline'"):
        calibrated(Steps(), "1", {"kind": "spline"}, 2)


def _folder(tmp_path):
    folder = tmp_path / "exported"
    folder.mkdir()
    return folder


def _model(tmp_path):
    from trainwright.packages.export.folder.model import Model

    return Model(tmp_path / "exported")
