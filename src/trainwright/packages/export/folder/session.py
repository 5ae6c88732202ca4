"""An ONNX file that reads texts: cells are read, texts become tokens, and ONNX Runtime is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import answers, reading, texts

_TOKENS = 4096  # of one batch
_ROWS = 256


class Model:
    """The model of a folder with `model.onnx` and its tokenizers.

    Args:
        folder: where they lie.
    """

    def __init__(self, folder: str | Path):
        import onnxruntime

        folder = Path(folder)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        path = str(folder / "model.onnx")
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.facts = json.loads(self._session.get_modelmeta().custom_metadata_map["trainwright"])
        self.columns: list[str] = self.facts["layout"]
        self.notes: list[str] = []  # what the last call of predict could not read
        self._tokens = [{**own, "tokenizer": (folder / own["file"]).read_bytes()} for own in self.facts["tokens"]]

    def predict(self, rows: Sequence[Mapping[str, Any]], threshold: float | None = None) -> list[dict[str, Any]]:
        """One prediction for each row: see the model of a plain folder.

        Args:
            rows: column name -> value; None or "" is missing, further columns are ignored.
            threshold: for two classes, instead of the model's own.

        Raises:
            KeyError: a column that the model was trained on is absent.
        """
        absent = [name for name in self.columns if rows and name not in rows[0]]
        if absent:
            raise KeyError(f"the rows lack the columns {', '.join(map(repr, absent))}")
        given = self._inputs(rows)
        name = self._session.get_outputs()[-1].name
        found = [self._session.run([name], part)[0] for part in in_batches(given, self.facts["tokens"])]
        values = np.concatenate(found).tolist() if found else []
        if not self.facts["labels"]:
            return [{"prediction": row[0]} for row in values]
        return [answers.told(self.facts, row, threshold) for row in values]

    def _inputs(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What the graph takes: for columns (n, 1) numbers or texts, and lists of tokens."""
        out: dict[str, Any] = {}
        self.notes = []
        for name, own in self.facts["cells"].items():
            cells = [row.get(name) for row in rows]
            if own["operation"] == "category":
                spelt = [["" if cell is None else str(cell).strip()] for cell in cells]
                out[name] = np.array(spelt, dtype=object).reshape(-1, 1)
                continue
            out[name], count = reading.column(own["operation"], own, cells)
            if count:
                self.notes.append(f"column {name!r}: {count} value(s) could not be read and count as missing")
        for own in self._tokens:
            columns = []
            for column in own["columns"]:
                cells = [row.get(column["column"]) for row in rows]
                columns.append(reading.column("text", column, cells)[0])
            out[own["ids"]] = texts.tokens(own, *columns)
        return out


def in_batches(given: dict[str, Any], tokens: Sequence[Mapping[str, Any]]) -> list[dict[str, np.ndarray]]:
    """The inputs in batches that fit into memory, tokens as numbers and masks.

    Args:
        given: for each column its (n, 1) array, and for each entry of `tokens` n lists of token numbers.
        tokens: {ids, mask, pad} names of inputs, and what fills up.
    """
    n, start, out = len(next(iter(given.values()), ())), 0, []
    lengths = [max((len(given[own["ids"]][at]) for own in tokens), default=1) for at in range(n)]
    while start < n:
        end, longest = start + 1, lengths[start]
        while end < min(n, start + _ROWS) and (end + 1 - start) * max(longest, lengths[end]) <= _TOKENS:
            longest, end = max(longest, lengths[end]), end + 1
        part = {name: values[start:end] for name, values in given.items()}
        for own in tokens:
            part[own["ids"]], part[own["mask"]] = texts.padded(part[own["ids"]], own["pad"])
        out.append(part)
        start = end
    return out
