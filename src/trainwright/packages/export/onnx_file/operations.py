"""Each operation of a model as ONNX nodes: what `folder/operations.py` does with NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trainwright.packages.export.onnx_file.dates import date_parts
from trainwright.packages.export.onnx_file.writer import ML, Writer

_FAR = float(np.finfo(np.float32).max)
Operation = Callable[[Writer, dict[str, Any], list[str]], str]


def _join(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    return writer.node("Concat", *inputs, axis=1)


def _take(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    return writer.node("Gather", inputs[0], writer.constant(own["columns"], np.int64), axis=1)


def _single(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    value = inputs[0]
    if own["bounded"]:
        value = _between(writer, value, -_FAR, _FAR)
    return writer.cast(writer.cast(value, "FLOAT"), "DOUBLE")


def _fill(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    filling = writer.constant(np.asarray(own["values"])[None, :])
    return writer.node("Where", writer.node("IsNaN", inputs[0]), filling, inputs[0])


def _missing(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    return writer.cast(writer.node("IsNaN", inputs[0]), "DOUBLE")


def _bound(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    return _between(writer, inputs[0], np.asarray(own["low"])[None, :], np.asarray(own["high"])[None, :])


def _scaled(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    centred = writer.node("Sub", inputs[0], writer.constant(np.asarray(own["mean"])[None, :]))
    value = writer.node("Div", centred, writer.constant(np.asarray(own["spread"])[None, :]))
    return _between(writer, value, -own["far"], own["far"])


def _affine(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    value = inputs[0]
    if (np.asarray(own["factor"]) != 1).any():
        value = writer.node("Mul", value, writer.constant(np.asarray(own["factor"])[None, :]))
    if (np.asarray(own["shift"]) != 0).any():
        value = writer.node("Add", value, writer.constant(np.asarray(own["shift"])[None, :]))
    return value


def _times(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    if len(own["weights"]) == 1:
        # ONNX Runtime would merge a product of matrices with a factor before it, which it then keeps in 32 bits.
        return writer.node("Mul", inputs[0], writer.constant(own["weights"]))
    return writer.node("MatMul", inputs[0], writer.constant(own["weights"]))


def _sum(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    return inputs[0] if len(inputs) == 1 else writer.node("Sum", *inputs)


def _weighted_sum(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    parts = [writer.node("Mul", value, writer.constant(weight)) for value, weight in zip(inputs, own["weights"])]
    return _sum(writer, own, parts)


def _of_two(kind: str) -> Operation:
    return lambda writer, own, inputs: writer.node(kind, *inputs)


def _arithmetic(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    a, b = inputs
    nan = writer.constant(np.nan)
    if own["kind"] == "ratio":
        safe = writer.node("Where", writer.node("Equal", b, writer.constant(0.0)), nan, b)
        value = writer.node("Div", a, safe)
    else:
        value = writer.node("Sub" if own["kind"] == "difference" else "Mul", a, b)
    if own["single"]:
        value = writer.cast(writer.cast(value, "FLOAT"), "DOUBLE")
    return writer.node("Where", writer.node("IsInf", value), nan, value)


def _look_up(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    table = np.asarray(own["table"])
    kind = np.int64 if table.dtype.kind in "iu" else np.float64
    return writer.node("Gather", writer.constant(table, kind), writer.flat(inputs[0]), axis=0)


def _look_up_pair(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    key = _pair(writer, own, inputs)
    keys = [int(k) for k in own["keys"]]
    row = writer.node(
        "LabelEncoder",
        key,
        domain=ML,
        keys_int64s=keys,
        values_int64s=list(range(1, len(keys) + 1)),
        default_int64=0,
    )
    return writer.node("Gather", writer.constant(own["table"]), writer.flat(row), axis=0)


def _pair(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    return writer.node("Add", writer.node("Mul", inputs[0], writer.constant(own["radix"], np.int64)), inputs[1])


def _bins(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    """Counts the cuts that are not greater."""
    cuts = np.asarray(own["cuts"], dtype=np.float64)
    one, zero = writer.constant(1, np.int64), writer.constant(0, np.int64)
    found = one
    if len(cuts):
        passed = writer.cast(writer.node("LessOrEqual", writer.constant(cuts[None, :]), inputs[0]), "INT64")
        found = writer.node("Add", writer.node("ReduceSum", passed, writer.numbers(1), keepdims=1), one)
    return writer.node("Where", writer.node("IsNaN", inputs[0]), zero, found)


def _logs(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    return writer.node("Log", _between(writer, inputs[0], own["smallest"], 1.0))


def _softmax(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    return writer.node("Softmax", inputs[0], axis=1)


def _logistic(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    return writer.node("Sigmoid", inputs[0])


def _two_classes(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    second = writer.node("Sigmoid", inputs[0])
    return writer.node("Concat", writer.node("Sub", writer.constant(1.0), second), second, axis=1)


def _normalised(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    return writer.node("Div", inputs[0], writer.node("ReduceSum", inputs[0], writer.numbers(1), keepdims=1))


def _kernel(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    x, vectors = inputs[0], np.asarray(own["vectors"], dtype=np.float64)
    squares = writer.node("ReduceSum", writer.node("Mul", x, x), writer.numbers(1), keepdims=1)
    squares = writer.node("Add", squares, writer.constant((vectors**2).sum(axis=1)[None, :]))
    product = writer.node("MatMul", x, writer.constant(2 * vectors.T))
    distance = writer.node("Max", writer.node("Sub", squares, product), writer.constant(0.0))
    return writer.node("Exp", writer.node("Mul", distance, writer.constant(-own["gamma"])))


def _weighted_median(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    """The first value, in rising order, that half of the weight does not exceed."""
    weights = np.asarray(own["weights"], dtype=np.float64)
    risen, order = writer.nodes_of("TopK", inputs[0], writer.numbers(len(weights)), outputs=2, axis=1, largest=0)
    running = writer.node(
        "CumSum", writer.node("Gather", writer.constant(weights), order), writer.constant(1, np.int64)
    )
    last = writer.node("Gather", running, writer.numbers(len(weights) - 1), axis=1)
    enough = writer.node("GreaterOrEqual", running, writer.node("Mul", last, writer.constant(0.5)))
    middle = writer.node("ArgMax", writer.cast(enough, "INT32"), axis=1, keepdims=1)
    return writer.node("GatherElements", risen, middle, axis=1)


def _between(writer: Writer, value: str, low: Any, high: Any) -> str:
    return writer.node("Min", writer.node("Max", value, writer.constant(low)), writer.constant(high))


OPERATIONS: dict[str, Operation] = {
    "join": _join,
    "take": _take,
    "single": _single,
    "fill": _fill,
    "missing": _missing,
    "bound": _bound,
    "scaled": _scaled,
    "affine": _affine,
    "times": _times,
    "sum": _sum,
    "weighted_sum": _weighted_sum,
    "minus": _of_two("Sub"),
    "multiplied": _of_two("Mul"),
    "divided": _of_two("Div"),
    "arithmetic": _arithmetic,
    "look_up": _look_up,
    "look_up_pair": _look_up_pair,
    "pair": _pair,
    "bins": _bins,
    "logs": _logs,
    "softmax": _softmax,
    "logistic": _logistic,
    "two_classes": _two_classes,
    "normalised": _normalised,
    "kernel": _kernel,
    "weighted_median": _weighted_median,
    "date_parts": date_parts,
}
