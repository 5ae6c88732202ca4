"""Packages of text families: they answer in the limited process as they do in this one, and name what they need."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.data.columns import Layout
from trainwright.data.schema import Column, Kind, Role, Schema
from trainwright.models.families import families
from trainwright.packages.limits_posix import available
from trainwright.packages.predictor import Predictor
from trainwright.packages.write import Member, write_package

pytestmark = [
    pytest.mark.skipif(find_spec("transformers") is None, reason='pip install "trainwright[neural]"'),
    pytest.mark.skipif(not available(), reason="this system cannot limit a process"),
]
sys.path.append(str(Path(__file__).parents[1] / "models" / "text"))


def test_a_package_from_elsewhere_answers_in_the_limited_process(tmp_path: Path) -> None:
    from text_rows import TWO, notes, tiny_base

    texts, y = notes(120)
    frame = pl.DataFrame({"note": texts})
    schema = Schema((Column("note", Kind.TEXT), Column("y", Kind.CATEGORY, Role.TARGET)))
    layout = Layout.learn(frame, schema)
    columns, base = layout.encode(frame), str(tiny_base(tmp_path / "base"))
    members = []
    for family, more in (("text_embedding", {}), ("text_transformer", {"epochs": 1, "batch_size": 32})):
        estimator = families()[family].load()(TWO, {"base_model": base, **more}).fit(columns, y)
        members.append(Member(family, family, None, 1.0, estimator))
    package = tmp_path / "package"
    package.mkdir()
    manifest = write_package(package, target=TWO, schema=schema, layout=layout, members=members)
    assert {"torch", "transformers", "safetensors"} <= set(manifest.required)
    ours, theirs = Predictor.open(package), Predictor.open(package, trusted=False)
    # Another process may have torch divide its sums otherwise, by a few units in the last place.
    assert np.allclose(ours.predict_proba(frame), theirs.predict_proba(frame), rtol=0, atol=1e-6)
