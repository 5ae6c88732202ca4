"""An MLflow model folder that `mlflow.pyfunc.load_model` and `mlflow models serve` run: the package, opened by our own
predictor. Nothing in it is pickled."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainwright.errors import EnvironmentProblem
from trainwright.packages.needs import own_version
from trainwright.packages.predictor import Predictor
from trainwright.packages.verify import Checked
from trainwright.quiet import without

LOADER = "trainwright.packages.export.mlflow_loader"
# MLflow reports its use to its makers unless it is told not to.
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
_EXAMPLE_ROWS = 3
_PANDAS = ">=2.3"
_TYPES = {pl.String: "string", pl.Boolean: "boolean", pl.Int64: "long", pl.Float64: "double"}


def require_mlflow() -> None:
    """Raises `EnvironmentProblem` when MLflow is missing, with the command that installs it."""
    from importlib.util import find_spec

    if find_spec("mlflow") is None:
        raise EnvironmentProblem(
            "--format mlflow needs mlflow, which is not installed here", remedy='pip install "trainwright[track]"'
        )


def write_mlflow(
    folder: Path,
    checked: Checked,
    predictor: Predictor,
    made_up: pl.DataFrame,
    label: str,
    left_out: Sequence[str] = (),
) -> dict[str, str]:
    """Writes the model and returns what running it needs: library -> range.

    Args:
        folder: an empty folder.
        checked: the version's package.
        predictor: the same, opened.
        made_up: rows with the types of the training table that belong to nobody; the first few become the example.
        label: how users call the version, such as "adult@v2".
        left_out: what of the version the model does not hold, in sentences.
    """
    needed = {"trainwright": f"=={own_version()}", **checked.manifest.required, "pandas": _PANDAS}
    with _quiet():
        import mlflow.pyfunc
        from mlflow.models import ModelSignature

        signature = ModelSignature(inputs=_inputs(checked), outputs=_outputs(predictor.predict(made_up.head(1))))
        mlflow.pyfunc.save_model(
            path=str(folder),
            loader_module=LOADER,
            data_path=str(checked.folder),
            signature=signature,
            input_example=to_pandas(made_up.head(_EXAMPLE_ROWS)),
            pip_requirements=[f"{library}{range_}" for library, range_ in sorted(needed.items())],
            metadata={
                "trainwright_version": label,
                "manifest_sha256": checked.sha,
                "columns": input_types(checked),
                "left_out": list(left_out),
            },
        )
    return needed


def run_mlflow(folder: Path, checked: Checked, frame: pl.DataFrame) -> tuple[np.ndarray, list[Any] | None]:
    """What MLflow answers for rows with the types of the training table: predictions, for a number with bounds (n, 3)
    with low and high, and labels for classes."""
    with _quiet():
        import mlflow.pyfunc

        found = mlflow.pyfunc.load_model(str(folder)).predict(to_pandas(frame))
    target = checked.manifest.target
    if target.task == "number" and checked.manifest.interval is not None:
        return found[["prediction", "low", "high"]].to_numpy(dtype=np.float64), None
    if target.task == "number":
        return found["prediction"].to_numpy(dtype=np.float64), None
    names = [f"probability_{name}" for name in target.classes]
    return found[names].to_numpy(dtype=np.float64), found["prediction"].tolist()


def to_pandas(frame: pl.DataFrame) -> Any:
    """The rows as a pandas frame."""
    import pandas

    return pandas.DataFrame({name: _cells(frame[name]) for name in frame.columns})


def input_types(checked: Checked) -> dict[str, str]:
    """The kind of each column."""
    return {name: checked.manifest.schema[name].kind.value for name in checked.layout.names}


def _cells(column: pl.Series) -> Any:
    """A column as pandas would have read it: numbers with NaN, everything else as objects with None."""
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).to_numpy()
    if column.dtype.is_temporal():
        return [None if cell is None else cell.isoformat() for cell in column.to_list()]
    return np.array(column.to_list(), dtype=object)


def _inputs(checked: Checked) -> Any:
    """Every column by name, of any type: MLflow would refuse whole numbers where it was told fractions, and gaps where
    it was told yes or no, while our own reader takes what a file may hold."""
    from mlflow.types.schema import AnyType, ColSpec, Schema

    return Schema([ColSpec(AnyType(), name) for name in checked.layout.names])


def _outputs(prediction: pl.DataFrame) -> Any:
    """The columns of a prediction."""
    from mlflow.types.schema import ColSpec, Schema

    return Schema([ColSpec(_TYPES.get(type(dtype), "string"), name) for name, dtype in prediction.schema.items()])


@contextmanager
def _quiet() -> Iterator[None]:
    """MLflow without telemetry and without remarks on standard error."""
    os.environ.update(QUIET)
    import mlflow.pyfunc  # noqa: F401 - its first import sets the level of its logger

    with without(Warning, "mlflow"):
        yield
