"""What a server hands back: a training's result, and a version that predicts there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainwright.api.remote import as_rows
from trainwright.api.training import Result
from trainwright.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from trainwright.api.remote_calls import Calls
    from trainwright.api.remote_versions import Versions

# Rows of one request for predictions.
CHUNK = 5000


@dataclass(frozen=True)
class RemoteResult(Result):
    """A training that a server finished; as `Result`, except that `report` and `predictor` come from the server."""

    server: Versions = field(kw_only=True)

    @property
    def report(self) -> Path | None:
        """The HTML report, fetched into the current folder."""
        return self.server.report(int(self.document["run"]))

    def predictor(self) -> RemotePredictor:  # type: ignore[override]
        """The version, ready to predict on the server."""
        return self.server.load(self.name)


@dataclass(frozen=True)
class RemotePredictor:
    """A version that predicts on the server.

    Args:
        server: where.
        name: such as "adult@v2".
        decision: by which it answers; None for the one in force.
    """

    server: Calls
    name: str
    decision: str | None = None

    def predict(self, table: Any, *, threshold: float | None = None, explain: int = 0) -> pl.DataFrame:
        """Predictions in the order of the rows, as `Predictor.predict` gives them.

        Args:
            table: a path, a frame of polars, pandas, Arrow or NumPy, or a mapping of lists.
            threshold: for two classes, instead of the version's own.
            explain: number of reasons to add for each row, as columns `reason_1`, ...

        Raises:
            UserError: columns are missing, or the table cannot be read.
        """
        import polars as pl

        rows = as_rows(table)
        frames = []
        for start in range(0, len(rows), CHUNK):
            found = self._ask(rows[start : start + CHUNK], threshold=threshold, explain=explain)
            frame = pl.DataFrame(found["predictions"], infer_schema_length=None)
            for number in range(explain):
                texts = [row[number]["text"] if number < len(row) else None for row in found["reasons"]]
                frame = frame.with_columns(pl.Series(f"reason_{number + 1}", texts, dtype=pl.String))
            frames.append(frame)
        return pl.concat(frames, how="vertical_relaxed") if frames else pl.DataFrame()

    def predict_row(self, row: Mapping[str, Any], *, threshold: float | None = None) -> dict[str, Any]:
        """The prediction for one row."""
        found: dict[str, Any] = self._ask(as_rows([row]), threshold=threshold)["predictions"][0]
        return found

    def explain(self, table: Any, top: int = 3) -> list[list[dict[str, Any]]]:
        """For each row its strongest reasons: feature, value, push, towards, text."""
        rows = as_rows(table)
        return [
            reasons
            for start in range(0, len(rows), CHUNK)
            for reasons in self._ask(rows[start : start + CHUNK], explain=top)["reasons"]
        ]

    def _ask(self, rows: list[dict[str, Any]], **asked: Any) -> dict[str, Any]:
        project, _, version = self.name.partition("@")
        place = f"/projects/{project}/versions/{version}/predict" if version else f"/projects/{project}/predict"
        body = {"rows": rows, "decision": self.decision, **asked}
        answer: dict[str, Any] = self.server.call("POST", place, body)
        return answer


def both(name: str) -> tuple[str, str]:
    """The project and the version of a name.

    Raises:
        UserError: it names no version.

    Example:
        >>> both("adult@v2")
        ('adult', 'v2')
    """
    project, _, version = name.partition("@")
    if not project or not version:
        raise UserError(f"{name!r} names no version", remedy=f"say which one: {project or 'adult'}@v2")
    return project, version
