"""A network over a matrix of numbers as ONNX nodes: what `folder/network.py` does with NumPy.

Weights are stored as they are, in 32 bits or in eight with their scales, and cast to doubles by the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trainwright.packages.export.folder.network import SELU_ALPHA, SELU_SCALE
from trainwright.packages.export.onnx_file.writer import Writer


def bent(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    """x / sqrt(1 + (x / most)^2)."""
    share = writer.node("Div", inputs[0], writer.constant(own["most"]))
    below = writer.node("Sqrt", writer.node("Add", writer.node("Mul", share, share), writer.constant(1.0)))
    return writer.node("Div", inputs[0], below)


def network(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    """(n, members * outputs) scores."""
    x, members = inputs[0], False
    if own["waved"]:
        x = _waves(writer, own, x)
    act = _ACTIVATIONS[own["activation"]]
    for number in range(own["depth"]):
        layer = f"layer{number}_"
        if layer + "before" in own:
            x = writer.node("Mul", x, _array(writer, own, layer + "before", beside=True))  # (members, n, i)
        members |= layer + "before" in own or own[layer + "weight"].ndim == 3
        z = writer.node("MatMul", x, _array(writer, own, layer + "weight"))
        if layer + "after" in own:
            z = writer.node("Mul", z, _array(writer, own, layer + "after", beside=True))
        z = writer.node("Add", z, _array(writer, own, layer + "bias", beside=own[layer + "bias"].ndim == 2))
        if number < own["depth"] - 1:
            bowed = act(writer, z)
            if layer + "slope" in own:
                more = writer.node("Mul", writer.node("Sub", bowed, z), _array(writer, own, layer + "slope"))
                bowed = writer.node("Add", z, more)
            z = bowed
        x = z
    if not members:
        return x
    return writer.node("Reshape", writer.node("Transpose", x, perm=[1, 0, 2]), writer.numbers(0, -1))


def mean_softmax(writer: Writer, own: dict[str, Any], inputs: list[str]) -> str:
    """The mean of the members' probabilities."""
    scores = writer.node("Reshape", inputs[0], writer.numbers(0, own["members"], -1))
    shares = writer.node("Softmax", scores, axis=2)
    return writer.node("ReduceMean", shares, writer.numbers(1), keepdims=0)


def _waves(writer: Writer, own: dict[str, Any], x: str) -> str:
    """The first numbers with a few more for each, then the others."""
    waved, width = own["waved"], own["width"]
    first = writer.node("Gather", x, writer.constant(np.arange(waved), np.int64), axis=1)
    each = writer.node("Unsqueeze", writer.node("Transpose", first, perm=[1, 0]), writer.numbers(2))  # (p, n, 1)
    angle = writer.node("Mul", each, _array(writer, own, "waves_frequency", beside=True))
    angle = writer.node("Add", angle, _array(writer, own, "waves_phase", beside=True))
    mixed = writer.node("MatMul", writer.node("Cos", angle), _array(writer, own, "waves_mix"))
    mixed = writer.node("Add", mixed, _array(writer, own, "waves_shift", beside=True))
    both = writer.node("Transpose", writer.node("Concat", each, mixed, axis=2), perm=[1, 0, 2])
    flat = writer.node("Reshape", both, writer.numbers(0, -1))
    if width == waved:
        return flat
    rest = writer.node("Gather", x, writer.constant(np.arange(waved, width), np.int64), axis=1)
    return writer.node("Concat", flat, rest, axis=1)


def _array(writer: Writer, own: dict[str, Any], name: str, *, beside: bool = False) -> str:
    """Weights as doubles; with `beside` (m, k) as (m, 1, k)."""
    given = np.asarray(own[name])
    given = given[:, None, :] if beside else given
    value = writer.cast(writer.constant(given, given.dtype), "DOUBLE")
    scale = own.get("scale_of_" + name)
    return value if scale is None else writer.node("Mul", value, writer.constant(scale))


def _silu(writer: Writer, z: str) -> str:
    return writer.node("Mul", z, writer.node("Sigmoid", z))


def _gelu(writer: Writer, z: str) -> str:
    cube = writer.node("Mul", writer.node("Mul", z, z), z)
    inner = writer.node("Add", z, writer.node("Mul", cube, writer.constant(0.044715)))
    bowed = writer.node("Tanh", writer.node("Mul", inner, writer.constant(np.sqrt(2.0 / np.pi))))
    share = writer.node("Mul", writer.node("Add", bowed, writer.constant(1.0)), writer.constant(0.5))
    return writer.node("Mul", z, share)


def _leaky(writer: Writer, z: str) -> str:
    return writer.node("Max", z, writer.node("Mul", z, writer.constant(0.01)))


def _exponential(scale: float, alpha: float) -> Callable[[Writer, str], str]:
    """scale * z above zero, scale * alpha * (e^z - 1) below; both factors are 1 or neither is."""

    def written(writer: Writer, z: str) -> str:
        # Scaled on both sides of the choice: ONNX Runtime would merge one factor behind it into the product of matrices
        # that follows, and keep it in 32 bits.
        zero = writer.constant(0.0)
        low = writer.node("Sub", writer.node("Exp", writer.node("Min", z, zero)), writer.constant(1.0))
        low = low if alpha == 1.0 else writer.node("Mul", low, writer.constant(scale * alpha))
        high = z if scale == 1.0 else writer.node("Mul", z, writer.constant(scale))
        return writer.node("Where", writer.node("Greater", z, zero), high, low)

    return written


def _mish(writer: Writer, z: str) -> str:
    """z tanh(log(1 + e^z)), the logarithm as max(z, 0) + log(1 + e^-|z|)."""
    far = writer.node("Exp", writer.node("Neg", writer.node("Abs", z)))
    log = writer.node("Log", writer.node("Add", far, writer.constant(1.0)))
    soft = writer.node("Add", writer.node("Max", z, writer.constant(0.0)), log)
    return writer.node("Mul", z, writer.node("Tanh", soft))


_ACTIVATIONS: dict[str, Callable[[Writer, str], str]] = {
    "relu": lambda writer, z: writer.node("Max", z, writer.constant(0.0)),
    "gelu": _gelu,
    "silu": _silu,
    "tanh": lambda writer, z: writer.node("Tanh", z),
    "sigmoid": lambda writer, z: writer.node("Sigmoid", z),
    "leaky_relu": _leaky,
    "elu": _exponential(1.0, 1.0),
    "selu": _exponential(SELU_SCALE, SELU_ALPHA),
    "mish": _mish,
}
OPERATIONS = {"bent": bent, "network": network, "mean_softmax": mean_softmax}
