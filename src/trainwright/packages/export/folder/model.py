"""An exported model: its steps are read from `model.json`, `arrays.npz` and `files/`, and carried out in their order.

Example:
    >>> model = Model("my_model")                                            # doctest: +SKIP
    >>> model.predict([{"age": 41, "job": "nurse"}])                         # doctest: +SKIP
    [{'prediction': 'yes', 'probability_no': 0.2, 'probability_yes': 0.8, 'confidence': 0.8}]
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import answers, bounds, libraries, network, operations, reading, texts, trees

OPERATIONS = {
    **operations.OPERATIONS,
    **network.OPERATIONS,
    **texts.OPERATIONS,
    **trees.OPERATIONS,
    **libraries.OPERATIONS,
}
COLUMNS = ("number", "boolean", "category", "moment", "text")
_ROWS = 10_000  # carried out at a time


class Model:
    """The model of a folder.

    Args:
        folder: where `model.json` lies.

    Raises:
        ValueError: the folder was written by another release.
    """

    def __init__(self, folder: str | Path):
        folder = Path(folder)
        facts = json.loads((folder / "model.json").read_text("utf-8"))
        if facts.get("format") != 1:
            raise ValueError(f"{folder / 'model.json'} has format {facts.get('format')!r}, expected 1")
        with np.load(folder / "arrays.npz", allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        self.facts = facts
        self.columns: list[str] = facts["columns"]
        self.classes: list[Any] = facts["labels"]
        self.notes: list[str] = []  # what the last call of predict could not read
        self._steps = [
            (step["operation"], step["inputs"], step["output"], _values(step["values"], arrays, folder))
            for step in facts["steps"]
        ]

    def predict(self, rows: Sequence[Mapping[str, Any]], threshold: float | None = None) -> list[dict[str, Any]]:
        """One prediction for each row.

        Args:
            rows: column name -> value; None or "" is missing, further columns are ignored.
            threshold: for two classes, instead of the model's own.

        Returns:
            For classes `prediction`, `probability_<class>`, `confidence`, and `decision` (accept, review or reject)
            where the model has a review band and no `threshold` is given; for a number `prediction`, and where the
            model has bounds `low`, `high` and `width`, with `decision` (accept or review) where a width for review is
            set.

        Raises:
            KeyError: a column that the model was trained on is absent.
        """
        absent = [name for name in self.columns if rows and name not in rows[0]]
        if absent:
            raise KeyError(f"the rows lack the columns {', '.join(map(repr, absent))}")
        table = {name: [row.get(name) for row in rows] for name in self.columns}
        raw = self.predict_raw(table, len(rows))
        if not self.classes:
            own = self.facts.get("bounds")
            return [{"prediction": row[0]} if own is None else bounds.told(own, *row) for row in raw.tolist()]
        return [answers.told(self.facts, values, threshold) for values in raw.tolist()]

    def predict_raw(self, table: Mapping[str, Sequence[Any]], n: int) -> np.ndarray:
        """(n, classes) probabilities, (n, 1) numbers, or (n, 3) numbers with low and high, for columns of n cells."""
        lost: dict[str, int] = {}
        parts = []
        for start in range(0, n, _ROWS):
            part = {name: table[name][start : start + _ROWS] for name in self.columns}
            parts.append(self._carried_out(part, min(_ROWS, n - start), lost))
        self.notes = [
            f"column {name!r}: {count} value(s) could not be read and count as missing" for name, count in lost.items()
        ]
        return np.concatenate(parts) if parts else np.zeros((0, max(len(self.classes), 1)))

    def _carried_out(self, table: Mapping[str, Sequence[Any]], n: int, lost: dict[str, int]) -> np.ndarray:
        made: dict[str, Any] = {}
        for operation, inputs, output, own in self._steps:
            if operation in COLUMNS:
                made[output], count = reading.column(operation, own, table[own["column"]])
                if count:
                    lost[own["column"]] = lost.get(own["column"], 0) + count
            elif operation == "constant":
                made[output] = np.tile(own["values"], (n, 1))
            else:
                made[output] = OPERATIONS[operation](own, *(made[name] for name in inputs))
        out, own = made[self.facts["output"]], self.facts.get("bounds")
        if own is None:
            return out
        parts = np.column_stack([made[member["value"]] for member in own["members"]])
        return np.column_stack([out[:, 0], *bounds.low_and_high(own, parts, out[:, 0])])


def _values(found: dict[str, Any], arrays: dict[str, np.ndarray], folder: Path) -> dict[str, Any]:
    """A step's values, with its arrays and files in their places."""
    out: dict[str, Any] = {}
    for name, value in found.items():
        if isinstance(value, dict) and "array" in value:
            value = arrays[value["array"]]
        elif isinstance(value, dict) and "file" in value:
            value = (folder / value["file"]).read_bytes()
        out[name] = value
    return out
