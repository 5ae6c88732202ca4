"""`TabM`: many small networks that share their weights (Gorishniy et al. 2025).

Each has factors of its own before and after each layer (BatchEnsemble, Wen et al. 2020) and a head of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainwright.models.nets.modules import Net, array_of, fill
from trainwright.models.nets.plain import Layer, PlainNet


class TabM(Net):
    """Many small networks that share their weights; see the module's first lines.

    Args:
        numbers, tables: see `Net`.
        layers: units of each hidden layer.
        outputs: classes, or 1.
        members: networks that share the weights.
        dropout: share of hidden units switched off while training.
    """

    activation = "relu"

    def __init__(
        self,
        numbers: int,
        tables: Sequence[tuple[int, int]],
        layers: Sequence[int],
        outputs: int,
        *,
        members: int,
        dropout: float,
    ):
        super().__init__(numbers, tables, spread=1.0)
        self.members = members
        sizes = [self.inputs, *layers]
        self.weight = nn.ParameterList(_uniform(a, (a, b)) for a, b in pairwise(sizes))
        self.bias = nn.ParameterList(_uniform(a, (members, b)) for a, b in pairwise(sizes))
        # Members differ by random signs before the first layer alone; the other factors begin at one (section 3.3).
        self.before = nn.ParameterList(
            nn.Parameter((torch.randint(2, (members, a)) * 2 - 1).float() if i == 0 else torch.ones(members, a))
            for i, a in enumerate(sizes[:-1])
        )
        self.after = nn.ParameterList(nn.Parameter(torch.ones(members, b)) for b in sizes[1:])
        self.head = _uniform(sizes[-1], (members, sizes[-1], outputs))
        self.head_bias = _uniform(sizes[-1], (members, outputs))
        self.dropout = nn.Dropout(dropout)

    def forward(self, numbers: Tensor, levels: Tensor) -> Tensor:
        """(n, members, outputs) scores."""
        x = self.joined(numbers, levels).unsqueeze(1)
        for weight, bias, before, after in zip(self.weight, self.bias, self.before, self.after):
            x = self.dropout(functional.relu((x * before) @ weight * after + bias))
        return torch.einsum("nmi,mio->nmo", x, self.head) + self.head_bias

    def plain(self) -> PlainNet:
        """See `Net.plain`."""
        parts = zip(self.weight, self.bias, self.before, self.after)
        layers = [Layer(array_of(w), array_of(b), array_of(before), array_of(after)) for w, b, before, after in parts]
        layers.append(Layer(array_of(self.head), array_of(self.head_bias)))
        return PlainNet(self.activation, layers, self._tables())

    def begin_with(self, net: PlainNet) -> None:
        """See `Net.begin_with`."""
        self._begin_tables(net)
        for number, layer in enumerate(net.layers[:-1]):
            for name in ("weight", "bias", "before", "after"):
                fill(getattr(self, name)[number], getattr(layer, name))
        fill(self.head, net.layers[-1].weight)
        fill(self.head_bias, net.layers[-1].bias)


def _uniform(inputs: int, shape: tuple[int, ...]) -> nn.Parameter:
    """Weights as `nn.Linear` draws them."""
    bound = 1 / math.sqrt(max(inputs, 1))
    return nn.Parameter((2 * torch.rand(shape) - 1) * bound)
