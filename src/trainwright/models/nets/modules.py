"""What the networks for tables share, and the plainest of them, `Mlp`; the others are in `realmlp` and `tabm`.

Each takes numbers (n, d) and levels (n, c) and gives scores (n, outputs), TabM (n, members, outputs); each becomes
plain arrays when it is trained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trainwright.models.nets.plain import Layer, PlainNet

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "gelu": lambda x: functional.gelu(x, approximate="tanh"),
    "silu": functional.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "selu": functional.selu,
    "mish": functional.mish,
}


def array_of(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().astype(np.float64)


def fill(parameter: Tensor, array: np.ndarray) -> None:
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(array)).to(parameter.dtype))


class Net(nn.Module):
    """What all share: tables of levels, and the inputs of the first layer.

    Args:
        numbers: d.
        tables: (levels, width) of each embedded category.
    """

    members: int | None = None  # rows of scores for each row, where there are several

    def __init__(self, numbers: int, tables: Sequence[tuple[int, int]], *, spread: float):
        super().__init__()
        self.inputs = numbers + sum(width for _, width in tables)  # of the first layer, if nothing is added
        self.tables = nn.ModuleList(nn.Embedding(levels, width) for levels, width in tables)
        for weight in self._weights_of_tables():
            nn.init.normal_(weight, std=spread)

    def embedded(self, levels: Tensor) -> list[Tensor]:
        """For each category (n, width)."""
        return [table(levels[:, j]) for j, table in enumerate(self.tables)]

    def joined(self, numbers: Tensor, levels: Tensor) -> Tensor:
        """(n, inputs) numbers and embedded categories side by side."""
        return torch.cat([numbers, *self.embedded(levels)], dim=1) if len(self.tables) else numbers

    def set_dropout(self, share: float) -> None:
        """The share of units that are switched off from now on."""
        for module in self.modules():
            if isinstance(module, nn.Dropout):
                module.p = share

    def fill_unseen(self, counts: Sequence[np.ndarray]) -> None:
        """Gives a level that no row had the mean of the others, weighted by their rows.

        Args:
            counts: for each table (levels,) rows.
        """
        for table, rows in zip(self._weights_of_tables(), counts):
            if not rows[0] and rows.sum():
                share = torch.from_numpy(rows / rows.sum()).to(table)
                with torch.no_grad():
                    table[0] = share @ table

    def plain(self) -> PlainNet:
        """The network as it answers, in arrays."""
        raise NotImplementedError

    def begin_with(self, net: PlainNet) -> None:
        """Takes up the weights of a finished network of the same shape."""
        raise NotImplementedError

    def look(self, numbers: Tensor, levels: Tensor) -> None:
        """Looks at some training rows before the first step, for whoever wants to begin near them."""

    def rate(self, name: str) -> float:
        """The factor of the learning rate of one parameter."""
        return 1.0

    def _tables(self) -> list[np.ndarray]:
        return [array_of(weight) for weight in self._weights_of_tables()]

    def _begin_tables(self, net: PlainNet) -> None:
        for weight, array in zip(self._weights_of_tables(), net.tables):
            fill(weight, array)

    def _weights_of_tables(self) -> list[Tensor]:
        return [cast(nn.Embedding, table).weight for table in self.tables]


class Mlp(Net):
    """Linear layers with an activation and dropout between them.

    Args:
        numbers, tables: see `Net`.
        layers: units of each hidden layer.
        outputs: classes, or 1.
        activation: a key of `ACTIVATIONS`.
        dropout: share of hidden units switched off while training.
    """

    def __init__(
        self,
        numbers: int,
        tables: Sequence[tuple[int, int]],
        layers: Sequence[int],
        outputs: int,
        *,
        activation: str,
        dropout: float,
    ):
        super().__init__(numbers, tables, spread=0.1)
        sizes = [self.inputs, *layers, outputs]
        self.linear = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.activation, self._act = activation, ACTIVATIONS[activation]
        self.dropout = nn.Dropout(dropout)

    def forward(self, numbers: Tensor, levels: Tensor) -> Tensor:
        """(n, outputs) scores."""
        x = self.joined(numbers, levels)
        *hidden, head = self.linear
        for layer in hidden:
            x = self.dropout(self._act(layer(x)))
        scores: Tensor = head(x)
        return scores

    def plain(self) -> PlainNet:
        """See `Net.plain`."""
        layers = [Layer(array_of(one.weight).T, array_of(one.bias)) for one in self._linears()]
        return PlainNet(self.activation, layers, self._tables())

    def begin_with(self, net: PlainNet) -> None:
        """See `Net.begin_with`."""
        self._begin_tables(net)
        for one, layer in zip(self._linears(), net.layers):
            fill(one.weight, layer.weight.T)
            fill(one.bias, layer.bias)

    def _linears(self) -> list[nn.Linear]:
        return [cast(nn.Linear, one) for one in self.linear]
