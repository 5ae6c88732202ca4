"""An ONNX file of a version, compared with ours in ONNX Runtime before anyone sees it."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.schema import Kind
from trainwright.errors import EnvironmentProblem
from trainwright.packages.export.folder.session import in_batches
from trainwright.packages.export.folder.texts import tokens
from trainwright.packages.export.int8 import timed
from trainwright.packages.export.onnx_beside import write_beside
from trainwright.packages.export.onnx_file.graph import onnx_model, output_names
from trainwright.packages.export.onnx_file.texts import tokens_of
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
    """Writes the file, beside it what makes tokens of texts where it takes them, and returns what running it needs:
    library -> range."""
    from onnx import checker

    model = onnx_model(pipeline, label, version)
    checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))
    needed = {"onnxruntime": f">={_floor(metadata.version('onnxruntime'))}"}
    read = list(tokens_of(pipeline).values())
    return write_beside(path.parent, pipeline, label, needed, read) if read else needed


def run_onnx(path: Path, pipeline: Pipeline, frame: pl.DataFrame) -> tuple[np.ndarray, list[Any] | None]:
    """What ONNX Runtime answers for rows with the types of the training table: predictions, and labels for classes."""
    found = _answered(_session(path), pipeline, _batches(frame, pipeline))
    if pipeline.target.task == "number":
        return found[0][:, 0], None
    return found[1], found[0].tolist()


def timed_onnx(path: Path, pipeline: Pipeline, frame: pl.DataFrame) -> tuple[np.ndarray, float]:
    """What ONNX Runtime predicts for rows with the types of the training table, and the seconds that it takes, texts
    being tokens already."""
    session, parts = _session(path), _batches(frame, pipeline)
    _answered(session, pipeline, parts[:1])  # makes what is made once
    found, seconds = timed(lambda: _answered(session, pipeline, parts)[-1])  # behind the labels, where there are some
    return found[:, 0] if pipeline.target.task == "number" else found, seconds


def _session(path: Path) -> Any:
    """ONNX Runtime on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _batches(frame: pl.DataFrame, pipeline: Pipeline) -> list[dict[str, np.ndarray]]:
    """The inputs of the graph, in parts where it reads texts."""
    own, given = [one.facts for one in tokens_of(pipeline).values()], feeds(frame, pipeline)
    return in_batches(given, own) if own else [given]


def _answered(session: Any, pipeline: Pipeline, parts: list[dict[str, np.ndarray]]) -> list[np.ndarray]:
    """The outputs of the graph."""
    answers = [session.run(output_names(pipeline), part) for part in parts]
    return [np.concatenate(values) for values in zip(*answers)]


def feeds(frame: pl.DataFrame, pipeline: Pipeline) -> dict[str, Any]:
    """The inputs of the graph: for each column (n, 1) doubles (NaN for missing) or texts ("" for missing), and for
    tokens n lists of their numbers."""
    out: dict[str, Any] = {}
    read = set()
    for one in tokens_of(pipeline).values():
        names = [step.values["column"] for step in one.columns]
        cells = [frame[name].cast(pl.String).fill_null("").to_numpy().reshape(-1, 1) for name in names]
        out[one.ids] = tokens(dict(one.step.values), *cells)
        read |= set(names)
    for name in pipeline.layout.names:
        if name in read:
            continue
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
    out, read = {}, set()
    for one in tokens_of(pipeline).values():
        names = [step.values["column"] for step in one.columns]
        read |= set(names)
        out[one.ids] = f"int64 (rows, tokens), {one.file} of {' and '.join(names)}, at most {one.step.values['limit']}"
        out[one.mask] = "int64 (rows, tokens), 1 at tokens, 0 at what fills up"
    for name in pipeline.layout.names:
        if name not in read:
            out[name] = words.get(pipeline.schema[name].kind, "double, NaN for missing")
    return out
