"""Packages written by older releases load and predict what they predicted then.

`fixtures/format-0` is such a package; it is never written again. A new format adds a folder beside it.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from trainwright.errors import UserError
from trainwright.packages.predictor import Predictor

FIXTURES = Path(__file__).parent / "fixtures"
EXPECTED = json.loads((FIXTURES / "format-0-expected.json").read_bytes())


def test_format_0_predicts_what_it_predicted_when_it_was_written() -> None:
    predictor = Predictor.open(FIXTURES / "format-0", EXPECTED["sha"])
    assert predictor.sha == EXPECTED["sha"]
    assert predictor.threshold == 0.4
    assert [member.family for member in predictor.manifest.members] == ["baseline", "linear", "decision_tree"]
    assert predictor.manifest.calibration == {"kind": "identity"}
    found = predictor.predict_proba(FIXTURES / "format-0-rows.csv")
    assert np.allclose(found, EXPECTED["probabilities"], atol=1e-7)


def test_format_0_is_checked_like_every_other(tmp_path: Path) -> None:
    folder = tmp_path / "format-0"
    shutil.copytree(FIXTURES / "format-0", folder)
    for path in [path for path in sorted(folder.rglob("*")) if path.is_file()]:
        data = path.read_bytes()
        path.write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
        with pytest.raises(UserError, match=path.relative_to(folder).as_posix()):
            Predictor.open(folder, EXPECTED["sha"])
        path.unlink()
        with pytest.raises(UserError, match=path.relative_to(folder).as_posix()):
            Predictor.open(folder, EXPECTED["sha"])
        path.write_bytes(data)
    Predictor.open(folder, EXPECTED["sha"])
