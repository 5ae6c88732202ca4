"""An ONNX file of a version, compared with ours in ONNX Runtime before anyone sees it."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.schema import Kind
from trainwright.errors import EnvironmentProblem
from trainwright.packages.export.onnx_file.graph import onnx_model, output_names
from trainwright.packages.export.pipeline import Pipeline

_NEEDED = ("onnx", "onnxruntime")


def require_onnx() -> None:
    """Raises `EnvironmentProblem` when a library is missing, with the command that installs it."""
    from importlib.util import find_spec

    lacking = [name for name in _NEEDED if find_spec(name) is None]
    if lacking:
        raise EnvironmentProblem(
            f"--format onnx needs {' and '.join(lacking)}, not installed here",
            remedy='pip install "trainwright[onnx]"',
        )


def write_onnx(path: Path, pipeline: Pipeline, label: str, version: str) -> dict[str, str]:
    """Writes the file and returns what running it needs: library -> range."""
    from onnx import checker

    model = onnx_model(pipeline, label, version)
    checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))
    return {"onnxruntime": f">={_floor(metadata.version('onnxruntime'))}"}


def run_onnx(path: Path, pipeline: Pipeline, frame: pl.DataFrame) -> tuple[np.ndarray, list[Any] | None]:
    """What ONNX Runtime answers for rows with the types of the training table: predictions, and labels for classes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = output_names(pipeline)
    found = session.run(names, feeds(frame, pipeline))
    if pipeline.target.task == "number":
        return found[0][:, 0], None
    return found[1], found[0].tolist()


def feeds(frame: pl.DataFrame, pipeline: Pipeline) -> dict[str, np.ndarray]:
    """The inputs of the graph: for each column (n, 1) doubles (NaN for missing) or texts ("" for missing)."""
    out = {}
    for name in pipeline.layout.names:
        column, kind = frame[name], pipeline.schema[name].kind
        if kind in (Kind.CATEGORY, Kind.TEXT):
            values = column.cast(pl.String).fill_null("").to_numpy().astype(object)
        elif kind is Kind.DATETIME:
            values = column.cast(pl.Datetime("us")).cast(pl.Int64).cast(pl.Float64).to_numpy() / 1e6
        else:
            values = column.cast(pl.Float64).to_numpy()
        out[name] = values.reshape(-1, 1)
    return out


def _floor(version: str) -> str:
    """The first two parts of a version: older ones were not tried."""
    return ".".join(version.split(".")[:2])


def input_kinds(pipeline: Pipeline) -> dict[str, str]:
    """What each input of the graph takes, in words."""
    words = {
        Kind.CATEGORY: "text, '' for missing",
        Kind.TEXT: "text, '' for missing",
        Kind.DATETIME: "double, seconds since 1970-01-01 (UTC), NaN for missing",
        Kind.BOOLEAN: "double, 1 or 0, NaN for missing",
    }
    return {name: words.get(pipeline.schema[name].kind, "double, NaN for missing") for name in pipeline.layout.names}
