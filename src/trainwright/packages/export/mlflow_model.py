"""An MLflow model folder that `mlflow.pyfunc.load_model` and `mlflow models serve` run: the package, opened by our own
predictor. Nothing in it is pickled."""

from __future__ import annotations

import os
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.schema import Kind
from trainwright.errors import EnvironmentProblem
from trainwright.packages.export.pipeline import Columns
from trainwright.packages.needs import own_version
from trainwright.packages.predictor import Predictor
from trainwright.packages.verify import Checked

LOADER = "trainwright.packages.export.mlflow_loader"
# MLflow reports its use to its makers unless it is told not to.
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
_EXAMPLE_ROWS = 3


def require_mlflow() -> None:
    """Raises `EnvironmentProblem` when MLflow is missing, with the command that installs it."""
    from importlib.util import find_spec

    if find_spec("mlflow") is None:
        raise EnvironmentProblem(
            "--format mlflow needs mlflow, which is not installed here", remedy='pip install "trainwright[track]"'
        )


def write_mlflow(
    folder: Path, checked: Checked, predictor: Predictor, made_up: pl.DataFrame, label: str
) -> dict[str, str]:
    """Writes the model and returns what running it needs: library -> range.

    Args:
        folder: an empty folder.
        checked: the version's package.
        predictor: the same, opened.
        made_up: rows with the types of the training table that belong to nobody; the first few become the example.
        label: how users call the version, such as "adult@v2".
    """
    os.environ.update(QUIET)
    import mlflow.pyfunc
    from mlflow.models import ModelSignature

    needed = {"trainwright": f"=={own_version()}", **checked.manifest.required, "pandas": ">=2.3"}
    example = to_pandas(made_up.head(_EXAMPLE_ROWS), checked)
    signature = ModelSignature(inputs=_inputs(checked), outputs=_outputs(predictor.predict(made_up.head(1))))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's remarks on whole numbers and gaps, which our predictor reads
        mlflow.pyfunc.save_model(
            path=str(folder),
            loader_module=LOADER,
            data_path=str(checked.folder),
            signature=signature,
            input_example=example,
            pip_requirements=[f"{library}{range_}" for library, range_ in sorted(needed.items())],
            metadata={"trainwright_version": label, "manifest_sha256": checked.sha},
        )
    return needed
