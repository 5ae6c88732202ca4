"""Packages of every family over a table with every kind of column but free text, for the tests of exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from package_maker import cut, trained

from trainwright.data.columns import Layout
from trainwright.data.schema import Column, Kind, Role, Schema, Target
from trainwright.models.families import families
from trainwright.models.recalibrated import Recalibrated, Recalibration
from trainwright.packages.ensemble import Ensemble
from trainwright.packages.export.pipeline import Pipeline, pipeline
from trainwright.packages.export.trial_rows import trial_rows
from trainwright.packages.predictor import Given, Predictor
from trainwright.packages.reference import reference_values
from trainwright.packages.verify import Checked, check_package
from trainwright.packages.write import write_package

TARGETS = {
    "two": Target("broken", "classes", ("no", "yes"), "yes"),
    "three": Target("broken", "classes", ("1", "2", "3"), numeric_labels="int"),
    "number": Target("broken", "number"),
}
NETS = {"neural_network": {"layers": "12, 8", "epochs": 4}, "tabular_net": {"width": 16, "depth": 2, "epochs": 4}}
QUICK = {**NETS, "svm": {}, "lightgbm": {"features": "engineered"}, "ebm": {"interactions": 2}}
ROWS = 260


def table(n: int = ROWS, *, words: bool = False, seed: int = 0) -> pl.DataFrame:
    """n rows: numbers with gaps, yes and no, categories of few and of many values, moments, and if asked free text."""
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "size": rng.normal(10, 3, n),
            "label": rng.lognormal(0, 1, n),  # named like an output
            "flag": rng.random(n) < 0.4,
            "colour": rng.choice(["red", "green", "blue, dark"], n),
            "town": [f"town {k}" for k in rng.integers(0, 25, n)],
            "seen": np.datetime64("2019-02-25T00:00:00", "us") + rng.integers(0, 10**9, n) * 140_000,
        }
    )
    gaps = {name: pl.Series(rng.random(n) < 0.1) for name in ("size", "flag", "colour", "seen")}
    frame = frame.with_columns(
        pl.when(gap).then(None).otherwise(pl.col(name)).alias(name) for name, gap in gaps.items()
    )
    if words:
        notes = ["the pump leaks badly", "runs well", "the belt is worn and leaks", "nothing to report today"]
        frame = frame.with_columns(pl.Series("note", rng.choice(notes, n)))
    return frame


def schema_of(frame: pl.DataFrame) -> Schema:
    """The schema of `table`."""
    kinds = {pl.Float64: Kind.NUMBER, pl.Float32: Kind.NUMBER, pl.Boolean: Kind.BOOLEAN, pl.String: Kind.CATEGORY}
    columns = [
        Column(name, Kind.TEXT if name == "note" else kinds.get(type(dtype), Kind.DATETIME))
        for name, dtype in frame.schema.items()
    ]
    return Schema((*columns, Column("broken", Kind.CATEGORY, Role.TARGET)))


def outcome(frame: pl.DataFrame, target: Target) -> np.ndarray:
    """(n,) labels that follow from size, label, colour and town."""
    rng = np.random.default_rng(5)
    score = (
        frame["size"].fill_null(10).to_numpy() / 3
        + (frame["colour"] == "red").fill_null(False).to_numpy()
        + (frame["town"].str.slice(5).cast(pl.Int64) % 3).to_numpy()
        + frame["label"].to_numpy() / 3
        + rng.normal(0, 0.3, frame.height)
    )
    if target.task == "number":
        return score
    return cut(score, target)


def _settings(name: str) -> dict[str, Any]:
    rounds = families()[name].iterations
    return {**({rounds: 8} if rounds else {}), **QUICK.get(name, {})}


def make(
    folder: Path,
    names: Sequence[str],
    task: str,
    *,
    words: bool = False,
    frame: pl.DataFrame | None = None,
    recalibrated: bool = False,
    **more: Any,
) -> Checked:
    """Trains the named families, each on other rows and with a weight of its own, and writes the package."""
    frame = table(words=words) if frame is None else frame
    target, schema = TARGETS[task], schema_of(frame)
    layout = Layout.learn(frame, schema)
    columns, y = layout.encode(frame), outcome(table(), target)
    members = trained(columns, y, target, names, _settings)
    if recalibrated:
        members = [replace(m, estimator=Recalibrated(m.estimator, Recalibration(1.3, (0.2, -0.2)))) for m in members]
    folder.mkdir(parents=True)
    write_package(
        folder,
        target=target,
        schema=schema,
        layout=layout,
        members=members,
        reference=reference_values(columns),
        threshold=0.3 if task == "two" else None,
        **more,
    )
    return check_package(folder)


def opened(checked: Checked, n: int = 300, frame: pl.DataFrame | None = None) -> tuple[Predictor, Pipeline, Given]:
    """The package, its steps, and rows to compare on: some of training, some missing and strange."""
    ensemble = Ensemble(checked)
    predictor = Predictor(checked, ensemble)
    frame = table(words="note" in checked.layout.texts).select(checked.layout.names) if frame is None else frame
    rows = trial_rows(frame, checked.layout, checked.manifest.schema, checked.reference, n=n)
    return predictor, pipeline(checked, ensemble), predictor.conform(rows)
