"""A finished network as plain arrays: it answers by NumPy alone, so that a prediction needs no torch.

Whatever was there for the training's sake (scaling layers, factors of widths) is multiplied into the weights. Weights
are kept as float32 and computed with as float64: one row and many give the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from trainwright.errors import UserError

ROWS = 1024  # answered at a time; what a network with members holds for them stays within the processor's caches
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. 2017, equation 2


def _positive(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0.0)


def _logistic(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def _gelu(x: np.ndarray) -> np.ndarray:
    # The form with tanh, which the training uses too (Hendrycks & Gimpel 2016, section 2).
    return 0.5 * x * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3)))


def _elu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0.0)))


def _selu(x: np.ndarray) -> np.ndarray:
    return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0.0)))


def _mish(x: np.ndarray) -> np.ndarray:
    return x * np.tanh(np.logaddexp(0.0, x))


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": _positive,
    "gelu": _gelu,
    "silu": lambda x: x * _logistic(x),
    "tanh": np.tanh,
    "sigmoid": _logistic,
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "elu": _elu,
    "selu": _selu,
    "mish": _mish,
}


@dataclass(frozen=True)
class Waves:
    """A few numbers more for each number: v -> (v, mix . cos(v * frequency + phase) + shift).

    Periodic embeddings with a bias, a linear layer and the number itself (PBLD: Holzmüller, Grinsztajn & Steinwart
    2024, section 3; after Gorishniy et al. 2022).

    Args:
        frequency, phase: (p, h) of p numbers.
        mix: (p, h, e).
        shift: (p, e).
    """

    frequency: np.ndarray
    phase: np.ndarray
    mix: np.ndarray
    shift: np.ndarray

    def __call__(self, numbers: np.ndarray) -> np.ndarray:
        """(n, p) to (n, p * (1 + e))."""
        waves = np.cos(numbers.T[:, :, None] * self.frequency[:, None, :] + self.phase[:, None, :])  # (p, n, h)
        mixed = np.matmul(waves, self.mix) + self.shift[:, None, :]  # (p, n, e)
        both = np.concatenate([numbers.T[:, :, None], mixed], axis=2)  # (p, n, 1 + e)
        return both.transpose(1, 0, 2).reshape(len(numbers), -1)


@dataclass(frozen=True)
class Layer:
    """x -> ((x * before) . weight) * after + bias, then the activation, as far as `slope` asks for it.

    Args:
        weight: (i, o), or (m, i, o) where each of m members has its own.
        bias: (o,) or (m, o).
        before, after: (m, i) and (m, o) of members that share a weight, or None.
        slope: (o,) how much of the activation is taken, x + slope * (f(x) - x); None: all of it.
    """

    weight: np.ndarray
    bias: np.ndarray
    before: np.ndarray | None = None
    after: np.ndarray | None = None
    slope: np.ndarray | None = None

    def linear(self, x: np.ndarray) -> np.ndarray:
        """(n, i) or (m, n, i) to (n, o) or (m, n, o)."""
        if self.before is not None:
            x = (x if x.ndim == 3 else x[None]) * self.before[:, None, :]
        x = np.matmul(x, self.weight)
        if self.after is not None:
            x = x * self.after[:, None, :]
        return x + (self.bias if self.bias.ndim == 1 else self.bias[:, None, :])


class PlainNet:
    """A network in arrays.

    Args:
        activation: a key of `ACTIVATIONS`.
        layers: the hidden layers, then the head.
        tables: (levels, width) for each category column that is embedded.
        waves: of the first numbers, or None.

    Example:
        >>> head = Layer(np.array([[1.0, -1.0]]), np.zeros(2))
        >>> PlainNet("relu", [head])(np.array([[2.0]]), np.zeros((1, 0), dtype=np.int64)).tolist()
        [[[2.0, -2.0]]]
    """

    def __init__(
        self, activation: str, layers: list[Layer], tables: list[np.ndarray] | None = None, waves: Waves | None = None
    ):
        self.activation, self.layers = activation, layers
        self.tables, self.waves = tables or [], waves

    @property
    def outputs(self) -> int:
        """Scores of a row."""
        return int(self.layers[-1].weight.shape[-1])

    def __call__(self, numbers: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """(m, n, outputs) scores of m members (one, where there are none) for (n, d) numbers and (n, c) levels."""
        parts = [
            self._some(numbers[at : at + ROWS], levels[at : at + ROWS]) for at in range(0, max(len(numbers), 1), ROWS)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def _some(self, numbers: np.ndarray, levels: np.ndarray) -> np.ndarray:
        x = self.inputs(numbers, levels)
        act = ACTIVATIONS[self.activation]
        for layer in self.layers[:-1]:
            z = layer.linear(x)
            x = act(z) if layer.slope is None else z + layer.slope * (act(z) - z)
        scores = self.layers[-1].linear(x)
        return scores if scores.ndim == 3 else scores[None]

    def inputs(self, numbers: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """(n, i) what the first layer reads."""
        blocks = [numbers]
        if self.waves is not None:
            waved = len(self.waves.frequency)
            blocks = [self.waves(numbers[:, :waved]), numbers[:, waved:]]
        blocks += [table[levels[:, j]] for j, table in enumerate(self.tables)]
        return np.concatenate(blocks, axis=1) if len(blocks) > 1 else numbers

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything but the activation's name, as float32 arrays by name."""
        found: dict[str, np.ndarray] = {}
        for number, layer in enumerate(self.layers):
            for name, array in vars(layer).items():
                if array is not None:
                    found[f"layer{number}_{name}"] = array
        if self.waves is not None:
            found |= {f"waves_{name}": array for name, array in vars(self.waves).items()}
        found |= {f"table{number}": table for number, table in enumerate(self.tables)}
        return {name: np.asarray(array, dtype=np.float32) for name, array in found.items()}

    @classmethod
    def restore(cls, activation: str, arrays: Mapping[str, np.ndarray]) -> PlainNet:
        """The network from `arrays`' output.

        Raises:
            UserError: the arrays do not fit together.
        """
        # In one order of memory, so that the trained model and the one that was read give the same last digits.
        given = {name: np.ascontiguousarray(array, dtype=np.float64) for name, array in arrays.items()}
        layers: list[Layer] = []
        while f"layer{len(layers)}_weight" in given:
            start = f"layer{len(layers)}_"
            own = {name.removeprefix(start): array for name, array in given.items() if name.startswith(start)}
            layers.append(Layer(**own))
        tables: list[np.ndarray] = []
        while f"table{len(tables)}" in given:
            tables.append(given[f"table{len(tables)}"])
        parts = {name.removeprefix("waves_"): array for name, array in given.items() if name.startswith("waves_")}
        net = cls(activation, layers, tables, Waves(**parts) if parts else None)
        net.check()
        return net

    def check(self) -> None:
        """Refuses layers that do not fit one another.

        Raises:
            UserError: naming the first that does not.
        """
        for number, layer in enumerate(self.layers):
            fits = layer.weight.shape[-1] == layer.bias.shape[-1]
            if number:
                fits &= layer.weight.shape[-2] == self.layers[number - 1].weight.shape[-1]
            if not fits:
                raise UserError(
                    f"layer {number} of the stored network has weights of shape {layer.weight.shape}, which do not fit",
                    remedy="restore the model's files from where it was trained, or train again",
                )
        if not self.layers:
            raise UserError("the stored network has no layers", remedy="restore the model's files, or train again")
