"""CatBoost's statistics of categories ("ctr": averages of the target and counts) as tables that ONNX can look up.

CatBoost keeps them by the hash of a combination of categories and answers to questions. Here every combination that the
model can meet is spelled out, hashed as CatBoost does, and kept if its statistics are known; how one is computed is
`TModelCtr::Calc` and `CalcHash` in CatBoost's sources (catboost/libs/model).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.errors import UserError
from trainwright.packages.export.onnx_file.writer import ML, Writer

_MULTIPLIER = np.uint64(0x4906BA494954CB65)
MOST = 20_000_000  # combinations of one statistic that are spelled out


@dataclass(frozen=True)
class Categories:
    """The category columns as CatBoost sees them.

    Args:
        places: names of the (n, 1) places.
        names: the columns.
        sizes: how many places each has.
        hashes: for each column (size,) int32 hashes of its places' spellings.
    """

    places: Sequence[str]
    names: Sequence[str]
    sizes: Sequence[int]
    hashes: Sequence[np.ndarray]


def hashes_of(model: dict[str, Any], sizes: Sequence[int]) -> list[np.ndarray]:
    """For each category column the hashes of its places' spellings: the codes from -2 on."""
    listed = model["features_info"].get("cat_features_hash") or []
    by_spelling = {str(one["value"]): int(one["hash"]) & 0xFFFFFFFF for one in listed}
    return [
        np.array([by_spelling.get(str(at - 2), 0) for at in range(size)], dtype=np.uint32).view(np.int32)
        for size in sizes
    ]


def statistics(writer: Writer, model: dict[str, Any], numbers: str, known: Categories) -> list[str]:
    """The statistics in the order of the model, side by side."""
    ctrs = model["features_info"].get("ctrs") or []
    if not ctrs:
        return []
    made: dict[str, tuple[str, np.ndarray, int]] = {}
    return [_one(writer, model, ctr, numbers, known, made) for ctr in ctrs]


def _one(
    writer: Writer,
    model: dict[str, Any],
    ctr: dict[str, Any],
    numbers: str,
    known: Categories,
    made: dict[str, tuple[str, np.ndarray, int]],
) -> str:
    """(n, 1) one statistic."""
    base = json.dumps(ctr["elements"], sort_keys=True)
    if base not in made:
        made[base] = _combination(writer, model, ctr["elements"], numbers, known)
    key, hashes, total = made[base]
    kept, values, otherwise = _values(model["ctr_data"][ctr["identifier"]], ctr)
    at = np.minimum(np.searchsorted(kept, hashes), max(len(kept) - 1, 0))
    there = np.flatnonzero(kept[at] == hashes) if len(kept) else at[:0]  # combinations whose statistics are known
    table = np.concatenate([[otherwise], values[at[there]]])[:, None]
    if total <= max(4096, 2 * len(there)):
        dense = np.zeros(total, dtype=np.int64)
        dense[there] = np.arange(1, len(there) + 1)
        return writer.node("Gather", writer.constant(table[dense]), writer.flat(key), axis=0)
    row = writer.node(
        "LabelEncoder",
        key,
        domain=ML,
        keys_int64s=there.tolist(),
        values_int64s=list(range(1, len(there) + 1)),
        default_int64=0,
    )
    return writer.node("Gather", writer.constant(table), writer.flat(row), axis=0)


def _combination(
    writer: Writer, model: dict[str, Any], elements: list[dict[str, Any]], numbers: str, known: Categories
) -> tuple[str, np.ndarray, int]:
    """The (n, 1) number of each row's combination, and the hash of every combination by its number."""
    key, hashes, total = "", np.zeros(1, dtype=np.uint64), 1
    for element in elements:
        value, own = _element(writer, model, element, numbers, known)
        total *= len(own)
        if total > MOST:
            names = [known.names[e["cat_feature_index"]] for e in elements if "cat_feature_index" in e]
            raise UserError(
                f"its statistic of the columns {', '.join(map(repr, names))} together has {total:,} combinations, at "
                f"most {MOST:,} can be written"
            )
        hashes = _hashed(hashes[:, None], own[None, :]).ravel()
        scaled = writer.node("Mul", key, writer.constant(len(own), np.int64)) if key else ""
        key = writer.node("Add", scaled, value) if key else value
    return key, hashes, total


def _element(
    writer: Writer, model: dict[str, Any], element: dict[str, Any], numbers: str, known: Categories
) -> tuple[str, np.ndarray]:
    """What an element of a combination is for each row, as a whole number, and the value that is hashed for it."""
    yes_no = np.array([0, 1], dtype=np.uint64)
    if element["combination_element"] == "float_feature":
        index = element["float_feature_index"]
        floats = {f["feature_index"]: f for f in model["features_info"]["float_features"]}
        column = writer.node("Gather", numbers, writer.numbers(index), axis=1)
        above = writer.node("Greater", column, writer.constant(float(np.float32(element["border"]))))
        if floats[index].get("nan_value_treatment") == "AsTrue":
            above = writer.node("Or", above, writer.node("IsNaN", column))
        return writer.cast(above, "INT64"), yes_no
    j = element["cat_feature_index"]
    signed = known.hashes[j].astype(np.int64).view(np.uint64)
    if element["combination_element"] == "cat_feature_value":
        return known.places[j], signed
    equal = known.hashes[j].astype(np.uint32) == np.uint32(element["value"] & 0xFFFFFFFF)
    table = writer.constant(equal.astype(np.int64)[:, None], np.int64)
    return writer.node("Gather", table, writer.flat(known.places[j]), axis=0), yes_no


def _hashed(before: np.ndarray, value: np.ndarray) -> np.ndarray:
    """CatBoost's hash of a hash and a further value, in 64 bits that overflow."""
    with np.errstate(over="ignore"):
        return _MULTIPLIER * (before + _MULTIPLIER * value)


def _values(data: dict[str, Any], ctr: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, float]:
    """(t,) sorted hashes, (t,) statistics, and that of an unknown combination; in 32 bits, as CatBoost does."""
    stride = int(data["hash_stride"])
    flat = data["hash_map"]
    hashes = np.array([int(value) for value in flat[::stride]], dtype=np.uint64)
    counts = np.array([[float(v) for v in flat[at + 1 : at + stride]] for at in range(0, len(flat), stride)])
    counts = counts.reshape(len(hashes), stride - 1)
    kind, border = ctr["ctr_type"], int(ctr["target_border_idx"])
    rest = 0.0
    if kind in ("Counter", "FeatureFreq"):
        rest = float(data["counter_denominator"])
        good, total = counts[:, 0], np.full(len(hashes), rest)
    elif kind in ("BinarizedTargetMeanValue", "FloatTargetMeanValue"):
        good, total = counts[:, 0], counts[:, 1]
    elif kind == "Buckets":
        good, total = counts[:, border], counts.sum(axis=1)
    else:  # Borders
        good, total = counts[:, border + 1 :].sum(axis=1), counts.sum(axis=1)
    order = np.argsort(hashes, kind="stable")
    values = _statistic(good, total, ctr)
    return hashes[order], values[order], float(_statistic(np.zeros(1), np.full(1, rest), ctr)[0])


def _statistic(good: np.ndarray, total: np.ndarray, ctr: dict[str, Any]) -> np.ndarray:
    prior, weight, shift, scale = (
        np.float32(ctr[name]) for name in ("prior_numerator", "prior_denomerator", "shift", "scale")
    )
    share = (good.astype(np.float32) + prior) / (total.astype(np.float32) + weight)
    return ((share + shift) * scale).astype(np.float64)
