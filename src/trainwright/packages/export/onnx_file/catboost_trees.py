"""CatBoost's own model as a `Forest`."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from trainwright.errors import UserError
from trainwright.packages.export.onnx_file.forest import ABOVE, Forest, tree_ensemble
from trainwright.packages.export.onnx_file.writer import Writer


def catboost(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    """(n, outputs) raw scores."""
    if own["sizes"]:
        raise UserError(
            f"CatBoost's own statistics of the categories {', '.join(map(repr, own['columns']))} have no counterpart"
        )
    model = _read(own["model"])
    scale, bias = model["scale_and_bias"]
    total = tree_ensemble(writer, _forest(model, own["outputs"], float(scale)), inputs[0])
    start = np.broadcast_to(np.asarray(bias, dtype=np.float64), (own["outputs"],))
    return writer.node("Add", total, writer.constant(start[None, :])) if start.any() else total


def _read(data: bytes) -> dict[str, Any]:
    """The model as CatBoost writes it in JSON."""
    from catboost import CatBoost

    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        CatBoost().load_model(blob=data).save_model(str(path), format="json")
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def _forest(model: dict[str, Any], outputs: int, scale: float) -> Forest:
    """Symmetric trees: all nodes of a level ask the same question; its answers are the bits of the leaf's number."""
    forest = Forest(outputs)
    floats = {f["feature_index"]: f for f in model["features_info"].get("float_features", [])}
    for tree in model["oblivious_trees"]:
        splits = (tree.get("splits") or [])[::-1]  # the last question is the highest bit: it is asked first
        depth = len(splits)
        levels = np.repeat(np.arange(depth), 2 ** np.arange(depth))
        nodes = np.arange(2**depth - 1)
        child = 2 * nodes + 1  # breadth first
        below = np.where(child < len(nodes), child, ~(child - len(nodes)))
        above = np.where(child + 1 < len(nodes), child + 1, ~(child + 1 - len(nodes)))
        feature = np.array([split["float_feature_index"] for split in splits], dtype=np.int64)
        border = np.array([np.float32(split["border"]) for split in splits], dtype=np.float64)
        gaps = np.array([floats[f].get("nan_value_treatment") == "AsTrue" for f in feature.tolist()], dtype=bool)
        answers = np.asarray(tree["leaf_values"], dtype=np.float64).reshape(-1, outputs) * scale
        mode = np.full(len(nodes), ABOVE)
        forest.add(feature[levels], mode, border[levels], gaps[levels], above, below, answers)
    return forest
