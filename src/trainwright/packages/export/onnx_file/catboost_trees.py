"""CatBoost's own model as a `Forest` over numbers, places of categories and its statistics of categories."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from trainwright.packages.export.onnx_file.catboost_statistics import Categories, hashes_of, statistics
from trainwright.packages.export.onnx_file.forest import ABOVE, AT_MOST, EQUAL, NOTHING, Forest, tree_ensemble
from trainwright.packages.export.onnx_file.writer import Writer

FIRST = 2  # a place is a category's code plus this


def catboost(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    """(n, outputs) raw scores."""
    count = len(own["sizes"])
    numbers, places = inputs[: len(inputs) - count], inputs[len(inputs) - count :]
    model = _read(own["model"], bool(numbers), own["sizes"])
    known = Categories(places, own["columns"], own["sizes"], hashes_of(model, own["sizes"]))
    found = statistics(writer, model, numbers[0] if numbers else "", known)
    parts = [*numbers, *(writer.cast(place, "DOUBLE") for place in places), *found]
    rows = writer.node("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    scale, bias = model["scale_and_bias"]
    total = tree_ensemble(writer, _forest(model, own["outputs"], float(scale), known), rows)
    start = np.broadcast_to(np.asarray(bias, dtype=np.float64), (own["outputs"],))
    return writer.node("Add", total, writer.constant(start[None, :])) if start.any() else total


def _read(data: bytes, numbers: bool, sizes: tuple[int, ...]) -> dict[str, Any]:
    """The model as CatBoost writes it in JSON, with the hash of every place's spelling."""
    from catboost import CatBoost, FeaturesData, Pool

    model = CatBoost().load_model(blob=data)
    pool = None
    if sizes:
        spelled = np.array(
            [[str(code).encode()] * len(sizes) for code in range(-FIRST, max(sizes) - FIRST)], dtype=object
        )
        floats = len(model.feature_names_) - len(sizes)
        zeros = np.zeros((len(spelled), floats), dtype=np.float32) if floats else None
        pool = Pool(FeaturesData(num_feature_data=zeros, cat_feature_data=spelled))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json", pool=pool)
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def _forest(model: dict[str, Any], outputs: int, scale: float, known: Categories) -> Forest:
    """Symmetric trees: all nodes of a level ask the same question; its answers are the bits of the leaf's number."""
    forest = Forest(outputs)
    feature, mode, split, gaps = _questions(model, known)
    for tree in model["oblivious_trees"]:
        # The last question is the highest bit: it is asked first.
        asked = np.array([one["split_index"] for one in tree.get("splits") or []], dtype=np.int64)[::-1]
        levels = np.repeat(asked, 2 ** np.arange(len(asked)))
        nodes = np.arange(2 ** len(asked) - 1)
        child = 2 * nodes + 1  # breadth first
        below = np.where(child < len(nodes), child, ~(child - len(nodes)))
        above = np.where(child + 1 < len(nodes), child + 1, ~(child + 1 - len(nodes)))
        answers = np.asarray(tree["leaf_values"], dtype=np.float64).reshape(-1, outputs) * scale
        forest.add(feature[levels], mode[levels], split[levels], gaps[levels], above, below, answers)
    return forest


def _questions(model: dict[str, Any], known: Categories) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Column, mode, threshold and way of missing values of every question, in the order of CatBoost's `split_index`:
    borders of numbers, exact values of categories, borders of statistics."""
    info = model["features_info"]
    floats = info.get("float_features") or []
    width = max((f["feature_index"] for f in floats), default=-1) + 1
    found: list[tuple[int, int, float, bool]] = []
    for f in floats:
        gaps = f.get("nan_value_treatment") == "AsTrue"
        found += [(f["feature_index"], ABOVE, float(np.float32(border)), gaps) for border in f.get("borders") or []]
    for f in info.get("categorical_features") or []:
        j = f["feature_index"]
        for value in f.get("values") or []:
            at = np.flatnonzero(known.hashes[j].astype(np.uint32) == np.uint32(value & 0xFFFFFFFF))
            found.append((width + j, EQUAL, float(at[0]), False) if len(at) else (width + j, AT_MOST, NOTHING, False))
    first = width + len(known.places)
    for number, ctr in enumerate(info.get("ctrs") or []):
        found += [(first + number, ABOVE, float(np.float32(border)), False) for border in ctr["borders"]]
    return (
        np.array([one[0] for one in found], dtype=np.int64),
        np.array([one[1] for one in found], dtype=np.int64),
        np.array([one[2] for one in found], dtype=np.float64),
        np.array([one[3] for one in found], dtype=bool),
    )
