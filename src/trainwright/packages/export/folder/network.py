"""A network over a matrix of numbers, in NumPy: layers, waves of the first numbers, members that share weights.

Weights are stored in 32 bits, or in eight with a scale for each output, and computed with in 64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_ROWS = 1024  # answered at a time; what a network with members holds for them stays small
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # SELU: Klambauer et al. 2017, equation 2


def _logistic(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def _gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3)))


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0.0),
    "gelu": _gelu,
    "silu": lambda x: x * _logistic(x),
    "tanh": np.tanh,
    "sigmoid": _logistic,
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0.0))),
    "selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0.0))),
    "mish": lambda x: x * np.tanh(np.logaddexp(0.0, x)),
}


def bent(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """Bent softly, so that nothing lies beyond `most`."""
    return x / np.sqrt(1.0 + (x / own["most"]) ** 2)


def network(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """(n, members * outputs) scores."""
    if "read" not in own:
        own["read"] = {name: _numbers(own, name) for name in own if name.startswith(("layer", "waves_"))}
    parts = [_scores(own, x[at : at + _ROWS]) for at in range(0, max(len(x), 1), _ROWS)]
    return np.concatenate(parts)


def mean_softmax(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """The mean of the members' probabilities."""
    scores = x.reshape(len(x), own["members"], -1)
    raised = np.exp(scores - scores.max(axis=2, keepdims=True))
    return (raised / raised.sum(axis=2, keepdims=True)).mean(axis=1)


def _scores(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    read, act, n = own["read"], ACTIVATIONS[own["activation"]], len(x)
    if own["waved"]:
        x = np.concatenate([_waves(read, x[:, : own["waved"]]), x[:, own["waved"] :]], axis=1)
    for number in range(own["depth"]):
        layer = {name.partition("_")[2]: array for name, array in read.items() if name.startswith(f"layer{number}_")}
        z = _linear(layer, x)
        if number < own["depth"] - 1:
            slope = layer.get("slope")
            z = act(z) if slope is None else z + slope * (act(z) - z)
        x = z
    return x if x.ndim == 2 else x.transpose(1, 0, 2).reshape(n, -1)


def _linear(layer: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """((x * before) . weight) * after + bias, for one network or for (members, n, ...)."""
    if "before" in layer:
        x = (x if x.ndim == 3 else x[None]) * layer["before"][:, None, :]
    x = np.matmul(x, layer["weight"])
    if "after" in layer:
        x = x * layer["after"][:, None, :]
    bias = layer["bias"]
    return x + (bias if bias.ndim == 1 else bias[:, None, :])


def _waves(read: dict[str, np.ndarray], numbers: np.ndarray) -> np.ndarray:
    """A few numbers more for each number: v -> (v, mix . cos(v * frequency + phase) + shift)."""
    waves = np.cos(numbers.T[:, :, None] * read["waves_frequency"][:, None, :] + read["waves_phase"][:, None, :])
    mixed = np.matmul(waves, read["waves_mix"]) + read["waves_shift"][:, None, :]
    both = np.concatenate([numbers.T[:, :, None], mixed], axis=2)
    return both.transpose(1, 0, 2).reshape(len(numbers), -1)


def _numbers(own: dict[str, Any], name: str) -> np.ndarray:
    array = np.asarray(own[name], dtype=np.float64)
    return array * own["scale_of_" + name] if "scale_of_" + name in own else array


OPERATIONS = {"bent": bent, "network": network, "mean_softmax": mean_softmax}
