"""What MLflow calls to open an exported version: `mlflow.pyfunc` finds `_load_pyfunc` by this module's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class Opened:
    """A version as MLflow knows models.

    Args:
        folder: the version's package, which lies inside the MLflow model.
    """

    def __init__(self, folder: str | Path):
        from trainwright.packages.predictor import Predictor

        self.predictor = Predictor.open(Path(folder))

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """A pandas frame with the columns of `trainwright predict`, one row for each row given.

        Args:
            model_input: a pandas frame, or what `Predictor.predict` takes.
            params: `threshold`, for two classes, instead of the version's own.
        """
        import pandas

        threshold = (params or {}).get("threshold")
        found = self.predictor.predict(model_input, threshold=threshold)
        return pandas.DataFrame(found.to_dict(as_series=False))


def _load_pyfunc(data_path: str) -> Opened:
    """The model; MLflow gives the path of the package."""
    return Opened(data_path)
